/* A model that is a formula: the logits of the next token follow from the last two, as in
 * tools/golden/make_generation.py. Its decoding remembers what each row has read, and checks how it is used.
 */
#ifndef AP_TESTS_UNIT_GENERATE_MARKOV_H
#define AP_TESTS_UNIT_GENERATE_MARKOV_H

#include "generate/generate.h"

enum { MARKOV_TOKENS = 24 };

float markov_logit(int64_t a, int64_t b, int64_t k);

/* What its decodings did. */
typedef struct markov {
    size_t n_begun, n_alive, n_steps, n_joins, most_rows;
    size_t fails_at;    /* The step that fails; 0: none. */
    int64_t errs_every; /* Of its pairs of tokens, one in so many has the logits of another pair; 0: none. */
    struct markov *assistant;
    ap_cancel *cancel; /* Triggered behind step `cancels_at`; 0: never. */
    size_t cancels_at;
} markov;

/* For ap__generation.begin; `ctx` is a markov. */
ap_status markov_begin(ap__decoding **out, void *ctx, size_t first, size_t n, ap_error *err);

/* The same of its assistant. */
ap_status markov_begin_assistant(ap__decoding **out, void *ctx, size_t first, size_t n, ap_error *err);

/* Values of generate() from JSON over the defaults, with eos 1 and pad 0 where it does not say; `json` stays
 * borrowed. */
void markov_params(ap__generate_opts *out, const ap_value *json);

#endif

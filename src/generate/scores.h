/* The mathematics of one row of scores, in float32 as torch does it. */
#ifndef AP_GENERATE_SCORES_H
#define AP_GENERATE_SCORES_H

#include "generate/random.h"

#include <accelpipe/status.h>
#include <stdbool.h>
#include <stddef.h>

/* Room to work in, for rows of one length; nothing is allocated for a single row. */
typedef struct ap__scratch {
    size_t n;         /* Of the vocabulary. */
    float *probs;     /* [n] */
    size_t *order;    /* [n] */
    uint32_t *keys;   /* [2 * n] */
    uint32_t *places; /* [2 * n] */
    uint32_t *stamps; /* [n] Which tokens were seen in round `stamp`. */
    uint32_t stamp;
} ap__scratch;

/* @return AP_ENOMEM, AP_ELIMIT for a vocabulary of more than 2^31 tokens */
ap_status ap__scratch_create(ap__scratch *out, size_t n, ap_error *err);
void ap__scratch_clear(ap__scratch *scratch);

/* Begins a round in which no token was seen. */
void ap__scratch_begin_round(ap__scratch *scratch);

/* Whether this is the first time in the round. */
static inline bool ap__scratch_see(ap__scratch *scratch, size_t token) {
    bool is_new = scratch->stamps[token] != scratch->stamp;
    scratch->stamps[token] = scratch->stamp;
    return is_new;
}

/* x - max - log(sum(exp(x - max))), in place. */
void ap__log_softmax(float *x, size_t n);

/* exp(x - max) / sum, to `probs`. */
void ap__softmax_to(float *probs, const float *x, size_t n);

/* The places of `n` numbers from the smallest to the largest, equal ones in their order. Places are those in
 * `x` of the ones that `scratch->places` names on entry.
 * @return [n] in the scratch, until the next call */
const uint32_t *ap__sort_ascending(ap__scratch *scratch, const float *x, size_t n);

/* Draws by the probabilities that softmax gives: the first token, in the order of ids, at which the sum of
 * probabilities is above a random number.
 * @return AP_EINVAL no token has a probability above 0, or one has none that is a number */
ap_status ap__draw(size_t *out, const float *x, ap__scratch *scratch, ap__random *random, ap_error *err);

#endif

/* What chooses the tokens of one input, step by step: it is given the logits behind its rows and says which
 * rows go on, and with which tokens. */
#ifndef AP_GENERATE_SEARCH_H
#define AP_GENERATE_SEARCH_H

#include "generate/tokens.h"

typedef struct ap__search ap__search;

/* A token that was chosen. */
typedef struct ap__token_news {
    size_t input, sequence;
    int64_t id;
    bool is_last;
} ap__token_news;

/* Called with every new token of a sequence. */
typedef struct ap__token_sink {
    ap_status (*take)(void *ctx, const ap__token_news *news, ap_error *err);
    void *ctx;
} ap__token_sink;

/* What changes the scores of several rows together, in front of the rules. */
typedef struct ap__guide {
    /* @param scores [n_rows, vocab_size]   @param last [n_rows] The rows' last tokens. */
    ap_status (*apply)(void *ctx, float *scores, size_t n_rows, const int64_t *last, ap_error *err);
    void *ctx;
} ap__guide;

typedef struct ap__search_ops {
    /* Takes the logits of one step, which it may write into.
     * @param logits [n, vocab_size], n being 1 for the first step and n_rows behind it. */
    ap_status (*advance)(ap__search *self, float *logits, ap__scratch *scratch, ap_error *err);
    /* The sequences that were found, padded to one length, the prompt in front.
     * @param[out] out [n_sequences] tokens that are the search's until it is destroyed. */
    ap_status (*finish)(ap__search *self, ap__tokens **out, ap_error *err);
    void (*destroy)(ap__search *self);
} ap__search_ops;

struct ap__search {
    const ap__search_ops *ops;
    const ap__rules *rules;     /* Borrowed. */
    size_t input;               /* Its index, for the sink and for drawing. */
    const ap__token_sink *sink; /* NULL: nobody looks. Of beams nothing is certain before the end. */
    const ap__guide *guide;     /* Or NULL. */
    size_t n_rows;              /* That go on; 0: the search is done. */
    uint32_t *parents;          /* [n_rows] The row, of those before the step, that each continues. */
    int64_t *next;              /* [n_rows] The token that it reads; at first, the prompt's last one. */
    bool has_begun;
};

/* What is common to all kinds. */
typedef struct ap__search_maker {
    const ap__rules *rules;
    ap__ids prompt; /* Copied. */
    size_t input;
    const ap__token_sink *sink;
    const ap__guide *guide;
} ap__search_maker;

/* The kind that the rules ask for. */
ap_status ap__search_create(ap__search **out, const ap__search_maker *maker, ap_error *err);
void ap__search_destroy(ap__search *search); /* NULL is fine. */

/* For the kinds: guides rows, of which `first` is the first among all.
 * @param scores of that row, and those behind it. */
ap_status ap__search_guide(const ap__search *search, float *scores, size_t first, size_t n_rows,
                           ap_error *err);

/* For the kinds: fills the common members, with room for `n_rows`. */
ap_status ap__search_init(ap__search *search, const ap__search_ops *ops, const ap__search_maker *maker,
                          size_t n_rows, ap_error *err);

ap_status ap__search_create_sample(ap__search **out, const ap__search_maker *maker, ap_error *err);
ap_status ap__search_create_beams(ap__search **out, const ap__search_maker *maker, ap_error *err);
ap_status ap__search_create_groups(ap__search **out, const ap__search_maker *maker, ap_error *err);

/* Chooses a token from processed scores: the most likely, or one that is drawn. */
ap_status ap__search_choose(int64_t *out, const ap__rules *rules, const float *scores, ap__scratch *scratch,
                            ap__random *random, ap_error *err);

#endif

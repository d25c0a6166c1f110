/* Models that generate: fed tokens, they give the logits of what comes next, and keep what they have read.
 *
 * A decoding is one batch on its way through such a model. Every row reads the same number of tokens in a
 * step; a shorter row is filled up with masked ones, on any side. What the model keeps of them (keys and
 * values) stays in the backend from step to step: it is never copied to the host, also where rows are
 * reordered. */
#ifndef AP_MODEL_DECODER_H
#define AP_MODEL_DECODER_H

#include "value/value.h"

#include <accelpipe/pipeline.h>

typedef struct ap__decoding ap__decoding;

/* What a step reads. Borrowed for the call. */
typedef struct ap__step {
    const int64_t *tokens; /* [n_rows, n_tokens] */
    const uint8_t *mask;   /* [n_rows, n_tokens] 0: not a token of the row; NULL: all are. */
    size_t n_tokens;       /* At least 1. */
    size_t n_logits;       /* Of how many of the last tokens the logits are wanted; at least 1. */
    ap_cancel *cancel;     /* Or NULL. */
} ap__step;

/* How a kind of model does it; tests have a kind of their own. */
typedef struct ap__decoding_ops {
    /* Reads tokens.
     * @param[out] logits [n_rows, n_logits, vocab_size], in host memory, the decoding's until the next call;
     * the caller may write into it. On failure the decoding can only be ended. */
    ap_status (*step)(ap__decoding *self, const ap__step *step, float **logits, ap_error *err);
    /* Row i becomes what row `rows[i]` was; rows may vanish or be there several times (beams, finished rows).
     */
    ap_status (*select)(ap__decoding *self, const uint32_t *rows, size_t n_rows, ap_error *err);
    /* Forgets all but the first `n_tokens` tokens of every row (guesses that were wrong). */
    ap_status (*crop)(ap__decoding *self, size_t n_tokens, ap_error *err);
    /* Appends the rows of another decoding of the same model; `other` is taken, also on failure. */
    ap_status (*join)(ap__decoding *self, ap__decoding *other, ap_error *err);
    void (*end)(ap__decoding *self);
} ap__decoding_ops;

struct ap__decoding {
    const ap__decoding_ops *ops;
    size_t n_rows;
    size_t n_tokens; /* That every row has read, masked ones included. */
    size_t vocab_size;
};

#endif

/* Models that generate: fed tokens, they give the logits of what comes next, and keep what they have read.
 *
 * A decoding is one batch on its way through such a model. Every row reads the same number of tokens in a
 * step; a shorter row is filled up with masked ones, on any side. What the model keeps of them (keys and
 * values) stays in the backend from step to step: it is never copied to the host, also where rows are
 * reordered. */
#ifndef AP_MODEL_DECODER_H
#define AP_MODEL_DECODER_H

#include "backend/backend.h"
#include "model/config.h"
#include "model/files.h"
#include "value/value.h"

#include <accelpipe/pipeline.h>

/* -- the model ----------------------------------------------------------------------------------------- */

/* A model that generates: its sessions, and what their inputs and outputs are for.
 * Threading: immutable once it is open; any number of decodings at once, on any threads. */
typedef struct ap__decoder ap__decoder;

/* Opens what a folder has of the kind that `file` asks for: a causal model, or encoder and decoder.
 * @param config borrowed for the call.   @param session paths and dtypes are filled in here.
 * @return as ap__model_file_choose() and ap__session_open(); AP_EUNSUPPORTED an input that is not known. */
ap_status ap__decoder_open(ap__decoder **out, const char *folder, const ap__config *config,
                           const ap__backend *backend, const ap__file_request *file,
                           const ap__session_options *session, ap_error *err);
void ap__decoder_close(ap__decoder *decoder); /* NULL is fine. */

/* The session that reads the first tokens. */
ap__session *ap__decoder_get_session(const ap__decoder *decoder);

bool ap__decoder_has_encoder(const ap__decoder *decoder);

/* Whether rows of different lengths may share a decoding, filled up with masked tokens. */
bool ap__decoder_takes_mask(const ap__decoder *decoder);

/* -- a batch on its way -------------------------------------------------------------------------------- */

typedef struct ap__decoding ap__decoding;

/* Begins a decoding that has read nothing.
 * @param inputs of the encoder, a dict of tensors with `n_rows` rows each, which is run here (an
 * attention_mask says what of them the decoder sees); NULL when the model has none.   @param cancel may be
 * NULL. */
ap_status ap__decoding_begin(ap__decoding **out, const ap__decoder *decoder, size_t n_rows,
                             const ap_value *inputs, ap_cancel *cancel, ap_error *err);

/* What a mask says of a token. */
enum {
    AP__MASK_OUT = 0,    /* It is none of the row. */
    AP__MASK_IN = 1,     /* It is one. */
    AP__MASK_HIDDEN = 2, /* No other token sees it; positions count it all the same. */
};

/* What a step reads. Borrowed for the call. */
typedef struct ap__step {
    const int64_t *tokens; /* [n_rows, n_tokens] */
    const uint8_t *mask;   /* [n_rows, n_tokens] AP__MASK_...; NULL: all are in. */
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
     * What no row that is left has a token in is given up: n_tokens may become smaller. */
    ap_status (*select)(ap__decoding *self, const uint32_t *rows, size_t n_rows, ap_error *err);
    /* Forgets all but the first `n_tokens` tokens of every row (guesses that were wrong). */
    ap_status (*crop)(ap__decoding *self, size_t n_tokens, ap_error *err);
    /* Appends the rows of another decoding of the same model; `other` is taken, also on failure. The shorter
     * rows are filled up with masked tokens on the left: n_tokens becomes that of the longer.
     * @return AP_EUNSUPPORTED they differ in length and the model takes no mask */
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

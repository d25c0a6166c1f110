/* What decoding.c, which keeps a batch and its rows, and decoding_run.c, which runs it, share. */
#ifndef AP_MODEL_DECODING_IMPL_H
#define AP_MODEL_DECODING_IMPL_H

#include "model/decoder_impl.h"

typedef struct ap__model_decoding {
    ap__decoding base;
    const ap__decoder *decoder;
    ap__token_rows rows;
    size_t n_kept;        /* Tokens that the cache has of every row; the others are read by the next run. */
    ap_state *state;      /* Of a stateful model; NULL: a new one is needed. */
    int64_t *origins;     /* [n_rows] What the rows of the state are that the rows here go on from. */
    ap__tensor **caches;  /* [decoder->caches.spec.n] */
    ap__tensor **crosses; /* [decoder->crosses.spec.n] Hold what they should once a token was read. */
    ap__tensor *states;   /* The encoder's output; NULL: there is none. */
    ap__tensor *encoder_mask; /* int64 [n_rows, n] */
    uint32_t *sources;        /* [n_rows] Equal where rows have the same encoder's output. */
    ap__feed *feeds;          /* Room for those of a run. */
    ap__tensor *logits;       /* Of the last run, where these are what the caller got. */
    float *buffer;            /* Else they were copied to here. */
    size_t buffer_len;
} ap__model_decoding;

/* What a run reads: the last `n` tokens of the rows. */
typedef struct ap__run_part {
    const ap__decoder_graph *graph;
    size_t n_tokens, n_logits;
    bool uses_cache; /* Something was read before. */
    ap_cancel *cancel;
} ap__run_part;

/* Runs a part. The outputs take their places; on failure everything is as before but for the logits. */
ap_status ap__decoding_run(ap__model_decoding *d, const ap__run_part *part, ap_error *err);

/* The last positions of each row, as float32, the decoding's until its next run. */
ap_status ap__decoding_read_logits(float **out, ap__model_decoding *d, const ap__run_part *part,
                                   ap_error *err);

#endif

/* What decoder.c, which opens models, and decoding.c, which runs them, share. */
#ifndef AP_MODEL_DECODER_IMPL_H
#define AP_MODEL_DECODER_IMPL_H

#include "model/company.h"
#include "model/decoder.h"
#include "model/decoder_graph.h"
#include "model/merged.h"
#include "model/token_rows.h"

struct ap__decoder {
    ap__file_set files;
    ap__branches branches;   /* Of a merged decoder that was opened in parts. */
    ap__session *encoder;    /* NULL: there is none. */
    ap__decoder_graph first; /* Reads the first tokens, and without a cache all of them every time. */
    ap__decoder_graph next;  /* Reads what comes behind them; without a session: `first` does. */
    bool has_cache;          /* Tensors of it go from run to run. */
    bool is_stateful;        /* It stays in the session. */
    bool takes_mask;
    size_t vocab_size; /* 0: it shows in the first run. */
    ap__kept_set caches, crosses;
    ap__kept_set states;         /* The encoder's output, one tensor. */
    ap__session_options options; /* Those of the sessions of the sets; what it points to is owned. */
    ap_key_value *option_pairs;
    ap__company *company; /* NULL: decodings of several threads have no use of each other. */
};

/* A decoding with those rows of another, which stays as it is. Both go on by themselves. */
ap_status ap__decoding_fork(ap__decoding **out, const ap__decoding *from, const uint32_t *rows, size_t n_rows,
                            ap_error *err);

/* The encoder's output that the decoder reads. */
const char *ap__decoder_states_name(const ap__decoder *decoder);

/* Both are const by contract; the sets open their sessions when they are needed first. */
static inline ap__kept_set *ap__decoder_set(const ap__kept_set *set) {
    return (ap__kept_set *)(uintptr_t)set;
}

#endif

/* A decoder's graph: what its inputs and outputs are for. Source of the names: optimum-onnx@v0.0.3
 * exporters/onnx/model_configs.py and base.py (OnnxSeq2SeqConfigWithPast), optimum-intel@v2.2.0. */
#ifndef AP_MODEL_DECODER_GRAPH_H
#define AP_MODEL_DECODER_GRAPH_H

#include "backend/backend.h"
#include "model/config.h"
#include "model/kept.h"

typedef enum ap__role {
    AP__ROLE_NONE, /* An output that nobody reads. */
    AP__ROLE_INPUT_IDS,
    AP__ROLE_ATTENTION_MASK,
    AP__ROLE_POSITION_IDS,
    AP__ROLE_CACHE_POSITION, /* Places of the tokens in the cache, the same for all rows. */
    AP__ROLE_USE_CACHE,      /* Which branch of a merged graph is run. */
    AP__ROLE_BEAM_IDX,       /* What the rows of the state were before. */
    AP__ROLE_N_LOGITS,       /* Of how many of the last tokens the logits are wanted. */
    AP__ROLE_ENCODER_STATES,
    AP__ROLE_ENCODER_MASK,
    AP__ROLE_LOGITS,
    AP__ROLE_CACHE, /* Keys and values of the tokens that were read: past as an input, present as an output.
                     */
    AP__ROLE_CROSS  /* Those of the encoder's output. */
} ap__role;

typedef struct ap__port {
    const char *name; /* Borrowed from the session. */
    ap__role role;
    ap_dtype dtype;
    uint32_t rank;
    uint32_t slot; /* Which one, of AP__ROLE_CACHE and AP__ROLE_CROSS. */
} ap__port;

typedef struct ap__decoder_graph {
    ap__session *session; /* NULL: there is no such graph. */
    ap__port *inputs, *outputs;
    uint32_t n_inputs, n_outputs;
    uint32_t n_caches, n_crosses; /* Inputs of these roles. */
    uint32_t roles;               /* Bits: those that inputs have. */
    const ap_io *logits;
    const char *file; /* For messages; borrowed from the model. */
} ap__decoder_graph;

/* Reads what the session says of itself; the session is taken, also on failure.
 * @return AP_EUNSUPPORTED an input that is not known, or of a type that is not; AP_EFORMAT no logits */
ap_status ap__decoder_graph_read(ap__decoder_graph *out, ap__session *session, const char *file,
                                 ap_error *err);
void ap__decoder_graph_clear(ap__decoder_graph *graph); /* Closes the session; all zero is fine. */

bool ap__decoder_graph_has(const ap__decoder_graph *graph, ap__role role);

/* Gives the cache outputs of `graph` the slots of the inputs of `with_past` that they are for (which may be
 * the same graph; NULL: no graph takes a cache).   @return AP_EFORMAT one is missing */
ap_status ap__decoder_graph_match(ap__decoder_graph *graph, const ap__decoder_graph *with_past,
                                  ap_error *err);

/* The tensors of a role (AP__ROLE_CACHE or AP__ROLE_CROSS) as the graph's inputs have them; where these do
 * not say how many heads there are and how large, the configuration does.
 * @return AP_EUNSUPPORTED a layout that is not known */
ap_status ap__decoder_graph_kept(ap__kept_set *out, const ap__decoder_graph *graph, ap__role role,
                                 const ap__config *config, ap_error *err);

#endif

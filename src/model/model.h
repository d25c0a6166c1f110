/* A loaded model: its configuration and its sessions.
 *
 * Threading: immutable after ap__model_open(); runs on many threads at once. */
#ifndef AP_MODEL_MODEL_H
#define AP_MODEL_MODEL_H

#include "backend/backend.h"
#include "model/config.h"
#include "model/decoder.h"
#include "model/files.h"

typedef struct ap__model ap__model;

/* How inputs of different lengths may share a batch without changing each other's results. */
typedef enum ap__batching {
    AP__BATCHING_PADDED = 1, /* Padded positions are masked. */
    AP__BATCHING_EQUAL = 2,  /* Only inputs of one length: there is no mask. */
    AP__BATCHING_SINGLE = 3, /* None: activations are quantized over the whole batch, or the graph has a fixed
                              * batch size of 1. */
    AP__BATCHING_ASKED = 4 /* Padded positions are masked, and change the results nevertheless: padded where a
                            * batch size was asked for, as in transformers, and of one length otherwise. */
} ap__batching;

/* Opens the model of a folder; `config` is taken, also on failure.
 * @param session its path and dtype are filled in here. */
ap_status ap__model_open(ap__model **out, const char *folder, ap__config *config, const ap__backend *backend,
                         const ap__file_request *file, const ap__session_options *session, ap_error *err);
void ap__model_close(ap__model *model); /* NULL is fine. */

const ap__config *ap__model_get_config(const ap__model *model);
/* Of a model that generates: the decoder's. */
ap__session *ap__model_get_session(const ap__model *model);
/* NULL of a single graph. */
const ap__decoder *ap__model_get_decoder(const ap__model *model);
const char *ap__model_get_file(const ap__model *model);
ap_dtype ap__model_get_dtype(const ap__model *model);

/* Looks at the model's file when it is asked for the first time. */
ap__batching ap__model_get_batching(ap__model *model);

/* Whether it gives the same for a row whatever others run with it, and takes any number of them. */
bool ap__model_takes_any_rows(ap__model *model);

/* One run of a single-graph model on a dict of tensors that holds every input of the graph.
 * @param outputs names of the wanted outputs as in ap_task; NULL: all.
 * @param[out] out owned: a dict of tensors.   @return as ap__session_run(). */
ap_status ap__model_run(ap_value **out, const ap__model *model, const ap_value *inputs, const char *outputs,
                        ap_cancel *cancel, ap_error *err);

#endif

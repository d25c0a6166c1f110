/* The start-up cache: a model as the runtime has optimised it, with its weights as the kernels want them, in
 * a form that is mapped rather than read. What the library promises of the folder is in sys/backend_plugin.h.
 */
#ifndef ORT_CACHE_H
#define ORT_CACHE_H

#include "onnx.h"
#include "ort.h"

/* A folder that is being written. */
typedef struct ort_cache_writer ort_cache_writer;

/* Opens the model from its cache folder. A folder that is of no use is removed.
 * @return NULL when there is none, or when it cannot be used. */
OrtSession *ort_cache_open(const ap_model_ref *model);

/* Starts a folder, and sets `options` so that the session made with them writes into it.
 * @return NULL when the model is not for the cache, or the folder cannot be made: it is then opened without.
 */
ort_cache_writer *ort_cache_begin(const ap_model_ref *model, const ort_onnx *onnx, uint64_t model_bytes,
                                  OrtSessionOptions *options);

/* Gives the folder its name, so that others see it; with `is_written` false, removes it. Takes the writer;
 * NULL is fine. */
void ort_cache_end(ort_cache_writer *writer, int is_written);

#endif

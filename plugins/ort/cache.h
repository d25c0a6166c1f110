/* The start-up cache: a model as the runtime has optimised it, with its weights as the kernels want them, in
 * a form that is mapped rather than read. What the library promises of the folder is in sys/backend_plugin.h.
 */
#ifndef ORT_CACHE_H
#define ORT_CACHE_H

#include "common/cache_folder.h"
#include "ort.h"

/* Opens the model from its cache folder. A folder that is of no use is removed.
 * @return NULL when there is none, or when it cannot be used. */
OrtSession *ort_cache_open(const ap_model_ref *model);

/* Starts a folder, and sets `options` so that the session made with them writes into it.
 * @return NULL when the model is not for the cache, or the folder cannot be made: it is then opened without;
 * otherwise to be ended with cache_writer_end(). */
cache_writer *ort_cache_begin(const ap_model_ref *model, const onnx_info *onnx, uint64_t model_bytes,
                              OrtSessionOptions *options);

#endif

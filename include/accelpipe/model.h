/**
 * @file
 * Looking into a model folder without running it.
 *
 * Threading: may be called from any thread at any time.
 */
#ifndef ACCELPIPE_MODEL_H
#define ACCELPIPE_MODEL_H

#include <accelpipe/status.h>
#include <accelpipe/value.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a model folder holds and what would be used: {"model", "model_type", "architectures", "task",
 * "labels", "file", "files", "tokenizer", "inputs", "outputs", ...}; the last two only where a backend
 * could open it.
 * @param accelerator as in ap_pipeline_options; NULL: the first available, none is no error.
 * @return AP_ENOTFOUND, AP_EFORMAT as in ap_pipeline_create(). Since 0.1. */
AP_API ap_status ap_model_inspect(ap_value **out, const char *model, const char *accelerator, ap_error *err);

#ifdef __cplusplus
}
#endif
#endif

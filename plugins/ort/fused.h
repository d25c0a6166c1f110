/* A model with fewer, larger operators: a copy of its graph, whose weights stay in the file. */
#ifndef ORT_FUSED_H
#define ORT_FUSED_H

#include "common/onnx.h"

#include <accelpipe/sys/backend_plugin.h>

typedef struct fused_model {
    const ap_host *host;
    ap_model_ref ref;  /* The model to open in the place of the other; path is NULL. */
    char *bytes;       /* NULL: nothing was fused. */
    char folder[4096]; /* Of the weights. */
    size_t n_fused;
} fused_model;

/* @param bytes of the model's file.   @return false: nothing was fused, and nothing is to be cleared */
bool fused_model_init(fused_model *out, const ap_host *host, const ap_model_ref *model, const onnx_info *onnx,
                      onnx_text bytes);
void fused_model_clear(fused_model *fused);

#endif

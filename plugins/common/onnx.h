/* A look at an ONNX file without loading it: what has to be known before the runtime opens it. */
#ifndef COMMON_ONNX_H
#define COMMON_ONNX_H

#include "wire/onnx.h"

/* More external files than this are not listed, and is_truncated is set. */
#define ONNX_MAX_EXTERNAL 64

typedef struct onnx_info onnx_info;

struct onnx_info {
    bool is_onnx;        /* The bytes have the shape of a model; the fields below count only then. */
    bool has_dequantize; /* DequantizeLinear of whole tensors, rows or columns. */
    bool has_blockwise;  /* DequantizeLinear of blocks (opset 21). */
    bool has_quantize;   /* Activations are quantized too. */
    bool has_past;       /* It generates: inputs are called past_key_values. */
    bool is_truncated;   /* The list of external files is not whole. */
    size_t n_external;   /* Files with the elements of initializers, by their names in the model. */
    onnx_text external[ONNX_MAX_EXTERNAL];
};

/* Walks over nodes and initializers, skipping the elements: of a mapped file, few pages are touched. */
void onnx_info_scan(onnx_info *out, const void *bytes, size_t n_bytes);

/* Calls `visit` for the names of the graph's inputs, or of its outputs, in their order, until it returns
 * false. Inputs with an initializer of their name (old models list all of their weights) are none. */
typedef bool (*onnx_name_fn)(void *ctx, onnx_text name);
void onnx_input_names(const void *bytes, size_t n_bytes, onnx_name_fn visit, void *ctx);
void onnx_output_names(const void *bytes, size_t n_bytes, onnx_name_fn visit, void *ctx);

/* Whether all that is quantized are weights, in whole tensors, rows or columns: arithmetic is in float. They
 * are best made float once, at load. */
static inline bool onnx_info_folds_weights(const onnx_info *onnx) {
    return onnx->is_onnx && onnx->has_dequantize && !onnx->has_quantize && !onnx->has_blockwise;
}

#endif

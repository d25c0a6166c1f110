/* Tiny ONNX graphs, made in memory, that do something with many tensors at once where these are. */
#ifndef AP_MODEL_KEPT_GRAPH_H
#define AP_MODEL_KEPT_GRAPH_H

#include "base/buf.h"

#include <accelpipe/tensor.h>

/* What a graph does with each of its tensors x0, x1, ..., whose results are y0, y1, ... */
typedef enum ap__kept_op {
    AP__KEPT_GATHER, /* Rows: y = x[index]. `index` is int64 [n]. */
    AP__KEPT_SLICE,  /* Along the axis: y = x[:, start:end]. `start` and `end` are int64 [1]. */
    AP__KEPT_JOIN /* y = the rows of x, then those of z, with zeros put around them: `pads_x` and `pads_z` are
                   * int64 [2 * rank], as ONNX's Pad takes them. */
} ap__kept_op;

enum { AP__N_KEPT_OPS = AP__KEPT_JOIN + 1 };

/* The tensors that a graph is for: all of one type and rank, and rows on axis 0. */
typedef struct ap__kept_spec {
    size_t n;
    ap_dtype dtype;
    uint32_t rank;
    uint32_t axis;                         /* Of the tokens. */
    int64_t (*shapes)[AP_TENSOR_MAX_RANK]; /* [n] -1: any. */
} ap__kept_spec;

/* Appends the bytes of an ONNX model.   @return AP_ENOMEM, AP_EUNSUPPORTED a dtype that ONNX has not */
ap_status ap__kept_graph_write(ap__buf *out, ap__kept_op op, const ap__kept_spec *spec, ap_error *err);

#endif

/* Numbers that a graph's operators compute from nothing but constants and the last extent of a tensor. */
#ifndef ORT_CONSTANTS_H
#define ORT_CONSTANTS_H

#include "graph.h"

/* A tensor whose last extent is known. */
typedef struct constant_extent {
    uint32_t value; /* GRAPH_NONE: there is none. */
    int64_t last;
} constant_extent;

/* The one number of a value, computed as the runtime would: integers, and floats in float32. */
bool constant_number(double *out, const graph *g, uint32_t value, constant_extent known);

/* The same, of an integer; `otherwise` when it is none. */
int64_t constant_int(const graph *g, uint32_t value, constant_extent known, int64_t otherwise);

/* The initializer behind a value, also through Identity; ptr is NULL: there is none. */
onnx_text constant_tensor(const graph *g, uint32_t value);

#endif

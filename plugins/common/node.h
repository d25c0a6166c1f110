/* A node of an ONNX graph, and its attributes. */
#ifndef COMMON_NODE_H
#define COMMON_NODE_H

#include "onnx_wire.h"

/* Inputs and outputs beyond these are not looked at. */
enum { ONNX_NODE_MAX_IOS = 16 };

typedef struct onnx_node {
    onnx_text bytes; /* The message; all texts are borrowed from it. */
    onnx_text op;
    onnx_text inputs[ONNX_NODE_MAX_IOS], outputs[ONNX_NODE_MAX_IOS];
    uint32_t n_inputs, n_outputs; /* As the node has, also above the limit. */
    bool is_standard;             /* Of ONNX's own domain. */
} onnx_node;

void onnx_node_read(onnx_node *out, onnx_text bytes);

#endif

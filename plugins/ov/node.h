/* A node of an ONNX graph, and its attributes. */
#ifndef OV_NODE_H
#define OV_NODE_H

#include "common/onnx_wire.h"

/* Inputs and outputs beyond these are not looked at. */
enum { OVP_NODE_MAX_IOS = 16 };

typedef struct ovp_node {
    onnx_text bytes; /* The message; all texts are borrowed from it. */
    onnx_text op;
    onnx_text inputs[OVP_NODE_MAX_IOS], outputs[OVP_NODE_MAX_IOS];
    uint32_t n_inputs, n_outputs; /* As the node has, also above the limit. */
    bool is_standard;             /* Of ONNX's own domain. */
} ovp_node;

void ovp_node_read(ovp_node *out, onnx_text bytes);

#endif

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

bool ovp_text_is(onnx_text text, const char *wanted);
bool ovp_text_equals(onnx_text a, onnx_text b);

/* The first field of that number with bytes; none: ptr is NULL. */
onnx_text ovp_find_field(onnx_text message, uint32_t number);

void ovp_node_read(ovp_node *out, onnx_text bytes);

/* The field `number` of the attribute of that name; none: ptr is NULL. */
onnx_text ovp_node_attribute(const ovp_node *node, const char *name, uint32_t number);
int64_t ovp_node_int(const ovp_node *node, const char *name, int64_t otherwise);

/* A list of at most `max` integers.   @return how many; -1: there is no such attribute, or it is longer. */
int ovp_node_ints(int64_t *out, int max, const ovp_node *node, const char *name);

/* A repeated integer field, packed or not.   @return how many; -1: they are more. */
int ovp_read_ints(int64_t *out, int max, onnx_text message, uint32_t number);

#endif

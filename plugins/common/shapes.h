/* Shapes of the values of an ONNX graph, and the elements of those that are computed from shapes, as far as
 * they follow from the graph alone, whatever the inputs are. */
#ifndef COMMON_SHAPES_H
#define COMMON_SHAPES_H

#include "node.h"
#include "nums.h"

enum { ONNX_SHAPE_MAX_RANK = 8, ONNX_SHAPE_MAX_ELEMENTS = 16 };

typedef struct onnx_value {
    bool has_shape;
    bool has_elements; /* Integers or booleans, of rank 0 or 1; the shape is known then. */
    uint32_t rank, n_elements;
    onnx_num dims[ONNX_SHAPE_MAX_RANK];
    onnx_num elements[ONNX_SHAPE_MAX_ELEMENTS];
} onnx_value;

/* A tensor of the model: an initializer, or the value of a Constant. */
void onnx_value_of_tensor(onnx_value *out, onnx_nums *nums, onnx_text tensor);

/* An input of the graph, by what it says of its type (ValueInfoProto). Its extents are each unlike all
 * others: what names the file gives them, nobody checks in a run. */
void onnx_value_of_input(onnx_value *out, onnx_nums *nums, onnx_text info);

/* The values of a node's outputs from those of its inputs; unknown ones are zeros, NULL is no input. */
void onnx_shapes_of_node(onnx_value *outputs, uint32_t n_outputs, const onnx_node *node,
                         const onnx_value *const *inputs, onnx_nums *nums);

#endif

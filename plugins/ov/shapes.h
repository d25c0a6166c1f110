/* Shapes of the values of an ONNX graph, and the elements of those that are computed from shapes, as far as
 * they follow from the graph alone, whatever the inputs are. */
#ifndef OV_SHAPES_H
#define OV_SHAPES_H

#include "node.h"
#include "nums.h"

enum { OVP_SHAPE_MAX_RANK = 8, OVP_SHAPE_MAX_ELEMENTS = 16 };

typedef struct ovp_value {
    bool has_shape;
    bool has_elements; /* Integers or booleans, of rank 0 or 1; the shape is known then. */
    uint32_t rank, n_elements;
    ovp_num dims[OVP_SHAPE_MAX_RANK];
    ovp_num elements[OVP_SHAPE_MAX_ELEMENTS];
} ovp_value;

/* A tensor of the model: an initializer, or the value of a Constant. */
void ovp_value_of_tensor(ovp_value *out, ovp_nums *nums, onnx_text tensor);

/* An input of the graph, by what it says of its type (ValueInfoProto). Its extents are each unlike all
 * others: what names the file gives them, nobody checks in a run. */
void ovp_value_of_input(ovp_value *out, ovp_nums *nums, onnx_text info);

/* The values of a node's outputs from those of its inputs; unknown ones are zeros, NULL is no input. */
void ovp_shapes_of_node(ovp_value *outputs, uint32_t n_outputs, const ovp_node *node,
                        const ovp_value *const *inputs, ovp_nums *nums);

#endif

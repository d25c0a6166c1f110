/* An ONNX graph as nodes and values, to be looked at from its outputs up, and changed. Everything is borrowed
 * from the model's bytes but for the nodes that are added. */
#ifndef ORT_GRAPH_H
#define ORT_GRAPH_H

#include "common/names.h"

/* No value, or no node. */
#define GRAPH_NONE UINT32_MAX

typedef struct graph_node {
    onnx_text bytes; /* The message. */
    onnx_text op;
    uint32_t first_io; /* In `ios`: inputs, then outputs; GRAPH_NONE where one is left out. */
    uint32_t n_inputs, n_outputs;
    bool is_standard; /* Of ONNX's own domain. */
    bool is_added;
} graph_node;

typedef struct graph_value {
    uint32_t producer; /* Node that gives it; GRAPH_NONE: an input or an initializer. */
    onnx_text tensor;  /* Of an initializer; else ptr is NULL. */
    onnx_text info;    /* Of an input of the graph: what is said of it. */
    bool is_added;     /* The name is its own. */
} graph_value;

typedef struct graph {
    const ap_host *host;
    onnx_text model;
    int64_t opset; /* Of ONNX's own domain. */
    graph_node *nodes;
    onnx_names names; /* A name's number is that of its value. */
    graph_value *values;
    uint32_t *ios, *outputs;
    size_t n_nodes, n_values, n_ios, n_outputs;
    size_t nodes_capacity, values_capacity, ios_capacity, outputs_capacity;
    bool is_odd; /* Out of memory, or something that is not followed here: graphs in graphs, functions. */
} graph;

/* @return false: nothing is known of it. To be cleared in any case. */
bool graph_read(graph *out, const ap_host *host, onnx_text model);
void graph_clear(graph *g);

/* The value of a name, made when there is none; GRAPH_NONE: none can be. */
uint32_t graph_value_of(graph *g, onnx_text name);

/* A value that belongs to `other`, the same for the same arguments; the graph is odd when its name is taken.
 */
uint32_t graph_value_new(graph *g, const char *prefix, uint32_t other);

/* The node that gives a value, when it is this operator of ONNX; else NULL. */
const graph_node *graph_producer(const graph *g, uint32_t value, const char *op);

uint32_t graph_input(const graph *g, const graph_node *node, uint32_t i);
uint32_t graph_output(const graph *g, const graph_node *node, uint32_t i);

/* An attribute of a node that is added. */
typedef struct graph_attribute {
    const char *name; /* NULL: none. */
    int64_t integer;
    const int64_t *ints; /* [n] NULL: it is a single number. */
    uint32_t n;
    float number;
    bool is_float;
} graph_attribute;

enum { GRAPH_MAX_NEW_IOS = 8, GRAPH_MAX_NEW_ATTRIBUTES = 4 };

typedef struct graph_new_node {
    const char *op;
    uint32_t inputs[GRAPH_MAX_NEW_IOS], outputs[GRAPH_MAX_NEW_IOS]; /* An input may be GRAPH_NONE. */
    uint32_t n_inputs, n_outputs;
    graph_attribute attributes[GRAPH_MAX_NEW_ATTRIBUTES];
} graph_new_node;

/* Adds a node; its outputs are from now on what it gives. */
void graph_add(graph *g, const graph_new_node *node);

/* Nodes that the outputs need, each behind those that it needs itself.
 * @param out has room for all nodes.   @return false: there is a circle, or memory ended */
bool graph_order(uint32_t *out, size_t *n_out, const graph *g);

#endif

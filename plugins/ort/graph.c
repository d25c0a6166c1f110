/* Reading a graph into nodes and values, and changing it. */
#include "graph.h"

#include "common/onnx_wire.h"
#include "common/onnx_writer.h"

#include <stdio.h>
#include <string.h>

enum { GRAPH_MAX_ITEMS = 1 << 20 }; /* Nodes, values, and inputs and outputs of nodes. */

/* Room for one more of a list. */
static bool grow(graph *g, void *list, size_t *capacity, size_t n, size_t size) {
    void *ptr;
    if (g->is_odd) return false;
    if (n < *capacity) return true;
    size_t wanted = *capacity + *capacity / 2 + 64;
    memcpy(&ptr, list, sizeof ptr);
    ptr = wanted <= GRAPH_MAX_ITEMS ? g->host->realloc(ptr, wanted * size) : NULL;
    g->is_odd = !ptr;
    if (!ptr) return false;
    memcpy(list, &ptr, sizeof ptr);
    *capacity = wanted;
    return true;
}

/* -- values -------------------------------------------------------------------------------------------- */

uint32_t graph_value_of(graph *g, onnx_text name) {
    if (!name.len || !grow(g, &g->values, &g->values_capacity, g->n_values, sizeof *g->values))
        return GRAPH_NONE;
    uint32_t value = onnx_names_add(&g->names, name);
    g->is_odd = value == ONNX_NO_NAME;
    if (g->is_odd) return GRAPH_NONE;
    if (value == g->n_values) g->values[g->n_values++] = (graph_value){.producer = GRAPH_NONE};
    return value;
}

uint32_t graph_value_new(graph *g, const char *prefix, uint32_t other) {
    char text[64];
    size_t len = (size_t)snprintf(text, sizeof text, "accelpipe.%s.%u", prefix, other);
    uint32_t value = onnx_names_find(&g->names, (onnx_text){text, len});
    if (value != ONNX_NO_NAME) {
        g->is_odd = g->is_odd || !g->values[value].is_added;
        return value;
    }
    char *name = g->host->alloc(len);
    if (name) memcpy(name, text, len);
    value = graph_value_of(g, (onnx_text){name, name ? len : 0});
    g->is_odd = g->is_odd || value == GRAPH_NONE;
    if (value == GRAPH_NONE)
        g->host->free(name);
    else
        g->values[value].is_added = true;
    return value;
}

/* -- reading ------------------------------------------------------------------------------------------- */

static bool has_graphs(onnx_text attribute) {
    return onnx_find_bytes(attribute, ONNX_ATTRIBUTE_GRAPH).ptr ||
           onnx_find_bytes(attribute, ONNX_ATTRIBUTE_GRAPHS).ptr;
}

static void add_io(graph *g, uint32_t value) {
    if (grow(g, &g->ios, &g->ios_capacity, g->n_ios, sizeof *g->ios)) g->ios[g->n_ios++] = value;
}

static graph_node *add_node(graph *g) {
    if (!grow(g, &g->nodes, &g->nodes_capacity, g->n_nodes, sizeof *g->nodes)) return NULL;
    graph_node *node = &g->nodes[g->n_nodes++];
    *node = (graph_node){.first_io = (uint32_t)g->n_ios, .is_standard = true};
    return node;
}

/* Marks the outputs of a node, which is whole, as given by it. */
static void mark_outputs(graph *g, const graph_node *node) {
    for (uint32_t i = 0; i < node->n_outputs; i++) {
        uint32_t value = graph_output(g, node, i);
        if (value != GRAPH_NONE) g->values[value].producer = (uint32_t)(node - g->nodes);
    }
}

static void read_node(graph *g, onnx_text bytes) {
    graph_node *node = add_node(g);
    if (!node) return;
    node->bytes = bytes;
    onnx_reader r = onnx_reader_of(bytes);
    for (onnx_field f; onnx_read_field(&f, &r);) {
        if (!f.bytes.ptr) continue;
        if (f.number == ONNX_NODE_OP_TYPE) node->op = f.bytes;
        if (f.number == ONNX_NODE_DOMAIN && f.bytes.len && !onnx_text_is(f.bytes, "ai.onnx"))
            node->is_standard = false;
        if (f.number == ONNX_NODE_ATTRIBUTE && has_graphs(f.bytes)) g->is_odd = true;
        if (f.number != ONNX_NODE_INPUT) continue;
        add_io(g, graph_value_of(g, f.bytes));
        node->n_inputs++;
    }
    g->is_odd = g->is_odd || r.is_broken;
    r = onnx_reader_of(bytes);
    for (onnx_field f; onnx_read_field(&f, &r);) {
        if (f.number != ONNX_NODE_OUTPUT || !f.bytes.ptr) continue;
        add_io(g, graph_value_of(g, f.bytes));
        node->n_outputs++;
    }
    if (!g->is_odd) mark_outputs(g, node);
}

/* One of a graph's inputs, outputs or initializers. */
static void read_named(graph *g, const onnx_field *f) {
    uint32_t value =
        graph_value_of(g, onnx_find_bytes(f->bytes, f->number == ONNX_GRAPH_INITIALIZER ? ONNX_TENSOR_NAME
                                                                                        : ONNX_VALUE_NAME));
    g->is_odd = g->is_odd || value == GRAPH_NONE;
    if (g->is_odd) return;
    if (f->number == ONNX_GRAPH_INITIALIZER) g->values[value].tensor = f->bytes;
    if (f->number == ONNX_GRAPH_INPUT) g->values[value].info = f->bytes;
    if (f->number == ONNX_GRAPH_OUTPUT &&
        grow(g, &g->outputs, &g->outputs_capacity, g->n_outputs, sizeof *g->outputs))
        g->outputs[g->n_outputs++] = value;
}

static void read_graph(graph *g, onnx_text bytes) {
    onnx_reader r = onnx_reader_of(bytes);
    for (onnx_field f; !g->is_odd && onnx_read_field(&f, &r);) {
        if (!f.bytes.ptr) continue;
        if (f.number == ONNX_GRAPH_NODE) read_node(g, f.bytes);
        if (f.number == ONNX_GRAPH_INITIALIZER || f.number == ONNX_GRAPH_INPUT ||
            f.number == ONNX_GRAPH_OUTPUT)
            read_named(g, &f);
    }
    g->is_odd = g->is_odd || r.is_broken;
}

static void read_opset(graph *g, onnx_text bytes) {
    onnx_reader r = onnx_reader_of(bytes);
    onnx_text domain = {NULL, 0};
    int64_t version = 0;
    for (onnx_field f; onnx_read_field(&f, &r);) {
        if (f.number == ONNX_OPSET_DOMAIN) domain = f.bytes;
        if (f.number == ONNX_OPSET_VERSION) version = (int64_t)f.integer;
    }
    if (!domain.len || onnx_text_is(domain, "ai.onnx")) g->opset = version;
}

bool graph_read(graph *out, const ap_host *host, onnx_text model) {
    memset(out, 0, sizeof *out);
    out->host = host;
    out->names.host = host;
    out->model = model;
    if (!model.len) return false;
    onnx_reader r = onnx_reader_of(model);
    size_t n_graphs = 0;
    for (onnx_field f; !out->is_odd && onnx_read_field(&f, &r);) {
        if (!f.bytes.ptr) continue;
        if (f.number == ONNX_MODEL_OPSET_IMPORT) read_opset(out, f.bytes);
        if (f.number == ONNX_MODEL_FUNCTIONS || (f.number == ONNX_MODEL_GRAPH && n_graphs++))
            out->is_odd = true;
        if (f.number == ONNX_MODEL_GRAPH) read_graph(out, f.bytes);
    }
    return !out->is_odd && !r.is_broken && n_graphs == 1;
}

void graph_clear(graph *g) {
    for (size_t i = 0; i < g->n_nodes; i++)
        if (g->nodes[i].is_added) g->host->free((void *)(uintptr_t)g->nodes[i].bytes.ptr);
    for (size_t i = 0; i < g->n_values; i++)
        if (g->values[i].is_added) g->host->free((void *)(uintptr_t)g->names.of[i].ptr);
    g->host->free(g->nodes);
    g->host->free(g->values);
    g->host->free(g->ios);
    g->host->free(g->outputs);
    onnx_names_clear(&g->names);
    memset(g, 0, sizeof *g);
}

/* -- looking ------------------------------------------------------------------------------------------- */

const graph_node *graph_producer(const graph *g, uint32_t value, const char *op) {
    if (value == GRAPH_NONE || g->values[value].producer == GRAPH_NONE) return NULL;
    const graph_node *node = &g->nodes[g->values[value].producer];
    return node->is_standard && onnx_text_is(node->op, op) ? node : NULL;
}

uint32_t graph_input(const graph *g, const graph_node *node, uint32_t i) {
    return i < node->n_inputs ? g->ios[node->first_io + i] : GRAPH_NONE;
}

uint32_t graph_output(const graph *g, const graph_node *node, uint32_t i) {
    return i < node->n_outputs ? g->ios[node->first_io + node->n_inputs + i] : GRAPH_NONE;
}

/* -- changing ------------------------------------------------------------------------------------------ */

static void write_attribute(onnx_writer *w, const graph_attribute *attribute) {
    size_t start = w->len;
    int64_t type = attribute->ints       ? ONNX_ATTRIBUTE_TYPE_INTS
                   : attribute->is_float ? ONNX_ATTRIBUTE_TYPE_FLOAT
                                         : ONNX_ATTRIBUTE_TYPE_INT;
    onnx_write_text(w, ONNX_ATTRIBUTE_NAME, attribute->name);
    if (type == ONNX_ATTRIBUTE_TYPE_FLOAT) onnx_write_float(w, ONNX_ATTRIBUTE_FLOAT, attribute->number);
    if (type == ONNX_ATTRIBUTE_TYPE_INT) onnx_write_int(w, ONNX_ATTRIBUTE_INT, attribute->integer);
    for (uint32_t i = 0; attribute->ints && i < attribute->n; i++)
        onnx_write_int(w, ONNX_ATTRIBUTE_INTS, attribute->ints[i]);
    onnx_write_int(w, ONNX_ATTRIBUTE_TYPE, type);
    onnx_write_close(w, start, ONNX_NODE_ATTRIBUTE);
}

static void write_ios(onnx_writer *w, const graph *g, uint32_t number, const uint32_t *values, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        onnx_write_bytes(w, number, values[i] == GRAPH_NONE ? (onnx_text){"", 0} : g->names.of[values[i]]);
}

void graph_add(graph *g, const graph_new_node *node) {
    onnx_writer w = {.host = g->host};
    graph_node *added = add_node(g);
    if (!added) return;
    write_ios(&w, g, ONNX_NODE_INPUT, node->inputs, node->n_inputs);
    write_ios(&w, g, ONNX_NODE_OUTPUT, node->outputs, node->n_outputs);
    onnx_write_text(&w, ONNX_NODE_OP_TYPE, node->op);
    for (size_t i = 0; i < GRAPH_MAX_NEW_ATTRIBUTES && node->attributes[i].name; i++)
        write_attribute(&w, &node->attributes[i]);
    added->is_added = true;
    added->bytes = (onnx_text){w.ptr, w.len};
    added->op = (onnx_text){node->op, strlen(node->op)};
    added->n_inputs = node->n_inputs;
    added->n_outputs = node->n_outputs;
    for (uint32_t i = 0; i < node->n_inputs; i++) add_io(g, node->inputs[i]);
    for (uint32_t i = 0; i < node->n_outputs; i++) add_io(g, node->outputs[i]);
    g->is_odd = g->is_odd || w.status;
    if (!g->is_odd) mark_outputs(g, added);
}

/* -- order --------------------------------------------------------------------------------------------- */

/* A walk from the outputs up, without recursion: a node is put down when all its inputs are there. */
typedef struct walk {
    const graph *g;
    uint32_t *stack, *next; /* [n_nodes] Nodes that are open; of each node the input to look at next. */
    unsigned char *state;   /* [n_nodes] 0: not seen, 1: open, 2: put down. */
    size_t depth;
    uint32_t *out;
    size_t n_out;
} walk;

/* @return false: the node is open already */
static bool enter(walk *w, uint32_t value) {
    uint32_t node = value == GRAPH_NONE ? GRAPH_NONE : w->g->values[value].producer;
    if (node == GRAPH_NONE || w->state[node] == 2) return true;
    if (w->state[node] == 1) return false;
    w->state[node] = 1;
    w->stack[w->depth++] = node;
    return true;
}

static bool walk_from(walk *w, uint32_t value) {
    bool ok = enter(w, value);
    while (ok && w->depth) {
        uint32_t at = w->stack[w->depth - 1];
        const graph_node *node = &w->g->nodes[at];
        if (w->next[at] < node->n_inputs) {
            ok = enter(w, graph_input(w->g, node, w->next[at]++));
            continue;
        }
        w->state[at] = 2;
        w->out[w->n_out++] = at;
        w->depth--;
    }
    return ok;
}

bool graph_order(uint32_t *out, size_t *n_out, const graph *g) {
    size_t n = g->n_nodes, n_bytes = n * (2 * sizeof(uint32_t) + 1);
    uint32_t *memory = g->host->alloc(n_bytes ? n_bytes : 1);
    if (!memory) return false;
    memset(memory, 0, n_bytes);
    walk w = {g, memory, memory + n, (unsigned char *)(memory + 2 * n), 0, out, 0};
    bool ok = !g->is_odd;
    for (size_t i = 0; ok && i < g->n_outputs; i++) ok = walk_from(&w, g->outputs[i]);
    *n_out = w.n_out;
    g->host->free(memory);
    return ok;
}

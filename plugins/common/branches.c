/* Ifs whose branch follows from the graph alone. Exporters write `if key.size(-2) != query.size(-2)` of a
 * scripted function as an If, although both sizes are the same one; and where the branches differ in rank,
 * the result has none that is known, and devices refuse it. So shapes are followed through the graph
 * (shapes.c), and where that decides the condition, the nodes of the branch take the place of the If. */
#include "branches.h"

#include "names.h"
#include "onnx_writer.h"
#include "shapes.h"

#include <string.h>

enum { FOLD_DEPTH_MAX = 16 };

/* What is known of the value of a name. */
typedef struct named_value {
    bool is_set; /* The node that gives it was walked over. */
    onnx_value value;
} named_value;

typedef struct folder {
    onnx_nums nums;
    onnx_names names;
    named_value *entries; /* [names.n] */
    size_t capacity;
    onnx_writer out;
    size_t n_folded;
} folder;

/* -- names --------------------------------------------------------------------------------------------- */

static named_value *find(const folder *f, onnx_text name) {
    uint32_t at = onnx_names_find(&f->names, name);
    return at == ONNX_NO_NAME ? NULL : &f->entries[at];
}

/* Room for an entry behind those of the names. */
static bool grow(folder *f) {
    if (f->names.n < f->capacity) return true;
    size_t capacity =
        f->capacity ? 2 * f->capacity : 256; /* Names are in the model's bytes: it is bounded. */
    if (capacity > UINT32_MAX / sizeof *f->entries) return false;
    named_value *entries = f->names.host->realloc(f->entries, capacity * sizeof *entries);
    if (!entries) return false;
    f->entries = entries;
    f->capacity = capacity;
    return true;
}

/* Its entry, which is made when there is none; NULL: no memory, or no name. */
static named_value *declare(folder *f, onnx_text name) {
    if (!name.len) return NULL;
    size_t n = f->names.n;
    uint32_t at = grow(f) ? onnx_names_add(&f->names, name) : ONNX_NO_NAME;
    if (at == ONNX_NO_NAME) {
        f->out.status = f->names.host->fail(f->out.err, AP_ENOMEM, "out of memory");
        return NULL;
    }
    if (at == n) f->entries[at] = (named_value){0};
    return &f->entries[at];
}

static void set_value(folder *f, onnx_text name, const onnx_value *value) {
    named_value *of = declare(f, name);
    if (!of) return;
    of->value = *value;
    of->is_set = true;
}

/* -- what a graph defines ------------------------------------------------------------------------------ */

typedef bool (*name_fn)(folder *f, onnx_text name);

/* Calls `visit` for the names that nodes and initializers of a graph define, until it returns false. */
static bool visit_defined(folder *f, onnx_text graph, name_fn visit) {
    onnx_reader r = onnx_reader_of(graph);
    for (onnx_field part; onnx_read_field(&part, &r);) {
        if (!part.bytes.ptr) continue;
        if (part.number == ONNX_GRAPH_INITIALIZER && !visit(f, onnx_find_bytes(part.bytes, ONNX_TENSOR_NAME)))
            return false;
        if (part.number != ONNX_GRAPH_NODE) continue;
        onnx_reader node = onnx_reader_of(part.bytes);
        for (onnx_field own; onnx_read_field(&own, &node);)
            if (own.number == ONNX_NODE_OUTPUT && own.bytes.len && !visit(f, own.bytes)) return false;
    }
    return !r.is_broken;
}

static bool declare_name(folder *f, onnx_text name) {
    declare(f, name);
    return !f->out.status;
}

static bool is_new(folder *f, onnx_text name) { return !find(f, name); }

static void read_initializer(folder *f, onnx_text tensor) {
    onnx_value value;
    onnx_value_of_tensor(&value, &f->nums, tensor);
    set_value(f, onnx_find_bytes(tensor, ONNX_TENSOR_NAME), &value);
}

/* Inputs of that name as an initializer are constants: their values come second. */
static void read_graph_values(folder *f, onnx_text graph) {
    for (int pass = 0; pass < 2; pass++) {
        onnx_reader r = onnx_reader_of(graph);
        for (onnx_field part; !f->out.status && onnx_read_field(&part, &r);) {
            onnx_value value;
            if (!part.bytes.ptr) continue;
            if (pass && part.number == ONNX_GRAPH_INITIALIZER) read_initializer(f, part.bytes);
            if (pass || part.number != ONNX_GRAPH_INPUT) continue;
            onnx_value_of_input(&value, &f->nums, part.bytes);
            set_value(f, onnx_find_bytes(part.bytes, ONNX_VALUE_NAME), &value);
        }
    }
}

/* -- Ifs ----------------------------------------------------------------------------------------------- */

/* The rank that a graph says its output `i` has; -1: none. */
static int declared_rank(onnx_text graph, uint32_t i) {
    onnx_reader r = onnx_reader_of(graph);
    for (onnx_field part; onnx_read_field(&part, &r);) {
        if (part.number != ONNX_GRAPH_OUTPUT || !part.bytes.ptr || i-- > 0) continue;
        onnx_text shape = onnx_find_bytes(
            onnx_find_bytes(onnx_find_bytes(part.bytes, ONNX_VALUE_TYPE), ONNX_TYPE_TENSOR_TYPE),
            ONNX_TENSOR_TYPE_SHAPE);
        int rank = 0;
        if (!shape.ptr) return -1;
        onnx_reader dims = onnx_reader_of(shape);
        for (onnx_field dim; onnx_read_field(&dim, &dims);) rank += dim.number == ONNX_SHAPE_DIM;
        return rank;
    }
    return -1;
}

static bool is_if(const onnx_node *node) { return node->is_standard && onnx_text_is(node->op, "If"); }

static onnx_text branch_of(const onnx_node *node, bool condition) {
    return onnx_attribute_bytes(node->bytes, condition ? "then_branch" : "else_branch", ONNX_ATTRIBUTE_GRAPH);
}

/* Whether the branches may give results of two ranks. */
static bool has_two_ranks(const onnx_node *node) {
    onnx_text a = branch_of(node, true), b = branch_of(node, false);
    if (!a.ptr || !b.ptr) return false;
    for (uint32_t i = 0; i < node->n_outputs; i++) {
        int rank = declared_rank(a, i);
        if (rank < 0 || rank != declared_rank(b, i)) return true;
    }
    return false;
}

static bool has_if_of_two_ranks(onnx_text graph) {
    onnx_reader r = onnx_reader_of(graph);
    for (onnx_field part; onnx_read_field(&part, &r);) {
        onnx_node node;
        if (part.number != ONNX_GRAPH_NODE || !part.bytes.ptr) continue;
        onnx_node_read(&node, part.bytes);
        if (is_if(&node) && has_two_ranks(&node)) return true;
    }
    return false;
}

/* The branch that an If always takes; ptr is NULL when it is not known, or does not fit into the graph
 * because a name of it is in use: names of a branch are its own. */
static onnx_text find_branch(folder *f, const onnx_node *node) {
    static const onnx_text none = {NULL, 0};
    int64_t condition;
    if (!is_if(node) || node->n_outputs > ONNX_NODE_MAX_IOS || !has_two_ranks(node)) return none;
    const named_value *of = find(f, node->inputs[0]);
    if (!of || !of->is_set || !of->value.has_elements || of->value.n_elements != 1 ||
        !onnx_num_is_constant(&f->nums, of->value.elements[0], &condition))
        return none;
    onnx_text branch = branch_of(node, condition != 0);
    return visit_defined(f, branch, is_new) ? branch : none;
}

/* -- writing ------------------------------------------------------------------------------------------- */

/* result = Identity(from) */
static void write_identity(folder *f, onnx_text from, onnx_text result) {
    static const onnx_text op = {"Identity", 8};
    size_t node = f->out.len;
    if (!result.len) return;
    onnx_write_bytes(&f->out, ONNX_NODE_INPUT, from);
    onnx_write_bytes(&f->out, ONNX_NODE_OUTPUT, result);
    onnx_write_bytes(&f->out, ONNX_NODE_OP_TYPE, op);
    onnx_write_close(&f->out, node, ONNX_GRAPH_NODE);
    const named_value *source = find(f, from);
    const onnx_value value = source && source->is_set ? source->value : (onnx_value){0};
    set_value(f, result, &value);
}

static void fold_node(folder *f, onnx_text bytes, int depth);

/* The nodes of a branch, and its results under the names that the If gives them. */
static void write_branch(folder *f, const onnx_node *node, onnx_text branch, int depth) {
    visit_defined(f, branch, declare_name);
    read_graph_values(f, branch);
    onnx_reader r = onnx_reader_of(branch);
    for (onnx_field part; !f->out.status && onnx_read_field(&part, &r);) {
        if (!part.bytes.ptr) continue;
        if (part.number == ONNX_GRAPH_INITIALIZER)
            onnx_write_bytes(&f->out, ONNX_GRAPH_INITIALIZER, part.bytes);
        if (part.number == ONNX_GRAPH_NODE) fold_node(f, part.bytes, depth + 1);
    }
    uint32_t i = 0;
    r = onnx_reader_of(branch);
    for (onnx_field part; !f->out.status && i < node->n_outputs && onnx_read_field(&part, &r);)
        if (part.number == ONNX_GRAPH_OUTPUT && part.bytes.ptr)
            write_identity(f, onnx_find_bytes(part.bytes, ONNX_VALUE_NAME), node->outputs[i++]);
}

/* A node as it is, and what is known of its results. */
static void write_node(folder *f, const onnx_node *node) {
    const onnx_value *inputs[ONNX_NODE_MAX_IOS] = {NULL};
    onnx_value outputs[ONNX_NODE_MAX_IOS];
    const uint32_t n = node->n_outputs < ONNX_NODE_MAX_IOS ? node->n_outputs : ONNX_NODE_MAX_IOS;
    for (uint32_t i = 0; i < node->n_inputs && i < ONNX_NODE_MAX_IOS; i++) {
        const named_value *of = find(f, node->inputs[i]);
        if (of && of->is_set) inputs[i] = &of->value;
    }
    onnx_shapes_of_node(outputs, n, node, inputs, &f->nums);
    for (uint32_t i = 0; i < n; i++) set_value(f, node->outputs[i], &outputs[i]);
    onnx_write_bytes(&f->out, ONNX_GRAPH_NODE, node->bytes);
}

static void fold_node(folder *f, onnx_text bytes, int depth) {
    onnx_node node;
    onnx_node_read(&node, bytes);
    onnx_text branch = depth < FOLD_DEPTH_MAX ? find_branch(f, &node) : (onnx_text){NULL, 0};
    if (branch.ptr)
        write_branch(f, &node, branch, depth);
    else
        write_node(f, &node);
    f->n_folded += branch.ptr != NULL;
}

static void fold_graph(folder *f, onnx_text graph) {
    visit_defined(f, graph, declare_name);
    read_graph_values(f, graph);
    onnx_reader r = onnx_reader_of(graph);
    const unsigned char *start = r.at;
    for (onnx_field part; !f->out.status && onnx_read_field(&part, &r); start = r.at) {
        if (part.number == ONNX_GRAPH_NODE && part.bytes.ptr)
            fold_node(f, part.bytes, 0);
        else
            onnx_write(&f->out, start, (size_t)(r.at - start));
    }
}

static void fold_model(folder *f, onnx_text model) {
    onnx_reader r = onnx_reader_of(model);
    const unsigned char *start = r.at;
    for (onnx_field part; !f->out.status && onnx_read_field(&part, &r); start = r.at) {
        size_t at = f->out.len;
        if (part.number != ONNX_MODEL_GRAPH || !part.bytes.ptr) {
            onnx_write(&f->out, start, (size_t)(r.at - start));
            continue;
        }
        fold_graph(f, part.bytes);
        onnx_write_close(&f->out, at, ONNX_MODEL_GRAPH);
    }
}

ap_status onnx_branches_fold(const ap_host *host, char **graph, size_t *n_graph, const void *bytes,
                             size_t n_bytes, ap_error *err) {
    const onnx_text model = {bytes, n_bytes}, old = onnx_find_bytes(model, ONNX_MODEL_GRAPH);
    folder f = {.names = {.host = host}, .out = {.host = host, .err = err}};
    *graph = NULL;
    *n_graph = 0;
    if (!old.ptr || !has_if_of_two_ranks(old)) return AP_OK;
    ap_status status = onnx_nums_init(&f.nums, host, err);
    if (!status) fold_model(&f, model);
    if (!status) status = f.out.status;
    onnx_nums_clear(&f.nums);
    host->free(f.entries);
    onnx_names_clear(&f.names);
    if (status || !f.n_folded || f.nums.is_full) {
        host->free(f.out.ptr);
        return status;
    }
    host->log(AP_LOG_DEBUG, "%zu If whose branch is known from the graph", f.n_folded);
    *graph = f.out.ptr;
    *n_graph = f.out.len;
    return AP_OK;
}

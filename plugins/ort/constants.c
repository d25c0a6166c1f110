/* Computing with constants: what exporters leave of Python's arithmetic with shapes and scales. */
#include "constants.h"

#include "common/onnx_wire.h"

#include <math.h>
#include <string.h>

enum { DEPTH_MAX = 16, STEPS_MAX = 64, EXTENT_AXIS = 3 };

typedef struct scalar {
    double value;
    bool is_int;
} scalar;

typedef struct evaluation {
    const graph *g;
    constant_extent known;
    int *n_steps; /* Taken so far: a graph may branch at every one. */
} evaluation;

/* -- constants ----------------------------------------------------------------------------------------- */

onnx_text constant_tensor(const graph *g, uint32_t value) {
    const graph_node *node;
    for (int i = 0; i < DEPTH_MAX && (node = graph_producer(g, value, "Identity")); i++)
        value = graph_input(g, node, 0);
    if (value == GRAPH_NONE) return (onnx_text){NULL, 0};
    if ((node = graph_producer(g, value, "Constant")))
        return onnx_attribute_bytes(node->bytes, "value", ONNX_ATTRIBUTE_TENSOR);
    return g->values[value].tensor;
}

/* Of an integer field: the first number, packed or not. */
static bool first_int(int64_t *out, const onnx_field *f) {
    onnx_reader r = onnx_reader_of(f->bytes.ptr ? f->bytes : (onnx_text){"", 0});
    *out = (int64_t)(f->bytes.ptr ? onnx_read_varint(&r) : f->integer);
    return !r.is_broken;
}

static bool from_bytes(scalar *out, onnx_text bytes, int64_t type) {
    int64_t i64;
    int32_t i32;
    float f32;
    bool is_fit = bytes.len == (type == ONNX_INT64 ? sizeof i64 : sizeof i32);
    if (!is_fit) return false;
    memcpy(&i64, bytes.ptr, type == ONNX_INT64 ? sizeof i64 : 0);
    memcpy(&i32, bytes.ptr, sizeof i32);
    memcpy(&f32, bytes.ptr, sizeof f32);
    out->value = type == ONNX_INT64 ? (double)i64 : type == ONNX_INT32 ? (double)i32 : (double)f32;
    return true;
}

/* A tensor of one element. */
static bool read_tensor(scalar *out, onnx_text tensor) {
    onnx_reader r = onnx_reader_of(tensor);
    int64_t type = 0, n = 1, dim = 0;
    onnx_text bytes = {NULL, 0};
    bool has_number = false;
    for (onnx_field f; tensor.ptr && onnx_read_field(&f, &r);) {
        if (f.number == ONNX_TENSOR_DATA_TYPE) type = (int64_t)f.integer;
        if (f.number == ONNX_TENSOR_DIMS && (!first_int(&dim, &f) || dim != 1)) n = 0;
        if ((f.number == ONNX_TENSOR_RAW_DATA || f.number == ONNX_TENSOR_FLOAT_DATA) && f.bytes.ptr)
            bytes = f.bytes;
        if (f.number != ONNX_TENSOR_INT64_DATA && f.number != ONNX_TENSOR_INT32_DATA) continue;
        has_number = first_int(&dim, &f);
        out->value = (double)dim;
    }
    out->is_int = type == ONNX_INT64 || type == ONNX_INT32;
    if (n != 1 || (!out->is_int && type != ONNX_FLOAT)) return false;
    return bytes.ptr ? from_bytes(out, bytes, type) : has_number && out->is_int;
}

/* -- operators ----------------------------------------------------------------------------------------- */

static bool evaluate(scalar *out, const evaluation *e, uint32_t value, int depth);

static bool is_int_of(const evaluation *e, uint32_t value, int64_t wanted, int depth) {
    scalar n;
    return value != GRAPH_NONE && evaluate(&n, e, value, depth) && n.is_int && n.value == (double)wanted;
}

/* Gather and Slice that take the last of a shape. */
static bool take_extent(scalar *out, const evaluation *e, const graph_node *node, int depth) {
    const graph_node *shape = graph_producer(e->g, graph_input(e->g, node, 0), "Shape");
    uint32_t at = graph_input(e->g, node, 1);
    if (!shape || e->known.value == GRAPH_NONE || graph_input(e->g, shape, 0) != e->known.value ||
        onnx_attribute_int(shape->bytes, "start", 0) || onnx_attribute_int(shape->bytes, "end", 0))
        return false;
    if (!is_int_of(e, at, -1, depth) && !is_int_of(e, at, EXTENT_AXIS, depth)) return false;
    *out = (scalar){(double)e->known.last, true};
    return true;
}

static bool cast(scalar *out, const graph_node *node) {
    int64_t to = onnx_attribute_int(node->bytes, "to", 0);
    out->is_int = to == ONNX_INT64 || to == ONNX_INT32;
    if (out->is_int) out->value = trunc(out->value);
    if (to == ONNX_FLOAT) out->value = (double)(float)out->value;
    return out->is_int || to == ONNX_FLOAT;
}

static bool combine(scalar *out, const evaluation *e, const graph_node *node, bool divides, int depth) {
    scalar b;
    if (!evaluate(out, e, graph_input(e->g, node, 0), depth) ||
        !evaluate(&b, e, graph_input(e->g, node, 1), depth) || out->is_int != b.is_int ||
        (divides && b.value == 0))
        return false;
    if (!out->is_int) {
        float a32 = (float)out->value, b32 = (float)b.value;
        out->value = (double)(divides ? a32 / b32 : a32 * b32);
        return true;
    }
    out->value = divides ? trunc(out->value / b.value) : out->value * b.value;
    return fabs(out->value) < 9e15; /* Exact in a double. */
}

static bool evaluate(scalar *out, const evaluation *e, uint32_t value, int depth) {
    static const char *const passing[] = {"Identity", "Unsqueeze", "Squeeze", "Reshape", NULL};
    const graph *g = e->g;
    const graph_node *node;
    if (value == GRAPH_NONE || depth > DEPTH_MAX || ++*e->n_steps > STEPS_MAX) return false;
    onnx_text tensor = constant_tensor(g, value);
    if (tensor.ptr) return read_tensor(out, tensor);
    for (size_t i = 0; passing[i]; i++)
        if ((node = graph_producer(g, value, passing[i])))
            return evaluate(out, e, graph_input(g, node, 0), depth + 1);
    if ((node = graph_producer(g, value, "Gather")) || (node = graph_producer(g, value, "Slice")))
        return take_extent(out, e, node, depth + 1);
    if ((node = graph_producer(g, value, "Cast")))
        return evaluate(out, e, graph_input(g, node, 0), depth + 1) && cast(out, node);
    if ((node = graph_producer(g, value, "Sqrt"))) {
        if (!evaluate(out, e, graph_input(g, node, 0), depth + 1) || out->is_int) return false;
        out->value = (double)sqrtf((float)out->value);
        return true;
    }
    if ((node = graph_producer(g, value, "Div"))) return combine(out, e, node, true, depth + 1);
    if ((node = graph_producer(g, value, "Mul"))) return combine(out, e, node, false, depth + 1);
    return false;
}

bool constant_number(double *out, const graph *g, uint32_t value, constant_extent known) {
    int n_steps = 0;
    const evaluation e = {g, known, &n_steps};
    scalar n;
    if (!evaluate(&n, &e, value, 0)) return false;
    *out = n.value;
    return true;
}

int64_t constant_int(const graph *g, uint32_t value, constant_extent known, int64_t otherwise) {
    int n_steps = 0;
    const evaluation e = {g, known, &n_steps};
    scalar n;
    if (!evaluate(&n, &e, value, 0) || !n.is_int) return otherwise;
    return n.value > 9e15 ? INT64_MAX : n.value < -9e15 ? INT64_MIN : (int64_t)n.value;
}

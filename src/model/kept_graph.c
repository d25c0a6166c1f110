/* Writing ONNX's protobuf. Source: onnx/onnx@v1.17.0 onnx/onnx.proto (field numbers), protobuf.dev
 * "Encoding". */
#include "model/kept_graph.h"

#include "base/error.h"

#include <stdio.h>
#include <string.h>

enum { IR_VERSION = 8, OPSET = 13 };

/* Field numbers. */
enum {
    MODEL_IR_VERSION = 1,
    MODEL_GRAPH = 7,
    MODEL_OPSET_IMPORT = 8,
    OPSET_VERSION = 2,
    GRAPH_NODE = 1,
    GRAPH_NAME = 2,
    GRAPH_INITIALIZER = 5,
    GRAPH_INPUT = 11,
    GRAPH_OUTPUT = 12,
    NODE_INPUT = 1,
    NODE_OUTPUT = 2,
    NODE_OP_TYPE = 4,
    NODE_ATTRIBUTE = 5,
    ATTRIBUTE_NAME = 1,
    ATTRIBUTE_I = 3,
    ATTRIBUTE_TYPE = 20,
    ATTRIBUTE_TYPE_INT = 2,
    INFO_NAME = 1,
    INFO_TYPE = 2,
    TYPE_TENSOR = 1,
    TENSOR_TYPE_ELEMENT = 1,
    TENSOR_TYPE_SHAPE = 2,
    SHAPE_DIM = 1,
    DIM_VALUE = 1,
    DIM_PARAM = 2,
    TENSOR_DIMS = 1,
    TENSOR_DATA_TYPE = 2,
    TENSOR_INT64_DATA = 7,
    TENSOR_NAME = 8
};

enum { WIRE_VARINT = 0, WIRE_BYTES = 2 };

/* Numbers of element types in ONNX. */
enum { ELEMENT_INT64 = 7 };

static int element_of(ap_dtype dtype) {
    static const struct {
        ap_dtype dtype;
        int element;
    } rows[] = {{AP_DTYPE_F32, 1},  {AP_DTYPE_F16, 10}, {AP_DTYPE_BF16, 16},
                {AP_DTYPE_F64, 11}, {AP_DTYPE_I8, 3},   {AP_DTYPE_U8, 2}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].dtype == dtype) return rows[i].element;
    return 0;
}

/* -- protobuf ------------------------------------------------------------------------------------------ */

/* The first failure stays, and what comes behind it is left out. */
typedef struct writer {
    ap__buf *buf;
    ap_status status;
    ap_error *err;
} writer;

static void put_bytes(writer *w, const void *bytes, size_t len) {
    if (!w->status) w->status = ap__buf_append(w->buf, bytes, len, w->err);
}

static size_t encode_varint(unsigned char *out, uint64_t value) {
    size_t n = 0;
    for (; value > 0x7F; value >>= 7) out[n++] = (unsigned char)(value | 0x80);
    out[n++] = (unsigned char)value;
    return n;
}

static void put_varint(writer *w, uint64_t value) {
    unsigned char bytes[10];
    put_bytes(w, bytes, encode_varint(bytes, value));
}

static void put_number(writer *w, uint32_t field, int64_t value) {
    put_varint(w, (uint64_t)field << 3 | WIRE_VARINT);
    put_varint(w, (uint64_t)value);
}

static void put_text(writer *w, uint32_t field, const char *text) {
    put_varint(w, (uint64_t)field << 3 | WIRE_BYTES);
    put_varint(w, strlen(text));
    put_bytes(w, text, strlen(text));
}

/* Makes what was appended since `start` a field. */
static void close_message(writer *w, size_t start, uint32_t field) {
    unsigned char head[20];
    size_t n_body = w->buf->len - start, n = encode_varint(head, (uint64_t)field << 3 | WIRE_BYTES);
    n += encode_varint(head + n, n_body);
    put_bytes(w, head, n); /* Makes room; it goes to the front. */
    if (w->status) return;
    memmove(w->buf->ptr + start + n, w->buf->ptr + start, n_body);
    memcpy(w->buf->ptr + start, head, n);
}

/* -- ONNX ---------------------------------------------------------------------------------------------- */

static void put_info(writer *w, uint32_t field, const char *name, int element, const int64_t *shape,
                     uint32_t rank) {
    size_t info = w->buf->len;
    put_text(w, INFO_NAME, name);
    size_t type = w->buf->len;
    put_number(w, TENSOR_TYPE_ELEMENT, element);
    size_t dims = w->buf->len;
    for (uint32_t i = 0; i < rank; i++) {
        char any[64];
        size_t dim = w->buf->len;
        snprintf(any, sizeof any, "%s_%u", name, i); /* No two need be equal. */
        if (shape[i] < 0)
            put_text(w, DIM_PARAM, any);
        else
            put_number(w, DIM_VALUE, shape[i]);
        close_message(w, dim, SHAPE_DIM);
    }
    close_message(w, dims, TENSOR_TYPE_SHAPE);
    close_message(w, type, TYPE_TENSOR);
    close_message(w, type, INFO_TYPE);
    close_message(w, info, field);
}

static void put_indices(writer *w, const char *name, int64_t n) {
    put_info(w, GRAPH_INPUT, name, ELEMENT_INT64, &n, 1);
}

/* @param inputs ends with NULL.   @param axis -1: the operator has no such attribute. */
static void put_node(writer *w, const char *op, const char *const *inputs, const char *output, int64_t axis) {
    size_t node = w->buf->len;
    for (; *inputs; inputs++) put_text(w, NODE_INPUT, *inputs);
    put_text(w, NODE_OUTPUT, output);
    put_text(w, NODE_OP_TYPE, op);
    if (axis >= 0) {
        size_t attribute = w->buf->len;
        put_text(w, ATTRIBUTE_NAME, "axis");
        put_number(w, ATTRIBUTE_I, axis);
        put_number(w, ATTRIBUTE_TYPE, ATTRIBUTE_TYPE_INT);
        close_message(w, attribute, NODE_ATTRIBUTE);
    }
    close_message(w, node, GRAPH_NODE);
}

/* -- what the graphs do -------------------------------------------------------------------------------- */

/* Names of the i-th tensors. */
typedef struct names {
    char x[16], y[16], z[16], padded_x[24], padded_z[24];
} names;

static void put_gather(writer *w, const names *n) {
    put_node(w, "Gather", (const char *const[]){n->x, "index", NULL}, n->y, 0);
}

static void put_slice(writer *w, const names *n) {
    put_node(w, "Slice", (const char *const[]){n->x, "start", "end", "axes", NULL}, n->y, -1);
}

static void put_join(writer *w, const names *n) {
    put_node(w, "Pad", (const char *const[]){n->x, "pads_x", NULL}, n->padded_x, -1);
    put_node(w, "Pad", (const char *const[]){n->z, "pads_z", NULL}, n->padded_z, -1);
    put_node(w, "Concat", (const char *const[]){n->padded_x, n->padded_z, NULL}, n->y, 0);
}

typedef void (*put_fn)(writer *w, const names *n);
static const put_fn put_op[AP__N_KEPT_OPS] = {put_gather, put_slice, put_join};

/* Whatever the operator takes beside the tensors. */
static void put_arguments(writer *w, ap__kept_op op, const ap__kept_spec *spec) {
    if (op == AP__KEPT_GATHER) put_indices(w, "index", -1);
    if (op == AP__KEPT_JOIN) {
        put_indices(w, "pads_x", 2 * (int64_t)spec->rank);
        put_indices(w, "pads_z", 2 * (int64_t)spec->rank);
    }
    if (op != AP__KEPT_SLICE) return;
    put_indices(w, "start", 1);
    put_indices(w, "end", 1);
    size_t axes = w->buf->len;
    put_number(w, TENSOR_DIMS, 1);
    put_number(w, TENSOR_DATA_TYPE, ELEMENT_INT64);
    put_number(w, TENSOR_INT64_DATA, spec->axis);
    put_text(w, TENSOR_NAME, "axes");
    close_message(w, axes, GRAPH_INITIALIZER);
}

static void put_graph(writer *w, ap__kept_op op, const ap__kept_spec *spec, int element) {
    size_t graph = w->buf->len;
    put_text(w, GRAPH_NAME, "kept");
    for (size_t i = 0; i < spec->n; i++) {
        names n;
        snprintf(n.x, sizeof n.x, "x%u", (unsigned)i);
        snprintf(n.y, sizeof n.y, "y%u", (unsigned)i);
        snprintf(n.z, sizeof n.z, "z%u", (unsigned)i);
        snprintf(n.padded_x, sizeof n.padded_x, "padded_%s", n.x);
        snprintf(n.padded_z, sizeof n.padded_z, "padded_%s", n.z);
        put_info(w, GRAPH_INPUT, n.x, element, spec->shapes[i], spec->rank);
        if (op == AP__KEPT_JOIN) put_info(w, GRAPH_INPUT, n.z, element, spec->shapes[i], spec->rank);
        put_op[op](w, &n);
        put_info(w, GRAPH_OUTPUT, n.y, element, spec->shapes[i], spec->rank);
    }
    put_arguments(w, op, spec);
    close_message(w, graph, MODEL_GRAPH);
}

ap_status ap__kept_graph_write(ap__buf *out, ap__kept_op op, const ap__kept_spec *spec, ap_error *err) {
    writer w = {out, AP_OK, err};
    int element = element_of(spec->dtype);
    if (!element)
        return ap__fail(err, AP_EUNSUPPORTED, "a cache of %s is not supported", ap_dtype_name(spec->dtype));
    put_number(&w, MODEL_IR_VERSION, IR_VERSION);
    size_t opset = out->len;
    put_number(&w, OPSET_VERSION, OPSET);
    close_message(&w, opset, MODEL_OPSET_IMPORT);
    put_graph(&w, op, spec, element);
    return w.status;
}

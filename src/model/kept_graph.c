/* Writing ONNX's protobuf. Source: onnx/onnx@v1.17.0 onnx/onnx.proto (field numbers), protobuf.dev
 * "Encoding". */
#include "model/kept_graph.h"

#include "base/error.h"
#include "model/onnx_wire.h"

#include <stdio.h>
#include <string.h>

enum { IR_VERSION = 8, OPSET = 13 };

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

/* -- ONNX ---------------------------------------------------------------------------------------------- */

static void put_info(ap__wire_writer *w, uint32_t field, const char *name, int element, const int64_t *shape,
                     uint32_t rank) {
    size_t info = ap__wire_open(w);
    ap__wire_put_text(w, ONNX_VALUE_NAME, name);
    size_t type = ap__wire_open(w);
    ap__wire_put_number(w, ONNX_TENSOR_TYPE_ELEMENT, element);
    size_t dims = ap__wire_open(w);
    for (uint32_t i = 0; i < rank; i++) {
        char any[64];
        size_t dim = ap__wire_open(w);
        snprintf(any, sizeof any, "%s_%u", name, i); /* No two need be equal. */
        if (shape[i] < 0)
            ap__wire_put_text(w, ONNX_DIM_PARAM, any);
        else
            ap__wire_put_number(w, ONNX_DIM_VALUE, shape[i]);
        ap__wire_close(w, dim, ONNX_SHAPE_DIM);
    }
    ap__wire_close(w, dims, ONNX_TENSOR_TYPE_SHAPE);
    ap__wire_close(w, type, ONNX_TYPE_TENSOR_TYPE);
    ap__wire_close(w, type, ONNX_VALUE_TYPE);
    ap__wire_close(w, info, field);
}

static void put_indices(ap__wire_writer *w, const char *name, int64_t n) {
    put_info(w, ONNX_GRAPH_INPUT, name, ELEMENT_INT64, &n, 1);
}

/* @param inputs ends with NULL.   @param axis -1: the operator has no such attribute. */
static void put_node(ap__wire_writer *w, const char *op, const char *const *inputs, const char *output,
                     int64_t axis) {
    size_t node = ap__wire_open(w);
    for (; *inputs; inputs++) ap__wire_put_text(w, ONNX_NODE_INPUT, *inputs);
    ap__wire_put_text(w, ONNX_NODE_OUTPUT, output);
    ap__wire_put_text(w, ONNX_NODE_OP_TYPE, op);
    if (axis >= 0) {
        size_t attribute = ap__wire_open(w);
        ap__wire_put_text(w, ONNX_ATTRIBUTE_NAME, "axis");
        ap__wire_put_number(w, ONNX_ATTRIBUTE_INT, axis);
        ap__wire_put_number(w, ONNX_ATTRIBUTE_TYPE, ONNX_ATTRIBUTE_TYPE_INT);
        ap__wire_close(w, attribute, ONNX_NODE_ATTRIBUTE);
    }
    ap__wire_close(w, node, ONNX_GRAPH_NODE);
}

/* -- what the graphs do -------------------------------------------------------------------------------- */

/* Names of the i-th tensors. */
typedef struct names {
    char x[16], y[16], z[16], padded_x[24], padded_z[24];
} names;

static void put_gather(ap__wire_writer *w, const names *n) {
    put_node(w, "Gather", (const char *const[]){n->x, "index", NULL}, n->y, 0);
}

static void put_slice(ap__wire_writer *w, const names *n) {
    put_node(w, "Slice", (const char *const[]){n->x, "start", "end", "axes", NULL}, n->y, -1);
}

static void put_join(ap__wire_writer *w, const names *n) {
    put_node(w, "Pad", (const char *const[]){n->x, "pads_x", NULL}, n->padded_x, -1);
    put_node(w, "Pad", (const char *const[]){n->z, "pads_z", NULL}, n->padded_z, -1);
    put_node(w, "Concat", (const char *const[]){n->padded_x, n->padded_z, NULL}, n->y, 0);
}

typedef void (*put_fn)(ap__wire_writer *w, const names *n);
static const put_fn put_op[AP__N_KEPT_OPS] = {put_gather, put_slice, put_join};

/* Whatever the operator takes beside the tensors. */
static void put_arguments(ap__wire_writer *w, ap__kept_op op, const ap__kept_spec *spec) {
    if (op == AP__KEPT_GATHER) put_indices(w, "index", -1);
    if (op == AP__KEPT_JOIN) {
        put_indices(w, "pads_x", 2 * (int64_t)spec->rank);
        put_indices(w, "pads_z", 2 * (int64_t)spec->rank);
    }
    if (op != AP__KEPT_SLICE) return;
    put_indices(w, "start", 1);
    put_indices(w, "end", 1);
    size_t axes = ap__wire_open(w);
    ap__wire_put_number(w, ONNX_TENSOR_DIMS, 1);
    ap__wire_put_number(w, ONNX_TENSOR_DATA_TYPE, ELEMENT_INT64);
    ap__wire_put_number(w, ONNX_TENSOR_INT64_DATA, spec->axis);
    ap__wire_put_text(w, ONNX_TENSOR_NAME, "axes");
    ap__wire_close(w, axes, ONNX_GRAPH_INITIALIZER);
}

static void put_graph(ap__wire_writer *w, ap__kept_op op, const ap__kept_spec *spec, int element) {
    size_t graph = ap__wire_open(w);
    ap__wire_put_text(w, ONNX_GRAPH_NAME, "kept");
    for (size_t i = 0; i < spec->n; i++) {
        names n;
        snprintf(n.x, sizeof n.x, "x%u", (unsigned)i);
        snprintf(n.y, sizeof n.y, "y%u", (unsigned)i);
        snprintf(n.z, sizeof n.z, "z%u", (unsigned)i);
        snprintf(n.padded_x, sizeof n.padded_x, "padded_%s", n.x);
        snprintf(n.padded_z, sizeof n.padded_z, "padded_%s", n.z);
        put_info(w, ONNX_GRAPH_INPUT, n.x, element, spec->shapes[i], spec->rank);
        if (op == AP__KEPT_JOIN) put_info(w, ONNX_GRAPH_INPUT, n.z, element, spec->shapes[i], spec->rank);
        put_op[op](w, &n);
        put_info(w, ONNX_GRAPH_OUTPUT, n.y, element, spec->shapes[i], spec->rank);
    }
    put_arguments(w, op, spec);
    ap__wire_close(w, graph, ONNX_MODEL_GRAPH);
}

ap_status ap__kept_graph_write(ap__buf *out, ap__kept_op op, const ap__kept_spec *spec, ap_error *err) {
    ap__wire_writer w = {out, AP_OK, err};
    int element = element_of(spec->dtype);
    if (!element)
        return ap__fail(err, AP_EUNSUPPORTED, "a cache of %s is not supported", ap_dtype_name(spec->dtype));
    ap__wire_put_number(&w, ONNX_MODEL_IR_VERSION, IR_VERSION);
    size_t opset = ap__wire_open(&w);
    ap__wire_put_number(&w, ONNX_OPSET_VERSION, OPSET);
    ap__wire_close(&w, opset, ONNX_MODEL_OPSET_IMPORT);
    put_graph(&w, op, spec, element);
    return w.status;
}

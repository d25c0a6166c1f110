/* Walking protobuf's wire format along ModelProto -> GraphProto -> NodeProto. */
#include "model/onnx_scan.h"

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/path.h"
#include "model/onnx_wire.h"

#include <stdint.h>
#include <string.h>

enum { GRAPHS_MAX_DEPTH = 32 };

typedef struct scan {
    const char *const *ops;
    bool skips_points; /* Operators with a window of one position are none. */
    bool found;
    unsigned depth;
} scan;

static bool scan_nodes(scan *s, ap__wire_reader message, uint64_t node_field);

static bool is_wanted(const scan *s, ap__wire_reader name) {
    for (const char *const *op = s->ops; *op; op++)
        if (ap__wire_is_text(name, *op)) return true;
    return false;
}

/* Numbers one by one, or packed: whether all are 1. */
static bool is_one(const ap__wire_field *f) {
    for (const uint8_t *at = f->body.at; at && at < f->body.end; at++)
        if (*at != 1) return false;
    return f->body.at || f->integer == 1;
}

/* Whether the node's attribute says that its window is one position. */
static bool is_point(ap__wire_reader attribute) {
    ap__wire_field f;
    bool is_kernel = false, has_numbers = false;
    while (attribute.at < attribute.end && ap__wire_read(&f, &attribute)) {
        if (f.number == ONNX_ATTRIBUTE_NAME) is_kernel = ap__wire_is_text(f.body, "kernel_shape");
        if (f.number != ONNX_ATTRIBUTE_INTS) continue;
        if (!is_one(&f)) return false;
        has_numbers = true;
    }
    return is_kernel && has_numbers;
}

static bool scan_attribute(scan *s, ap__wire_reader message) {
    ap__wire_field f;
    while (message.at < message.end && !s->found) {
        if (!ap__wire_read(&f, &message)) return false;
        bool is_graph = f.number == ONNX_ATTRIBUTE_GRAPH || f.number == ONNX_ATTRIBUTE_GRAPHS;
        if (is_graph && f.body.at && !scan_nodes(s, f.body, ONNX_GRAPH_NODE)) return false;
    }
    return true;
}

static bool scan_node(scan *s, ap__wire_reader message) {
    ap__wire_field f;
    bool is_found = false, is_skipped = false;
    while (message.at < message.end && !s->found) {
        if (!ap__wire_read(&f, &message)) return false;
        if (!f.body.at) continue;
        if (f.number == ONNX_NODE_OP_TYPE) is_found = is_wanted(s, f.body);
        if (f.number != ONNX_NODE_ATTRIBUTE) continue;
        is_skipped = is_skipped || (s->skips_points && is_point(f.body));
        if (!scan_attribute(s, f.body)) return false;
    }
    s->found = s->found || (is_found && !is_skipped);
    return true;
}

/* A graph or a function: only the number of its node field differs. */
static bool scan_nodes(scan *s, ap__wire_reader message, uint64_t node_field) {
    ap__wire_field f;
    if (s->depth >= GRAPHS_MAX_DEPTH) return false;
    s->depth++;
    bool ok = true;
    while (ok && message.at < message.end && !s->found) {
        ok = ap__wire_read(&f, &message);
        if (ok && f.number == node_field && f.body.at) ok = scan_node(s, f.body);
    }
    s->depth--;
    return ok;
}

static bool scan_model(scan *s, ap__wire_reader message) {
    ap__wire_field f;
    while (message.at < message.end && !s->found) {
        if (!ap__wire_read(&f, &message)) return false;
        if (!f.body.at) continue;
        if (f.number == ONNX_MODEL_GRAPH && !scan_nodes(s, f.body, ONNX_GRAPH_NODE)) return false;
        if (f.number == ONNX_MODEL_FUNCTIONS && !scan_nodes(s, f.body, ONNX_FUNCTION_NODE)) return false;
    }
    return true;
}

static ap_status scan_bytes(bool *out, scan *s, const void *bytes, size_t len, ap_error *err) {
    *out = false;
    if (!len) return AP_OK; /* An empty message, whose pointer may be NULL. */
    ap__wire_reader message = {bytes, (const uint8_t *)bytes + len};
    if (!scan_model(s, message)) return ap__fail(err, AP_EFORMAT, "not an ONNX model");
    *out = s->found;
    return AP_OK;
}

ap_status ap__onnx_has_op(bool *out, const void *bytes, size_t len, const char *const *ops, ap_error *err) {
    scan s = {.ops = ops};
    return scan_bytes(out, &s, bytes, len, err);
}

ap_status ap__onnx_has_window_op(bool *out, const void *bytes, size_t len, const char *const *ops,
                                 ap_error *err) {
    scan s = {.ops = ops, .skips_points = true};
    return scan_bytes(out, &s, bytes, len, err);
}

ap_status ap__onnx_file_has_op(bool *out, const char *path, const char *const *ops, ap_error *err) {
    ap__bytes file;
    *out = false;
    ap_status status = ap__file_map(&file, path, SIZE_MAX, err);
    if (status) return status;
    if ((status = ap__onnx_has_op(out, file.ptr, file.len, ops, err)))
        ap__error_wrap(err, status, "%s", path);
    ap__bytes_clear(&file);
    return status;
}

bool ap__onnx_file_mixes_rows(const char *path) {
    static const char *const ops[] = {"DynamicQuantizeLinear", "DynamicQuantizeMatMul", "DynamicQuantizeLSTM",
                                      NULL};
    bool found = false;
    ap_error err = AP_ERROR_INIT;
    if (!ap__path_ends_with(path, ".onnx")) return false;
    if (!ap__onnx_file_has_op(&found, path, ops, &err)) return found;
    ap__log(AP_LOG_WARNING, "model: cannot look at its operators, inputs run one by one: %s", err.message);
    return true;
}

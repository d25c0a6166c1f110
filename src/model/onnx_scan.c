/* Walking protobuf's wire format along ModelProto -> GraphProto -> NodeProto.
 * Source: onnx/onnx@v1.17.0 onnx/onnx.proto (field numbers), protobuf.dev "Encoding". */
#include "model/onnx_scan.h"

#include "base/error.h"
#include "base/file.h"

#include <stdint.h>
#include <string.h>

enum { GRAPHS_MAX_DEPTH = 32 };

/* Field numbers. */
enum {
    MODEL_GRAPH = 7,
    MODEL_FUNCTIONS = 25,
    GRAPH_NODE = 1,
    FUNCTION_NODE = 7,
    NODE_OP_TYPE = 4,
    NODE_ATTRIBUTE = 5,
    ATTRIBUTE_GRAPH = 6,
    ATTRIBUTE_GRAPHS = 11
};

/* What is left of a message. */
typedef struct reader {
    const uint8_t *at, *end;
} reader;

/* One field: of length-delimited ones `body` is the contents, of others it is empty. */
typedef struct field {
    uint64_t number;
    reader body;
} field;

static bool read_varint(uint64_t *out, reader *r) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && r->at < r->end; shift += 7) {
        uint8_t byte = *r->at++;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (!(byte & 0x80)) {
            *out = value;
            return true;
        }
    }
    return false;
}

static bool skip(reader *r, uint64_t count) {
    if (count > (uint64_t)(r->end - r->at)) return false;
    r->at += count;
    return true;
}

/* @return false at a fault; at the end of the message `r->at == r->end` tells beforehand. */
static bool read_field(field *out, reader *r) {
    uint64_t key, len;
    if (!read_varint(&key, r)) return false;
    out->number = key >> 3;
    out->body.at = out->body.end = NULL;
    switch (key & 7) {
    case 0:
        return read_varint(&len, r);
    case 1:
        return skip(r, 8);
    case 5:
        return skip(r, 4);
    case 2:
        if (!read_varint(&len, r)) return false;
        out->body.at = r->at;
        if (!skip(r, len)) return false;
        out->body.end = r->at;
        return true;
    default:
        return false;
    }
}

typedef struct scan {
    const char *const *ops;
    bool found;
    unsigned depth;
} scan;

static bool scan_nodes(scan *s, reader message, uint64_t node_field);

static bool is_wanted(const scan *s, reader name) {
    size_t len = (size_t)(name.end - name.at);
    for (const char *const *op = s->ops; *op; op++)
        if (strlen(*op) == len && memcmp(*op, name.at, len) == 0) return true;
    return false;
}

static bool scan_attribute(scan *s, reader message) {
    field f;
    while (message.at < message.end && !s->found) {
        if (!read_field(&f, &message)) return false;
        bool is_graph = f.number == ATTRIBUTE_GRAPH || f.number == ATTRIBUTE_GRAPHS;
        if (is_graph && f.body.at && !scan_nodes(s, f.body, GRAPH_NODE)) return false;
    }
    return true;
}

static bool scan_node(scan *s, reader message) {
    field f;
    while (message.at < message.end && !s->found) {
        if (!read_field(&f, &message)) return false;
        if (!f.body.at) continue;
        if (f.number == NODE_OP_TYPE && is_wanted(s, f.body)) s->found = true;
        if (f.number == NODE_ATTRIBUTE && !scan_attribute(s, f.body)) return false;
    }
    return true;
}

/* A graph or a function: only the number of its node field differs. */
static bool scan_nodes(scan *s, reader message, uint64_t node_field) {
    field f;
    if (s->depth >= GRAPHS_MAX_DEPTH) return false;
    s->depth++;
    bool ok = true;
    while (ok && message.at < message.end && !s->found) {
        ok = read_field(&f, &message);
        if (ok && f.number == node_field && f.body.at) ok = scan_node(s, f.body);
    }
    s->depth--;
    return ok;
}

static bool scan_model(scan *s, reader message) {
    field f;
    while (message.at < message.end && !s->found) {
        if (!read_field(&f, &message)) return false;
        if (!f.body.at) continue;
        if (f.number == MODEL_GRAPH && !scan_nodes(s, f.body, GRAPH_NODE)) return false;
        if (f.number == MODEL_FUNCTIONS && !scan_nodes(s, f.body, FUNCTION_NODE)) return false;
    }
    return true;
}

ap_status ap__onnx_has_op(bool *out, const void *bytes, size_t len, const char *const *ops, ap_error *err) {
    scan s = {.ops = ops};
    *out = false;
    if (!len) return AP_OK; /* An empty message, whose pointer may be NULL. */
    reader message = {bytes, (const uint8_t *)bytes + len};
    if (!scan_model(&s, message)) return ap__fail(err, AP_EFORMAT, "not an ONNX model");
    *out = s.found;
    return AP_OK;
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

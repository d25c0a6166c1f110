/* Nodes of ONNX graphs, read from their bytes. */
#include "node.h"

#include <string.h>

bool ovp_text_equals(onnx_text a, onnx_text b) {
    return a.len == b.len && (!a.len || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool ovp_text_is(onnx_text text, const char *wanted) {
    return ovp_text_equals(text, (onnx_text){wanted, strlen(wanted)});
}

onnx_text ovp_find_field(onnx_text message, uint32_t number) {
    if (!message.ptr) return message;
    reader r = reader_of(message);
    for (field f; read_field(&f, &r);)
        if (f.number == number && f.bytes.ptr) return f.bytes;
    return (onnx_text){NULL, 0};
}

static void add_io(onnx_text *ios, uint32_t *n, onnx_text name) {
    if (*n < OVP_NODE_MAX_IOS) ios[*n] = name;
    ++*n;
}

void ovp_node_read(ovp_node *out, onnx_text bytes) {
    memset(out, 0, sizeof *out);
    out->bytes = bytes;
    out->is_standard = true;
    reader r = reader_of(bytes);
    for (field f; read_field(&f, &r);) {
        if (!f.bytes.ptr) continue;
        if (f.number == NODE_OP_TYPE) out->op = f.bytes;
        if (f.number == NODE_INPUT) add_io(out->inputs, &out->n_inputs, f.bytes);
        if (f.number == NODE_OUTPUT) add_io(out->outputs, &out->n_outputs, f.bytes);
        if (f.number == NODE_DOMAIN) out->is_standard = !f.bytes.len || ovp_text_is(f.bytes, "ai.onnx");
    }
}

static onnx_text find_attribute(const ovp_node *node, const char *name) {
    reader r = reader_of(node->bytes);
    for (field f; read_field(&f, &r);)
        if (f.number == NODE_ATTRIBUTE && f.bytes.ptr &&
            ovp_text_is(ovp_find_field(f.bytes, ATTRIBUTE_NAME), name))
            return f.bytes;
    return (onnx_text){NULL, 0};
}

onnx_text ovp_node_attribute(const ovp_node *node, const char *name, uint32_t number) {
    return ovp_find_field(find_attribute(node, name), number);
}

int64_t ovp_node_int(const ovp_node *node, const char *name, int64_t otherwise) {
    onnx_text attribute = find_attribute(node, name);
    if (!attribute.ptr) return otherwise;
    reader r = reader_of(attribute);
    for (field f; read_field(&f, &r);)
        if (f.number == ATTRIBUTE_INT && !f.bytes.ptr) return (int64_t)f.integer;
    return otherwise;
}

static bool add_int(int64_t *out, int max, int *n, uint64_t value) {
    if (*n == max) return false;
    out[(*n)++] = (int64_t)value;
    return true;
}

int ovp_read_ints(int64_t *out, int max, onnx_text message, uint32_t number) {
    int n = 0;
    reader r = reader_of(message);
    for (field f; read_field(&f, &r);) {
        if (f.number != number) continue;
        if (!f.bytes.ptr) {
            if (!add_int(out, max, &n, f.integer)) return -1;
            continue;
        }
        for (reader packed = reader_of(f.bytes); packed.at < packed.end && !packed.is_broken;)
            if (!add_int(out, max, &n, read_varint(&packed))) return -1;
    }
    return n;
}

int ovp_node_ints(int64_t *out, int max, const ovp_node *node, const char *name) {
    onnx_text attribute = find_attribute(node, name);
    return attribute.ptr ? ovp_read_ints(out, max, attribute, ATTRIBUTE_INTS) : -1;
}

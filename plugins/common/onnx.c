/* A look at an ONNX file without loading it. Whatever does not fit ends the walk, and the runtime then says
 * what is wrong. */
#include "onnx.h"

#include "onnx_wire.h"

#include <string.h>

/* Graphs nest through the bodies of If, Loop and Scan. */
enum { MAX_DEPTH = 16 };

/* -- ONNX ---------------------------------------------------------------------------------------------- */

static void add_external(onnx_info *out, onnx_text name) {
    for (size_t i = 0; i < out->n_external; i++)
        if (out->external[i].len == name.len && memcmp(out->external[i].ptr, name.ptr, name.len) == 0) return;
    if (out->n_external == ONNX_MAX_EXTERNAL)
        out->is_truncated = true;
    else
        out->external[out->n_external++] = name;
}

/* One key and value of a tensor's external_data; the file is the one called "location". */
static void scan_entry(onnx_info *out, onnx_text bytes) {
    onnx_entry entry = onnx_read_entry(bytes);
    if (onnx_text_is(entry.key, "location") && entry.value.ptr) add_external(out, entry.value);
}

static bool scan_tensor(onnx_info *out, onnx_text tensor) {
    onnx_reader r = onnx_reader_of(tensor);
    for (onnx_field f; onnx_read_field(&f, &r);)
        if (f.number == ONNX_TENSOR_EXTERNAL_DATA && f.bytes.ptr) scan_entry(out, f.bytes);
    return !r.is_broken;
}

static bool scan_graph(onnx_info *out, onnx_text graph, int depth);

/* @param[out] block_size set when it is the attribute of that name. */
static bool scan_attribute(onnx_info *out, onnx_text attribute, int depth, uint64_t *block_size) {
    onnx_reader r = onnx_reader_of(attribute);
    bool is_block_size = false;
    for (onnx_field f; onnx_read_field(&f, &r);) {
        if (f.number == ONNX_ATTRIBUTE_NAME) is_block_size = onnx_text_is(f.bytes, "block_size");
        if (f.number == ONNX_ATTRIBUTE_INT && is_block_size) *block_size = f.integer;
        if (f.number == ONNX_ATTRIBUTE_TENSOR && f.bytes.ptr && !scan_tensor(out, f.bytes)) return false;
        if ((f.number == ONNX_ATTRIBUTE_GRAPH || f.number == ONNX_ATTRIBUTE_GRAPHS) && f.bytes.ptr &&
            !scan_graph(out, f.bytes, depth + 1))
            return false;
    }
    return !r.is_broken;
}

static bool scan_node(onnx_info *out, onnx_text node, int depth) {
    onnx_reader r = onnx_reader_of(node);
    onnx_text op = {NULL, 0};
    uint64_t block_size = 0;
    for (onnx_field f; onnx_read_field(&f, &r);) {
        if (f.number == ONNX_NODE_OP_TYPE) op = f.bytes;
        if (f.number == ONNX_NODE_ATTRIBUTE && f.bytes.ptr &&
            !scan_attribute(out, f.bytes, depth, &block_size))
            return false;
    }
    if (onnx_text_is(op, "DequantizeLinear"))
        *(block_size ? &out->has_blockwise : &out->has_dequantize) = true;
    if (onnx_text_is(op, "QuantizeLinear") || onnx_text_is(op, "DynamicQuantizeLinear"))
        out->has_quantize = true;
    return !r.is_broken;
}

/* Whether an input begins with the name of a cache. */
static bool is_past(onnx_text input) {
    static const char start[] = "past_key_values";
    onnx_reader r = onnx_reader_of(input);
    for (onnx_field f; onnx_read_field(&f, &r);)
        if (f.number == ONNX_VALUE_NAME && f.bytes.ptr)
            return f.bytes.len >= sizeof start - 1 && memcmp(f.bytes.ptr, start, sizeof start - 1) == 0;
    return false;
}

static bool scan_graph(onnx_info *out, onnx_text graph, int depth) {
    onnx_reader r = onnx_reader_of(graph);
    if (depth > MAX_DEPTH) return false;
    for (onnx_field f; onnx_read_field(&f, &r);) {
        if (!f.bytes.ptr) continue;
        if (f.number == ONNX_GRAPH_NODE && !scan_node(out, f.bytes, depth)) return false;
        if (f.number == ONNX_GRAPH_INITIALIZER && !scan_tensor(out, f.bytes)) return false;
        if (f.number == ONNX_GRAPH_INPUT && is_past(f.bytes)) out->has_past = true;
    }
    return !r.is_broken;
}

void onnx_info_scan(onnx_info *out, const void *bytes, size_t n_bytes) {
    bool has_graph = false;
    memset(out, 0, sizeof *out);
    if (!n_bytes) return;
    onnx_reader r = onnx_reader_of((onnx_text){bytes, n_bytes});
    for (onnx_field f; onnx_read_field(&f, &r);) {
        if (f.number != ONNX_MODEL_GRAPH || !f.bytes.ptr) continue;
        has_graph = true;
        if (!scan_graph(out, f.bytes, 0)) return;
    }
    out->is_onnx = has_graph && !r.is_broken;
}

/* -- names --------------------------------------------------------------------------------------------- */

static bool has_initializer(onnx_text graph, onnx_text name) {
    onnx_reader r = onnx_reader_of(graph);
    for (onnx_field f; onnx_read_field(&f, &r);) {
        if (f.number != ONNX_GRAPH_INITIALIZER || !f.bytes.ptr) continue;
        onnx_text own = onnx_find_bytes(f.bytes, ONNX_TENSOR_NAME);
        if (own.ptr && onnx_text_equals(own, name)) return true;
    }
    return false;
}

static void visit_names(onnx_text model, uint32_t number, onnx_name_fn visit, void *ctx) {
    if (!model.len) return;
    onnx_text graph = onnx_find_bytes(model, ONNX_MODEL_GRAPH);
    if (!graph.ptr) return;
    onnx_reader r = onnx_reader_of(graph);
    for (onnx_field f; onnx_read_field(&f, &r);) {
        if (f.number != number || !f.bytes.ptr) continue;
        onnx_text name = onnx_find_bytes(f.bytes, ONNX_VALUE_NAME);
        if (!name.ptr || (number == ONNX_GRAPH_INPUT && has_initializer(graph, name))) continue;
        if (!visit(ctx, name)) return;
    }
}

void onnx_input_names(const void *bytes, size_t n_bytes, onnx_name_fn visit, void *ctx) {
    visit_names((onnx_text){bytes, n_bytes}, ONNX_GRAPH_INPUT, visit, ctx);
}

void onnx_output_names(const void *bytes, size_t n_bytes, onnx_name_fn visit, void *ctx) {
    visit_names((onnx_text){bytes, n_bytes}, ONNX_GRAPH_OUTPUT, visit, ctx);
}

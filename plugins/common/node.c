/* Nodes of ONNX graphs, read from their bytes. */
#include "node.h"

#include <string.h>

static void add_io(onnx_text *ios, uint32_t *n, onnx_text name) {
    if (*n < ONNX_NODE_MAX_IOS) ios[*n] = name;
    ++*n;
}

void onnx_node_read(onnx_node *out, onnx_text bytes) {
    memset(out, 0, sizeof *out);
    out->bytes = bytes;
    out->is_standard = true;
    onnx_reader r = onnx_reader_of(bytes);
    for (onnx_field f; onnx_read_field(&f, &r);) {
        if (!f.bytes.ptr) continue;
        if (f.number == ONNX_NODE_OP_TYPE) out->op = f.bytes;
        if (f.number == ONNX_NODE_INPUT) add_io(out->inputs, &out->n_inputs, f.bytes);
        if (f.number == ONNX_NODE_OUTPUT) add_io(out->outputs, &out->n_outputs, f.bytes);
        if (f.number == ONNX_NODE_DOMAIN) out->is_standard = !f.bytes.len || onnx_text_is(f.bytes, "ai.onnx");
    }
}

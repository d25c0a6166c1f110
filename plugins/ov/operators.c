/* Operators that OpenVINO reads and computes wrongly, without a word: they are refused.
 *
 * Tried against ONNX Runtime 1.32 with OpenVINO 2026.4: of the operators of com.microsoft, these alone
 * differ. */
#include "operators.h"

#include "common/node.h"

#include <string.h>

enum { GRAPHS_DEPTH_MAX = 16 };

/* What is wrong with a node; NULL: nothing. */
typedef const char *(*wrong_fn)(const onnx_node *node);

/* The activation is taken for Relu unless it is LeakyRelu. */
static const char *fused_gemm(const onnx_node *node) {
    onnx_text activation = onnx_attribute_bytes(node->bytes, "activation", ONNX_ATTRIBUTE_STRING);
    bool is_right = onnx_text_is(activation, "Relu") || onnx_text_is(activation, "LeakyRelu");
    return is_right ? NULL : "takes its activation for Relu";
}

/* 0, the default, is one by the root of the head's size. */
static const char *attention(const onnx_node *node) {
    onnx_reader r = onnx_reader_of(onnx_find_attribute(node->bytes, "scale"));
    for (onnx_field f; onnx_read_field(&f, &r);)
        if (f.number == ONNX_ATTRIBUTE_FLOAT && f.integer) return "leaves out its scale";
    return NULL;
}

static const struct {
    const char *op;
    wrong_fn wrong;
} OPERATORS[] = {{"FusedGemm", fused_gemm}, {"Attention", attention}};

static ap_status check_graph(onnx_text graph, int depth, ap_error *err);

/* The graphs in a node's attributes. */
static ap_status check_inner(onnx_text node, int depth, ap_error *err) {
    ap_status status = AP_OK;
    onnx_reader r = onnx_reader_of(node);
    for (onnx_field f; !status && onnx_read_field(&f, &r);) {
        if (f.number != ONNX_NODE_ATTRIBUTE || !f.bytes.ptr) continue;
        onnx_reader attribute = onnx_reader_of(f.bytes);
        for (onnx_field own; !status && onnx_read_field(&own, &attribute);)
            if (own.number == ONNX_ATTRIBUTE_GRAPH && own.bytes.ptr)
                status = check_graph(own.bytes, depth + 1, err);
    }
    return status;
}

static ap_status check_node(onnx_text bytes, int depth, ap_error *err) {
    onnx_node node;
    onnx_node_read(&node, bytes);
    if (node.is_standard) return check_inner(bytes, depth, err);
    if (!onnx_text_is(onnx_find_bytes(bytes, ONNX_NODE_DOMAIN), "com.microsoft")) return AP_OK;
    for (size_t i = 0; i < sizeof OPERATORS / sizeof *OPERATORS; i++) {
        const char *wrong = onnx_text_is(node.op, OPERATORS[i].op) ? OPERATORS[i].wrong(&node) : NULL;
        onnx_text name = onnx_find_bytes(bytes, ONNX_NODE_NAME);
        if (wrong)
            return ov.host->fail(
                err, AP_EUNSUPPORTED,
                "operator com.microsoft.%s (node \"%.*s\"): OpenVINO %s, which gives wrong results; "
                "accelerator \"ort\" has it",
                OPERATORS[i].op, (int)(name.len < 100 ? name.len : 100), name.ptr ? name.ptr : "", wrong);
    }
    return AP_OK;
}

static ap_status check_graph(onnx_text graph, int depth, ap_error *err) {
    ap_status status = AP_OK;
    if (depth > GRAPHS_DEPTH_MAX) return AP_OK;
    onnx_reader r = onnx_reader_of(graph);
    for (onnx_field f; !status && onnx_read_field(&f, &r);)
        if (f.number == ONNX_GRAPH_NODE && f.bytes.ptr) status = check_node(f.bytes, depth, err);
    return status;
}

/* Most models name no other domain than ONNX's: their nodes are not looked at. */
static bool has_domain(onnx_text model, const char *domain) {
    onnx_reader r = onnx_reader_of(model);
    for (onnx_field f; onnx_read_field(&f, &r);)
        if (f.number == ONNX_MODEL_OPSET_IMPORT && f.bytes.ptr &&
            onnx_text_is(onnx_find_bytes(f.bytes, ONNX_OPSET_DOMAIN), domain))
            return true;
    return false;
}

ap_status ovp_operators_check(const void *bytes, size_t n_bytes, ap_error *err) {
    const onnx_text model = {bytes, n_bytes};
    if (!has_domain(model, "com.microsoft")) return AP_OK;
    return check_graph(onnx_find_bytes(model, ONNX_MODEL_GRAPH), 0, err);
}

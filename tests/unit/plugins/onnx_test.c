/* The plugins' look at an ONNX file. The source itself is included: a plugin exports nothing. */
#include "../../../plugins/common/onnx.c"

#include "base/file.h"
#include "unit/support/check.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_MODEL_BYTES = 1 << 28 };

static ap_error err;

static ap__bytes read_model(const char *name) {
    ap__bytes bytes = {0};
    char path[512];
    snprintf(path, sizeof path, "%s/onnx/%s.onnx", AP_TEST_DATA_DIR, name);
    assert_ok(ap__file_read(&bytes, path, MAX_MODEL_BYTES, &err), &err);
    return bytes;
}

void test_sees_weights_alone_quantized(void **state) {
    (void)state;
    onnx_info onnx;
    ap__bytes bytes = read_model("weight_only");
    onnx_info_scan(&onnx, bytes.ptr, bytes.len);
    assert_true(onnx.is_onnx && onnx.has_dequantize && !onnx.has_quantize && !onnx.has_blockwise);
    assert_true(onnx_info_folds_weights(&onnx));
    ap__bytes_clear(&bytes);
}

void test_sees_nothing_quantized(void **state) {
    (void)state;
    static const char *const names[] = {"identity_all", "append", "slow", "external"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        onnx_info onnx;
        ap__bytes bytes = read_model(names[i]);
        onnx_info_scan(&onnx, bytes.ptr, bytes.len);
        assert_true(onnx.is_onnx);
        assert_false(onnx_info_folds_weights(&onnx));
        ap__bytes_clear(&bytes);
    }
}

void test_sees_external_files(void **state) {
    (void)state;
    onnx_info onnx;
    ap__bytes bytes = read_model("external");
    onnx_info_scan(&onnx, bytes.ptr, bytes.len);
    assert_int_equal(1, onnx.n_external);
    assert_true(onnx_text_is(onnx.external[0], "external.bin"));
    assert_false(onnx.is_truncated);
    ap__bytes_clear(&bytes);
}

/* Messages for models that nobody exports: field `number` with `len` bytes. */
static size_t put(char *out, int number, const void *bytes, size_t len) {
    out[0] = (char)(number << 3 | 2);
    out[1] = (char)len;
    memmove(out + 2, bytes, len);
    return len + 2;
}

static size_t put_node(char *out, const char *op, const char *attribute, char value) {
    char node[100], parts[60];
    size_t n = 0, len = put(node, ONNX_NODE_OP_TYPE, op, strlen(op));
    if (attribute) {
        n = put(parts, ONNX_ATTRIBUTE_NAME, attribute, strlen(attribute));
        parts[n++] = (char)(ONNX_ATTRIBUTE_INT << 3);
        parts[n++] = value;
        len += put(node + len, ONNX_NODE_ATTRIBUTE, parts, n);
    }
    return put(out, ONNX_GRAPH_NODE, node, len);
}

static onnx_info scan_nodes(const char *const *ops, size_t n_ops, const char *attribute, char value) {
    char graph[120], model[126];
    size_t len = 0;
    onnx_info onnx;
    for (size_t i = 0; i < n_ops; i++) len += put_node(graph + len, ops[i], attribute, value);
    len = put(model, ONNX_MODEL_GRAPH, graph, len);
    onnx_info_scan(&onnx, model, len);
    assert_true(onnx.is_onnx);
    return onnx;
}

void test_tells_kinds_of_quantization_apart(void **state) {
    (void)state;
    const char *const both[] = {"QuantizeLinear", "DequantizeLinear"}, *const dynamic[] = {
                                                                           "DequantizeLinear",
                                                                           "DynamicQuantizeLinear"};
    onnx_info onnx = scan_nodes(both, 2, NULL, 0);
    assert_true(onnx.has_quantize && !onnx_info_folds_weights(&onnx));
    onnx = scan_nodes(dynamic, 2, NULL, 0);
    assert_true(onnx.has_quantize && !onnx_info_folds_weights(&onnx));
    onnx = scan_nodes(both + 1, 1, "block_size", 32);
    assert_true(onnx.has_blockwise && !onnx_info_folds_weights(&onnx));
    onnx = scan_nodes(both + 1, 1, "block_size", 0);
    assert_true(onnx_info_folds_weights(&onnx));
    onnx = scan_nodes(both + 1, 1, "axis", 1);
    assert_true(onnx_info_folds_weights(&onnx));
}

void test_nothing_of_what_is_no_model(void **state) {
    (void)state;
    onnx_info onnx;
    static const char text[] = "this is a text and not a model", zeros[64];
    onnx_info_scan(&onnx, text, sizeof text - 1);
    assert_false(onnx.is_onnx);
    onnx_info_scan(&onnx, zeros, sizeof zeros);
    assert_false(onnx.is_onnx);
    onnx_info_scan(&onnx, NULL, 0);
    assert_false(onnx.is_onnx);
}

/* Each in a block of exactly its length, so that AddressSanitizer sees a read beyond it. */
static void scan_copy(const char *bytes, size_t len) {
    onnx_info onnx;
    char *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    onnx_info_scan(&onnx, copy, len);
    assert_true(onnx.n_external <= ONNX_MAX_EXTERNAL);
    free(copy);
}

void test_survives_cuts_and_wrong_bytes(void **state) {
    (void)state;
    static const char *const names[] = {"identity_all", "slow", "external"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        ap__bytes bytes = read_model(names[i]);
        for (size_t len = 0; len <= bytes.len; len++) scan_copy(bytes.ptr, len);
        for (size_t at = 0; at < bytes.len; at++)
            for (int flip = 1; flip < 256; flip <<= 1) {
                bytes.ptr[at] = (char)(bytes.ptr[at] ^ flip);
                scan_copy(bytes.ptr, bytes.len);
                bytes.ptr[at] = (char)(bytes.ptr[at] ^ flip);
            }
        ap__bytes_clear(&bytes);
    }
}

/* A graph in an attribute of a node of a graph, and so on: deeper than anybody needs, and then no further. */
void test_nesting_has_an_end(void **state) {
    (void)state;
    enum { DEPTH = 2000, STEP = 15 };
    static unsigned char model[DEPTH * STEP + 64];
    onnx_info onnx;
    size_t start = sizeof model;
    /* From the inside out, with lengths of five bytes. */
    for (int i = 0; i < DEPTH * 3 + 1; i++) {
        static const unsigned char tags[] = {ONNX_GRAPH_NODE << 3 | 2, ONNX_NODE_ATTRIBUTE << 3 | 2,
                                             ONNX_ATTRIBUTE_GRAPH << 3 | 2};
        size_t len = sizeof model - start;
        unsigned char tag = i == DEPTH * 3 ? ONNX_MODEL_GRAPH << 3 | 2 : tags[2 - i % 3];
        unsigned char *p = model + (start -= 4);
        p[0] = tag;
        p[1] = (unsigned char)(len & 0x7F) | 0x80;
        p[2] = (unsigned char)(len >> 7 & 0x7F) | 0x80;
        p[3] = (unsigned char)(len >> 14 & 0x7F);
    }
    onnx_info_scan(&onnx, model + start, sizeof model - start);
    assert_false(onnx.is_onnx);
}

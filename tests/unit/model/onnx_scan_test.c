#include "model/onnx_scan.h"

#include "base/buf.h"
#include "base/file.h"
#include "unit/support/check.h"
#include "unit/support/random.h"
#include "unit/support/tempdir.h"

#include <stdlib.h>
#include <string.h>

static ap_error err;

static const char *const OPS[] = {"DynamicQuantizeLinear", "DynamicQuantizeMatMul", NULL};

/* -- writing protobuf ---------------------------------------------------------------------------------- */

/* Field numbers of onnx.proto. */
enum { MODEL_GRAPH = 7, MODEL_FUNCTIONS = 25, GRAPH_NODE = 1, GRAPH_INITIALIZER = 5, FUNCTION_NODE = 7 };
enum { NODE_NAME = 3, NODE_OP_TYPE = 4, NODE_ATTRIBUTE = 5, ATTRIBUTE_GRAPH = 6, ATTRIBUTE_GRAPHS = 11 };

static void put_varint(ap__buf *out, uint64_t number) {
    for (; number > 127; number >>= 7)
        assert_ok(ap__buf_append(out, (const unsigned char[]){(unsigned char)(number | 128)}, 1, &err), &err);
    assert_ok(ap__buf_append(out, (const unsigned char[]){(unsigned char)number}, 1, &err), &err);
}

static void put_field(ap__buf *out, unsigned number, const void *bytes, size_t len) {
    put_varint(out, (uint64_t)number << 3 | 2);
    put_varint(out, len);
    assert_ok(ap__buf_append(out, bytes, len, &err), &err);
}

/* Makes `message` the field `number` of a message of its own. */
static void wrap(ap__buf *message, unsigned number) {
    ap__buf outer = {0};
    put_field(&outer, number, message->ptr, message->len);
    ap__buf_clear(message);
    *message = outer;
}

/* A message that holds one node with that operator, below the path of field numbers (innermost first). */
static ap__buf nested_op(const char *op, const unsigned *path, size_t n_path) {
    ap__buf message = {0};
    put_field(&message, NODE_OP_TYPE, op, strlen(op));
    for (size_t i = 0; i < n_path; i++) wrap(&message, path[i]);
    return message;
}

static bool scan(const void *bytes, size_t len) {
    bool found = false;
    assert_ok(ap__onnx_has_op(&found, bytes, len, OPS, &err), &err);
    return found;
}

static void assert_scans(bool expected, ap__buf *message) {
    assert_int_equal(expected, scan(message->ptr, message->len));
    ap__buf_clear(message);
}

static void assert_refused(const void *bytes, size_t len) {
    bool found = true;
    assert_fails(ap__onnx_has_op(&found, bytes, len, OPS, &err), AP_EFORMAT, &err, "not an ONNX model");
    assert_false(found);
}

#define PATH(...) (const unsigned[]){__VA_ARGS__}, sizeof((const unsigned[]){__VA_ARGS__}) / sizeof(unsigned)

/* -- where nodes are ----------------------------------------------------------------------------------- */

void test_node_of_the_graph(void **state) {
    (void)state;
    ap__buf message = nested_op("DynamicQuantizeLinear", PATH(GRAPH_NODE, MODEL_GRAPH));
    assert_scans(true, &message);
    message = nested_op("DynamicQuantizeMatMul", PATH(GRAPH_NODE, MODEL_GRAPH));
    assert_scans(true, &message);
    message = nested_op("MatMul", PATH(GRAPH_NODE, MODEL_GRAPH));
    assert_scans(false, &message);
}

void test_node_of_a_function(void **state) {
    (void)state;
    ap__buf message = nested_op("DynamicQuantizeLinear", PATH(FUNCTION_NODE, MODEL_FUNCTIONS));
    assert_scans(true, &message);
    message = nested_op("DynamicQuantizeLinear", PATH(GRAPH_NODE, MODEL_FUNCTIONS)); /* not a node there */
    assert_scans(false, &message);
}

void test_node_of_a_branch_or_a_loop(void **state) {
    (void)state;
    ap__buf message = nested_op("DynamicQuantizeLinear",
                                PATH(GRAPH_NODE, ATTRIBUTE_GRAPH, NODE_ATTRIBUTE, GRAPH_NODE, MODEL_GRAPH));
    assert_scans(true, &message);
    message = nested_op("DynamicQuantizeLinear",
                        PATH(GRAPH_NODE, ATTRIBUTE_GRAPHS, NODE_ATTRIBUTE, GRAPH_NODE, MODEL_GRAPH));
    assert_scans(true, &message);
    message = nested_op("DynamicQuantizeLinear",
                        PATH(GRAPH_NODE, ATTRIBUTE_GRAPHS, NODE_ATTRIBUTE, FUNCTION_NODE, MODEL_FUNCTIONS));
    assert_scans(true, &message);
}

void test_names_count_as_a_whole(void **state) {
    (void)state;
    static const char *const others[] = {"DynamicQuantizeLinea", "DynamicQuantizeLinear2",
                                         "dynamicquantizelinear", ""};
    for (size_t i = 0; i < 4; i++) {
        ap__buf message = nested_op(others[i], PATH(GRAPH_NODE, MODEL_GRAPH));
        assert_scans(false, &message);
    }
}

void test_the_same_text_elsewhere_does_not_count(void **state) {
    (void)state;
    ap__buf node = {0};
    put_field(&node, NODE_NAME, "DynamicQuantizeLinear", 21); /* A node of that name, ... */
    wrap(&node, GRAPH_NODE);
    put_field(&node, GRAPH_INITIALIZER,
              "\x22\x15"
              "DynamicQuantizeLinear",
              23); /* ... and weights. */
    wrap(&node, MODEL_GRAPH);
    put_field(&node, 2, "DynamicQuantizeLinear", 21); /* producer_name */
    assert_scans(false, &node);
}

void test_the_last_of_many_nodes(void **state) {
    (void)state;
    ap__buf graph = {0};
    for (int i = 0; i < 1000; i++) {
        ap__buf node = nested_op(i < 999 ? "Add" : "DynamicQuantizeLinear", NULL, 0);
        put_field(&graph, GRAPH_NODE, node.ptr, node.len);
        ap__buf_clear(&node);
    }
    wrap(&graph, MODEL_GRAPH);
    assert_scans(true, &graph);
}

/* -- the wire format ----------------------------------------------------------------------------------- */

void test_nothing_is_an_empty_message(void **state) {
    (void)state;
    assert_false(scan("", 0));
    assert_false(scan(NULL, 0));
}

void test_fields_of_other_types_are_skipped(void **state) {
    (void)state;
    static const unsigned char fields[] = {0x08, 0x96, 0x01, /* 1: varint 150 */
                                           0x39, 1,    2,    3,    4,    5,    6,
                                           7,    8,                            /* 7: 64 bits, not a message */
                                           0x3D, 1,    2,    3,    4,          /* 7: 32 bits */
                                           0x38, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, /* 7: a varint of ten bytes */
                                           0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0x3A, 0x00}; /* 7: an empty graph */
    assert_false(scan(fields, sizeof fields));
}

void test_faults_of_the_wire_format(void **state) {
    (void)state;
    assert_refused("\x3B", 1); /* a group */
    assert_refused("\x3E", 1); /* no such type */
    assert_refused("\x3F", 1);
    assert_refused("\x80", 1);                                              /* a key without an end */
    assert_refused("\x08", 1);                                              /* a varint that is missing */
    assert_refused("\x08\x80", 2);                                          /* ... or cut */
    assert_refused("\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 12); /* eleven bytes */
    assert_refused("\x39\x01\x02", 3);
    assert_refused("\x3D\x01\x02", 3);
    assert_refused("\x3A", 1);
    assert_refused("\x3A\x05xxxx", 6);                                  /* one byte short */
    assert_refused("\x3A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 11); /* 2^64 - 1 bytes */
    assert_refused("\x3A\x02\x0A\x7F", 4);                              /* a node longer than its graph */
    assert_refused("PK\x03\x04", 4);
    assert_refused("<!DOCTYPE html>", 15);
}

static ap__buf nested_graphs(size_t depth) {
    ap__buf message = nested_op("Add", PATH(GRAPH_NODE));
    for (size_t i = 1; i < depth; i++) {
        wrap(&message, ATTRIBUTE_GRAPH);
        wrap(&message, NODE_ATTRIBUTE);
        wrap(&message, GRAPH_NODE);
    }
    wrap(&message, MODEL_GRAPH);
    return message;
}

void test_depth_of_graphs(void **state) {
    (void)state;
    ap__buf message = nested_graphs(32);
    assert_scans(false, &message);
    message = nested_graphs(33);
    assert_refused(message.ptr, message.len);
    ap__buf_clear(&message);
    message = nested_graphs(2000);
    assert_refused(message.ptr, message.len);
    ap__buf_clear(&message);
}

/* -- real files ---------------------------------------------------------------------------------------- */

/* Reads a copy that ends where the memory ends, so that a sanitizer sees the first byte read behind it. */
static ap_status scan_copy(const char *bytes, size_t len) {
    bool found;
    char *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    ap_status status = ap__onnx_has_op(&found, copy, len, OPS, NULL);
    free(copy);
    return status;
}

static ap__bytes read_tiny_model(void) {
    ap__bytes bytes;
    assert_ok(ap__file_read(&bytes, AP_TEST_DATA_DIR "/models-broken/whole/onnx/model.onnx", 10000, &err),
              &err);
    return bytes;
}

/* Whole at the ends of its fields, and nowhere else. */
void test_truncated_at_every_length(void **state) {
    (void)state;
    ap__bytes model = read_tiny_model();
    size_t n_whole = 0;
    for (size_t len = 0; len <= model.len; len++) {
        ap_status status = scan_copy(model.ptr, len);
        assert_true(status == AP_OK || status == AP_EFORMAT);
        n_whole += status == AP_OK;
    }
    assert_int_equal(4, n_whole); /* empty, ir_version, graph, opset_import */
    ap__bytes_clear(&model);
}

void test_every_byte_changed(void **state) {
    (void)state;
    ap__bytes model = read_tiny_model();
    uint64_t seed = 9;
    for (size_t at = 0; at < model.len; at++)
        for (int round = 0; round < 20; round++) {
            char before = model.ptr[at];
            model.ptr[at] = (char)random_bits(&seed);
            ap_status status = scan_copy(model.ptr, model.len);
            assert_true(status == AP_OK || status == AP_EFORMAT);
            model.ptr[at] = before;
        }
    ap__bytes_clear(&model);
}

void test_random_bytes(void **state) {
    (void)state;
    uint64_t seed = 10;
    for (int round = 0; round < 20000; round++) {
        char bytes[64];
        size_t len = random_below(&seed, sizeof bytes + 1);
        for (size_t i = 0; i < len; i++) bytes[i] = (char)random_bits(&seed);
        if (len) bytes[0] = '\x3A';
        ap_status status = scan_copy(bytes, len);
        assert_true(status == AP_OK || status == AP_EFORMAT);
    }
}

static void assert_file(const char *path, bool expected) {
    bool found = !expected;
    assert_ok(ap__onnx_file_has_op(&found, path, OPS, &err), &err);
    assert_int_equal(expected, found);
}

void test_parity_models_are_not_quantized_dynamically(void **state) {
    (void)state;
    static const char *const names[] = {"bert-sst2", "roberta-multilabel", "electra-pairs",
                                        "albert-regression"};
    static const char *const matmul[] = {"MatMul", NULL};
    for (size_t i = 0; i < 4; i++) {
        ap__path path;
        bool found = false;
        assert_ok(
            ap__path_format(&path, &err, "%s/parity/models/%s/onnx/model.onnx", AP_TEST_DATA_DIR, names[i]),
            &err);
        assert_file(path.text, false);
        assert_ok(ap__onnx_file_has_op(&found, path.text, matmul, &err), &err);
        assert_true(found); /* It does look. */
    }
}

void test_demo_models(void **state) {
    (void)state;
    assert_file(AP_TEST_SOURCE_DIR "/models/minilm-sst2/onnx/model.onnx", false);
    if (!ap__path_is_dir(AP_TEST_SHARED_DIR "/demo-model")) skip();
    assert_file(AP_TEST_SHARED_DIR "/demo-model/onnx/model.onnx", false);
    assert_file(AP_TEST_SHARED_DIR "/demo-model/onnx/model_quantized.onnx", true);
}

void test_files(void **state) {
    (void)state;
    bool found = true;
    ap__path folder;
    tempdir_create(&folder);
    assert_fails(ap__onnx_file_has_op(&found, "/no/such.onnx", OPS, &err), AP_ENOTFOUND, &err,
                 "/no/such.onnx: No such");
    assert_false(found);
    assert_fails(ap__onnx_file_has_op(&found, folder.text, OPS, &err), AP_EIO, &err, "not a regular file");
    ap__path path = tempdir_write_text(&folder, "page.onnx", "<!DOCTYPE html>");
    assert_fails(ap__onnx_file_has_op(&found, path.text, OPS, &err), AP_EFORMAT, &err,
                 "page.onnx: not an ONNX model");
    path = tempdir_write(&folder, "empty.onnx", NULL, 0);
    assert_file(path.text, false);
    tempdir_remove(&folder);
}

#include "model/neighbours.h"

#include "base/buf.h"
#include "model/onnx_wire.h"
#include "unit/support/check.h"
#include "unit/support/tempdir.h"

#include <stdio.h>
#include <string.h>

static ap_error err;
static ap__path folder;

int test_setup(void **state) {
    (void)state;
    tempdir_create(&folder);
    return 0;
}

int test_teardown(void **state) {
    (void)state;
    tempdir_remove(&folder);
    return 0;
}

/* -- ONNX ---------------------------------------------------------------------------------------------- */

/* A window of `n` extents; as one field each, as exporters write them, or packed. */
static void put_kernel(ap__wire_writer *w, const unsigned char *extents, size_t n, bool is_packed) {
    size_t attribute = ap__wire_open(w);
    ap__wire_put_text(w, ONNX_ATTRIBUTE_NAME, "kernel_shape");
    for (size_t i = 0; !is_packed && i < n; i++) ap__wire_put_number(w, ONNX_ATTRIBUTE_INTS, extents[i]);
    if (is_packed) ap__wire_put_bytes(w, "\x42", 1); /* Field 8 of type 2. */
    if (is_packed) ap__wire_put_bytes(w, (char[]){(char)n}, 1);
    if (is_packed) ap__wire_put_bytes(w, extents, n);
    ap__wire_close(w, attribute, ONNX_NODE_ATTRIBUTE);
}

/* Whether a file with an Add and this node has neighbours. */
static bool look_at_node(const char *op, const unsigned char *kernel, size_t n_kernel, bool is_packed) {
    ap__buf file = {0};
    ap__wire_writer w = {.buf = &file, .err = &err};
    size_t graph = ap__wire_open(&w), node = ap__wire_open(&w);
    ap__wire_put_text(&w, ONNX_NODE_OP_TYPE, "Add");
    ap__wire_close(&w, node, ONNX_GRAPH_NODE);
    node = ap__wire_open(&w);
    ap__wire_put_text(&w, ONNX_NODE_NAME, "Conv");
    ap__wire_put_text(&w, ONNX_NODE_OP_TYPE, op);
    if (kernel) put_kernel(&w, kernel, n_kernel, is_packed);
    ap__wire_close(&w, node, ONNX_GRAPH_NODE);
    ap__wire_close(&w, graph, ONNX_MODEL_GRAPH);
    assert_ok(w.status, &err);
    ap__path path = tempdir_write(&folder, "model.onnx", file.ptr, file.len);
    ap__buf_clear(&file);
    return ap__model_file_has_neighbours(path.text);
}

void test_operators_of_onnx(void **state) {
    static const char *const has[] = {"Conv", "Pad", "MaxPool", "AveragePool", "LSTM", "Loop", "DFT"};
    static const char *const has_not[] = {"MatMul", "Softmax", "LayerNormalization", "Conv2", "ReduceMean"};
    (void)state;
    for (size_t i = 0; i < sizeof has / sizeof *has; i++) assert_true(look_at_node(has[i], NULL, 0, false));
    for (size_t i = 0; i < sizeof has_not / sizeof *has_not; i++)
        assert_false(look_at_node(has_not[i], NULL, 0, false));
}

/* SqueezeBERT's products are convolutions over one position. */
void test_a_window_of_one_position_is_none(void **state) {
    static const unsigned char one[] = {1, 1}, three[] = {1, 3};
    (void)state;
    for (int is_packed = 0; is_packed < 2; is_packed++) {
        assert_false(look_at_node("Conv", one, 1, is_packed));
        assert_false(look_at_node("Conv", one, 2, is_packed));
        assert_true(look_at_node("Conv", three, 2, is_packed));
        assert_true(look_at_node("MaxPool", three + 1, 1, is_packed));
    }
    assert_true(look_at_node("Conv", one, 0, false));
}

/* -- OpenVINO IR --------------------------------------------------------------------------------------- */

static bool look_at_layer(const char *attribute) {
    char text[200];
    snprintf(text, sizeof text, "<?xml version=\"1.0\"?>\n<net name=\"Pad\"><layer id=\"0\" %s /></net>",
             attribute);
    ap__path path = tempdir_write_text(&folder, "openvino_model.xml", text);
    return ap__model_file_has_neighbours(path.text);
}

void test_layers_of_ir(void **state) {
    (void)state;
    assert_true(look_at_layer("type=\"Convolution\""));
    assert_true(look_at_layer("type = 'Pad'"));
    assert_true(look_at_layer("name=\"x\" type=\"GroupConvolution\" version=\"opset1\""));
    assert_false(look_at_layer("type=\"MatMul\""));
    assert_false(look_at_layer("name=\"Pad\" type=\"Add\""));
    assert_false(look_at_layer("type=\"Pads\""));
    assert_false(look_at_layer("retype=\"Pad\""));
}

/* -- others -------------------------------------------------------------------------------------------- */

void test_what_cannot_be_read_is_taken_for_one(void **state) {
    (void)state;
    ap__path path = tempdir_write_text(&folder, "page.onnx", "<!DOCTYPE html>");
    assert_true(ap__model_file_has_neighbours(path.text));
    assert_true(ap__model_file_has_neighbours("/no/such/file.onnx"));
    path = tempdir_write_text(&folder, "model.pt", "Conv type=\"Pad\"");
    assert_false(ap__model_file_has_neighbours(path.text));
    path = tempdir_write_text(&folder, "short.xml", "Pad\"");
    assert_false(ap__model_file_has_neighbours(path.text));
}

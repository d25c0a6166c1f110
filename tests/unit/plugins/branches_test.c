/* Shapes that are followed through a graph, and Ifs that are taken out. The sources are included: a plugin
 * exports nothing. */
#include "../../../plugins/common/branches.c"
#include "../../../plugins/common/names.c"
#include "../../../plugins/common/node.c"
#include "../../../plugins/common/nums.c"
#include "../../../plugins/common/onnx.c"
#include "../../../plugins/common/onnx_writer.c"
#include "../../../plugins/common/shapes.c"

#include "backend/host.h"
#include "base/file.h"
#include "unit/support/check.h"
#include "unit/support/torture.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_MODEL_BYTES = 1 << 20, B = 0, S = 1 };

static ap_error err;
static onnx_nums nums;
static onnx_num extents[2]; /* Not known: B, S. */

int test_setup(void **state) {
    (void)state;
    assert_int_equal(AP_OK, onnx_nums_init(&nums, ap__host_get(), &err));
    for (int i = 0; i < 2; i++) extents[i] = onnx_num_new(&nums, ONNX_NUM_EXTENT);
    return 0;
}

int test_teardown(void **state) {
    (void)state;
    onnx_nums_clear(&nums);
    return 0;
}

static onnx_num known(int64_t value) { return onnx_num_constant(&nums, value); }

/* -- numbers ------------------------------------------------------------------------------------------- */

void test_the_same_expression_is_the_same_number(void **state) {
    (void)state;
    static const onnx_num_kind kinds[] = {ONNX_NUM_ADD, ONNX_NUM_SUB, ONNX_NUM_MUL, ONNX_NUM_DIV,
                                          ONNX_NUM_BROADCAST};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        onnx_num a = onnx_num_of(&nums, kinds[i], extents[B], extents[S]);
        assert_int_equal(a, onnx_num_of(&nums, kinds[i], extents[B], extents[S]));
        bool is_swapped = a == onnx_num_of(&nums, kinds[i], extents[S], extents[B]);
        assert_int_equal(commutes(kinds[i]), is_swapped);
    }
    assert_int_not_equal(extents[B], extents[S]);
}

void test_expressions_are_simplified(void **state) {
    (void)state;
    const struct {
        onnx_num_kind kind;
        onnx_num a, b, result;
    } rows[] = {
        {ONNX_NUM_ADD, known(2), known(3), known(5)},
        {ONNX_NUM_ADD, extents[S], known(0), extents[S]},
        {ONNX_NUM_SUB, extents[S], extents[S], known(0)},
        {ONNX_NUM_MUL, known(1), extents[S], extents[S]},
        {ONNX_NUM_DIV, extents[S], known(1), extents[S]},
        {ONNX_NUM_DIV, known(-7), known(2), known(-3)},
        {ONNX_NUM_EQUAL, extents[S], extents[S], known(1)},
        {ONNX_NUM_EQUAL, extents[S], known(-1), known(0)},
        {ONNX_NUM_EQUAL, known(3), known(4), known(0)},
        {ONNX_NUM_LESS, extents[S], known(0), known(0)},
        {ONNX_NUM_LESS, known(3), known(4), known(1)},
        {ONNX_NUM_BROADCAST, extents[S], known(1), extents[S]},
        {ONNX_NUM_BROADCAST, extents[S], known(7), known(7)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(rows[i].result, onnx_num_of(&nums, rows[i].kind, rows[i].a, rows[i].b));
}

/* What may be so in one run and not in another is not decided, and what has no result is no constant. */
void test_nothing_is_said_that_may_not_be(void **state) {
    (void)state;
    int64_t value;
    const onnx_num open[] = {
        onnx_num_of(&nums, ONNX_NUM_EQUAL, extents[B], extents[S]),
        onnx_num_of(&nums, ONNX_NUM_EQUAL, extents[S], known(0)),
        onnx_num_of(&nums, ONNX_NUM_EQUAL, onnx_num_new(&nums, ONNX_NUM_ANY), known(-1)),
        onnx_num_of(&nums, ONNX_NUM_LESS, extents[S], known(1)),
        onnx_num_of(&nums, ONNX_NUM_BROADCAST, extents[B], extents[S]),
        onnx_num_of(&nums, ONNX_NUM_DIV, known(1), known(0)),
        onnx_num_of(&nums, ONNX_NUM_DIV, known(INT64_MIN), known(-1)),
        onnx_num_of(&nums, ONNX_NUM_ADD, known(INT64_MAX), known(1)),
    };
    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        assert_false(onnx_num_is_constant(&nums, open[i], &value));
}

static onnx_num quotient(const onnx_num *of, size_t n, const onnx_num *by, size_t n_by) {
    onnx_factors dividend = {0}, divisor = {0};
    for (size_t i = 0; i < n; i++) onnx_factors_add(&nums, &dividend, of[i]);
    for (size_t i = 0; i < n_by; i++) onnx_factors_add(&nums, &divisor, by[i]);
    return onnx_num_quotient(&nums, &dividend, &divisor);
}

void test_quotients_of_products(void **state) {
    (void)state;
    const onnx_num b = extents[B], s = extents[S], bs = onnx_num_of(&nums, ONNX_NUM_MUL, b, s);
    assert_int_equal(known(16), quotient((onnx_num[]){b, s, known(64)}, 3, (onnx_num[]){known(4), s, b}, 3));
    assert_int_equal(b, quotient((onnx_num[]){bs, known(6)}, 2, (onnx_num[]){s, known(6)}, 2));
    assert_int_equal(bs, quotient((onnx_num[]){s, b}, 2, NULL, 0));
    assert_true(nums.terms[quotient((onnx_num[]){b, known(5)}, 2, (onnx_num[]){known(2)}, 1)].kind ==
                ONNX_NUM_EXTENT);
    assert_true(nums.terms[quotient((onnx_num[]){b}, 1, (onnx_num[]){s}, 1)].kind == ONNX_NUM_EXTENT);
}

void test_a_full_table_says_so(void **state) {
    (void)state;
    for (int i = 0; i < ONNX_NUMS_MAX - 3; i++) assert_true(known(i) != ONNX_NUM_NONE);
    assert_false(nums.is_full);
    assert_true(known(-5) == ONNX_NUM_NONE);
    assert_true(nums.is_full);
    assert_true(onnx_num_of(&nums, ONNX_NUM_ADD, ONNX_NUM_NONE, extents[B]) == ONNX_NUM_NONE);
}

/* -- operators ----------------------------------------------------------------------------------------- */

typedef struct built {
    char bytes[400];
    size_t len;
} built;

static void put(built *b, uint32_t number, const void *bytes, size_t len) {
    assert_true(len < 128 && b->len + len + 2 < sizeof b->bytes);
    b->bytes[b->len] = (char)(number << 3 | ONNX_WIRE_BYTES);
    b->bytes[b->len + 1] = (char)len;
    if (len) memcpy(b->bytes + b->len + 2, bytes, len);
    b->len += len + 2;
}

static void put_small(built *b, uint32_t number, int64_t value) {
    for (uint64_t left = number << 3;; left = (uint64_t)value, number = 0) {
        do {
            b->bytes[b->len++] = (char)((left & 0x7F) | (left > 0x7F ? 0x80 : 0));
            left >>= 7;
        } while (left);
        if (!number) return;
    }
}

/* A node with one attribute: a number, or a list. */
static built make_node(const char *op, uint32_t n_inputs, const char *attribute, int n_ints,
                       const int64_t *ints) {
    built node = {.len = 0}, own = {.len = 0};
    for (uint32_t i = 0; i < n_inputs; i++) put(&node, ONNX_NODE_INPUT, "i", 1);
    put(&node, ONNX_NODE_OUTPUT, "o", 1);
    put(&node, ONNX_NODE_OP_TYPE, op, strlen(op));
    if (!attribute) return node;
    put(&own, ONNX_ATTRIBUTE_NAME, attribute, strlen(attribute));
    for (int i = 0; i < n_ints; i++) put_small(&own, ONNX_ATTRIBUTE_INTS, ints[i]);
    if (!n_ints) put_small(&own, ONNX_ATTRIBUTE_INT, *ints);
    put(&node, ONNX_NODE_ATTRIBUTE, own.bytes, own.len);
    return node;
}

static onnx_value run_node(const built *bytes, const onnx_value *const *inputs) {
    onnx_node node;
    onnx_value out;
    onnx_node_read(&node, (onnx_text){bytes->bytes, bytes->len});
    onnx_shapes_of_node(&out, 1, &node, inputs, &nums);
    return out;
}

static onnx_value shaped(uint32_t rank, const onnx_num *dims) {
    onnx_value out = {.has_shape = true, .rank = rank};
    memcpy(out.dims, dims, rank * sizeof *dims);
    return out;
}

static onnx_value vector(uint32_t n, const onnx_num *elements) {
    onnx_value out = {
        .has_shape = true, .rank = 1, .has_elements = true, .n_elements = n, .dims = {known(n)}};
    memcpy(out.elements, elements, n * sizeof *elements);
    return out;
}

static void check_dims(const onnx_value *value, uint32_t rank, const onnx_num *dims) {
    assert_true(value->has_shape);
    assert_int_equal(rank, value->rank);
    for (uint32_t i = 0; i < rank; i++) assert_int_equal(dims[i], value->dims[i]);
}

#define DIMS(...)                                                                                            \
    (sizeof((onnx_num[]){__VA_ARGS__}) / sizeof(onnx_num)), (onnx_num[]) { __VA_ARGS__ }
#define INTS(...)                                                                                            \
    (sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]) { __VA_ARGS__ }

void test_reshape(void **state) {
    (void)state;
    const onnx_num b = extents[B], s = extents[S];
    const onnx_value x = shaped(DIMS(b, s, known(64)));
    const built node = make_node("Reshape", 2, NULL, 0, NULL);
    onnx_value target = vector(DIMS(known(0), known(0), known(4), known(-1)));
    onnx_value y = run_node(&node, (const onnx_value *[]){&x, &target});
    check_dims(&y, DIMS(b, s, known(4), known(16)));
    target = vector(DIMS(known(-1), s, known(16)));
    y = run_node(&node, (const onnx_value *[]){&y, &target});
    check_dims(&y, DIMS(onnx_num_of(&nums, ONNX_NUM_MUL, known(4), b), s, known(16)));
    /* A number that may be -1 in some run says nothing of the extent. */
    onnx_num any = onnx_num_new(&nums, ONNX_NUM_ANY);
    target = vector(DIMS(any, known(64)));
    y = run_node(&node, (const onnx_value *[]){&x, &target});
    assert_true(y.has_shape && y.rank == 2 && y.dims[0] != any && y.dims[1] == known(64));
}

void test_axes(void **state) {
    (void)state;
    const onnx_num b = extents[B], s = extents[S], one = known(1);
    const onnx_value x = shaped(DIMS(b, s, known(64)));
    const onnx_value *const in[] = {&x, &x};
    built node = make_node("Transpose", 1, "perm", INTS(2, 0, 1));
    onnx_value y = run_node(&node, in);
    check_dims(&y, DIMS(known(64), b, s));
    node = make_node("Unsqueeze", 1, "axes", INTS(0, -1));
    y = run_node(&node, in);
    check_dims(&y, DIMS(one, b, s, known(64), one));
    node = make_node("Squeeze", 1, "axes", INTS(0, 4));
    y = run_node(&node, (const onnx_value *[]){&y});
    check_dims(&y, DIMS(b, s, known(64)));
    node = make_node("ReduceMean", 1, "axes", INTS(-1));
    y = run_node(&node, in);
    check_dims(&y, DIMS(b, s, one));
    node = make_node("Concat", 2, "axis", 0, (int64_t[]){2});
    y = run_node(&node, in);
    check_dims(&y, DIMS(b, s, known(128)));
    node = make_node("Squeeze", 1, "axes", INTS(7));
    assert_false(run_node(&node, in).has_shape);
}

void test_shapes_as_values(void **state) {
    (void)state;
    const onnx_num b = extents[B], s = extents[S];
    const onnx_value x = shaped(DIMS(b, s, known(64)));
    built node = make_node("Shape", 1, NULL, 0, NULL);
    const onnx_value shape = run_node(&node, (const onnx_value *[]){&x});
    assert_true(shape.has_elements && shape.n_elements == 3 && shape.elements[1] == s);
    const onnx_value from = vector(DIMS(known(-2))), to = vector(DIMS(known(-1)));
    node = make_node("Slice", 3, NULL, 0, NULL);
    onnx_value y = run_node(&node, (const onnx_value *[]){&shape, &from, &to});
    assert_true(y.has_elements && y.n_elements == 1 && y.elements[0] == s);
    node = make_node("Gather", 2, NULL, 0, NULL);
    y = run_node(&node, (const onnx_value *[]){&shape, &from});
    assert_true(y.has_elements && y.elements[0] == s);
    node = make_node("Equal", 2, NULL, 0, NULL);
    y = run_node(&node, (const onnx_value *[]){&shape, &y});
    assert_true(onnx_num_is(&nums, y.elements[1], 1) && !onnx_num_is(&nums, y.elements[0], 1));
    const onnx_value beyond = vector(DIMS(known(3)));
    node = make_node("Gather", 2, NULL, 0, NULL);
    assert_false(run_node(&node, (const onnx_value *[]){&shape, &beyond}).has_elements);
}

void test_products(void **state) {
    (void)state;
    const onnx_num b = extents[B], s = extents[S];
    const onnx_value x = shaped(DIMS(b, s, known(64))), w = shaped(DIMS(known(64), known(2)));
    const built node = make_node("MatMul", 2, NULL, 0, NULL);
    onnx_value y = run_node(&node, (const onnx_value *[]){&x, &w});
    check_dims(&y, DIMS(b, s, known(2)));
    const built add = make_node("Add", 2, NULL, 0, NULL);
    const onnx_value row = shaped(DIMS(known(2)));
    y = run_node(&add, (const onnx_value *[]){&row, &y});
    check_dims(&y, DIMS(b, s, known(2)));
}

/* A convolution keeps a length where its padding makes up for its window. */
void test_convolutions(void **state) {
    (void)state;
    const onnx_num b = extents[B], s = extents[S];
    const onnx_value x = shaped(DIMS(b, known(8), s)), w = shaped(DIMS(known(6), known(8), known(3)));
    const onnx_value *const in[] = {&x, &w};
    built node = make_node("Conv", 2, "pads", INTS(1, 1));
    onnx_value y = run_node(&node, in);
    check_dims(&y, DIMS(b, known(6), s));
    node = make_node("Conv", 2, NULL, 0, NULL);
    y = run_node(&node, in);
    check_dims(&y, DIMS(b, known(6), onnx_num_of(&nums, ONNX_NUM_ADD, s, known(-2))));
    node = make_node("Conv", 2, "dilations", INTS(2));
    y = run_node(&node, in);
    check_dims(&y, DIMS(b, known(6), onnx_num_of(&nums, ONNX_NUM_ADD, s, known(-4))));
    const built others[] = {make_node("Conv", 2, "strides", INTS(2)), make_node("Conv", 2, "pads", INTS(1)),
                            make_node("Conv", 2, "pads", INTS(-1, 3)),
                            make_node("Conv", 2, "dilations", INTS(0))};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        y = run_node(&others[i], in);
        assert_true(y.has_shape && y.dims[1] == known(6));
        assert_true(y.dims[2] != s && onnx_num_is_extent(&nums, y.dims[2]));
    }
}

void test_what_is_not_known_stays_unknown(void **state) {
    (void)state;
    const onnx_value x = shaped(DIMS(extents[B]));
    const built nodes[] = {make_node("NoSuchOperator", 1, NULL, 0, NULL),
                           make_node("Reshape", 1, NULL, 0, NULL), make_node("MatMul", 2, NULL, 0, NULL),
                           make_node("Gather", 2, NULL, 0, NULL)};
    for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++)
        assert_false(run_node(&nodes[i], (const onnx_value *[]){&x, NULL}).has_shape);
}

/* -- Ifs ----------------------------------------------------------------------------------------------- */

static ap__bytes read_model(const char *name) {
    ap__bytes bytes = {0};
    char path[512];
    snprintf(path, sizeof path, "%s/onnx/%s.onnx", AP_TEST_DATA_DIR, name);
    assert_ok(ap__file_read(&bytes, path, MAX_MODEL_BYTES, &err), &err);
    return bytes;
}

static size_t count_nodes(const char *graph, size_t n_graph, const char *op) {
    size_t n = 0;
    onnx_reader r = onnx_reader_of(onnx_find_bytes((onnx_text){graph, n_graph}, ONNX_MODEL_GRAPH));
    for (onnx_field f; onnx_read_field(&f, &r);) {
        onnx_node node;
        if (f.number != ONNX_GRAPH_NODE) continue;
        onnx_node_read(&node, f.bytes);
        n += onnx_text_is(node.op, op);
    }
    return n;
}

void test_branches_that_are_known_take_the_place_of_ifs(void **state) {
    (void)state;
    char *graph = NULL;
    size_t n = 0;
    ap__bytes bytes = read_model("branches");
    assert_ok(onnx_branches_fold(ap__host_get(), &graph, &n, bytes.ptr, bytes.len, &err), &err);
    assert_non_null(graph);
    assert_int_equal(0, count_nodes(graph, n, "If"));
    assert_int_equal(2, count_nodes(graph, n, "Mul"));
    assert_int_equal(0, count_nodes(graph, n, "Unsqueeze"));
    ap__host_get()->free(graph);
    ap__bytes_clear(&bytes);
}

void test_other_models_stay_as_they_are(void **state) {
    (void)state;
    static const char *const names[] = {"branches_by_input", "append", "slow", "identity_all"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *graph = NULL;
        size_t n = 0;
        ap__bytes bytes = read_model(names[i]);
        assert_ok(onnx_branches_fold(ap__host_get(), &graph, &n, bytes.ptr, bytes.len, &err), &err);
        assert_null(graph);
        ap__bytes_clear(&bytes);
    }
}

/* A name that the graph has too would mean another value there. */
void test_a_branch_with_a_name_of_the_graph_stays(void **state) {
    (void)state;
    char *graph = NULL;
    size_t n = 0;
    ap__bytes bytes = read_model("branches");
    for (size_t i = 0; i + 6 <= bytes.len; i++)
        if (memcmp(bytes.ptr + i, "scaled", 6) == 0) memcpy(bytes.ptr + i, "target", 6);
    assert_ok(onnx_branches_fold(ap__host_get(), &graph, &n, bytes.ptr, bytes.len, &err), &err);
    assert_null(graph);
    ap__bytes_clear(&bytes);
}

static ap_status fold(void *ctx, ap_error *error) {
    const ap__bytes *bytes = ctx;
    char *graph = NULL;
    size_t n = 0;
    ap_status status = onnx_branches_fold(ap__host_get(), &graph, &n, bytes->ptr, bytes->len, error);
    assert_int_equal(status == AP_OK, graph != NULL);
    ap__host_get()->free(graph);
    return status;
}

void test_every_allocation_may_fail(void **state) {
    (void)state;
    ap__bytes bytes = read_model("branches");
    torture(fold, &bytes);
    ap__bytes_clear(&bytes);
}

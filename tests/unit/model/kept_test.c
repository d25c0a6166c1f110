/* Tensors that stay in their backend: what is done with them there is what arithmetic on the host gives. */
#include "model/kept.h"

#include "unit/backend/sessions.h"
#include "unit/support/check.h"
#include "unit/support/torture.h"

#include <string.h>

enum { N = 2, ROWS = 3, HEADS = 2, TOKENS = 4, SIZE = 5, MAX_ELEMENTS = 8 * HEADS * 16 * SIZE };

static ap__path cache;
static ap_error err;

int group_setup(void **state) {
    (void)state;
    sessions_setup(&cache);
    return 0;
}

int group_teardown(void **state) {
    (void)state;
    sessions_teardown(&cache);
    return 0;
}

static void make_set(ap__kept_set *set, const ap__backend *backend, ap_dtype dtype) {
    static const int64_t shape[] = {-1, HEADS, -1, SIZE};
    assert_ok(ap__kept_set_init(set, N, dtype, 4, &err), &err);
    for (size_t i = 0; i < N; i++) memcpy(set->spec.shapes[i], shape, sizeof shape);
    set->spec.axis = 2;
    set->backend = backend;
    set->options.n_threads = 1;
}

/* Each element tells where it is: row, head, token, column. */
static float element(size_t tensor, size_t row, size_t head, size_t token, size_t column) {
    return (float)(tensor * 100000 + row * 10000 + head * 1000 + token * 10 + column + 1);
}

static void make_tensors(ap__tensor **tensors, size_t n_rows, size_t n_tokens, size_t first_row) {
    const int64_t shape[] = {(int64_t)n_rows, HEADS, (int64_t)n_tokens, SIZE};
    for (size_t i = 0; i < N; i++) {
        float data[MAX_ELEMENTS], *at = data;
        for (size_t row = 0; row < n_rows; row++)
            for (size_t head = 0; head < HEADS; head++)
                for (size_t token = 0; token < n_tokens; token++)
                    for (size_t k = 0; k < SIZE; k++) *at++ = element(i, first_row + row, head, token, k);
        tensors[i] = sessions_tensor(AP_DTYPE_F32, shape, 4, data);
    }
}

/* Row i is row `rows[i]`, its tokens those from `starts[i]` on; in front of the first token are zeros. */
static void assert_tensors(ap__tensor *const *tensors, const size_t *rows, const int *starts, size_t n_rows,
                           size_t n_tokens) {
    for (size_t i = 0; i < N; i++) {
        const ap_tensor_view *view = ap__tensor_get_view(tensors[i]);
        const float *at = view->data;
        assert_int_equal(n_rows, view->shape[0]);
        assert_int_equal(n_tokens, view->shape[2]);
        for (size_t row = 0; row < n_rows; row++)
            for (size_t head = 0; head < HEADS; head++)
                for (size_t token = 0; token < n_tokens; token++)
                    for (size_t k = 0; k < SIZE; k++, at++) {
                        int source = starts[row] + (int)token;
                        float expected = source < 0 ? 0 : element(i, rows[row], head, (size_t)source, k);
                        assert_true(*at == expected);
                    }
    }
}

static void check(const ap__backend *backend) {
    ap__kept_set set;
    ap__tensor *tensors[N], *others[N];
    make_set(&set, backend, AP_DTYPE_F32);
    make_tensors(tensors, ROWS, TOKENS, 0);
    assert_ok(ap__kept_gather(&set, tensors, (const int64_t[]){2, 0, 0, 1}, 4, NULL, &err), &err);
    assert_tensors(tensors, (const size_t[]){2, 0, 0, 1}, (const int[]){0, 0, 0, 0}, 4, TOKENS);
    assert_ok(ap__kept_slice(&set, tensors, 0, 2, &err), &err);
    assert_tensors(tensors, (const size_t[]){2, 0, 0, 1}, (const int[]){0, 0, 0, 0}, 4, 2);
    make_tensors(others, 1, 3, 5);
    assert_ok(ap__kept_join(&set, tensors, others, &err), &err);
    assert_tensors(tensors, (const size_t[]){2, 0, 0, 1, 5}, (const int[]){-1, -1, -1, -1, 0}, 5, 3);
    ap__kept_unref(others, N);
    make_tensors(others, 2, 1, 6);
    assert_ok(ap__kept_join(&set, tensors, others, &err), &err);
    assert_tensors(tensors, (const size_t[]){2, 0, 0, 1, 5, 6, 7}, (const int[]){-1, -1, -1, -1, 0, -2, -2},
                   7, 3);
    assert_ok(ap__kept_slice(&set, tensors, 1, 3, &err), &err);
    assert_tensors(tensors, (const size_t[]){2, 0, 0, 1, 5, 6, 7}, (const int[]){0, 0, 0, 0, 1, -1, -1}, 7,
                   2);
    ap__kept_unref(others, N);
    ap__kept_unref(tensors, N);
    assert_ok(ap__kept_create(tensors, &set, 3, &err), &err); /* Without a token. */
    assert_ok(ap__kept_gather(&set, tensors, (const int64_t[]){0, 2}, 2, NULL, &err), &err);
    assert_int_equal(2, ap__tensor_get_view(tensors[1])->shape[0]);
    assert_int_equal(0, ap__tensor_get_view(tensors[1])->shape[2]);
    ap__kept_unref(tensors, N);
    ap__kept_set_clear(&set);
}

void test_on_every_backend(void **state) {
    (void)state;
    static const char *const names[] = {"ort", "ov", "ipex"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const ap__backend *backend = sessions_backend(names[i]);
        if (backend) check(backend);
    }
}

void test_float16(void **state) {
    (void)state;
    const ap__backend *backend = sessions_backend("ort");
    if (!backend) skip();
    ap__kept_set set;
    ap__tensor *tensors[N], *others[N];
    const int64_t shape[] = {1, HEADS, 1, SIZE}, longer[] = {1, HEADS, 2, SIZE};
    make_set(&set, backend, AP_DTYPE_F16);
    for (size_t i = 0; i < N; i++) {
        tensors[i] = sessions_tensor(AP_DTYPE_F16, shape, 4, NULL);
        others[i] = sessions_tensor(AP_DTYPE_F16, longer, 4, NULL);
    }
    assert_ok(ap__kept_join(&set, tensors, others, &err), &err);
    assert_int_equal(2, ap__tensor_get_view(tensors[0])->shape[0]);
    assert_int_equal(2, ap__tensor_get_view(tensors[0])->shape[2]);
    ap__kept_unref(others, N);
    ap__kept_unref(tensors, N);
    ap__kept_set_clear(&set);
}

void test_no_tensors(void **state) {
    (void)state;
    ap__kept_set set;
    assert_ok(ap__kept_set_init(&set, 0, AP_DTYPE_F32, 0, &err), &err);
    assert_ok(ap__kept_slice(&set, NULL, 0, 1, &err), &err);
    assert_ok(ap__kept_join(&set, NULL, NULL, &err), &err);
    ap__kept_set_clear(&set);
    ap__kept_set_clear(&set);
}

void test_failures_leave_the_tensors(void **state) {
    (void)state;
    const ap__backend *backend = sessions_backend("ort");
    if (!backend) skip();
    ap__kept_set set;
    ap__tensor *tensors[N];
    make_set(&set, backend, AP_DTYPE_F32);
    make_tensors(tensors, ROWS, TOKENS, 0);
    assert_fails(ap__kept_gather(&set, tensors, (const int64_t[]){7}, 1, NULL, &err), AP_EINVAL, &err, "");
    assert_tensors(tensors, (const size_t[]){0, 1, 2}, (const int[]){0, 0, 0}, ROWS, TOKENS);
    ap__kept_unref(tensors, N);
    ap__kept_set_clear(&set);
    make_set(&set, backend, AP_DTYPE_I16);
    make_tensors(tensors, ROWS, TOKENS, 0);
    assert_fails(ap__kept_slice(&set, tensors, 0, 1, &err), AP_EUNSUPPORTED, &err, "a cache of int16");
    ap__kept_unref(tensors, N);
    ap__kept_set_clear(&set);
}

static ap_status write_graphs(void *ctx, ap_error *error) {
    (void)ctx;
    ap__kept_set set;
    ap__buf graph = {0};
    static const int64_t shape[] = {-1, HEADS, -1, SIZE};
    ap_status status = ap__kept_set_init(&set, N, AP_DTYPE_F32, 4, error);
    for (size_t i = 0; !status && i < N; i++) memcpy(set.spec.shapes[i], shape, sizeof shape);
    for (int op = 0; !status && op < AP__N_KEPT_OPS; op++)
        status = ap__kept_graph_write(&graph, (ap__kept_op)op, &set.spec, error);
    ap__buf_clear(&graph);
    ap__kept_set_clear(&set);
    return status;
}

void test_torture(void **state) {
    (void)state;
    torture(write_graphs, NULL);
}

#include "tensor/tensor.h"

#include "unit/support/check.h"
#include "unit/support/torture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static ap_error err;

static ap__tensor *create(ap_dtype dtype, const int64_t *shape, uint32_t rank) {
    ap__tensor *tensor = NULL;
    assert_ok(ap__tensor_create(&tensor, dtype, shape, rank, &err), &err);
    return tensor;
}

/* float32 [rows, columns] with the numbers 0, 1, 2, ... */
static ap__tensor *create_counting(int64_t rows, int64_t columns) {
    ap__tensor *tensor = create(AP_DTYPE_F32, (const int64_t[]){rows, columns}, 2);
    float *data = ap__tensor_data(tensor);
    for (size_t i = 0; i < ap__tensor_n_elements(tensor); i++) data[i] = (float)i;
    return tensor;
}

/* -- shapes -------------------------------------------------------------------------------------------- */

void test_shape_size(void **state) {
    (void)state;
    size_t count = 9, bytes = 9;
    assert_ok(ap__shape_size(&count, &bytes, AP_DTYPE_F16, (const int64_t[]){2, 3, 4}, 3, &err), &err);
    assert_int_equal(24, count);
    assert_int_equal(48, bytes);
    assert_ok(ap__shape_size(&count, &bytes, AP_DTYPE_I64, NULL, 0, &err), &err); /* a scalar */
    assert_int_equal(1, count);
    assert_int_equal(8, bytes);
    assert_ok(ap__shape_size(&count, &bytes, AP_DTYPE_I64, (const int64_t[]){5, 0}, 2, &err), &err);
    assert_int_equal(0, count);
    assert_int_equal(0, bytes);
}

static void assert_no_shape(ap_dtype dtype, const int64_t *shape, uint32_t rank, ap_status expected,
                            const char *text) {
    size_t count, bytes;
    ap__tensor *tensor = (ap__tensor *)1;
    assert_fails(ap__shape_size(&count, &bytes, dtype, shape, rank, &err), expected, &err, text);
    assert_fails(ap__tensor_create(&tensor, dtype, shape, rank, &err), expected, &err, text);
    assert_null(tensor);
}

void test_shapes_that_are_refused(void **state) {
    (void)state;
    const int64_t ones[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    assert_no_shape(AP_DTYPE_F32, (const int64_t[]){2, -1}, 2, AP_EINVAL, "extent 1 is -1");
    assert_no_shape(AP_DTYPE_F32, ones, 9, AP_EINVAL, "rank 9, over the limit of 8");
    assert_no_shape(AP_DTYPE_NONE, ones, 1, AP_EINVAL, "0 is not an element type");
    assert_no_shape((ap_dtype)99, ones, 1, AP_EINVAL, "99 is not an element type");
    const int64_t half = (int64_t)1 << 32;
    assert_no_shape(AP_DTYPE_U8, (const int64_t[]){half, half}, 2, AP_ELIMIT, "overflow at dimension 1");
    assert_no_shape(AP_DTYPE_U8, (const int64_t[]){INT64_MAX, 3}, 2, AP_ELIMIT, "overflow at dimension 1");
    assert_no_shape(AP_DTYPE_F64, (const int64_t[]){INT64_MAX}, 1, AP_ELIMIT, "over the limit of");
    assert_no_shape(AP_DTYPE_U8, (const int64_t[]){((int64_t)1 << 40) + 1}, 1, AP_ELIMIT, "1099511627776");
}

void test_highest_rank(void **state) {
    (void)state;
    const int64_t shape[8] = {1, 2, 1, 2, 1, 2, 1, 2};
    ap__tensor *tensor = create(AP_DTYPE_I8, shape, 8);
    assert_int_equal(16, ap__tensor_n_elements(tensor));
    assert_memory_equal(shape, ap__tensor_get_view(tensor)->shape, sizeof shape);
    ap__tensor_unref(tensor);
}

void test_shape_text(void **state) {
    (void)state;
    char buf[32];
    assert_string_equal("[2, -1, 30]", ap__shape_text(buf, sizeof buf, (const int64_t[]){2, -1, 30}, 3));
    assert_string_equal("[]", ap__shape_text(buf, sizeof buf, NULL, 0));
    assert_string_equal("", ap__shape_text(buf, 0, NULL, 0));
    for (size_t size = 1; size < 12; size++) { /* cut, and terminated */
        memset(buf, 'x', sizeof buf);
        ap__shape_text(buf, size, (const int64_t[]){2, -1, 30}, 3);
        assert_int_equal(size - 1, strlen(buf));
        assert_int_equal('x', buf[size]);
    }
}

/* -- tensors of their own ------------------------------------------------------------------------------ */

void test_create(void **state) {
    (void)state;
    ap__tensor *tensor = create(AP_DTYPE_I64, (const int64_t[]){2, 3}, 2);
    const ap_tensor_view *view = ap__tensor_get_view(tensor);
    assert_int_equal(AP_DTYPE_I64, view->dtype);
    assert_int_equal(2, view->rank);
    assert_int_equal(48, view->size_bytes);
    assert_ptr_equal(view->data, ap__tensor_data(tensor));
    assert_int_equal(0, (uintptr_t)view->data % 64); /* For vector instructions. */
    assert_int_equal(6, ap__tensor_n_elements(tensor));
    memset(ap__tensor_data(tensor), 0xFF, view->size_bytes);
    ap__tensor_unref(tensor);
    ap__tensor_unref(NULL);
}

void test_scalar_and_empty(void **state) {
    (void)state;
    ap__tensor *scalar = create(AP_DTYPE_F32, NULL, 0);
    assert_int_equal(1, ap__tensor_n_elements(scalar));
    ap__tensor_unref(scalar);
    ap__tensor *empty = create(AP_DTYPE_F32, (const int64_t[]){0, 7}, 2);
    assert_int_equal(0, ap__tensor_n_elements(empty));
    assert_int_equal(0, ap__tensor_get_view(empty)->size_bytes);
    ap__tensor_unref(empty);
}

/* -- slices -------------------------------------------------------------------------------------------- */

void test_slice_shares_the_rows(void **state) {
    (void)state;
    ap__tensor *tensor = create_counting(4, 3), *slice;
    assert_ok(ap__tensor_slice(&slice, tensor, 1, 2, &err), &err);
    const ap_tensor_view *view = ap__tensor_get_view(slice);
    assert_int_equal(2, view->shape[0]);
    assert_int_equal(3, view->shape[1]);
    assert_int_equal(24, view->size_bytes);
    assert_int_equal(6, ap__tensor_n_elements(slice));
    assert_true(((const float *)view->data)[0] == 3.0f);
    assert_ptr_equal((const float *)ap__tensor_get_view(tensor)->data + 3, view->data);
    ap__tensor_unref(tensor); /* The slice keeps it. */
    assert_true(((const float *)view->data)[5] == 8.0f);
    ap__tensor_unref(slice);
}

void test_narrow_along_the_first_extent_that_is_not_one(void **state) {
    (void)state;
    ap__tensor *tensor = create_counting(5, 3), *row, *narrow, *none = (ap__tensor *)1;
    assert_ok(ap__tensor_slice(&row, tensor, 2, 1, &err), &err);
    assert_ok(ap__tensor_narrow(&narrow, row, 1, 1, 2, &err), &err);
    const ap_tensor_view *view = ap__tensor_get_view(narrow);
    assert_int_equal(1, view->shape[0]);
    assert_int_equal(2, view->shape[1]);
    assert_int_equal(8, view->size_bytes);
    assert_int_equal(2, ap__tensor_n_elements(narrow));
    assert_true(((const float *)view->data)[0] == 7.0f);
    assert_fails(ap__tensor_narrow(&none, tensor, 1, 0, 1, &err), AP_EINVAL, &err, "rows");
    assert_null(none);
    assert_fails(ap__tensor_narrow(&none, row, 2, 0, 0, &err), AP_EINVAL, &err, "rows");
    assert_fails(ap__tensor_narrow(&none, row, 1, 2, 2, &err), AP_EINVAL, &err, "rows");
    ap__tensor_unref(narrow);
    ap__tensor_unref(row);
    ap__tensor_unref(tensor);
}

void test_slice_of_a_slice(void **state) {
    (void)state;
    ap__tensor *tensor = create_counting(10, 2), *outer, *inner;
    assert_ok(ap__tensor_slice(&outer, tensor, 2, 6, &err), &err);
    assert_ok(ap__tensor_slice(&inner, outer, 3, 1, &err), &err);
    ap__tensor_unref(tensor);
    ap__tensor_unref(outer);
    assert_true(((const float *)ap__tensor_get_view(inner)->data)[0] == 10.0f);
    ap__tensor_unref(inner);
}

void test_slice_of_no_rows(void **state) {
    (void)state;
    ap__tensor *tensor = create_counting(2, 2), *slice, *again;
    assert_ok(ap__tensor_slice(&slice, tensor, 2, 0, &err), &err);
    assert_int_equal(0, ap__tensor_n_elements(slice));
    assert_int_equal(0, ap__tensor_get_view(slice)->size_bytes);
    assert_ok(ap__tensor_slice(&again, slice, 0, 0, &err), &err);
    ap__tensor_unref(again);
    ap__tensor_unref(slice);
    ap__tensor_unref(tensor);
}

void test_slice_of_rows_without_elements(void **state) {
    (void)state;
    ap__tensor *tensor = create_counting(3, 0), *slice;
    assert_ok(ap__tensor_slice(&slice, tensor, 1, 2, &err), &err);
    assert_int_equal(2, ap__tensor_get_view(slice)->shape[0]);
    assert_int_equal(0, ap__tensor_n_elements(slice));
    ap__tensor_unref(slice);
    ap__tensor_unref(tensor);
}

static void assert_no_slice(ap__tensor *tensor, int64_t start, int64_t count) {
    ap__tensor *slice = (ap__tensor *)1;
    assert_fails(ap__tensor_slice(&slice, tensor, start, count, &err), AP_EINVAL, &err, "rows");
    assert_null(slice);
}

void test_slice_out_of_range(void **state) {
    (void)state;
    ap__tensor *tensor = create_counting(3, 2), *scalar = create(AP_DTYPE_F32, NULL, 0);
    assert_no_slice(tensor, -1, 1);
    assert_no_slice(tensor, 0, 4);
    assert_no_slice(tensor, 4, 0);
    assert_no_slice(tensor, 3, 1);
    assert_no_slice(tensor, 0, -1);
    assert_no_slice(tensor, 1, INT64_MAX);
    assert_no_slice(tensor, INT64_MAX, INT64_MAX);
    assert_no_slice(tensor, INT64_MIN, INT64_MIN);
    assert_no_slice(scalar, 0, 1);
    assert_no_slice(scalar, 0, 0);
    ap__tensor_unref(scalar);
    ap__tensor_unref(tensor);
}

/* -- a backend's tensors ------------------------------------------------------------------------------- */

static void count_release(ap_tensor *border) { ++*(int *)border->handle; }

static ap_tensor border_of(ap_dtype dtype, int64_t n, const void *data, int *n_released) {
    ap_tensor border = {.handle = n_released, .release = count_release};
    border.view = (ap_tensor_view){dtype, 1, {n}, data, (size_t)n * ap_dtype_size(dtype)};
    return border;
}

void test_take_releases_in_the_end(void **state) {
    (void)state;
    static const float data[] = {1, 2, 3};
    int n_released = 0;
    ap__tensor *tensor, *slice;
    ap_tensor border = border_of(AP_DTYPE_F32, 3, data, &n_released);
    assert_ok(ap__tensor_create_take(&tensor, &border, &err), &err);
    assert_null(border.release); /* It was taken. */
    assert_int_equal(3, ap__tensor_n_elements(tensor));
    assert_ptr_equal(data, ap__tensor_get_view(tensor)->data);
    assert_ok(ap__tensor_slice(&slice, tensor, 1, 1, &err), &err);
    ap__tensor_unref(tensor);
    assert_int_equal(0, n_released);
    ap__tensor_unref(slice);
    assert_int_equal(1, n_released);
}

void test_take_of_plain_memory(void **state) {
    (void)state;
    static const float data[] = {1};
    ap__tensor *tensor;
    ap_tensor border = {.view = {AP_DTYPE_F32, 1, {1}, data, sizeof data}};
    assert_ok(ap__tensor_create_take(&tensor, &border, &err), &err);
    ap__tensor_unref(tensor);
}

void test_take_refuses_what_does_not_fit(void **state) {
    (void)state;
    static const float data[] = {1, 2, 3};
    int n_released = 0;
    ap__tensor *tensor = (ap__tensor *)1;
    ap_tensor border = border_of(AP_DTYPE_F32, 3, data, &n_released);
    border.view.size_bytes = 8;
    assert_fails(ap__tensor_create_take(&tensor, &border, &err), AP_EBACKEND, &err,
                 "8 bytes where its shape has 12");
    assert_null(tensor);
    assert_int_equal(1, n_released); /* Taken, also on failure. */
    border = border_of(AP_DTYPE_NONE, 3, data, &n_released);
    assert_fails(ap__tensor_create_take(&tensor, &border, &err), AP_EINVAL, &err, "not an element type");
    assert_int_equal(2, n_released);
    border = border_of(AP_DTYPE_F32, 3, data, &n_released);
    border.view.rank = 1000000;
    assert_fails(ap__tensor_create_take(&tensor, &border, &err), AP_EINVAL, &err, "rank 1000000");
    assert_int_equal(3, n_released);
}

void test_tensor_that_stays_in_the_backend(void **state) {
    (void)state;
    int n_released = 0;
    ap__tensor *tensor, *slice = (ap__tensor *)1;
    ap_tensor border = border_of(AP_DTYPE_F32, 3, NULL, &n_released);
    assert_ok(ap__tensor_create_take(&tensor, &border, &err), &err);
    ap_tensor back = ap__tensor_border(tensor);
    assert_ptr_equal(&n_released, back.handle);
    assert_null(back.release); /* Borrowed: the plugin must not free it. */
    assert_fails(ap__tensor_slice(&slice, tensor, 0, 1, &err), AP_EINVAL, &err, "not in host memory");
    assert_null(slice);
    ap__tensor_unref(tensor);
    assert_int_equal(1, n_released);
}

/* -- checks -------------------------------------------------------------------------------------------- */

void test_expect_shape(void **state) {
    (void)state;
    ap__tensor *tensor = create(AP_DTYPE_F32, (const int64_t[]){1, 5}, 2);
    const int64_t same[] = {1, 5}, any_columns[] = {1, -1}, other[] = {2, -1};
    assert_ok(ap__expect_shape(tensor, "x", AP_DTYPE_F32, 2, same, &err), &err);
    assert_ok(ap__expect_shape(tensor, "x", AP_DTYPE_F32, 2, any_columns, &err), &err);
    assert_ok(ap__expect_shape(tensor, "x", AP_DTYPE_NONE, 2, NULL, &err), &err);
    assert_ok(ap__expect_shape(tensor, "x", AP_DTYPE_NONE, AP_RANK_UNKNOWN, NULL, &err), &err);
    assert_fails(ap__expect_shape(tensor, "logits", AP_DTYPE_F32, 2, other, &err), AP_EINVAL, &err,
                 "logits: expected float32 [2, -1] (-1: any), found float32 [1, 5]");
    assert_fails(ap__expect_shape(tensor, "logits", AP_DTYPE_I64, AP_RANK_UNKNOWN, NULL, &err), AP_EINVAL,
                 &err, "expected int64 any shape");
    assert_fails(ap__expect_shape(tensor, "logits", AP_DTYPE_NONE, 3, NULL, &err), AP_EINVAL, &err,
                 "expected a tensor [-1, -1, -1] (-1: any), found float32 [1, 5]");
    ap__tensor_unref(tensor);
}

/* -- threads ------------------------------------------------------------------------------------------- */

static void *take_and_give_back(void *ctx) {
    ap__tensor *tensor = ctx, *slice;
    for (int i = 0; i < 10000; i++) {
        ap__tensor_unref(ap__tensor_ref(tensor));
        if (i % 100) continue;
        if (!ap__tensor_slice(&slice, tensor, 1, 1, NULL)) ap__tensor_unref(slice);
    }
    ap__tensor_unref(tensor);
    return NULL;
}

static atomic_int n_atomic_releases;

static void release_once(ap_tensor *border) {
    (void)border;
    atomic_fetch_add(&n_atomic_releases, 1);
}

void test_references_across_threads(void **state) {
    (void)state;
    static const float data[] = {1, 2, 3};
    pthread_t threads[4];
    ap__tensor *tensor;
    ap_tensor border = {.view = {AP_DTYPE_F32, 1, {3}, data, sizeof data}, .release = release_once};
    assert_ok(ap__tensor_create_take(&tensor, &border, &err), &err);
    for (int i = 0; i < 4; i++)
        assert_int_equal(0, pthread_create(&threads[i], NULL, take_and_give_back, ap__tensor_ref(tensor)));
    ap__tensor_unref(tensor);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    assert_int_equal(1, n_atomic_releases);
}

/* -- out of memory ------------------------------------------------------------------------------------- */

static ap_status use_tensors(void *ctx, ap_error *error) {
    int n_released = 0;
    static const float data[] = {1, 2, 3};
    ap__tensor *own = NULL, *slice = NULL, *taken = NULL;
    ap_tensor border = border_of(AP_DTYPE_F32, 3, data, &n_released);
    (void)ctx;
    ap_status status = ap__tensor_create_take(&taken, &border, error);
    if (status) assert_true(!taken && n_released == 1);
    if (!status && (status = ap__tensor_create(&own, AP_DTYPE_F32, (const int64_t[]){4}, 1, error)))
        assert_null(own);
    if (!status && (status = ap__tensor_slice(&slice, own, 1, 2, error))) assert_null(slice);
    ap__tensor_unref(own);
    ap__tensor_unref(slice);
    ap__tensor_unref(taken);
    assert_int_equal(1, n_released);
    return status;
}

void test_torture(void **state) {
    (void)state;
    assert_int_equal(3, torture(use_tensors, NULL));
}

/* .npy files: what is written is what numpy would write, and reads back. */
#include "npy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/ap_npy_test_XXXXXX";

int group_setup(void **state) {
    int fd = mkstemp(path);
    (void)state;
    return fd < 0 || close(fd);
}

int group_teardown(void **state) {
    (void)state;
    return unlink(path);
}

static ap_tensor_view view_of(ap_dtype dtype, uint32_t rank, const int64_t *shape, const void *data) {
    ap_tensor_view view = {.dtype = dtype, .rank = rank, .data = data, .size_bytes = ap_dtype_size(dtype)};
    for (uint32_t i = 0; i < rank; i++) {
        view.shape[i] = shape[i];
        view.size_bytes *= (size_t)shape[i];
    }
    return view;
}

/* Of numpy.save(): numpy 2.1.0, np.zeros((3, 4), "<f4"), its first 128 bytes. */
void test_header_is_that_of_numpy(void **state) {
    static const int64_t shape[] = {3, 4};
    char header[CLI_NPY_HEADER_BYTES + 1], expected[129];
    ap_tensor_view view = view_of(AP_DTYPE_F32, 2, shape, NULL);
    (void)state;
    memcpy(expected, "\x93NUMPY\x01\x00\x76\x00", 10);
    snprintf(expected + 10, sizeof expected - 10, "%-117s\n",
             "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }");
    assert_int_equal(cli_npy_header(header, &view), 128);
    assert_memory_equal(header, expected, 128);
}

void test_every_type_reads_back(void **state) {
    static const int64_t shape[] = {2, 1, 3};
    static const char data[6 * 8] = "0123456789 any bytes do: they are only copied.";
    (void)state;
    for (int dtype = AP_DTYPE_F32; dtype <= AP_DTYPE_BOOL; dtype++) {
        ap_tensor_view view = view_of((ap_dtype)dtype, 3, shape, data), read;
        ap_dtype written;
        ap_value *value = NULL;
        ap_error err = AP_ERROR_INIT;
        if (dtype == AP_DTYPE_BF16) continue;
        assert_int_equal(cli_npy_write(path, &view, &written, &err), AP_OK);
        assert_int_equal(written, dtype);
        assert_int_equal(cli_npy_read(&value, path, &err), AP_OK);
        assert_true(ap_value_get_tensor(value, &read));
        assert_int_equal(read.dtype, dtype);
        assert_int_equal(read.rank, 3);
        assert_memory_equal(read.shape, shape, sizeof shape);
        assert_memory_equal(read.data, data, view.size_bytes);
        ap_value_destroy(value);
    }
}

void test_ranks(void **state) {
    static const int64_t shape[AP_TENSOR_MAX_RANK] = {1, 1, 2, 1, 1, 1, 1, 1};
    static const float data[] = {1, 2};
    (void)state;
    for (uint32_t rank = 0; rank <= AP_TENSOR_MAX_RANK; rank++) {
        ap_tensor_view view = view_of(AP_DTYPE_F32, rank, shape, data), read;
        ap_dtype written;
        ap_value *value = NULL;
        ap_error err = AP_ERROR_INIT;
        assert_int_equal(cli_npy_write(path, &view, &written, &err), AP_OK);
        assert_int_equal(cli_npy_read(&value, path, &err), AP_OK);
        assert_true(ap_value_get_tensor(value, &read));
        assert_int_equal(read.rank, rank);
        assert_memory_equal(read.shape, shape, rank * sizeof *shape);
        ap_value_destroy(value);
    }
}

void test_empty_array(void **state) {
    static const int64_t shape[] = {4, 0};
    ap_tensor_view view = view_of(AP_DTYPE_I64, 2, shape, NULL), read;
    ap_dtype written;
    ap_value *value = NULL;
    ap_error err = AP_ERROR_INIT;
    (void)state;
    assert_int_equal(cli_npy_write(path, &view, &written, &err), AP_OK);
    assert_int_equal(cli_npy_read(&value, path, &err), AP_OK);
    assert_true(ap_value_get_tensor(value, &read));
    assert_int_equal(read.size_bytes, 0);
    ap_value_destroy(value);
}

void test_bfloat16_becomes_float32(void **state) {
    static const int64_t shape[] = {3};
    static const uint16_t halves[] = {0x3F80, 0xC000, 0x7F80}; /* 1, -2, infinity */
    ap_tensor_view view = view_of(AP_DTYPE_BF16, 1, shape, halves), read;
    ap_dtype written;
    ap_value *value = NULL;
    ap_error err = AP_ERROR_INIT;
    (void)state;
    assert_int_equal(cli_npy_write(path, &view, &written, &err), AP_OK);
    assert_int_equal(written, AP_DTYPE_F32);
    assert_int_equal(cli_npy_read(&value, path, &err), AP_OK);
    assert_true(ap_value_get_tensor(value, &read));
    const float *numbers = read.data;
    assert_true(numbers[0] == 1.0F && numbers[1] == -2.0F && numbers[2] > 1e38F);
    ap_value_destroy(value);
}

void test_file_that_cannot_be_written(void **state) {
    static const int64_t shape[] = {1};
    static const float data[] = {1};
    ap_tensor_view view = view_of(AP_DTYPE_F32, 1, shape, data);
    ap_dtype written;
    ap_error err = AP_ERROR_INIT;
    (void)state;
    assert_int_equal(cli_npy_write("/no/such/folder/a.npy", &view, &written, &err), AP_EIO);
    assert_string_equal(err.message, "/no/such/folder/a.npy: cannot write: No such file or directory");
    assert_int_equal(cli_npy_write("/dev/full", &view, &written, &err), AP_EIO);
}

/* Each beginning of a good file is refused, without a byte being read behind it. */
void test_every_cut_is_refused(void **state) {
    static const int64_t shape[] = {2};
    char file[CLI_NPY_HEADER_BYTES + 8] = {0};
    ap_tensor_view view = view_of(AP_DTYPE_F32, 1, shape, NULL);
    cli_npy npy;
    (void)state;
    size_t n = cli_npy_header(file, &view) + 8;
    for (size_t len = 0; len <= n; len++) {
        ap_error err = AP_ERROR_INIT;
        char *copy = malloc(len ? len : 1);
        assert_non_null(copy);
        memcpy(copy, file, len);
        ap_status status = cli_npy_parse(&npy, copy, len, &err);
        assert_int_equal(status, len < n ? AP_EFORMAT : AP_OK);
        free(copy);
    }
}

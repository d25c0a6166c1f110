/* --out-dir: tensors of a result become files. */
#include "arrays.h"
#include "npy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/ap_arrays_test_XXXXXX";

int group_setup(void **state) {
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

int group_teardown(void **state) {
    char path[64];
    (void)state;
    for (int i = 1; i <= 2; i++) {
        snprintf(path, sizeof path, "%s/deep/er/array-%06d.npy", folder, i);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/deep/er", folder);
    rmdir(path);
    snprintf(path, sizeof path, "%s/deep", folder);
    rmdir(path);
    return rmdir(folder);
}

/* {"a": [1, TENSOR], "b": TENSOR} */
static ap_value *result(void) {
    static const int64_t shape[] = {2, 1};
    static const float data[] = {0.5F, -1};
    ap_value *dict = NULL, *list = NULL, *first = NULL, *second = NULL;
    assert_int_equal(ap_value_from_json(&dict, "{\"a\": [1]}", AP_NUL_TERMINATED, NULL), AP_OK);
    assert_int_equal(ap_value_create_tensor(&first, AP_DTYPE_F32, shape, 2, data, NULL), AP_OK);
    assert_int_equal(ap_value_copy(&second, first, NULL), AP_OK);
    assert_int_equal(ap_value_from_json(&list, "[1]", AP_NUL_TERMINATED, NULL), AP_OK);
    assert_int_equal(ap_value_list_append_take(list, first, NULL), AP_OK);
    assert_int_equal(ap_value_dict_set_take(dict, "a", list, NULL), AP_OK);
    assert_int_equal(ap_value_dict_set_take(dict, "b", second, NULL), AP_OK);
    return dict;
}

static void assert_json(const ap_value *value, const char *expected) {
    char *json = NULL;
    assert_int_equal(ap_value_to_json(&json, NULL, value, AP_JSON_COMPACT, NULL), AP_OK);
    assert_string_equal(json, expected);
    ap_string_destroy(json);
}

void test_without_a_folder_they_stay(void **state) {
    cli_arrays arrays;
    ap_error err = AP_ERROR_INIT;
    ap_value *value = result();
    (void)state;
    assert_int_equal(cli_arrays_open(&arrays, NULL, &err), AP_OK);
    assert_int_equal(cli_arrays_replace(&arrays, &value, &err), AP_OK);
    assert_json(value, "{\"a\":[1,[[0.5],[-1.0]]],\"b\":[[0.5],[-1.0]]}");
    ap_value_destroy(value);
}

void test_with_a_folder_they_become_files(void **state) {
    char path[64], expected[512];
    cli_arrays arrays;
    ap_error err = AP_ERROR_INIT;
    ap_value *value = result(), *read = NULL;
    (void)state;
    snprintf(path, sizeof path, "%s/deep/er", folder);
    assert_int_equal(cli_arrays_open(&arrays, path, &err), AP_OK);
    assert_int_equal(cli_arrays_replace(&arrays, &value, &err), AP_OK);
    snprintf(
        expected, sizeof expected,
        "{\"a\":[1,{\"$array\":{\"shape\":[2,1],\"dtype\":\"float32\",\"file\":\"%s/array-000001.npy\"}}],"
        "\"b\":{\"$array\":{\"shape\":[2,1],\"dtype\":\"float32\",\"file\":\"%s/array-000002.npy\"}}}",
        path, path);
    assert_json(value, expected);
    strcat(path, "/array-000002.npy");
    assert_int_equal(cli_npy_read(&read, path, &err), AP_OK);
    assert_json(read, "[[0.5],[-1.0]]");
    ap_value_destroy(read);
    ap_value_destroy(value);
}

void test_file_that_cannot_be_written(void **state) {
    cli_arrays arrays = {.folder = "/no/such/folder"};
    ap_error err = AP_ERROR_INIT;
    ap_value *value = result();
    (void)state;
    assert_int_equal(cli_arrays_replace(&arrays, &value, &err), AP_EIO);
    assert_json(value, "{\"a\":[1,[[0.5],[-1.0]]],\"b\":[[0.5],[-1.0]]}");
    ap_value_destroy(value);
}

void test_value_without_tensors_is_left_alone(void **state) {
    cli_arrays arrays = {.folder = "/no/such/folder"};
    ap_error err = AP_ERROR_INIT;
    ap_value *value = NULL, *same;
    (void)state;
    assert_int_equal(ap_value_from_json(&value, "[{\"label\": \"a\"}]", AP_NUL_TERMINATED, NULL), AP_OK);
    same = value;
    assert_int_equal(cli_arrays_replace(&arrays, &value, &err), AP_OK);
    assert_ptr_equal(value, same);
    ap_value_destroy(value);
}

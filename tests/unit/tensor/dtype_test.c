#include <accelpipe/tensor.h>

#include "unit/support/check.h"

void test_sizes_and_names(void **state) {
    (void)state;
    static const struct {
        ap_dtype dtype;
        size_t size;
        const char *name;
    } rows[] = {{AP_DTYPE_F32, 4, "float32"}, {AP_DTYPE_F16, 2, "float16"}, {AP_DTYPE_BF16, 2, "bfloat16"},
                {AP_DTYPE_F64, 8, "float64"}, {AP_DTYPE_I64, 8, "int64"},   {AP_DTYPE_I32, 4, "int32"},
                {AP_DTYPE_I16, 2, "int16"},   {AP_DTYPE_I8, 1, "int8"},     {AP_DTYPE_U64, 8, "uint64"},
                {AP_DTYPE_U32, 4, "uint32"},  {AP_DTYPE_U16, 2, "uint16"},  {AP_DTYPE_U8, 1, "uint8"},
                {AP_DTYPE_BOOL, 1, "bool"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(i + 1, rows[i].dtype); /* The numbers are part of the ABI. */
        assert_int_equal(rows[i].size, ap_dtype_size(rows[i].dtype));
        assert_string_equal(rows[i].name, ap_dtype_name(rows[i].dtype));
        assert_int_equal(rows[i].dtype, ap_dtype_from_name(rows[i].name));
    }
}

void test_what_is_no_dtype(void **state) {
    (void)state;
    assert_int_equal(0, ap_dtype_size(AP_DTYPE_NONE));
    assert_int_equal(0, ap_dtype_size((ap_dtype)14));
    assert_string_equal("none", ap_dtype_name(AP_DTYPE_NONE));
    assert_string_equal("none", ap_dtype_name((ap_dtype)99));
    assert_int_equal(AP_DTYPE_NONE, ap_dtype_from_name("none"));
    assert_int_equal(AP_DTYPE_NONE, ap_dtype_from_name("float"));
    assert_int_equal(AP_DTYPE_NONE, ap_dtype_from_name("FLOAT32"));
    assert_int_equal(AP_DTYPE_NONE, ap_dtype_from_name(""));
    assert_int_equal(AP_DTYPE_NONE, ap_dtype_from_name(NULL));
}

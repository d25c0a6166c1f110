#include "tensor/convert.h"

#include "unit/support/check.h"

#include <math.h>
#include <string.h>

static uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* sign * significand * 2^exponent, from the definition of the format (IEEE 754-2019 section 3.4). */
static float reference(uint32_t bits, int n_exponent, int n_fraction) {
    int exponent = (int)(bits >> n_fraction) & ((1 << n_exponent) - 1);
    int fraction = (int)bits & ((1 << n_fraction) - 1);
    int bias = (1 << (n_exponent - 1)) - 1;
    int is_special = exponent == (1 << n_exponent) - 1;
    double magnitude = is_special ? (fraction ? (double)NAN : (double)INFINITY)
                       : exponent ? ldexp(fraction + (1 << n_fraction), exponent - bias - n_fraction)
                                  : ldexp(fraction, 1 - bias - n_fraction);
    return (float)((bits >> (n_exponent + n_fraction)) & 1 ? -magnitude : magnitude);
}

static void assert_same_float(float expected, float found, uint32_t bits) {
    if (isnan(expected) && isnan(found)) return;
    if (bits_of(expected) != bits_of(found))
        fail_msg("0x%04x: expected %a, found %a", bits, (double)expected, (double)found);
}

void test_every_f16(void **state) {
    (void)state;
    for (uint32_t bits = 0; bits < 65536; bits++)
        assert_same_float(reference(bits, 5, 10), ap__f16_to_float((uint16_t)bits), bits);
}

void test_every_bf16(void **state) {
    (void)state;
    for (uint32_t bits = 0; bits < 65536; bits++)
        assert_same_float(reference(bits, 8, 7), ap__bf16_to_float((uint16_t)bits), bits);
}

void test_f16_anchors(void **state) {
    (void)state;
    assert_true(ap__f16_to_float(0x3C00) == 1.0f);
    assert_true(ap__f16_to_float(0x7BFF) == 65504.0f);
    assert_true(ap__f16_to_float(0x0001) == 0x1p-24f);
    assert_true(signbit(ap__f16_to_float(0x8000)) && ap__f16_to_float(0x8000) == 0);
    assert_true(ap__bf16_to_float(0x3F80) == 1.0f);
}

/* -- elements of views --------------------------------------------------------------------------------- */

static ap_tensor_view view_of(ap_dtype dtype, const void *data, int64_t n) {
    return (ap_tensor_view){.dtype = dtype,
                            .rank = 1,
                            .shape = {n},
                            .data = data,
                            .size_bytes = (size_t)n * ap_dtype_size(dtype)};
}

/* Reads element 1 in all three ways. */
static void assert_element(ap_dtype dtype, const void *data, double number, int is_integer, int64_t integer) {
    ap_tensor_view view = view_of(dtype, data, 2);
    int64_t found = -12345;
    float as_float[2];
    assert_true(ap__element_as_double(&view, 1) == number);
    assert_int_equal(is_integer, ap__element_as_int(&found, &view, 1));
    if (is_integer) assert_true(found == integer);
    ap__elements_as_float(as_float, &view, 0, 2);
    assert_true(as_float[1] == (float)number);
    ap__elements_as_float(as_float, &view, 1, 1);
    assert_true(as_float[0] == (float)number);
}

void test_elements_of_every_dtype(void **state) {
    (void)state;
    assert_element(AP_DTYPE_F32, (const float[]){0, -1.5f}, -1.5, 0, 0);
    assert_element(AP_DTYPE_F16, (const uint16_t[]){0, 0xC100}, -2.5, 0, 0);
    assert_element(AP_DTYPE_BF16, (const uint16_t[]){0, 0xC020}, -2.5, 0, 0);
    assert_element(AP_DTYPE_F64, (const double[]){0, 0.1}, 0.1, 0, 0);
    assert_element(AP_DTYPE_I64, (const int64_t[]){0, INT64_MIN}, -0x1p63, 1, INT64_MIN);
    assert_element(AP_DTYPE_I32, (const int32_t[]){0, INT32_MIN}, -0x1p31, 1, INT32_MIN);
    assert_element(AP_DTYPE_I16, (const int16_t[]){0, -32768}, -32768, 1, -32768);
    assert_element(AP_DTYPE_I8, (const int8_t[]){0, -128}, -128, 1, -128);
    assert_element(AP_DTYPE_U32, (const uint32_t[]){0, UINT32_MAX}, 4294967295.0, 1, UINT32_MAX);
    assert_element(AP_DTYPE_U16, (const uint16_t[]){0, 65535}, 65535, 1, 65535);
    assert_element(AP_DTYPE_U8, (const uint8_t[]){0, 255}, 255, 1, 255);
    assert_element(AP_DTYPE_BOOL, (const uint8_t[]){0, 7}, 1, 1, 1); /* Whatever is not 0 is true. */
    assert_element(AP_DTYPE_U64, (const uint64_t[]){0, 5}, 5, 1, 5);
}

void test_u64_over_int64(void **state) {
    (void)state;
    assert_element(AP_DTYPE_U64, (const uint64_t[]){0, INT64_MAX}, 0x1p63, 1, INT64_MAX);
    assert_element(AP_DTYPE_U64, (const uint64_t[]){0, UINT64_MAX}, 0x1p64, 0, 0);
}

/* Large integers are rounded once, as torch's .float() does, and not twice by way of double. */
void test_large_integers_as_float_round_once(void **state) {
    (void)state;
    const int64_t i64[] = {((int64_t)1 << 54) + ((int64_t)1 << 30) + 1};
    const uint64_t u64[] = {((uint64_t)1 << 63) + ((uint64_t)1 << 39) + 1};
    float out;
    ap_tensor_view view = view_of(AP_DTYPE_I64, i64, 1);
    ap__elements_as_float(&out, &view, 0, 1);
    assert_true(out == 0x1.000002p54f);
    view = view_of(AP_DTYPE_U64, u64, 1);
    ap__elements_as_float(&out, &view, 0, 1);
    assert_true(out == 0x1.000002p63f);
}

void test_f64_out_of_range_as_float(void **state) {
    (void)state;
    const double data[] = {1e300, -1e300, 1e-300, (double)NAN, 0.1};
    float out[5];
    ap_tensor_view view = view_of(AP_DTYPE_F64, data, 5);
    ap__elements_as_float(out, &view, 0, 5);
    assert_true(isinf(out[0]) && out[0] > 0);
    assert_true(isinf(out[1]) && out[1] < 0);
    assert_true(out[2] == 0);
    assert_true(isnan(out[3]));
    assert_true(out[4] == 0.1f);
}

void test_no_elements(void **state) {
    (void)state;
    ap_tensor_view view = view_of(AP_DTYPE_F32, NULL, 0);
    ap__elements_as_float(NULL, &view, 0, 0);
    view.dtype = AP_DTYPE_F16;
    ap__elements_as_float(NULL, &view, 0, 0);
}

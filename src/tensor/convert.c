/* Reading elements. Source of the half formats: IEEE 754-2019 binary16; bfloat16 is the upper half of
 * binary32. */
#include "tensor/convert.h"

#include <string.h>

static float float_of_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

float ap__bf16_to_float(uint16_t bits) { return float_of_bits((uint32_t)bits << 16); }

float ap__f16_to_float(uint16_t bits) {
    uint32_t sign = (uint32_t)(bits & 0x8000) << 16;
    uint32_t exponent = bits >> 10 & 0x1F, fraction = bits & 0x3FF;
    if (exponent == 31) return float_of_bits(sign | 0x7F800000 | fraction << 13);
    if (exponent) return float_of_bits(sign | (exponent + 112) << 23 | fraction << 13);
    /* Zero and subnormals: the fraction counts units of 2^-24. */
    float magnitude = (float)fraction * 0x1p-24f;
    return sign ? -magnitude : magnitude;
}

#define AT(type) (((const type *)view->data)[index])

double ap__element_as_double(const ap_tensor_view *view, size_t index) {
    switch (view->dtype) {
    case AP_DTYPE_F32:
        return (double)AT(float);
    case AP_DTYPE_F16:
        return (double)ap__f16_to_float(AT(uint16_t));
    case AP_DTYPE_BF16:
        return (double)ap__bf16_to_float(AT(uint16_t));
    case AP_DTYPE_F64:
        return AT(double);
    case AP_DTYPE_U64:
        return (double)AT(uint64_t);
    default:
        break;
    }
    int64_t integer = 0;
    ap__element_as_int(&integer, view, index);
    return (double)integer;
}

int ap__element_as_int(int64_t *out, const ap_tensor_view *view, size_t index) {
    switch (view->dtype) {
    case AP_DTYPE_I64:
        *out = AT(int64_t);
        return 1;
    case AP_DTYPE_I32:
        *out = AT(int32_t);
        return 1;
    case AP_DTYPE_I16:
        *out = AT(int16_t);
        return 1;
    case AP_DTYPE_I8:
        *out = AT(int8_t);
        return 1;
    case AP_DTYPE_U64:
        *out = (int64_t)AT(uint64_t);
        return AT(uint64_t) <= INT64_MAX;
    case AP_DTYPE_U32:
        *out = AT(uint32_t);
        return 1;
    case AP_DTYPE_U16:
        *out = AT(uint16_t);
        return 1;
    case AP_DTYPE_U8:
        *out = AT(uint8_t);
        return 1;
    case AP_DTYPE_BOOL:
        *out = AT(uint8_t) != 0;
        return 1;
    default:
        return 0;
    }
}

/* An integer is rounded once: by way of a double, one over 2^53 would be rounded twice. */
static float element_as_float(const ap_tensor_view *view, size_t index) {
    int64_t integer;
    if (view->dtype == AP_DTYPE_U64) return (float)AT(uint64_t);
    if (ap__element_as_int(&integer, view, index)) return (float)integer;
    return (float)ap__element_as_double(view, index);
}

#undef AT

void ap__elements_as_float(float *out, const ap_tensor_view *view, size_t start, size_t count) {
    if (view->dtype == AP_DTYPE_F32) {
        if (count) memcpy(out, (const float *)view->data + start, count * sizeof *out);
        return;
    }
    for (size_t i = 0; i < count; i++) out[i] = element_as_float(view, start + i);
}

/* Elements of any type as double or float. */
#ifndef AP_TENSOR_CONVERT_H
#define AP_TENSOR_CONVERT_H

#include <accelpipe/tensor.h>

/* The element at `index` as a double; exact for every type but 64-bit integers over 2^53. */
double ap__element_as_double(const ap_tensor_view *view, size_t index);

/* The element as an int64 when the type is an integer or bool.   @return 1, else 0 */
int ap__element_as_int(int64_t *out, const ap_tensor_view *view, size_t index);

/* `count` elements from `start` on as float: what torch's .float() gives. */
void ap__elements_as_float(float *out, const ap_tensor_view *view, size_t start, size_t count);

float ap__f16_to_float(uint16_t bits);
float ap__bf16_to_float(uint16_t bits);

#endif

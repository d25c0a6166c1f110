/* The little mathematics that pipelines need, in float as numpy does it for float32. In place, over `n`
 * numbers. */
#ifndef AP_TENSOR_MATH_H
#define AP_TENSOR_MATH_H

#include <stddef.h>

/* exp(x - max) / sum. Source: transformers@v4.55.4 pipelines/text_classification.py softmax(). */
void ap__softmax(float *x, size_t n);

/* 1 / (1 + exp(-x)). */
void ap__sigmoid(float *x, size_t n);

/* Index of the largest, the first of equal ones; a NaN is larger than anything, as in numpy. `n` >= 1. */
size_t ap__argmax(const float *x, size_t n);

/* Indexes of the numbers from the largest to the smallest; equal ones keep their order, as Python's
 * sort(reverse=True) does. `tmp` has room for `n` as well. */
void ap__argsort_descending(size_t *order, size_t *tmp, const float *x, size_t n);

#endif

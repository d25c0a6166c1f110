/* The largest of many numbers. */
#ifndef AP_TENSOR_TOPK_H
#define AP_TENSOR_TOPK_H

#include <stddef.h>

/* Indexes of the k largest of n numbers, k <= n, from the largest on; of equal ones the first comes first,
 * and a NaN is larger than anything, as in torch.topk(). Time n log k.
 * @param[out] out [k] */
void ap__top_k(size_t *out, size_t k, const float *x, size_t n);

#endif

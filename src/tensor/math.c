/* Softmax, sigmoid, argmax, sorting. */
#include "tensor/math.h"

#include <math.h>

void ap__softmax(float *x, size_t n) {
    if (!n) return;
    float max = x[ap__argmax(x, n)], sum = 0;
    for (size_t i = 0; i < n; i++) {
        x[i] = expf(x[i] - max);
        sum += x[i];
    }
    for (size_t i = 0; i < n; i++) x[i] /= sum;
}

void ap__sigmoid(float *x, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] = 1.0f / (1.0f + expf(-x[i]));
}

size_t ap__argmax(const float *x, size_t n) {
    size_t best = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(x[i])) return i;
        if (x[i] > x[best]) best = i;
    }
    return best;
}

/* Merges two runs; the left one wins among equals, which keeps their order. */
static void merge(size_t *out, const size_t *left, size_t n_left, const size_t *right, size_t n_right,
                  const float *x) {
    size_t i = 0, j = 0, k = 0;
    while (i < n_left && j < n_right) out[k++] = x[right[j]] > x[left[i]] ? right[j++] : left[i++];
    while (i < n_left) out[k++] = left[i++];
    while (j < n_right) out[k++] = right[j++];
}

/* Sorts order[0..n) by way of tmp[0..n). */
static void merge_sort(size_t *order, size_t *tmp, size_t n, const float *x) {
    if (n < 2) return;
    size_t half = n / 2;
    merge_sort(order, tmp, half, x);
    merge_sort(order + half, tmp + half, n - half, x);
    merge(tmp, order, half, order + half, n - half, x);
    for (size_t i = 0; i < n; i++) order[i] = tmp[i];
}

void ap__argsort_descending(size_t *order, size_t *tmp, const float *x, size_t n) {
    for (size_t i = 0; i < n; i++) order[i] = i;
    merge_sort(order, tmp, n, x);
}

/* Pooling, and the length of vectors. Sums are in double: they then do not depend on the order of the terms.
 */
#include "tensor/pooling.h"

#include <math.h>
#include <string.h>

static void mean(float *out, const float *rows, const int64_t *mask, size_t n, size_t width) {
    for (size_t k = 0; k < width; k++) {
        double sum = 0;
        size_t count = 0;
        for (size_t i = 0; i < n; i++) {
            if (mask && !mask[i]) continue;
            sum += (double)rows[i * width + k];
            count++;
        }
        out[k] = count ? (float)(sum / (double)count) : 0;
    }
}

static void largest(float *out, const float *rows, const int64_t *mask, size_t n, size_t width) {
    for (size_t k = 0; k < width; k++) out[k] = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        if (mask && !mask[i]) continue;
        for (size_t k = 0; k < width; k++)
            if (!(rows[i * width + k] <= out[k])) out[k] = rows[i * width + k];
    }
}

void ap__pool(float *out, ap__pooling how, const float *rows, const int64_t *mask, size_t n, size_t width) {
    size_t first = 0;
    while (mask && first < n && !mask[first]) first++;
    if (first == n && how != AP__POOLING_MEAN) {
        first = 0;
        mask = NULL;
    }
    if (how == AP__POOLING_MEAN)
        mean(out, rows, mask, n, width);
    else if (how == AP__POOLING_MAX)
        largest(out, rows, mask, n, width);
    else if (n)
        memcpy(out, rows + first * width, width * sizeof *out);
}

double ap__dot(const float *a, const float *b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

void ap__normalize(float *x, size_t n) {
    double length = sqrt(ap__dot(x, x, n));
    if (length < 1e-12) length = 1e-12;
    for (size_t i = 0; i < n; i++) x[i] = (float)((double)x[i] / length);
}

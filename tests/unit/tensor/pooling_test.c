/* Pooling of small matrices. */
#include "tensor/pooling.h"

#include "unit/support/check.h"

#include <math.h>

static const float rows[] = {1, -2, 3, 5, -4, 7}; /* Three tokens of two numbers. */

static void assert_pools(ap__pooling how, const int64_t *mask, size_t n, float first, float second) {
    float out[2] = {99, 99};
    ap__pool(out, how, rows, mask, n, 2);
    assert_true(fabsf(out[0] - first) < 1e-6f && fabsf(out[1] - second) < 1e-6f);
}

void test_pool(void **state) {
    static const int64_t tail[] = {0, 1, 1}, none[] = {0, 0, 0}, middle[] = {0, 1, 0};
    (void)state;
    assert_pools(AP__POOLING_MEAN, NULL, 3, 0, 10.0f / 3);
    assert_pools(AP__POOLING_CLS, NULL, 3, 1, -2);
    assert_pools(AP__POOLING_MAX, NULL, 3, 3, 7);
    assert_pools(AP__POOLING_MEAN, tail, 3, -0.5f, 6);
    assert_pools(AP__POOLING_CLS, tail, 3, 3, 5);
    assert_pools(AP__POOLING_MAX, middle, 3, 3, 5);
    assert_pools(AP__POOLING_MEAN, none, 3, 0, 0);
    assert_pools(AP__POOLING_CLS, none, 3, 1, -2);
    assert_pools(AP__POOLING_MAX, none, 3, 3, 7);
    assert_pools(AP__POOLING_MEAN, NULL, 0, 0, 0);
}

void test_normalize(void **state) {
    float x[] = {3, -4}, zeros[] = {0, 0};
    (void)state;
    ap__normalize(x, 2);
    assert_true(fabsf(x[0] - 0.6f) < 1e-6f && fabsf(x[1] + 0.8f) < 1e-6f);
    ap__normalize(zeros, 2);
    assert_true(zeros[0] == 0 && zeros[1] == 0);
    assert_true(fabs(ap__dot(rows, rows, 6) - (1 + 4 + 9 + 25 + 16 + 49)) < 1e-9);
}

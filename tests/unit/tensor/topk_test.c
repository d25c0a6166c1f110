/* The k largest, against sorting all. */
#include "tensor/topk.h"

#include "tensor/math.h"
#include "unit/support/check.h"
#include "unit/support/random.h"

#include <math.h>

enum { MAX = 300 };

void test_equals_the_head_of_a_sort(void **state) {
    uint64_t seed = 7;
    (void)state;
    for (int round = 0; round < 2000; round++) {
        float x[MAX];
        size_t n = 1 + random_below(&seed, MAX), k = random_below(&seed, n + 1);
        size_t out[MAX], order[MAX], tmp[MAX], n_values = 1 + random_below(&seed, 40);
        for (size_t i = 0; i < n; i++) x[i] = (float)random_below(&seed, n_values) - 7;
        ap__top_k(out, k, x, n);
        ap__argsort_descending(order, tmp, x, n);
        assert_memory_equal(out, order, k * sizeof *out);
    }
}

void test_not_a_number_comes_first(void **state) {
    const float x[] = {1, NAN, INFINITY, -INFINITY, NAN, 2};
    static const size_t expected[] = {1, 4, 2, 5, 0, 3};
    size_t out[6];
    (void)state;
    for (size_t k = 0; k <= 6; k++) {
        ap__top_k(out, k, x, 6);
        assert_memory_equal(out, expected, k * sizeof *out);
    }
}

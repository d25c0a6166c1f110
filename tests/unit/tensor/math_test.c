#include "tensor/math.h"

#include "unit/support/check.h"
#include "unit/support/random.h"

#include <math.h>
#include <stdlib.h>

static int is_near(double a, double b, double tolerance) { return fabs(a - b) <= tolerance; }

/* -- softmax ------------------------------------------------------------------------------------------- */

/* numpy: e = exp(x - max(x)); e / e.sum(), in double. The tolerance is a few roundings of float. */
static void assert_softmax(const float *x, size_t n) {
    float found[64];
    double max = (double)x[0], sum = 0, total = 0;
    for (size_t i = 0; i < n; i++) max = fmax(max, (double)(found[i] = x[i]));
    for (size_t i = 0; i < n; i++) sum += exp((double)x[i] - max);
    ap__softmax(found, n);
    for (size_t i = 0; i < n; i++) {
        assert_true(is_near(exp((double)x[i] - max) / sum, (double)found[i], 1e-6));
        total += (double)found[i];
    }
    assert_true(is_near(1, total, 1e-5));
}

void test_softmax_sums_to_one(void **state) {
    (void)state;
    uint64_t seed = 7;
    for (size_t round = 0; round < 1000; round++) {
        float x[64];
        size_t n = 1 + random_below(&seed, 64);
        for (size_t i = 0; i < n; i++) x[i] = (float)random_below(&seed, 4000) / 100 - 20;
        assert_softmax(x, n);
    }
}

void test_softmax_of_large_logits(void **state) {
    (void)state;
    assert_softmax((const float[]){1e30f, 1e30f, -1e30f}, 3);
    assert_softmax((const float[]){-88.0f, -1000.0f, -87.0f}, 3);
    assert_softmax((const float[]){3.0f}, 1);
}

/* As numpy: inf - inf is NaN, and one NaN makes all of it NaN. */
void test_softmax_of_what_is_not_finite(void **state) {
    (void)state;
    float with_nan[] = {1, NAN, 2}, with_inf[] = {1, INFINITY}, all_low[] = {-INFINITY, -INFINITY};
    ap__softmax(with_nan, 3);
    assert_true(isnan(with_nan[0]) && isnan(with_nan[1]) && isnan(with_nan[2]));
    ap__softmax(with_inf, 2);
    assert_true(isnan(with_inf[1]));
    ap__softmax(all_low, 2);
    assert_true(isnan(all_low[0]) && isnan(all_low[1]));
    float one_low[] = {0, -INFINITY};
    ap__softmax(one_low, 2);
    assert_true(one_low[0] == 1 && one_low[1] == 0);
}

void test_softmax_of_nothing(void **state) {
    (void)state;
    ap__softmax(NULL, 0);
    ap__sigmoid(NULL, 0);
}

/* -- sigmoid ------------------------------------------------------------------------------------------- */

void test_sigmoid(void **state) {
    (void)state;
    float x[] = {0, 1, -1, 100, -100, INFINITY, -INFINITY, NAN};
    ap__sigmoid(x, 8);
    assert_true(x[0] == 0.5f);
    assert_true(is_near(0.7310585786300049, (double)x[1], 1e-7));
    assert_true(is_near(0.2689414213699951, (double)x[2], 1e-7));
    assert_true(x[3] == 1 && x[4] >= 0 && x[4] < 1e-30f);
    assert_true(x[5] == 1 && x[6] == 0 && isnan(x[7]));
}

/* -- argmax and sorting -------------------------------------------------------------------------------- */

void test_argmax(void **state) {
    (void)state;
    assert_int_equal(0, ap__argmax((const float[]){5}, 1));
    assert_int_equal(2, ap__argmax((const float[]){1, 2, 3}, 3));
    assert_int_equal(1, ap__argmax((const float[]){1, 3, 3}, 3)); /* the first of equals */
    assert_int_equal(0, ap__argmax((const float[]){-INFINITY, -INFINITY}, 2));
    assert_int_equal(1, ap__argmax((const float[]){9, NAN, INFINITY, NAN}, 4)); /* as numpy */
    assert_int_equal(0, ap__argmax((const float[]){0.0f, -0.0f}, 2));
}

typedef struct item {
    float x;
    size_t at;
} item;

static int compare_items(const void *a, const void *b) {
    const item *x = a, *y = b;
    if (x->x > y->x || x->x < y->x) return x->x > y->x ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

/* Against qsort with the position as the second key. Few different numbers, so that many are equal. */
void test_argsort_is_stable(void **state) {
    (void)state;
    enum { MAX = 200 };
    uint64_t seed = 3;
    for (size_t round = 0; round < 500; round++) {
        float x[MAX];
        size_t order[MAX], tmp[MAX], n = random_below(&seed, MAX);
        item items[MAX];
        for (size_t i = 0; i < n; i++) items[i] = (item){x[i] = (float)random_below(&seed, 10) - 5, i};
        qsort(items, n, sizeof *items, compare_items);
        ap__argsort_descending(order, tmp, x, n);
        for (size_t i = 0; i < n; i++) assert_int_equal(items[i].at, order[i]);
    }
}

/* Whatever the numbers are, the result holds every index once. */
void test_argsort_with_nan_is_a_permutation(void **state) {
    (void)state;
    float x[50];
    size_t order[50], tmp[50], n_seen[50] = {0};
    for (size_t i = 0; i < 50; i++) x[i] = i % 3 ? (float)i : NAN;
    ap__argsort_descending(order, tmp, x, 50);
    for (size_t i = 0; i < 50; i++) n_seen[order[i]]++;
    for (size_t i = 0; i < 50; i++) assert_int_equal(1, n_seen[i]);
}

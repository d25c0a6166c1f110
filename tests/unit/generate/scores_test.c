/* Sorting, softmax and drawing. */
#include "generate/scores.h"

#include "unit/support/check.h"

#include <math.h>
#include <stdlib.h>

enum { N = 5000 };

void test_sorting_is_stable(void **state) {
    ap__scratch scratch;
    ap_error err = AP_ERROR_INIT;
    static float x[N];
    (void)state;
    assert_ok(ap__scratch_create(&scratch, N, &err), &err);
    srand(1);
    for (int i = 0; i < N; i++) x[i] = (float)(rand() % 301 - 150) / 7;
    x[7] = -INFINITY;
    x[8] = INFINITY;
    x[9] = -0.0f;
    x[10] = 0;
    for (uint32_t i = 0; i < N; i++) scratch.places[i] = i;
    const uint32_t *order = ap__sort_ascending(&scratch, x, N);
    for (size_t i = 1; i < N; i++) {
        assert_true(x[order[i - 1]] <= x[order[i]]);
        if (x[order[i - 1]] == x[order[i]]) assert_true(order[i - 1] < order[i]);
    }
    ap__scratch_clear(&scratch);
}

void test_log_softmax(void **state) {
    float x[3] = {1, 2, 3};
    (void)state;
    ap__log_softmax(x, 3);
    assert_float_equal(-2.40760596f, x[0], 1e-6f);
    assert_float_equal(-0.40760596f, x[2], 1e-6f);
}

/* The numbers that come are those of the documented generator. */
void test_random_numbers(void **state) {
    ap__random a = ap__random_begin(1, 2, 3), b = ap__random_begin(1, 2, 3),
               other = ap__random_begin(1, 2, 4);
    ap__random plain = {0};
    double sum = 0;
    (void)state;
    assert_float_equal((double)(0xE220A8397B1DCDAFu >> 11) * 0x1p-53, ap__random_next(&plain), 0);
    assert_true(ap__random_next(&a) == ap__random_next(&b));
    assert_true(ap__random_next(&a) != ap__random_next(&other));
    for (int i = 0; i < 10000; i++) {
        double x = ap__random_next(&a);
        assert_true(x >= 0 && x < 1);
        sum += x;
    }
    assert_float_equal(0.5, sum / 10000, 0.02);
}

/* The same uniform numbers choose what the sums of probabilities say. */
void test_drawing_inverts_the_sums(void **state) {
    static const double probs[4] = {0.1, 0.2, 0.3, 0.4};
    float x[4];
    ap__scratch scratch;
    ap_error err = AP_ERROR_INIT;
    ap__random random = ap__random_begin(5, 0, 0);
    (void)state;
    assert_ok(ap__scratch_create(&scratch, 4, &err), &err);
    for (int i = 0; i < 4; i++) x[i] = (float)log(probs[i]);
    for (int k = 0; k < 2000; k++) {
        size_t token;
        ap__random copy = random;
        double u = ap__random_next(&copy);
        size_t expected = u < 0.1 ? 0 : u < 0.3 ? 1 : u < 0.6 ? 2 : 3;
        assert_ok(ap__draw(&token, x, &scratch, &random, &err), &err);
        bool is_border = fabs(u - 0.1) < 1e-6 || fabs(u - 0.3) < 1e-6 || fabs(u - 0.6) < 1e-6;
        if (!is_border) assert_int_equal(expected, token);
    }
    for (int i = 0; i < 4; i++) x[i] = -INFINITY;
    size_t token;
    assert_fails(ap__draw(&token, x, &scratch, &random, &err), AP_EINVAL, &err, "no token can be drawn");
    ap__scratch_clear(&scratch);
}

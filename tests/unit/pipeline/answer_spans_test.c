/* The best spans, against a matrix of all of them. */
#include "pipeline/answer_spans.h"

#include "base/alloc.h"
#include "unit/support/check.h"
#include "unit/support/random.h"
#include "unit/support/torture.h"
#include "unit/support/values.h"

#include <math.h>
#include <stdlib.h>

enum { N_MAX = 12 };

/* One window, and what the matrix says about it. */
typedef struct sample {
    float start[N_MAX], end[N_MAX];
    uint8_t is_allowed[N_MAX];
    ap__answer_span all[N_MAX * N_MAX];
    size_t n, n_all;
    float null_score;
} sample;

static int compare(const void *left, const void *right) {
    const ap__answer_span *a = left, *b = right;
    if (a->score != b->score) return a->score > b->score ? -1 : 1;
    if (a->start != b->start) return a->start < b->start ? -1 : 1;
    return a->end < b->end ? -1 : 1;
}

static void softmax(float *out, const float *x, const sample *s) {
    float max = -INFINITY;
    double sum = 0;
    for (size_t i = 0; i < s->n; i++) out[i] = s->is_allowed[i] ? x[i] : -10000.0f;
    for (size_t i = 0; i < s->n; i++) max = out[i] > max ? out[i] : max;
    for (size_t i = 0; i < s->n; i++) sum += (double)(out[i] = expf(out[i] - max));
    for (size_t i = 0; i < s->n; i++) out[i] /= (float)sum;
}

/* select_starts_ends() as the reference writes it: a matrix, its band, a sort. */
static void solve(sample *s, size_t top_k, size_t max_len) {
    float start[N_MAX], end[N_MAX];
    size_t n = s->n, kept = 0;
    softmax(start, s->start, s);
    softmax(end, s->end, s);
    s->null_score = start[0] * end[0];
    start[0] = end[0] = 0;
    for (size_t i = 0; i < n * n; i++) {
        size_t a = i / n, b = i % n;
        s->all[i] =
            (ap__answer_span){(uint32_t)a, (uint32_t)b, b >= a && b - a < max_len ? start[a] * end[b] : 0};
    }
    qsort(s->all, n * n, sizeof *s->all, compare);
    for (size_t i = 0; i < n * n && i < top_k; i++)
        if (s->is_allowed[s->all[i].start] && s->is_allowed[s->all[i].end]) s->all[kept++] = s->all[i];
    s->n_all = kept;
}

static void make(sample *s, uint64_t *seed) {
    s->n = 1 + random_below(seed, N_MAX);
    for (size_t i = 0; i < s->n; i++) {
        s->start[i] = (float)random_below(seed, 200) / 10 - 10;
        s->end[i] = (float)random_below(seed, 200) / 10 - 10;
        s->is_allowed[i] = random_below(seed, 3) > 0;
    }
}

void test_spans_equal_those_of_the_matrix(void **state) {
    (void)state;
    uint64_t seed = 3;
    for (size_t round = 0; round < 3000; round++) {
        sample s;
        ap_error err = AP_ERROR_INIT;
        ap__answer_spans spans;
        size_t top_k = 1 + random_below(&seed, 30), max_len = 1 + random_below(&seed, 6);
        make(&s, &seed);
        solve(&s, top_k, max_len);
        ap__answer_query query = {s.is_allowed, s.n, (int64_t)top_k, (int64_t)max_len};
        assert_ok(ap__answer_spans_find(&spans, s.start, s.end, &query, &err), &err);
        assert_int_equal(spans.n, s.n_all);
        assert_true(spans.null_score == s.null_score);
        for (size_t i = 0; i < spans.n; i++) {
            assert_true(spans.ptr[i].score == s.all[i].score);
            assert_int_equal(spans.ptr[i].start, s.all[i].start);
            assert_int_equal(spans.ptr[i].end, s.all[i].end);
        }
        ap__answer_spans_clear(&spans);
    }
}

void test_nothing_is_allowed(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap__answer_spans spans;
    float start[4] = {1, 2, 3, 4}, end[4] = {4, 3, 2, 1};
    uint8_t none[4] = {0};
    ap__answer_query query = {none, 4, 5, 15};
    assert_ok(ap__answer_spans_find(&spans, start, end, &query, &err), &err);
    assert_int_equal(spans.n, 0);
    ap__answer_spans_clear(&spans);
    query.n = 0;
    assert_ok(ap__answer_spans_find(&spans, start, end, &query, &err), &err);
    assert_int_equal(spans.n, 0);
}

void test_more_than_there_are(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap__answer_spans spans;
    float start[3] = {0, 1, 2}, end[3] = {0, 1, 2};
    uint8_t all[3] = {1, 1, 1};
    ap__answer_query query = {all, 3, INT64_MAX, INT64_MAX};
    assert_ok(ap__answer_spans_find(&spans, start, end, &query, &err), &err);
    assert_int_equal(spans.n, 9);
    ap__answer_spans_clear(&spans);
}

void test_logits(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    float *start = (float *)1, *end;
    const float numbers[3] = {1, 2, 3};
    const int64_t shape[2] = {1, 3};
    ap_value *output = value_of("{}"), *tensor = NULL;
    ap_value_create_tensor(&tensor, AP_DTYPE_F32, shape, 2, numbers, NULL);
    ap_value_dict_set_take(output, "start_logits", tensor, NULL);
    assert_fails(ap__answer_logits(&start, &end, 3, output, &err), AP_EINVAL, &err,
                 "expected a tensor \"end_logits\"");
    assert_null(start);
    ap_value_create_tensor(&tensor, AP_DTYPE_F32, shape, 2, numbers, NULL);
    ap_value_dict_set_take(output, "end_logits", tensor, NULL);
    assert_fails(ap__answer_logits(&start, &end, 4, output, &err), AP_EINVAL, &err, "start_logits");
    assert_ok(ap__answer_logits(&start, &end, 3, output, &err), &err);
    assert_memory_equal(start, numbers, sizeof numbers);
    assert_memory_equal(end, numbers, sizeof numbers);
    ap__free(start);
    ap_value_destroy(output);
}

static ap_status find(void *ctx, ap_error *err) {
    ap__answer_spans spans;
    float start[8] = {0, 1, 2, 3, 4, 5, 6, 7}, end[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    uint8_t all[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    ap__answer_query query = {all, 8, 40, 3};
    (void)ctx;
    ap_status status = ap__answer_spans_find(&spans, start, end, &query, err);
    if (status) assert_null(spans.ptr);
    ap__answer_spans_clear(&spans);
    return status;
}

void test_torture(void **state) {
    (void)state;
    torture(find, NULL);
}

/* Forming batches: every feed once, in order where an order was asked for, and no padding that is not
 * allowed. */
#include "pipeline/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAX = 2000 };

typedef struct plan {
    size_t order[MAX], ends[MAX], tmp[MAX], n_batches;
} plan;

static void make_plan(plan *p, const size_t *lengths, size_t n, int64_t batch_size, ap__batching batching,
                      bool can_pad) {
    ap__plan_rule rule = {.batch_size = batch_size,
                          .batching = batching,
                          .can_pad = can_pad,
                          .run_tokens = ap__plan_run_tokens(1)};
    p->n_batches = ap__plan_batches(p->order, p->ends, p->tmp, lengths, n, &rule);
}

static void assert_every_feed_once(const plan *p, size_t n) {
    unsigned char seen[MAX] = {0};
    for (size_t i = 0; i < n; i++) {
        assert_true(p->order[i] < n);
        assert_false(seen[p->order[i]]);
        seen[p->order[i]] = 1;
    }
    assert_int_equal(n ? p->ends[p->n_batches - 1] : 0, n ? n : 0);
}

static void random_lengths(size_t *lengths, size_t n, unsigned seed) {
    srand(seed);
    for (size_t i = 0; i < n; i++) lengths[i] = 3 + (size_t)rand() % 70;
}

void test_no_feeds_no_batches(void **state) {
    plan p;
    (void)state;
    make_plan(&p, NULL, 0, 0, AP__BATCHING_PADDED, true);
    assert_int_equal(p.n_batches, 0);
}

/* A task that runs batches by itself gets as many rows as it asks for, however long. */
void test_rows_however_long(void **state) {
    static const size_t lengths[] = {900, 3, 700, 5, 1}, order[] = {4, 1, 3, 2, 0}, ends[] = {3, 5};
    plan p;
    ap__plan_rule rule = {.batching = AP__BATCHING_PADDED, .can_pad = true, .n_rows = 3};
    (void)state;
    p.n_batches = ap__plan_batches(p.order, p.ends, p.tmp, lengths, 5, &rule);
    assert_int_equal(2, p.n_batches);
    assert_memory_equal(order, p.order, sizeof order);
    assert_memory_equal(ends, p.ends, sizeof ends);
}

void test_given_size_keeps_the_order(void **state) {
    static const size_t lengths[] = {9, 3, 7, 5, 1, 8, 2};
    static const size_t ends[] = {3, 6, 7};
    plan p;
    (void)state;
    make_plan(&p, lengths, 7, 3, AP__BATCHING_PADDED, true);
    for (size_t i = 0; i < 7; i++) assert_int_equal(p.order[i], i);
    assert_int_equal(p.n_batches, 3);
    assert_memory_equal(p.ends, ends, sizeof ends);
}

/* What is padded where a size is asked for stays apart by length where none is. */
void test_padded_where_it_is_asked_for(void **state) {
    static const size_t lengths[] = {5, 3, 5, 3, 4};
    static const size_t asked[] = {3, 5}, by_length[] = {2, 3, 5};
    plan p;
    (void)state;
    make_plan(&p, lengths, 5, 3, AP__BATCHING_ASKED, true);
    assert_int_equal(2, p.n_batches);
    assert_memory_equal(asked, p.ends, sizeof asked);
    make_plan(&p, lengths, 5, 0, AP__BATCHING_ASKED, true);
    assert_int_equal(3, p.n_batches);
    assert_memory_equal(by_length, p.ends, sizeof by_length);
}

void test_by_length_sorts_stably(void **state) {
    static const size_t lengths[] = {5, 3, 5, 3, 4};
    static const size_t order[] = {1, 3, 4, 0, 2};
    plan p;
    (void)state;
    make_plan(&p, lengths, 5, 0, AP__BATCHING_PADDED, true);
    assert_memory_equal(p.order, order, sizeof order);
}

void test_by_length_pads_little(void **state) {
    size_t lengths[MAX], padded = 0, real = 0;
    plan p;
    (void)state;
    random_lengths(lengths, 1024, 1);
    make_plan(&p, lengths, 1024, 0, AP__BATCHING_PADDED, true);
    assert_every_feed_once(&p, 1024);
    for (size_t b = 0, start = 0; b < p.n_batches; start = p.ends[b++]) {
        size_t longest = lengths[p.order[p.ends[b] - 1]];
        for (size_t k = start; k < p.ends[b]; k++) real += lengths[p.order[k]];
        padded += longest * (p.ends[b] - start);
    }
    assert_true(padded * 100 < real * 105);
}

void test_more_threads_get_larger_batches(void **state) {
    size_t lengths[64];
    plan p;
    (void)state;
    for (size_t i = 0; i < 64; i++) lengths[i] = 64;
    for (int32_t n_threads = 1; n_threads <= 8; n_threads *= 2) {
        ap__plan_rule rule = {.batching = AP__BATCHING_PADDED, .run_tokens = ap__plan_run_tokens(n_threads)};
        rule.can_pad = true;
        p.n_batches = ap__plan_batches(p.order, p.ends, p.tmp, lengths, 64, &rule);
        assert_int_equal(p.n_batches, 8 / n_threads);
    }
    assert_int_equal(ap__plan_run_tokens(0), ap__plan_run_tokens(1));
}

void test_few_shapes_have_powers_of_two(void **state) {
    size_t lengths[MAX];
    plan p;
    ap__plan_rule rule = {.batching = AP__BATCHING_PADDED, .can_pad = true, .few_shapes = true};
    (void)state;
    rule.run_tokens = ap__plan_run_tokens(1);
    random_lengths(lengths, 777, 3);
    p.n_batches = ap__plan_batches(p.order, p.ends, p.tmp, lengths, 777, &rule);
    assert_every_feed_once(&p, 777);
    for (size_t b = 0, start = 0; b < p.n_batches; start = p.ends[b++])
        assert_int_equal(p.ends[b] - start, ap__plan_run_rows(p.ends[b] - start));
    assert_int_equal(8, ap__plan_run_rows(15));
    assert_int_equal(16, ap__plan_run_rows(16));
    assert_int_equal(1, ap__plan_run_rows(1));
}

void test_without_mask_only_equal_lengths_share(void **state) {
    size_t lengths[MAX];
    plan p;
    (void)state;
    random_lengths(lengths, 500, 2);
    make_plan(&p, lengths, 500, 0, AP__BATCHING_EQUAL, true);
    assert_every_feed_once(&p, 500);
    for (size_t b = 0, start = 0; b < p.n_batches; start = p.ends[b++])
        for (size_t k = start; k < p.ends[b]; k++)
            assert_int_equal(lengths[p.order[k]], lengths[p.order[start]]);
}

void test_without_pad_token_only_equal_lengths_share(void **state) {
    static const size_t lengths[] = {4, 4, 5, 5, 5, 4};
    plan p;
    (void)state;
    make_plan(&p, lengths, 6, 4, AP__BATCHING_PADDED, false);
    assert_int_equal(p.n_batches, 3); /* In order: 4 4 | 5 5 5 | 4. */
    make_plan(&p, lengths, 6, 0, AP__BATCHING_PADDED, false);
    assert_int_equal(p.n_batches, 2);
}

void test_single_runs_one_by_one_unless_asked(void **state) {
    static const size_t lengths[] = {4, 4, 4, 4};
    plan p;
    (void)state;
    make_plan(&p, lengths, 4, 0, AP__BATCHING_SINGLE, true);
    assert_int_equal(p.n_batches, 4);
    make_plan(&p, lengths, 4, 2, AP__BATCHING_SINGLE, true);
    assert_int_equal(p.n_batches, 2);
}

void test_one_long_feed_is_a_batch(void **state) {
    static const size_t lengths[] = {100000, 3};
    plan p;
    (void)state;
    make_plan(&p, lengths, 2, 0, AP__BATCHING_PADDED, true);
    assert_int_equal(p.n_batches, 2);
    assert_every_feed_once(&p, 2);
}

void test_random_plans_hold_every_feed_once(void **state) {
    size_t lengths[MAX];
    plan p;
    (void)state;
    for (unsigned seed = 0; seed < 200; seed++) {
        size_t n = seed * 7 % MAX;
        random_lengths(lengths, n, seed);
        make_plan(&p, lengths, n, seed % 5, (ap__batching)(1 + seed % 3), seed % 2);
        if (n) assert_every_feed_once(&p, n);
    }
}

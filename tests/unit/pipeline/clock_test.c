#include "pipeline/clock.h"
#include "unit/support/check.h"

#include <pthread.h>

void test_no_clock_measures_nothing(void **state) {
    (void)state;
    assert_int_equal(ap__clock_start(NULL), 0);
    ap__clock_stop(NULL, AP__MEASURE_FORWARD_NS, 0);
    ap__clock_count(NULL, AP__MEASURE_TOKENS, 5);
}

/* Every counter has a member of its own. */
void test_counters_come_out_in_their_members(void **state) {
    (void)state;
    ap__clock clock = {0};
    ap_timings out = AP_TIMINGS_INIT;
    for (int i = 0; i < AP__N_MEASURES; i++) ap__clock_count(&clock, (ap__measure)i, (size_t)i + 1);
    ap__clock_read(&out, &clock);
    assert_int_equal(out.struct_size, sizeof out);
    assert_int_equal(out.total_ns, 1);
    assert_int_equal(out.preprocess_ns, 2);
    assert_int_equal(out.collate_ns, 3);
    assert_int_equal(out.forward_ns, 4);
    assert_int_equal(out.unbatch_ns, 5);
    assert_int_equal(out.postprocess_ns, 6);
    assert_int_equal(out.n_inputs, 7);
    assert_int_equal(out.n_feeds, 8);
    assert_int_equal(out.n_batches, 9);
    assert_int_equal(out.n_tokens, 10);
    assert_int_equal(out.n_padding_tokens, 11);
}

static void *count_often(void *arg) {
    for (int i = 0; i < 10000; i++) {
        uint64_t start = ap__clock_start(arg);
        ap__clock_stop(arg, AP__MEASURE_FORWARD_NS, start);
        ap__clock_count(arg, AP__MEASURE_TOKENS, 2);
    }
    return NULL;
}

void test_threads_count_together(void **state) {
    (void)state;
    ap__clock clock = {0};
    ap_timings out = AP_TIMINGS_INIT;
    pthread_t threads[4];
    uint64_t start = ap__clock_start(&clock);
    for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, count_often, &clock), 0);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    ap__clock_stop(&clock, AP__MEASURE_TOTAL_NS, start);
    ap__clock_read(&out, &clock);
    assert_int_equal(out.n_tokens, 80000);
    assert_true(out.forward_ns > 0);
    assert_true(out.total_ns > 0);
}

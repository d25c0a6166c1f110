/* Workers of oneTBB that are parked while runs have fewer threads than they could use. The source itself is
 * included: a plugin exports nothing. */
#include "../../../plugins/ov/workers.c"

#include "unit/support/check.h"

#define LIBRARY AP_TEST_SOURCE_DIR "/deps/openvino/libs/" TBB_SONAME

enum { PATIENCE_MS = 20000, N_THREADS = 4, N_RUNS = 300 };

static int32_t n_idle; /* Workers of this process. */

int group_setup(void **state) {
    (void)state;
    bool is_loaded = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL) != NULL;
    assert_int_equal(is_loaded, ovp_workers_find());
    assert_int_equal(is_loaded, ovp_workers_find());
    if (is_loaded) n_idle = (int32_t)tbb.active_value(TBB_MAX_ALLOWED_PARALLELISM) - 1;
    return 0;
}

static void assert_parked(int32_t n) {
    const struct timespec pause = {0, 1000000};
    for (int i = 0; i < PATIENCE_MS && ovp_workers_count_parked() != n; i++) nanosleep(&pause, NULL);
    assert_int_equal(n, ovp_workers_count_parked());
}

void test_a_short_run_has_no_helpers(void **state) {
    (void)state;
    if (!n_idle) skip();
    for (int i = 0; i < 3; i++) {
        ovp_workers_enter(1, 2);
        assert_parked(n_idle);
        ovp_workers_enter(1, 2);
        assert_parked(n_idle);
        ovp_workers_leave(1, 2);
        assert_parked(n_idle);
        ovp_workers_leave(1, 2);
        assert_parked(0);
    }
}

void test_a_short_run_keeps_the_helpers_it_was_given(void **state) {
    (void)state;
    if (!n_idle) skip();
    ovp_workers_enter(1 + n_idle, 2 + n_idle);
    assert_parked(0);
    ovp_workers_enter(1, 2);
    assert_parked(0);
    ovp_workers_leave(1 + n_idle, 2 + n_idle);
    ovp_workers_enter(1, 1); /* Only who begins says how many are to be parked. */
    assert_parked(n_idle);
    ovp_workers_leave(1, 1);
    ovp_workers_leave(1, 2);
    assert_parked(0);
}

void test_a_full_run_parks_nobody(void **state) {
    (void)state;
    ovp_workers_enter(2, 2);
    assert_parked(0);
    assert_int_equal(0, n_taken);
    ovp_workers_leave(2, 2);
}

static void *come_and_go(void *ctx) {
    unsigned seed = *(const unsigned *)ctx;
    for (int i = 0; i < N_RUNS; i++) {
        const struct timespec run = {0, (long)(seed % 50) * 1000};
        int32_t n = 1 + (int32_t)(seed % 2);
        ovp_workers_enter(n, 2);
        nanosleep(&run, NULL);
        ovp_workers_leave(n, 2);
        seed = seed * 1664525u + 1013904223u;
    }
    return NULL;
}

void test_many_callers_leave_none_parked(void **state) {
    (void)state;
    pthread_t threads[N_THREADS];
    unsigned seeds[N_THREADS];
    if (!n_idle) skip();
    for (unsigned i = 0; i < N_THREADS; i++) {
        seeds[i] = i * 7919;
        assert_int_equal(0, pthread_create(&threads[i], NULL, come_and_go, &seeds[i]));
    }
    for (size_t i = 0; i < N_THREADS; i++) pthread_join(threads[i], NULL);
    assert_parked(0);
    assert_int_equal(0, n_short);
    assert_int_equal(0, n_beside);
    /* A spot that no worker came to is kept for the next that is called. */
    ovp_workers_enter(1, 2);
    assert_parked(n_idle);
    assert_int_equal(n_idle, n_taken);
    ovp_workers_leave(1, 2);
    assert_parked(0);
}

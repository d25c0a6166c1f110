#define _GNU_SOURCE /* setenv */
#include "backend/lease.h"

#include "base/threads.h"
#include "unit/backend/sessions.h"
#include "unit/support/check.h"
#include "unit/support/tempdir.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { BUDGET = 4 };

static ap_error err;

int group_setup(void **state) {
    (void)state;
    setenv("ACCELPIPE_NUM_THREADS", "4", 1);
    return ap__threads_allowed() != BUDGET;
}

static void nap(long ms) {
    const struct timespec t = {.tv_nsec = ms * 1000000L};
    nanosleep(&t, NULL);
}

/* A thread that leases, holds until it is told to give back, and says where it is. */
typedef struct holder {
    pthread_t thread;
    int n;
    ap_cancel *cancel;
    atomic_int state; /* 0 begun, 1 holds, 2 was cancelled. */
    atomic_bool may_give;
} holder;

static void *hold(void *ctx) {
    holder *h = ctx;
    ap_error ignored = AP_ERROR_INIT;
    ap_status status = ap__lease_take(h->n, h->cancel, &ignored);
    atomic_store(&h->state, status == AP_OK ? 1 : status == AP_ECANCELED ? 2 : 3);
    while (!status && !atomic_load(&h->may_give)) nap(1);
    if (!status) ap__lease_give(h->n);
    return NULL;
}

static void start(holder *h, int n) {
    h->n = n;
    assert_int_equal(0, pthread_create(&h->thread, NULL, hold, h));
}

static void finish(holder *h) {
    atomic_store(&h->may_give, true);
    pthread_join(h->thread, NULL);
}

/* Waits for a state, and fails when it does not come. */
static void await(holder *h, int state) {
    for (int i = 0; i < 5000 && atomic_load(&h->state) != state; i++) nap(1);
    assert_int_equal(state, atomic_load(&h->state));
}

/* Waits until so many stand in the queue. */
static void await_queue(size_t n) {
    for (int i = 0; i < 5000 && ap__lease_n_waiting() != n; i++) nap(1);
    assert_int_equal(n, ap__lease_n_waiting());
}

void test_what_is_free_is_had_at_once(void **state) {
    (void)state;
    assert_ok(ap__lease_take(1, NULL, &err), &err);
    assert_ok(ap__lease_take(3, NULL, &err), &err);
    ap__lease_give(1);
    ap__lease_give(3);
    assert_ok(ap__lease_take(1000, NULL, &err), &err); /* All of them. */
    ap__lease_give(1000);
    assert_ok(ap__lease_take(4, NULL, &err), &err);
    ap__lease_give(4);
}

void test_first_come_first_served(void **state) {
    (void)state;
    holder big = {.n = 0}, small = {.n = 0};
    assert_ok(ap__lease_take(2, NULL, &err), &err);
    start(&big, 4);
    await_queue(1);
    start(&small, 1); /* It would fit, and must not overtake. */
    await_queue(2);
    assert_int_equal(0, atomic_load(&big.state));
    assert_int_equal(0, atomic_load(&small.state));
    ap__lease_give(2);
    await(&big, 1);
    assert_int_equal(0, atomic_load(&small.state));
    finish(&big);
    await(&small, 1);
    finish(&small);
}

void test_cancelling_leaves_the_queue(void **state) {
    (void)state;
    holder big = {.n = 0}, small = {.n = 0};
    assert_ok(ap_cancel_create(&big.cancel, &err), &err);
    assert_ok(ap__lease_take(2, NULL, &err), &err);
    start(&big, 4);
    await_queue(1);
    start(&small, 1);
    await_queue(2);
    ap_cancel_trigger(big.cancel);
    await(&big, 2);
    await(&small, 1); /* Nothing stands in its way any more. */
    finish(&big);
    finish(&small);
    ap__lease_give(2);
    assert_ok(ap__lease_take(4, NULL, &err), &err); /* Nothing was lost. */
    ap__lease_give(4);
    ap_cancel_destroy(big.cancel);
}

static atomic_int n_at_once, most_at_once;

static void *hammer(void *ctx) {
    unsigned seed = *(const unsigned *)ctx;
    for (int i = 0; i < 300; i++) {
        seed = seed * 1103515245u + 12345u;
        int n = 1 + (int)(seed >> 16) % BUDGET;
        if (ap__lease_take(n, NULL, NULL)) return ctx;
        int now = atomic_fetch_add(&n_at_once, n) + n, most = atomic_load(&most_at_once);
        while (now > most && !atomic_compare_exchange_weak(&most_at_once, &most, now)) continue;
        atomic_fetch_sub(&n_at_once, n);
        ap__lease_give(n);
    }
    return NULL;
}

void test_never_more_than_the_budget(void **state) {
    (void)state;
    enum { N_THREADS = 8 };
    pthread_t threads[N_THREADS];
    unsigned seeds[N_THREADS];
    for (unsigned i = 0; i < N_THREADS; i++) {
        seeds[i] = i;
        assert_int_equal(0, pthread_create(&threads[i], NULL, hammer, &seeds[i]));
    }
    for (int i = 0; i < N_THREADS; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_in_range(atomic_load(&most_at_once), 1, BUDGET);
}

/* -- sessions ------------------------------------------------------------------------------------------ */

static void *run_once(void *session) {
    const int64_t shape[] = {1};
    ap__tensor *x = sessions_tensor(AP_DTYPE_U8, shape, 1, NULL);
    ap__feed in = {.name = "x", .tensor = x}, out = {.name = "y"};
    ap_status status = ap__session_run(session, &in, 1, &out, 1, NULL, NULL);
    ap__tensor_unref(out.tensor);
    ap__tensor_unref(x);
    return status ? session : NULL;
}

/* How long two runs of two sessions take together, in milliseconds. */
static long run_two(const char *more) {
    ap__path folder, path;
    char text[256];
    struct timespec begin, end;
    ap__session *sessions[2];
    pthread_t thread;
    void *failed = NULL;
    sessions_setup(&folder);
    snprintf(text, sizeof text,
             "accelpipe-replay 1\ninput x uint8 -1\noutput y uint8 -1\ncompute y copy x\nlatency_ms 60\n%s",
             more);
    path = tempdir_write_text(&folder, "m", text);
    for (int i = 0; i < 2; i++) sessions[i] = sessions_open(sessions_backend("replay"), path.text);
    clock_gettime(CLOCK_MONOTONIC, &begin);
    assert_int_equal(0, pthread_create(&thread, NULL, run_once, sessions[0]));
    assert_null(run_once(sessions[1]));
    pthread_join(thread, &failed);
    assert_null(failed);
    clock_gettime(CLOCK_MONOTONIC, &end);
    for (int i = 0; i < 2; i++) ap__session_close(sessions[i]);
    sessions_teardown(&folder);
    return (end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1000000;
}

void test_runs_with_threads_of_their_own_take_turns(void **state) {
    (void)state;
    assert_true(run_two("run_threads 4\n") >= 120);
    assert_true(run_two("run_threads 3\n") >= 120);
}

/* With half of the budget taken, what fits into the rest runs, and what needs none at all. */
void test_runs_that_fit_do_not_wait(void **state) {
    (void)state;
    assert_ok(ap__lease_take(2, NULL, &err), &err);
    run_two("");
    run_two("run_threads 1\n");
    ap__lease_give(2);
}

/* A backend whose runs have threads of their own, with a session of three threads. */
static void *run_append(void *session) {
    static const int64_t shape[] = {1, 2, 3, 4};
    ap__tensor *x = sessions_tensor(AP_DTYPE_F32, shape, 4, NULL);
    ap__feed in[] = {{"past", 0, x}, {"new", 0, x}}, out = {.name = "present"};
    ap_status status = ap__session_run(session, in, 2, &out, 1, NULL, NULL);
    ap__tensor_unref(out.tensor);
    ap__tensor_unref(x);
    return status ? session : NULL;
}

static void check_run_waits(const ap__backend *backend, const ap__session_options *options) {
    ap__session *session = NULL;
    pthread_t thread;
    void *failed = NULL;
    assert_ok(ap__session_open(&session, backend, options, &err), &err);
    assert_int_equal(options->n_threads, ap__session_get_info(session)->run_threads);
    assert_ok(ap__lease_take(BUDGET - options->n_threads + 1, NULL, &err), &err);
    assert_int_equal(0, pthread_create(&thread, NULL, run_append, session));
    await_queue(1);
    ap__lease_give(BUDGET - options->n_threads + 1);
    pthread_join(thread, &failed);
    assert_null(failed);
    ap__session_close(session);
}

void test_runs_with_threads_of_their_own_wait_for_them(void **state) {
    (void)state;
    static const char *const names[] = {"ov", "ipex"};
    ap__path folder;
    bool is_any = false;
    sessions_setup(&folder);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const ap__backend *backend = sessions_backend(names[i]);
        const ap__path path = sessions_model(names[i], "append");
        if (!backend) continue;
        is_any = true;
        check_run_waits(backend, &(ap__session_options){.path = path.text, .n_threads = 3, .no_cache = true});
    }
    sessions_teardown(&folder);
    if (!is_any) skip();
}

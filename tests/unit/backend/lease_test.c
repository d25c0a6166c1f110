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
    int n_least, n_most;
    int n; /* What it got. */
    ap_cancel *cancel;
    atomic_int state; /* 0 begun, 1 holds, 2 was cancelled. */
    atomic_bool may_give;
} holder;

static void *hold(void *ctx) {
    holder *h = ctx;
    ap_error ignored = AP_ERROR_INIT;
    ap_status status = ap__lease_take(&h->n, h->n_least, h->n_most, h->cancel, &ignored);
    atomic_store(&h->state, status == AP_OK ? 1 : status == AP_ECANCELED ? 2 : 3);
    while (!status && !atomic_load(&h->may_give)) nap(1);
    if (!status) ap__lease_give(h->n);
    return NULL;
}

static void start_sharing(holder *h, int n_least, int n_most) {
    h->n_least = n_least;
    h->n_most = n_most;
    assert_int_equal(0, pthread_create(&h->thread, NULL, hold, h));
}

static void start(holder *h, int n) { start_sharing(h, n, n); }

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

/* Leases that many, which are free. */
static void take(int n) {
    int n_got = 0;
    assert_ok(ap__lease_take(&n_got, n, n, NULL, &err), &err);
    assert_int_equal(n < BUDGET ? n : BUDGET, n_got);
}

/* Until nobody is thought to be between two runs. */
static void settle(void) { nap(5); }

void test_what_is_free_is_had_at_once(void **state) {
    (void)state;
    take(1);
    take(3);
    ap__lease_give(1);
    ap__lease_give(3);
    take(1000); /* All of them. */
    ap__lease_give(BUDGET);
    take(4);
    ap__lease_give(4);
}

void test_first_come_first_served(void **state) {
    (void)state;
    holder big = {.n = 0}, small = {.n = 0};
    take(2);
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
    take(2);
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
    take(4); /* Nothing was lost. */
    ap__lease_give(4);
    ap_cancel_destroy(big.cancel);
}

/* -- sharing ------------------------------------------------------------------------------------------- */

void test_one_caller_has_all(void **state) {
    (void)state;
    int n = 0;
    for (int i = 0; i < 3; i++) {
        settle();
        assert_ok(ap__lease_take(&n, 1, 4, NULL, &err), &err);
        assert_int_equal(4, n);
        ap__lease_give(n);
    }
    assert_ok(ap__lease_take(&n, 1, 3, NULL, &err), &err);
    assert_int_equal(3, n);
    ap__lease_give(n);
}

void test_who_comes_last_has_what_is_left(void **state) {
    (void)state;
    holder a = {.n = 0}, b = {.n = 0};
    settle();
    start(&a, 1);
    await(&a, 1);
    start_sharing(&b, 1, 4);
    await(&b, 1);
    assert_int_equal(3, b.n);
    finish(&a);
    finish(&b);
}

/* One that has run once while others waited is expected back: a thread is left for it. */
void test_those_who_wait_share_with_who_comes_back(void **state) {
    (void)state;
    holder a = {.n = 0}, b = {.n = 0}, c = {.n = 0};
    settle();
    start_sharing(&a, 1, 4);
    await(&a, 1);
    assert_int_equal(4, a.n);
    start_sharing(&b, 1, 4);
    await_queue(1);
    start_sharing(&c, 1, 4);
    await_queue(2);
    finish(&a);
    await(&b, 1);
    await(&c, 1);
    assert_int_equal(2, b.n);
    assert_int_equal(1, c.n);
    finish(&b);
    finish(&c);
}

void test_no_fewer_than_will_do(void **state) {
    (void)state;
    holder a = {.n = 0}, b = {.n = 0}, c = {.n = 0};
    settle();
    start(&a, 4);
    await(&a, 1);
    start_sharing(&b, 3, 4);
    await_queue(1);
    start_sharing(&c, 2, 4);
    await_queue(2);
    finish(&a);
    await(&b, 1);
    assert_int_equal(3, b.n);
    assert_int_equal(0, atomic_load(&c.state)); /* One is free. */
    finish(&b);
    await(&c, 1);
    assert_in_range(c.n, 2, 4);
    finish(&c);
}

void test_who_wants_all_is_not_overtaken_by_who_shares(void **state) {
    (void)state;
    holder a = {.n = 0}, all = {.n = 0}, b = {.n = 0};
    settle();
    start_sharing(&a, 1, 2);
    await(&a, 1);
    start(&all, 4);
    await_queue(1);
    start_sharing(&b, 1, 4);
    await_queue(2);
    assert_int_equal(0, atomic_load(&b.state));
    finish(&a);
    await(&all, 1);
    assert_int_equal(4, all.n);
    assert_int_equal(0, atomic_load(&b.state));
    finish(&all);
    await(&b, 1);
    finish(&b);
}

void test_cancelling_one_who_would_share(void **state) {
    (void)state;
    holder a = {.n = 0}, b = {.n = 0};
    settle();
    assert_ok(ap_cancel_create(&b.cancel, &err), &err);
    start(&a, 4);
    await(&a, 1);
    start_sharing(&b, 1, 4);
    await_queue(1);
    ap_cancel_trigger(b.cancel);
    await(&b, 2);
    assert_int_equal(0, ap__lease_n_waiting());
    finish(&b);
    finish(&a);
    take(4);
    ap__lease_give(4);
    ap_cancel_destroy(b.cancel);
}

/* -- many ---------------------------------------------------------------------------------------------- */

static atomic_int n_at_once, most_at_once;

static void *hammer(void *ctx) {
    unsigned seed = *(const unsigned *)ctx;
    for (int i = 0; i < 300; i++) {
        seed = seed * 1103515245u + 12345u;
        int n_least = 1 + (int)(seed >> 16) % BUDGET, n_most = n_least + (int)(seed >> 24) % BUDGET, n = 0;
        if (ap__lease_take(&n, n_least, n_most, NULL, NULL) || n < n_least || n > n_most) return ctx;
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

static ap__path write_model(const ap__path *folder, const char *more) {
    char text[256];
    snprintf(text, sizeof text,
             "accelpipe-replay 1\ninput x uint8 -1\noutput y uint8 -1\ncompute y copy x\nlatency_ms 60\n%s",
             more);
    return tempdir_write_text(folder, "m", text);
}

/* How long two runs of two sessions take together, in milliseconds. */
static long run_two(const char *more) {
    ap__path folder, path;
    struct timespec begin, end;
    ap__session *sessions[2];
    pthread_t thread;
    void *failed = NULL;
    sessions_setup(&folder);
    path = write_model(&folder, more);
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
    take(2);
    run_two("");
    run_two("run_threads 1\n");
    run_two("run_threads 4\nrun_threads_min 1\n");
    ap__lease_give(2);
}

/* Backends whose runs have threads of their own, and can do with one. */
enum { N_THREADS = 3 };

static void *run_append(void *session) {
    static const int64_t shape[] = {1, 2, 3, 4};
    ap__tensor *x = sessions_tensor(AP_DTYPE_F32, shape, 4, NULL);
    ap__feed in[] = {{"past", 0, x}, {"new", 0, x}}, out = {.name = "present"};
    ap_status status = ap__session_run(session, in, 2, &out, 1, NULL, NULL);
    ap__tensor_unref(out.tensor);
    ap__tensor_unref(x);
    return status ? session : NULL;
}

static void check_run_waits(const ap__backend *backend, const char *path) {
    const ap__session_options options = {.path = path, .n_threads = N_THREADS, .no_cache = true};
    ap__session *session = NULL;
    pthread_t thread;
    void *failed = NULL;
    assert_ok(ap__session_open(&session, backend, &options, &err), &err);
    assert_int_equal(N_THREADS, ap__session_get_info(session)->run_threads);
    assert_int_equal(1, ap__session_get_info(session)->run_threads_min);
    take(BUDGET);
    assert_int_equal(0, pthread_create(&thread, NULL, run_append, session));
    await_queue(1);
    ap__lease_give(BUDGET);
    pthread_join(thread, &failed);
    assert_null(failed);
    take(BUDGET - 1);
    assert_null(run_append(session)); /* It can do with the rest. */
    ap__lease_give(BUDGET - 1);
    ap__session_close(session);
}

void test_runs_with_threads_of_their_own_wait_for_one(void **state) {
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
        check_run_waits(backend, path.text);
    }
    sessions_teardown(&folder);
    if (!is_any) skip();
}

#include "base/cancel.h"

#include "unit/support/check.h"
#include "unit/support/torture.h"

#include <pthread.h>
#include <stdatomic.h>

static ap_error err;

static void count(void *ctx) { atomic_fetch_add((atomic_int *)ctx, 1); }

static ap_cancel *create(void) {
    ap_cancel *cancel = NULL;
    assert_ok(ap_cancel_create(&cancel, &err), &err);
    return cancel;
}

void test_null_is_never_cancelled(void **state) {
    (void)state;
    atomic_int n = 0;
    ap_cancel_trigger(NULL);
    ap_cancel_destroy(NULL);
    assert_false(ap__cancel_is_triggered(NULL));
    assert_int_equal(0, ap__cancel_bind(NULL, count, &n));
    ap__cancel_unbind(NULL, count, &n);
    assert_int_equal(0, n);
}

void test_create_needs_an_out(void **state) {
    (void)state;
    assert_fails(ap_cancel_create(NULL, &err), AP_EINVAL, &err, "out is NULL");
}

void test_trigger_calls_what_is_bound(void **state) {
    (void)state;
    atomic_int a = 0, b = 0, c = 0;
    ap_cancel *cancel = create();
    assert_int_equal(0, ap__cancel_bind(cancel, count, &a));
    assert_int_equal(0, ap__cancel_bind(cancel, count, &b));
    assert_int_equal(0, ap__cancel_bind(cancel, count, &c));
    ap__cancel_unbind(cancel, count, &a);
    ap__cancel_unbind(cancel, count, &a); /* Once more does nothing. */
    assert_false(ap__cancel_is_triggered(cancel));
    ap_cancel_trigger(cancel);
    assert_true(ap__cancel_is_triggered(cancel));
    assert_int_equal(0, a);
    assert_int_equal(1, b);
    assert_int_equal(1, c);
    ap_cancel_destroy(cancel);
}

void test_bind_after_trigger_calls_at_once(void **state) {
    (void)state;
    atomic_int n = 0;
    ap_cancel *cancel = create();
    ap_cancel_trigger(cancel);
    assert_int_equal(1, ap__cancel_bind(cancel, count, &n));
    assert_int_equal(1, n);
    ap__cancel_unbind(cancel, count, &n);
    ap_cancel_destroy(cancel);
}

void test_many_bindings(void **state) {
    (void)state;
    enum { N = 1000 };
    static atomic_int n[N];
    ap_cancel *cancel = create();
    for (int i = 0; i < N; i++) assert_int_equal(0, ap__cancel_bind(cancel, count, &n[i]));
    for (int i = 0; i < N; i += 2) ap__cancel_unbind(cancel, count, &n[i]);
    ap_cancel_trigger(cancel);
    for (int i = 0; i < N; i++) assert_int_equal(i % 2, n[i]);
    ap_cancel_destroy(cancel);
}

/* -- threads ------------------------------------------------------------------------------------------- */

typedef struct job {
    ap_cancel *cancel;
    atomic_int n_called;
    int is_bound; /* Not atomic on purpose: the lock has to order it. */
} job;

static void stop_job(void *ctx) {
    job *j = ctx;
    if (!j->is_bound) atomic_store(&j->n_called, -1000);
    atomic_fetch_add(&j->n_called, 1);
}

/* What a backend's run() does: bind, work, unbind. */
static void *run_jobs(void *ctx) {
    job *j = ctx;
    for (int i = 0; i < 2000; i++) {
        j->is_bound = 1;
        ap__cancel_bind(j->cancel, stop_job, j);
        ap__cancel_unbind(j->cancel, stop_job, j);
        j->is_bound = 0; /* After unbind the function is not running and will not run. */
    }
    return NULL;
}

void test_trigger_while_others_bind(void **state) {
    (void)state;
    enum { N = 4 };
    job jobs[N] = {{0}};
    pthread_t threads[N];
    ap_cancel *cancel = create();
    for (int i = 0; i < N; i++) {
        jobs[i].cancel = cancel;
        assert_int_equal(0, pthread_create(&threads[i], NULL, run_jobs, &jobs[i]));
    }
    for (int i = 0; i < 100; i++) ap_cancel_trigger(cancel);
    for (int i = 0; i < N; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < N; i++) assert_true(jobs[i].n_called >= 0);
    ap_cancel_destroy(cancel);
}

/* -- out of memory: the flag alone then stops the call ------------------------------------------------- */

static ap_status bind_and_trigger(void *ctx, ap_error *error) {
    (void)ctx;
    atomic_int n = 0;
    ap_cancel *cancel;
    ap_status status = ap_cancel_create(&cancel, error);
    if (status) {
        assert_null(cancel);
        return status;
    }
    ap__cancel_bind(cancel, count, &n);
    ap_cancel_trigger(cancel);
    assert_true(ap__cancel_is_triggered(cancel));
    assert_true(n <= 1);
    ap__cancel_unbind(cancel, count, &n);
    ap_cancel_destroy(cancel);
    return AP_OK;
}

void test_torture(void **state) {
    (void)state;
    assert_int_equal(2, torture_graceful(bind_and_trigger, NULL));
}

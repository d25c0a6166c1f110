#include "unit/support/torture.h"

#include "unit/support/check.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { RUNS_MAX = 1000000 };

/* Blocks come from malloc as they do without this allocator, so that those made before can be freed under it.
 */
static atomic_size_t n_calls, n_failed;
static atomic_long n_alive;
static size_t fail_at; /* Written while nothing runs; 0: never. */

static int fails_now(void) {
    size_t call = atomic_fetch_add(&n_calls, 1) + 1;
    if (call != fail_at) return 0;
    atomic_fetch_add(&n_failed, 1);
    return 1;
}

static void *counting_malloc(size_t size_bytes, void *ctx) {
    (void)ctx;
    if (fails_now()) return NULL;
    void *ptr = malloc(size_bytes);
    if (ptr) atomic_fetch_add(&n_alive, 1);
    return ptr;
}

static void *counting_realloc(void *ptr, size_t size_bytes, void *ctx) {
    (void)ctx;
    if (fails_now()) return NULL;
    void *grown = realloc(ptr, size_bytes);
    if (grown && !ptr) atomic_fetch_add(&n_alive, 1);
    return grown;
}

static void counting_free(void *ptr, void *ctx) {
    (void)ctx;
    if (ptr) atomic_fetch_sub(&n_alive, 1);
    free(ptr);
}

static void install(void) {
    ap_allocator allocator = AP_ALLOCATOR_INIT;
    allocator.malloc_fn = counting_malloc;
    allocator.realloc_fn = counting_realloc;
    allocator.free_fn = counting_free;
    assert_int_equal(0, ap_allocator_set(&allocator));
}

/* One run whose allocation number `n` fails. */
static ap_status run_once(torture_fn fn, void *ctx, size_t n, ap_error *err) {
    *err = (ap_error)AP_ERROR_INIT;
    atomic_store(&n_calls, 0);
    atomic_store(&n_failed, 0);
    fail_at = n;
    ap_status status = fn(ctx, err);
    fail_at = 0;
    return status;
}

size_t torture_count(torture_fn fn, void *ctx) {
    ap_error err;
    install();
    ap_status status = run_once(fn, ctx, 0, &err);
    assert_int_equal(0, ap_allocator_set(NULL));
    assert_ok(status, &err);
    return atomic_load(&n_calls);
}

/* What is wrong with a run, NULL when nothing is. */
static const char *judge(ap_status status, const ap_error *err, int is_graceful, long n_left) {
    int has_failed = atomic_load(&n_failed) != 0;
    if (status == AP_OK && err->status) return "succeeded with an error in err";
    if (n_left) return "the number of blocks changed: a leak, or a block freed twice";
    if (!has_failed) return status == AP_OK ? NULL : "failed although every allocation was served";
    if (status == AP_OK) return is_graceful ? NULL : "succeeded although an allocation failed";
    if (status != AP_ENOMEM) return "expected AP_ENOMEM";
    return err->status == AP_ENOMEM && err->message[0] ? NULL : "err was not filled";
}

size_t torture_at(torture_fn fn, void *ctx, int is_graceful, const char *file, int line) {
    ap_error err;
    const char *problem = NULL;
    size_t n = 0;
    install();
    ap_status status = run_once(fn, ctx, 0, &err);
    if (status) problem = "the first run, without failures, failed";
    while (!problem && n < RUNS_MAX) {
        long n_before = atomic_load(&n_alive);
        status = run_once(fn, ctx, ++n, &err);
        problem = judge(status, &err, is_graceful, atomic_load(&n_alive) - n_before);
        if (!atomic_load(&n_failed)) break;
    }
    ap_allocator_set(NULL);
    if (n == RUNS_MAX) problem = "it never came to an end";
    if (problem) {
        print_error("allocation %zu failed: %s; %s: %s\n", n, problem, ap_status_name(status), err.message);
        _fail(file, line);
    }
    return atomic_load(&n_calls);
}

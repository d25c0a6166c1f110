/* Eight threads share one pipeline of every task for a while: every result is the one that the input has
 * alone, and the memory that the library holds does not grow with the calls.
 *
 * AP_TEST_SECONDS says how long, by default a few seconds; `make stress` is two minutes each under
 * ThreadSanitizer and AddressSanitizer. */
#include "unit/support/check.h"
#include "unit/support/mixes.h"
#include "unit/support/pipelines.h"
#include "unit/support/random.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { N_THREADS = 8, MAX_KINDS = 32, DEFAULT_SECONDS = 4 };

/* -- memory -------------------------------------------------------------------------------------------- */

static atomic_long n_blocks; /* That the library holds. */

static void *counted_malloc(size_t size, void *ctx) {
    (void)ctx;
    void *ptr = malloc(size);
    if (ptr) atomic_fetch_add(&n_blocks, 1);
    return ptr;
}

static void *counted_realloc(void *ptr, size_t size, void *ctx) {
    (void)ctx;
    return realloc(ptr, size);
}

static void counted_free(void *ptr, void *ctx) {
    (void)ctx;
    atomic_fetch_sub(&n_blocks, 1);
    free(ptr);
}

int group_setup(void **state) {
    (void)state;
    ap_allocator allocator = AP_ALLOCATOR_INIT;
    allocator.malloc_fn = counted_malloc;
    allocator.realloc_fn = counted_realloc;
    allocator.free_fn = counted_free;
    if (ap_allocator_set(&allocator)) return -1;
    support_use_build_plugins();
    return 0;
}

/* -- threads ------------------------------------------------------------------------------------------- */

typedef struct crowd {
    mix_pool pools[MAX_KINDS];
    size_t n_pools;
    struct timespec end;
    atomic_size_t n_calls;
    atomic_int is_failed;
    pthread_mutex_t lock; /* Guards `message`. */
    char message[512];
} crowd;

typedef struct member {
    crowd *crowd;
    uint64_t seed;
} member;

static void fail_in_crowd(crowd *c, const mix_pool *pool, size_t i, const char *why) {
    pthread_mutex_lock(&c->lock);
    if (!atomic_exchange(&c->is_failed, 1))
        snprintf(c->message, sizeof c->message, "%s: input %zu: %s", pool->kind->task, i, why);
    pthread_mutex_unlock(&c->lock);
}

static void compare(crowd *c, const mix_pool *pool, size_t i, const ap_value *result) {
    char why[64];
    double difference = support_difference(pool->results[i], result);
    if (difference <= 1e-4) return;
    snprintf(why, sizeof why, "differs by %g from its result alone", difference);
    fail_in_crowd(c, pool, i, why);
}

static void call_one(crowd *c, const mix_pool *pool, uint64_t *seed) {
    size_t i = random_below(seed, MIX_N_INPUTS);
    ap_error err = AP_ERROR_INIT;
    ap_value *out = NULL;
    if (ap_pipeline_call(&out, pool->pipe, pool->inputs[i], NULL, &err))
        fail_in_crowd(c, pool, i, err.message);
    else
        compare(c, pool, i, out);
    ap_value_destroy(out);
}

/* A stream of some inputs; its reader is one more thread of the library's own. */
typedef struct stream {
    crowd *crowd;
    const mix_pool *pool;
    size_t chosen[MIX_MAX], n, next;
} stream;

static ap_status next_input(ap_value **out, void *ctx, ap_error *err) {
    stream *s = ctx;
    return s->next < s->n ? ap_value_copy(out, s->pool->inputs[s->chosen[s->next++]], err) : AP_OK;
}

static int take_result(size_t index, ap_value *result, const ap_error *err, void *ctx) {
    stream *s = ctx;
    if (err->status)
        fail_in_crowd(s->crowd, s->pool, s->chosen[index], err->message);
    else
        compare(s->crowd, s->pool, s->chosen[index], result);
    ap_value_destroy(result);
    return 0;
}

static void call_stream(crowd *c, const mix_pool *pool, uint64_t *seed) {
    stream s = {.crowd = c, .pool = pool, .n = 1 + random_below(seed, MIX_MAX)};
    ap_error err = AP_ERROR_INIT;
    for (size_t i = 0; i < s.n; i++) s.chosen[i] = random_below(seed, MIX_N_INPUTS);
    if (ap_pipeline_stream(pool->pipe, next_input, take_result, &s, NULL, NULL, &err))
        fail_in_crowd(c, pool, s.chosen[0], err.message);
}

static void call_list(crowd *c, const mix_pool *pool, uint64_t *seed) {
    size_t chosen[MIX_MAX], n = 2 + random_below(seed, MIX_MAX - 1);
    ap_error err = AP_ERROR_INIT;
    ap_timings timings = AP_TIMINGS_INIT;
    ap_call_options options = AP_CALL_OPTIONS_INIT;
    ap_value *list = NULL, *out = NULL, *workers = support_json("{\"num_workers\": 2}");
    options.timings = &timings;
    ap_status status = ap_value_create_list(&list, &err);
    for (size_t i = 0; i < n && !status; i++) {
        ap_value *copy = NULL;
        chosen[i] = random_below(seed, MIX_N_INPUTS);
        status = ap_value_copy(&copy, pool->inputs[chosen[i]], &err);
        if (!status) status = ap_value_list_append_take(list, copy, &err);
    }
    if (!status)
        status = ap_pipeline_call_with(&out, pool->pipe, list, n % 4 ? NULL : workers, &options, &err);
    if (status) fail_in_crowd(c, pool, chosen[0], err.message);
    for (size_t i = 0; i < n && !status; i++) compare(c, pool, chosen[i], ap_value_list_get(out, i));
    ap_value_destroy(workers);
    ap_value_destroy(out);
    ap_value_destroy(list);
}

static bool is_over(const struct timespec *end) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec > end->tv_sec || (now.tv_sec == end->tv_sec && now.tv_nsec >= end->tv_nsec);
}

static void *work(void *arg) {
    static void (*const ways[])(crowd *, const mix_pool *, uint64_t *) = {call_one, call_list, call_stream};
    member *m = arg;
    crowd *c = m->crowd;
    while (!is_over(&c->end) && !atomic_load(&c->is_failed)) {
        const mix_pool *pool = &c->pools[random_below(&m->seed, c->n_pools)];
        ways[random_below(&m->seed, 3)](c, pool, &m->seed);
        atomic_fetch_add(&c->n_calls, 1);
    }
    return NULL;
}

static void run_crowd(crowd *c, int seconds, uint64_t seed) {
    pthread_t threads[N_THREADS];
    member members[N_THREADS];
    clock_gettime(CLOCK_MONOTONIC, &c->end);
    c->end.tv_sec += seconds;
    for (int i = 0; i < N_THREADS; i++) {
        members[i] = (member){c, seed + (uint64_t)i};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &members[i]), 0);
    }
    for (int i = 0; i < N_THREADS; i++) pthread_join(threads[i], NULL);
    if (atomic_load(&c->is_failed)) fail_msg("%s", c->message);
}

static int seconds(void) {
    const char *text = getenv("AP_TEST_SECONDS");
    long n = text ? strtol(text, NULL, 10) : DEFAULT_SECONDS;
    return n > 0 && n < 86400 ? (int)n : DEFAULT_SECONDS;
}

/* The memory of the process in kilobytes, the backends' included. */
static long resident_kb(void) {
    char line[256];
    long kb = 0;
    FILE *file = fopen("/proc/self/status", "re");
    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        if (strncmp(line, "VmRSS:", 6) == 0) kb = strtol(line + 6, NULL, 10);
    fclose(file);
    return kb;
}

void test_threads_share_a_pipeline_of_every_task(void **state) {
    (void)state;
    crowd *c = calloc(1, sizeof *c);
    assert_non_null(c);
    pthread_mutex_init(&c->lock, NULL);
    for (const mix_kind *kind = mix_kinds; kind->task; kind++) {
        assert_true(c->n_pools < MAX_KINDS);
        mix_pool_create(&c->pools[c->n_pools++], kind, NULL);
    }
    run_crowd(c, 1, 1); /* Whatever is kept from a first time on. */
    long blocks = atomic_load(&n_blocks), kb = resident_kb();
    run_crowd(c, seconds(), 1000);
    print_message("%zu calls by %d threads; %ld blocks before and %ld after; %ld kB before and %ld after\n",
                  atomic_load(&c->n_calls), N_THREADS, blocks, atomic_load(&n_blocks), kb, resident_kb());
    /* A tokenizer keeps scratch for as many threads as have met in it, and that grows to what its longest
     * text needs: some blocks for a thread and a pipeline, however many calls there were. */
    assert_true(atomic_load(&n_blocks) - blocks <= 2L * N_THREADS * (long)c->n_pools);
    assert_true(atomic_load(&c->n_calls) > 100);
    for (size_t i = 0; i < c->n_pools; i++) mix_pool_destroy(&c->pools[i]);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

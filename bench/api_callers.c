/*
 * Several callers at once, each with a pipeline of its own: a turn's call is N_RUNS calls of the library,
 * shared out among them.
 *
 * With as many callers as there may be, all runs are the same: what differs is how many go on at a time.
 */
#include "api.h"
#include "common.h"

#include <pthread.h>

enum { N_RUNS = 8, MAX_CALLERS = 8 };

typedef struct caller {
    ap_pipeline *pipe;
    const ap_value *input;
    size_t n_runs;
} caller;

typedef struct bench {
    caller callers[MAX_CALLERS];
    size_t n_callers;
} bench;

static void *call_all(void *ctx) {
    const caller *c = ctx;
    for (size_t i = 0; i < c->n_runs; i++) {
        ap_error err = AP_ERROR_INIT;
        ap_value *result = NULL;
        bench_check(ap_pipeline_call(&result, c->pipe, c->input, NULL, &err), &err);
        ap_value_destroy(result);
    }
    return NULL;
}

static void call(void *ctx) {
    bench *b = ctx;
    pthread_t threads[MAX_CALLERS];
    for (size_t i = 1; i < b->n_callers; i++)
        if (pthread_create(&threads[i], NULL, call_all, &b->callers[i])) bench_die("no thread");
    call_all(&b->callers[0]);
    for (size_t i = 1; i < b->n_callers; i++) pthread_join(threads[i], NULL);
}

static ap_value *create_input(const char *text, size_t n_rows) {
    ap_error err = AP_ERROR_INIT;
    ap_value *list = NULL;
    bench_check(ap_value_create_list(&list, &err), &err);
    for (size_t i = 0; i < n_rows; i++)
        bench_check(ap_value_list_append_take(list, bench_create_string(text), &err), &err);
    return list;
}

static const bench_row OPTIONS[] = {
    {"--text", "TEXT", NULL}, {"--callers", "N", "1"}, {"--rows", "N", "1"},
    BENCH_PIPELINE_OPTIONS,   {NULL, NULL, NULL},
};

int main(int argc, char **argv) {
    bench_options(argc, argv, OPTIONS);
    bench b = {.n_callers = (size_t)bench_option_number("--callers")};
    size_t n_rows = (size_t)bench_option_number("--rows");
    if (b.n_callers < 1 || b.n_callers > MAX_CALLERS)
        bench_die("--callers is not within 1 and %d", MAX_CALLERS);
    ap_value *input = create_input(bench_option("--text"), n_rows);
    for (size_t i = 0; i < b.n_callers; i++)
        b.callers[i] = (caller){bench_create_pipeline(), input, N_RUNS / b.n_callers};
    call(&b);
    bench_serve_turns(call, &b);
    for (size_t i = 0; i < b.n_callers; i++) ap_pipeline_destroy(b.callers[i].pipe);
    ap_value_destroy(input);
    return 0;
}

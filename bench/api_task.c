/*
 * Any task through the C API: a call is ap_pipeline_call() on a list of inputs and the freeing of its
 * results.
 *
 * --inputs and --params are files of JSON. The first line that is printed is the result of the first call;
 * then the program takes turns (common.h).
 */
#include "api.h"
#include "common.h"

#include <stdio.h>

typedef struct bench {
    ap_pipeline *pipe;
    ap_value *inputs, *params;
} bench;

static ap_value *call_once(const bench *b) {
    ap_error err = AP_ERROR_INIT;
    ap_value *result = NULL;
    bench_check(ap_pipeline_call(&result, b->pipe, b->inputs, b->params, &err), &err);
    if (ap_value_len(result) != ap_value_len(b->inputs)) bench_die("not a result for each input");
    return result;
}

static void call(void *ctx) { ap_value_destroy(call_once(ctx)); }

static void print_result(const bench *b) {
    ap_error err = AP_ERROR_INIT;
    ap_value *result = call_once(b);
    char *json = NULL;
    bench_check(ap_value_to_json(&json, NULL, result, AP_JSON_COMPACT, &err), &err);
    printf("{\"result\": %s}\n", json);
    ap_string_destroy(json);
    ap_value_destroy(result);
}

/* The value of the one line of a file. */
static ap_value *read_json(const char *path) {
    bench_lines lines;
    ap_error err = AP_ERROR_INIT;
    ap_value *value = NULL;
    bench_read_lines(&lines, path);
    bench_check(ap_value_from_json(&value, lines.line[0], AP_NUL_TERMINATED, &err), &err);
    return value;
}

static const bench_row OPTIONS[] = {
    {"--inputs", "FILE", NULL},
    {"--params", "FILE", ""},
    BENCH_PIPELINE_OPTIONS,
    {NULL, NULL, NULL},
};

int main(int argc, char **argv) {
    bench_options(argc, argv, OPTIONS);
    const char *params = bench_option("--params");
    bench b = {bench_create_pipeline(), read_json(bench_option("--inputs")),
               *params ? read_json(params) : NULL};
    print_result(&b);
    bench_serve_turns(call, &b);
    ap_value_destroy(b.params);
    ap_value_destroy(b.inputs);
    ap_pipeline_destroy(b.pipe);
    return 0;
}

/*
 * One sentence through the C API: a call is ap_pipeline_call() on a string and the freeing of its result.
 *
 * The first line of --text is the sentence. The program stays loaded and takes turns (common.h).
 */
#include "api.h"
#include "common.h"

typedef struct bench {
    ap_pipeline *pipe;
    ap_value *text;
} bench;

static void call(void *ctx) {
    const bench *b = ctx;
    ap_error err = AP_ERROR_INIT;
    ap_value *result = NULL;
    bench_check(ap_pipeline_call(&result, b->pipe, b->text, NULL, &err), &err);
    if (ap_value_len(result) != 1) bench_die("one result was expected");
    ap_value_destroy(result);
}

static const bench_row OPTIONS[] = {
    {"--text", "FILE", NULL},
    BENCH_PIPELINE_OPTIONS,
    {NULL, NULL, NULL},
};

int main(int argc, char **argv) {
    bench_options(argc, argv, OPTIONS);
    bench_lines lines;
    bench_read_lines(&lines, bench_option("--text"));
    bench b = {bench_create_pipeline(), bench_create_string(lines.line[0])};
    call(&b);
    bench_serve_turns(call, &b);
    ap_value_destroy(b.text);
    ap_pipeline_destroy(b.pipe);
    return 0;
}

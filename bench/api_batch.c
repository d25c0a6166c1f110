/*
 * Many sentences through the C API: a call is one ap_pipeline_call() on the list of all lines of --text.
 *
 * Without --batch-size the library forms the batches, which is what users get. The program stays loaded and
 * takes turns (common.h).
 */
#include "api.h"
#include "common.h"

typedef struct bench {
    ap_pipeline *pipe;
    ap_value *texts;
    ap_value *params; /* NULL unless --batch-size is given. */
} bench;

static void call(void *ctx) {
    const bench *b = ctx;
    ap_error err = AP_ERROR_INIT;
    ap_value *result = NULL;
    bench_check(ap_pipeline_call(&result, b->pipe, b->texts, b->params, &err), &err);
    if (ap_value_len(result) != ap_value_len(b->texts))
        bench_die("one result for each sentence was expected");
    ap_value_destroy(result);
}

static ap_value *create_texts(const char *path) {
    bench_lines lines;
    ap_error err = AP_ERROR_INIT;
    ap_value *texts = NULL;
    bench_read_lines(&lines, path);
    bench_check(ap_value_create_list(&texts, &err), &err);
    for (size_t i = 0; i < lines.n_lines; i++)
        bench_check(ap_value_list_append_take(texts, bench_create_string(lines.line[i]), &err), &err);
    return texts;
}

static ap_value *create_params(long batch_size) {
    ap_error err = AP_ERROR_INIT;
    ap_value *params = NULL, *size = NULL;
    if (batch_size == 0) return NULL;
    bench_check(ap_value_create_dict(&params, &err), &err);
    bench_check(ap_value_create_int(&size, batch_size, &err), &err);
    bench_check(ap_value_dict_set_take(params, "batch_size", size, &err), &err);
    return params;
}

static const bench_row OPTIONS[] = {
    {"--text", "FILE", NULL},
    {"--batch-size", "N", "0"},
    BENCH_PIPELINE_OPTIONS,
    {NULL, NULL, NULL},
};

int main(int argc, char **argv) {
    bench_options(argc, argv, OPTIONS);
    bench b = {bench_create_pipeline(), create_texts(bench_option("--text")),
               create_params(bench_option_number("--batch-size"))};
    call(&b);
    bench_serve_turns(call, &b);
    ap_value_destroy(b.params);
    ap_value_destroy(b.texts);
    ap_pipeline_destroy(b.pipe);
    return 0;
}

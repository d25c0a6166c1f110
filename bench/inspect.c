/*
 * What the scripts need to know of the library to feed the floor the same: printed on standard output.
 *
 *   --what describe    what was chosen, as JSON: ap_pipeline_describe()
 *   --what ids         the token ids of each line of --text, one sentence a line
 */
#include "api.h"
#include "common.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void print_description(const ap_pipeline *pipe) {
    ap_error err = AP_ERROR_INIT;
    ap_value *description = NULL;
    char *json = NULL;
    bench_check(ap_pipeline_describe(&description, pipe, &err), &err);
    bench_check(ap_value_to_json(&json, NULL, description, AP_JSON_COMPACT, &err), &err);
    puts(json);
    ap_string_destroy(json);
    ap_value_destroy(description);
}

static void print_ids(const ap_pipeline *pipe, const char *text) {
    ap_error err = AP_ERROR_INIT;
    ap_value *input = bench_create_string(text), *feeds = NULL;
    ap_tensor_view view;
    bench_check(ap_pipeline_preprocess(&feeds, pipe, input, NULL, &err), &err);
    const ap_value *ids = ap_value_dict_get(ap_value_list_get(feeds, 0), "input_ids");
    if (!ap_value_get_tensor(ids, &view) || view.dtype != AP_DTYPE_I64)
        bench_die("no int64 tensor input_ids");
    const int64_t *id = view.data;
    for (size_t i = 0; i < view.size_bytes / sizeof *id; i++) printf(i ? " %" PRId64 : "%" PRId64, id[i]);
    putchar('\n');
    ap_value_destroy(feeds);
    ap_value_destroy(input);
}

static const bench_row OPTIONS[] = {
    {"--what", "describe|ids", NULL},
    {"--text", "FILE", ""},
    BENCH_PIPELINE_OPTIONS,
    {NULL, NULL, NULL},
};

int main(int argc, char **argv) {
    bench_options(argc, argv, OPTIONS);
    const char *what = bench_option("--what");
    ap_pipeline *pipe = bench_create_pipeline();
    if (strcmp(what, "describe") == 0) {
        print_description(pipe);
    } else if (strcmp(what, "ids") == 0) {
        bench_lines lines;
        bench_read_lines(&lines, bench_option("--text"));
        for (size_t i = 0; i < lines.n_lines; i++) print_ids(pipe, lines.line[i]);
    } else {
        bench_die("--what: describe or ids, not %s", what);
    }
    ap_pipeline_destroy(pipe);
    return 0;
}

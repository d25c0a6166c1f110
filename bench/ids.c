/*
 * Writes the token ids that the library makes of each line of a file, one sentence a line: what the floor is
 * fed.
 *
 *   bench_ids --text FILE [--model DIR] [--accelerator NAME] > FILE.ids
 */
#include "api.h"
#include "common.h"

#include <inttypes.h>
#include <stdio.h>

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

int main(int argc, char **argv) {
    bench_lines lines;
    bench_read_lines(&lines, bench_option(argc, argv, "--text", NULL));
    ap_pipeline *pipe = bench_create_pipeline(argc, argv);
    for (size_t i = 0; i < lines.n_lines; i++) print_ids(pipe, lines.line[i]);
    ap_pipeline_destroy(pipe);
    return 0;
}

/* The library reads lines on a thread of its own (next_line) and gives the results on ours (emit_result). */
#include "jsonl.h"

#include "diag.h"
#include "failures.h"
#include "inputs.h"
#include "lines.h"
#include "out.h"
#include "progress.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

enum { FLUSH_MS = 100 };

typedef struct jsonl_run {
    const cli_jsonl_options *options;
    cli_lines lines;      /* Of the thread that reads. */
    atomic_size_t n_read; /* Inputs given to the library. */
    /* Of the main thread. */
    size_t n_done;
    cli_failures failures;
    ap_error output_error; /* A result could not be printed. */
    int64_t flushed_ms;
    cli_progress progress;
} jsonl_run;

/* -- reading ------------------------------------------------------------------------------------------- */

static ap_status json_input(ap_value **out, const char *line, size_t len, ap_error *err) {
    ap_status status = cli_inputs_from_line(out, line, len, true, err);
    return status ? status : cli_inputs_split_kwargs(out, NULL, err);
}

static ap_status next_line(ap_value **out, void *ctx, ap_error *err) {
    jsonl_run *run = ctx;
    ap_error why = AP_ERROR_INIT;
    const char *line;
    size_t len;
    *out = NULL;
    ap_status status = cli_lines_next(&line, &len, &run->lines, &why);
    if (!status && !line) return AP_OK;
    atomic_fetch_add(&run->n_read, 1);
    if (!status)
        status = run->options->is_text ? ap_value_create_string(out, line, len, &why)
                                       : json_input(out, line, len, &why);
    if (!status) return AP_OK;
    ap_value_destroy(*out);
    *out = NULL;
    if (err) *err = why;
    return status;
}

/* -- writing ------------------------------------------------------------------------------------------- */

static ap_status print_value(const ap_value *value, ap_error *err) {
    char *json = NULL;
    size_t len = 0;
    ap_status status = ap_value_to_json(&json, &len, value, AP_JSON_COMPACT, err);
    if (!status) cli_out_line(json, len);
    ap_string_destroy(json);
    return status;
}

/* Whoever waits for an answer gets it: nothing that was read is still to be answered, or some time has gone
 * by. Otherwise lines are collected. */
static bool flush_when_due(jsonl_run *run) {
    int64_t now_ms = cli_now_ms();
    bool is_due = run->n_done >= atomic_load(&run->n_read) || now_ms - run->flushed_ms >= FLUSH_MS;
    if (!is_due) return true;
    run->flushed_ms = now_ms;
    return cli_out_flush();
}

static bool print_outcome(jsonl_run *run, ap_value **result, const ap_error *failure) {
    ap_error err = AP_ERROR_INIT;
    ap_status status = *result ? cli_arrays_replace(run->options->arrays, result, &err) : failure->status;
    if (!*result) err = *failure;
    if (!status) status = print_value(*result, &err);
    if (status) status = cli_failures_print(&run->failures, run->n_done, &err, &run->output_error);
    return !status && flush_when_due(run);
}

static int emit_result(size_t index, ap_value *result, const ap_error *err, void *ctx) {
    (void)index;
    jsonl_run *run = ctx;
    run->n_done++;
    bool printed = print_outcome(run, &result, err);
    ap_value_destroy(result);
    cli_progress_update(&run->progress, run->n_done, 0);
    if (printed) return 0;
    cli_interrupt_wake(run->options->interrupt); /* The reader may wait for a line. */
    return -1;
}

/* -- the whole ----------------------------------------------------------------------------------------- */

static int stream(jsonl_run *run, const ap_pipeline *pipe) {
    ap_error err = AP_ERROR_INIT;
    ap_call_options call = AP_CALL_OPTIONS_INIT;
    call.cancel = cli_interrupt_get_cancel(run->options->interrupt);
    call.timings = run->options->timings;
    ap_status status =
        ap_pipeline_stream(pipe, next_line, emit_result, run, run->options->params, &call, &err);
    bool printed = cli_out_flush();
    cli_progress_end(&run->progress, run->n_done);
    if (cli_interrupt_came(run->options->interrupt)) return CLI_EXIT_INTERRUPTED;
    if (!printed) return CLI_EXIT_FAILED; /* main() says why. */
    if (run->output_error.status) return cli_report(&run->output_error);
    if (!status) status = cli_lines_check(&run->lines, &err);
    return status ? cli_report(&err) : cli_failures_report(&run->failures, run->n_done);
}

int cli_jsonl_run(const ap_pipeline *pipe, const cli_jsonl_options *options) {
    jsonl_run run = {.options = options};
    cli_lines_init(&run.lines, STDIN_FILENO, cli_interrupt_get_fd(options->interrupt), CLI_LINE_MAX_BYTES);
    cli_progress_start(&run.progress, options->show_progress);
    int exit_status = stream(&run, pipe);
    cli_lines_clear(&run.lines);
    return exit_status;
}

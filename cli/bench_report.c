/* One row for each cell and accelerator, those of a cell together. */
#include "bench_report.h"

#include "out.h"
#include "table.h"
#include "timings.h"

#include <stdlib.h>
#include <string.h>

static const unsigned PERCENTS[] = {50, 90, 99};

enum { N_PERCENTS = sizeof PERCENTS / sizeof *PERCENTS };

/* Of one row. */
typedef struct figures {
    uint64_t percentiles_ns[N_PERCENTS];
    double inputs_per_s, tokens_per_s, padding;
    double speed; /* How many times as fast as the first accelerator, by the median; 0: nothing to compare. */
} figures;

/* -- statistics ---------------------------------------------------------------------------------------- */

uint64_t bench_percentile(const uint64_t *sorted, size_t n, unsigned percent) {
    size_t rank = (n * percent + 99) / 100;
    return n ? sorted[rank ? rank - 1 : 0] : 0;
}

static int compare_ns(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

void bench_report_prepare(bench_report *report) {
    for (size_t w = 0; w < report->n_workers; w++)
        for (size_t c = 0; c < report->plan->n_cells; c++) {
            bench_samples *s = &report->workers[w].samples[c];
            if (s->n) qsort(s->ns, s->n, sizeof *s->ns, compare_ns);
        }
}

static figures compute(const bench_report *report, size_t cell, size_t worker) {
    const bench_samples *s = &report->workers[worker].samples[cell],
                        *first = &report->workers[0].samples[cell];
    double seconds = (double)s->sum.total_ns / 1e9;
    figures f = {.padding = cli_timings_padding(&s->sum)};
    for (size_t i = 0; i < N_PERCENTS; i++) f.percentiles_ns[i] = bench_percentile(s->ns, s->n, PERCENTS[i]);
    if (seconds > 0) {
        f.inputs_per_s = (double)s->sum.n_inputs / seconds;
        f.tokens_per_s = (double)s->sum.n_tokens / seconds;
    }
    uint64_t own = f.percentiles_ns[0];
    if (worker && own) f.speed = (double)bench_percentile(first->ns, first->n, PERCENTS[0]) / (double)own;
    return f;
}

/* -- tables -------------------------------------------------------------------------------------------- */

static void add_number(cli_table *table, double number, int decimals, const char *end) {
    cli_text text = {0};
    cli_text_add_decimal(&text, number, decimals);
    cli_text_addf(&text, "%s", end);
    cli_table_add(table, text.ptr, text.len);
    cli_text_clear(&text);
}

static void add_size(cli_table *table, size_t n, const char *instead_of_0) {
    if (n)
        add_number(table, (double)n, 0, "");
    else
        cli_table_add_text(table, instead_of_0);
}

static void add_row(cli_table *table, const bench_report *report, size_t cell, size_t worker) {
    const bench_cell *c = &report->plan->cells[cell];
    const bench_samples *s = &report->workers[worker].samples[cell];
    figures f = compute(report, cell, worker);
    cli_table_add_text(table, report->workers[worker].chosen);
    add_size(table, c->n_words, "given");
    add_size(table, c->batch_size, "auto");
    for (size_t i = 0; i < N_PERCENTS; i++) add_number(table, (double)f.percentiles_ns[i] / 1e6, 2, "");
    add_number(table, f.inputs_per_s, f.inputs_per_s < 100 ? 1 : 0, "");
    add_number(table, f.tokens_per_s, 0, "");
    add_number(table, 100 * f.padding, 1, "");
    for (size_t i = 0; i < CLI_N_PHASES; i++) {
        double total = s->sum.total_ns ? (double)s->sum.total_ns : 1;
        add_number(table, 100 * (double)cli_timings_phase_ns(&s->sum, i) / total, 1, "");
    }
    if (report->n_workers == 1) return;
    if (worker)
        add_number(table, f.speed, 2, "x");
    else
        cli_table_add_text(table, "1");
}

static void print_cells(const bench_report *report) {
    static const char *const headers[] = {"words",     "batch",     "p50 ms",    "p90 ms", "p99 ms",
                                          "inputs/s",  "tokens/s",  "padding %", "pre %",  "collate %",
                                          "forward %", "unbatch %", "post %"};
    cli_table table = {0};
    cli_table_add_column(&table, "backend", CLI_COLUMN_TEXT);
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        cli_table_add_column(&table, headers[i], CLI_COLUMN_NUMBER);
    if (report->n_workers > 1) cli_table_add_column(&table, "speed", CLI_COLUMN_NUMBER);
    for (size_t c = 0; c < report->plan->n_cells; c++)
        for (size_t w = 0; w < report->n_workers; w++) add_row(&table, report, c, w);
    cli_table_print(&table);
    cli_table_clear(&table);
}

void bench_report_print_tables(const bench_report *report) {
    cli_table table = {0};
    print_cells(report);
    cli_out_text("\n");
    cli_table_add_column(&table, "backend", CLI_COLUMN_TEXT);
    cli_table_add_column(&table, "load ms", CLI_COLUMN_NUMBER);
    cli_table_add_column(&table, "peak memory MB", CLI_COLUMN_NUMBER);
    for (size_t w = 0; w < report->n_workers; w++) {
        cli_table_add_text(&table, report->workers[w].chosen);
        add_number(&table, (double)report->workers[w].load_ns / 1e6, 1, "");
        add_number(&table, (double)report->workers[w].peak_kb * 1024 / 1e6, 1, "");
    }
    cli_table_print(&table);
    cli_table_clear(&table);
}

/* -- JSON ---------------------------------------------------------------------------------------------- */

/* Sets what creating a value gave; `status` is that of creating it. */
static ap_status set(ap_value *dict, const char *key, ap_value *value, ap_status status, ap_error *err) {
    return status ? status : ap_value_dict_set_take(dict, key, value, err);
}

static ap_status set_int(ap_value *dict, const char *key, uint64_t n, ap_error *err) {
    ap_value *value = NULL;
    ap_status status = ap_value_create_int(&value, (int64_t)n, err);
    return set(dict, key, value, status, err);
}

static ap_status set_float(ap_value *dict, const char *key, double number, ap_error *err) {
    ap_value *value = NULL;
    ap_status status = ap_value_create_float(&value, number, err);
    return set(dict, key, value, status, err);
}

static ap_status set_text(ap_value *dict, const char *key, const char *text, ap_error *err) {
    ap_value *value = NULL;
    ap_status status = ap_value_create_string(&value, text, AP_NUL_TERMINATED, err);
    return set(dict, key, value, status, err);
}

/* A number, or null where it is 0. */
static ap_status set_size(ap_value *dict, const char *key, size_t n, ap_error *err) {
    ap_value *null = NULL;
    if (n) return set_int(dict, key, n, err);
    ap_status status = ap_value_create_null(&null, err);
    return set(dict, key, null, status, err);
}

static ap_status set_figures(ap_value *dict, const figures *f, ap_error *err) {
    char key[16];
    ap_status status = AP_OK;
    for (size_t i = 0; !status && i < N_PERCENTS; i++) {
        cli_text name = {0};
        cli_text_addf(&name, "p%u_ns", PERCENTS[i]);
        memcpy(key, name.ptr, name.len + 1);
        cli_text_clear(&name);
        status = set_int(dict, key, f->percentiles_ns[i], err);
    }
    if (!status) status = set_float(dict, "inputs_per_s", f->inputs_per_s, err);
    if (!status) status = set_float(dict, "tokens_per_s", f->tokens_per_s, err);
    if (!status) status = set_float(dict, "padding", f->padding, err);
    if (!status && f->speed > 0) status = set_float(dict, "speed", f->speed, err);
    return status;
}

static ap_status add_cell(ap_value *list, const bench_report *report, size_t cell, size_t worker,
                          ap_error *err) {
    const bench_cell *c = &report->plan->cells[cell];
    const bench_samples *s = &report->workers[worker].samples[cell];
    figures f = compute(report, cell, worker);
    ap_value *dict = NULL, *timings = NULL;
    ap_status status = ap_value_create_dict(&dict, err);
    if (!status) status = set_text(dict, "accelerator", report->workers[worker].chosen, err);
    if (!status) status = set_size(dict, "n_words", c->n_words, err);
    if (!status) status = set_size(dict, "batch_size", c->batch_size, err);
    if (!status) status = set_int(dict, "inputs_per_call", bench_cell_n_inputs(c), err);
    if (!status) status = set_int(dict, "n_calls", s->n, err);
    if (!status) status = set_figures(dict, &f, err);
    if (!status) status = cli_timings_to_value(&timings, &s->sum, err);
    if (!status) status = ap_value_dict_set_take(dict, "timings", timings, err);
    if (!status) return ap_value_list_append_take(list, dict, err);
    ap_value_destroy(dict);
    return status;
}

static ap_status add_worker(ap_value *list, const bench_worker *worker, ap_error *err) {
    ap_value *dict = NULL;
    ap_status status = ap_value_create_dict(&dict, err);
    if (!status) status = set_text(dict, "accelerator", worker->chosen, err);
    if (!status) status = set_int(dict, "load_ns", worker->load_ns, err);
    if (!status) status = set_int(dict, "peak_memory_bytes", (uint64_t)worker->peak_kb * 1024, err);
    if (!status) return ap_value_list_append_take(list, dict, err);
    ap_value_destroy(dict);
    return status;
}

static ap_status fill(ap_value *dict, const bench_report *report, ap_error *err) {
    ap_value *workers = NULL, *cells = NULL;
    ap_status status = set_text(dict, "task", report->plan->maker.task, err);
    if (!status) status = ap_value_create_list(&workers, err);
    for (size_t w = 0; !status && w < report->n_workers; w++)
        status = add_worker(workers, &report->workers[w], err);
    if (status) {
        ap_value_destroy(workers);
        return status;
    }
    status = ap_value_dict_set_take(dict, "accelerators", workers, err);
    if (!status) status = ap_value_create_list(&cells, err);
    for (size_t c = 0; !status && c < report->plan->n_cells; c++)
        for (size_t w = 0; !status && w < report->n_workers; w++) status = add_cell(cells, report, c, w, err);
    if (!status) return ap_value_dict_set_take(dict, "cells", cells, err);
    ap_value_destroy(cells);
    return status;
}

ap_status bench_report_to_value(ap_value **out, const bench_report *report, ap_error *err) {
    ap_status status = ap_value_create_dict(out, err);
    if (!status && (status = fill(*out, report, err))) {
        ap_value_destroy(*out);
        *out = NULL;
    }
    return status;
}

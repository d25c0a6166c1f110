#include "bench_report.h"
#include "unit/support/check.h"

#include <stdlib.h>
#include <string.h>

void test_percentiles_are_of_the_nearest_rank(void **state) {
    (void)state;
    const uint64_t numbers[] = {10, 20, 30, 40, 50, 60, 70, 80, 90, 100};
    assert_int_equal(bench_percentile(numbers, 10, 50), 50);
    assert_int_equal(bench_percentile(numbers, 10, 90), 90);
    assert_int_equal(bench_percentile(numbers, 10, 91), 100);
    assert_int_equal(bench_percentile(numbers, 10, 99), 100);
    assert_int_equal(bench_percentile(numbers, 10, 0), 10);
    assert_int_equal(bench_percentile(numbers, 1, 50), 10);
    assert_int_equal(bench_percentile(numbers, 2, 50), 10);
    assert_int_equal(bench_percentile(numbers, 2, 51), 20);
    assert_int_equal(bench_percentile(NULL, 0, 50), 0);
}

static uint64_t *samples(const uint64_t *ns, size_t n) {
    uint64_t *copy = malloc(n * sizeof *copy);
    assert_non_null(copy);
    return memcpy(copy, ns, n * sizeof *copy);
}

static const ap_value *entry(const ap_value *dict, const char *key) { return ap_value_dict_get(dict, key); }

/* Two backends in one cell: the second takes a quarter of the time. */
void test_numbers_of_a_comparison(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    const bench_cell cell = {12, 4};
    const bench_plan plan = {.maker = {.task = "ner"}, .cells = &cell, .n_cells = 1};
    bench_samples first = {samples((uint64_t[]){3000, 1000, 2000}, 3), 3, {0}},
                  second = {samples((uint64_t[]){500, 400}, 2), 2, {0}};
    bench_worker workers[2] = {{.chosen = "ort", .load_ns = 7, .peak_kb = 3, .samples = &first},
                               {.chosen = "ov", .samples = &second}};
    bench_report report = {&plan, workers, 2};
    ap_value *out;
    first.sum.total_ns = 2000000000;
    first.sum.n_inputs = 12;
    first.sum.n_tokens = 60;
    first.sum.n_padding_tokens = 20;
    bench_report_prepare(&report);
    assert_ok(bench_report_to_value(&out, &report, &err), &err);
    const ap_value *a = ap_value_list_get(entry(out, "cells"), 0),
                   *b = ap_value_list_get(entry(out, "cells"), 1);
    assert_int_equal(ap_value_get_int(entry(a, "p50_ns")), 2000);
    assert_int_equal(ap_value_get_int(entry(a, "p99_ns")), 3000);
    assert_int_equal(ap_value_get_int(entry(a, "inputs_per_call")), 4);
    assert_true(ap_value_get_float(entry(a, "inputs_per_s")) == 6);
    assert_true(ap_value_get_float(entry(a, "tokens_per_s")) == 30);
    assert_true(ap_value_get_float(entry(a, "padding")) == 0.25);
    assert_null(entry(a, "speed"));
    assert_true(ap_value_get_float(entry(b, "speed")) == 5);
    assert_true(ap_value_get_float(entry(b, "inputs_per_s")) == 0);
    const ap_value *worker = ap_value_list_get(entry(out, "accelerators"), 0);
    assert_int_equal(ap_value_get_int(entry(worker, "load_ns")), 7);
    assert_int_equal(ap_value_get_int(entry(worker, "peak_memory_bytes")), 3072);
    ap_value_destroy(out);
    free(first.ns);
    free(second.ns);
}

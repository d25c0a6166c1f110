/* What was measured, as a table and as JSON. */
#ifndef CLI_BENCH_REPORT_H
#define CLI_BENCH_REPORT_H

#include "bench_worker.h"

typedef struct bench_report {
    const bench_plan *plan;
    const bench_worker *workers;
    size_t n_workers;
} bench_report;

/* The value below which `percent` of a hundred of the sorted numbers are, by the nearest rank; 0 of none. */
uint64_t bench_percentile(const uint64_t *sorted, size_t n, unsigned percent);

/* Sorts the samples. Before the others. */
void bench_report_prepare(bench_report *report);

void bench_report_print_tables(const bench_report *report);

/* {"task", "accelerators": [...], "cells": [...]}, times in nanoseconds. */
ap_status bench_report_to_value(ap_value **out, const bench_report *report, ap_error *err);

#endif

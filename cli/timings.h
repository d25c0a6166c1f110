/* Where the time of a call went, for --timings. */
#ifndef CLI_TIMINGS_H
#define CLI_TIMINGS_H

#include "text.h"

#include <accelpipe/pipeline.h>
#include <accelpipe/value.h>
#include <stdbool.h>

/* A part of the time, and where ap_timings has it. */
typedef struct cli_timings_phase {
    const char *name;
    size_t offset;
} cli_timings_phase;

enum { CLI_N_PHASES = 5 };

extern const cli_timings_phase cli_timings_phases[CLI_N_PHASES];

uint64_t cli_timings_phase_ns(const ap_timings *timings, size_t phase);

/* The share of padding among all tokens, 0 to 1. */
double cli_timings_padding(const ap_timings *timings);

/* A dict with an entry for each member: {"total_ns": ..., ..., "n_padding_tokens": ...}. */
ap_status cli_timings_to_value(ap_value **out, const ap_timings *timings, ap_error *err);

/* Prints to standard error: a table, or {"timings": {...}} as one line of JSON. */
ap_status cli_timings_print(const ap_timings *timings, bool as_json, ap_error *err);

#endif

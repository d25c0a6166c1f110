/* --jsonl and --text-lines: any number of inputs from the lines of standard input, one result a line. */
#ifndef CLI_JSONL_H
#define CLI_JSONL_H

#include "arrays.h"
#include "interrupt.h"

#include <accelpipe/pipeline.h>
#include <stdbool.h>

/* A longer line gets an error in place of a result. */
#define CLI_LINE_MAX_BYTES ((size_t)64 << 20)

typedef struct cli_jsonl_options {
    bool is_text; /* A line is the text itself, not JSON. */
    bool show_progress;
    const ap_value *params; /* Of the calls. */
    cli_arrays *arrays;
    const cli_interrupt *interrupt; /* From before the pipeline was created. */
    ap_timings *timings;            /* NULL: not wanted. */
} cli_jsonl_options;

/* Prints one line for each line, in order. @return the exit status; what failed has been reported. */
int cli_jsonl_run(const ap_pipeline *pipe, const cli_jsonl_options *options);

#endif

/* What the programs that measure our C API share: making the pipeline as options say, and ending on an error.
 */
#ifndef ACCELPIPE_BENCH_API_H
#define ACCELPIPE_BENCH_API_H

#include <accelpipe/accelpipe.h>

/* Ends the program with the error's message unless `status` is AP_OK. */
void bench_check(ap_status status, const ap_error *err);

/* Rows of the table of a program that makes a pipeline; what is missing is the library's default. */
#define BENCH_PIPELINE_OPTIONS                                                                               \
    {"--task", "NAME", "text-classification"}, {"--model", "DIR", ""}, {"--accelerator", "NAME", ""},        \
        {"--threads", "N", "0"}, {"--cache-dir", "DIR", ""}, {                                               \
        "--model-kwargs", "JSON", ""                                                                         \
    }

/* As those options say. */
ap_pipeline *bench_create_pipeline(void);

ap_value *bench_create_string(const char *text);

#endif

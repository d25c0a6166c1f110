/* What the programs that measure our C API share: making the pipeline from arguments, and ending on an error.
 */
#ifndef ACCELPIPE_BENCH_API_H
#define ACCELPIPE_BENCH_API_H

#include <accelpipe/accelpipe.h>

/* Ends the program with the error's message unless `status` is AP_OK. */
void bench_check(ap_status status, const ap_error *err);

/* text-classification with --model, --accelerator, --threads, --cache-dir, --model-kwargs (JSON) as given;
 * absent: the library's default. */
ap_pipeline *bench_create_pipeline(int argc, char **argv);

ap_value *bench_create_string(const char *text);

#endif

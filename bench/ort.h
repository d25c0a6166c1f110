/* ONNX Runtime for the floors: its header and dlopen(), no line of ours. */
#ifndef ACCELPIPE_BENCH_ORT_H
#define ACCELPIPE_BENCH_ORT_H

#include <onnxruntime_c_api.h>

/* Its functions, once bench_ort_load() was called. */
extern const OrtApi *ort;

/* Ends the program where the library cannot be opened. */
void bench_ort_load(const char *path);

/* Ends the program with the status's message unless it is NULL. */
void bench_ort_check(OrtStatus *status);

#endif

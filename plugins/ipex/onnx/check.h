/* The reader of ONNX files for callers in C: the fuzzer. */
#ifndef IPEX_ONNX_CHECK_H
#define IPEX_ONNX_CHECK_H

#include <accelpipe/status.h>

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Reads a whole model and drops it. @return AP_OK, or what the reader says of bytes that are no model. */
ap_status ipex_onnx_check(const void *bytes, size_t len);

#ifdef __cplusplus
}
#endif
#endif

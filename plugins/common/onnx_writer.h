/* Writes protobuf: a graph anew, mostly by copying fields of an old one. */
#ifndef COMMON_ONNX_WRITER_H
#define COMMON_ONNX_WRITER_H

#include "onnx.h"

#include <accelpipe/sys/host.h>

/* All zero but for the host, and maybe `err`, is empty. After a failure it takes nothing more. */
typedef struct onnx_writer {
    const ap_host *host;
    ap_error *err;    /* Or NULL. */
    ap_status status; /* AP_ENOMEM; or whatever its user writes here. */
    char *ptr;        /* The host's memory. */
    size_t len, capacity;
} onnx_writer;

void onnx_write(onnx_writer *w, const void *bytes, size_t n);

/* Makes what was written since `start` a field. */
void onnx_write_close(onnx_writer *w, size_t start, uint32_t number);

/* Fields: of bytes, of an integer, of a float. */
void onnx_write_bytes(onnx_writer *w, uint32_t number, onnx_text bytes);
void onnx_write_text(onnx_writer *w, uint32_t number, const char *text);
void onnx_write_int(onnx_writer *w, uint32_t number, int64_t value);
void onnx_write_float(onnx_writer *w, uint32_t number, float value);

void onnx_write_clear(onnx_writer *w);

#endif

/* Writes protobuf: a graph anew, mostly by copying fields of an old one. */
#ifndef ORT_WRITER_H
#define ORT_WRITER_H

#include "common/onnx.h"

#include <accelpipe/sys/host.h>

/* All zero but for the host is empty. When memory ends it takes nothing more. */
typedef struct ort_writer {
    const ap_host *host;
    char *ptr;
    size_t len, capacity;
    bool is_broken;
} ort_writer;

void ort_write(ort_writer *w, onnx_text bytes);

/* Makes what was written since `start` a field. */
void ort_write_close(ort_writer *w, size_t start, uint32_t number);

/* Fields: of bytes, of an integer, of a float. */
void ort_write_bytes(ort_writer *w, uint32_t number, onnx_text bytes);
void ort_write_text(ort_writer *w, uint32_t number, const char *text);
void ort_write_int(ort_writer *w, uint32_t number, int64_t value);
void ort_write_float(ort_writer *w, uint32_t number, float value);

void ort_write_clear(ort_writer *w);

#endif

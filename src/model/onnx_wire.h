/* ONNX files as bytes, read (wire/onnx.h) and written. */
#ifndef AP_MODEL_ONNX_WIRE_H
#define AP_MODEL_ONNX_WIRE_H

#include "base/buf.h"
#include "wire/onnx.h"

/* -- reading ------------------------------------------------------------------------------------------- */

/* What is left of a message. */
typedef struct ap__wire_reader {
    const uint8_t *at, *end;
} ap__wire_reader;

/* One field: of length-delimited ones `body` is the contents; of others body.at is NULL, and `integer` the
 * value. */
typedef struct ap__wire_field {
    uint64_t number;
    ap__wire_reader body;
    uint64_t integer;
} ap__wire_field;

/* @return false at a fault; at the end of the message `r->at == r->end` tells beforehand. */
bool ap__wire_read(ap__wire_field *out, ap__wire_reader *r);

bool ap__wire_is_text(ap__wire_reader bytes, const char *text);

/* -- writing ------------------------------------------------------------------------------------------- */

/* The first failure stays, and what comes behind it is left out. */
typedef struct ap__wire_writer {
    ap__buf *buf;
    ap_status status;
    ap_error *err;
} ap__wire_writer;

void ap__wire_put_bytes(ap__wire_writer *w, const void *bytes, size_t len);
void ap__wire_put_number(ap__wire_writer *w, uint32_t field, int64_t value);
void ap__wire_put_text(ap__wire_writer *w, uint32_t field, const char *text);
void ap__wire_put_body(ap__wire_writer *w, uint32_t field, ap__wire_reader body);

/* Where a message begins that ap__wire_close() makes a field. */
size_t ap__wire_open(const ap__wire_writer *w);
void ap__wire_close(ap__wire_writer *w, size_t start, uint32_t field);

#endif

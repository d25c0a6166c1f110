/* Writing protobuf. A field's length stands in front of it, so a field is closed when its content is there.
 * Source: protobuf's encoding (varint, tag, length). */
#include "onnx_writer.h"

#include "onnx_wire.h"

#include <string.h>

static bool reserve(onnx_writer *w, size_t n) {
    if (w->status) return false;
    if (n <= w->capacity - w->len) return true;
    size_t capacity = w->capacity + w->capacity / 2 + n + 64; /* Each is bounded by what is in memory. */
    void *ptr = w->host->realloc(w->ptr, capacity);
    if (!ptr) w->status = w->host->fail(w->err, AP_ENOMEM, "out of memory");
    if (!ptr) return false;
    w->ptr = ptr;
    w->capacity = capacity;
    return true;
}

void onnx_write(onnx_writer *w, const void *bytes, size_t n) {
    if (!n || !reserve(w, n)) return;
    memcpy(w->ptr + w->len, bytes, n);
    w->len += n;
}

static size_t put_varint(unsigned char *out, uint64_t value) {
    size_t n = 0;
    for (; value > 0x7F; value >>= 7) out[n++] = (unsigned char)(value | 0x80);
    out[n++] = (unsigned char)value;
    return n;
}

static size_t put_tag(unsigned char *out, uint32_t number, unsigned type) {
    return put_varint(out, (uint64_t)number << 3 | type);
}

void onnx_write_close(onnx_writer *w, size_t start, uint32_t number) {
    unsigned char head[20];
    if (w->status) return;
    size_t n_body = w->len - start, n = put_tag(head, number, ONNX_WIRE_BYTES);
    n += put_varint(head + n, n_body);
    if (!reserve(w, n)) return;
    memmove(w->ptr + start + n, w->ptr + start, n_body);
    memcpy(w->ptr + start, head, n);
    w->len += n;
}

void onnx_write_bytes(onnx_writer *w, uint32_t number, onnx_text bytes) {
    unsigned char head[20];
    size_t n = put_tag(head, number, ONNX_WIRE_BYTES);
    n += put_varint(head + n, bytes.len);
    onnx_write(w, head, n);
    onnx_write(w, bytes.ptr, bytes.len);
}

void onnx_write_text(onnx_writer *w, uint32_t number, const char *text) {
    onnx_write_bytes(w, number, (onnx_text){text, strlen(text)});
}

void onnx_write_int(onnx_writer *w, uint32_t number, int64_t value) {
    unsigned char bytes[20];
    size_t n = put_tag(bytes, number, ONNX_WIRE_VARINT);
    n += put_varint(bytes + n, (uint64_t)value);
    onnx_write(w, bytes, n);
}

void onnx_write_float(onnx_writer *w, uint32_t number, float value) {
    unsigned char bytes[20];
    size_t n = put_tag(bytes, number, ONNX_WIRE_FIXED32);
    memcpy(bytes + n, &value, sizeof value); /* Little-endian, as all of the runtime's files. */
    onnx_write(w, bytes, n + sizeof value);
}

void onnx_write_clear(onnx_writer *w) {
    w->host->free(w->ptr);
    *w = (onnx_writer){.host = w->host, .err = w->err};
}

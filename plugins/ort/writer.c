/* Writing protobuf. A field's length stands in front of it, so a field is closed when its content is there.
 * Source: protobuf's encoding (varint, tag, length). */
#include "writer.h"

#include "common/onnx_wire.h"

#include <string.h>

static bool reserve(ort_writer *w, size_t n) {
    if (w->is_broken) return false;
    if (n <= w->capacity - w->len) return true;
    size_t capacity = w->capacity + w->capacity / 2 + n + 64; /* Each is bounded by what is in memory. */
    void *ptr = w->host->realloc(w->ptr, capacity);
    w->is_broken = !ptr;
    if (!ptr) return false;
    w->ptr = ptr;
    w->capacity = capacity;
    return true;
}

void ort_write(ort_writer *w, onnx_text bytes) {
    if (!bytes.len || !reserve(w, bytes.len)) return;
    memcpy(w->ptr + w->len, bytes.ptr, bytes.len);
    w->len += bytes.len;
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

void ort_write_close(ort_writer *w, size_t start, uint32_t number) {
    unsigned char head[20];
    if (w->is_broken) return;
    size_t n_body = w->len - start, n = put_tag(head, number, WIRE_BYTES);
    n += put_varint(head + n, n_body);
    if (!reserve(w, n)) return;
    memmove(w->ptr + start + n, w->ptr + start, n_body);
    memcpy(w->ptr + start, head, n);
    w->len += n;
}

void ort_write_bytes(ort_writer *w, uint32_t number, onnx_text bytes) {
    unsigned char head[20];
    size_t n = put_tag(head, number, WIRE_BYTES);
    n += put_varint(head + n, bytes.len);
    ort_write(w, (onnx_text){(const char *)head, n});
    ort_write(w, bytes);
}

void ort_write_text(ort_writer *w, uint32_t number, const char *text) {
    ort_write_bytes(w, number, (onnx_text){text, strlen(text)});
}

void ort_write_int(ort_writer *w, uint32_t number, int64_t value) {
    unsigned char bytes[20];
    size_t n = put_tag(bytes, number, WIRE_VARINT);
    n += put_varint(bytes + n, (uint64_t)value);
    ort_write(w, (onnx_text){(const char *)bytes, n});
}

void ort_write_float(ort_writer *w, uint32_t number, float value) {
    unsigned char bytes[20];
    size_t n = put_tag(bytes, number, WIRE_FIXED32);
    memcpy(bytes + n, &value, sizeof value); /* Little-endian, as all of the runtime's files. */
    ort_write(w, (onnx_text){(const char *)bytes, n + sizeof value});
}

void ort_write_clear(ort_writer *w) {
    w->host->free(w->ptr);
    *w = (ort_writer){.host = w->host};
}

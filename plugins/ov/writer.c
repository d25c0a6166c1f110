/* Writing protobuf. A field's length stands in front of it, so a field is closed when its content is there.
 * Source: protobuf's encoding (varint, tag, length). */
#include "writer.h"

#include "common/onnx_wire.h"
#include "ov.h"

#include <string.h>

static bool reserve(ovp_writer *w, size_t n) {
    if (w->status) return false;
    if (n <= w->capacity - w->len) return true;
    size_t capacity = w->capacity + w->capacity / 2 + n + 64; /* Each is bounded by what is in memory. */
    void *ptr = ov.host->realloc(w->ptr, capacity);
    if (!ptr) {
        w->status = ovp_fail_nomem(w->err);
        return false;
    }
    w->ptr = ptr;
    w->capacity = capacity;
    return true;
}

void ovp_write(ovp_writer *w, const void *bytes, size_t n) {
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

void ovp_write_close(ovp_writer *w, size_t start, uint32_t number) {
    unsigned char head[20];
    size_t n_body = w->len - start, n = put_varint(head, (uint64_t)number << 3 | WIRE_BYTES);
    n += put_varint(head + n, n_body);
    if (!reserve(w, n)) return;
    memmove(w->ptr + start + n, w->ptr + start, n_body);
    memcpy(w->ptr + start, head, n);
    w->len += n;
}

void ovp_write_field(ovp_writer *w, uint32_t number, const void *bytes, size_t n) {
    size_t start = w->len;
    ovp_write(w, bytes, n);
    ovp_write_close(w, start, number);
}

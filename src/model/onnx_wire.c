/* Protobuf's fields: a varint of number and type, then a varint, four or eight bytes, or a length and bytes.
 */
#include "model/onnx_wire.h"

#include <string.h>

bool ap__wire_read(ap__wire_field *out, ap__wire_reader *r) {
    onnx_reader message = {r->at, r->end, false};
    onnx_field f;
    if (!onnx_read_field(&f, &message)) return false;
    const uint8_t *body = (const uint8_t *)f.bytes.ptr;
    *out = (ap__wire_field){f.number, {body, body ? body + f.bytes.len : NULL}, f.integer};
    r->at = message.at;
    return true;
}

bool ap__wire_is_text(ap__wire_reader bytes, const char *text) {
    size_t len = (size_t)(bytes.end - bytes.at);
    return len == strlen(text) && (!len || memcmp(text, bytes.at, len) == 0);
}

/* -- writing ------------------------------------------------------------------------------------------- */

static size_t encode_varint(unsigned char *out, uint64_t value) {
    size_t n = 0;
    for (; value > 0x7F; value >>= 7) out[n++] = (unsigned char)(value | 0x80);
    out[n++] = (unsigned char)value;
    return n;
}

static size_t encode_tag(unsigned char *out, uint32_t field, unsigned type) {
    return encode_varint(out, (uint64_t)field << 3 | type);
}

void ap__wire_put_bytes(ap__wire_writer *w, const void *bytes, size_t len) {
    if (!w->status && len) w->status = ap__buf_append(w->buf, bytes, len, w->err);
}

void ap__wire_put_number(ap__wire_writer *w, uint32_t field, int64_t value) {
    unsigned char bytes[20];
    size_t n = encode_tag(bytes, field, ONNX_WIRE_VARINT);
    n += encode_varint(bytes + n, (uint64_t)value);
    ap__wire_put_bytes(w, bytes, n);
}

void ap__wire_put_body(ap__wire_writer *w, uint32_t field, ap__wire_reader body) {
    unsigned char head[20];
    size_t len = (size_t)(body.end - body.at), n = encode_tag(head, field, ONNX_WIRE_BYTES);
    n += encode_varint(head + n, len);
    ap__wire_put_bytes(w, head, n);
    ap__wire_put_bytes(w, body.at, len);
}

void ap__wire_put_text(ap__wire_writer *w, uint32_t field, const char *text) {
    const uint8_t *bytes = (const uint8_t *)text;
    ap__wire_put_body(w, field, (ap__wire_reader){bytes, bytes + strlen(text)});
}

size_t ap__wire_open(const ap__wire_writer *w) { return w->buf->len; }

void ap__wire_close(ap__wire_writer *w, size_t start, uint32_t field) {
    unsigned char head[20];
    if (w->status) return;
    size_t n_body = w->buf->len - start, n = encode_tag(head, field, ONNX_WIRE_BYTES);
    n += encode_varint(head + n, n_body);
    ap__wire_put_bytes(w, head, n); /* Makes room; it goes to the front. */
    if (w->status) return;
    memmove(w->buf->ptr + start + n, w->buf->ptr + start, n_body);
    memcpy(w->buf->ptr + start, head, n);
}

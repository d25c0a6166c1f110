/* Texts with their alignment, and the transformations of normalizers.
 * Source: huggingface/tokenizers@v0.21.4 tokenizer/normalizer.rs. */
#include "tokenizer/ntext.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/byte_alphabet.h"

#include <string.h>

/* A normalized text longer than this is AP_ELIMIT: positions are 32 bits wide. */
#define NTEXT_MAX_BYTES ((size_t)UINT32_MAX / 2)

/* How much longer than the original a text may become: U+FDFA grows elevenfold, and a short text may be given
 * a long replacement. Without a limit, thirty normalizers that double a text would take all memory. */
enum { GROWTH_FACTOR = 64, GROWTH_BYTES = 16 << 20 };

bool ap__is_ascii(const char *text, size_t len) {
    size_t i = 0;
    uint64_t word;
    for (; i + sizeof word <= len; i += sizeof word) {
        memcpy(&word, text + i, sizeof word);
        if (word & 0x8080808080808080u) return false;
    }
    for (; i < len; i++)
        if ((unsigned char)text[i] >= 0x80) return false;
    return true;
}

size_t ap__ntext_max_len(const ap__ntext *text) {
    size_t max = GROWTH_BYTES + GROWTH_FACTOR * (size_t)(text->origin.end - text->origin.start);
    return max < text->len ? text->len : max; /* An origin may be empty. */
}

/* -- buffers ------------------------------------------------------------------------------------------- */

void ap__textbuf_clear(ap__textbuf *buf) {
    ap__free(buf->ptr);
    ap__free(buf->align);
    *buf = (ap__textbuf){0};
}

static ap_status fail_too_long(size_t max, ap_error *err) {
    return ap__fail(err, AP_ELIMIT, "normalized text would be longer than %zu bytes", max);
}

static ap_status reserve(ap__textbuf *buf, size_t need, ap_error *err) {
    if (need > NTEXT_MAX_BYTES) return fail_too_long(NTEXT_MAX_BYTES, err);
    void *ptr = buf->ptr;
    if (!ap__grow(&ptr, &buf->capacity, need, 1, NTEXT_MAX_BYTES)) return ap__fail_nomem(err);
    buf->ptr = ptr;
    return AP_OK;
}

static ap_status reserve_align(ap__textbuf *buf, size_t need, ap_error *err) {
    void *ptr = buf->align;
    if (!ap__grow(&ptr, &buf->align_capacity, need, sizeof(ap__span), NTEXT_MAX_BYTES))
        return ap__fail_nomem(err);
    buf->align = ptr;
    return AP_OK;
}

ap_status ap__textbuf_reserve(ap__textbuf *buf, const ap__ntext *text, size_t len, size_t n_more,
                              ap_error *err) {
    size_t max = ap__ntext_max_len(text);
    if (len > max) return fail_too_long(max, err);
    return len + n_more > buf->capacity ? reserve(buf, len + n_more, err) : AP_OK;
}

static bool is_in(const ap__textbuf *buf, const char *ptr) {
    return buf->ptr && ptr >= buf->ptr && ptr < buf->ptr + buf->capacity;
}

char *ap__ntext_own(ap__textbufs *bufs, ap__ntext *text) {
    for (int i = 0; i < 2; i++)
        if (is_in(&bufs->buf[i], text->ptr)) return bufs->buf[i].ptr + (text->ptr - bufs->buf[i].ptr);
    ap__textbuf *buf = &bufs->buf[bufs->next];
    if (reserve(buf, text->len ? text->len : 1, NULL)) return NULL;
    if (text->len) memcpy(buf->ptr, text->ptr, text->len);
    text->ptr = buf->ptr;
    bufs->next ^= 1;
    return buf->ptr;
}

ap_status ap__ntext_keep(ap__ntext *text, ap__arena *arena, ap_error *err) {
    char *ptr = ap__arena_alloc(arena, text->len);
    if (!ptr) return ap__fail_nomem(err);
    if (text->len) memcpy(ptr, text->ptr, text->len);
    text->ptr = ptr;
    if (!text->align) return AP_OK;
    size_t size = text->len * sizeof *text->align; /* At most 2^31 * 8. */
    ap__span *align = ap__arena_alloc(arena, size);
    if (!align) return ap__fail_nomem(err);
    memcpy(align, text->align, size);
    text->align = align;
    return AP_OK;
}

/* -- transformations ----------------------------------------------------------------------------------- */

static ap__span origin_at(const ap__ntext *text, uint32_t at) {
    if (text->align) return text->align[at];
    return ap__ntext_origin_of(text, at, at + 1);
}

/* From here on the output needs an alignment of its own; what was written so far gets the plain one. Only an
 * input without alignment starts as an identity. */
static void leave_identity(ap__transform *t) {
    if (t->in->is_loose) return;
    t->is_identity = false;
    if ((t->status = reserve_align(t->out, t->len + 1, t->err))) return;
    uint32_t base = t->in->origin.start;
    for (uint32_t i = 0; i < t->len;) {
        uint32_t n = ap__utf8_len(t->out->ptr[i]);
        ap__span span = {base + i, base + i + n};
        for (uint32_t k = 0; k < n && i < t->len; k++) t->out->align[i++] = span;
    }
}

static bool make_room(ap__transform *t, size_t n) {
    if (n > t->max - t->len) t->status = fail_too_long(t->max, t->err);
    if (!t->status && t->len + n > t->out->capacity) t->status = reserve(t->out, t->len + n, t->err);
    if (!t->status && !t->is_identity && t->len + n > t->out->align_capacity)
        t->status = reserve_align(t->out, t->len + n, t->err);
    return !t->status;
}

static void begin(ap__transform *t, ap__textbuf *out, const ap__ntext *in, ap_error *err) {
    *t = (ap__transform){.in = in, .out = out, .end = in->len, .err = err};
    t->is_identity = !in->align;
    t->max = ap__ntext_max_len(in);
    t->status = reserve(out, (size_t)in->len + 1, err);
}

/* The first byte that comes from somewhere: a transformation of the whole text starts there, because the
 * reference looks for the bytes that stand for "all of the original" (convert_offsets of Range::Original). */
static uint32_t range_start(const ap__ntext *text) {
    if (!text->align) return 0;
    uint32_t i = 0;
    while (i < text->len && text->align[i].start == text->align[i].end) i++;
    return i;
}

bool ap__ntext_is_plain(const ap__ntext *text) {
    if (text->origin.start == text->origin.end) return text->len == 0;
    return !text->align || text->len == 0 || text->align[0].start != text->align[0].end;
}

void ap__transform_begin(ap__transform *t, ap__textbuf *out, const ap__ntext *in, size_t n_removed,
                         ap_error *err) {
    begin(t, out, in, err);
    if (!ap__ntext_is_plain(in)) {
        bool has_origin = in->origin.start != in->origin.end;
        uint32_t start = has_origin ? range_start(in) : 0;
        t->end = 0;
        ap__transform_copy(t, start);
        t->end = has_origin ? in->len : 0;
    }
    for (; n_removed && t->at < t->end; n_removed--) t->at += ap__utf8_len(in->ptr[t->at]);
    if (t->at != t->len && t->is_identity && !t->status) leave_identity(t);
}

void ap__transform_begin_head(ap__transform *t, ap__textbuf *out, const ap__ntext *in, uint32_t end,
                              ap_error *err) {
    begin(t, out, in, err);
    t->end = end;
}

/* The reference indexes out of bounds and panics. */
static void fail_outside(ap__transform *t) {
    t->status =
        ap__fail(t->err, AP_EINVAL,
                 "the normalizer cannot be applied to text that has no place in the original (an earlier "
                 "normalizer inserted it)");
}

void ap__transform_put(ap__transform *t, uint32_t code, long change) {
    if (t->status) return;
    char bytes[4];
    uint32_t n = (uint32_t)ap__utf8_encode(bytes, code);
    uint32_t at = t->at, size = 0;
    if (change <= 0) {
        if (at >= t->in->len) {
            fail_outside(t);
            return;
        }
        if (at < t->end) size = ap__utf8_len(t->in->ptr[at]);
        t->at += size;
        for (; change < 0 && t->at < t->end; change++) t->at += ap__utf8_len(t->in->ptr[t->at]);
    }
    if (t->is_identity && (size != n || at != t->len)) leave_identity(t);
    if (t->status || !make_room(t, n)) return;
    memcpy(t->out->ptr + t->len, bytes, n);
    if (!t->is_identity) {
        ap__span none = {t->in->origin.start, t->in->origin.start};
        ap__span span = size || change <= 0 ? origin_at(t->in, at) : at ? origin_at(t->in, at - 1) : none;
        for (uint32_t k = 0; k < n; k++) t->out->align[t->len + k] = span;
    }
    t->len += n;
}

void ap__transform_put_bytes(ap__transform *t, const ap__ntext *text) {
    for (uint32_t i = 0; i < text->len; i++) {
        char byte = text->ptr[i];
        ap__transform_put(t, ap__byte_to_char((unsigned char)byte), ap__is_continuation(byte) ? 1 : 0);
    }
}

/* The alignment of `n` bytes of the input, appended to that of the output, which has room. */
static void copy_align(ap__transform *t, uint32_t n) {
    ap__span *to = t->out->align + t->len;
    if (t->in->align) {
        memcpy(to, t->in->align + t->at, n * sizeof *to);
        return;
    }
    uint32_t base = t->in->origin.start + t->at;
    for (uint32_t i = 0; i < n;) {
        for (; i < n && !(t->in->ptr[t->at + i] & 0x80); i++) to[i] = (ap__span){base + i, base + i + 1};
        if (i == n) break;
        uint32_t size = ap__utf8_len(t->in->ptr[t->at + i]);
        ap__span span = {base + i, base + i + size};
        for (uint32_t k = 0; k < size && i < n; k++) to[i++] = span;
    }
}

void ap__transform_copy(ap__transform *t, uint32_t n) {
    if (t->status || !n) return;
    if (n > t->in->len - t->at) {
        fail_outside(t);
        return;
    }
    if (t->is_identity && t->at != t->len) leave_identity(t);
    if (t->status || !make_room(t, n)) return;
    memcpy(t->out->ptr + t->len, t->in->ptr + t->at, n);
    if (!t->is_identity) copy_align(t, n);
    t->len += n;
    t->at += n;
}

void ap__transform_insert(ap__transform *t, const char *bytes, size_t len, ap__span origin) {
    if (t->status || !len) return;
    if (t->is_identity) leave_identity(t);
    if (t->status || !make_room(t, len)) return;
    memcpy(t->out->ptr + t->len, bytes, len);
    for (size_t i = 0; i < len && !t->is_identity; i++) t->out->align[t->len + i] = origin;
    t->len += len;
}

void ap__transform_drop(ap__transform *t) {
    if (t->at < t->end) t->at += ap__utf8_len(t->in->ptr[t->at]);
}

void ap__transform_skip(ap__transform *t, uint32_t n) { t->at += n; }

ap_status ap__transform_finish(ap__transform *t, ap__ntext *text) {
    if (t->end < t->in->len) { /* What was not in the range stays. */
        t->at = t->end;
        ap__transform_copy(t, t->in->len - t->end);
    }
    if (t->status) return t->status;
    ap__span origin = t->in->origin;
    const ap__span *align = t->is_identity ? NULL : t->out->align;
    *text = (ap__ntext){t->out->ptr, align, (uint32_t)t->len, origin, t->in->is_loose};
    return AP_OK;
}

static ap_status prepend_loose(ap__textbuf *out, ap__ntext *text, ap__text string, ap_error *err) {
    size_t len = string.len + text->len;
    ap_status status = ap__textbuf_reserve(out, text, len, 0, err);
    if (status) return status;
    if (string.len) memcpy(out->ptr, string.ptr, string.len);
    memcpy(out->ptr + string.len, text->ptr, text->len);
    text->ptr = out->ptr;
    text->len = (uint32_t)len;
    return AP_OK;
}

/* Source: normalizer.rs prepend: the first new character takes the place of the text's first, which comes
 * back as an addition behind the others. */
ap_status ap__ntext_prepend(ap__textbuf *out, ap__ntext *text, ap__text string, ap_error *err) {
    ap__transform t;
    uint32_t code, first;
    if (text->is_loose) return prepend_loose(out, text, string, err);
    uint32_t n = (uint32_t)ap__utf8_next(&first, text->ptr);
    ap__transform_begin_head(&t, out, text, n, err);
    for (size_t at = 0; at < string.len;) {
        long change = at > 0;
        at += ap__utf8_next(&code, string.ptr + at);
        ap__transform_put(&t, code, change);
    }
    ap__transform_put(&t, first, 1);
    return ap__transform_finish(&t, text);
}

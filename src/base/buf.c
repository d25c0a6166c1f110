/* Growing byte buffer. */
#include "base/buf.h"

#include "base/alloc.h"
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

ap_status ap__buf_reserve(ap__buf *buf, size_t extra, ap_error *err) {
    size_t max = buf->max ? buf->max : AP__BUF_MAX_BYTES;
    size_t need;
    if (!ap__add_size(&need, buf->len, extra) || need > max)
        return ap__fail(err, AP_ELIMIT, "text would grow over its limit of %zu bytes", max);
    void *ptr = buf->ptr;
    if (!ap__grow(&ptr, &buf->capacity, need + 1, 1, max + 1)) return ap__fail_nomem(err);
    buf->ptr = ptr;
    buf->ptr[buf->len] = '\0';
    return AP_OK;
}

ap_status ap__buf_append(ap__buf *buf, const void *bytes, size_t len, ap_error *err) {
    ap_status status = ap__buf_reserve(buf, len, err);
    if (status) return status;
    if (len) memcpy(buf->ptr + buf->len, bytes, len);
    buf->len += len;
    buf->ptr[buf->len] = '\0';
    return AP_OK;
}

ap_status ap__buf_puts(ap__buf *buf, const char *text, ap_error *err) {
    return ap__buf_append(buf, text, strlen(text), err);
}

ap_status ap__buf_printf(ap__buf *buf, ap_error *err, const char *fmt, ...) {
    char small[256];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(small, sizeof small, fmt, args);
    va_end(args);
    if (n < 0) return ap__fail(err, AP_EBUG, "internal: bad format");
    if ((size_t)n < sizeof small) return ap__buf_append(buf, small, (size_t)n, err);
    ap_status status = ap__buf_reserve(buf, (size_t)n, err);
    if (status) return status;
    va_start(args, fmt);
    vsnprintf(buf->ptr + buf->len, (size_t)n + 1, fmt, args);
    va_end(args);
    buf->len += (size_t)n;
    return AP_OK;
}

const char *ap__buf_text(const ap__buf *buf) { return buf->ptr ? buf->ptr : ""; }

void ap__buf_reset(ap__buf *buf) {
    buf->len = 0;
    if (buf->ptr) buf->ptr[0] = '\0';
}

void ap__buf_clear(ap__buf *buf) {
    ap__free(buf->ptr);
    buf->ptr = NULL;
    buf->len = buf->capacity = 0;
}

/* A growing byte buffer with a stated maximum; always NUL-terminated once it has memory. */
#ifndef AP_BASE_BUF_H
#define AP_BASE_BUF_H

#include <accelpipe/status.h>
#include <stddef.h>

/* All zero is an empty buffer with the maximum AP__BUF_MAX_BYTES. */
typedef struct ap__buf {
    char *ptr; /* NULL while empty. */
    size_t len;
    size_t capacity;
    size_t max; /* 0: AP__BUF_MAX_BYTES. */
} ap__buf;

#define AP__BUF_MAX_BYTES ((size_t)1 << 30)

/* @return AP_ENOMEM, AP_ELIMIT; the buffer is unchanged then. */
ap_status ap__buf_append(ap__buf *buf, const void *bytes, size_t len, ap_error *err);
ap_status ap__buf_puts(ap__buf *buf, const char *text, ap_error *err);
ap_status ap__buf_printf(ap__buf *buf, ap_error *err, const char *fmt, ...) AP_PRINTF(3, 4);

/* Makes room for `extra` more bytes without writing them. */
ap_status ap__buf_reserve(ap__buf *buf, size_t extra, ap_error *err);

/* "" while nothing was appended. Borrowed until the next change. */
const char *ap__buf_text(const ap__buf *buf);

/* Empties, keeps the memory. */
void ap__buf_reset(ap__buf *buf);

/* Frees; the buffer can be used again. */
void ap__buf_clear(ap__buf *buf);

#endif

/* A buffer of our own rather than stdio's: it is written at ends of lines only, and when the caller says so.
 */
#include "out.h"

#include "diag.h"
#include "memory.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUFFER_BYTES = 64 << 10 };

static char buffer[BUFFER_BYTES];
static size_t n_buffered;
static int failure; /* errno of the first write that failed; 0: none did. */

static bool write_all(const char *data, size_t len) {
    while (len && !failure) {
        ssize_t n = write(STDOUT_FILENO, data, len);
        if (n >= 0) {
            data += n;
            len -= (size_t)n;
        } else if (errno != EINTR) {
            failure = errno;
        }
    }
    return !failure;
}

bool cli_out_flush(void) {
    size_t n = n_buffered;
    n_buffered = 0;
    return write_all(buffer, n);
}

bool cli_out_write(const char *data, size_t len) {
    if (len > BUFFER_BYTES - n_buffered && !cli_out_flush()) return false;
    if (len > BUFFER_BYTES) return write_all(data, len);
    memcpy(buffer + n_buffered, data, len);
    n_buffered += len;
    return !failure;
}

bool cli_out_text(const char *text) { return cli_out_write(text, strlen(text)); }

bool cli_out_line(const char *data, size_t len) {
    if (len >= BUFFER_BYTES - n_buffered && !cli_out_flush()) return false;
    return cli_out_write(data, len) && cli_out_write("\n", 1);
}

bool cli_out_printf(const char *fmt, ...) {
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    char text[256];
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    bool done = false;
    if (n >= 0 && (size_t)n < sizeof text) {
        done = cli_out_write(text, (size_t)n);
    } else if (n >= 0) {
        char *longer = cli_grow(NULL, (size_t)n + 1, 1);
        vsnprintf(longer, (size_t)n + 1, fmt, again);
        done = cli_out_write(longer, (size_t)n);
        free(longer);
    }
    va_end(again);
    return done;
}

ap_status cli_out_finish(ap_error *err) {
    cli_out_flush();
    if (close(STDOUT_FILENO) && !failure) failure = errno;
    if (!failure) return AP_OK;
    char reason[128];
    return cli_fail(err, AP_EIO, "standard output: cannot write: %s",
                    cli_errno_text(failure, reason, sizeof reason));
}

bool cli_out_is_broken_pipe(void) { return failure == EPIPE; }

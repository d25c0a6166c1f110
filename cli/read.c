/* Bounded reading; the size that a file claims is not trusted. */
#include "read.h"

#include "diag.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_BYTES = 64 << 10 };

static ap_status fail_errno(ap_error *err, ap_status status, const char *what, int error) {
    char reason[128];
    return cli_fail(err, status, "%s: %s", what, cli_errno_text(error, reason, sizeof reason));
}

/* Makes room for more; the NUL has its place too. */
static ap_status grow(cli_bytes *bytes, size_t *capacity, size_t max_bytes, const char *what, ap_error *err) {
    if (bytes->len > max_bytes)
        return cli_fail(err, AP_ELIMIT, "%s: larger than the limit of %zu bytes", what, max_bytes);
    if (bytes->len + 1 < *capacity) return AP_OK;
    size_t larger = *capacity ? *capacity * 2 : FIRST_BYTES;
    char *ptr = realloc(bytes->ptr, larger);
    if (!ptr) return cli_fail_nomem(err);
    bytes->ptr = ptr;
    *capacity = larger;
    return AP_OK;
}

static ap_status read_all(cli_bytes *out, int fd, const char *what, size_t max_bytes, ap_error *err) {
    size_t capacity = 0;
    ap_status status;
    *out = (cli_bytes){0};
    while (!(status = grow(out, &capacity, max_bytes, what, err))) {
        ssize_t n = read(fd, out->ptr + out->len, capacity - out->len - 1);
        if (n == 0) {
            out->ptr[out->len] = '\0';
            return AP_OK;
        }
        if (n > 0) {
            out->len += (size_t)n;
        } else if (errno != EINTR) {
            status = fail_errno(err, AP_EIO, what, errno);
            break;
        }
    }
    free(out->ptr);
    *out = (cli_bytes){0};
    return status;
}

ap_status cli_read_stdin(cli_bytes *out, size_t max_bytes, ap_error *err) {
    return read_all(out, STDIN_FILENO, "standard input", max_bytes, err);
}

ap_status cli_read_file(cli_bytes *out, const char *path, size_t max_bytes, ap_error *err) {
    struct stat info;
    *out = (cli_bytes){0};
    /* Not blocking, or opening a pipe would wait for its writer. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return fail_errno(err, errno == ENOENT ? AP_ENOTFOUND : AP_EIO, path, errno);
    ap_status status;
    if (fstat(fd, &info) || !S_ISREG(info.st_mode))
        status = cli_fail(err, AP_EIO, "%s: not a regular file", path);
    else
        status = read_all(out, fd, path, max_bytes, err);
    close(fd);
    return status;
}

/* Reading and mapping of files. */
#define _GNU_SOURCE /* O_CLOEXEC, O_NONBLOCK */
#include "base/file.h"

#include "base/alloc.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static ap_status fail_errno(ap_error *err, const char *path) {
    return ap__fail(err, errno == ENOENT || errno == ENOTDIR ? AP_ENOTFOUND : AP_EIO, "%s: %s", path,
                    strerror(errno));
}

/* A regular file of at most `max_bytes`: a pipe or a device would give its bytes for ever. */
static ap_status open_regular(int *fd, size_t *size, const char *path, size_t max_bytes, ap_error *err) {
    struct stat info;
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0) return fail_errno(err, path);
    ap_status status = AP_OK;
    if (fstat(*fd, &info) != 0)
        status = fail_errno(err, path);
    else if (!S_ISREG(info.st_mode))
        status = ap__fail(err, AP_EIO, "%s: not a regular file", path);
    else if (info.st_size < 0 || (uintmax_t)info.st_size > max_bytes)
        status = ap__fail(err, AP_ELIMIT, "%s: %lld bytes, over the limit of %zu", path,
                          (long long)info.st_size, max_bytes);
    else
        *size = (size_t)info.st_size;
    if (status) close(*fd);
    return status;
}

ap_status ap__file_read(ap__bytes *out, const char *path, size_t max_bytes, ap_error *err) {
    int fd;
    size_t size = 0, got = 0;
    memset(out, 0, sizeof *out);
    ap_status status = open_regular(&fd, &size, path, max_bytes, err);
    if (status) return status;
    char *ptr = ap__malloc(size + AP__FILE_PADDING);
    if (!ptr) status = ap__fail_nomem(err);
    while (!status && got < size) {
        ssize_t n = read(fd, ptr + got, size - got);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) status = fail_errno(err, path);
        if (n <= 0) break; /* Shorter than it was a moment ago: what is there counts. */
        got += (size_t)n;
    }
    close(fd);
    if (status) {
        ap__free(ptr);
        return status;
    }
    memset(ptr + got, 0, AP__FILE_PADDING);
    out->ptr = ptr;
    out->len = got;
    return AP_OK;
}

ap_status ap__file_map(ap__bytes *out, const char *path, size_t max_bytes, ap_error *err) {
    int fd;
    size_t size = 0;
    memset(out, 0, sizeof *out);
    ap_status status = open_regular(&fd, &size, path, max_bytes, err);
    if (status) return status;
    if (size) {
        void *ptr = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (ptr == MAP_FAILED) {
            status = fail_errno(err, path);
        } else {
            out->ptr = ptr;
            out->len = size;
            out->is_mapped = 1;
        }
    }
    close(fd);
    return status;
}

void ap__bytes_clear(ap__bytes *bytes) {
    if (bytes->is_mapped)
        munmap(bytes->ptr, bytes->len);
    else
        ap__free(bytes->ptr);
    memset(bytes, 0, sizeof *bytes);
}

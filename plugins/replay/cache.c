/* A start-up cache that only takes room: for the tests of the library's part of it. */
#include "replay.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 4096, BLOCK_BYTES = 4096 };

/* The file begins with the model's text: another text, and the folder is not this model's. */
static bool holds_model(const char *file, const void *bytes, size_t n_bytes, int64_t cache_bytes) {
    char block[BLOCK_BYTES];
    struct stat info;
    bool holds = true;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    if (fstat(fd, &info) != 0 || info.st_size != (off_t)n_bytes + cache_bytes) holds = false;
    for (size_t at = 0; holds && at < n_bytes;) {
        size_t want = n_bytes - at < sizeof block ? n_bytes - at : sizeof block;
        if (read(fd, block, want) != (ssize_t)want || memcmp(block, (const char *)bytes + at, want) != 0)
            holds = false;
        at += want;
    }
    close(fd);
    return holds;
}

static bool write_all(int fd, const void *bytes, size_t n_bytes) {
    for (size_t at = 0; at < n_bytes;) {
        ssize_t n = write(fd, (const char *)bytes + at, n_bytes - at);
        if (n <= 0) return false;
        at += (size_t)n;
    }
    return true;
}

static bool write_file(const char *file, const void *bytes, size_t n_bytes, int64_t cache_bytes) {
    static const char block[BLOCK_BYTES];
    int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return false;
    bool is_whole = write_all(fd, bytes, n_bytes);
    for (int64_t left = cache_bytes; is_whole && left > 0; left -= BLOCK_BYTES)
        is_whole = write_all(fd, block, left < BLOCK_BYTES ? (size_t)left : BLOCK_BYTES);
    return close(fd) == 0 && is_whole;
}

static void write_folder(const ap_session *session, const char *cache_path, const void *bytes,
                         size_t n_bytes) {
    static atomic_uint counter;
    char folder[PATH_SIZE], file[PATH_SIZE];
    unsigned number = atomic_fetch_add(&counter, 1);
    snprintf(folder, sizeof folder, "%s.tmp.%ld.%u", cache_path, (long)getpid(), number);
    snprintf(file, sizeof file, "%.*s/model", (int)(sizeof file - 8), folder);
    if (mkdir(folder, 0700) != 0) return;
    if (!write_file(file, bytes, n_bytes, session->settings.cache_bytes) || rename(folder, cache_path) != 0)
        session->host->remove_folder(folder);
}

void replay_cache_use(ap_session *session, const char *cache_path, const void *bytes, size_t n_bytes) {
    char file[PATH_SIZE];
    if (!cache_path || session->settings.cache_bytes <= 0) return;
    snprintf(file, sizeof file, "%s/model", cache_path);
    session->from_cache = holds_model(file, bytes, n_bytes, session->settings.cache_bytes);
    if (session->from_cache) return;
    session->host->remove_folder(cache_path);
    write_folder(session, cache_path, bytes, n_bytes);
}

/* The start-up cache: where it is, and what one session's folder is called. How it is kept small is in
 * cache_trim.c. */
#define _GNU_SOURCE /* secure_getenv */
#include "backend/cache.h"

#include "backend/cache_trim.h"
#include "backend/cpu.h"
#include "backend/folder.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* Raise it when a folder of the same name would mean something else. */
#define CACHE_FORMAT 2

#define DEFAULT_MAX_BYTES ((uint64_t)4 << 30)

/* -- where --------------------------------------------------------------------------------------------- */

/* Source: XDG Base Directory Specification 0.8: a path that is not absolute is to be ignored. */
ap_status ap__cache_root(ap__path *out, const char *explicit_dir, ap_error *err) {
    const char *dir = explicit_dir ? explicit_dir : secure_getenv("ACCELPIPE_CACHE");
    if (dir && dir[0]) return ap__path_format(out, err, "%s", dir);
    dir = secure_getenv("XDG_CACHE_HOME");
    if (dir && dir[0] == '/') return ap__path_format(out, err, "%s/accelpipe", dir);
    dir = secure_getenv("HOME");
    if (dir && dir[0] == '/') return ap__path_format(out, err, "%s/.cache/accelpipe", dir);
    return ap__fail(err, AP_ENOTFOUND, "HOME is not set");
}

/* A folder that only this user can write to: what is in it is loaded as code and weights would be. */
static ap_status check_private(const char *dir, ap_error *err) {
    if (ap__folder_is_private(dir)) return AP_OK;
    return ap__fail(err, AP_EIO, "%s: not a folder of this user alone", dir);
}

static ap_status make_private(const char *dir, ap_error *err) {
    ap__path parent;
    ap_status status = ap__path_format(&parent, err, "%s", dir);
    if (status) return status;
    ap__path_cut_name(&parent);
    if (!ap__path_is_dir(parent.text) && (status = ap__path_make_dirs(parent.text, err))) return status;
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return ap__fail(err, AP_EIO, "%s: cannot make the folder: %s", dir, strerror(errno));
    return check_private(dir, err);
}

/* The folder of all sessions. */
static ap_status find_sessions_dir(ap__path *out, const char *explicit_dir, ap_error *err) {
    ap__path root;
    ap_status status = ap__cache_root(&root, explicit_dir, err);
    if (!status) status = ap__path_join(out, root.text, "sessions", err);
    if (status || ap__folder_is_private(out->text)) return status;
    if (!ap__path_is_dir(root.text) && (status = make_private(root.text, err))) return status;
    return make_private(out->text, err);
}

static uint64_t find_max_bytes(void) {
    const char *text = secure_getenv("ACCELPIPE_CACHE_MAX_BYTES");
    char *end = NULL;
    if (!text || !text[0]) return DEFAULT_MAX_BYTES;
    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    if (errno == 0 && *end == '\0' && text[0] != '-') return value;
    ap__log(AP_LOG_WARNING, "cache: ACCELPIPE_CACHE_MAX_BYTES is \"%s\", which is no number of bytes", text);
    return DEFAULT_MAX_BYTES;
}

/* -- the name ------------------------------------------------------------------------------------------ */

/* Path, size and times of a file, in a line: a file that was replaced or written to has another. Who writes
 * into a file and sets its time back (rsync --inplace --times) changes the time of the inode. */
static ap_status put_file(ap__buf *key, const char *what, const char *path, ap_error *err) {
    ap__path real;
    struct stat info;
    ap_status status = ap__path_resolve(&real, path, err);
    if (status) return status;
    if (stat(real.text, &info) != 0) return ap__fail(err, AP_EIO, "%s: %s", real.text, strerror(errno));
    return ap__buf_printf(key, err, "%s %s %" PRIu64 " %" PRIu64 " %lld %lld.%09ld %lld.%09ld\n", what,
                          real.text, (uint64_t)info.st_dev, (uint64_t)info.st_ino, (long long)info.st_size,
                          (long long)info.st_mtim.tv_sec, info.st_mtim.tv_nsec,
                          (long long)info.st_ctim.tv_sec, info.st_ctim.tv_nsec);
}

static int compare_options(const void *a, const void *b) {
    const ap_key_value *left = a, *right = b;
    int order = strcmp(left->key, right->key);
    return order ? order : strcmp(left->value, right->value);
}

/* In the order of their names: how the caller ordered them makes no difference. */
static ap_status put_options(ap__buf *key, const ap__session_options *options, ap_error *err) {
    size_t n = options->n_options;
    if (n == 0) return AP_OK;
    ap_key_value *sorted = ap__calloc(n, sizeof *sorted);
    if (!sorted) return ap__fail_nomem(err);
    memcpy(sorted, options->options, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, compare_options);
    ap_status status = AP_OK;
    for (size_t i = 0; !status && i < n; i++)
        /* Lengths keep one option with a newline in it apart from two options. */
        status = ap__buf_printf(key, err, "option %zu %s %zu %s\n", strlen(sorted[i].key), sorted[i].key,
                                strlen(sorted[i].value), sorted[i].value);
    ap__free(sorted);
    return status;
}

static ap_status put_key(ap__buf *key, const ap__backend *backend, const ap__session_options *options,
                         ap_error *err) {
    ap_status status =
        ap__buf_printf(key, err, "cache %d accelpipe %s\nbackend %s %s\ndevice %s dtype %d use %d\n",
                       CACHE_FORMAT, AP_VERSION_STRING, backend->row->name, backend->probe.version,
                       options->device ? options->device : "", (int)options->dtype, (int)options->use);
    if (!status && strchr(backend->probe.path, '/'))
        status = put_file(key, "runtime", backend->probe.path, err);
    if (!status) status = ap__cpu_describe(key, err);
    if (!status) status = put_file(key, "model", options->path, err);
    return status ? status : put_options(key, options, err);
}

/* Two digests that start differently: 128 bits. Chance alone will not make two keys share a folder, and who
 * could craft the paths of this user's models can also write to them. */
static ap_status name_entry(ap__path *out, const char *dir, const ap__backend *backend, const ap__buf *key,
                            ap_error *err) {
    uint64_t high = ap__digest(AP__DIGEST_START, key->ptr, key->len);
    uint64_t low = ap__digest(~AP__DIGEST_START, key->ptr, key->len);
    return ap__path_format(out, err, "%s/%s-%016" PRIx64 "%016" PRIx64, dir, backend->row->name, high, low);
}

/* -- one session --------------------------------------------------------------------------------------- */

/* A process that writes beyond its limit of a file's size is ended by a signal: for a cache nobody would risk
 * it. */
static bool may_write(const ap__cache_entry *entry) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return true;
    if ((uint64_t)limit.rlim_cur >= entry->max_bytes) return true;
    ap__log(AP_LOG_INFO, "cache: %s: not written: files may have %" PRIu64 " bytes at most (ulimit -f)",
            entry->path.text, (uint64_t)limit.rlim_cur);
    return false;
}

/* Drops a folder that is not this user's; whether it may be used. */
static bool entry_is_safe(const ap__cache_entry *entry) {
    struct stat info;
    if (ap__cache_is_too_large(entry)) return false;
    if (lstat(entry->path.text, &info) != 0) return errno == ENOENT && may_write(entry);
    if (ap__folder_is_ours(entry->path.text, NULL)) return true;
    ap__log(AP_LOG_WARNING, "cache: %s: not used: not this user's alone", entry->path.text);
    return false;
}

static ap_status find_entry(ap__cache_entry *out, const ap__backend *backend,
                            const ap__session_options *options, ap_error *err) {
    ap__path dir;
    ap__buf key = {0};
    ap_status status = find_sessions_dir(&dir, options->cache_dir, err);
    if (!status) status = put_key(&key, backend, options, err);
    if (!status) status = name_entry(&out->path, dir.text, backend, &key, err);
    ap__buf_clear(&key);
    return status;
}

void ap__cache_entry_find(ap__cache_entry *out, const ap__backend *backend,
                          const ap__session_options *options) {
    ap_error err = AP_ERROR_INIT;
    out->path.text[0] = '\0';
    out->max_bytes = find_max_bytes();
    if (options->no_cache || !options->path || out->max_bytes == 0) return;
    ap_status status = find_entry(out, backend, options, &err);
    if (status) ap__log(AP_LOG_INFO, "cache: not used: %s", err.message);
    if (status || !entry_is_safe(out)) out->path.text[0] = '\0';
}

void ap__cache_entry_use(const ap__cache_entry *entry, bool is_hit) {
    const char *path = entry->path.text;
    if (!path[0]) return;
    ap__log(AP_LOG_DEBUG, "cache: %s: %s", path, is_hit ? "hit" : "miss");
    if (!is_hit)
        ap__cache_trim(entry);
    else /* The time of its last use; failing, it is taken for older than it is. */
        utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW);
}

/* Paths and places. */
#define _GNU_SOURCE /* dladdr */
#include "base/path.h"

#include "base/error.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

_Static_assert(AP__PATH_MAX >= PATH_MAX, "realpath() writes up to PATH_MAX bytes");

ap_status ap__path_format(ap__path *out, ap_error *err, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(out->text, sizeof out->text, fmt, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof out->text)
        return ap__fail(err, AP_ELIMIT, "path of %d bytes is longer than the limit of %d", n,
                        AP__PATH_MAX - 1);
    return AP_OK;
}

ap_status ap__path_join(ap__path *out, const char *a, const char *b, ap_error *err) {
    if (b[0] == '/' || !a[0]) return ap__path_format(out, err, "%s", b);
    const char *slash = a[strlen(a) - 1] == '/' ? "" : "/";
    return ap__path_format(out, err, "%s%s%s", a, slash, b);
}

bool ap__path_is_dir(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool ap__path_is_file(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

const char *ap__path_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool ap__path_ends_with(const char *path, const char *end) {
    size_t len = strlen(path), n = strlen(end);
    return len >= n && strcmp(path + len - n, end) == 0;
}

void ap__path_cut_name(ap__path *path) {
    char *slash = strrchr(path->text, '/');
    if (!slash)
        memcpy(path->text, ".", 2);
    else if (slash == path->text)
        slash[1] = '\0';
    else
        slash[0] = '\0';
}

ap_status ap__path_resolve(ap__path *out, const char *path, ap_error *err) {
    if (realpath(path, out->text)) return AP_OK;
    return ap__fail(err, errno == ENOENT || errno == ENOTDIR ? AP_ENOTFOUND : AP_EIO, "%s: %s", path,
                    strerror(errno));
}

ap_status ap__path_make_dirs(const char *path, ap_error *err) {
    ap__path part;
    ap_status status = ap__path_format(&part, err, "%s", path);
    if (status) return status;
    for (char *p = part.text[0] ? part.text + 1 : part.text;; p++) {
        char end = *p;
        if (end && end != '/') continue;
        *p = '\0';
        if (mkdir(part.text, 0777) != 0 && errno != EEXIST)
            return ap__fail(err, AP_EIO, "%s: cannot make the folder: %s", part.text, strerror(errno));
        *p = end;
        if (!end) break;
    }
    if (ap__path_is_dir(part.text)) return AP_OK;
    return ap__fail(err, AP_EIO, "%s: cannot make the folder: there is a file of that name", part.text);
}

static char library_dir[AP__PATH_MAX];
static pthread_once_t library_dir_once = PTHREAD_ONCE_INIT;

static void library_dir_find(void) {
    Dl_info info;
    ap__path path;
    if (!dladdr((void *)library_dir, &info) || !info.dli_fname) return;
    if (ap__path_resolve(&path, info.dli_fname, NULL)) return;
    ap__path_cut_name(&path);
    memcpy(library_dir, path.text, strlen(path.text) + 1);
}

const char *ap__path_library_dir(void) {
    pthread_once(&library_dir_once, library_dir_find);
    return library_dir;
}

bool ap__path_is_inside(const char *path) {
    if (path[0] == '/' || !path[0]) return false;
    for (const char *part = path; part;) {
        const char *slash = strchr(part, '/');
        size_t len = slash ? (size_t)(slash - part) : strlen(part);
        if (len == 2 && part[0] == '.' && part[1] == '.') return false;
        part = slash ? slash + 1 : NULL;
    }
    return true;
}

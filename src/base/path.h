/* Paths and places: joining, asking what is there, the folders of the user and of the installation. */
#ifndef AP_BASE_PATH_H
#define AP_BASE_PATH_H

#include <accelpipe/status.h>
#include <stdbool.h>

/* Longest path that is used; longer ones are AP_ELIMIT. */
#define AP__PATH_MAX 4096

/* A path in a buffer of its own: no allocation, no lifetime to think of. */
typedef struct ap__path {
    char text[AP__PATH_MAX];
} ap__path;

/* "a/b"; `b` alone when it is absolute or `a` is empty.   @return AP_ELIMIT */
ap_status ap__path_join(ap__path *out, const char *a, const char *b, ap_error *err);
ap_status ap__path_format(ap__path *out, ap_error *err, const char *fmt, ...) AP_PRINTF(3, 4);

bool ap__path_is_dir(const char *path);
bool ap__path_is_file(const char *path);

/* The last part of a path; borrowed from it. */
const char *ap__path_name(const char *path);

/* Whether a path or a name ends with `end`, as ".onnx". */
bool ap__path_ends_with(const char *path, const char *end);

/* Cuts the last part off, in place; "." when there is no other. */
void ap__path_cut_name(ap__path *path);

/* The real path of an existing file, links followed.   @return AP_ENOTFOUND, AP_EIO */
ap_status ap__path_resolve(ap__path *out, const char *path, ap_error *err);

/* Makes a folder and those above it.   @return AP_EIO */
ap_status ap__path_make_dirs(const char *path, ap_error *err);

/* The folder of the file that holds this library, links followed; "" when it cannot be told. */
const char *ap__path_library_dir(void);

/* Whether `path` stays below the folder that it is joined to: relative, and no ".." part. */
bool ap__path_is_inside(const char *path);

#endif

/* Reading files: whole into memory, or mapped. */
#ifndef AP_BASE_FILE_H
#define AP_BASE_FILE_H

#include <accelpipe/status.h>
#include <stddef.h>

/* For parsers that work in place and look a few bytes ahead. */
#define AP__FILE_PADDING 8

/* Bytes of a file; all zero is none. */
typedef struct ap__bytes {
    char *ptr; /* With AP__FILE_PADDING NULs behind `len` bytes when read, without when mapped. */
    size_t len;
    int is_mapped;
} ap__bytes;

/* Reads all of a file into memory.
 * @return AP_ENOTFOUND, AP_EIO, AP_ELIMIT when it is larger than `max_bytes`, AP_ENOMEM. */
ap_status ap__file_read(ap__bytes *out, const char *path, size_t max_bytes, ap_error *err);

/* Maps a file for reading; an empty one gives no bytes. Same failures. A file that is cut while it is mapped
 * raises SIGBUS: only for files that others replace rather than rewrite. */
ap_status ap__file_map(ap__bytes *out, const char *path, size_t max_bytes, ap_error *err);

void ap__bytes_clear(ap__bytes *bytes);

#endif

/* Reading all of a file or of standard input into memory. */
#ifndef CLI_READ_H
#define CLI_READ_H

#include <accelpipe/status.h>
#include <stddef.h>

/* Owned by the caller: free() `ptr`. All zero is none. */
typedef struct cli_bytes {
    char *ptr; /* With a NUL behind `len` bytes. */
    size_t len;
} cli_bytes;

/* @return AP_EIO, AP_ELIMIT over `max_bytes`, AP_ENOMEM. */
ap_status cli_read_stdin(cli_bytes *out, size_t max_bytes, ap_error *err);

/* Of regular files only: others may block or never end. @return also AP_ENOTFOUND */
ap_status cli_read_file(cli_bytes *out, const char *path, size_t max_bytes, ap_error *err);

#endif

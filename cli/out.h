/* Standard output. Everything printed goes through here, so that a full disk or a closed pipe is noticed.
 *
 * Threading: of the main thread. */
#ifndef CLI_OUT_H
#define CLI_OUT_H

#include <accelpipe/status.h>
#include <stdbool.h>
#include <stddef.h>

/* Adds to what is to be written. After a failure nothing more is written and false is returned. */
bool cli_out_write(const char *data, size_t len);
bool cli_out_text(const char *text);
bool cli_out_printf(const char *fmt, ...) AP_PRINTF(1, 2);

/* Writes `len` bytes and a newline: what is before them is written first where they do not fit, so that a
 * write ends at the end of a line. */
bool cli_out_line(const char *data, size_t len);

bool cli_out_flush(void);

/* Flushes and closes: some file systems report a full disk only then. @return AP_EIO with the reason. */
ap_status cli_out_finish(ap_error *err);

/* Whether writing failed because the reader of a pipe has gone, of which nothing need be said. */
bool cli_out_is_broken_pipe(void);

#endif

/* Lines that fail: what stands in place of their result, and what is said at the end.
 *
 * Threading: of the main thread. */
#ifndef CLI_FAILURES_H
#define CLI_FAILURES_H

#include <accelpipe/status.h>
#include <stddef.h>

/* All zero: nothing has failed yet. */
typedef struct cli_failures {
    size_t n_failed;
    size_t first_line; /* The number of the first line that failed, from 1. */
    ap_error first_error;
} cli_failures;

/* Prints {"error": {"code", "type", "message"}} as the result of line `line`.   @return AP_ENOMEM */
ap_status cli_failures_print(cli_failures *failures, size_t line, const ap_error *failure, ap_error *err);

/* Reports what failed of `n_lines`. @return the exit status */
int cli_failures_report(const cli_failures *failures, size_t n_lines);

#endif

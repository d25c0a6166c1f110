/* Messages on standard error, and the exit status that goes with an error.
 *
 * Threading: any function may be called from any thread; lines come out whole, one at a time. */
#ifndef CLI_DIAG_H
#define CLI_DIAG_H

#include <accelpipe/status.h>
#include <stdbool.h>
#include <stddef.h>

typedef enum cli_exit {
    CLI_EXIT_OK = 0,
    CLI_EXIT_FAILED = 1, /* While running: a missing or corrupt file, a failure of the backend, ... */
    CLI_EXIT_USAGE = 2,  /* An option, parameter or input that is not allowed. */
    CLI_EXIT_NO_BACKEND = 3,
    CLI_EXIT_INTERRUPTED = 130
} cli_exit;

typedef enum cli_verbosity { CLI_QUIET = 0, CLI_NORMAL = 1, CLI_VERBOSE = 2 } cli_verbosity;

/* How much is said; also sends the library's log lines here: errors, from CLI_NORMAL on warnings, with
 * CLI_VERBOSE facts too. */
void cli_diag_set_verbosity(cli_verbosity verbosity);

/* Fills `err` and returns `status`. */
ap_status cli_fail(ap_error *err, ap_status status, const char *fmt, ...) AP_PRINTF(3, 4);
ap_status cli_fail_nomem(ap_error *err);

/* Puts `prefix: ` before the message and returns its status. */
ap_status cli_error_wrap(ap_error *err, const char *prefix);

/* The exit status for `status`. */
int cli_exit_status(ap_status status);

/* Prints `accelpipe: error: MESSAGE [CODE]` and returns the exit status. Of AP_ECANCELED nothing is said. */
int cli_report(const ap_error *err);

/* Prints `accelpipe: TEXT`, unless quiet. */
void cli_note(const char *fmt, ...) AP_PRINTF(1, 2);

/* Shows `text` on a line that the next message or progress replaces; the last text stays when `is_last`. For
 * a terminal only. */
void cli_diag_progress(const char *text, bool is_last);

/* Prints text of several lines as it is, also when quiet: it was asked for. */
void cli_diag_text(const char *text, size_t len);

/* The message of `errno`, which may be of any thread. */
const char *cli_errno_text(int error, char *buf, size_t size);

#endif

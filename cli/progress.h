/* How far long work has come, as one line on a terminal. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct cli_progress {
    bool is_on;
    int64_t start_ms, shown_ms;
} cli_progress;

/* Milliseconds of a clock that does not jump. */
int64_t cli_now_ms(void);

/* On when standard error is a terminal on which nothing else is printed meanwhile, and `is_wanted`. */
void cli_progress_start(cli_progress *progress, bool is_wanted);

/* Shows it, a few times a second at most and not before the first second is over. @param n_total 0: not known
 */
void cli_progress_update(cli_progress *progress, size_t n_done, size_t n_total);

/* Leaves a last line when one was shown. */
void cli_progress_end(cli_progress *progress, size_t n_done);

#endif

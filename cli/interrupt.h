/* Ctrl-C: SIGINT and SIGTERM become a cancelled call instead of the end of the process, so that what was
 * written ends with a whole line. */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include <accelpipe/pipeline.h>
#include <stdbool.h>

typedef struct cli_interrupt cli_interrupt;

/* Catches the signals from now on. Before the library starts threads, or these would get them.
 * A signal that is ignored, as in a background job, stays ignored. */
ap_status cli_interrupt_create(cli_interrupt **out, ap_error *err);

/* Borrowed. Triggered by the first signal; the second one ends the process. */
ap_cancel *cli_interrupt_get_cancel(const cli_interrupt *interrupt);

/* A file descriptor that can be read once a signal came: for poll(). */
int cli_interrupt_get_fd(const cli_interrupt *interrupt);

/* Makes that file descriptor readable without a signal, for other reasons to stop. */
void cli_interrupt_wake(const cli_interrupt *interrupt);

bool cli_interrupt_came(const cli_interrupt *interrupt);

/* No call with its cancel may be running. The signals stay caught. NULL is fine. */
void cli_interrupt_destroy(cli_interrupt *interrupt);

#endif

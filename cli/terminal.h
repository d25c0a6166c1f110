/* What the terminal can show. */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* Whether file descriptor `fd` is a terminal. */
bool cli_terminal_is(int fd);

/* Columns of standard output; 80 when they cannot be had. */
size_t cli_terminal_columns(void);

/* Whether standard output takes escape sequences for style: it is a terminal, NO_COLOR (no-color.org) is not
 * set and TERM is not "dumb". */
bool cli_terminal_has_style(void);

/* Whether the user's locale is UTF-8, by the environment. */
bool cli_terminal_is_utf8(void);

#endif

/* Lines of a file descriptor, in bounded memory, until its end or an interrupt. */
#ifndef CLI_LINES_H
#define CLI_LINES_H

#include <accelpipe/status.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct cli_lines {
    int fd;
    int stop_fd;    /* When it can be read, the lines end; -1: none. */
    size_t max_len; /* Longer lines are errors. */
    int read_errno; /* Of the read that failed and ended the lines; 0: none did. */
    /* Of the reader. */
    char *buf;
    size_t capacity, start, end; /* [start, end) is not used up. */
    bool at_end;
} cli_lines;

void cli_lines_init(cli_lines *lines, int fd, int stop_fd, size_t max_len);
void cli_lines_clear(cli_lines *lines);

/* Gives the next line without its line end, borrowed until the next call; NULL at the end. A last line need
 * not have a line end.
 * @return AP_ELIMIT the line is too long, AP_ENOMEM: it is skipped, and the next call goes on behind it. */
ap_status cli_lines_next(const char **line, size_t *len, cli_lines *lines, ap_error *err);

/* Whether the next line is there already, so that nobody has to be waited for. */
bool cli_lines_is_ready(const cli_lines *lines);

/* @return AP_EIO when the lines ended because reading failed. */
ap_status cli_lines_check(const cli_lines *lines, ap_error *err);

#endif

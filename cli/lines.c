/* poll() before every read(), since only so can a reader that waits for input be told to stop. */
#include "lines.h"

#include "diag.h"
#include "memory.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_LINE_BYTES = 64 << 10 };

void cli_lines_init(cli_lines *lines, int fd, int stop_fd, size_t max_len) {
    *lines = (cli_lines){.fd = fd, .stop_fd = stop_fd, .max_len = max_len};
    lines->buf = cli_grow(NULL, FIRST_LINE_BYTES, 1);
    lines->capacity = FIRST_LINE_BYTES;
}

void cli_lines_clear(cli_lines *lines) {
    free(lines->buf);
    lines->buf = NULL;
}

/* Waits for input. @return false when it is time to stop */
static bool wait_for_input(cli_lines *lines) {
    struct pollfd fds[] = {{.fd = lines->fd, .events = POLLIN}, {.fd = lines->stop_fd, .events = POLLIN}};
    while (poll(fds, 2, -1) < 0)
        if (errno != EINTR) return true; /* read() will say what is wrong. */
    return !fds[1].revents;
}

/* Reads more behind what is there. */
static void fill(cli_lines *lines) {
    ssize_t n = -1;
    errno = 0;
    if (wait_for_input(lines)) {
        n = read(lines->fd, lines->buf + lines->end, lines->capacity - lines->end);
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
    }
    if (n > 0) {
        lines->end += (size_t)n;
        return;
    }
    lines->at_end = true;
    if (n < 0) {
        lines->read_errno = errno;
        lines->start = lines->end; /* What there is of a line is not a line. */
    }
}

/* Makes room behind the line that begins at `start`. @return false when out of memory */
static bool make_room(cli_lines *lines) {
    size_t used = lines->end - lines->start;
    if (lines->start && (lines->end == lines->capacity || used == 0)) {
        memmove(lines->buf, lines->buf + lines->start, used);
        lines->start = 0;
        lines->end = used;
    }
    if (lines->end < lines->capacity) return true;
    size_t larger = lines->capacity * 2;
    char *buf = realloc(lines->buf, larger);
    if (!buf) return false;
    lines->buf = buf;
    lines->capacity = larger;
    return true;
}

/* Drops what is left of a line. */
static void skip_line(cli_lines *lines) {
    for (;;) {
        char *end = lines->end > lines->start
                        ? memchr(lines->buf + lines->start, '\n', lines->end - lines->start)
                        : NULL;
        if (end) {
            lines->start = (size_t)(end - lines->buf) + 1;
            return;
        }
        lines->start = lines->end = 0;
        if (lines->at_end) return;
        fill(lines);
    }
}

static void take_line(const char **line, size_t *len, cli_lines *lines, size_t n, size_t n_end) {
    *line = lines->buf + lines->start;
    *len = n && (*line)[n - 1] == '\r' ? n - 1 : n;
    lines->start += n + n_end;
}

static ap_status fail_too_long(cli_lines *lines, ap_error *err) {
    skip_line(lines);
    return cli_fail(err, AP_ELIMIT, "the line is longer than the limit of %zu bytes", lines->max_len);
}

ap_status cli_lines_next(const char **line, size_t *len, cli_lines *lines, ap_error *err) {
    size_t seen = 0; /* Of the line, and without its end. */
    *line = NULL;
    *len = 0;
    for (;;) {
        size_t n = lines->end - lines->start;
        char *end = n > seen ? memchr(lines->buf + lines->start + seen, '\n', n - seen) : NULL;
        size_t line_len = end ? (size_t)(end - (lines->buf + lines->start)) : n;
        if (line_len > lines->max_len) return fail_too_long(lines, err);
        if (end || (lines->at_end && n)) {
            take_line(line, len, lines, line_len, end ? 1 : 0);
            return AP_OK;
        }
        if (lines->at_end) return AP_OK;
        seen = n;
        if (!make_room(lines)) {
            skip_line(lines);
            return cli_fail_nomem(err);
        }
        fill(lines);
    }
}

bool cli_lines_is_ready(const cli_lines *lines) {
    return lines->end > lines->start &&
           memchr(lines->buf + lines->start, '\n', lines->end - lines->start) != NULL;
}

ap_status cli_lines_check(const cli_lines *lines, ap_error *err) {
    char reason[128];
    if (!lines->read_errno) return AP_OK;
    return cli_fail(err, AP_EIO, "standard input: cannot read: %s",
                    cli_errno_text(lines->read_errno, reason, sizeof reason));
}

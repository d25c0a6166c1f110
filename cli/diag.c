/* Every line to standard error is built first and written by one call, so that lines of two threads, or of
 * two processes on one terminal, do not mix. */
#include "diag.h"

#include <accelpipe/log.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_BYTES = 2048 };

/* Guards `progress_shown`, and makes lines come one at a time. Innermost: nothing is locked under it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool progress_shown;

static cli_verbosity verbosity = CLI_NORMAL; /* Set before there are threads. */

static const char PROGRAM[] = "accelpipe: ";
static const char ERASE_LINE[] = "\r\033[K";

/* Control characters of quoted text must not reach the terminal. */
static size_t flattened(char *line, size_t n) {
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7F) line[i] = ' ';
    return n;
}

static void write_all(const char *text, size_t n) {
    while (n) {
        ssize_t written = write(STDERR_FILENO, text, n);
        if (written <= 0) return; /* There is nowhere left to say so. */
        text += written;
        n -= (size_t)written;
    }
}

/* Writes PROGRAM, `level` and the text as one line. */
static void write_line(const char *level, const char *fmt, va_list args) {
    char line[LINE_BYTES];
    size_t start = sizeof ERASE_LINE - 1; /* Room for it, used when needed. */
    memcpy(line, ERASE_LINE, start);
    int head = snprintf(line + start, sizeof line - start, "%s%s", PROGRAM, level);
    size_t n = start + (size_t)head;
    int body = vsnprintf(line + n, sizeof line - n - 1, fmt, args);
    if (body > 0) {
        size_t room = sizeof line - n - 2;
        n += flattened(line + n, (size_t)body < room ? (size_t)body : room);
    }
    line[n++] = '\n';
    pthread_mutex_lock(&lock);
    size_t skip = progress_shown ? 0 : start;
    write_all(line + skip, n - skip);
    progress_shown = false;
    pthread_mutex_unlock(&lock);
}

static void say(const char *level, const char *fmt, ...) AP_PRINTF(2, 3);
static void say(const char *level, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    write_line(level, fmt, args);
    va_end(args);
}

void cli_note(const char *fmt, ...) {
    if (verbosity == CLI_QUIET) return;
    va_list args;
    va_start(args, fmt);
    write_line("", fmt, args);
    va_end(args);
}

void cli_diag_progress(const char *text, bool is_last) {
    char line[LINE_BYTES];
    int n = snprintf(line, sizeof line, "%s%s%s", ERASE_LINE, text, is_last ? "\n" : "");
    if (n < 0 || (size_t)n >= sizeof line) return;
    pthread_mutex_lock(&lock);
    write_all(line, (size_t)n);
    progress_shown = !is_last;
    pthread_mutex_unlock(&lock);
}

void cli_diag_text(const char *text, size_t len) {
    pthread_mutex_lock(&lock);
    if (progress_shown) write_all(ERASE_LINE, sizeof ERASE_LINE - 1);
    write_all(text, len);
    progress_shown = false;
    pthread_mutex_unlock(&lock);
}

static void on_log(ap_log_level level, const char *line, void *ctx) {
    (void)ctx;
    char head[16];
    snprintf(head, sizeof head, "%s: ", ap_log_level_name(level));
    say(head, "%s", line);
}

void cli_diag_set_verbosity(cli_verbosity value) {
    static const ap_log_level levels[] = {AP_LOG_ERROR, AP_LOG_WARNING, AP_LOG_INFO};
    verbosity = value;
    ap_log_set(on_log, levels[value], NULL);
}

ap_status cli_fail(ap_error *err, ap_status status, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    err->status = status;
    int n = vsnprintf(err->message, sizeof err->message, fmt, args);
    va_end(args);
    if (n < 0) err->message[0] = '\0';
    flattened(err->message, strlen(err->message));
    return status;
}

ap_status cli_fail_nomem(ap_error *err) { return cli_fail(err, AP_ENOMEM, "out of memory"); }

ap_status cli_error_wrap(ap_error *err, const char *prefix) {
    char message[AP_ERROR_MESSAGE_SIZE];
    memcpy(message, err->message, sizeof message);
    return cli_fail(err, err->status, "%s: %s", prefix, message);
}

int cli_exit_status(ap_status status) {
    switch (status) {
    case AP_OK:
        return CLI_EXIT_OK;
    case AP_EINVAL:
    case AP_ETYPE:
    case AP_EKEY:
    case AP_EUTF8:
        return CLI_EXIT_USAGE;
    case AP_ENOBACKEND:
        return CLI_EXIT_NO_BACKEND;
    case AP_ECANCELED:
        return CLI_EXIT_INTERRUPTED;
    default:
        return CLI_EXIT_FAILED;
    }
}

int cli_report(const ap_error *err) {
    if (err->status != AP_OK && err->status != AP_ECANCELED)
        say("error: ", "%s [%s]", err->message, ap_status_name(err->status));
    return cli_exit_status(err->status);
}

const char *cli_errno_text(int error, char *buf, size_t size) {
    if (strerror_r(error, buf, size)) snprintf(buf, size, "error %d", error);
    return buf;
}

/* The caller-owned error and the tables of status codes. */
#include "base/error.h"

#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

typedef struct status_row {
    int number;
    const char *name, *python, *text;
} status_row;

static const status_row STATUS_ROWS[] = {
#define ROW(name, number, python, text) {number, "AP_" #name, python, text},
    AP_STATUS_MAP(ROW)
#undef ROW
};

static const status_row UNKNOWN_ROW = {-1, "AP_UNKNOWN", "RuntimeError", "an unknown status"};

static const status_row *row_of(ap_status status) {
    for (size_t i = 0; i < sizeof STATUS_ROWS / sizeof *STATUS_ROWS; i++)
        if (STATUS_ROWS[i].number == (int)status) return &STATUS_ROWS[i];
    return &UNKNOWN_ROW;
}

const char *ap_status_name(ap_status status) { return row_of(status)->name; }

const char *ap_status_text(ap_status status) { return row_of(status)->text; }

const char *ap_status_python_class(ap_status status) { return row_of(status)->python; }

/* A cut message must not end inside a character: readers take it for UTF-8. */
static void cut_at_character(char *message) {
    size_t n = strlen(message);
    if (n + 1 < AP_ERROR_MESSAGE_SIZE) return;
    size_t start = n;
    while (start > 0 && n - start < 4 && ((unsigned char)message[start - 1] & 0xC0) == 0x80) start--;
    if (start == 0) return;
    unsigned char lead = (unsigned char)message[start - 1];
    size_t need = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (n - (start - 1) < need) message[start - 1] = '\0';
}

/* Names of files are any bytes, and a quotation may have been cut inside a character. */
static void replace_invalid(char *message) {
    size_t len = strlen(message), at = 0;
    while ((at += ap__utf8_valid_len(message + at, len - at)) < len) message[at++] = '?';
}

/* One line of UTF-8, whatever text of a file or a runtime was quoted in it. */
static void flatten(char *message) {
    for (char *p = message; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7F) *p = ' ';
    cut_at_character(message);
    replace_invalid(message);
}

ap_status ap__failv(ap_error *err, ap_status status, const char *fmt, va_list args) {
    if (!err) return status;
    err->status = status;
    if (vsnprintf(err->message, sizeof err->message, fmt, args) < 0) err->message[0] = '\0';
    flatten(err->message);
    return status;
}

ap_status ap__fail(ap_error *err, ap_status status, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    ap__failv(err, status, fmt, args);
    va_end(args);
    return status;
}

ap_status ap__fail_nomem(ap_error *err) { return ap__fail(err, AP_ENOMEM, "out of memory"); }

ap_status ap__error_wrap(ap_error *err, ap_status status, const char *fmt, ...) {
    if (!err) return status;
    char message[AP_ERROR_MESSAGE_SIZE];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    if (n < 0 || (size_t)n + 3 >= sizeof message) return status;
    size_t at = (size_t)n, len = strlen(err->message), room = sizeof message - at - 3;
    if (len > room) len = room; /* Of a message too long, its end is cut. */
    memcpy(message + at, ": ", 2);
    memcpy(message + at + 2, err->message, len);
    message[at + 2 + len] = '\0';
    memcpy(err->message, message, at + 3 + len);
    flatten(err->message);
    return status;
}

void ap__error_clear(ap_error *err) {
    if (!err) return;
    err->status = AP_OK;
    err->message[0] = '\0';
}

#include "unit/support/check.h"

#include "base/utf8.h"

#include <string.h>

void check_ok(ap_status status, const ap_error *err, const char *file, int line) {
    if (status == AP_OK) return;
    print_error("%s: %s\n", ap_status_name(status), err ? err->message : "(no message asked for)");
    _fail(file, line);
}

void check_fails(ap_status status, ap_status expected, const ap_error *err, const char *text,
                 const char *file, int line) {
    if (status != expected || err->status != expected) {
        print_error("expected %s, returned %s, err has %s: %s\n", ap_status_name(expected),
                    ap_status_name(status), ap_status_name(err->status), err->message);
        _fail(file, line);
    }
    check_says(err, text, file, line);
}

void check_says(const ap_error *err, const char *text, const char *file, int line) {
    size_t len = strnlen(err->message, sizeof err->message);
    if (len == sizeof err->message || ap__utf8_valid_len(err->message, len) != len) {
        print_error("the message is not NUL-terminated UTF-8\n");
        _fail(file, line);
    }
    if (strchr(err->message, '\n') || !strstr(err->message, text)) {
        print_error("expected one line with \"%s\", found: %s\n", text, err->message);
        _fail(file, line);
    }
}

/* Format specifications, which str.format() and the operator % share: how a value is written.
 * Source: cpython@v3.11 Python/formatter_unicode.c. */
#ifndef AP_GENERATE_CHAT_FORMAT_SPEC_H
#define AP_GENERATE_CHAT_FORMAT_SPEC_H

#include "generate/chat/run.h"

/* Widest field, and most digits. */
enum { AP__JSPEC_MAX_WIDTH = 1 << 20 };

/* [[fill]align][sign][#][0][width][grouping][.precision][type] */
typedef struct ap__jspec {
    ap__text fill;
    char align, sign, grouping, type; /* 0: not said. */
    bool is_alternate;
    int64_t width, precision; /* -1: none. */
} ap__jspec;

#define AP__JSPEC_INIT ((ap__jspec){.fill = {" ", 1}, .width = -1, .precision = -1})

/* All of them write to run->scratch. */
ap_status ap__jspec_put(ap__jrun *run, const char *text, size_t len);
ap_status ap__jspec_put_padded(ap__jrun *run, ap__text text, const ap__jspec *s, char standard_align);
ap_status ap__jspec_put_string(ap__jrun *run, ap__text text, const ap__jspec *s);
ap_status ap__jspec_put_integer(ap__jrun *run, int64_t integer, const ap__jspec *s);
ap_status ap__jspec_put_float(ap__jrun *run, double number, const ap__jspec *s);
ap_status ap__jspec_put_character(ap__jrun *run, int64_t code, const ap__jspec *s);

/* format(value, spec) of a string or a number. */
ap_status ap__jspec_put_value(ap__jrun *run, const ap__jval *value, const ap__jspec *s);

/* Reads a specification.   @return AP_EINVAL, AP_ELIMIT */
ap_status ap__jspec_read(ap__jrun *run, ap__text text, ap__jspec *out);

/* Digits at the beginning of a text, which is moved behind them; *out is as it was when there are none. */
ap_status ap__jspec_read_count(ap__jrun *run, ap__text *text, int64_t *out);

/* The same of one of some characters. */
bool ap__jspec_skip(ap__text *text, const char *chars, char *out);

#endif

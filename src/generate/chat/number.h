/* Numbers to text and back as Python does it, without the C library's formats, which follow the locale. */
#ifndef AP_GENERATE_CHAT_NUMBER_H
#define AP_GENERATE_CHAT_NUMBER_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* The whole text as a decimal number of Python's literals: digits, ".", "e"; infinity when it is too large.
 * @return false: it is none. */
bool ap__jnumber_parse(double *out, const char *text, size_t len);

/* Digits of that base alone; false when there are none, others, or the number needs more than 63 bits. */
bool ap__jnumber_parse_int(int64_t *out, const char *text, size_t len, int base);

/* The same where a number that needs more bits is told apart from one that is none. */
bool ap__jnumber_read_int(int64_t *out, bool *is_large, const char *text, size_t len, int base);

/* Appends repr() of a float: the shortest digits that read back to it. */
ap_status ap__jnumber_repr(ap__buf *out, double number, ap_error *err);

/* Appends a number as format() does.
 * @param type 'e', 'f' or 'g'; capitals give capitals; 0: as 'g', with an exponent a digit earlier, because a
 * digit behind the point has to follow (CPython@3.11 Python/pystrtod.c format_float_short).
 * @param is_alternate keeps the point and trailing zeros of 'g'. */
ap_status ap__jnumber_format(ap__buf *out, double number, char type, int precision, bool is_alternate,
                             ap_error *err);

/* round(number, places): half to even of the exact value. */
double ap__jnumber_round(double number, int places);

#endif

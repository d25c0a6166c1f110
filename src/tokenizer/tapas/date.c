/* A pattern is followed character by character; no regular expression is needed, since what a field may be
 * tells where it ends. */
#include "tokenizer/tapas/date.h"

#include "tokenizer/python_text.h"

#include <string.h>

enum { MIN_YEAR = 1700, MAX_YEAR = 2016 };

/* In the order in which the reference tries them. %A and %B are whole names, %b a month of three letters. */
static const char *const PATTERNS[] = {"%B",        "%Y",       "%Ys",       "%b %Y",    "%B %Y",
                                       "%B %d",     "%b %d",    "%d %b",     "%d %B",    "%B %d, %Y",
                                       "%d %B %Y",  "%m-%d-%Y", "%Y-%m-%d",  "%Y-%m",    "%d %b %Y",
                                       "%b %d, %Y", "%d.%m.%Y", "%A, %b %d", "%A, %B %d"};

static const char *const MONTHS[] = {"january", "february", "march",     "april",   "may",      "june",
                                     "july",    "august",   "september", "october", "november", "december"};
static const char *const DAYS[] = {"monday", "tuesday",  "wednesday", "thursday",
                                   "friday", "saturday", "sunday"};

/* What is left of the text while a pattern is followed, and what it said so far. */
typedef struct reader {
    const uint32_t *at;
    size_t len;
    ap__numeric date;
} reader;

static bool take(reader *r, const char *name, size_t len) {
    if (r->len < len) return false;
    for (size_t i = 0; i < len; i++)
        if (r->at[i] != (unsigned char)name[i]) return false;
    r->at += len;
    r->len -= len;
    return true;
}

/* The index of the name that the text goes on with, -1 without one.   @param len letters of each; 0: all */
static int take_name(reader *r, const char *const *names, int n, size_t len) {
    for (int i = 0; i < n; i++)
        if (take(r, names[i], len ? len : strlen(names[i]))) return i;
    return -1;
}

static size_t count_digits(const reader *r) {
    size_t n = 0;
    while (n < r->len && ap__py_digit(r->at[n]) >= 0) n++;
    return n;
}

static int value_of(reader *r, size_t n) {
    int value = 0;
    for (size_t i = 0; i < n; i++) value = value * 10 + ap__py_digit(r->at[i]);
    r->at += n;
    r->len -= n;
    return value;
}

static bool is_ascii(uint32_t code, char first, char last) {
    return code >= (unsigned char)first && code <= (unsigned char)last;
}

/* Whether one or two digits are a day (%d): "3[0-1]|[1-2]\d|0[1-9]|[1-9]", \d being a digit of any script. */
static bool is_day(const uint32_t *digits, size_t n) {
    if (n == 1 || digits[0] == '0') return is_ascii(digits[n - 1], '1', '9');
    if (digits[0] == '3') return is_ascii(digits[1], '0', '1');
    return is_ascii(digits[0], '1', '2');
}

/* A month (%m): "1[0-2]|0[1-9]|[1-9]". */
static bool is_month(const uint32_t *digits, size_t n) {
    if (n == 1 || digits[0] == '0') return is_ascii(digits[n - 1], '1', '9');
    return digits[0] == '1' && is_ascii(digits[1], '0', '2');
}

static bool set_part(reader *r, int part, int value) {
    r->date.parts |= 1u << part;
    r->date.date[part] = value;
    return true;
}

static bool take_field(reader *r, char field) {
    size_t n = count_digits(r);
    int month;
    switch (field) {
    case 'A':
        return take_name(r, DAYS, 7, 0) >= 0;
    case 'B':
    case 'b':
        month = take_name(r, MONTHS, 12, field == 'B' ? 0 : 3);
        return month >= 0 && set_part(r, 1, month + 1);
    case 'Y':
        return n == 4 && set_part(r, 0, value_of(r, 4));
    case 'm':
        return (n == 1 || n == 2) && is_month(r->at, n) && set_part(r, 1, value_of(r, n));
    default:
        return (n == 1 || n == 2) && is_day(r->at, n) && set_part(r, 2, value_of(r, n));
    }
}

static bool follow(reader *r, const char *pattern) {
    for (const char *p = pattern; *p; p++) {
        bool is_field = *p == '%';
        if (!(is_field ? take_field(r, *++p) : take(r, p, 1))) return false;
    }
    return r->len == 0;
}

static bool is_leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

/* Whether there is such a day; without a year it is one of 1900, which had no 29th of February. */
static bool is_real(const ap__numeric *date) {
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = date->parts & AP__DATE_YEAR ? date->date[0] : 1900;
    if (year < MIN_YEAR || year > MAX_YEAR) return false;
    if (!(date->parts & AP__DATE_DAY)) return true;
    int month = date->date[1];
    return date->date[2] <= lengths[month - 1] + (month == 2 && is_leap(year));
}

bool ap__date_read(ap__numeric *out, const uint32_t *text, size_t len) {
    for (size_t i = 0; i < sizeof PATTERNS / sizeof *PATTERNS; i++) {
        reader r = {text, len, {.kind = AP__NUMERIC_DATE}};
        if (!follow(&r, PATTERNS[i]) || !is_real(&r.date)) continue;
        *out = r.date;
        return true;
    }
    return false;
}

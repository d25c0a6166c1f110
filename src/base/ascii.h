/* Letters without regard to the locale of the application we live in: in a Turkish one, the C library's
 * strcasecmp() may tell "SIGMOID" from "sigmoid", since the lower case of 'I' is not 'i' there. */
#ifndef AP_BASE_ASCII_H
#define AP_BASE_ASCII_H

#include <stdbool.h>

static inline char ap__ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c; }

/* Whether two texts are equal when the case of ASCII letters does not count. */
static inline bool ap__ascii_equal_any_case(const char *a, const char *b) {
    while (*a && ap__ascii_lower(*a) == ap__ascii_lower(*b)) a++, b++;
    return ap__ascii_lower(*a) == ap__ascii_lower(*b);
}

/* The same of the beginning of `text`. */
static inline bool ap__ascii_begins_any_case(const char *text, const char *beginning) {
    while (*beginning && ap__ascii_lower(*text) == ap__ascii_lower(*beginning)) text++, beginning++;
    return !*beginning;
}

#endif

/* Replacing a byte: against one byte at a time, at every length, without a byte too much. */
#include "tokenizer/replace_byte.h"
#include "unit/support/check.h"

#include <stdlib.h>
#include <string.h>

static size_t replace_slowly(char *to, const ap__replacement *r, const char *text, size_t len) {
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        bool is_it = (unsigned char)text[i] == r->byte;
        if (is_it) memcpy(to + n, r->bytes, r->len);
        if (!is_it) to[n] = text[i];
        n += is_it ? r->len : 1;
    }
    return n;
}

/* In memory of exactly the size that is asked for, so that a sanitizer sees every byte too much. */
static void check_text(const ap__replacement *r, const char *letters, size_t len) {
    char expected[8 * 256 + 1];
    char *text = malloc(len + 1);
    for (size_t i = 0; i < len; i++) text[i] = letters[i];
    text = realloc(text, len ? len : 1);
    size_t n = replace_slowly(expected, r, text, len);
    assert_int_equal(n, ap__replaced_len(r, text, len));
    char *to = malloc(n + AP__REPLACE_SLACK);
    const char *end = ap__replace_byte(to, r, text, len);
    assert_int_equal(n, end - to);
    assert_memory_equal(expected, to, n);
    free(to);
    free(text);
}

static void check_lengths(const char *what, const char *by, unsigned mostly) {
    ap__replacement r;
    char letters[256];
    unsigned seed = 1;
    assert_true(ap__replacement_make(&r, (ap__text){what, 1}, (ap__text){by, strlen(by)}));
    for (size_t len = 0; len <= sizeof letters; len++) {
        for (size_t i = 0; i < len; i++) {
            seed = seed * 1664525u + 1013904223u;
            letters[i] = seed >> 24 < mostly ? what[0] : (char)(seed >> 16);
        }
        check_text(&r, letters, len);
    }
}

void test_lengths(void **state) {
    (void)state;
    check_lengths(" ", "\xE2\x96\x81", 50);
    check_lengths(" ", "\xE2\x96\x81", 256); /* Nothing else. */
    check_lengths(" ", "\xE2\x96\x81", 0);
    check_lengths("a", "", 128);
    check_lengths("\x80", "12345678", 128);
    check_lengths("\xFF", "x", 30);
}

void test_what_fits(void **state) {
    (void)state;
    ap__replacement r;
    assert_true(ap__replacement_make(&r, (ap__text){"a", 1}, (ap__text){"12345678", 8}));
    assert_false(ap__replacement_make(&r, (ap__text){"a", 1}, (ap__text){"123456789", 9}));
    assert_false(ap__replacement_make(&r, (ap__text){"ab", 2}, (ap__text){"c", 1}));
    assert_false(ap__replacement_make(&r, (ap__text){"", 0}, (ap__text){"c", 1}));
}

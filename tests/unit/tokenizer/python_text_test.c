/* Python's str methods: what Python 3.11 gives for the same. */
#include "tokenizer/python_text.h"

#include "unit/support/check.h"

#include <string.h>

void test_classes(void **state) {
    (void)state;
    static const uint32_t spaces[] = {9,    10,     13,     0x1C,   0x1F,   ' ',   0x85,
                                      0xA0, 0x1680, 0x2009, 0x2028, 0x202F, 0x3000};
    static const uint32_t no_spaces[] = {0, 8, 14, 0x1B, '!', 0x200B, 0x180E, 0xFEFF};
    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++) assert_true(ap__py_is_space(spaces[i]));
    for (size_t i = 0; i < sizeof no_spaces / sizeof *no_spaces; i++)
        assert_false(ap__py_is_space(no_spaces[i]));
    static const uint32_t alnum[] = {'a', 'Z', '0', 0xE9, 0x4E2D, 0xB2, 0x2164, 0x661, 0x2B0};
    static const uint32_t no_alnum[] = {'_', ' ', '-', 0x301, 0x20AC, 0x1F600};
    for (size_t i = 0; i < sizeof alnum / sizeof *alnum; i++) assert_true(ap__py_is_alnum(alnum[i]));
    for (size_t i = 0; i < sizeof no_alnum / sizeof *no_alnum; i++)
        assert_false(ap__py_is_alnum(no_alnum[i]));
}

void test_digits(void **state) {
    (void)state;
    assert_int_equal(ap__py_digit('0'), 0);
    assert_int_equal(ap__py_digit('9'), 9);
    assert_int_equal(ap__py_digit(':'), -1);
    assert_int_equal(ap__py_digit('a'), -1);
    assert_int_equal(ap__py_digit(0x663), 3);
    assert_int_equal(ap__py_digit(0xFF19), 9);
    assert_int_equal(ap__py_digit(0x1D7FF), 9);
    assert_int_equal(ap__py_digit(0xB2), -1); /* Superscript two: a digit, but none of a number. */
    assert_int_equal(ap__py_digit(0x10FFFF), -1);
}

static void expect_strip(const char *text, const char *expected) {
    ap__text part = ap__py_strip((ap__text){text, strlen(text)});
    assert_int_equal(part.len, strlen(expected));
    if (part.len) assert_memory_equal(part.ptr, expected, part.len);
}

void test_strip(void **state) {
    (void)state;
    expect_strip("", "");
    expect_strip(" \t\n", "");
    expect_strip("a", "a");
    expect_strip("\xE3\x80\x80 a  b \xC2\xA0", "a  b");
    assert_int_equal(ap__py_strip((ap__text){NULL, 0}).len, 0);
}

void test_words(void **state) {
    (void)state;
    const char *text = " one\xE2\x80\x83two \n \xC3\xA9 ";
    const char *const words[] = {"one", "two", "\xC3\xA9"};
    ap__text rest = {text, strlen(text)}, word;
    for (size_t i = 0; i < 3; i++) {
        assert_true(ap__py_next_word(&word, &rest));
        assert_int_equal(word.len, strlen(words[i]));
        assert_memory_equal(word.ptr, words[i], word.len);
    }
    assert_false(ap__py_next_word(&word, &rest));
    assert_int_equal(rest.len, 0);
}

void test_lower(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap__buf out = {0};
    const char *text = "AbC \xC3\x89\xC4\xB0 \xE4\xB8\xAD";
    assert_ok(ap__py_lower(&out, (ap__text){text, strlen(text)}, &err), &err);
    assert_string_equal(ap__buf_text(&out), "abc \xC3\xA9i\xCC\x87 \xE4\xB8\xAD");
    ap__buf_clear(&out);
}

void test_superscripts_and_circles_are_digits(void **state) {
    (void)state;
    static const uint32_t YES[] = {'0', '9', 0xB2, 0x663, 0x2460, 0x24FF, 0x1D7CE, 0x1FBF9};
    static const uint32_t NO[] = {'a', '/', ':', 0xBD, 0x2167, 0x4E00, 0x10FFFF};
    for (size_t i = 0; i < sizeof YES / sizeof *YES; i++) assert_true(ap__py_is_digit(YES[i]));
    for (size_t i = 0; i < sizeof NO / sizeof *NO; i++) assert_false(ap__py_is_digit(NO[i]));
}

#include "tokenizer/convert/lines.h"

#include "unit/support/check.h"

#include <string.h>

static void check_lines(const char *text, size_t n, const char *const *expected, bool is_last_ended) {
    ap__lines lines = {text, text + strlen(text), 0};
    ap__text line;
    bool is_ended = false;
    for (size_t i = 0; i < n; i++) {
        assert_true(ap__lines_next(&lines, &line, &is_ended));
        assert_int_equal(lines.number, i + 1);
        assert_int_equal(line.len, strlen(expected[i]));
        assert_memory_equal(line.ptr, expected[i], line.len);
    }
    assert_int_equal(is_ended, is_last_ended);
    assert_false(ap__lines_next(&lines, &line, NULL));
}

void test_lines_end_in_three_ways(void **state) {
    (void)state;
    check_lines("", 0, NULL, false);
    check_lines("\n", 1, (const char *const[]){""}, true);
    check_lines("a", 1, (const char *const[]){"a"}, false);
    check_lines("a\nb\r\nc\rd", 4, (const char *const[]){"a", "b", "c", "d"}, false);
    check_lines("a\n\r\n\rb\n", 4, (const char *const[]){"a", "", "", "b"}, true);
    check_lines("a\xC2\x85"
                "b\xE2\x80\xA8"
                "c\x0B\x0C\n",
                1,
                (const char *const[]){"a\xC2\x85"
                                      "b\xE2\x80\xA8"
                                      "c\x0B\x0C"},
                true);
}

void test_digits_are_those_of_python(void **state) {
    (void)state;
    static const uint32_t YES[] = {'0', '9', 0xB2, 0x663, 0x2460, 0x24FF, 0x1D7CE, 0x1FBF9};
    static const uint32_t NO[] = {'a', '/', ':', 0xBD, 0x2167, 0x4E00, 0x10FFFF};
    for (size_t i = 0; i < sizeof YES / sizeof *YES; i++) assert_true(ap__is_python_digit(YES[i]));
    for (size_t i = 0; i < sizeof NO / sizeof *NO; i++) assert_false(ap__is_python_digit(NO[i]));
}

void test_words_are_those_of_python(void **state) {
    (void)state;
    /* U+00A0, U+3000 and U+001F are spaces there, U+200B and U+FEFF are not. */
    static const char TEXT[] = " a\xC2\xA0"
                               "b\xE3\x80\x80\x1F"
                               "c\xE2\x80\x8B"
                               "d \t";
    ap__text text = {TEXT, sizeof TEXT - 1}, word;
    assert_true(ap__words_next(&text, &word));
    assert_memory_equal(word.ptr, "a", word.len);
    assert_true(ap__words_next(&text, &word));
    assert_memory_equal(word.ptr, "b", word.len);
    assert_true(ap__words_next(&text, &word));
    assert_int_equal(word.len, 5);
    assert_false(ap__words_next(&text, &word));
    assert_int_equal(text.len, 0);
}

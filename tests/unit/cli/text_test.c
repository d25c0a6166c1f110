/* UTF-8, widths, and text that may be shown. */
#include "text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static size_t columns(const char *text) { return cli_text_columns(text, strlen(text)); }

static void assert_shown(const char *text, size_t len, size_t max_columns, const char *expected,
                         size_t width) {
    cli_text shown = {0};
    assert_int_equal(cli_text_add_shown(&shown, text, len, max_columns), width);
    assert_string_equal(shown.ptr ? shown.ptr : "", expected);
    assert_int_equal(cli_text_columns(shown.ptr ? shown.ptr : "", shown.len), width);
    cli_text_clear(&shown);
}

void test_valid_utf8_is_valid(void **state) {
    static const char text[] = "a \xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80 \xF4\x8F\xBF\xBF \x7F";
    (void)state;
    assert_int_equal(cli_utf8_valid_len(text, sizeof text - 1), sizeof text - 1);
    assert_int_equal(cli_utf8_valid_len("a\0b", 3), 3);
    assert_int_equal(cli_utf8_valid_len("", 0), 0);
}

void test_invalid_utf8_is_found(void **state) {
    static const char *const bad[] = {
        "\x80",
        "\xC0\x80",
        "\xC1\xBF",
        "\xC3",
        "\xC3(",
        "\xE2\x82",
        "\xE0\x9F\xBF",
        "\xED\xA0\x80",
        "\xF0\x8F\xBF\xBF",
        "\xF0\x9F",
        "\xF5\x80\x80\x80",
        "\xFF",
        "\xF4\x90\x80\x80",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[8] = "ab";
        strcat(text, bad[i]);
        assert_int_equal(cli_utf8_valid_len(text, strlen(text)), 2);
    }
}

void test_widths(void **state) {
    (void)state;
    assert_int_equal(columns("abc"), 3);
    assert_int_equal(columns("\xC3\xA4"), 1);
    assert_int_equal(columns("e\xCC\x81"), 1);
    assert_int_equal(columns("\xE5\xB0\x8F\xE7\x94\xB7"), 4);
    assert_int_equal(columns("\xF0\x9F\x98\x80"), 2);
    assert_int_equal(columns("\xEF\xBC\xA1"), 2);
    assert_int_equal(columns("\xED\x95\x9C"), 2);
    assert_int_equal(columns("\xE2\x82\xAC"), 1);
}

void test_text_that_fits_is_not_cut(void **state) {
    (void)state;
    assert_shown("abcdef", 6, 6, "abcdef", 6);
    assert_shown("", 0, 6, "", 0);
    assert_shown("\xE5\xB0\x8F\xE7\x94\xB7", 6, 4, "\xE5\xB0\x8F\xE7\x94\xB7", 4);
}

void test_text_that_does_not_fit_ends_in_dots(void **state) {
    (void)state;
    assert_shown("abcdefg", 7, 6, "abc...", 6);
    assert_shown("\xE5\xB0\x8F\xE7\x94\xB7\xE5\xB0\x8F", 9, 5, "\xE5\xB0\x8F...", 5);
    assert_shown("\xE5\xB0\x8F\xE7\x94\xB7\xE5\xB0\x8F", 9, 4, "...", 3);
    assert_shown("abcd", 4, 3, "...", 3);
}

void test_control_characters_are_replaced(void **state) {
    (void)state;
    assert_shown("a\033[31mb", 7, 80, "a\xEF\xBF\xBD[31mb", 7);
    assert_shown("a\tb\nc\rd", 7, 80, "a b c d", 7);
    assert_shown("a\0b\x7F", 4, 80,
                 "a\xEF\xBF\xBD"
                 "b\xEF\xBF\xBD",
                 4);
    assert_shown("\xC2\x9B"
                 "31m",
                 5, 80,
                 "\xEF\xBF\xBD"
                 "31m",
                 4);
    assert_shown("a\xFF", 2, 80, "a\xEF\xBF\xBD", 2);
}

void test_text_grows(void **state) {
    cli_text text = {0};
    (void)state;
    for (int i = 0; i < 1000; i++) cli_text_addf(&text, "%d,", i);
    assert_int_equal(text.len, 10 * 2 + 90 * 3 + 900 * 4);
    assert_int_equal(strlen(text.ptr), text.len);
    assert_string_equal(text.ptr + text.len - 4, "999,");
    cli_text_clear(&text);
    assert_null(text.ptr);
}

static void check_decimal(double number, int decimals, const char *expected) {
    cli_text text = {0};
    cli_text_add_decimal(&text, number, decimals);
    assert_string_equal(text.ptr, expected);
    cli_text_clear(&text);
}

void test_decimals_are_rounded(void **state) {
    (void)state;
    check_decimal(0, 0, "0");
    check_decimal(1.5, 0, "2");
    check_decimal(12.3456, 3, "12.346");
    check_decimal(0.04, 3, "0.040");
    check_decimal(-0.25, 2, "-0.25");
    check_decimal(-0.001, 2, "0.00");
    check_decimal(999999999, 1, "999999999.0");
    check_decimal(0.999999, 4, "1.0000");
}

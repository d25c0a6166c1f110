#include "base/error.h"

#include "base/utf8.h"
#include "unit/support/check.h"

#include <string.h>

static ap_error err;

int test_setup(void **state) {
    (void)state;
    memset(&err, 0, sizeof err);
    return 0;
}

void test_status_tables(void **state) {
    (void)state;
    assert_string_equal("AP_OK", ap_status_name(AP_OK));
    assert_string_equal("AP_EINVAL", ap_status_name(AP_EINVAL));
    assert_string_equal("AP_EBUG", ap_status_name(AP_EBUG));
    assert_string_equal("a value is not allowed", ap_status_text(AP_EINVAL));
    assert_string_equal("KeyError", ap_status_python_class(AP_EKEY));
    assert_string_equal("UnicodeDecodeError", ap_status_python_class(AP_EUTF8));
}

void test_status_unknown(void **state) {
    (void)state;
    assert_string_equal("AP_UNKNOWN", ap_status_name((ap_status)999));
    assert_string_equal("an unknown status", ap_status_text((ap_status)999));
    assert_string_equal("RuntimeError", ap_status_python_class((ap_status)999));
}

/* The numbers are part of the ABI. */
void test_status_numbers_are_stable(void **state) {
    (void)state;
    static const struct {
        int number;
        const char *name;
    } rows[] = {{0, "AP_OK"},
                {1, "AP_EINVAL"},
                {2, "AP_ETYPE"},
                {3, "AP_EKEY"},
                {4, "AP_ENOTFOUND"},
                {5, "AP_EIO"},
                {6, "AP_EFORMAT"},
                {7, "AP_EUTF8"},
                {8, "AP_ELIMIT"},
                {9, "AP_ENOMEM"},
                {10, "AP_ENOBACKEND"},
                {11, "AP_EBACKEND"},
                {12, "AP_EUNSUPPORTED"},
                {13, "AP_ECANCELED"},
                {14, "AP_EABI"},
                {15, "AP_EBUG"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(rows[i].name, ap_status_name((ap_status)rows[i].number));
}

void test_fail_fills_and_returns(void **state) {
    (void)state;
    assert_int_equal(AP_EKEY, ap__fail(&err, AP_EKEY, "no %s in %d", "x", 3));
    assert_int_equal(AP_EKEY, err.status);
    assert_string_equal("no x in 3", err.message);
    assert_int_equal(AP_EKEY, ap__fail(NULL, AP_EKEY, "nobody asks"));
    assert_int_equal(AP_ENOMEM, ap__fail_nomem(&err));
    assert_string_equal("out of memory", err.message);
}

void test_message_is_one_line(void **state) {
    (void)state;
    ap__fail(&err, AP_EFORMAT, "a\nb\tc\x01\x7f%s", "\r");
    assert_string_equal("a b c   ", err.message);
}

void test_message_too_long_is_cut(void **state) {
    (void)state;
    char text[2000];
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = '\0';
    ap__fail(&err, AP_EINVAL, "%s", text);
    assert_int_equal(AP_ERROR_MESSAGE_SIZE - 1, strlen(err.message));
}

static void assert_message_is_utf8(void) {
    size_t len = strlen(err.message);
    assert_int_equal(len, ap__utf8_valid_len(err.message, len));
}

/* Wherever the cut falls, it falls between two characters. */
void test_cut_is_not_inside_a_character(void **state) {
    (void)state;
    static const char *const characters[] = {"\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    for (size_t c = 0; c < 3; c++)
        for (int lead = 0; lead < 8; lead++) {
            char text[2000] = "";
            memset(text, 'a', (size_t)lead);
            for (size_t at = (size_t)lead; at < 1200; at += strlen(characters[c]))
                memcpy(text + at, characters[c], strlen(characters[c]) + 1);
            ap__fail(&err, AP_EINVAL, "%s", text);
            assert_message_is_utf8();
            assert_true(strlen(err.message) >= AP_ERROR_MESSAGE_SIZE - 4);
            assert_memory_equal(text, err.message, strlen(err.message));
        }
}

/* A quoted text may be cut by its format ("%.3s"), and a file's name is bytes: the message is UTF-8 still. */
void test_message_is_utf8_whatever_was_quoted(void **state) {
    (void)state;
    ap__fail(&err, AP_EINVAL, "\"%.3s\" is not known", "\xC3\xA9\xC3\xA9");
    assert_message_is_utf8();
    assert_string_equal("\"\xC3\xA9?\" is not known", err.message);
    ap__fail(&err, AP_EIO, "%s: no such file", "caf\xE9.json");
    assert_message_is_utf8();
    assert_string_equal("caf?.json: no such file", err.message);
    ap__fail(&err, AP_EIO, "%s", "\xED\xA0\x80\xFF\xC0\xAF.");
    assert_message_is_utf8();
    ap__error_wrap(&err, AP_EIO, "%s", "\xE9");
    assert_message_is_utf8();
}

void test_wrap_puts_context_in_front(void **state) {
    (void)state;
    ap__fail(&err, AP_EFORMAT, "not JSON");
    assert_int_equal(AP_EFORMAT, ap__error_wrap(&err, AP_EFORMAT, "file %d", 3));
    assert_string_equal("file 3: not JSON", err.message);
    assert_int_equal(AP_EFORMAT, err.status);
    assert_int_equal(AP_EIO, ap__error_wrap(NULL, AP_EIO, "nobody asks"));
}

void test_wrap_cuts_the_end(void **state) {
    (void)state;
    char text[600];
    memset(text, 'm', sizeof text);
    text[sizeof text - 1] = '\0';
    ap__fail(&err, AP_EFORMAT, "%s", text);
    ap__error_wrap(&err, AP_EFORMAT, "context");
    assert_int_equal(AP_ERROR_MESSAGE_SIZE - 1, strlen(err.message));
    assert_memory_equal("context: mmm", err.message, 12);
}

/* Better the message without its context than the context alone. */
void test_wrap_context_too_long(void **state) {
    (void)state;
    char context[600];
    memset(context, 'c', sizeof context);
    for (size_t len = 500; len < sizeof context; len++) {
        ap__fail(&err, AP_EFORMAT, "not JSON");
        ap__error_wrap(&err, AP_EFORMAT, "%.*s", (int)len, context);
        assert_non_null(memchr(err.message, '\0', sizeof err.message));
        if (len < AP_ERROR_MESSAGE_SIZE - 3)
            assert_memory_equal(context, err.message, len);
        else
            assert_string_equal("not JSON", err.message);
    }
}

void test_clear(void **state) {
    (void)state;
    ap__fail(&err, AP_EIO, "x");
    ap__error_clear(&err);
    assert_int_equal(AP_OK, err.status);
    assert_string_equal("", err.message);
    ap__error_clear(NULL);
}

#include "base/buf.h"

#include "unit/support/check.h"
#include "unit/support/torture.h"

#include <string.h>

static ap_error err;

void test_empty_is_an_empty_text(void **state) {
    (void)state;
    ap__buf buf = {0};
    assert_string_equal("", ap__buf_text(&buf));
    ap__buf_reset(&buf);
    ap__buf_clear(&buf);
}

void test_append(void **state) {
    (void)state;
    ap__buf buf = {0};
    assert_ok(ap__buf_append(&buf, "a\0b", 3, &err), &err);
    assert_ok(ap__buf_append(&buf, NULL, 0, &err), &err);
    assert_ok(ap__buf_puts(&buf, "cd", &err), &err);
    assert_ok(ap__buf_puts(&buf, "", &err), &err);
    assert_int_equal(5, buf.len);
    assert_memory_equal("a\0bcd", ap__buf_text(&buf), 6);
    ap__buf_clear(&buf);
}

void test_printf_short_and_long(void **state) {
    (void)state;
    char long_text[1000];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    ap__buf buf = {0};
    assert_ok(ap__buf_printf(&buf, &err, "%s %d|", "n", -7), &err);
    assert_ok(ap__buf_printf(&buf, &err, "%s|", long_text), &err);
    assert_ok(ap__buf_printf(&buf, &err, "%.255s|%.256s", long_text, long_text), &err);
    assert_int_equal(5 + 1000 + 512, buf.len);
    assert_int_equal(buf.len, strlen(buf.ptr));
    assert_memory_equal("n -7|xxx", buf.ptr, 8);
    assert_memory_equal("x|xxx", buf.ptr + 1003, 5);
    ap__buf_clear(&buf);
}

void test_reserve_leaves_a_text(void **state) {
    (void)state;
    ap__buf buf = {0};
    assert_ok(ap__buf_reserve(&buf, 100, &err), &err);
    assert_true(buf.capacity > 100);
    assert_string_equal("", ap__buf_text(&buf));
    const char *before = buf.ptr;
    assert_ok(ap__buf_append(&buf, "x", 1, &err), &err);
    assert_ptr_equal(before, buf.ptr);
    ap__buf_clear(&buf);
}

void test_reset_keeps_the_memory(void **state) {
    (void)state;
    ap__buf buf = {0};
    assert_ok(ap__buf_puts(&buf, "text", &err), &err);
    const char *before = buf.ptr;
    ap__buf_reset(&buf);
    assert_string_equal("", ap__buf_text(&buf));
    assert_ok(ap__buf_puts(&buf, "t", &err), &err);
    assert_ptr_equal(before, buf.ptr);
    ap__buf_clear(&buf);
    assert_null(buf.ptr);
    assert_ok(ap__buf_puts(&buf, "again", &err), &err);
    ap__buf_clear(&buf);
}

void test_limit_is_exact(void **state) {
    (void)state;
    ap__buf buf = {.max = 5};
    assert_ok(ap__buf_puts(&buf, "12345", &err), &err);
    assert_fails(ap__buf_puts(&buf, "6", &err), AP_ELIMIT, &err, "limit of 5 bytes");
    assert_fails(ap__buf_printf(&buf, &err, "%d", 6), AP_ELIMIT, &err, "limit of 5 bytes");
    assert_fails(ap__buf_reserve(&buf, SIZE_MAX, &err), AP_ELIMIT, &err, "limit of 5 bytes");
    assert_string_equal("12345", ap__buf_text(&buf)); /* Unchanged. */
    ap__buf_clear(&buf);
    assert_ok(ap__buf_puts(&buf, "12345", &err), &err); /* The limit outlives clear. */
    assert_int_equal(AP_ELIMIT, ap__buf_puts(&buf, "6", NULL));
    ap__buf_clear(&buf);
}

void test_default_limit(void **state) {
    (void)state;
    ap__buf buf = {0};
    assert_fails(ap__buf_reserve(&buf, AP__BUF_MAX_BYTES + 1, &err), AP_ELIMIT, &err, "1073741824 bytes");
    assert_null(buf.ptr);
}

static ap_status write_much(void *ctx, ap_error *error) {
    (void)ctx;
    ap__buf buf = {0};
    ap_status status = AP_OK;
    for (int i = 0; !status && i < 200; i++) {
        size_t before = buf.len;
        status = ap__buf_printf(&buf, error, "%0300d, %d", i, i);
        if (status) assert_int_equal(before, buf.len);
    }
    ap__buf_clear(&buf);
    return status;
}

void test_torture(void **state) {
    (void)state;
    assert_true(torture(write_much, NULL) > 3);
}

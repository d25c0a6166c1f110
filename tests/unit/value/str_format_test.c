/* str.format(): what Python 3.11 gives for the same. */
#include "value/str_format.h"

#include "unit/support/check.h"
#include "unit/support/torture.h"
#include "unit/support/values.h"

#include <string.h>

static void expect(const char *format, const char *argument, const char *expected) {
    ap_error err = AP_ERROR_INIT;
    ap__buf out = {0};
    ap_value *value = value_of(argument);
    assert_ok(ap__str_format(&out, format, strlen(format), value, &err), &err);
    assert_string_equal(ap__buf_text(&out), expected);
    ap__buf_clear(&out);
    ap_value_destroy(value);
}

static void expect_failure(const char *format, const char *argument, ap_status status, const char *message) {
    ap_error err = AP_ERROR_INIT;
    ap__buf out = {0};
    ap_value *value = value_of(argument);
    assert_fails(ap__str_format(&out, format, strlen(format), value, &err), status, &err, message);
    ap__buf_clear(&out);
    ap_value_destroy(value);
}

void test_fields(void **state) {
    (void)state;
    expect("This example is {}.", "\"sport\"", "This example is sport.");
    expect("{0}, {0} and {00}", "\"a\"", "a, a and a");
    expect("{0!s}{0:}", "\"a\"", "aa");
}

void test_braces(void **state) {
    (void)state;
    expect("{{}} {} {{{{", "\"{}\"", "{} {} {{");
    expect("}}{{", "\"a\"", "}{");
    expect("", "\"a\"", "");
}

void test_kinds_of_arguments(void **state) {
    (void)state;
    expect("{}", "-7", "-7");
    expect("{}", "true", "True");
    expect("{}", "null", "None");
    expect_failure("{}", "1.5", AP_ETYPE, "found float");
    expect_failure("{}", "[]", AP_ETYPE, "found list");
}

void test_what_python_refuses(void **state) {
    (void)state;
    expect_failure("{} {}", "\"a\"", AP_EINVAL, "one argument only");
    expect_failure("{1}", "\"a\"", AP_EINVAL, "one argument only");
    expect_failure("{} {0}", "\"a\"", AP_EINVAL, "cannot stand in one format");
    expect_failure("{0} {}", "\"a\"", AP_EINVAL, "cannot stand in one format");
    expect_failure("{label}", "\"a\"", AP_EKEY, "\"{label}\"");
    expect_failure("{ }", "\"a\"", AP_EKEY, "no argument of that name");
    expect_failure("a {", "\"a\"", AP_EINVAL, "a single \"{\" at byte 2");
    expect_failure("} a", "\"a\"", AP_EINVAL, "a single \"}\" at byte 0");
}

void test_what_is_not_supported(void **state) {
    (void)state;
    expect_failure("{0.real}", "\"a\"", AP_EUNSUPPORTED, "attributes and indexes");
    expect_failure("{0[1]}", "\"a\"", AP_EUNSUPPORTED, "attributes and indexes");
    expect_failure("{:>9}", "\"a\"", AP_EUNSUPPORTED, "format specifications");
    expect_failure("{!r}", "\"a\"", AP_EUNSUPPORTED, "conversions");
}

static ap_status format_once(void *value, ap_error *err) {
    ap__buf out = {0};
    ap_status status = ap__str_format(&out, "This example is {}.", 19, value, err);
    ap__buf_clear(&out);
    return status;
}

void test_torture(void **state) {
    (void)state;
    ap_value *value = value_of("\"a label\"");
    torture(format_once, value);
    ap_value_destroy(value);
}

/* Numbers as the reference's JSON parser reads them. */
#include "tokenizer/numbers.h"

#include "base/json.h"
#include "unit/support/check.h"

#include <math.h>
#include <string.h>

static yyjson_doc *read_numbers(const char *json) {
    ap_error err = AP_ERROR_INIT;
    yyjson_doc *doc;
    assert_ok(ap__json_parse_raw_numbers(&doc, json, strlen(json), "", &err), &err);
    ap__numbers_read(doc);
    return doc;
}

static double read_one(const char *json) {
    yyjson_doc *doc = read_numbers(json);
    double value = yyjson_get_num(yyjson_doc_get_root(doc));
    yyjson_doc_free(doc);
    return value;
}

void test_integers(void **state) {
    (void)state;
    yyjson_doc *doc =
        read_numbers("[0, 18446744073709551615, -1, -9223372036854775808, -0, 18446744073709551616,"
                     " -9223372036854775809]");
    yyjson_val *root = yyjson_doc_get_root(doc);
    assert_true(yyjson_is_uint(yyjson_arr_get(root, 0)));
    assert_true(yyjson_get_uint(yyjson_arr_get(root, 1)) == UINT64_MAX);
    assert_true(yyjson_get_sint(yyjson_arr_get(root, 2)) == -1);
    assert_true(yyjson_get_sint(yyjson_arr_get(root, 3)) == INT64_MIN);
    assert_true(yyjson_is_real(yyjson_arr_get(root, 4)) && signbit(yyjson_get_real(yyjson_arr_get(root, 4))));
    assert_true(yyjson_get_real(yyjson_arr_get(root, 5)) == 18446744073709551616.0);
    assert_true(yyjson_get_real(yyjson_arr_get(root, 6)) == -9223372036854775808.0);
    yyjson_doc_free(doc);
}

/* The digits as a double, then the power of ten: one bit off the nearest double in the second case. */
void test_rounds_twice(void **state) {
    (void)state;
    assert_true(read_one("-6.6704792976379395") == -6.6704792976379395);
    assert_true(read_one("-9.134045600891113") == nextafter(-9.134045600891113, 0));
    assert_true(read_one("0.1") == 0.1);
    assert_true(read_one("123456789012345678901234567890") == (double)12345678901234567890u * 1e10);
    assert_true(read_one("1.99999999999999999999999999999999") == 2.0);
}

void test_exponents(void **state) {
    (void)state;
    assert_true(read_one("1e3") == 1000.0);
    assert_true(read_one("12.5E-1") == 1.25);
    assert_true(read_one("1e+308") == 1e308);
    assert_true(read_one("1e-320") == 1.0 / 1e308 / 1e12);
    assert_true(read_one("1e-99999999999999999999") == 0.0);
    assert_true(read_one("0e99999999999999999999") == 0.0);
    assert_true(isinf(read_one("1e309")));
    assert_true(isinf(read_one("1e99999999999999999999")));
}

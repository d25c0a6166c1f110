#include "value/json.h"

#include "base/buf.h"
#include "unit/support/check.h"
#include "unit/support/random.h"
#include "unit/support/tempdir.h"
#include "unit/support/torture.h"
#include "unit/support/values.h"
#include "value/value.h"

#include <float.h>
#include <math.h>
#include <string.h>

static ap_error err;

/* -- reading ------------------------------------------------------------------------------------------- */

static void assert_refused(const char *text, size_t len, ap_status expected, const char *message) {
    ap_value *value = (ap_value *)1;
    assert_fails(ap_value_from_json(&value, text, len, &err), expected, &err, message);
    assert_null(value);
}

void test_read_every_kind(void **state) {
    (void)state;
    ap_value *value = value_of(" [null, true, false, -3, 2.5, \"text\", [], {}, {\"a\": [1]}] ");
    assert_int_equal(9, ap_value_len(value));
    assert_json("[null,true,false,-3,2.5,\"text\",[],{},{\"a\":[1]}]", value);
    ap_value_destroy(value);
}

void test_read_needs_its_arguments(void **state) {
    (void)state;
    ap_value *value;
    assert_refused(NULL, 0, AP_EINVAL, "text is NULL");
    assert_fails(ap_value_from_json(NULL, "1", 1, &err), AP_EINVAL, &err, "out is NULL");
    assert_int_equal(AP_EFORMAT, ap_value_from_json(&value, "[", 1, NULL));
    assert_null(value);
}

void test_read_refuses(void **state) {
    (void)state;
    assert_refused("", 0, AP_EFORMAT, "it is empty");
    assert_refused("[1,]", AP_NUL_TERMINATED, AP_EFORMAT, "at byte 2");
    assert_refused("[1] [2]", AP_NUL_TERMINATED, AP_EFORMAT, "at byte 4");
    assert_refused("{a: 1}", AP_NUL_TERMINATED, AP_EFORMAT, "at byte 1");
    assert_refused("{\"a\"}", AP_NUL_TERMINATED, AP_EFORMAT, "at byte 4");
    assert_refused("01", AP_NUL_TERMINATED, AP_EFORMAT, "at byte");
    assert_refused("+1", AP_NUL_TERMINATED, AP_EFORMAT, "at byte 0");
    assert_refused("1.", AP_NUL_TERMINATED, AP_EFORMAT, "at byte");
    assert_refused(".5", AP_NUL_TERMINATED, AP_EFORMAT, "at byte 0");
    assert_refused("0x10", AP_NUL_TERMINATED, AP_EFORMAT, "at byte");
    assert_refused("tru", AP_NUL_TERMINATED, AP_EFORMAT, "at byte 3");
    assert_refused("\"a\nb\"", AP_NUL_TERMINATED, AP_EFORMAT, "at byte 2");
    assert_refused("\"open", AP_NUL_TERMINATED, AP_EFORMAT, "at byte");
    assert_refused("1\0", 2, AP_EFORMAT, "at byte 1");
    assert_refused("1 // comment", AP_NUL_TERMINATED, AP_EFORMAT, "at byte 2");
}

void test_limit_of_the_text(void **state) {
    (void)state;
    assert_refused("1", AP_JSON_MAX_BYTES + 1, AP_ELIMIT, "1073741825 bytes is over the limit of 1073741824");
}

/* -- strings ------------------------------------------------------------------------------------------- */

static void assert_reads_text(const char *json, const char *expected, size_t expected_len) {
    size_t len;
    ap_value *value = value_of(json);
    const char *text = ap_value_get_string(value, &len);
    assert_int_equal(expected_len, len);
    assert_memory_equal(expected, text, len + 1);
    ap_value_destroy(value);
}

void test_escapes(void **state) {
    (void)state;
    assert_reads_text("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8);
    assert_reads_text("\"\\u0041\\u00e9\\u20AC\"", "A\xC3\xA9\xE2\x82\xAC", 6);
    assert_reads_text("\"\\ud83d\\ude00\"", "\xF0\x9F\x98\x80", 4);
    assert_reads_text("\"a\\u0000b\"", "a\0b", 3);
    assert_reads_text("\"\\uFFFF\\udbff\\udfff\"", "\xEF\xBF\xBF\xF4\x8F\xBF\xBF", 7);
}

void test_what_is_no_text(void **state) {
    (void)state;
    assert_refused("\"\\ud83d\"", AP_NUL_TERMINATED, AP_EFORMAT, "at byte");        /* half a pair */
    assert_refused("\"\\ude00\\ud83d\"", AP_NUL_TERMINATED, AP_EFORMAT, "at byte"); /* the wrong way round */
    assert_refused("\"\\ud83dx\"", AP_NUL_TERMINATED, AP_EFORMAT, "at byte");
    assert_refused("\"\\ud83d\\u0041\"", AP_NUL_TERMINATED, AP_EFORMAT, "at byte");
    assert_refused("\"\\u12\"", AP_NUL_TERMINATED, AP_EFORMAT, "at byte");
    assert_refused("\"\\x41\"", AP_NUL_TERMINATED, AP_EFORMAT, "at byte");
    assert_refused("\"caf\xE9\"", AP_NUL_TERMINATED, AP_EFORMAT, "at byte 4");
    assert_refused("\"\xED\xA0\x80\"", AP_NUL_TERMINATED, AP_EFORMAT, "at byte 1");
    assert_refused("\"\xC0\x80\"", AP_NUL_TERMINATED, AP_EFORMAT, "at byte 1");
    assert_refused("{\"\xFF\": 1}", AP_NUL_TERMINATED, AP_EFORMAT, "at byte 2");
}

void test_write_escapes(void **state) {
    (void)state;
    ap_value *value;
    assert_ok(ap_value_create_string(&value, "\"\\/\b\n\x01\0\x7F\xC3\xA9\xF0\x9F\x98\x80", 14, &err), &err);
    assert_json("\"\\\"\\\\/\\b\\n\\u0001\\u0000\x7F\xC3\xA9\xF0\x9F\x98\x80\"", value);
    ap_value_destroy(value);
}

/* -- dicts --------------------------------------------------------------------------------------------- */

/* As Python: the place of the first, the value of the last. */
void test_repeated_keys(void **state) {
    (void)state;
    ap_value *value = value_of("{\"a\": [1, \"a text that is on the heap\"], \"b\": 2, \"a\": {\"c\": 3}}");
    assert_json("{\"a\":{\"c\":3},\"b\":2}", value);
    ap_value_destroy(value);
    value = value_of("{\"a\": 1, \"\\u0061\": null, \"a\\u0000\": 2}"); /* NUL is part of a key */
    assert_json("{\"a\":null,\"a\\u0000\":2}", value);
    ap_value_destroy(value);
}

void test_dict_of_100000_keys(void **state) {
    (void)state;
    ap__buf text = {0};
    for (int i = 0; i < 100000; i++)
        assert_ok(ap__buf_printf(&text, &err, "%c\"key %d\":%d", i ? ',' : '{', i, i), &err);
    assert_ok(ap__buf_puts(&text, "}", &err), &err);
    ap_value *value = value_of(text.ptr);
    assert_int_equal(100000, ap_value_len(value));
    assert_int_equal(77777, ap_value_get_int(ap_value_dict_get(value, "key 77777")));
    assert_json(text.ptr, value);
    ap_value_destroy(value);
    ap__buf_clear(&text);
}

/* -- depth --------------------------------------------------------------------------------------------- */

/* `open` n times, `middle`, `close` n times. */
static void nest(ap__buf *text, size_t n, const char *open, const char *middle, const char *close) {
    ap__buf_reset(text);
    for (size_t i = 0; i < n; i++) assert_ok(ap__buf_puts(text, open, &err), &err);
    assert_ok(ap__buf_puts(text, middle, &err), &err);
    for (size_t i = 0; i < n; i++) assert_ok(ap__buf_puts(text, close, &err), &err);
}

static void assert_depth_limit(const char *open, const char *middle, const char *close) {
    ap__buf text = {0};
    for (size_t depth = AP_VALUE_MAX_DEPTH - 1; depth <= AP_VALUE_MAX_DEPTH; depth++) {
        nest(&text, depth, open, middle, close);
        ap_value *value = value_of(text.ptr), *copy;
        assert_int_equal(depth, value->depth);
        assert_json(text.ptr, value);
        assert_ok(ap_value_copy(&copy, value, &err), &err);
        assert_true(ap_value_equal(value, copy));
        ap_value_destroy(copy);
        ap_value_destroy(value);
    }
    nest(&text, AP_VALUE_MAX_DEPTH + 1, open, middle, close);
    assert_refused(text.ptr, text.len, AP_ELIMIT, "JSON nests deeper than 512");
    nest(&text, 1000000, open, middle, close);
    assert_refused(text.ptr, text.len, AP_ELIMIT, "JSON nests deeper than 512");
    assert_refused(text.ptr, text.len / 2, AP_EFORMAT, "at byte"); /* And never closed. */
    ap__buf_clear(&text);
}

void test_depth_of_lists(void **state) {
    (void)state;
    assert_depth_limit("[", "", "]");
    assert_depth_limit("[", "1", "]");
    assert_depth_limit("[0,", "null", "]");
}

void test_depth_of_dicts(void **state) {
    (void)state;
    assert_depth_limit("{\"a\":", "null", "}");
    assert_depth_limit("{\"a\":", "\"a text that is on the heap\"", "}");
}

/* -- numbers ------------------------------------------------------------------------------------------- */

static void assert_reads_int(const char *json, int64_t expected) {
    ap_value *value = value_of(json);
    assert_int_equal(AP_KIND_INT, ap_value_kind(value));
    assert_true(ap_value_get_int(value) == expected);
    ap_value_destroy(value);
}

static void assert_reads_float(const char *json, double expected) {
    ap_value *value = value_of(json);
    double found = ap_value_get_float(value);
    assert_int_equal(AP_KIND_FLOAT, ap_value_kind(value));
    assert_true(isnan(expected) ? isnan(found) : found == expected);
    assert_true(!signbit(expected) == !signbit(found) || isnan(expected));
    ap_value_destroy(value);
}

void test_integers(void **state) {
    (void)state;
    assert_reads_int("0", 0);
    assert_reads_int("-0", 0); /* as in Python */
    assert_reads_int("9223372036854775807", INT64_MAX);
    assert_reads_int("-9223372036854775808", INT64_MIN);
}

/* Integers outside 64 signed bits become floats. */
void test_huge_integers(void **state) {
    (void)state;
    assert_reads_float("9223372036854775808", 0x1p63);
    assert_reads_float("-9223372036854775809", -0x1p63);
    assert_reads_float("18446744073709551615", 0x1p64);
    assert_reads_float("18446744073709551616", 0x1p64);
    assert_reads_float("-18446744073709551616", -0x1p64);
    assert_reads_float("100000000000000000000000000000000000000000", 1e41);
}

void test_floats(void **state) {
    (void)state;
    assert_reads_float("1.0", 1);
    assert_reads_float("-0.0", -0.0);
    assert_reads_float("0.1", 0.1);
    assert_reads_float("1E5", 1e5);
    assert_reads_float("1e-5", 1e-5);
    assert_reads_float("1e+5", 1e5);
    assert_reads_float("1.7976931348623157e308", DBL_MAX);
    assert_reads_float("5e-324", 0x1p-1074);
    assert_reads_float("2.4703282292062327e-324", 0); /* rounds down to nothing */
    assert_reads_float("2.4703282292062328e-324", 0x1p-1074);
}

/* What Python's float() makes of it. */
void test_numbers_out_of_range(void **state) {
    (void)state;
    assert_reads_float("1e400", (double)INFINITY);
    assert_reads_float("-1e400", (double)-INFINITY);
    assert_reads_float("1e999999999999999999999", (double)INFINITY);
    assert_reads_float("1e-400", 0);
    assert_reads_float("0e400", 0);
}

void test_not_finite_both_ways(void **state) {
    (void)state;
    assert_reads_float("NaN", (double)NAN);
    assert_reads_float("Infinity", (double)INFINITY);
    assert_reads_float("-Infinity", (double)-INFINITY);
    ap_value *value = value_of("[NaN, Infinity, -Infinity]");
    assert_json("[NaN,Infinity,-Infinity]", value);
    ap_value_destroy(value);
}

void test_numbers_keep_their_kind(void **state) {
    (void)state;
    ap_value *value = value_of("[1, 1.0, -0.0, 1e2, 1e22, 123456789012345680000]");
    assert_json("[1,1.0,-0.0,100.0,1e22,123456789012345680000.0]", value);
    ap_value_destroy(value);
}

/* Writes a double, reads it, and compares the bits. */
static void assert_round_trip(double number) {
    ap_value value = {0};
    char *text;
    ap__value_set_float(&value, number);
    assert_ok(ap_value_to_json(&text, NULL, &value, AP_JSON_COMPACT, &err), &err);
    ap_value *back = value_of(text);
    double found = ap_value_get_float(back);
    if (ap_value_kind(back) != AP_KIND_FLOAT || memcmp(&number, &found, sizeof number) != 0)
        fail_msg("%a became %s and then %a", number, text, found);
    ap_value_destroy(back);
    ap_string_destroy(text);
}

void test_doubles_round_trip(void **state) {
    (void)state;
    static const double anchors[] = {
        0.0,       -0.0,    1.0,    0.1,  1.0 / 3,     DBL_MAX, DBL_MIN,
        0x1p-1074, 1e15,    1e16,   1e17, 123456789.0, 0x1p53,  0x1p53 + 2,
        0x1p63,    -0x1p63, 0x1p64, 1e21, 1e22,        9.5e-7,  (double)INFINITY};
    for (size_t i = 0; i < sizeof anchors / sizeof *anchors; i++) assert_round_trip(anchors[i]);
    uint64_t seed = 1;
    for (size_t i = 0; i < 100000; i++) {
        double number;
        uint64_t bits = random_bits(&seed);
        memcpy(&number, &bits, sizeof number);
        if (!isnan(number)) assert_round_trip(number);
    }
}

/* Scores are floats that were widened. */
void test_widened_floats_round_trip(void **state) {
    (void)state;
    uint64_t seed = 2;
    for (size_t i = 0; i < 100000; i++) {
        float number;
        uint32_t bits = (uint32_t)random_bits(&seed);
        memcpy(&number, &bits, sizeof number);
        if (!isnan(number)) assert_round_trip((double)number);
        assert_round_trip((double)((float)random_below(&seed, 1u << 24) * 0x1p-24f)); /* 0 to 1 */
    }
}

void test_integers_round_trip(void **state) {
    (void)state;
    uint64_t seed = 3;
    for (size_t i = 0; i < 20000; i++) {
        ap_value value = {0};
        ap__value_set_int(&value, (int64_t)random_bits(&seed) >> random_below(&seed, 64));
        char *text = json_of(&value);
        assert_reads_int(text, value.as.integer);
        ap_string_destroy(text);
    }
}

/* -- writing ------------------------------------------------------------------------------------------- */

void test_styles(void **state) {
    (void)state;
    char *text;
    size_t len;
    ap_value *value = value_of("{\"a\": [1, {}], \"b\": []}");
    assert_ok(ap_value_to_json(&text, &len, value, AP_JSON_COMPACT, &err), &err);
    assert_string_equal("{\"a\":[1,{}],\"b\":[]}", text);
    assert_int_equal(strlen(text), len);
    ap_string_destroy(text);
    assert_ok(ap_value_to_json(&text, &len, value, AP_JSON_PRETTY, &err), &err);
    assert_string_equal("{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}", text);
    assert_int_equal(strlen(text), len);
    ap_string_destroy(text);
    ap_value_destroy(value);
    ap_string_destroy(NULL);
}

void test_write_of_null_pointer(void **state) {
    (void)state;
    assert_json("null", NULL);
    assert_fails(ap_value_to_json(NULL, NULL, NULL, AP_JSON_COMPACT, &err), AP_EINVAL, &err, "out is NULL");
}

static void assert_tensor_json(const char *expected, ap_dtype dtype, const int64_t *shape, uint32_t rank,
                               const void *data) {
    ap_value *value;
    assert_ok(ap_value_create_tensor(&value, dtype, shape, rank, data, &err), &err);
    assert_json(expected, value);
    ap_value_destroy(value);
}

void test_tensors_of_every_dtype(void **state) {
    (void)state;
    const int64_t two[] = {2};
    assert_tensor_json("[1.5,0.10000000149011612]", AP_DTYPE_F32, two, 1, (const float[]){1.5f, 0.1f});
    assert_tensor_json("[1.0,65504.0]", AP_DTYPE_F16, two, 1, (const uint16_t[]){0x3C00, 0x7BFF});
    assert_tensor_json("[1.0,-2.0]", AP_DTYPE_BF16, two, 1, (const uint16_t[]){0x3F80, 0xC000});
    assert_tensor_json("[0.1,Infinity]", AP_DTYPE_F64, two, 1, (const double[]){0.1, (double)INFINITY});
    assert_tensor_json("[1,-9223372036854775808]", AP_DTYPE_I64, two, 1, (const int64_t[]){1, INT64_MIN});
    assert_tensor_json("[1,-2]", AP_DTYPE_I32, two, 1, (const int32_t[]){1, -2});
    assert_tensor_json("[1,-2]", AP_DTYPE_I16, two, 1, (const int16_t[]){1, -2});
    assert_tensor_json("[1,-2]", AP_DTYPE_I8, two, 1, (const int8_t[]){1, -2});
    assert_tensor_json("[1,18446744073709552000.0]", AP_DTYPE_U64, two, 1, (const uint64_t[]){1, UINT64_MAX});
    assert_tensor_json("[1,4294967295]", AP_DTYPE_U32, two, 1, (const uint32_t[]){1, UINT32_MAX});
    assert_tensor_json("[1,65535]", AP_DTYPE_U16, two, 1, (const uint16_t[]){1, 65535});
    assert_tensor_json("[1,255]", AP_DTYPE_U8, two, 1, (const uint8_t[]){1, 255});
    assert_tensor_json("[false,true]", AP_DTYPE_BOOL, two, 1, (const uint8_t[]){0, 1});
}

void test_tensors_of_every_rank(void **state) {
    (void)state;
    const int32_t data[] = {1, 2, 3, 4, 5, 6, 7, 8};
    assert_tensor_json("1", AP_DTYPE_I32, NULL, 0, data);
    assert_tensor_json("[]", AP_DTYPE_I32, (const int64_t[]){0}, 1, NULL);
    assert_tensor_json("[[],[]]", AP_DTYPE_I32, (const int64_t[]){2, 0}, 2, NULL);
    assert_tensor_json("[]", AP_DTYPE_I32, (const int64_t[]){0, 2}, 2, NULL);
    assert_tensor_json("[[1,2,3],[4,5,6]]", AP_DTYPE_I32, (const int64_t[]){2, 3}, 2, data);
    assert_tensor_json("[[[1,2],[3,4]],[[5,6],[7,8]]]", AP_DTYPE_I32, (const int64_t[]){2, 2, 2}, 3, data);
    assert_tensor_json("[[[[[[[[1]]]]]]]]", AP_DTYPE_I32, (const int64_t[]){1, 1, 1, 1, 1, 1, 1, 1}, 8, data);
}

void test_tensor_that_stays_in_the_backend(void **state) {
    (void)state;
    ap__tensor *tensor;
    ap_tensor border = {.view = {AP_DTYPE_F32, 1, {2}, NULL, 8}};
    ap_value *dict;
    char *text = (char *)1;
    assert_ok(ap_value_create_dict(&dict, &err), &err);
    assert_ok(ap__tensor_create_take(&tensor, &border, &err), &err);
    assert_ok(ap__dict_set_tensor_take(dict, "past_key_values.0.key", tensor, &err), &err);
    assert_fails(ap_value_to_json(&text, NULL, dict, AP_JSON_COMPACT, &err), AP_EINVAL, &err,
                 "not in host memory");
    assert_null(text);
    ap_value_destroy(dict);
}

/* -- properties ---------------------------------------------------------------------------------------- */

void test_property_read_write_read(void **state) {
    (void)state;
    uint64_t seed = 21;
    for (size_t round = 0; round < 2000; round++) {
        ap_value *value = random_value(&seed, 5);
        char *compact = json_of(value), *pretty, *again;
        assert_ok(ap_value_to_json(&pretty, NULL, value, AP_JSON_PRETTY, &err), &err);
        ap_value *from_compact = value_of(compact), *from_pretty = value_of(pretty);
        assert_true(ap_value_equal(value, from_compact));
        assert_true(ap_value_equal(value, from_pretty));
        assert_int_equal(value->depth, from_compact->depth);
        again = json_of(from_compact);
        assert_string_equal(compact, again);
        ap_string_destroy(compact);
        ap_string_destroy(pretty);
        ap_string_destroy(again);
        ap_value_destroy(value);
        ap_value_destroy(from_compact);
        ap_value_destroy(from_pretty);
    }
}

/* -- files --------------------------------------------------------------------------------------------- */

void test_file(void **state) {
    (void)state;
    ap__path folder;
    ap_value *value;
    tempdir_create(&folder);
    ap__path path = tempdir_write_text(&folder, "good.json", "{\"a\": 1}");
    assert_ok(ap__value_from_json_file(&value, path.text, 8, &err), &err);
    assert_json("{\"a\":1}", value);
    ap_value_destroy(value);
    assert_fails(ap__value_from_json_file(&value, path.text, 7, &err), AP_ELIMIT, &err,
                 "good.json: 8 bytes, over the limit of 7");
    assert_null(value);
    path = tempdir_write_text(&folder, "bad.json", "{\"a\": 1");
    assert_fails(ap__value_from_json_file(&value, path.text, 100, &err), AP_EFORMAT, &err,
                 "bad.json: not JSON: ");
    assert_says(&err, "at byte 7");
    assert_null(value);
    assert_fails(ap__value_from_json_file(&value, "/no/such.json", 100, &err), AP_ENOTFOUND, &err,
                 "/no/such.json: ");
    ap__buf text = {0};
    nest(&text, 2000, "[", "", "]");
    path = tempdir_write(&folder, "deep.json", text.ptr, text.len);
    assert_fails(ap__value_from_json_file(&value, path.text, 10000, &err), AP_ELIMIT, &err,
                 "deep.json: JSON nests deeper than 512");
    assert_null(value);
    ap__buf_clear(&text);
    tempdir_remove(&folder);
}

/* -- out of memory ------------------------------------------------------------------------------------- */

static ap_status read_write_copy(void *ctx, ap_error *error) {
    ap_value *value, *copy = NULL;
    char *text = NULL;
    ap_status status = ap_value_from_json(&value, ctx, AP_NUL_TERMINATED, error);
    if (status) assert_null(value);
    if (!status && (status = ap_value_to_json(&text, NULL, value, AP_JSON_PRETTY, error))) assert_null(text);
    if (!status && (status = ap_value_copy(&copy, value, error))) assert_null(copy);
    ap_string_destroy(text);
    ap_value_destroy(copy);
    ap_value_destroy(value);
    return status;
}

void test_torture(void **state) {
    (void)state;
    static char text[] = "{\"a\": [1, 2.5, \"a text that is on the heap\", {\"b\": null}, [[[]]]], "
                         "\"a key that is on the heap as well\": {\"c\": [{}, {}, true]}, "
                         "\"1\": 1, \"2\": 2, \"3\": 3, \"4\": 4, \"5\": 5, \"6\": 6, \"7\": 7, \"8\": 8, "
                         "\"9\": 9, \"10\": 10, \"11\": 11, \"12\": 12, \"13\": 13, \"a\": \"again\"}";
    assert_true(torture(read_write_copy, text) > 30);
}

static ap_status write_tensor(void *ctx, ap_error *error) {
    char *text;
    ap_status status = ap_value_to_json(&text, NULL, ctx, AP_JSON_COMPACT, error);
    if (status) assert_null(text);
    ap_string_destroy(text);
    return status;
}

void test_torture_of_writing_a_tensor(void **state) {
    (void)state;
    ap_value *tensor;
    assert_ok(ap_value_create_tensor(&tensor, AP_DTYPE_F32, (const int64_t[]){40, 50}, 2, NULL, &err), &err);
    assert_true(torture(write_tensor, tensor) > 3);
    ap_value_destroy(tensor);
}

#include "value/params.h"

#include "unit/support/check.h"
#include "unit/support/torture.h"
#include "unit/support/values.h"
#include "value/value.h"

#include <string.h>

static ap_error err;

/* -- a table with one parameter of every sort ---------------------------------------------------------- */

typedef struct inner_opts {
    ap_opt max_length, padding;
} inner_opts;

typedef struct opts {
    ap_opt top_k, threshold, verbose, prefix, mode, strict_mode, anything, count, limit;
    inner_opts tokenizer;
} opts;

enum {
    MODE_NONE = 1,
    MODE_SOFTMAX = 2,
    MODE_SIGMOID = 3,
    PADDING_NO = 10,
    PADDING_YES = 11,
    PADDING_MAX = 12
};

static const ap_param_choice MODES[] = {
    {"none", MODE_NONE, 0}, {"softmax", MODE_SOFTMAX, 0}, {"sigmoid", MODE_SIGMOID, 0}, {NULL, 0, 0}};

static const ap_param_choice PADDINGS[] = {
    {"false", PADDING_NO, 1}, {"true", PADDING_YES, 1}, {"max_length", PADDING_MAX, 0}, {NULL, 0, 0}};

static const ap_param INNER[] = {
    AP_PARAM(max_length, INT, PREPROCESS, inner_opts, AP_PARAM_NULL_OK, NULL, NULL, "Inner one."),
    AP_PARAM(padding, CHOICE, PREPROCESS, inner_opts, 0, PADDINGS, "false", "Inner two."), AP_PARAM_END};

static const ap_param TABLE[] = {
    AP_PARAM(top_k, INT, POSTPROCESS, opts, AP_PARAM_NULL_OK | AP_PARAM_LENIENT, NULL, NULL, "One."),
    AP_PARAM(threshold, FLOAT, POSTPROCESS, opts, 0, NULL, "0.5", "Two."),
    AP_PARAM(verbose, BOOL, FORWARD, opts, 0, NULL, "false", "Three."),
    AP_PARAM(prefix, STRING, PREPROCESS, opts, AP_PARAM_NULL_OK, NULL, NULL, "Four."),
    AP_PARAM(mode, CHOICE, POSTPROCESS, opts, AP_PARAM_ANY_CASE | AP_PARAM_KEY, MODES, NULL, "Five."),
    AP_PARAM(strict_mode, CHOICE, POSTPROCESS, opts, AP_PARAM_NULL_OK, MODES, NULL, "Six."),
    AP_PARAM_INCLUDE(INNER, opts, tokenizer),
    AP_PARAM(anything, VALUE, INIT, opts, 0, NULL, NULL, "Seven."),
    AP_PARAM(count, INT, INIT, opts, 0, NULL, "1", "Eight."),
    AP_PARAM(limit, FLOAT, INIT, opts, AP_PARAM_LENIENT, NULL, NULL, "Nine."),
    AP_PARAM_END};

/* Bound options, with the value that texts are borrowed from. */
typedef struct bound {
    opts o;
    ap_value *params;
} bound;

static ap_status bind(bound *b, const char *json, ap_origin origin) {
    ap_value_destroy(b->params);
    b->params = value_of(json);
    return ap__params_bind(TABLE, &b->o, b->params, origin, "task test", &err);
}

static bound bound_of(const char *json) {
    bound b = {0};
    assert_ok(bind(&b, json, AP_ORIGIN_CALL), &err);
    return b;
}

static void unbind(bound *b) {
    ap_value_destroy(b->params);
    memset(b, 0, sizeof *b);
}

static void assert_bind_fails(const char *json, ap_status expected, const char *text) {
    static const opts nothing;
    bound b = {0};
    assert_fails(bind(&b, json, AP_ORIGIN_CALL), expected, &err, text);
    assert_memory_equal(&nothing, &b.o, sizeof nothing); /* A parameter that failed is not bound. */
    unbind(&b);
}

/* -- types --------------------------------------------------------------------------------------------- */

void test_int(void **state) {
    (void)state;
    bound b = bound_of("{\"count\": -9223372036854775808, \"max_length\": true}");
    assert_true(b.o.count.as.integer == INT64_MIN);
    assert_int_equal(1, b.o.tokenizer.max_length.as.integer); /* Python's bools are ints. */
    unbind(&b);
    assert_bind_fails("{\"count\": 1.0}", AP_ETYPE, "parameter count: expected int, found float");
    assert_bind_fails("{\"count\": \"1\"}", AP_ETYPE, "parameter count: expected int, found string");
    assert_bind_fails("{\"max_length\": []}", AP_ETYPE,
                      "parameter max_length: expected int or null, found list");
    assert_bind_fails("{\"count\": 9223372036854775808}", AP_ETYPE, "expected int, found float");
}

void test_float(void **state) {
    (void)state;
    bound b = bound_of("{\"threshold\": 3}");
    assert_true(b.o.threshold.as.number == 3.0);
    unbind(&b);
    b = bound_of("{\"threshold\": -0.25}");
    assert_true(b.o.threshold.as.number == -0.25);
    unbind(&b);
    assert_bind_fails("{\"threshold\": \"0.5\"}", AP_ETYPE,
                      "parameter threshold: expected float, found string");
    assert_bind_fails("{\"threshold\": {}}", AP_ETYPE, "found dict");
}

void test_bool(void **state) {
    (void)state;
    bound b = bound_of("{\"verbose\": true}");
    assert_int_equal(1, b.o.verbose.as.boolean);
    unbind(&b);
    assert_bind_fails("{\"verbose\": 1}", AP_ETYPE, "parameter verbose: expected bool, found int");
    assert_bind_fails("{\"verbose\": \"true\"}", AP_ETYPE, "expected bool, found string");
}

void test_string(void **state) {
    (void)state;
    bound b = bound_of("{\"prefix\": \"caf\\u00e9\"}");
    assert_string_equal("caf\xC3\xA9", b.o.prefix.as.string);
    assert_ptr_equal(ap_value_get_string(ap_value_dict_get(b.params, "prefix"), NULL), b.o.prefix.as.string);
    unbind(&b);
    b = bound_of("{\"prefix\": \"\"}");
    assert_string_equal("", b.o.prefix.as.string);
    unbind(&b);
    assert_bind_fails("{\"prefix\": 1}", AP_ETYPE, "parameter prefix: expected string or null, found int");
    /* A text is bound as a C string: to cut it silently would give another result. */
    assert_bind_fails("{\"prefix\": \"a\\u0000b\"}", AP_EINVAL,
                      "parameter prefix: the text holds a NUL character");
}

void test_choice(void **state) {
    (void)state;
    bound b = bound_of("{\"strict_mode\": \"sigmoid\"}");
    assert_int_equal(MODE_SIGMOID, b.o.strict_mode.as.integer);
    unbind(&b);
    assert_bind_fails("{\"strict_mode\": \"Sigmoid\"}", AP_EINVAL,
                      "parameter strict_mode: expected one of none, softmax, sigmoid, found \"Sigmoid\"; "
                      "did you mean \"sigmoid\"?");
    assert_bind_fails("{\"strict_mode\": \"\"}", AP_EINVAL, "found \"\"");
    assert_bind_fails("{\"strict_mode\": \"softmax\\u0000\"}", AP_EINVAL, "expected one of none");
    assert_bind_fails("{\"strict_mode\": 1}", AP_ETYPE,
                      "parameter strict_mode: expected one of none, softmax, sigmoid or null, found int");
    assert_bind_fails("{\"strict_mode\": true}", AP_ETYPE, "found bool");
}

void test_choice_any_case_and_key(void **state) {
    (void)state;
    bound b = bound_of("{\"mode\": \"SigMOID\"}");
    assert_int_equal(MODE_SIGMOID, b.o.mode.as.integer);
    unbind(&b);
    assert_bind_fails("{\"mode\": \"default\"}", AP_EKEY,
                      "parameter mode: expected one of none, softmax, sigmoid");
    assert_bind_fails("{\"mode\": 3}", AP_ETYPE, "expected one of none, softmax, sigmoid, found int");
}

void test_choice_of_bools(void **state) {
    (void)state;
    static const struct {
        const char *json;
        int64_t number;
    } rows[] = {{"{\"padding\": true}", PADDING_YES},
                {"{\"padding\": false}", PADDING_NO},
                {"{\"padding\": \"max_length\"}", PADDING_MAX}};
    for (size_t i = 0; i < 3; i++) {
        bound b = bound_of(rows[i].json);
        assert_int_equal(rows[i].number, b.o.tokenizer.padding.as.integer);
        unbind(&b);
    }
    assert_bind_fails("{\"padding\": \"true\"}", AP_EINVAL, "expected one of false, true, max_length");
}

void test_value_takes_anything(void **state) {
    (void)state;
    bound b = bound_of("{\"anything\": [1, {}]}");
    assert_ptr_equal(ap_value_dict_get(b.params, "anything"), b.o.anything.as.value);
    unbind(&b);
}

/* A message quotes at most 64 bytes, and no half characters. */
void test_long_texts_are_quoted_in_part(void **state) {
    (void)state;
    char json[1000] = "{\"strict_mode\": \"x";
    for (size_t i = 0; i < 200; i++) strcat(json, "\xC3\xA9");
    strcat(json, "\"}");
    assert_bind_fails(json, AP_EINVAL, "found \"x\xC3\xA9");
    assert_true(strlen(err.message) < 200);
}

/* -- absent, null, value ------------------------------------------------------------------------------- */

void test_three_states(void **state) {
    (void)state;
    bound b = bound_of("{\"top_k\": null, \"prefix\": \"x\", \"threshold\": null}");
    assert_int_equal(AP_ORIGIN_CALL, b.o.top_k.origin);
    assert_true(b.o.top_k.is_null);
    assert_false(ap__opt_is_set(&b.o.top_k));
    assert_true(ap__opt_is_set(&b.o.prefix));
    assert_int_equal(AP_ORIGIN_ABSENT, b.o.verbose.origin);
    assert_false(ap__opt_is_set(&b.o.verbose));
    assert_int_equal(AP_ORIGIN_ABSENT, b.o.threshold.origin); /* null is no value of its own there */
    unbind(&b);
}

void test_lenient(void **state) {
    (void)state;
    err = (ap_error)AP_ERROR_INIT;
    bound b = bound_of("{\"top_k\": \"three\", \"limit\": [1]}");
    assert_int_equal(AP_ORIGIN_ABSENT, b.o.top_k.origin);
    assert_int_equal(AP_ORIGIN_ABSENT, b.o.limit.origin);
    assert_int_equal(AP_OK, err.status); /* No trace of the type that was not right. */
    assert_string_equal("", err.message);
    unbind(&b);
    b = bound_of("{\"top_k\": 2}");
    assert_int_equal(2, b.o.top_k.as.integer);
    unbind(&b);
}

void test_call_overrides_creation(void **state) {
    (void)state;
    bound init = {0};
    assert_ok(
        bind(&init, "{\"top_k\": 1, \"count\": 2, \"prefix\": \"init\", \"threshold\": 0.5}", AP_ORIGIN_INIT),
        &err);
    bound call = {.o = init.o};
    assert_ok(
        bind(&call, "{\"top_k\": null, \"count\": 3, \"threshold\": null, \"prefix\": null}", AP_ORIGIN_CALL),
        &err);
    assert_true(call.o.top_k.origin == AP_ORIGIN_CALL && call.o.top_k.is_null);
    assert_true(call.o.count.origin == AP_ORIGIN_CALL && call.o.count.as.integer == 3);
    assert_true(call.o.threshold.origin == AP_ORIGIN_INIT && call.o.threshold.as.number == 0.5);
    assert_true(call.o.prefix.is_null && !call.o.prefix.as.string); /* Nothing of the old value is left. */
    assert_true(ap__opt_string(&init.o.prefix, "")[0] == 'i');
    unbind(&call);
    unbind(&init);
}

void test_readers(void **state) {
    (void)state;
    bound b = bound_of("{\"top_k\": 5, \"verbose\": false, \"prefix\": \"x\", \"max_length\": null}");
    assert_int_equal(5, ap__opt_integer(&b.o.top_k, 1));
    assert_int_equal(1, ap__opt_integer(&b.o.count, 1));
    assert_int_equal(7, ap__opt_integer(&b.o.tokenizer.max_length, 7)); /* null is not set */
    assert_false(ap__opt_boolean(&b.o.verbose, true));
    assert_true(ap__opt_boolean(&b.o.count, true));
    assert_string_equal("x", ap__opt_string(&b.o.prefix, "y"));
    assert_string_equal("y", ap__opt_string(&b.o.mode, "y"));
    assert_null(ap__opt_string(&b.o.mode, NULL));
    unbind(&b);
}

/* -- names --------------------------------------------------------------------------------------------- */

void test_includes_and_what_comes_after_them(void **state) {
    (void)state;
    bound b = bound_of("{\"max_length\": 8, \"count\": 9}");
    assert_int_equal(8, b.o.tokenizer.max_length.as.integer);
    assert_int_equal(9, b.o.count.as.integer);
    unbind(&b);
}

void test_unknown_names(void **state) {
    (void)state;
    assert_bind_fails("{\"topk\": 1}", AP_EINVAL,
                      "task test has no parameter \"topk\"; did you mean \"top_k\"?");
    assert_bind_fails("{\"max_len\": 1}", AP_EINVAL, "did you mean \"max_length\"?");
    assert_bind_fails("{\"something_else\": 1}", AP_EINVAL, "task test has no parameter \"something_else\"");
    assert_null(strstr(err.message, "did you mean"));
    assert_bind_fails("{\"\": 1}", AP_EINVAL, "task test has no parameter \"\"");
    assert_bind_fails("{\"top_k\\u0000\": 1}", AP_EINVAL,
                      "task test has no parameter whose name holds a NUL");
}

void test_params_are_a_dict(void **state) {
    (void)state;
    opts o = {0};
    assert_ok(ap__params_bind(TABLE, &o, NULL, AP_ORIGIN_CALL, "task test", &err), &err);
    assert_bind_fails("[]", AP_ETYPE, "task test: expected a dict, found list");
    assert_bind_fails("\"top_k\"", AP_ETYPE, "expected a dict, found string");
    bound b = bound_of("null");
    unbind(&b);
    b = bound_of("{}");
    unbind(&b);
}

void test_bind_one(void **state) {
    (void)state;
    opts o = {0};
    bool found;
    ap_value *two = value_of("2");
    assert_ok(ap__params_bind_one(&found, TABLE, &o, "nothing", two, AP_ORIGIN_INIT, &err), &err);
    assert_false(found);
    assert_ok(ap__params_bind_one(&found, TABLE, &o, "count", two, AP_ORIGIN_INIT, &err), &err);
    assert_true(found && o.count.as.integer == 2 && o.count.origin == AP_ORIGIN_INIT);
    assert_int_equal(AP_ETYPE, ap__params_bind_one(&found, TABLE, &o, "verbose", two, AP_ORIGIN_INIT, NULL));
    assert_true(found);
    ap_value_destroy(two);
}

void test_suggest(void **state) {
    (void)state;
    ap__suggestion suggestion = {0};
    ap__params_suggest(&suggestion, TABLE, "pading");
    assert_string_equal("padding", suggestion.best);
}

/* -- describing ---------------------------------------------------------------------------------------- */

void test_describe(void **state) {
    (void)state;
    static const char *const expected[] = {
        "{\"name\":\"top_k\",\"type\":\"int\",\"phase\":\"postprocess\",\"null_ok\":true,\"doc\":\"One.\"}",
        "{\"name\":\"threshold\",\"type\":\"float\",\"phase\":\"postprocess\",\"default\":\"0.5\",\"null_"
        "ok\":false,\"doc\":\"Two.\"}",
        "{\"name\":\"verbose\",\"type\":\"bool\",\"phase\":\"forward\",\"default\":\"false\",\"null_ok\":"
        "false,\"doc\":\"Three.\"}",
        "{\"name\":\"prefix\",\"type\":\"string\",\"phase\":\"preprocess\",\"null_ok\":true,\"doc\":\"Four."
        "\"}",
        "{\"name\":\"mode\",\"type\":\"choice\",\"phase\":\"postprocess\",\"null_ok\":false,\"choices\":["
        "\"none\",\"softmax\",\"sigmoid\"],\"doc\":\"Five.\"}",
        "{\"name\":\"strict_mode\",\"type\":\"choice\",\"phase\":\"postprocess\",\"null_ok\":true,"
        "\"choices\":[\"none\",\"softmax\",\"sigmoid\"],\"doc\":\"Six.\"}",
        "{\"name\":\"max_length\",\"type\":\"int\",\"phase\":\"preprocess\",\"null_ok\":true,\"doc\":\"Inner "
        "one.\"}",
        "{\"name\":\"padding\",\"type\":\"choice\",\"phase\":\"preprocess\",\"default\":\"false\",\"null_"
        "ok\":false,\"choices\":[false,true,\"max_length\"],\"doc\":\"Inner two.\"}",
        "{\"name\":\"anything\",\"type\":\"value\",\"phase\":\"init\",\"null_ok\":false,\"doc\":\"Seven.\"}",
        "{\"name\":\"count\",\"type\":\"int\",\"phase\":\"init\",\"default\":\"1\",\"null_ok\":false,\"doc\":"
        "\"Eight.\"}",
        "{\"name\":\"limit\",\"type\":\"float\",\"phase\":\"init\",\"null_ok\":false,\"doc\":\"Nine.\"}",
    };
    ap_value list = {0};
    ap__value_set_list(&list);
    assert_ok(ap__params_describe(&list, TABLE, &err), &err);
    assert_int_equal(sizeof expected / sizeof *expected, ap_value_len(&list));
    for (size_t i = 0; i < ap_value_len(&list); i++) assert_json(expected[i], ap_value_list_get(&list, i));
    ap__value_clear(&list);
}

static ap_status describe(void *ctx, ap_error *error) {
    ap_value list = {0};
    (void)ctx;
    ap__value_set_list(&list);
    ap_status status = ap__params_describe(&list, TABLE, error);
    ap__value_clear(&list);
    return status;
}

void test_torture_describe(void **state) {
    (void)state;
    assert_true(torture(describe, NULL) > 20);
}

/* Binding borrows: it needs no memory at all. */
static ap_status bind_call(void *ctx, ap_error *error) {
    opts o = {0};
    return ap__params_bind(TABLE, &o, ctx, AP_ORIGIN_CALL, "task test", error);
}

void test_binding_does_not_allocate(void **state) {
    (void)state;
    ap_value *params =
        value_of("{\"top_k\": 1, \"prefix\": \"a text that is on the heap\", \"mode\": \"NONE\"}");
    assert_int_equal(0, torture_count(bind_call, params));
    ap_value_destroy(params);
}

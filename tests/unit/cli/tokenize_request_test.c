/* Requests of `accelpipe tokenize`, field by field. tests/cli/tokenize.sh has the messages. */
#include "tokenize_request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

typedef struct reading {
    ap_value *value;
    cli_tokenize_request request;
    ap_error err;
} reading;

static ap_status read_with(reading *r, const char *json, const ap_encode_options *defaults) {
    r->err = (ap_error)AP_ERROR_INIT;
    assert_int_equal(AP_OK, ap_value_from_json(&r->value, json, AP_NUL_TERMINATED, &r->err));
    return cli_tokenize_request_read(&r->request, r->value, defaults, &r->err);
}

static ap_status read_json(reading *r, const char *json) {
    const ap_encode_options defaults = AP_ENCODE_OPTIONS_INIT;
    return read_with(r, json, &defaults);
}

static void end(reading *r) {
    cli_tokenize_request_clear(&r->request);
    ap_value_destroy(r->value);
}

static void assert_text(const char *expected, const ap_text *text) {
    assert_int_equal(strlen(expected), text->len_bytes);
    assert_memory_equal(expected, text->ptr, text->len_bytes);
}

void test_every_form_of_input(void **state) {
    (void)state;
    reading r;
    assert_int_equal(AP_OK, read_json(&r, "\"a\""));
    assert_int_equal(1, r.request.n_inputs);
    assert_text("a", r.request.inputs[0].texts);
    assert_null(r.request.inputs[0].pairs);
    end(&r);
    assert_int_equal(AP_OK, read_json(&r, "{\"pair\": [\"a\", \"bc\"]}"));
    assert_text("a", r.request.inputs[0].texts);
    assert_text("bc", r.request.inputs[0].pairs);
    end(&r);
    assert_int_equal(AP_OK, read_json(&r, "{\"words\": [\"a\", \"bc\"]}"));
    assert_true(r.request.inputs[0].is_split_into_words);
    assert_int_equal(2, r.request.inputs[0].n_texts);
    assert_text("bc", &r.request.inputs[0].texts[1]);
    end(&r);
    assert_int_equal(AP_OK, read_json(&r, "{\"batch\": [\"a\", [\"b\", \"c\"]]}"));
    assert_true(r.request.is_batch);
    assert_int_equal(2, r.request.n_inputs);
    assert_null(r.request.inputs[0].pairs);
    assert_text("c", r.request.inputs[1].pairs);
    end(&r);
    assert_int_equal(AP_OK, read_json(&r, "{\"ids_in\": [3, 4294967295]}"));
    assert_true(r.request.is_decode);
    assert_int_equal(2, r.request.ids.n);
    assert_int_equal(UINT32_MAX, r.request.ids.ids[1]);
    end(&r);
}

void test_options_are_those_of_the_library(void **state) {
    (void)state;
    reading r;
    assert_int_equal(AP_OK, read_json(&r, "{\"text\": \"a\", \"add_special_tokens\": false, \"truncation\": "
                                          "{\"max_length\": 7, \"stride\": 2, \"strategy\": \"only_second\", "
                                          "\"direction\": \"left\"}, \"padding\": {\"direction\": \"left\", "
                                          "\"pad_id\": 4, \"pad_type_id\": 5, \"pad_token\": \"x\", "
                                          "\"length\": 9, \"pad_to_multiple_of\": 8}}"));
    const ap_encode_options *o = &r.request.options;
    assert_int_equal(AP_SWITCH_OFF, o->add_special_tokens);
    assert_int_equal(AP_TRUNCATION_ONLY_SECOND, o->truncation);
    assert_int_equal(7, o->max_length);
    assert_int_equal(2, o->stride);
    assert_int_equal(AP_SIDE_LEFT, o->truncation_side);
    assert_int_equal(AP_PADDING_MAX_LENGTH, o->padding);
    assert_int_equal(AP_SIDE_LEFT, o->padding_side);
    assert_int_equal(4, o->pad_id);
    assert_int_equal(5, o->pad_type_id);
    assert_string_equal("x", o->pad_token);
    assert_int_equal(9, o->pad_length);
    assert_int_equal(8, o->pad_to_multiple_of);
    end(&r);
}

void test_defaults_of_an_object(void **state) {
    (void)state;
    reading r;
    assert_int_equal(
        AP_OK, read_json(&r, "{\"text\": \"a\", \"truncation\": {\"max_length\": 0}, \"padding\": {}}"));
    const ap_encode_options *o = &r.request.options;
    assert_int_equal(AP_LENGTH_ZERO, o->max_length);
    assert_int_equal(AP_TRUNCATION_LONGEST_FIRST, o->truncation);
    assert_int_equal(AP_SIDE_RIGHT, o->truncation_side);
    assert_int_equal(AP_PADDING_LONGEST, o->padding);
    assert_int_equal(AP_SIDE_RIGHT, o->padding_side);
    assert_string_equal("[PAD]", o->pad_token);
    end(&r);
    assert_int_equal(AP_OK, read_json(&r, "{\"text\": \"a\", \"padding\": {\"length\": 0}}"));
    assert_int_equal(AP_PADDING_DO_NOT_PAD, r.request.options.padding);
    end(&r);
}

/* An object takes the place of all that the command line says of its option; stored_options of both. */
void test_what_goes_before_the_command_line(void **state) {
    (void)state;
    reading r;
    ap_encode_options defaults = AP_ENCODE_OPTIONS_INIT;
    defaults.max_length = 5;
    defaults.stride = 1;
    defaults.truncation_side = AP_SIDE_LEFT;
    defaults.padding = AP_PADDING_LONGEST;
    assert_int_equal(AP_OK, read_with(&r, "\"a\"", &defaults));
    assert_int_equal(5, r.request.options.max_length);
    end(&r);
    assert_int_equal(AP_OK,
                     read_with(&r, "{\"text\": \"a\", \"truncation\": {\"max_length\": 3}}", &defaults));
    assert_int_equal(3, r.request.options.max_length);
    assert_int_equal(0, r.request.options.stride);
    assert_int_equal(AP_SIDE_RIGHT, r.request.options.truncation_side);
    assert_int_equal(AP_PADDING_LONGEST, r.request.options.padding);
    end(&r);
    assert_int_equal(AP_OK, read_with(&r, "{\"text\": \"a\", \"stored_options\": true}", &defaults));
    assert_int_equal(AP_SWITCH_ON, r.request.options.stored_options);
    assert_int_equal(0, r.request.options.max_length);
    assert_int_equal(AP_PADDING_DO_NOT_PAD, r.request.options.padding);
    end(&r);
}

void test_ids(void **state) {
    (void)state;
    reading r = {.err = AP_ERROR_INIT};
    static const char text[] = " 1,[2]\t4294967295\n";
    assert_int_equal(AP_OK, ap_value_create_string(&r.value, text, sizeof text - 1, &r.err));
    assert_int_equal(AP_OK, cli_tokenize_request_read_ids(&r.request, r.value, &r.err));
    assert_int_equal(3, r.request.ids.n);
    assert_int_equal(1, r.request.ids.ids[0]);
    assert_int_equal(UINT32_MAX, r.request.ids.ids[2]);
    end(&r);
    assert_int_equal(AP_OK, ap_value_create_string(&r.value, "", 0, &r.err));
    assert_int_equal(AP_OK, cli_tokenize_request_read_ids(&r.request, r.value, &r.err));
    assert_int_equal(0, r.request.ids.n);
    end(&r);
    assert_int_equal(AP_OK, ap_value_create_string(&r.value, "1\0002", 3, &r.err));
    assert_int_equal(AP_EINVAL, cli_tokenize_request_read_ids(&r.request, r.value, &r.err));
    end(&r);
}

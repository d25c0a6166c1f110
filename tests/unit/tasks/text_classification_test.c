/* The shapes of results, parameters and errors of text-classification. The numbers are checked by the parity
 * cases; here it is what comes in which form. */
#include "unit/support/pipelines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define TEXT "\"The soup was cold and nobody apologised.\""

int group_setup(void **state) {
    (void)state;
    support_use_build_plugins();
    return 0;
}

/* Results with every number replaced: "[{label,score}]" tells the shape. */
static void shape_of(char *out, size_t size, const ap_value *v) {
    size_t at = strlen(out);
    if (at + 32 > size) return;
    if (ap_value_kind(v) == AP_KIND_LIST) {
        strcat(out, "[");
        for (size_t i = 0; i < ap_value_len(v); i++) shape_of(out, size, ap_value_list_get(v, i));
        strcat(out, "]");
    } else {
        strcat(out, ap_value_kind(v) == AP_KIND_DICT ? "d" : "?");
    }
}

static void expect_shape(const ap_pipeline *pipe, const char *inputs, const char *params,
                         const char *expected) {
    char shape[512] = "";
    ap_value *out = support_call(pipe, inputs, params);
    shape_of(shape, sizeof shape, out);
    if (strcmp(shape, expected) != 0)
        fail_msg("%s with %s: %s, not %s", inputs, params ? params : "{}", shape, expected);
    ap_value_destroy(out);
}

void test_shapes_without_top_k(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("distilbert-stars", NULL);
    expect_shape(pipe, TEXT, NULL, "[d]");
    expect_shape(pipe, "[" TEXT "]", NULL, "[d]");
    expect_shape(pipe, "[" TEXT "," TEXT "]", NULL, "[dd]");
    expect_shape(pipe, "{\"text\": " TEXT "}", NULL, "d");
    expect_shape(pipe, "[{\"text\": " TEXT ", \"text_pair\": \"x\"}]", NULL, "[d]");
    expect_shape(pipe, "[[[\"a\", \"b\"]]]", NULL, "[d]");
    expect_shape(pipe, "[]", NULL, "[]");
    ap_pipeline_destroy(pipe);
}

void test_shapes_with_top_k(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("distilbert-stars", NULL);
    expect_shape(pipe, TEXT, "{\"top_k\": 1}", "[d]");
    expect_shape(pipe, TEXT, "{\"top_k\": 3}", "[ddd]");
    expect_shape(pipe, TEXT, "{\"top_k\": null}", "[ddddd]");
    expect_shape(pipe, TEXT, "{\"top_k\": 100}", "[ddddd]");
    expect_shape(pipe, TEXT, "{\"top_k\": 0}", "[]");
    expect_shape(pipe, TEXT, "{\"top_k\": -2}", "[ddd]");
    expect_shape(pipe, TEXT, "{\"top_k\": -9}", "[]");
    expect_shape(pipe, TEXT, "{\"top_k\": true}", "[d]");
    expect_shape(pipe, "[" TEXT "," TEXT "]", "{\"top_k\": 2}", "[[dd][dd]]");
    expect_shape(pipe, "[" TEXT "]", "{\"top_k\": 1}", "[[d]]");
    ap_pipeline_destroy(pipe);
}

/* Of a parameter, the creation's value counts unless the call gives one; only the call's top_k takes the
 * list around a single text away. */
void test_creation_and_call(void **state) {
    (void)state;
    ap_pipeline *two = support_pipeline("distilbert-stars", "{\"top_k\": 2}");
    expect_shape(two, TEXT, NULL, "[[dd]]");
    expect_shape(two, TEXT, "{\"top_k\": 3}", "[ddd]");
    expect_shape(two, TEXT, "{\"return_all_scores\": true}", "[[ddddd]]");
    expect_shape(two, TEXT, "{\"return_all_scores\": false}", "[[d]]");
    ap_pipeline_destroy(two);
    ap_pipeline *all = support_pipeline("distilbert-stars", "{\"return_all_scores\": true}");
    expect_shape(all, TEXT, NULL, "[[ddddd]]");
    expect_shape(all, TEXT, "{\"top_k\": 1}", "[d]");
    expect_shape(all, TEXT, "{\"return_all_scores\": false}", "[d]");
    ap_pipeline_destroy(all);
}

void test_return_all_scores_keeps_the_order_of_labels(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("distilbert-stars", NULL);
    ap_value *out = support_call(pipe, "[" TEXT "]", "{\"return_all_scores\": true}");
    const ap_value *first = ap_value_list_get(ap_value_list_get(out, 0), 0);
    assert_string_equal(ap_value_get_string(ap_value_dict_get(first, "label"), NULL), "1 star");
    ap_value_destroy(out);
    ap_pipeline_destroy(pipe);
}

void test_scores_sum_to_one_and_fall(void **state) {
    (void)state;
    double sum = 0, last = 2;
    ap_pipeline *pipe = support_pipeline("distilbert-stars", NULL);
    ap_value *out = support_call(pipe, TEXT, "{\"top_k\": null}");
    for (size_t i = 0; i < ap_value_len(out); i++) {
        double score = ap_value_get_float(ap_value_dict_get(ap_value_list_get(out, i), "score"));
        assert_true(score <= last);
        sum += last = score;
    }
    assert_true(sum > 1 - 1e-5 && sum < 1 + 1e-5);
    ap_value_destroy(out);
    ap_pipeline_destroy(pipe);
}

void test_function_to_apply(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("distilbert-stars", NULL);
    ap_value *upper = support_call(pipe, TEXT, "{\"function_to_apply\": \"SoftMax\"}");
    ap_value *plain = support_call(pipe, TEXT, "{\"function_to_apply\": null}");
    assert_true(ap_value_equal(upper, plain));
    ap_value_destroy(upper);
    ap_value_destroy(plain);
    support_call_fails(pipe, TEXT, "{\"function_to_apply\": \"default\"}", AP_EKEY, "none, softmax, sigmoid");
    support_call_fails(pipe, TEXT, "{\"function_to_apply\": \"softmx\"}", AP_EKEY,
                       "did you mean \"softmax\"?");
    support_call_fails(pipe, TEXT, "{\"function_to_apply\": 3}", AP_ETYPE, "found int");
    ap_pipeline_destroy(pipe);
}

void test_inputs_that_are_no_text(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("bert-sst2", NULL);
    support_call_fails(pipe, "42", NULL, AP_EINVAL, "text input: expected a string, found int");
    support_call_fails(pipe, "null", NULL, AP_EINVAL, "expected a string, found null");
    support_call_fails(pipe, "1.5", NULL, AP_EINVAL, "found float");
    support_call_fails(pipe, "[[\"a\", \"b\"]]", NULL, AP_EINVAL, "a pair of texts is a dict");
    support_call_fails(pipe, "{\"txt\": \"a\"}", NULL, AP_EINVAL, "\"txt\" is not one of text, text_pair");
    support_call_fails(pipe, "{}", NULL, AP_EINVAL, "the dict has no \"text\"");
    support_call_fails(pipe, "{\"text\": 1}", NULL, AP_EINVAL, "\"text\": expected a string, found int");
    support_call_fails(pipe, "{\"text\": \"a\", \"text_pair\": []}", NULL, AP_EINVAL,
                       "\"text_pair\": expected a string");
    ap_pipeline_destroy(pipe);
}

void test_pairs_by_dict_and_by_parameter(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("electra-pairs", NULL);
    ap_value *dict = support_call(pipe, "{\"text\": \"a b\", \"text_pair\": \"c d\"}", NULL);
    ap_value *param = support_call(pipe, "[\"a b\"]", "{\"text_pair\": \"c d\"}");
    ap_value *alone = support_call(pipe, "{\"text\": \"a b\"}", NULL);
    ap_value *empty = support_call(pipe, "{\"text\": \"a b\", \"text_pair\": \"\"}", NULL);
    assert_true(support_difference(dict, ap_value_list_get(param, 0)) < 1e-6);
    assert_true(support_difference(dict, alone) > 1e-6);
    assert_true(support_difference(alone, empty) < 1e-6); /* The reference asks `if text_pair`. */
    ap_value_destroy(dict);
    ap_value_destroy(param);
    ap_value_destroy(alone);
    ap_value_destroy(empty);
    ap_pipeline_destroy(pipe);
}

void test_unknown_parameter_has_a_suggestion(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("bert-sst2", NULL);
    support_call_fails(pipe, TEXT, "{\"topk\": 1}", AP_EINVAL, "did you mean \"top_k\"?");
    support_call_fails(pipe, TEXT, "{\"truncaton\": true}", AP_EINVAL, "did you mean \"truncation\"?");
    support_call_fails(pipe, TEXT, "{\"zzz\": true}", AP_EINVAL, "has no parameter \"zzz\"");
    support_call_fails(pipe, TEXT, "{\"batch_size\": 0}", AP_EINVAL, "batch_size: 0 is below 1");
    support_call_fails(pipe, TEXT, "{\"max_length\": -1}", AP_EINVAL, "max_length: -1 is negative");
    support_call_fails(pipe, TEXT, "{\"padding\": \"left\"}", AP_EINVAL,
                       "expected one of true, false, longest");
    support_call_fails(pipe, TEXT, "[1]", AP_ETYPE, "expected a dict, found list");
    ap_pipeline_destroy(pipe);
}

void test_truncation(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("bert-sst2", NULL);
    ap_value *cut = support_call(pipe, "\"a b c d e f g h\"", "{\"truncation\": true, \"max_length\": 5}");
    ap_value *short_text = support_call(pipe, "\"a b c\"", NULL);
    ap_value *implied = support_call(pipe, "\"a b c d e f g h\"", "{\"max_length\": 5}");
    assert_true(support_difference(cut, short_text) < 1e-6);
    assert_true(support_difference(cut, implied) < 1e-6);
    ap_value_destroy(cut);
    ap_value_destroy(short_text);
    ap_value_destroy(implied);
    support_call_fails(
        pipe, TEXT, "{\"truncation\": true, \"padding\": true, \"max_length\": 5, \"pad_to_multiple_of\": 4}",
        AP_EINVAL, "not a multiple of pad_to_multiple_of 4");
    ap_pipeline_destroy(pipe);
}

/* Strategies, words, windows, parameters and errors of token-classification. Most numbers are checked by the
 * parity cases; results that stand here were made with transformers 4.55.4 and ONNX Runtime. */
#include "unit/support/check.h"
#include "unit/support/pipelines.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define TC "\"task\": \"token-classification\""
#define TEXT "\"Anna Schmidt moved from Berlin to Paris.\""
#define LONG                                                                                                 \
    "\"Anna Schmidt moved from Berlin to Paris in March and works for Acme Robotics there, but the "         \
    "committee met on "                                                                                      \
    "day one and discussed the third item of the long agenda without any result, and then Anna moved to "    \
    "Berlin.\""

int group_setup(void **state) {
    (void)state;
    support_use_build_plugins();
    (void)support_warnings();
    return 0;
}

/* "An(0-2) ##n(2-3)": words with where they are. */
static void words_of(char *out, size_t size, const ap_value *list) {
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < ap_value_len(list) && at < size; i++) {
        const ap_value *e = ap_value_list_get(list, i);
        at += (size_t)snprintf(out + at, size - at, "%s%s(%lld-%lld)", i ? " " : "",
                               ap_value_get_string(ap_value_dict_get(e, "word"), NULL),
                               (long long)ap_value_get_int(ap_value_dict_get(e, "start")),
                               (long long)ap_value_get_int(ap_value_dict_get(e, "end")));
    }
}

static void expect_words(const ap_pipeline *pipe, const char *inputs, const char *params,
                         const char *expected) {
    char text[2048];
    ap_value *out = support_call(pipe, inputs, params);
    const ap_value *first = ap_value_list_get(out, 0);
    words_of(text, sizeof text, ap_value_kind(first) == AP_KIND_LIST ? first : out);
    if (strcmp(text, expected) != 0) fail_msg("%s with %s:\n%s, not\n%s", inputs, params, text, expected);
    ap_value_destroy(out);
}

static void expect_keys(const ap_pipeline *pipe, const char *params, const char *expected) {
    char text[128] = "";
    const char *key;
    ap_value *out = support_call(pipe, TEXT, params);
    for (size_t i = 0; ap_value_dict_at(ap_value_list_get(out, 0), i, &key); i++) {
        strcat(text, key);
        strcat(text, " ");
    }
    assert_string_equal(text, expected);
    ap_value_destroy(out);
}

void test_order_of_keys(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("bert-ner", "{" TC "}");
    expect_keys(pipe, NULL, "entity score index word start end ");
    expect_keys(pipe, "{\"aggregation_strategy\": \"simple\"}", "entity_group score word start end ");
    ap_pipeline_destroy(pipe);
}

void test_forms(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("bert-ner", "{" TC "}");
    ap_value *one = support_call(pipe, TEXT, NULL), *list = support_call(pipe, "[" TEXT ", \"x\"]", NULL);
    assert_int_equal(ap_value_kind(ap_value_list_get(one, 0)), AP_KIND_DICT);
    assert_int_equal(ap_value_len(list), 2);
    assert_true(support_difference(one, ap_value_list_get(list, 0)) < 1e-5);
    ap_value_destroy(one);
    ap_value_destroy(list);
    ap_value *empty = support_call(pipe, "\"\"", NULL);
    assert_int_equal(ap_value_len(empty), 0);
    ap_value_destroy(empty);
    ap_pipeline_destroy(pipe);
}

void test_ignore_labels(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("bert-ner", "{" TC ", \"aggregation_strategy\": \"first\"}");
    expect_words(pipe, TEXT, "{\"ignore_labels\": [\"PER\", \"LOC\", \"ORG\", \"MISC\"]}", "");
    expect_words(pipe, TEXT, "{\"ignore_labels\": [null]}", "");
    expect_words(pipe, TEXT, "{\"ignore_labels\": [null], \"aggregation_strategy\": \"none\"}", "");
    ap_value *all = support_call(pipe, TEXT, NULL),
             *same = support_call(pipe, TEXT, "{\"ignore_labels\": [3]}");
    assert_true(ap_value_equal(all, same)); /* No label is "O" here. */
    ap_value_destroy(all);
    ap_value_destroy(same);
    ap_pipeline_destroy(pipe);
}

/* What the old names come to, and that they say so once: where they are given. */
void test_old_names(void **state) {
    static const char *const cases[][2] = {
        {"{\"grouped_entities\": true}", "{\"aggregation_strategy\": \"simple\"}"},
        {"{\"grouped_entities\": true, \"ignore_subwords\": true}", "{\"aggregation_strategy\": \"first\"}"},
        {"{\"grouped_entities\": true, \"ignore_subwords\": false}",
         "{\"aggregation_strategy\": \"simple\"}"},
        {"{\"ignore_subwords\": true}", "{\"aggregation_strategy\": \"none\"}"},
        {"{\"grouped_entities\": false, \"aggregation_strategy\": \"max\"}",
         "{\"aggregation_strategy\": \"none\"}"},
    };
    (void)state;
    ap_pipeline *pipe = support_pipeline("bert-ner", "{" TC "}");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        (void)support_warnings();
        ap_value *old = support_call(pipe, TEXT, cases[i][0]);
        assert_non_null(strstr(support_warnings(), "grouped_entities and ignore_subwords are deprecated"));
        ap_value *new = support_call(pipe, TEXT, cases[i][1]);
        assert_true(ap_value_equal(old, new));
        ap_value_destroy(old);
        ap_value_destroy(new);
    }
    ap_pipeline_destroy(pipe);
    ap_pipeline *first = support_pipeline("bert-ner", "{" TC ", \"grouped_entities\": true}");
    assert_non_null(strstr(support_warnings(), "use aggregation_strategy=\"simple\""));
    ap_value *grouped = support_call(first, TEXT, NULL);
    ap_value *none = support_call(first, TEXT, "{\"ignore_subwords\": true}"); /* Of the call alone. */
    assert_non_null(ap_value_dict_get(ap_value_list_get(grouped, 0), "entity_group"));
    assert_non_null(ap_value_dict_get(ap_value_list_get(none, 0), "entity"));
    ap_value_destroy(grouped);
    ap_value_destroy(none);
    ap_pipeline_destroy(first);
}

void test_words_of_a_tokenizer_that_tells_none(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("roberta-ner", "{" TC ", \"aggregation_strategy\": \"max\"}");
    assert_non_null(strstr(support_warnings(), "the tokenizer does not tell words"));
    ap_value *out = support_call(pipe, TEXT, NULL);
    assert_string_equal(support_warnings(), "");
    ap_value_destroy(out);
    ap_pipeline_destroy(pipe);
}

/* Offsets are those of the words in the joined text, in characters. */
void test_words(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("bert-ner", "{" TC "}");
#define WORDS "{\"is_split_into_words\": true, \"ignore_labels\": []"
    expect_words(pipe, "[\"\xC3\xA9\", \"x.\", \"\", \"y\"]", WORDS "}",
                 "\xC3\xA9(0-1) x(2-3) .(3-4) y(6-7)");
    expect_words(pipe, "[\"\xC3\xA9\", \"x.\", \"\", \"y\"]", WORDS ", \"delimiter\": \"\xC3\xBC--\"}",
                 "\xC3\xA9(0-1) x(4-5) .(5-6) y(12-13)");
    expect_words(pipe, "[\"a\", \"b\"]", WORDS ", \"delimiter\": \"\"}", "a(0-1) b(1-2)");
    expect_words(pipe, "[[\"a\", \"b\"], [\"c\"]]", WORDS "}", "a(0-1) b(2-3)");
    ap_value *flat = support_call(pipe, "[\"a\", \"b\"]", WORDS "}"); /* One input: a list of one. */
    assert_int_equal(ap_value_len(flat), 1);
    ap_value *none = support_call(pipe, "[[]]", WORDS "}");
    assert_int_equal(ap_value_len(ap_value_list_get(none, 0)), 0);
    ap_value_destroy(none);
    ap_value_destroy(flat);
    support_call_fails(pipe, "\"a b\"", WORDS "}", AP_EINVAL, "an input is a list of words, found string");
    support_call_fails(pipe, "[[\"a\", 1]]", WORDS "}", AP_EINVAL, "word: expected a string, found int");
    support_call_fails(pipe, "[[\"a\"]]", NULL, AP_EINVAL, "expected a string, found list");
    ap_pipeline_destroy(pipe);
}

/* Of the creation neither is_split_into_words nor delimiter counts, as in the reference. */
void test_words_at_creation(void **state) {
    (void)state;
    ap_pipeline *pipe =
        support_pipeline("bert-ner", "{" TC ", \"is_split_into_words\": true, \"delimiter\": \"-\"}");
    ap_value *out = support_call(pipe, "[\"a\", \"b\"]", NULL);
    assert_int_equal(ap_value_len(out), 2);
    ap_value_destroy(out);
    expect_words(pipe, "[\"a\", \"b\"]", WORDS "}", "a(0-1) b(2-3)");
    ap_pipeline_destroy(pipe);
}

void test_words_need_a_prefix_space(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("roberta-ner", "{" TC "}");
    support_call_fails(pipe, "[[\"a\"]]", "{\"is_split_into_words\": true}", AP_EINVAL,
                       "add_prefix_space=true");
    ap_pipeline_destroy(pipe);
}

/* Windows that overlap find each entity once, and in the order of the text. */
void test_windows(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("bert-ner", "{" TC ", \"aggregation_strategy\": \"first\"}");
    for (int stride = 0; stride < 20; stride += 5) {
        char params[64];
        int64_t last = -1;
        snprintf(params, sizeof params, "{\"stride\": %d}", stride);
        ap_value *out = support_call(pipe, LONG, params);
        for (size_t i = 0; i < ap_value_len(out); i++) {
            const ap_value *e = ap_value_list_get(out, i);
            assert_true(ap_value_get_int(ap_value_dict_get(e, "start")) >= last);
            last = ap_value_get_int(ap_value_dict_get(e, "end"));
        }
        assert_true(last > 200);
        ap_value_destroy(out);
    }
    ap_value *cut = support_call(pipe, LONG, NULL);
    const ap_value *end = ap_value_list_get(cut, ap_value_len(cut) - 1);
    assert_true(ap_value_get_int(ap_value_dict_get(end, "end")) <
                200); /* Without a stride the rest is cut off. */
    ap_value_destroy(cut);
    ap_pipeline_destroy(pipe);
}

/* A stride at creation and no strategy there are no contradiction; both in one place are. */
void test_stride_and_strategy(void **state) {
    ap_error err = AP_ERROR_INIT;
    (void)state;
    ap_pipeline *pipe = support_pipeline("bert-ner", "{" TC ", \"stride\": 8}");
    ap_value *out = support_call(pipe, LONG, NULL);
    assert_non_null(ap_value_dict_get(ap_value_list_get(out, 0), "entity"));
    ap_value *same = support_call(pipe, LONG, "{\"aggregation_strategy\": \"none\"}");
    assert_true(ap_value_equal(out, same));
    ap_value_destroy(same);
    ap_value_destroy(out);
    support_call_fails(pipe, TEXT, "{\"stride\": 8, \"aggregation_strategy\": \"none\"}", AP_EINVAL,
                       "windows need an aggregation_strategy other than \"none\"");
    support_call_fails(pipe, TEXT, "{\"stride\": 8, \"grouped_entities\": false}", AP_EINVAL, "windows need");
    support_call_fails(pipe, TEXT, "{\"stride\": 64}", AP_EINVAL, "64 must be less than the tokenizer's");
    support_call_fails(pipe, TEXT, "{\"stride\": 63}", AP_EINVAL, "stride is 63");
    support_call_fails(pipe, TEXT, "{\"stride\": -1}", AP_EINVAL, "stride: -1 is negative");
    ap_pipeline_destroy(pipe);
    assert_int_equal(support_pipeline_fails("bert-ner", "{" TC ", \"stride\": 64}", &err), AP_EINVAL);
    assert_non_null(strstr(err.message, "64 must be less than the tokenizer's model_max_length of 64"));
}

/* The caller's offsets, in characters, take the place of the tokenizer's: the same ones change nothing. */
void test_offset_mapping(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("bert-ner", "{" TC ", \"ignore_labels\": []}");
#define MAPPING "[[0, 0], [0, 1], [2, 3], [0, 0]]"
    expect_words(pipe, "\"x y\"", "{\"offset_mapping\": " MAPPING "}", "x(0-1) y(2-3)");
    expect_words(pipe, "\"x y\"", "{\"offset_mapping\": [" MAPPING "]}", "x(0-1) y(2-3)");
    expect_words(pipe, "\"x y\"", "{\"offset_mapping\": [[0, 0], [1, 9], [-1, 1], [0, 0]]}",
                 "x(1-9) y(-1-1)");
    expect_words(pipe, "[\"x y\", \"x y\"]", "{\"offset_mapping\": [" MAPPING ", []]}", "x(0-1) y(2-3)");
    support_call_fails(pipe, "[\"x y\"]", "{\"offset_mapping\": [" MAPPING ", []]}", AP_EINVAL,
                       "2 mappings for 1 inputs");
    support_call_fails(pipe, "\"x y\"", "{\"offset_mapping\": [[0, 0], [0, 1]]}", AP_EINVAL,
                       "token 2: expected [start, end], found nothing");
    support_call_fails(pipe, "\"x y\"", "{\"offset_mapping\": [[0, 0], [0, \"a\"]]}", AP_EINVAL,
                       "token 1: expected");
    support_call_fails(pipe, "\"x y\"", "{\"offset_mapping\": [[0, 0], [0, 9000000000000000000]]}", AP_EINVAL,
                       "is out of range");
    ap_pipeline_destroy(pipe);
}

void test_failures(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("bert-ner", "{" TC "}");
    support_call_fails(pipe, "[]", NULL, AP_EINVAL, "at least one input is required");
    support_call_fails(pipe, "null", NULL, AP_EINVAL, "at least one input is required");
    support_call_fails(pipe, "5", NULL, AP_EINVAL, "found int");
    support_call_fails(pipe, "[5]", NULL, AP_EINVAL, "expected a string, found int");
    support_call_fails(pipe, TEXT, "{\"aggregation_strategy\": \"bogus\"}", AP_EKEY, "none, simple, first");
    support_call_fails(pipe, TEXT, "{\"ignore_labels\": \"O\"}", AP_ETYPE,
                       "expected a list of labels, found string");
    ap_value *upper = support_call(pipe, TEXT, "{\"aggregation_strategy\": \"SIMPLE\"}");
    ap_value_destroy(upper);
    ap_pipeline_destroy(pipe);
}

void test_failures_of_models(void **state) {
    ap_error err = AP_ERROR_INIT;
    (void)state;
    assert_int_equal(support_pipeline_fails("bert-sst2", "{" TC "}", &err), AP_EINVAL);
    assert_non_null(
        strstr(err.message, "token-classification needs [batch_size, sequence_length, num_labels]"));
    assert_int_equal(support_pipeline_fails("bert-ner",
                                            "{" TC
                                            ", \"config\": {\"model_type\": \"bert\", \"id2label\": {\"0\": "
                                            "\"O\"}}}",
                                            &err),
                     AP_EINVAL);
    assert_non_null(strstr(err.message, "id2label has 1 entries, logits have 9 columns"));
}

/* The three phases one by one give what a call gives. */
void test_phases(void **state) {
    ap_error err = AP_ERROR_INIT;
    ap_value *feeds, *outputs, *result, *input = support_json(LONG);
    (void)state;
    ap_pipeline *pipe =
        support_pipeline("bert-ner", "{" TC ", \"aggregation_strategy\": \"average\", \"stride\": 5}");
    assert_ok(ap_pipeline_preprocess(&feeds, pipe, input, NULL, &err), &err);
    assert_true(ap_value_len(feeds) > 1);
    assert_ok(ap_pipeline_forward(&outputs, pipe, feeds, NULL, &err), &err);
    assert_ok(ap_pipeline_postprocess(&result, pipe, outputs, NULL, &err), &err);
    ap_value *called = support_call(pipe, LONG, NULL);
    assert_true(support_difference(called, result) < 1e-5);
    ap_value_destroy(called);
    ap_value_destroy(result);
    ap_value *broken = support_json("[{}]");
    assert_fails(ap_pipeline_postprocess(&result, pipe, broken, NULL, &err), AP_EINVAL, &err, "\"sentence\"");
    ap_value_destroy(broken);
    broken = support_json("[{\"sentence\": \"a\"}]");
    assert_fails(ap_pipeline_postprocess(&result, pipe, broken, NULL, &err), AP_EINVAL, &err, "\"logits\"");
    ap_value_destroy(broken);
    ap_value_destroy(outputs);
    ap_value_destroy(feeds);
    ap_value_destroy(input);
    ap_pipeline_destroy(pipe);
}

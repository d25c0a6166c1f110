/* Forms of results, targets and errors of fill-mask. Scores are checked by the parity cases. */
#include "unit/support/check.h"
#include "unit/support/pipelines.h"
#include "unit/support/tempdir.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define FM "\"task\": \"fill-mask\""

int group_setup(void **state) {
    (void)state;
    support_use_build_plugins();
    (void)support_warnings();
    return 0;
}

/* The tokens of a result: "red blue" of one mask, "red|blue" of two. */
static void expect_tokens(const ap_pipeline *pipe, const char *inputs, const char *params,
                          const char *expected) {
    char text[256] = "";
    ap_value *out = support_call(pipe, inputs, params);
    for (size_t i = 0; i < ap_value_len(out); i++) {
        const ap_value *row = ap_value_list_get(out, i);
        bool is_list = ap_value_kind(row) == AP_KIND_LIST;
        if (i) strcat(text, is_list ? "|" : " ");
        for (size_t k = 0; k < (is_list ? ap_value_len(row) : 1); k++) {
            const ap_value *dict = is_list ? ap_value_list_get(row, k) : row;
            if (k) strcat(text, " ");
            strcat(text, ap_value_get_string(ap_value_dict_get(dict, "token_str"), NULL));
        }
    }
    if (strcmp(text, expected) != 0) fail_msg("%s with %s: %s, not %s", inputs, params, text, expected);
    ap_value_destroy(out);
}

void test_forms(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("bert-mlm", "{" FM ", \"targets\": [\"red\", \"the\"]}");
    expect_tokens(pipe, "\"Water is [MASK] cold.\"", NULL, "red the");
    expect_tokens(pipe, "[\"Water is [MASK] cold.\"]", NULL, "red the"); /* A list of one is its result. */
    expect_tokens(pipe, "[\"Water is [MASK] cold.\", \"Water is [MASK] cold.\"]", NULL, "red the|red the");
    expect_tokens(pipe, "\"[MASK] is [MASK]\"", "{\"targets\": \"the\"}", "the|the");
    expect_tokens(pipe, "\"[MASK] is [MASK]\"", "{\"top_k\": 0}", "|");
    expect_tokens(pipe, "\"[MASK]\"", "{\"top_k\": 0}", "");
    expect_tokens(pipe, "\"Water is [MASK] cold.\"", "{\"top_k\": 1}", "red");
    expect_tokens(pipe, "[]", NULL, "");
    expect_tokens(pipe, "[[\"Water is [MASK] cold.\", \"Water is [MASK] cold.\"]]", NULL, "red the");
    ap_pipeline_destroy(pipe);
}

void test_order_of_keys(void **state) {
    static const char *const keys[] = {"score", "token", "token_str", "sequence"};
    (void)state;
    ap_pipeline *pipe = support_pipeline("bert-mlm", "{" FM "}");
    ap_value *out = support_call(pipe, "\"a [MASK]\"", NULL);
    assert_int_equal(ap_value_len(out), 5);
    for (size_t i = 0; i < 4; i++) {
        const char *key;
        assert_non_null(ap_value_dict_at(ap_value_list_get(out, 0), i, &key));
        assert_string_equal(key, keys[i]);
    }
    ap_value_destroy(out);
    ap_pipeline_destroy(pipe);
}

/* Targets that are no tokens are replaced or left out, with a line in the log: once, where they are given. */
void test_targets(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("bert-mlm", "{" FM ", \"targets\": [\"zzqx\", \"red\", \"red\"]}");
    assert_non_null(
        strstr(support_warnings(), "the target \"zzqx\" is not in the vocabulary: \"z\" takes its place"));
    expect_tokens(pipe, "\"Water is [MASK] cold.\"", NULL, "red z");
    expect_tokens(pipe, "[\"Water is [MASK] cold.\"]", NULL, "red z");
    assert_string_equal(support_warnings(), "");
    expect_tokens(pipe, "\"Water is [MASK] cold.\"", "{\"targets\": [\"qqx\", \"\"]}", "q");
    const char *warnings = support_warnings();
    assert_non_null(strstr(warnings, "the target \"\" is not in the vocabulary, and nothing can replace it"));
    assert_non_null(strstr(warnings, "\"qqx\" is not in the vocabulary: \"q\" takes its place"));
    expect_tokens(pipe, "\"Water is [MASK] cold.\"", "{\"targets\": null}", "red z");
    ap_pipeline_destroy(pipe);
}

void test_tokenizer_kwargs_replace_those_of_the_creation(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline(
        "bert-mlm",
        "{" FM ", \"top_k\": 1, \"tokenizer_kwargs\": {\"truncation\": true, \"max_length\": 5}}");
    support_call_fails(pipe, "\"a b c d [MASK]\"", NULL, AP_EINVAL,
                       "no mask_token ([MASK]) found in the input");
    ap_value *out =
        support_call(pipe, "\"a b c d [MASK]\"", "{\"tokenizer_kwargs\": {\"truncation\": true}}");
    ap_value *padded =
        support_call(pipe, "\"a b c d [MASK]\"",
                     "{\"tokenizer_kwargs\": {\"padding\": \"max_length\", \"max_length\": 20}}");
    assert_true(support_difference(out, padded) < 1e-5); /* Padding does not show. */
    ap_value_destroy(out);
    ap_value_destroy(padded);
    ap_pipeline_destroy(pipe);
}

void test_failures(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("bert-mlm", "{" FM "}");
    support_call_fails(pipe, "\"\"", NULL, AP_EINVAL, "no mask_token ([MASK]) found in the input");
    support_call_fails(pipe, "[\"a [MASK]\", \"b\"]", NULL, AP_EINVAL, "input 1: no mask_token");
    support_call_fails(pipe, "5", NULL, AP_EINVAL, "text input: expected a string, found int");
    support_call_fails(pipe, "\"[MASK]\"", "{\"targets\": []}", AP_EINVAL, "at least one target is needed");
    support_call_fails(pipe, "\"[MASK]\"", "{\"targets\": [\"\"]}", AP_EINVAL, "none of them is a token");
    support_call_fails(pipe, "\"[MASK]\"", "{\"targets\": 5}", AP_ETYPE,
                       "a string or a list of strings, found int");
    support_call_fails(pipe, "\"[MASK]\"", "{\"targets\": [5]}", AP_EINVAL,
                       "targets: expected a string, found int");
    support_call_fails(pipe, "\"[MASK]\"", "{\"top_k\": -1}", AP_EINVAL, "top_k: -1 is out of range");
    support_call_fails(pipe, "\"[MASK]\"", "{\"top_k\": 1000000}", AP_EINVAL, "1000000 is out of range");
    support_call_fails(pipe, "\"[MASK]\"", "{\"tokenizer_kwargs\": {\"x\": 1}}", AP_EINVAL,
                       "tokenizer_kwargs has no parameter \"x\"");
    ap_pipeline_destroy(pipe);
}

void test_failures_at_creation(void **state) {
    ap_error err = AP_ERROR_INIT;
    (void)state;
    assert_int_equal(support_pipeline_fails("bert-sst2", "{" FM "}", &err), AP_EINVAL);
    assert_non_null(strstr(err.message, "fill-mask needs [batch_size, sequence_length, vocab_size]"));
    assert_int_equal(support_pipeline_fails("bert-mlm", "{" FM ", \"targets\": []}", &err), AP_EINVAL);
    assert_non_null(strstr(err.message, "at least one target is needed"));
}

/* A tokenizer without a mask token, in a folder of its own. */
void test_no_mask_token(void **state) {
    ap_error err = AP_ERROR_INIT;
    ap__path folder;
    char more[AP__PATH_MAX + 64];
    (void)state;
    tempdir_create(&folder);
    tempdir_write_text(&folder, "tokenizer.json",
                       "{\"model\": {\"type\": \"WordLevel\", \"unk_token\": \"a\", \"vocab\": {\"a\": 0}}}");
    tempdir_write_text(&folder, "tokenizer_config.json",
                       "{\"tokenizer_class\": \"PreTrainedTokenizerFast\"}");
    snprintf(more, sizeof more, "{" FM ", \"tokenizer\": \"%s\"}", folder.text);
    assert_int_equal(support_pipeline_fails("bert-mlm", more, &err), AP_EINVAL);
    assert_non_null(strstr(err.message, "the tokenizer does not define a mask_token"));
    tempdir_remove(&folder);
}

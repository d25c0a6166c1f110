/* text2text-generation, summarization, translation: shapes of results, prefixes, languages, warnings. */
#include "unit/support/check.h"
#include "unit/support/pipelines.h"
#include "unit/support/values.h"

#include <string.h>

int group_setup(void **state) {
    (void)state;
    support_use_build_plugins();
    return 0;
}

static char *result_of(const ap_pipeline *pipe, const char *inputs, const char *params) {
    ap_value *result = support_call(pipe, inputs, params);
    char *json = json_of(result);
    ap_value_destroy(result);
    return json;
}

static const char SHORT[] = "{\"max_new_tokens\": 5}";

void test_lists_are_flat_where_each_has_one(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("bart-cnn", "{\"task\": \"text2text-generation\"}");
    ap_value *one = support_call(pipe, "\"Thank you!\"", SHORT);
    ap_value *list = support_call(pipe, "[\"Thank you!\", \"No.\"]", SHORT);
    ap_value *many = support_call(pipe, "[\"Thank you!\", \"No.\"]",
                                  "{\"max_new_tokens\": 5, \"num_return_sequences\": 2}");
    assert_int_equal(AP_KIND_DICT, ap_value_kind(ap_value_list_get(list, 0)));
    char *a = json_of(ap_value_list_get(one, 0)), *b = json_of(ap_value_list_get(list, 0));
    assert_string_equal(a, b);
    assert_int_equal(2, ap_value_len(ap_value_list_get(many, 0)));
    ap_string_destroy(a);
    ap_string_destroy(b);
    ap_value_destroy(one);
    ap_value_destroy(list);
    ap_value_destroy(many);
    ap_pipeline_destroy(pipe);
}

/* The name of the task decides prefix and values in task_specific_params. */
void test_the_name_of_the_task_counts(void **state) {
    (void)state;
    ap_pipeline *german = support_pipeline("t5-mini", "{\"task\": \"translation_en_to_de\"}");
    ap_pipeline *first = support_pipeline("t5-mini", "{\"task\": \"translation\"}");
    ap_pipeline *none = support_pipeline("t5-mini", "{\"task\": \"translation_xx_to_yy\"}");
    char *a = result_of(german, "\"No.\"", SHORT), *b = result_of(first, "\"No.\"", SHORT);
    char *c = result_of(none, "\"No.\"", SHORT),
         *d = result_of(none, "\"translate English to German: No.\"", SHORT);
    assert_string_equal(a, b);
    assert_string_not_equal(a, c);
    assert_string_equal(a, d);
    ap_string_destroy(a);
    ap_string_destroy(b);
    ap_string_destroy(c);
    ap_string_destroy(d);
    ap_pipeline_destroy(german);
    ap_pipeline_destroy(first);
    ap_pipeline_destroy(none);
    ap_error err = AP_ERROR_INIT;
    assert_fails(support_pipeline_fails("t5-mini", "{\"task\": \"translation_en_de\"}", &err), AP_EKEY, &err,
                 "unknown task \"translation_en_de\"");
}

void test_languages(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("m2m100-multi", "{\"task\": \"translation\"}");
    ap_pipeline *named = support_pipeline("m2m100-multi", "{\"task\": \"translation_en_to_it\"}");
    support_call_fails(pipe, "\"No.\"", NULL, AP_EINVAL, "needs src_lang and tgt_lang; both are missing");
    support_call_fails(pipe, "\"No.\"", "{\"src_lang\": \"en\"}", AP_EINVAL, "tgt_lang is missing");
    support_call_fails(pipe, "\"No.\"", "{\"src_lang\": \"en\", \"tgt_lang\": \"qq\"}", AP_EKEY, "qq");
    char *a = result_of(named, "\"No.\"", SHORT);
    char *b =
        result_of(pipe, "\"No.\"", "{\"max_new_tokens\": 5, \"src_lang\": \"en\", \"tgt_lang\": \"it\"}");
    assert_string_equal(a, b);
    ap_string_destroy(a);
    ap_string_destroy(b);
    ap_pipeline_destroy(pipe);
    ap_pipeline_destroy(named);
}

void test_company_changes_nothing(void **state) {
    static const char *const inputs[] = {"\"The train to Berlin leaves at eight.\"", "\"Thank you!\"",
                                         "\"No.\"", "\"I would like a cup of coffee, please.\""};
    (void)state;
    ap_pipeline *pipe =
        support_pipeline("marian-en-de", "{\"task\": \"translation\", \"max_new_tokens\": 12}");
    ap_value *together =
        support_call(pipe,
                     "[\"The train to Berlin leaves at eight.\", \"Thank you!\", \"No.\", \"I would "
                     "like a cup of coffee, please.\"]",
                     NULL);
    for (size_t i = 0; i < 4; i++) {
        ap_value *alone = support_call(pipe, inputs[i], NULL);
        char *a = json_of(ap_value_list_get(alone, 0)), *b = json_of(ap_value_list_get(together, i));
        assert_string_equal(a, b);
        ap_string_destroy(a);
        ap_string_destroy(b);
        ap_value_destroy(alone);
    }
    ap_value_destroy(together);
    ap_pipeline_destroy(pipe);
}

static void count_pieces(size_t input, size_t sequence, const char *text, size_t len, void *ctx) {
    size_t *n = ctx;
    (void)input;
    (void)sequence;
    (void)text;
    *n += len;
}

void test_pieces(void **state) {
    size_t n_bytes = 0;
    ap_error err = AP_ERROR_INIT;
    ap_call_options options = AP_CALL_OPTIONS_INIT;
    ap_value *input = value_of("\"Thank you!\""), *result = NULL;
    (void)state;
    ap_pipeline *pipe = support_pipeline(
        "bart-cnn", "{\"task\": \"summarization\", \"num_beams\": 1, \"max_new_tokens\": 9}");
    options.piece = count_pieces;
    options.piece_ctx = &n_bytes;
    assert_ok(ap_pipeline_call_with(&result, pipe, input, NULL, &options, &err), &err);
    size_t len;
    ap_value_get_string(ap_value_dict_get(ap_value_list_get(result, 0), "summary_text"), &len);
    assert_int_equal(len, n_bytes);
    ap_value_destroy(input);
    ap_value_destroy(result);
    ap_pipeline_destroy(pipe);
}

void test_warnings(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("bart-cnn", "{\"task\": \"summarization\"}");
    support_warnings();
    ap_value *result = support_call(pipe, "\"No.\"", "{\"min_length\": 40, \"max_length\": 10}");
    const char *warnings = support_warnings();
    assert_non_null(strstr(warnings, "min_length 40 is above max_length 10"));
    assert_non_null(strstr(warnings, "a summary is expected to be shorter"));
    ap_value_destroy(result);
    ap_pipeline_destroy(pipe);
}

void test_failures(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("bart-cnn", "{\"task\": \"summarization\"}");
    support_call_fails(pipe, "3", NULL, AP_ETYPE, "text input: expected a string, found int");
    support_call_fails(pipe, "\"a\"", "{\"num_beams\": 1, \"num_return_sequences\": 2}", AP_EINVAL,
                       "num_return_sequences");
    char text[4000] = "\"";
    for (int i = 0; i < 900; i++) strcat(text, "a b ");
    strcat(text, "\"");
    support_call_fails(pipe, text, NULL, AP_EINVAL, "positions; truncation=true cuts it");
    ap_pipeline_destroy(pipe);
}

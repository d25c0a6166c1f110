/* ap_tokenizer_apply_chat_template(): from a folder, and with a template of the caller's. */
#include <accelpipe/accelpipe.h>

#include "unit/support/check.h"
#include "unit/support/tempdir.h"
#include "unit/support/torture.h"
#include "unit/support/values.h"

#include <string.h>

#define TOKENIZER                                                                                            \
    "{\"version\": \"1.0\", \"added_tokens\": [], \"normalizer\": null, \"pre_tokenizer\": {\"type\": "      \
    "\"Whitespace\"}, \"post_processor\": null, \"decoder\": null, \"model\": {\"type\": \"WordLevel\", "    \
    "\"vocab\": {\"<unk>\": 0, \"hi\": 1, \"<s>\": 2}, \"unk_token\": \"<unk>\"}}"

static ap_tokenizer *folder_tokenizer(ap__path *folder, const char *chat) {
    ap_error err = AP_ERROR_INIT;
    ap_tokenizer *tokenizer = NULL;
    tempdir_create(folder);
    tempdir_write_text(folder, "tokenizer.json", TOKENIZER);
    tempdir_write_text(folder, "tokenizer_config.json", "{\"bos_token\": \"<s>\"}");
    if (chat) tempdir_write_text(folder, "chat_template.jinja", chat);
    assert_ok(ap_tokenizer_create(&tokenizer, folder->text, &err), &err);
    return tokenizer;
}

static void expect(const ap_tokenizer *tokenizer, const ap_chat_options *options, const char *expected) {
    ap_error err = AP_ERROR_INIT;
    ap_value *messages = value_of("[{\"role\": \"user\", \"content\": \"hi\"}]");
    char *text = NULL;
    size_t len = 0;
    assert_ok(ap_tokenizer_apply_chat_template(&text, &len, tokenizer, messages, options, &err), &err);
    assert_string_equal(text, expected);
    assert_int_equal(len, strlen(expected));
    ap_string_destroy(text);
    ap_value_destroy(messages);
}

static void expect_failure(const ap_tokenizer *tokenizer, const ap_chat_options *options, ap_status status,
                           const char *message) {
    ap_error err = AP_ERROR_INIT;
    ap_value *messages = value_of("[{\"role\": \"user\", \"content\": \"hi\"}]");
    char *text = "";
    assert_fails(ap_tokenizer_apply_chat_template(&text, NULL, tokenizer, messages, options, &err), status,
                 &err, message);
    assert_null(text);
    ap_value_destroy(messages);
}

void test_template_of_the_folder(void **state) {
    (void)state;
    ap__path folder;
    ap_tokenizer *tokenizer = folder_tokenizer(
        &folder, "{{ bos_token }}{{ messages[0].content }}{{ x }}{{ add_generation_prompt }}");
    ap_value *variables = value_of("{\"x\": 1.5}");
    ap_chat_options options = AP_CHAT_OPTIONS_INIT;
    expect(tokenizer, NULL, "<s>hiFalse");
    options.variables = variables;
    options.add_generation_prompt = AP_SWITCH_ON;
    expect(tokenizer, &options, "<s>hi1.5True");
    options.continue_final_message = AP_SWITCH_ON;
    expect_failure(tokenizer, &options, AP_EINVAL, "conflict");
    options.add_generation_prompt = AP_SWITCH_OFF;
    expect(tokenizer, &options, "<s>hi");
    options.add_generation_prompt = (ap_switch)7;
    expect_failure(tokenizer, &options, AP_EINVAL, "add_generation_prompt is 7");
    options.struct_size = 4;
    expect_failure(tokenizer, &options, AP_EINVAL, "ap_chat_options: struct_size is 4");
    ap_value_destroy(variables);
    ap_tokenizer_destroy(tokenizer);
    tempdir_remove(&folder);
}

void test_template_of_the_caller(void **state) {
    (void)state;
    ap__path folder;
    ap_tokenizer *of_folder = folder_tokenizer(&folder, NULL), *of_json = NULL;
    ap_chat_options options = AP_CHAT_OPTIONS_INIT;
    ap_error err = AP_ERROR_INIT;
    assert_ok(ap_tokenizer_create_from_json(&of_json, TOKENIZER, AP_NUL_TERMINATED, &err), &err);
    expect_failure(of_folder, NULL, AP_EINVAL, "no chat template");
    expect_failure(of_json, NULL, AP_EINVAL, "no chat template");
    options.chat_template = "[{{ bos_token }}]";
    expect(of_folder, &options, "[<s>]");
    expect(of_json, &options, "[]");
    options.chat_template = "{{ messages[0].content.nothing.at_all }}";
    expect_failure(of_json, &options, AP_EKEY, "line 1, column 31: a str has no attribute \"nothing\"");
    ap_tokenizer_destroy(of_folder);
    ap_tokenizer_destroy(of_json);
    tempdir_remove(&folder);
}

static ap_status create_and_apply(void *context, ap_error *err) {
    const ap__path *folder = context;
    ap_tokenizer *tokenizer = NULL;
    ap_value *messages = NULL;
    char *text = NULL;
    ap_status status = ap_tokenizer_create(&tokenizer, folder->text, err);
    if (!status) status = ap_value_from_json(&messages, "[{\"content\": \"hi\"}]", AP_NUL_TERMINATED, err);
    if (!status) status = ap_tokenizer_apply_chat_template(&text, NULL, tokenizer, messages, NULL, err);
    if (status) assert_null(text);
    ap_string_destroy(text);
    ap_value_destroy(messages);
    ap_tokenizer_destroy(tokenizer);
    return status;
}

void test_torture(void **state) {
    (void)state;
    ap__path folder;
    ap_tokenizer_destroy(
        folder_tokenizer(&folder, "{{ bos_token ~ messages | map(attribute='content') | join }}"));
    torture(create_and_apply, &folder);
    tempdir_remove(&folder);
}

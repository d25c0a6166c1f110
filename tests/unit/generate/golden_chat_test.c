/* Conversations in the formats of well-known models, rendered as transformers renders them: the templates of
 * tests/data/chat/templates, and the answers that tools/golden/make_chat.py took. */
#include "generate/chat/chat_template.h"

#include "base/file.h"
#include "base/utf8.h"
#include "unit/support/check.h"
#include "unit/support/tempdir.h"
#include "value/json.h"

#include <accelpipe/value.h>
#include <stdio.h>
#include <string.h>

#define FOLDER AP_TEST_DATA_DIR "/chat"

/* As Clock in make_chat.py. */
static const ap__jinja_time NOW = {2024, 7, 26, 13, 5, 9, 0};

static ap_value *read_cases(void) {
    ap_error err = AP_ERROR_INIT;
    ap_value *cases = NULL;
    assert_ok(ap__value_from_json_file(&cases, FOLDER "/cases.json", (size_t)64 << 20, &err), &err);
    return cases;
}

/* A model folder with one of the templates. */
static ap__chat_templates *load(const ap_value *cases, const char *name) {
    ap_error err = AP_ERROR_INIT;
    ap__path folder, path;
    ap__bytes file = {0};
    char *config = NULL;
    ap__chat_templates *templates = NULL;
    tempdir_create(&folder);
    assert_ok(ap__path_format(&path, &err, "%s/templates/%s.jinja", FOLDER, name), &err);
    assert_ok(ap__file_read(&file, path.text, (size_t)1 << 20, &err), &err);
    tempdir_write(&folder, "chat_template.jinja", file.ptr, file.len);
    assert_ok(ap_value_to_json(&config, NULL, ap_value_dict_get(cases, "tokens"), AP_JSON_COMPACT, &err),
              &err);
    tempdir_write_text(&folder, "tokenizer_config.json", config);
    assert_ok(ap__chat_templates_load(&templates, folder.text, NULL, &err), &err);
    ap_string_destroy(config);
    ap__bytes_clear(&file);
    tempdir_remove(&folder);
    return templates;
}

static const ap_value *named(const ap_value *cases, const char *set, const ap_value *one, const char *key) {
    const ap_value *name = ap_value_dict_get(one, key);
    return name ? ap_value_dict_get(ap_value_dict_get(cases, set), ap_value_get_string(name, NULL)) : NULL;
}

static bool has_spans(const ap_value *one, const ap__jinja_text *text) {
    const ap_value *spans = ap_value_dict_get(one, "spans");
    if (!spans) return true;
    bool holds = ap_value_len(spans) == text->n_generated;
    for (size_t i = 0; i < ap_value_len(spans) && holds; i++) {
        const ap_value *span = ap_value_list_get(spans, i);
        holds = ap_value_get_int(ap_value_list_get(span, 0)) == (int64_t)text->generated[i].start &&
                ap_value_get_int(ap_value_list_get(span, 1)) == (int64_t)text->generated[i].end;
    }
    return holds;
}

/* Whether the answer is the expected one; otherwise shows both. */
static bool check_case(const ap_value *cases, const char *name, const ap__chat_templates *templates,
                       const ap_value *one) {
    ap_error err = AP_ERROR_INIT;
    ap__jinja_text text;
    size_t len = 0;
    const char *expected = ap_value_get_string(ap_value_dict_get(one, "text"), &len);
    ap__chat_request request = {
        .messages = named(cases, "conversations", one, "messages"),
        .tools = named(cases, "tools", one, "tools"),
        .documents = named(cases, "documents", one, "documents"),
        .more = ap_value_dict_get(one, "more"),
        .add_generation_prompt = ap_value_get_bool(ap_value_dict_get(one, "add_generation_prompt")),
        .continue_final_message = ap_value_get_bool(ap_value_dict_get(one, "continue_final_message")),
        .now = &NOW};
    ap_status status = ap__chat_render(&text, templates, &request, &err);
    bool holds = expected
                     ? !status && text.len == len && !memcmp(text.ptr, expected, len) && has_spans(one, &text)
                     : status != AP_OK;
    if (status) holds = holds && strlen(err.message) && !strchr(err.message, '\n');
    if (!holds) {
        char *json = NULL;
        ap_value_to_json(&json, NULL, one, AP_JSON_COMPACT, NULL);
        fprintf(stderr, "%s: %s\n  found: %s\n", name, json ? json : "", status ? err.message : text.ptr);
        ap_string_destroy(json);
    }
    ap__jinja_text_clear(&text);
    return holds;
}

void test_formats_of_models(void **state) {
    (void)state;
    ap_value *cases = read_cases();
    const ap_value *templates = ap_value_dict_get(cases, "templates");
    size_t n_wrong = 0, n_cases = 0;
    for (size_t i = 0; i < ap_value_len(templates); i++) {
        const char *name;
        const ap_value *list = ap_value_dict_at(templates, i, &name);
        ap__chat_templates *own = load(cases, name);
        for (size_t k = 0; k < ap_value_len(list); k++, n_cases++)
            n_wrong += !check_case(cases, name, own, ap_value_list_get(list, k));
        ap__chat_templates_destroy(own);
    }
    assert_int_equal(n_wrong, 0);
    assert_true(ap_value_len(templates) >= 25 && n_cases >= 1000);
    ap_value_destroy(cases);
}

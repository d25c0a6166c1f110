/* Chat templates of a folder: which one is chosen, what it sees, and going on with the last message. */
#include "generate/chat/chat_template.h"

#include "unit/support/check.h"
#include "unit/support/tempdir.h"
#include "unit/support/torture.h"
#include "unit/support/values.h"

#include <stdio.h>
#include <string.h>

#define MESSAGES                                                                                             \
    "[{\"role\": \"user\", \"content\": \" Hi \"}, {\"role\": \"assistant\", \"content\": \"Hello \"}]"
#define CHAT                                                                                                 \
    "{{ bos_token }}{% for m in messages %}<{{ m.role }}>{{ m.content | trim }}{{ eos_token }}{% endfor %}"  \
    "{% if add_generation_prompt %}<assistant>{% endif %}"

static ap__chat_templates *load(const ap__path *folder) {
    ap_error err = AP_ERROR_INIT;
    ap__chat_templates *templates = NULL;
    assert_ok(ap__chat_templates_load(&templates, folder->text, NULL, &err), &err);
    return templates;
}

static void write_config(const ap__path *folder, const char *chat_template) {
    char json[2048];
    int n =
        snprintf(json, sizeof json, "{\"bos_token\": \"<s>\", \"eos_token\": {\"content\": \"</s>\"}%s%s}",
                 chat_template ? ", \"chat_template\": " : "", chat_template ? chat_template : "");
    tempdir_write(folder, "tokenizer_config.json", json, (size_t)n);
}

/* Renders MESSAGES, or `messages`, with what `request` says besides. */
static void expect(const ap__chat_templates *templates, ap__chat_request request, const char *messages,
                   const char *expected) {
    ap_error err = AP_ERROR_INIT;
    ap__jinja_text text;
    ap_value *value = value_of(messages ? messages : MESSAGES);
    request.messages = value;
    assert_ok(ap__chat_render(&text, templates, &request, &err), &err);
    assert_string_equal(text.ptr, expected);
    assert_int_equal(text.len, strlen(expected));
    ap__jinja_text_clear(&text);
    ap_value_destroy(value);
}

static void expect_failure(const ap__chat_templates *templates, ap__chat_request request,
                           const char *messages, ap_status status, const char *message) {
    ap_error err = AP_ERROR_INIT;
    ap__jinja_text text;
    ap_value *value = value_of(messages ? messages : MESSAGES);
    request.messages = value;
    assert_fails(ap__chat_render(&text, templates, &request, &err), status, &err, message);
    assert_null(text.ptr);
    ap_value_destroy(value);
}

void test_template_of_the_config(void **state) {
    (void)state;
    ap__path folder;
    tempdir_create(&folder);
    write_config(&folder, "\"" CHAT "\"");
    ap__chat_templates *templates = load(&folder);
    assert_int_equal(ap__chat_templates_get_n(templates), 1);
    expect(templates, (ap__chat_request){0}, NULL, "<s><user>Hi</s><assistant>Hello</s>");
    expect(templates, (ap__chat_request){.add_generation_prompt = true}, NULL,
           "<s><user>Hi</s><assistant>Hello</s><assistant>");
    expect(templates, (ap__chat_request){.chat_template = "{{ messages | length }}"}, NULL, "2");
    ap__chat_templates_destroy(templates);
    tempdir_remove(&folder);
}

void test_named_templates(void **state) {
    (void)state;
    ap__path folder;
    ap_value *tools = value_of("[{\"name\": \"f\"}]"), *none = value_of("[]");
    tempdir_create(&folder);
    write_config(&folder, "[{\"name\": \"default\", \"template\": \"D{{ tools }}\"},"
                          " {\"name\": \"tool_use\", \"template\": \"T{{ tools | length }}\"},"
                          " {\"name\": \"broken\", \"template\": \"{{ 1 + }}\"}]");
    ap__chat_templates *templates = load(&folder);
    expect(templates, (ap__chat_request){0}, NULL, "DNone");
    expect(templates, (ap__chat_request){.tools = tools}, NULL, "T1");
    expect(templates, (ap__chat_request){.tools = none}, NULL, "T0");
    expect(templates, (ap__chat_request){.tools = tools, .chat_template = "default"}, NULL,
           "D[{'name': 'f'}]");
    expect_failure(templates, (ap__chat_request){.chat_template = "broken"}, NULL, AP_EFORMAT,
                   "chat template \"broken\": line 1, column 8: expected an expression, found \"}}\"");
    ap__chat_templates_destroy(templates);
    ap_value_destroy(tools);
    ap_value_destroy(none);
    tempdir_remove(&folder);
}

void test_files_go_before_the_config(void **state) {
    (void)state;
    ap__path folder;
    tempdir_create(&folder);
    write_config(&folder, "\"config\"");
    tempdir_write_text(&folder, "chat_template.jinja", "file\n");
    ap__chat_templates *templates = load(&folder);
    expect(templates, (ap__chat_request){0}, NULL, "file");
    expect(templates, (ap__chat_request){.chat_template = "default"}, NULL, "default");
    ap__chat_templates_destroy(templates);
    tempdir_write_text(&folder, "additional_chat_templates/rag.jinja", "rag {{ documents | length }}");
    templates = load(&folder);
    ap_value *documents = value_of("[{\"title\": \"a\", \"text\": \"b\"}]");
    expect(templates, (ap__chat_request){0}, NULL, "file");
    expect(templates, (ap__chat_request){.chat_template = "rag", .documents = documents}, NULL, "rag 1");
    ap__chat_templates_destroy(templates);
    ap_value_destroy(documents);
    tempdir_remove(&folder);
}

void test_no_template(void **state) {
    (void)state;
    ap__path folder;
    tempdir_create(&folder);
    write_config(&folder, NULL);
    ap__chat_templates *templates = load(&folder);
    assert_int_equal(ap__chat_templates_get_n(templates), 0);
    expect_failure(templates, (ap__chat_request){0}, NULL, AP_EINVAL, "the model has no chat template");
    expect(templates, (ap__chat_request){.chat_template = "{{ bos_token }}"}, NULL, "<s>");
    ap__chat_templates_destroy(templates);
    write_config(&folder, "[{\"name\": \"b\", \"template\": \"\"}, {\"name\": \"a\", \"template\": \"\"}]");
    templates = load(&folder);
    expect_failure(templates, (ap__chat_request){0}, NULL, AP_EINVAL, "no default: name one of them (b, a)");
    ap__chat_templates_destroy(templates);
    tempdir_remove(&folder);
}

void test_continue_final_message(void **state) {
    (void)state;
    ap__path folder;
    const ap__chat_request goes_on = {.continue_final_message = true};
    tempdir_create(&folder);
    write_config(&folder, "\"" CHAT "\"");
    ap__chat_templates *templates = load(&folder);
    expect(templates, goes_on, NULL, "<s><user>Hi</s><assistant>Hello");
    ap__chat_request keeps = {.continue_final_message = true, .chat_template = "{{ messages[-1].content }}|"};
    expect(templates, keeps, NULL, "Hello ");
    expect(templates, keeps, "[{\"content\": \"  a b  \"}]", "  a b");
    expect(templates, keeps, "[{\"content\": \"\"}]", "|");
    ap__chat_request parts = {.continue_final_message = true,
                              .chat_template =
                                  "{{ messages[-1].content[1].text }}{{ messages[-1].content[0].text }}|"};
    expect(templates, parts, "[{\"content\": [{\"text\": \"a\"}, {\"text\": \"b\"}, {\"image\": 1}]}]", "b");
    expect_failure(templates,
                   (ap__chat_request){.continue_final_message = true, .add_generation_prompt = true}, NULL,
                   AP_EINVAL, "continue_final_message and add_generation_prompt");
    ap__chat_request drops = {.continue_final_message = true, .chat_template = "nothing"};
    expect_failure(templates, drops, NULL, AP_EINVAL, "the last message is not in the text");
    expect_failure(templates, goes_on, "[{\"role\": \"user\", \"content\": null}]", AP_ETYPE,
                   "the last message has no text");
    ap__chat_templates_destroy(templates);
    tempdir_remove(&folder);
}

void test_further_variables(void **state) {
    (void)state;
    ap__path folder;
    ap_value *more = value_of("{\"bos_token\": \"B\", \"enable_thinking\": false}");
    tempdir_create(&folder);
    write_config(&folder, "\"{{ bos_token }}{{ enable_thinking }}{{ eos_token }}\"");
    ap__chat_templates *templates = load(&folder);
    expect(templates, (ap__chat_request){.more = more}, NULL, "BFalse</s>");
    ap__chat_templates_destroy(templates);
    ap_value_destroy(more);
    tempdir_remove(&folder);
}

void test_what_is_refused(void **state) {
    (void)state;
    ap__path folder;
    ap_value *text = value_of("\"x\""), *numbers = value_of("[1]");
    tempdir_create(&folder);
    write_config(&folder, "\"{{ raise_exception('roles ' + 'alternate') }}\"");
    ap__chat_templates *templates = load(&folder);
    expect_failure(templates, (ap__chat_request){0}, NULL, AP_EINVAL,
                   "chat template: line 1, column 4: roles alternate");
    expect_failure(templates, (ap__chat_request){0}, "[]", AP_ETYPE, "messages: expected a list");
    expect_failure(templates, (ap__chat_request){0}, "{}", AP_ETYPE, "messages: expected a list");
    expect_failure(templates, (ap__chat_request){.tools = text}, NULL, AP_ETYPE,
                   "tools: expected a list, found string");
    expect_failure(templates, (ap__chat_request){.documents = numbers}, NULL, AP_ETYPE,
                   "documents: expected a dict as item 0, found int");
    ap__chat_templates_destroy(templates);
    ap_value_destroy(text);
    ap_value_destroy(numbers);
    tempdir_remove(&folder);
}

static ap_status load_and_render(void *context, ap_error *err) {
    const ap__path *folder = context;
    ap__chat_templates *templates;
    ap__jinja_text text;
    ap_value *messages = NULL;
    ap_status status = ap__chat_templates_load(&templates, folder->text, NULL, err);
    if (!status) status = ap_value_from_json(&messages, MESSAGES, AP_NUL_TERMINATED, err);
    if (!status) {
        ap__chat_request request = {.messages = messages, .continue_final_message = true};
        status = ap__chat_render(&text, templates, &request, err);
        if (!status) ap__jinja_text_clear(&text);
    }
    ap_value_destroy(messages);
    ap__chat_templates_destroy(templates);
    return status;
}

void test_torture(void **state) {
    (void)state;
    ap__path folder;
    tempdir_create(&folder);
    write_config(&folder, "\"" CHAT "\"");
    torture(load_and_render, &folder);
    tempdir_remove(&folder);
}

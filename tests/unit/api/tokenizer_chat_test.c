/* ap_tokenizer_apply_chat_template(): from a folder, and with a template of the caller's. */
#include <accelpipe/accelpipe.h>

#include "unit/support/check.h"
#include "unit/support/tempdir.h"
#include "unit/support/torture.h"
#include "unit/support/values.h"

#include <pthread.h>
#include <stdio.h>
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

/* -- threads ------------------------------------------------------------------------------------------- */

enum { N_THREADS = 8, N_ROUNDS = 150, N_CHATS = 12, MAX_CHAT = 2048 };

#define BUSY                                                                                                 \
    "{%- macro put(m, n) -%}<{{ m.role }}:{{ n }}>{{ m.content | trim | upper }}{%- endmacro -%}"            \
    "{%- set ns = namespace(seen=[], n=0) -%}"                                                               \
    "{%- for m in messages %}{% set ns.n = ns.n + m.content | length %}{% set ns.seen = ns.seen + [m.role] " \
    "%}"                                                                                                     \
    "{{ put(m, loop.index) }}{% endfor -%}"                                                                  \
    "{{ ns.seen | unique | join(',') }}|{{ ns.n }}|{{ messages | tojson }}"                                  \
    "{% if add_generation_prompt %}<assistant>{% endif %}"

/* Chat `i` has i messages that no other one has. */
static ap_value *chat_of(unsigned i) {
    char json[MAX_CHAT] = "[";
    size_t at = 1;
    for (unsigned k = 0; k <= i; k++)
        at += (size_t)snprintf(json + at, sizeof json - at,
                               "%s{\"role\": \"%s\", \"content\": \" %u h\\u00e9 %u \"}", k ? ", " : "",
                               k % 2 ? "assistant" : "user", i, k * i);
    snprintf(json + at, sizeof json - at, "]");
    return value_of(json);
}

typedef struct writer {
    pthread_t thread;
    const ap_tokenizer *tokenizer;
    ap_value *const *chats;
    char *const *texts; /* [N_CHATS] What a thread alone writes. */
    unsigned first;
    size_t n_wrong;
} writer;

static char *write_chat(const ap_tokenizer *tokenizer, const ap_value *chat, unsigned i) {
    ap_error err = AP_ERROR_INIT;
    ap_chat_options options = AP_CHAT_OPTIONS_INIT;
    char *text = NULL;
    options.add_generation_prompt = i % 2 ? AP_SWITCH_ON : AP_SWITCH_OFF;
    /* Every third is written by a template that the call compiles. */
    if (i % 3 == 2)
        options.chat_template = "{{ messages | length }}{% for m in messages %}{{ m.content }}{% endfor %}";
    ap_status status = ap_tokenizer_apply_chat_template(&text, NULL, tokenizer, chat, &options, &err);
    return status ? NULL : text;
}

static void *write_chats(void *ctx) {
    writer *w = ctx;
    for (unsigned round = 0; round < N_ROUNDS; round++) {
        unsigned i = (w->first + round) % N_CHATS;
        char *text = write_chat(w->tokenizer, w->chats[i], i);
        w->n_wrong += !text || strcmp(text, w->texts[i]) != 0;
        ap_string_destroy(text);
    }
    return NULL;
}

/* Threads write other chats by one tokenizer's template, and each gets what it gets alone. */
void test_threads_share_a_template(void **state) {
    (void)state;
    ap__path folder;
    ap_tokenizer *tokenizer = folder_tokenizer(&folder, BUSY);
    ap_value *chats[N_CHATS];
    char *texts[N_CHATS];
    writer writers[N_THREADS];
    for (unsigned i = 0; i < N_CHATS; i++) {
        chats[i] = chat_of(i);
        texts[i] = write_chat(tokenizer, chats[i], i);
        assert_non_null(texts[i]);
        for (unsigned k = 0; k < i; k++) assert_string_not_equal(texts[i], texts[k]);
    }
    for (unsigned i = 0; i < N_THREADS; i++) {
        writers[i] = (writer){.tokenizer = tokenizer, .chats = chats, .texts = texts, .first = i * 5};
        assert_int_equal(0, pthread_create(&writers[i].thread, NULL, write_chats, &writers[i]));
    }
    for (unsigned i = 0; i < N_THREADS; i++) {
        pthread_join(writers[i].thread, NULL);
        assert_int_equal(0, writers[i].n_wrong);
    }
    for (unsigned i = 0; i < N_CHATS; i++) {
        ap_value_destroy(chats[i]);
        ap_string_destroy(texts[i]);
    }
    ap_tokenizer_destroy(tokenizer);
    tempdir_remove(&folder);
}

#include "chat.h"

#include "diag.h"

#include <string.h>

typedef struct conversation {
    ap_chat_options options;
    const ap_value *messages;
} conversation;

static ap_status read_switch(ap_switch *out, const char *key, const ap_value *value, ap_error *err) {
    ap_kind kind = ap_value_kind(value);
    if (kind != AP_KIND_BOOL && kind != AP_KIND_NULL)
        return cli_fail(err, AP_ETYPE, "\"%s\": expected true or false, found %s", key, ap_kind_name(kind));
    *out = ap_value_get_bool(value) ? AP_SWITCH_ON : AP_SWITCH_OFF;
    return AP_OK;
}

static ap_status read_field(conversation *c, const char *key, const ap_value *value, ap_error *err) {
    const struct {
        const char *key;
        const ap_value **out;
    } values[] = {{"messages", &c->messages},
                  {"tools", &c->options.tools},
                  {"documents", &c->options.documents},
                  {"variables", &c->options.variables}};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        if (strcmp(values[i].key, key) != 0) continue;
        *values[i].out = value;
        return AP_OK;
    }
    if (strcmp(key, "add_generation_prompt") == 0)
        return read_switch(&c->options.add_generation_prompt, key, value, err);
    if (strcmp(key, "continue_final_message") == 0)
        return read_switch(&c->options.continue_final_message, key, value, err);
    if (strcmp(key, "chat_template") != 0)
        return cli_fail(
            err, AP_EINVAL,
            "\"%.60s\" is no field of a conversation; variables of the template stand in \"variables\"", key);
    c->options.chat_template = ap_value_get_string(value, NULL);
    if (c->options.chat_template || ap_value_kind(value) == AP_KIND_NULL) return AP_OK;
    return cli_fail(err, AP_ETYPE, "\"chat_template\": expected a string, found %s",
                    ap_kind_name(ap_value_kind(value)));
}

ap_status cli_chat_render(char **out, size_t *len, const ap_tokenizer *tokenizer, const ap_value *value,
                          ap_error *err) {
    conversation c = {.options = AP_CHAT_OPTIONS_INIT, .messages = value};
    ap_status status = AP_OK;
    *out = NULL;
    if (ap_value_kind(value) == AP_KIND_DICT) c.messages = NULL;
    for (size_t i = 0; ap_value_kind(value) == AP_KIND_DICT && i < ap_value_len(value) && !status; i++) {
        const char *key;
        const ap_value *field = ap_value_dict_at(value, i, &key);
        status = read_field(&c, key, field, err);
    }
    return status ? status
                  : ap_tokenizer_apply_chat_template(out, len, tokenizer, c.messages, &c.options, err);
}

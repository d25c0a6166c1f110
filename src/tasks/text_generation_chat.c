/* Chats: messages to a prompt, and the answer back to messages. */
#include "tasks/text_generation.h"

#include "base/buf.h"
#include "base/error.h"
#include "generate/chat/chat_template.h"
#include "value/value.h"

#include <string.h>

/* -- messages ------------------------------------------------------------------------------------------ */

const ap_value *ap__chat_of_input(const ap_value *input) {
    if (ap_value_kind(input) == AP_KIND_LIST) return input;
    return ap_value_dict_get(input, "messages");
}

ap_status ap__chat_check(const ap_value *messages, ap_error *err) {
    if (ap_value_kind(messages) != AP_KIND_LIST || !ap_value_len(messages))
        return ap__fail(err, AP_EINVAL, "chat: expected a list of messages that is not empty");
    for (size_t i = 0; i < ap_value_len(messages); i++) {
        const ap_value *message = ap_value_list_get(messages, i);
        bool is_dict = ap_value_kind(message) == AP_KIND_DICT;
        if (!is_dict || !ap_value_dict_get(message, "role") || !ap_value_dict_get(message, "content"))
            return ap__fail(err, AP_EINVAL,
                            "chat: message %zu: expected a dict with \"role\" and \"content\"%s%s", i,
                            is_dict ? "" : ", found ", is_dict ? "" : ap_kind_name(ap_value_kind(message)));
    }
    return AP_OK;
}

bool ap__chat_continues(const ap__text_generation_opts *o, const ap_value *messages) {
    size_t n = ap_value_len(messages);
    const ap_value *last = n ? ap_value_list_get(messages, n - 1) : NULL;
    return ap__opt_boolean(&o->continue_final_message,
                           ap__value_is_text(ap_value_dict_get(last, "role"), "assistant"));
}

static ap_status add_to_last(ap_value *messages, const char *text, size_t len, ap_error *err) {
    ap_value *last = ap__list_item(messages, ap_value_len(messages) - 1);
    ap_value *content = ap__dict_find(last, "content", 7);
    ap__buf joined = {0};
    ap__text before;
    before.ptr = ap_value_get_string(content, &before.len);
    if (!before.ptr)
        return ap__fail(err, AP_ETYPE,
                        "chat: the content of the last message is %s: only text can be gone on with",
                        ap_kind_name(ap_value_kind(content)));
    ap_status status = ap__buf_append(&joined, before.ptr, before.len, err);
    if (!status) status = ap__buf_append(&joined, text, len, err);
    if (!status) {
        ap__value_clear(content);
        status = ap__value_set_string(content, ap__buf_text(&joined), joined.len, err);
    }
    ap__buf_clear(&joined);
    return status;
}

ap_status ap__chat_add_answer(ap_value *out, const ap__text_generation_opts *o, const ap_value *messages,
                              const char *text, size_t len, ap_error *err) {
    ap_value *answer, *content;
    ap_status status = ap__value_assign(out, messages, err);
    if (status) return status;
    if (ap__chat_continues(o, messages)) return add_to_last(out, text, len, err);
    if ((status = ap__list_add(&answer, out, err))) return status;
    ap__value_set_dict(answer);
    status = ap__dict_set_text(answer, "role", "assistant", err);
    if (!status) status = ap__dict_add(&content, answer, "content", 7, err);
    return status ? status : ap__value_set_string(content, text, len, err);
}

/* -- rendering ----------------------------------------------------------------------------------------- */

static const ap_value *opt_value(const ap_opt *opt) { return ap__opt_is_set(opt) ? opt->as.value : NULL; }

ap_status ap__chat_encode(ap_value *feed, const ap_task_context *ctx, const ap__text_generation_opts *o,
                          const ap_value *messages, const ap__tokenizer_opts *tokenizer, ap_error *err) {
    bool continues = ap__chat_continues(o, messages);
    ap__chat_request request = {.messages = messages,
                                .tools = opt_value(&o->tools),
                                .documents = opt_value(&o->documents),
                                .more = opt_value(&o->chat_template_kwargs),
                                .add_generation_prompt = !continues,
                                .continue_final_message = continues};
    ap__tokenizer_opts plain = *tokenizer;
    ap__jinja_text text = {0};
    ap_status status = ap__chat_render(&text, ctx->chat_templates, &request, err);
    if (status) return status;
    plain.add_special_tokens = (ap_opt){.origin = AP_ORIGIN_CALL};
    if (!ap__opt_is_set(&plain.truncation)) /* apply_chat_template() does not cut unless it is asked to. */
        plain.truncation = (ap_opt){.origin = AP_ORIGIN_CALL, .as.integer = AP__TRUNCATION_OFF};
    ap__text_input input = {.text = {text.ptr, text.len}};
    status = ap__tokenize(feed, ctx->tokenizer, &input, &plain, err);
    ap__jinja_text_clear(&text);
    return status;
}

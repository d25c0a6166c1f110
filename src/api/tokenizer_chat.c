/* Conversations to text. */
#include "api/tokenizer_impl.h"
#include "base/alloc.h"
#include "base/error.h"
#include "base/path.h"

static ap_status check_switch(const char *name, ap_switch value, ap_error *err) {
    if ((int)value >= 0 && value <= AP_SWITCH_ON) return AP_OK;
    return ap__fail(err, AP_EINVAL, "%s is %d, expected 0 to %d", name, (int)value, AP_SWITCH_ON);
}

static ap_status read_options(ap_chat_options *out, const ap_chat_options *given, ap_error *err) {
    ap_status status = given ? ap__options_copy(out, sizeof *out, given, "ap_chat_options", err) : AP_OK;
    if (!status) status = check_switch("add_generation_prompt", out->add_generation_prompt, err);
    return status ? status : check_switch("continue_final_message", out->continue_final_message, err);
}

static ap_status render(ap__jinja_text *out, const ap_tokenizer *tokenizer, const ap__chat_request *request,
                        ap_error *err) {
    ap__chat_templates *own = NULL;
    if (tokenizer->chat) return ap__chat_render(out, tokenizer->chat, request, err);
    const char *folder = ap__path_is_dir(tokenizer->name) ? tokenizer->name : NULL;
    ap_status status = ap__chat_templates_load(&own, folder, tokenizer->impl, err);
    if (!status) status = ap__chat_render(out, own, request, err);
    ap__chat_templates_destroy(own);
    return status;
}

ap_status ap_tokenizer_apply_chat_template(char **out, size_t *len_bytes, const ap_tokenizer *tokenizer,
                                           const ap_value *messages, const ap_chat_options *options,
                                           ap_error *err) {
    ap_chat_options o = AP_CHAT_OPTIONS_INIT;
    ap__jinja_text text;
    if (!out || !tokenizer)
        return ap__fail(err, AP_EINVAL, "ap_tokenizer_apply_chat_template: out or tokenizer is NULL");
    *out = NULL;
    ap_status status = read_options(&o, options, err);
    if (status) return status;
    ap__chat_request request = {.messages = messages,
                                .tools = o.tools,
                                .documents = o.documents,
                                .more = o.variables,
                                .chat_template = o.chat_template,
                                .add_generation_prompt = o.add_generation_prompt == AP_SWITCH_ON,
                                .continue_final_message = o.continue_final_message == AP_SWITCH_ON};
    if ((status = render(&text, tokenizer, &request, err))) return status;
    *out = text.ptr;
    if (len_bytes) *len_bytes = text.len;
    ap__free(text.generated);
    return AP_OK;
}

#include "generate/chat/chat_template.h"

#include "base/alloc.h"
#include "base/error.h"
#include "generate/chat/chat_files.h"
#include "generate/chat/strftime.h"
#include "generate/chat/text.h"
#include "value/value.h"

#include <string.h>

size_t ap__chat_templates_get_n(const ap__chat_templates *templates) { return templates->n; }

void ap__chat_templates_destroy(ap__chat_templates *templates) {
    if (!templates) return;
    for (size_t i = 0; i < templates->n; i++) {
        ap__free(templates->ptr[i].name);
        ap__jinja_destroy(templates->ptr[i].jinja);
    }
    ap__free(templates->ptr);
    ap__value_clear(&templates->special_tokens);
    ap__free(templates);
}

/* -- which template ------------------------------------------------------------------------------------ */

static const ap__named_template *find(const ap__chat_templates *templates, const char *name) {
    for (size_t i = 0; i < templates->n; i++)
        if (!strcmp(templates->ptr[i].name, name)) return &templates->ptr[i];
    return NULL;
}

static bool is_given(const ap_value *value) { return ap_value_kind(value) != AP_KIND_NULL; }

static ap_status fail_no_default(const ap__chat_templates *templates, ap_error *err) {
    char names[300] = "";
    size_t len = 0;
    for (size_t i = 0; i < templates->n; i++) {
        size_t n = strlen(templates->ptr[i].name);
        if (len + n + 3 > sizeof names) break;
        if (i) memcpy(names + len, ", ", 2), len += 2;
        memcpy(names + len, templates->ptr[i].name, n);
        len += n;
    }
    return ap__fail(
        err, AP_EINVAL,
        "the model has several chat templates and no default: name one of them (%.*s) as chat_template",
        (int)len, names);
}

/* One of the model's templates; *out is NULL where `chat_template` is itself a template. */
static ap_status choose(const ap__named_template **out, const ap__chat_templates *templates,
                        const ap__chat_request *request, ap_error *err) {
    *out = NULL;
    if (request->chat_template) {
        if (templates->is_dict) *out = find(templates, request->chat_template);
        return AP_OK;
    }
    if (!templates->n)
        return ap__fail(err, AP_EINVAL,
                        "the model has no chat template (chat_template.jinja, or \"chat_template\" in "
                        "tokenizer_config.json): give one as chat_template");
    if (templates->is_dict && is_given(request->tools)) *out = find(templates, "tool_use");
    if (!*out) *out = find(templates, "default");
    return *out ? AP_OK : fail_no_default(templates, err);
}

/* -- parameters ---------------------------------------------------------------------------------------- */

static ap_status check_dicts(const ap_value *list, const char *what, ap_error *err) {
    if (ap_value_kind(list) != AP_KIND_LIST)
        return ap__fail(err, AP_ETYPE, "%s: expected a list, found %s", what,
                        ap_kind_name(ap_value_kind(list)));
    for (size_t i = 0; i < ap_value_len(list); i++) {
        ap_kind kind = ap_value_kind(ap_value_list_get(list, i));
        if (kind != AP_KIND_DICT)
            return ap__fail(err, AP_ETYPE, "%s: expected a dict as item %zu, found %s", what, i,
                            ap_kind_name(kind));
    }
    return AP_OK;
}

static ap_status check(const ap__chat_request *request, ap_error *err) {
    ap_status status = AP_OK;
    if (request->continue_final_message && request->add_generation_prompt)
        return ap__fail(
            err, AP_EINVAL,
            "continue_final_message and add_generation_prompt conflict: the one goes on with the last "
            "message, the other begins a new one");
    if (ap_value_kind(request->messages) != AP_KIND_LIST || !ap_value_len(request->messages))
        return ap__fail(err, AP_ETYPE, "messages: expected a list of dicts with \"role\" and \"content\"");
    if (is_given(request->tools)) status = check_dicts(request->tools, "tools", err);
    if (!status && is_given(request->documents)) status = check_dicts(request->documents, "documents", err);
    if (!status && is_given(request->more) && ap_value_kind(request->more) != AP_KIND_DICT)
        return ap__fail(err, AP_ETYPE, "further variables of the template: expected a dict, found %s",
                        ap_kind_name(ap_value_kind(request->more)));
    return status;
}

/* -- going on with the last message --------------------------------------------------------------------- */

/* The text of the last message; of a list of parts, the last that has one. */
static ap_status final_text(ap__text *out, const ap_value *messages, ap_error *err) {
    const ap_value *last = ap_value_list_get(messages, ap_value_len(messages) - 1);
    const ap_value *content = ap_value_dict_get(last, "content");
    if (ap_value_kind(content) == AP_KIND_LIST) {
        const ap_value *parts = content;
        content = NULL;
        for (size_t i = ap_value_len(parts); i-- > 0 && !content;)
            content = ap_value_dict_get(ap_value_list_get(parts, i), "text");
        if (!content) return ap__fail(err, AP_EINVAL, "continue_final_message: the last message has no text");
    }
    out->ptr = ap_value_get_string(content, &out->len);
    if (out->ptr) return AP_OK;
    return ap__fail(err, AP_ETYPE, "continue_final_message: the last message has no text as its \"content\"");
}

/* Cuts the text behind the last message. White space around the message may have been trimmed by the
 * template: what is kept ends with the message as it is there. */
static ap_status cut(ap__jinja_text *text, const ap_value *messages, ap_error *err) {
    ap__text final, rendered = {text->ptr, text->len};
    ap_status status = final_text(&final, messages, err);
    if (status) return status;
    ap__text stripped = ap__jtext_strip(final, NULL, true, true);
    size_t at = ap__jtext_find_last(rendered, stripped);
    if (at == SIZE_MAX)
        return ap__fail(
            err, AP_EINVAL,
            "continue_final_message: the last message is not in the text, because the template changes it");
    bool is_whole = text->len - at >= final.len && !memcmp(text->ptr + at, final.ptr, final.len);
    text->len = at + (is_whole ? final.len : stripped.len);
    text->ptr[text->len] = '\0';
    return AP_OK;
}

/* -- rendering ----------------------------------------------------------------------------------------- */

static ap_status render_with(ap__jinja_text *out, const ap__jinja *jinja, const ap__chat_templates *templates,
                             const ap__chat_request *request, ap_error *err) {
    ap_value prompt = {0};
    ap__jinja_time now;
    ap__value_set_bool(&prompt, request->add_generation_prompt);
    const ap__jinja_variable variables[] = {{"messages", request->messages},
                                            {"tools", request->tools},
                                            {"documents", request->documents},
                                            {"add_generation_prompt", &prompt}};
    if (!request->now) ap__jinja_time_now(&now);
    ap__jinja_request jinja_request = {.dicts = {&templates->special_tokens, request->more},
                                       .variables = variables,
                                       .n_variables = sizeof variables / sizeof *variables,
                                       .now = request->now ? request->now : &now};
    ap_status status = ap__jinja_render(out, jinja, &jinja_request, err);
    if (status) return ap__error_wrap(err, status, "chat template");
    if (request->continue_final_message) status = cut(out, request->messages, err);
    if (status) ap__jinja_text_clear(out);
    return status;
}

ap_status ap__chat_render(ap__jinja_text *out, const ap__chat_templates *templates,
                          const ap__chat_request *request, ap_error *err) {
    const ap__named_template *chosen;
    ap__jinja *own = NULL;
    *out = (ap__jinja_text){0};
    ap_status status = check(request, err);
    if (!status) status = choose(&chosen, templates, request, err);
    if (status) return status;
    if (chosen && !chosen->jinja) return ap__fail(err, chosen->failure.status, "%s", chosen->failure.message);
    if (!chosen) {
        status = ap__jinja_create(&own, request->chat_template, strlen(request->chat_template), err);
        if (status) return ap__error_wrap(err, status, "chat_template");
    }
    status = render_with(out, chosen ? chosen->jinja : own, templates, request, err);
    ap__jinja_destroy(own);
    return status;
}

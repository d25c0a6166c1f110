/* The chat templates of a model, and conversations rendered with them.
 *
 * What is loaded is immutable; any number of threads may render with it at once.
 *
 * Source: transformers@v4.55.4 tokenization_utils_base.py _from_pretrained(), get_chat_template(),
 * apply_chat_template(); utils/chat_template_utils.py render_jinja_template(). */
#ifndef AP_GENERATE_CHAT_CHAT_TEMPLATE_H
#define AP_GENERATE_CHAT_CHAT_TEMPLATE_H

#include "generate/chat/jinja.h"
#include "tokenizer/tokenizer.h"

typedef struct ap__chat_templates ap__chat_templates;

/* Reads chat_template.jinja and additional_chat_templates/ of a folder, or else the "chat_template" of its
 * tokenizer_config.json; and the special tokens, which templates see as variables. A folder may have no
 * template; one that cannot be compiled fails when it is used.
 * @param[out] out owned: ap__chat_templates_destroy(). NULL on failure.
 * @param folder NULL: there is no template, and the special tokens are the tokenizer's alone.
 * @param tokenizer of that folder: its special tokens. NULL: those that tokenizer_config.json names.
 * @return AP_EIO, AP_EFORMAT, AP_ELIMIT, AP_ENOMEM. */
ap_status ap__chat_templates_load(ap__chat_templates **out, const char *folder,
                                  const ap__tokenizer *tokenizer, ap_error *err);
void ap__chat_templates_destroy(ap__chat_templates *templates);

/* How many templates there are. */
size_t ap__chat_templates_get_n(const ap__chat_templates *templates);

/* What to render; apply_chat_template()'s parameters. All zero but for `messages` is its default. */
typedef struct ap__chat_request {
    const ap_value *messages;  /* A list of dicts, most with "role" and "content". */
    const ap_value *tools;     /* A list of dicts (JSON schemas); NULL or null: none. */
    const ap_value *documents; /* A list of dicts; NULL or null: none. */
    const ap_value *more;      /* Further variables, a dict; they go before special tokens. May be NULL. */
    const char *chat_template; /* The name of one of several templates, or a template; NULL: the model's. */
    bool add_generation_prompt, continue_final_message;
    const ap__jinja_time *now; /* Of strftime_now(); NULL: the time of this machine. */
} ap__chat_request;

/* @param[out] out all zero on failure; ap__jinja_text_clear().
 * @return AP_EINVAL parameters that conflict, a model without a template, and what the template raises;
 * AP_ETYPE messages, tools or documents of another form; what ap__jinja_create() and ap__jinja_render() fail
 * with. */
ap_status ap__chat_render(ap__jinja_text *out, const ap__chat_templates *templates,
                          const ap__chat_request *request, ap_error *err);

#endif

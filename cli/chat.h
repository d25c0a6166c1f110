/* Conversations on the command line. */
#ifndef CLI_CHAT_H
#define CLI_CHAT_H

#include <accelpipe/tokenizer.h>

/* The text that the tokenizer's chat template makes of a conversation: a list of messages, or an object with
 * "messages" and, if wanted, "tools", "documents", "chat_template", "add_generation_prompt",
 * "continue_final_message" and "variables".
 * @param[out] out owned: ap_string_destroy().   @return AP_EINVAL, AP_ETYPE naming the field; what rendering
 * fails with */
ap_status cli_chat_render(char **out, size_t *len, const ap_tokenizer *tokenizer, const ap_value *value,
                          ap_error *err);

#endif

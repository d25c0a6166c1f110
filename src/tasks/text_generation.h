/* Chats of text-generation. */
#ifndef AP_TASKS_TEXT_GENERATION_H
#define AP_TASKS_TEXT_GENERATION_H

#include "tasks/generation.h"

typedef struct ap__text_generation_opts {
    ap__generation_opts generation; /* The first member. */
    ap_opt return_full_text, return_tensors, return_text, clean_up_tokenization_spaces, prefix,
        handle_long_generation, add_special_tokens, padding, truncation, continue_final_message, tools,
        documents, chat_template_kwargs;
    int shape;          /* Of the result: an AP__RETURNS_... */
    int64_t prefix_len; /* In tokens. */
} ap__text_generation_opts;

enum { AP__RETURNS_FULL_TEXT = 0, AP__RETURNS_NEW_TEXT = 1, AP__RETURNS_TENSORS = 2 };

/* The messages of an input, a list of dicts; NULL when it is no chat. */
const ap_value *ap__chat_of_input(const ap_value *input);

/* Every message is a dict with "role" and "content".   @return AP_EINVAL */
ap_status ap__chat_check(const ap_value *messages, ap_error *err);

/* Whether the last message is gone on with: what the call says, or that it is the assistant's. */
bool ap__chat_continues(const ap__text_generation_opts *o, const ap_value *messages);

/* The chat as the model's template writes it, as a feed.
 * @param tokenizer how to encode; the template writes the special tokens itself. */
ap_status ap__chat_encode(ap_value *feed, const ap_task_context *ctx, const ap__text_generation_opts *o,
                          const ap_value *messages, const ap__tokenizer_opts *tokenizer, ap_error *err);

/* The messages with the answer behind them, or in the last of them. */
ap_status ap__chat_add_answer(ap_value *out, const ap__text_generation_opts *o, const ap_value *messages,
                              const char *text, size_t len, ap_error *err);

#endif

/* An input of one text and a list of others: {"query": ..., "documents": [...]}. */
#ifndef AP_TASKS_TEXT_GROUP_H
#define AP_TASKS_TEXT_GROUP_H

#include "pipeline/tokenize.h"

/* What such tasks bind to the tokenizer. Texts are cut to the model's length unless they say otherwise, as
 * the libraries do that these tasks come from. */
typedef struct ap__text_group_opts {
    ap_opt truncation, tokenize_kwargs;
    ap__tokenizer_opts tokenizer;
} ap__text_group_opts;

extern const ap_param ap__text_group_params[];

/* For sanitize(). */
ap_status ap__text_group_sanitize(ap__text_group_opts *o, ap_error *err);

/* Borrowed from the input. */
typedef struct ap__text_group {
    ap__text head;
    const ap_value *list; /* Of strings. */
} ap__text_group;

/* @return AP_EINVAL for anything but a dict of these two keys, a string and a list of strings. */
ap_status ap__text_group_read(ap__text_group *out, const ap_value *input, const char *head_key,
                              const char *list_key, ap_error *err);

#endif

/* The files of a model folder that chat templates are in. */
#ifndef AP_GENERATE_CHAT_CHAT_FILES_H
#define AP_GENERATE_CHAT_CHAT_FILES_H

#include "generate/chat/chat_template.h"
#include "value/value.h"

typedef struct ap__named_template {
    char *name;
    ap__jinja *jinja; /* NULL: it could not be compiled, and: */
    ap_error failure;
} ap__named_template;

struct ap__chat_templates {
    ap__named_template *ptr;
    size_t n, capacity;
    bool is_dict;            /* They have names; else there is one at most, "default". */
    ap_value special_tokens; /* {"bos_token": "<s>", ...} */
};

#endif

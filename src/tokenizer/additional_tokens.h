/* additional_special_tokens, and what tokenizer classes make of them. */
#ifndef AP_TOKENIZER_ADDITIONAL_TOKENS_H
#define AP_TOKENIZER_ADDITIONAL_TOKENS_H

#include "tokenizer/special_tokens.h"

/* What the files give: NULL for a key that is missing; `ptr` and `n` of a list. */
typedef struct ap__additional_given {
    ap__special_token *ptr;
    size_t n;
    bool is_absent, is_null;
} ap__additional_given;

/* The list that the class makes of `given`; in the loader's arena. */
ap_status ap__additional_tokens_make(ap__special_token **out, size_t *n, ap__loader *loader,
                                     yyjson_val *config, const ap__additional_given *given,
                                     const ap__class_extra *extra);

#endif

/* Special tokens of post-processors. */
#ifndef AP_TOKENIZER_PROCESSORS_SPECIAL_H
#define AP_TOKENIZER_PROCESSORS_SPECIAL_H

#include "tokenizer/component.h"

/* A token with that string and no place in the text. */
ap__token ap__special_token(ap__text text, uint32_t id);

/* Reads a member like "sep": ["[SEP]", 102]. */
ap_status ap__get_special_token(ap__loader *loader, yyjson_val *json, const char *key, ap__token *out);

#endif

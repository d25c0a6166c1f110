/* How slow tokenizers decode: added tokens that are not special stand apart from what the class makes of the
 * rest. Source: transformers@v4.55.4 tokenization_utils.py _decode. */
#ifndef AP_TOKENIZER_DECODERS_APART_H
#define AP_TOKENIZER_DECODERS_APART_H

#include "tokenizer/component.h"
#include "tokenizer/strings.h"

/* convert_tokens_to_string() of the strings [start, end). */
typedef ap_status ap__convert_tokens_fn(const void *self, ap__strings *strings, size_t start, size_t end,
                                        ap__text *out);

/* Whether the token is in the list. */
bool ap__has_string(const ap__vocab *list, const ap__text *token);

/* Makes one string of all. */
ap_status ap__decode_apart(ap__strings *strings, const ap__vocab *apart, ap__convert_tokens_fn *convert,
                           const void *self);

#endif

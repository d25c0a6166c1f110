/* tokenizer.decode() as transformers calls it. */
#ifndef AP_PIPELINE_DETOKENIZE_H
#define AP_PIPELINE_DETOKENIZE_H

#include "tokenizer/tokenizer.h"

/* Decodes, and takes the blanks before punctuation out where the tokenizer's clean_up_tokenization_spaces
 * asks for it. Source: transformers@v4.55.4 tokenization_utils_fast.py _decode.
 * @param[out] out owned: ap__free(). */
ap_status ap__detokenize(char **out, size_t *len, const ap__tokenizer *tokenizer, const uint32_t *ids,
                         size_t n_ids, bool skip_special_tokens, ap_error *err);

#endif

/* Decoding, and the clean-up of English text behind it. */
#include "pipeline/detokenize.h"

#include "tokenizer/clean_up.h"

ap_status ap__detokenize(char **out, size_t *len, const ap__tokenizer *tokenizer, const uint32_t *ids,
                         size_t n_ids, bool skip_special_tokens, ap_error *err) {
    ap_status status = ap__tokenizer_decode(out, len, tokenizer, ids, n_ids, skip_special_tokens, err);
    if (!status && ap__tokenizer_get_config(tokenizer)->clean_up_tokenization_spaces) {
        *len = ap__clean_up_tokenization_spaces(*out, *len);
        (*out)[*len] = '\0';
    }
    return status;
}

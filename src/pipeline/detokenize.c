/* Decoding, and the clean-up of English text behind it. */
#include "pipeline/detokenize.h"

#include <string.h>

/* In the order in which they are replaced. */
static const char *const CLEANED[][2] = {{" .", "."},     {" ?", "?"},     {" !", "!"},   {" ,", ","},
                                         {" ' ", "'"},    {" n't", "n't"}, {" 'm", "'m"}, {" 's", "'s"},
                                         {" 've", "'ve"}, {" 're", "'re"}};

/* Replaces a text by a shorter one, from left to right. */
static size_t replace(char *text, size_t len, const char *from, const char *to) {
    size_t from_len = strlen(from), to_len = strlen(to), out = 0;
    for (size_t at = 0; at < len;) {
        bool is_it = len - at >= from_len && memcmp(text + at, from, from_len) == 0;
        if (is_it)
            memcpy(text + out, to, to_len);
        else
            text[out] = text[at];
        out += is_it ? to_len : 1;
        at += is_it ? from_len : 1;
    }
    return out;
}

size_t ap__clean_up_tokenization(char *text, size_t len) {
    for (size_t i = 0; i < sizeof CLEANED / sizeof *CLEANED; i++)
        len = replace(text, len, CLEANED[i][0], CLEANED[i][1]);
    text[len] = '\0';
    return len;
}

ap_status ap__detokenize(char **out, size_t *len, const ap__tokenizer *tokenizer, const uint32_t *ids,
                         size_t n_ids, bool skip_special_tokens, ap_error *err) {
    ap_status status = ap__tokenizer_decode(out, len, tokenizer, ids, n_ids, skip_special_tokens, err);
    if (!status && ap__tokenizer_get_config(tokenizer)->clean_up_tokenization_spaces)
        *len = ap__clean_up_tokenization(*out, *len);
    return status;
}

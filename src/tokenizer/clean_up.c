/* What transformers does to decoded text where clean_up_tokenization_spaces is on.
 * Source: transformers@v4.55.4 tokenization_utils_base.py clean_up_tokenization. Unlike the cleanup of the
 * WordPiece decoder it works on the whole text, and knows no "do not". */
#include "tokenizer/clean_up.h"

#include <string.h>

/* Applied one after the other, each to all of the text; a rule makes it shorter. */
static const struct rule {
    const char *from, *to;
} RULES[] = {{" .", "."},     {" ?", "?"},   {" !", "!"},   {" ,", ","},     {" ' ", "'"},
             {" n't", "n't"}, {" 'm", "'m"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};

static size_t apply(char *text, size_t len, const struct rule *rule) {
    size_t n_from = strlen(rule->from), n_to = strlen(rule->to), at = 0, out = 0;
    while (at < len) {
        const char *next = memchr(text + at, rule->from[0], len - at);
        size_t n_kept = next ? (size_t)(next - text) - at : len - at;
        memmove(text + out, text + at, n_kept);
        out += n_kept;
        at += n_kept;
        if (!next) break;
        if (len - at >= n_from && !memcmp(text + at, rule->from, n_from)) {
            memcpy(text + out, rule->to, n_to);
            out += n_to;
            at += n_from;
        } else {
            text[out++] = text[at++];
        }
    }
    return out;
}

size_t ap__clean_up_tokenization(char *text, size_t len) {
    for (size_t i = 0; i < sizeof RULES / sizeof *RULES; i++) len = apply(text, len, &RULES[i]);
    text[len] = '\0';
    return len;
}

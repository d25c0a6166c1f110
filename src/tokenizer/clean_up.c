/* Source: transformers@v4.55.4 tokenization_utils_base.py clean_up_tokenization. */
#include "tokenizer/clean_up.h"

#include <string.h>

/* Each becomes itself without its spaces; in that order, each over the whole text. */
static const char *const RULES[] = {" .", " ?", " !", " ,", " ' ", " n't", " 'm", " 's", " 've", " 're"};

enum { LONGEST_RULE = 4 };

static size_t apply(char *text, size_t len, const char *rule) {
    size_t rule_len = strlen(rule), out = 0;
    for (size_t at = 0; at < len;) {
        if (len - at < rule_len || memcmp(text + at, rule, rule_len) != 0) {
            text[out++] = text[at++];
            continue;
        }
        for (size_t i = 0; i < rule_len; i++)
            if (rule[i] != ' ') text[out++] = rule[i];
        at += rule_len;
    }
    return out;
}

size_t ap__clean_up_tokenization_spaces(char *text, size_t len) {
    for (size_t i = 0; i < sizeof RULES / sizeof *RULES; i++) len = apply(text, len, RULES[i]);
    return len;
}

/* Every rule begins with a space. So nothing changes in front of a place that has none close before it: not
 * by a rule that reaches over the place, nor by one that reaches into what such a rule changed. */
size_t ap__clean_up_certain(const char *text, size_t len) {
    size_t end = len;
    for (size_t at = len; at > 0 && end - at < LONGEST_RULE - 1; at--)
        if (text[at - 1] == ' ') end = at - 1;
    return end;
}

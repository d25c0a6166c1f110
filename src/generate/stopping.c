/* When a sequence ends. */
#include "base/alloc.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/now.h"
#include "generate/rules.h"

#include <string.h>

double ap__clock_s(void) { return (double)ap__now_ns() * 1e-9; }

/* What a token adds to a text: decoded behind "abcdef", so that it does not stand at the beginning. */
static ap_status add_piece(ap__buf *text, const ap__tokenizer *tokenizer, const ap__encoding *before,
                           uint32_t id, ap_error *err) {
    static const char prefix[] = "abcdef";
    ap__text tokens[sizeof prefix];
    size_t n = before->n < sizeof prefix - 1 ? before->n : sizeof prefix - 1, len = 0, token_len = 0;
    char *joined = NULL;
    for (size_t i = 0; i < n; i++)
        tokens[i].ptr = ap__tokenizer_id_to_token(tokenizer, before->ids[i], &tokens[i].len);
    const char *token = ap__tokenizer_id_to_token(tokenizer, id, &token_len);
    if (!token) return AP_OK;
    tokens[n] = (ap__text){token, token_len};
    ap_status status = ap__tokenizer_join(&joined, &len, tokenizer, tokens, n + 1, err);
    const char *at = status ? NULL : strstr(joined, prefix);
    if (at) {
        at += sizeof prefix - 1;
        status = ap__buf_append(text, at, len - (size_t)(at - joined), err);
    }
    ap__free(joined);
    return status;
}

/* Whether a text holds `stop` so that it ends behind `from`. */
static bool ends_behind(const ap__buf *text, ap__text stop, size_t from) {
    for (size_t at = from >= stop.len ? from - stop.len + 1 : 0; at + stop.len <= text->len; at++)
        if (memcmp(text->ptr + at, stop.ptr, stop.len) == 0) return true;
    return false;
}

/* A stop string ends inside the last token; it may begin and end inside of tokens. The reference comes to the
 * same by comparing each token with each place of the string, and looks at as many tokens as the string has
 * characters. */
static ap_status find_stop_string(bool *found, const ap__rules *r, ap__ids tokens, ap_error *err) {
    size_t n = tokens.n < r->stop_window ? tokens.n : r->stop_window, last = 0;
    ap__encode_options plain = {0};
    ap__encoding before = {0};
    ap__buf text = {0};
    ap_status status =
        ap__tokenizer_encode(&before, r->tokenizer, (ap__text){"abcdef", 6}, NULL, &plain, err);
    for (size_t i = tokens.n - n; !status && i < tokens.n; i++) {
        last = text.len;
        status = add_piece(&text, r->tokenizer, &before, (uint32_t)tokens.ptr[i], err);
    }
    for (size_t i = 0; !status && !*found && text.len > last && i < r->n_stop_strings; i++)
        *found = ends_behind(&text, r->stop_strings[i], last);
    ap__buf_clear(&text);
    ap__encoding_clear(&before);
    return status;
}

ap_status ap__rules_stop(bool *stops, const ap__rules *rules, ap__ids tokens, ap_error *err) {
    *stops = tokens.n >= rules->max_length || ap__ids_have(rules->eos, tokens.ptr[tokens.n - 1]) ||
             (rules->deadline_s > 0 && ap__clock_s() > rules->deadline_s);
    if (*stops || !rules->n_stop_strings) return AP_OK;
    return find_stop_string(stops, rules, tokens, err);
}

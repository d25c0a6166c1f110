/* Added tokens apart from the rest of a decoded text. */
#include "tokenizer/decoders/apart.h"

#include "base/error.h"

bool ap__has_string(const ap__vocab *list, const ap__text *token) {
    return list->n && ap__vocab_find(list, token->ptr, token->len) != AP__TOKEN_NONE;
}

/* An empty text between two tokens that stand apart is left out, at the end it is not. */
ap_status ap__decode_apart(ap__strings *strings, const ap__vocab *apart, ap__convert_tokens_fn *convert,
                           const void *self) {
    ap__strings parts;
    ap__text text;
    ap_status status = ap__strings_create(&parts, strings->arena, strings->n + 1, strings->err);
    size_t start = 0;
    for (size_t i = 0; i < strings->n && !status; i++) {
        if (!ap__has_string(apart, &strings->ptr[i])) continue;
        if (start < i) status = convert(self, strings, start, i, &text);
        if (!status && start < i && text.len) status = ap__strings_push(&parts, text.ptr, text.len);
        if (!status) status = ap__strings_push(&parts, strings->ptr[i].ptr, strings->ptr[i].len);
        start = i + 1;
    }
    if (!status && start < strings->n) {
        status = convert(self, strings, start, strings->n, &text);
        if (!status) status = ap__strings_push(&parts, text.ptr, text.len);
    }
    if (!status) status = ap__strings_join(&text, &parts, " ");
    strings->n = 0;
    return status ? status : ap__strings_push(strings, text.ptr, text.len);
}

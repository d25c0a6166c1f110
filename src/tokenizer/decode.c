/* From ids to text. Source: huggingface/tokenizers@v0.21.4 tokenizer/mod.rs decode. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/added.h"
#include "tokenizer/strings.h"
#include "tokenizer/tokenizer_impl.h"
#include "tokenizer/unicode.h"

#include <string.h>

/* str.isspace(): four separators more than char::is_whitespace. */
static bool is_python_space(uint32_t code) {
    return ap__unicode_is(code, AP__UNICODE_WHITESPACE) || (code >= 0x1C && code <= 0x1F);
}

/* The string that decoding sees; NULL when the id is unknown or is left out. */
static const char *string_of(const ap__tokenizer *tokenizer, uint32_t id, bool skip_special_tokens,
                             size_t *len) {
    const ap__added_token *token = ap__added_find_id(&tokenizer->added, id);
    if (!token) return ap__vocab_token(&tokenizer->vocab, id, len);
    if (skip_special_tokens) {
        /* The reference asks for the string and not for the id: normalized, it may be none of the special
         * ones. */
        const ap__added_token *same =
            ap__added_find(&tokenizer->added, token->decoded.ptr, token->decoded.len);
        if (same && same->was_special) return NULL;
    }
    *len = token->decoded.len;
    return token->decoded.ptr;
}

static ap_status decode(ap__text *out, ap__strings *strings, const ap__tokenizer *tokenizer,
                        const uint32_t *ids, size_t n_ids, bool skip_special_tokens) {
    ap_status status = AP_OK;
    for (size_t i = 0; i < n_ids && !status; i++) {
        size_t len = 0;
        const char *text = string_of(tokenizer, ids[i], skip_special_tokens, &len);
        if (text) status = ap__strings_push(strings, text, len);
    }
    if (status) return status;
    const ap__decoder *decoder = &tokenizer->decoder;
    if (!decoder->class_) return ap__strings_join(out, strings, " ");
    status = decoder->class_->apply(decoder->self, strings);
    return status ? status : ap__strings_join(out, strings, NULL);
}

/* As Python's str.strip(). */
static void strip(ap__text *text) {
    uint32_t code;
    while (text->len) {
        size_t n = ap__utf8_next(&code, text->ptr);
        if (!is_python_space(code)) break;
        *text = (ap__text){text->ptr + n, text->len - n};
    }
    while (text->len) {
        size_t at = text->len - 1;
        while (ap__is_continuation(text->ptr[at])) at--;
        ap__utf8_next(&code, text->ptr + at);
        if (!is_python_space(code)) break;
        text->len = at;
    }
}

static ap_status end_words(ap__text *text, ap__strings *strings, ap__text word_end) {
    ap_status status = ap__strings_replace(strings, text, word_end, (ap__text){" ", 1});
    if (!status) strip(text);
    return status;
}

ap_status ap__tokenizer_decode(char **out, size_t *len, const ap__tokenizer *tokenizer, const uint32_t *ids,
                               size_t n_ids, bool skip_special_tokens, ap_error *err) {
    *out = NULL;
    if (len) *len = 0;
    ap__work *work = ap__work_take(tokenizer, err);
    if (!work) return AP_ENOMEM;
    ap__strings strings;
    ap__text text = {0};
    ap_status status = ap__strings_create(&strings, &work->arena, n_ids, err);
    strings.regex = &work->regex;
    if (!status) status = decode(&text, &strings, tokenizer, ids, n_ids, skip_special_tokens);
    if (!status && tokenizer->word_end.len) status = end_words(&text, &strings, tokenizer->word_end);
    if (!status && !(*out = ap__strndup(text.ptr, text.len))) status = ap__fail_nomem(err);
    if (!status && len) *len = text.len;
    ap__work_put_back(tokenizer, work);
    return status;
}

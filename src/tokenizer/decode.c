/* From ids to text. Source: huggingface/tokenizers@v0.21.4 tokenizer/mod.rs decode. */
#include "base/alloc.h"
#include "base/error.h"
#include "tokenizer/added.h"
#include "tokenizer/python_text.h"
#include "tokenizer/strings.h"
#include "tokenizer/tokenizer_impl.h"

#include <string.h>

static bool is_special(const ap__tokenizer *tokenizer, ap__text text) {
    const ap__added_token *token = ap__added_find(&tokenizer->added, text.ptr, text.len);
    return token && token->was_special;
}

/* The string of an id that no added token has. Classes that run in Python have one for every id. Whether it
 * is special is asked of the string; a vocabulary that lists none twice has each special one as an added
 * token. */
static ap__text plain_string(const ap__tokenizer *tokenizer, uint32_t id, bool skip_special_tokens) {
    ap__text text = {0};
    text.ptr = ap__vocab_token(&tokenizer->vocab, id, &text.len);
    bool is_python = tokenizer->added.is_python;
    if (!is_python && tokenizer->vocab.n_listed == tokenizer->vocab.n) return text;
    if (!text.ptr && is_python) text = tokenizer->unknown;
    if (!text.ptr) return text;
    bool may_skip = skip_special_tokens && !tokenizer->keeps_strings;
    return may_skip && is_special(tokenizer, text) ? (ap__text){0} : text;
}

const char *ap__tokenizer_decoded_string(const ap__tokenizer *tokenizer, uint32_t id,
                                         bool skip_special_tokens, size_t *len) {
    const ap__added_token *token = ap__added_find_id(&tokenizer->added, id);
    ap__text text = token ? token->decoded : plain_string(tokenizer, id, skip_special_tokens);
    /* The reference asks for the string and not for the id: normalized, it may be none of the special ones.
     */
    if (token && skip_special_tokens && is_special(tokenizer, text)) return NULL;
    *len = text.len;
    return text.ptr;
}

/* Strings of tokens to one text. */
static ap_status join(ap__text *out, ap__strings *strings, const ap__tokenizer *tokenizer) {
    const ap__decoder *decoder = &tokenizer->decoder;
    if (!decoder->class_) return ap__strings_join(out, strings, " ");
    ap_status status = decoder->class_->apply(decoder->self, strings);
    return status ? status : ap__strings_join(out, strings, NULL);
}

static ap_status end_words(ap__text *text, ap__strings *strings, ap__text word_end) {
    ap_status status = ap__strings_replace(strings, text, word_end, (ap__text){" ", 1});
    if (!status) *text = ap__py_strip(*text);
    return status;
}

/* What is decoded: ids, or strings of tokens. */
typedef struct source {
    const uint32_t *ids;
    const ap__text *tokens; /* Counts when it is not NULL. */
    size_t n;
    bool skip_special_tokens;
} source;

static ap_status decode(ap__text *out, ap__strings *strings, const ap__tokenizer *tokenizer,
                        const source *from) {
    ap_status status = AP_OK;
    for (size_t i = 0; i < from->n && !status; i++) {
        size_t len = 0;
        const char *text = from->tokens ? from->tokens[i].ptr
                                        : ap__tokenizer_decoded_string(tokenizer, from->ids[i],
                                                                       from->skip_special_tokens, &len);
        if (from->tokens) len = from->tokens[i].len;
        if (text) status = ap__strings_push(strings, text, len);
    }
    return status ? status : join(out, strings, tokenizer);
}

static ap_status decode_source(char **out, size_t *len, const ap__tokenizer *tokenizer, const source *from,
                               ap_error *err) {
    *out = NULL;
    if (len) *len = 0;
    ap__work *work = ap__work_take(tokenizer, err);
    if (!work) return AP_ENOMEM;
    ap__strings strings;
    ap__text text = {0};
    ap_status status = ap__strings_create(&strings, &work->arena, from->n, err);
    strings.regex = &work->regex;
    work->n_steps += from->n;
    if (!status) status = decode(&text, &strings, tokenizer, from);
    if (!status && tokenizer->word_end.len) status = end_words(&text, &strings, tokenizer->word_end);
    if (!status && !(*out = ap__strndup(text.ptr, text.len))) status = ap__fail_nomem(err);
    if (!status && len) *len = text.len;
    ap__work_put_back(tokenizer, work);
    return status;
}

ap_status ap__tokenizer_decode(char **out, size_t *len, const ap__tokenizer *tokenizer, const uint32_t *ids,
                               size_t n_ids, bool skip_special_tokens, ap_error *err) {
    const source from = {.ids = ids, .n = n_ids, .skip_special_tokens = skip_special_tokens};
    return decode_source(out, len, tokenizer, &from, err);
}

ap_status ap__tokenizer_join(char **out, size_t *len, const ap__tokenizer *tokenizer, const ap__text *tokens,
                             size_t n_tokens, ap_error *err) {
    static const ap__text none;
    const source from = {.tokens = n_tokens ? tokens : &none, .n = n_tokens};
    return decode_source(out, len, tokenizer, &from, err);
}

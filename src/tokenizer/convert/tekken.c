/* tekken.json, Mistral's format: ranked tokens, special tokens before them.
 * Source: transformers@v4.55.4 integrations/mistral.py; mistralai/mistral-common@v1.5.4
 * tokens/tokenizers/tekken.py. The pattern is that of the file, as in Mistral's own tokenizer. */
#include "base/error.h"
#include "base/json.h"
#include "tokenizer/convert/converter.h"
#include "tokenizer/convert/ranks.h"

#include <stdio.h>
#include <string.h>

enum { MAX_TOKENS = 1 << 24, MAX_SPECIAL = 1 << 16 };

/* Of files that do not list theirs. */
static const char *const SPECIAL_TOKENS[] = {"<unk>",
                                             "<s>",
                                             "</s>",
                                             "[INST]",
                                             "[/INST]",
                                             "[AVAILABLE_TOOLS]",
                                             "[/AVAILABLE_TOOLS]",
                                             "[TOOL_RESULTS]",
                                             "[/TOOL_RESULTS]",
                                             "[TOOL_CALLS]",
                                             "[IMG]",
                                             "<pad>",
                                             "[IMG_BREAK]",
                                             "[IMG_END]",
                                             "[PREFIX]",
                                             "[MIDDLE]",
                                             "[SUFFIX]",
                                             "[SYSTEM_PROMPT]",
                                             "[/SYSTEM_PROMPT]",
                                             "[TOOL_CONTENT]"};

enum { N_SPECIAL_TOKENS = sizeof SPECIAL_TOKENS / sizeof *SPECIAL_TOKENS };

typedef struct tekken {
    ap__converter *c;
    yyjson_doc *doc;
    yyjson_val *root, *config;
    size_t n_special, n; /* Special tokens, others. */
    ap__slow_token *special;
    ap__ranked *tokens;
} tekken;

static ap_status get_count(tekken *t, const char *key, size_t max, size_t *out) {
    yyjson_val *value = yyjson_obj_get(t->config, key);
    *out = (size_t)yyjson_get_uint(value);
    if (yyjson_is_uint(value) && *out <= max) return AP_OK;
    return ap__converter_fail(t->c, AP_EFORMAT, "config.%s: expected a count of at most %zu, found %s", key,
                              max, ap__json_kind(value));
}

/* Names that the file gives, by rank. */
static ap_status read_listed(tekken *t) {
    yyjson_val *list = yyjson_obj_get(t->root, "special_tokens"), *item;
    size_t i, max;
    if (!yyjson_is_arr(list)) {
        for (i = 0; i < N_SPECIAL_TOKENS && i < t->n_special; i++)
            t->special[i].text = (ap__text){SPECIAL_TOKENS[i], strlen(SPECIAL_TOKENS[i])};
        return AP_OK;
    }
    yyjson_arr_foreach(list, i, max, item) {
        yyjson_val *rank = yyjson_obj_get(item, "rank"), *text = yyjson_obj_get(item, "token_str");
        size_t at = (size_t)yyjson_get_uint(rank);
        if (!yyjson_is_uint(rank) || at >= t->n_special || !yyjson_is_str(text) || t->special[at].text.ptr)
            return ap__converter_fail(
                t->c, AP_EFORMAT, "special_tokens[%zu]: expected a token_str and a rank of its own below %zu",
                i, t->n_special);
        t->special[at].text = (ap__text){yyjson_get_str(text), yyjson_get_len(text)};
    }
    return AP_OK;
}

static ap_status read_special(tekken *t) {
    char text[48];
    ap__vocab seen;
    size_t n_bytes = 0;
    t->special = ap__arena_calloc(&t->c->arena, t->n_special, sizeof *t->special);
    if (!t->special) return ap__fail_nomem(t->c->err);
    ap_status status = read_listed(t);
    for (size_t i = 0; i < t->n_special && !status; i++) {
        ap__text *name = &t->special[i].text;
        t->special[i].id = (uint32_t)i;
        if (!name->ptr) {
            snprintf(text, sizeof text, "<SPECIAL_%zu>", i);
            *name = (ap__text){ap__arena_strndup(&t->c->arena, text, strlen(text)), strlen(text)};
            if (!name->ptr) status = ap__fail_nomem(t->c->err);
        }
        n_bytes += name->len;
    }
    if (!status) status = ap__vocab_create(&seen, &t->c->arena, t->n_special, n_bytes, t->c->err);
    for (size_t i = 0; i < t->n_special && !status; i++) {
        const ap__text *name = &t->special[i].text;
        if (!name->len || ap__vocab_find(&seen, name->ptr, name->len) != AP__TOKEN_NONE)
            return ap__converter_fail(t->c, AP_EFORMAT, "the special token %zu has no name of its own", i);
        ap__vocab_add(&seen, name->ptr, name->len, (uint32_t)i);
    }
    return status;
}

static ap_status read_token(tekken *t, yyjson_val *item, size_t i) {
    yyjson_val *rank = yyjson_obj_get(item, "rank"), *bytes = yyjson_obj_get(item, "token_bytes");
    ap__ranked *out = &t->tokens[i];
    if (!yyjson_is_uint(rank) || yyjson_get_uint(rank) != i)
        return ap__converter_fail(t->c, AP_EFORMAT, "vocab[%zu]: expected the rank %zu", i, i);
    if (!yyjson_is_str(bytes))
        return ap__converter_fail(t->c, AP_EFORMAT, "vocab[%zu]: token_bytes: expected a string, found %s", i,
                                  ap__json_kind(bytes));
    ap_status status = ap__ranked_text(t->c, yyjson_get_str(bytes), yyjson_get_len(bytes), &out->text);
    if (!status && !out->text.ptr)
        return ap__converter_fail(t->c, AP_EFORMAT, "vocab[%zu]: token_bytes is not base64", i);
    out->rank = (uint32_t)i;
    out->id = (uint32_t)(t->n_special + i);
    return status;
}

/* None may come twice. */
static ap_status check_tokens(tekken *t) {
    ap__vocab seen;
    size_t n_bytes = 0;
    for (size_t i = 0; i < t->n; i++) n_bytes += t->tokens[i].text.len;
    ap_status status = ap__vocab_create(&seen, &t->c->arena, t->n, n_bytes, t->c->err);
    for (size_t i = 0; i < t->n && !status; i++) {
        const ap__text *text = &t->tokens[i].text;
        if (ap__vocab_find(&seen, text->ptr, text->len) != AP__TOKEN_NONE)
            return ap__converter_fail(t->c, AP_EFORMAT, "vocab[%zu]: the token stands there twice", i);
        ap__vocab_add(&seen, text->ptr, text->len, (uint32_t)i);
    }
    return status;
}

static ap_status read_vocab(tekken *t) {
    yyjson_val *list = yyjson_obj_get(t->root, "vocab"), *item;
    size_t size, i, max;
    ap_status status = get_count(t, "default_vocab_size", MAX_TOKENS, &size);
    if (!status) status = get_count(t, "default_num_special_tokens", MAX_SPECIAL, &t->n_special);
    if (status) return status;
    if (size < t->n_special || yyjson_arr_size(list) < size - t->n_special)
        return ap__converter_fail(t->c, AP_EFORMAT, "vocab: expected %zu tokens, found %zu",
                                  size < t->n_special ? 0 : size - t->n_special, yyjson_arr_size(list));
    t->n = size - t->n_special;
    t->tokens = ap__arena_calloc(&t->c->arena, t->n, sizeof *t->tokens);
    if (!t->tokens) return ap__fail_nomem(t->c->err);
    yyjson_arr_foreach(list, i, max, item) {
        if (i < t->n && !status) status = read_token(t, item, i);
    }
    if (!status) status = check_tokens(t);
    return status ? status : read_special(t);
}

static ap_status convert(tekken *t) {
    ap__converter *c = t->c;
    ap_status status = ap__json_parse(&t->doc, c->bytes.ptr, c->bytes.len, c->path.text, c->err);
    if (status) return status;
    t->root = yyjson_doc_get_root(t->doc);
    t->config = yyjson_obj_get(t->root, "config");
    const char *pattern = yyjson_get_str(yyjson_obj_get(t->config, "pattern"));
    if (!pattern)
        return ap__converter_fail(c, AP_EFORMAT, "config.pattern: expected a string, found nothing");
    if ((status = read_vocab(t))) return status;
    char *copy = ap__arena_strndup(&c->arena, pattern, strlen(pattern));
    if (!copy) return ap__fail_nomem(c->err);
    if ((status = ap__put_ranks(c, t->tokens, t->n, t->special, t->n_special, copy))) return status;
    for (size_t i = 0; i < t->n_special; i++) {
        ap__text name = {ap__arena_strndup(&c->arena, t->special[i].text.ptr, t->special[i].text.len),
                         t->special[i].text.len};
        if (!name.ptr) return ap__fail_nomem(c->err);
        ap__put_added(c, name, t->special[i].id, true);
    }
    return AP_OK;
}

ap_status ap__convert_tekken(ap__converter *c) {
    tekken t = {.c = c};
    ap_status status = ap__converter_read(c, "tekken.json");
    if (!status) status = convert(&t);
    yyjson_doc_free(t.doc);
    return status;
}

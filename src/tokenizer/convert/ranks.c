/* Source: transformers@v4.55.4 convert_slow_tokenizer.py TikTokenConverter, integrations/mistral.py
 * MistralConverter. */
#include "tokenizer/convert/ranks.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/convert/base64.h"

#include <stdlib.h>
#include <string.h>

/* Every token is looked at from each of its places: the sum of the squares of their lengths, at most. */
#define MAX_WORK ((uint64_t)1 << 33)
#define MAX_MERGES ((size_t)1 << 26)

ap_status ap__ranked_text(ap__converter *c, const char *base64, size_t len, ap__text *out) {
    ap__arena_mark mark = ap__arena_get_mark(&c->arena);
    size_t n_bytes = 0, n = 0;
    /* Each byte becomes one or two bytes of UTF-8. */
    char *text = ap__arena_alloc(&c->arena, len * 2 + 1), *bytes = ap__arena_alloc(&c->arena, len + 1);
    *out = (ap__text){0};
    if (!text || !bytes) return ap__fail_nomem(c->err);
    if (!ap__base64_decode(bytes, &n_bytes, base64, len)) n_bytes = 0;
    for (size_t i = 0; i < n_bytes; i++)
        n += ap__utf8_encode(text + n, ap__byte_to_char((unsigned char)bytes[i]));
    if (n_bytes)
        *out = (ap__text){text, n};
    else
        ap__arena_rewind(&c->arena, mark);
    return AP_OK;
}

/* Token `token` cut behind `left_bytes`. */
typedef struct merge {
    uint32_t rank, token, left_rank, right_rank, left_bytes;
} merge;

typedef struct merges {
    merge *ptr;
    size_t n, capacity;
} merges;

static int by_rank(const void *a_ptr, const void *b_ptr) {
    const merge *a = a_ptr, *b = b_ptr;
    if (a->rank != b->rank) return a->rank < b->rank ? -1 : 1;
    if (a->token != b->token) return a->token < b->token ? -1 : 1;
    if (a->left_rank != b->left_rank) return a->left_rank < b->left_rank ? -1 : 1;
    return (a->right_rank > b->right_rank) - (a->right_rank < b->right_rank);
}

static ap_status add_cuts(ap__converter *c, merges *list, const ap__vocab *index, const ap__ranked *tokens,
                          uint32_t i_token) {
    const ap__ranked *token = &tokens[i_token];
    size_t at = 0;
    for (;;) {
        uint32_t code;
        at += ap__utf8_next(&code, token->text.ptr + at);
        if (at >= token->text.len) return AP_OK;
        uint32_t left = ap__vocab_find(index, token->text.ptr, at);
        uint32_t right = left == AP__TOKEN_NONE
                             ? AP__TOKEN_NONE
                             : ap__vocab_find(index, token->text.ptr + at, token->text.len - at);
        if (right == AP__TOKEN_NONE) continue;
        if (!ap__grow((void **)&list->ptr, &list->capacity, list->n + 1, sizeof *list->ptr, MAX_MERGES))
            return ap__fail_nomem(c->err);
        list->ptr[list->n++] =
            (merge){token->rank, i_token, tokens[left].rank, tokens[right].rank, (uint32_t)at};
    }
}

static yyjson_mut_val *new_merges(ap__converter *c, const merges *list, const ap__ranked *tokens) {
    yyjson_mut_val *json = yyjson_mut_arr(c->doc);
    for (size_t i = 0; i < list->n; i++) {
        const merge *m = &list->ptr[i];
        const ap__text *text = &tokens[m->token].text;
        yyjson_mut_val *pair = yyjson_mut_arr(c->doc);
        ap__push(c, pair, ap__new_text(c, (ap__text){text->ptr, m->left_bytes}));
        ap__push(c, pair, ap__new_text(c, (ap__text){text->ptr + m->left_bytes, text->len - m->left_bytes}));
        ap__push(c, json, pair);
    }
    return json;
}

static ap_status find_merges(ap__converter *c, const ap__ranked *tokens, size_t n, yyjson_mut_val **out) {
    ap__vocab index;
    merges list = {0};
    uint64_t work = 0;
    size_t n_bytes = 0;
    for (size_t i = 0; i < n && work <= MAX_WORK; i++) {
        n_bytes += tokens[i].text.len;
        work += (uint64_t)tokens[i].text.len * tokens[i].text.len;
    }
    if (work > MAX_WORK)
        return ap__converter_fail(c, AP_ELIMIT, "the tokens are too long to find their merges");
    ap_status status = ap__vocab_create(&index, &c->arena, n, n_bytes, c->err);
    for (size_t i = 0; i < n && !status; i++)
        ap__vocab_add(&index, tokens[i].text.ptr, tokens[i].text.len, (uint32_t)i);
    for (size_t i = 0; i < n && !status; i++) status = add_cuts(c, &list, &index, tokens, (uint32_t)i);
    if (!status && list.n) qsort(list.ptr, list.n, sizeof *list.ptr, by_rank);
    if (!status) *out = new_merges(c, &list, tokens);
    ap__free(list.ptr);
    return status;
}

static ap_status new_vocab(ap__converter *c, yyjson_mut_val **out, const ap__ranked *tokens, size_t n,
                           const ap__slow_token *names, size_t n_names) {
    ap__slow_token *all = ap__arena_calloc(&c->arena, n + n_names, sizeof *all);
    if (!all) return ap__fail_nomem(c->err);
    for (size_t i = 0; i < n_names; i++) all[i] = names[i];
    for (size_t i = 0; i < n; i++) all[n_names + i] = (ap__slow_token){tokens[i].text, tokens[i].id};
    return ap__new_vocab(c, out, all, n + n_names);
}

static void put_parts(ap__converter *c, const char *pattern) {
    yyjson_mut_val *split =
        ap__new_json(c, "{\"type\":\"Split\",\"behavior\":\"Isolated\",\"invert\":false}");
    yyjson_mut_val *regex = yyjson_mut_obj(c->doc), *list = yyjson_mut_arr(c->doc);
    yyjson_mut_val *sequence = ap__new_typed(c, "Sequence");
    ap__put_text(c, regex, "Regex", (ap__text){pattern, strlen(pattern)});
    ap__put(c, split, "pattern", regex);
    ap__push(c, list, split);
    ap__push(c, list,
             ap__new_json(c, "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,"
                             "\"use_regex\":false}"));
    ap__put(c, sequence, "pretokenizers", list);
    ap__put(c, c->root, "pre_tokenizer", sequence);
    ap__put(c, c->root, "decoder",
            ap__new_json(c, "{\"type\":\"ByteLevel\",\"add_prefix_space\":true,\"trim_offsets\":true,"
                            "\"use_regex\":true}"));
    ap__put(c, c->root, "post_processor",
            ap__new_json(c, "{\"type\":\"ByteLevel\",\"add_prefix_space\":true,\"trim_offsets\":false,"
                            "\"use_regex\":true}"));
}

ap_status ap__put_ranks(ap__converter *c, const ap__ranked *tokens, size_t n, const ap__slow_token *names,
                        size_t n_names, const char *pattern) {
    yyjson_mut_val *pairs = NULL, *vocab = NULL;
    ap_status status = find_merges(c, tokens, n, &pairs);
    if (!status) status = new_vocab(c, &vocab, tokens, n, names, n_names);
    if (status) return status;
    yyjson_mut_val *model = ap__new_bpe(c, vocab, pairs);
    ap__put(c, model, "unk_token", yyjson_mut_null(c->doc));
    ap__put(c, model, "continuing_subword_prefix", yyjson_mut_null(c->doc));
    ap__put(c, model, "end_of_word_suffix", yyjson_mut_null(c->doc));
    ap__put_bool(c, model, "fuse_unk", false);
    ap__put_bool(c, model, "byte_fallback", false);
    ap__put_bool(c, model, "ignore_merges", true);
    ap__put(c, c->root, "model", model);
    put_parts(c, pattern);
    return AP_OK;
}

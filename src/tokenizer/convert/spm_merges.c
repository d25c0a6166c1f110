/* Source: transformers@v4.55.4 convert_slow_tokenizer.py generate_merges. */
#include "tokenizer/convert/spm_merges.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"

#include <stdlib.h>

/* Every token is looked at from each of its places: the sum of the squares of their lengths, at most. */
#define MAX_WORK ((uint64_t)1 << 33)
#define MAX_MERGES ((size_t)1 << 26)

/* Token `token` cut behind `left_bytes`. */
typedef struct merge {
    double score;
    uint32_t token, left_bytes, left_chars, right_chars;
} merge;

typedef struct merges {
    merge *ptr;
    size_t n, capacity;
} merges;

/* Python sorts stably, backwards, by (score, characters left, characters right). */
static int by_score(const void *a_ptr, const void *b_ptr) {
    const merge *a = a_ptr, *b = b_ptr;
    if (a->score != b->score) return a->score < b->score ? 1 : -1;
    if (a->left_chars != b->left_chars) return a->left_chars < b->left_chars ? 1 : -1;
    if (a->right_chars != b->right_chars) return a->right_chars < b->right_chars ? 1 : -1;
    return (a->token > b->token) - (a->token < b->token);
}

static ap_status add_cuts(ap__converter *c, merges *list, const ap__vocab *pieces, const ap__scored *token,
                          uint32_t i_token) {
    const ap__text *text = &token->text;
    uint32_t n_chars = (uint32_t)ap__utf8_count(text->ptr, text->len), chars = 1;
    for (size_t at = 0; at < text->len; chars++) {
        uint32_t code;
        at += ap__utf8_next(&code, text->ptr + at);
        if (at >= text->len) break;
        if (ap__vocab_find(pieces, text->ptr, at) == AP__TOKEN_NONE ||
            ap__vocab_find(pieces, text->ptr + at, text->len - at) == AP__TOKEN_NONE)
            continue;
        if (!ap__grow((void **)&list->ptr, &list->capacity, list->n + 1, sizeof *list->ptr, MAX_MERGES))
            return ap__fail_nomem(c->err);
        list->ptr[list->n++] = (merge){token->score, i_token, (uint32_t)at, chars, n_chars - chars};
    }
    return AP_OK;
}

static yyjson_mut_val *to_json(ap__converter *c, const merges *list, const ap__scored *tokens) {
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

ap_status ap__spm_merges(ap__converter *c, yyjson_mut_val **out, const ap__vocab *pieces,
                         const ap__vocab *ids, const ap__scored *tokens) {
    merges list = {0};
    size_t n = ids->n;
    uint64_t work = 0;
    ap_status status = AP_OK;
    for (size_t i = 0; i < n && work <= MAX_WORK; i++)
        work += (uint64_t)ids->entries[i].len * ids->entries[i].len;
    if (work > MAX_WORK)
        return ap__converter_fail(c, AP_ELIMIT, "the pieces are too long to find their merges");
    for (size_t i = 0; i < n && !status; i++)
        status = add_cuts(c, &list, pieces, &tokens[ids->entries[i].id], ids->entries[i].id);
    if (!status && list.n) qsort(list.ptr, list.n, sizeof *list.ptr, by_score);
    if (!status) *out = to_json(c, &list, tokens);
    ap__free(list.ptr);
    return status;
}

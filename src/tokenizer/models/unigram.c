/* Unigram: the way through the tokens of a piece with the best sum of scores.
 * Source: huggingface/tokenizers@v0.21.4 models/unigram/model.rs encode_optimized, tokenize;
 * models/unigram/serialization.rs. Scores are doubles, added in the same order, so that ties fall alike. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/component.h"
#include "tokenizer/models/trie.h"

#include <math.h>
#include <stdio.h>

/* What a character that is no token costs below the worst token. */
#define UNKNOWN_PENALTY 10.0
/* Sums of so many scores as a text has bytes are exact to less than that. */
#define STEEP_SCORE 1e6

typedef struct unigram {
    ap__vocab *vocab;
    ap__trie trie;
    uint32_t *ids; /* Of the trie's places. */
    double unknown_score;
    uint32_t unk_id; /* AP__TOKEN_NONE: there is none. */
    bool is_steep;   /* Unknown characters cost so much that no way takes them where a token goes. */
    bool byte_fallback;
    uint32_t byte_ids[256]; /* Of "<0x00>" and so on; AP__TOKEN_NONE where one is missing. */
} unigram;

/* -- reading ------------------------------------------------------------------------------------------- */

static ap_status fail_item(ap__loader *loader, size_t i) {
    size_t mark = ap__loader_enter(loader, "vocab", 0);
    ap__loader_enter(loader, NULL, i);
    ap_status status = ap__loader_fail(loader, AP_EFORMAT, NULL, "expected a list of a token and its score");
    ap__loader_leave(loader, mark);
    return status;
}

static ap_status check_list(ap__loader *loader, yyjson_val *list, size_t *n_bytes) {
    yyjson_val *item;
    size_t i, max;
    *n_bytes = 0;
    yyjson_arr_foreach(list, i, max, item) {
        yyjson_val *token = yyjson_arr_get(item, 0);
        if (yyjson_arr_size(item) != 2 || !yyjson_is_str(token) || !yyjson_is_num(yyjson_arr_get(item, 1)))
            return fail_item(loader, i);
        *n_bytes += yyjson_get_len(token);
    }
    return AP_OK;
}

/* Makes the trie, with scores and ids. */
static ap_status read_scores(unigram *self, ap__loader *loader, yyjson_val *list) {
    yyjson_val *item;
    size_t i, max, n = self->vocab->n;
    ap_status status = ap__trie_create(&self->trie, self->vocab, loader->arena, loader->err);
    double *scores = ap__calloc(n, sizeof *scores);
    if (!status && !scores) status = ap__fail_nomem(loader->err);
    if (!status) status = ap__loader_alloc(loader, &self->ids, n, sizeof *self->ids);
    if (!status) {
        yyjson_arr_foreach(list, i, max, item) scores[self->vocab->by_id[i] - 1] =
            yyjson_get_num(yyjson_arr_get(item, 1));
        ap__trie_set_weights(&self->trie, scores);
        for (i = 0; i < self->trie.n_places; i++)
            self->ids[i] = self->vocab->entries[self->trie.entries[i]].id;
    }
    ap__free(scores);
    return status;
}

/* Of a token that is listed twice, id and score are the last ones; each of its ids stands for it. */
static ap_status read_tokens(unigram *self, ap__loader *loader, yyjson_val *list) {
    yyjson_val *item;
    size_t i, max;
    double least = INFINITY;
    yyjson_arr_foreach(list, i, max, item) {
        yyjson_val *token = yyjson_arr_get(item, 0);
        double score = yyjson_get_num(yyjson_arr_get(item, 1));
        ap__vocab_add(self->vocab, yyjson_get_str(token), yyjson_get_len(token), (uint32_t)i);
        if (score < least) least = score;
    }
    self->unknown_score = least - UNKNOWN_PENALTY;
    self->is_steep = least > -STEEP_SCORE && least < UNKNOWN_PENALTY;
    ap_status status = ap__vocab_finish(self->vocab, loader->arena, loader->file, loader->err);
    if (status) return status;
    yyjson_arr_foreach(list, i, max, item) {
        yyjson_val *token = yyjson_arr_get(item, 0);
        ap__vocab_set_alias(self->vocab, (uint32_t)i, yyjson_get_str(token), yyjson_get_len(token));
    }
    self->vocab->n_listed = yyjson_arr_size(list);
    return read_scores(self, loader, list);
}

static ap_status read_vocab(unigram *self, ap__loader *loader, yyjson_val *json) {
    yyjson_val *list;
    size_t n_bytes;
    ap_status status = ap__get_array(loader, json, "vocab", &list);
    if (!status) status = check_list(loader, list, &n_bytes);
    if (!status)
        status = ap__vocab_create(self->vocab, loader->arena, yyjson_arr_size(list), n_bytes, loader->err);
    if (status) return status;
    if (self->unk_id != AP__TOKEN_NONE && self->unk_id >= yyjson_arr_size(list))
        return ap__loader_fail(loader, AP_EFORMAT, "unk_id", "expected an id below %zu, found %u",
                               yyjson_arr_size(list), self->unk_id);
    return read_tokens(self, loader, list);
}

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    unigram *self;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (status) return status;
    self->vocab = loader->vocab;
    self->unk_id = AP__TOKEN_NONE;
    status = ap__get_u32(loader, json, "unk_id", false, &self->unk_id);
    if (!status) status = ap__check_not_null(loader, json, "byte_fallback");
    if (!status) status = ap__get_bool(loader, json, "byte_fallback", false, &self->byte_fallback);
    if (!status) status = read_vocab(self, loader, json);
    if (status) return status;
    for (unsigned byte = 0; byte < 256; byte++) {
        char name[8];
        int len = snprintf(name, sizeof name, "<0x%02X>", byte);
        self->byte_ids[byte] = ap__vocab_find(self->vocab, name, (size_t)len);
    }
    *out = self;
    return AP_OK;
}

/* -- the best way -------------------------------------------------------------------------------------- */

/* The best way to a place of the text: its score, and its last token. */
typedef struct arrival {
    double score;
    uint32_t start; /* Of the token; NOT_REACHED: there is no way. */
    uint32_t place; /* Of the trie; AP__TOKEN_NONE: unknown. */
} arrival;

#define NOT_REACHED UINT32_MAX

static inline bool arrive(arrival *to, double score, uint32_t start, uint32_t place) {
    if (to->start != NOT_REACHED && !(score > to->score)) return false;
    *to = (arrival){score, start, place};
    return true;
}

static ap_status fail_unknown(ap_error *err) {
    return ap__fail(err, AP_EFORMAT,
                    "the text has a character that is no token, and the model has no unk_id");
}

static ap_status find_way(const unigram *self, const ap__ntext *text, arrival *arrivals, ap__work *work) {
    for (uint32_t i = 1; i <= text->len; i++) arrivals[i].start = NOT_REACHED;
    const ap__trie_node *nodes = self->trie.nodes;
    uint64_t n_steps = 0;
    arrivals[0] = (arrival){0};
    for (uint32_t at = 0, n; at < text->len; at += n) {
        double score = arrivals[at].score;
        bool has_single = false;
        uint32_t place;
        n = ap__utf8_len(text->ptr[at]);
        ap__trie_walk walk = {.text = text->ptr + at, .len = text->len - at};
        while (ap__trie_next(&self->trie, &walk, &place)) {
            arrive(&arrivals[at + walk.at], nodes[walk.node].weight + score, at, place);
            has_single = has_single || walk.at == n;
        }
        n_steps += walk.at + 1;
        if (has_single) continue;
        bool is_best = arrive(&arrivals[at + n], self->unknown_score + score, at, AP__TOKEN_NONE);
        if (is_best && self->unk_id == AP__TOKEN_NONE) return fail_unknown(work->err);
    }
    work->n_steps += n_steps;
    return AP_OK;
}

/* Turns the chain of arrivals, which runs backwards, into its tokens' ends in text order: `start` of each
 * place becomes where the token that starts there ends. */
static void turn_around(arrival *arrivals, uint32_t len) {
    uint32_t end = len, start = arrivals[len].start, place = arrivals[len].place;
    while (end) {
        uint32_t before = arrivals[start].start, before_place = arrivals[start].place;
        arrivals[start].start = end;
        arrivals[start].place = place;
        end = start;
        start = before;
        place = before_place;
    }
}

/* -- tokens -------------------------------------------------------------------------------------------- */

static bool has_bytes(const unigram *self, const char *text, uint32_t len) {
    for (uint32_t i = 0; i < len; i++)
        if (self->byte_ids[(unsigned char)text[i]] == AP__TOKEN_NONE) return false;
    return true;
}

/* Unknown characters, taken together: a token after all, or bytes, or one unknown. `has_token`: the text of
 * the unknown token is among them. */
static ap_status push_unknown(const unigram *self, ap__work *work, const ap__piece *piece, uint32_t start,
                              uint32_t end, bool has_token) {
    const char *text = piece->text.ptr + start;
    uint32_t id = AP__TOKEN_NONE;
    if (has_token || !self->is_steep) id = ap__vocab_find(self->vocab, text, end - start);
    ap_status status = AP_OK;
    if (id != AP__TOKEN_NONE) return ap__work_push_token(work, piece, id, start, end);
    if (!self->byte_fallback || !has_bytes(self, text, end - start))
        return ap__work_push_text_token(work, piece, self->unk_id, start, end);
    for (uint32_t i = 0; i < end - start && !status; i++)
        status = ap__work_push_token(work, piece, self->byte_ids[(unsigned char)text[i]], start, end);
    return status;
}

static uint32_t id_of(const unigram *self, const arrival *a) {
    return a->place == AP__TOKEN_NONE ? self->unk_id : self->ids[a->place];
}

/* `ends` gets where the first tokens end; *is_plain: each token begins where the one before ends. */
static ap_status push_way(const unigram *self, ap__work *work, const ap__piece *piece, const arrival *way,
                          uint32_t *ends, bool *is_plain) {
    ap_status status = AP_OK;
    size_t first = work->tokens.n;
    *is_plain = true;
    for (uint32_t at = 0, end; at < piece->text.len && !status; at = end) {
        uint32_t id = id_of(self, &way[at]);
        size_t n = work->tokens.n - first;
        end = way[at].start;
        if (id != self->unk_id) {
            status = ap__work_push_token(work, piece, id, at, end);
        } else {
            bool has_token = way[at].place != AP__TOKEN_NONE;
            for (; end < piece->text.len && id_of(self, &way[end]) == id; end = way[end].start)
                has_token = has_token || way[end].place != AP__TOKEN_NONE;
            status = push_unknown(self, work, piece, at, end, has_token);
        }
        if (n < AP__CACHED_MAX_TOKENS) ends[n] = end;
        *is_plain = *is_plain && work->tokens.n - first == n + 1;
    }
    return status;
}

static ap_status cut(const unigram *self, ap__work *work, const ap__piece *piece, uint32_t *ends,
                     bool *is_plain) {
    enum { FEW = 64 };
    arrival few[FEW + 1], *arrivals = few;
    size_t size;
    ap__arena_mark mark = ap__arena_get_mark(&work->arena);
    if (piece->text.len > FEW) {
        if (!ap__mul_size(&size, (size_t)piece->text.len + 1, sizeof *arrivals))
            return ap__fail_nomem(work->err);
        arrivals = ap__arena_alloc(&work->arena, size);
        if (!arrivals) return ap__fail_nomem(work->err);
    }
    ap_status status = find_way(self, &piece->text, arrivals, work);
    if (!status) {
        turn_around(arrivals, piece->text.len);
        status = push_way(self, work, piece, arrivals, ends, is_plain);
    }
    if (!work->has_texts) ap__arena_rewind(&work->arena, mark);
    return status;
}

/* -- pieces ------------------------------------------------------------------------------------------- */

/* A piece, and the name by which it is remembered; no length: it is not. */
typedef struct named {
    ap__piece *piece;
    ap__piece_key key;
} named;

/* What is remembered of the piece is asked for from memory, which takes longer than to find a way through it.
 */
static ap_status name(named *out, ap__work *work, ap__piece *piece) {
    ap_status status = piece->is_bytes ? ap__piece_write_bytes(work, piece) : AP_OK;
    out->piece = piece;
    out->key.len = 0;
    if (work->has_texts || !piece->text.len || piece->text.len > AP__CACHED_MAX_BYTES) return status;
    ap__piece_key_of(&out->key, piece->text.ptr, piece->text.len, piece->n_readable, 0);
    ap__piece_cache_ask(&work->piece_cache, &out->key);
    return status;
}

static ap_status push_piece(const unigram *self, ap__work *work, const named *n) {
    uint32_t ends[AP__CACHED_MAX_TOKENS];
    bool is_plain = false;
    size_t first = work->tokens.n;
    const ap__cached_piece *cached = n->key.len ? ap__piece_cache_find(&work->piece_cache, &n->key) : NULL;
    if (cached) return ap__work_push_cached(work, n->piece, 0, cached);
    ap_status status = cut(self, work, n->piece, ends, &is_plain);
    if (status || !is_plain) return status;
    return ap__work_remember(work, &n->key, first, ends);
}

static ap_status tokenize(const void *ptr, ap__work *work, ap__piece *pieces, size_t n) {
    enum { AHEAD = 16, HALF = AHEAD / 2 }; /* A power of two. */
    named names[AHEAD];
    uint32_t word = work->word;
    ap_status status = AP_OK;
    for (size_t i = 0; i < n + AHEAD && !status; i++) {
        named *place = &names[i % AHEAD];
        if (i >= AHEAD) {
            status = push_piece(ptr, work, place);
            work->word += !work->is_word_given;
        }
        if (i < n && !status) status = name(place, work, &pieces[i]);
        if (i >= HALF && i < n + HALF)
            ap__piece_cache_place(&work->piece_cache, &names[(i - HALF) % AHEAD].key);
    }
    work->word = word;
    return status;
}

const ap__model_class ap__model_unigram = {.create = create, .tokenize_all = tokenize};

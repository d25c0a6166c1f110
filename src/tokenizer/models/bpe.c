/* BPE: the characters of a piece, or its bytes, merged pair by pair.
 * Source: huggingface/tokenizers@v0.21.4 models/bpe/model.rs, models/bpe/serialization.rs. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/component.h"
#include "tokenizer/models/bpe_cuts.h"
#include "tokenizer/models/bpe_merges.h"
#include "tokenizer/models/read_vocab.h"

#include <stdio.h>
#include <string.h>

/* Longest affix of a symbol, in bytes. */
enum { AFFIX_MAX_BYTES = 256 };

typedef struct bpe {
    const ap__vocab *vocab;
    ap__merges merges;
    ap__text unk_token; /* No text: there is none. */
    ap__text prefix;    /* Of all symbols but a word's first. */
    ap__text suffix;    /* Of a word's last symbol. */
    uint32_t unk_id;
    bool fuse_unk, byte_fallback, ignore_merges;
    bool has_no_unknowns;       /* Every byte has its fallback. */
    ap__cuts *cuts;             /* NULL: texts are merged as a whole. */
    uint32_t fallback_ids[256]; /* Of "<0x00>" and so on; AP__TOKEN_NONE where one is missing. */
    /* Of the characters of the byte alphabet, with their affixes: [0] in the middle, | 1 first, | 2 last. */
    uint32_t byte_ids[4][256];
} bpe;

/* -- reading ------------------------------------------------------------------------------------------- */

static ap_status fail_merge(ap__loader *loader, size_t i, const char *what) {
    return ap__loader_fail(loader, AP_EFORMAT, "merges", "merge %zu: %s", i, what);
}

/* The id of left followed by right; the text of a symbol that is not the first is without its prefix. */
static ap_status merged_id(uint32_t *out, const bpe *self, ap__loader *loader, size_t i,
                           const ap__text *pair) {
    if (pair[1].len < self->prefix.len)
        return fail_merge(loader, i, "the second token is shorter than the prefix");
    const char *rest = pair[1].ptr + self->prefix.len;
    size_t rest_len = pair[1].len - self->prefix.len;
    uint64_t hash = ap__vocab_hash(self->vocab->seed, pair[0].ptr, pair[0].len);
    hash = ap__vocab_hash(hash, rest, rest_len);
    *out = ap__vocab_find_parts(self->vocab, hash, pair[0].ptr, pair[0].len, rest, rest_len);
    return *out == AP__TOKEN_NONE ? fail_merge(loader, i, "the merged token is not in the vocabulary")
                                  : AP_OK;
}

/* Whether the token also stands for what its string does not say. */
static bool is_stand_in(const bpe *self, const ap__text *token, uint32_t id) {
    bool may_be_byte = self->byte_fallback && token->len == 6 && token->ptr[0] == '<';
    for (size_t i = 0; may_be_byte && i < 256; i++)
        if (self->fallback_ids[i] == id) return true;
    return id == self->unk_id;
}

/* Cuts go by the strings of tokens: where those do not say what a symbol is made of, there are none. */
static void note_cuts(bpe *self, const ap__text *pair, const uint32_t *ids) {
    if (!self->cuts || !pair[0].len || !pair[1].len) return;
    if (is_stand_in(self, &pair[0], ids[0]) || is_stand_in(self, &pair[1], ids[1]))
        self->cuts = NULL;
    else
        ap__cuts_add(self->cuts, pair[0], pair[1]);
}

static ap_status add_merge(bpe *self, ap__loader *loader, size_t i, const ap__text *pair) {
    uint32_t ids[2], merged;
    for (int k = 0; k < 2; k++) {
        ids[k] = ap__vocab_find(self->vocab, pair[k].ptr, pair[k].len);
        if (ids[k] == AP__TOKEN_NONE) return fail_merge(loader, i, "a token is not in the vocabulary");
    }
    ap_status status = merged_id(&merged, self, loader, i, pair);
    if (status) return status;
    ap__merges_add(&self->merges, ids[0], ids[1], merged);
    note_cuts(self, pair, ids);
    return AP_OK;
}

/* Before 0.20 a merge was a string "left right". */
static bool split_merge(ap__text pair[2], yyjson_val *item) {
    const char *text = yyjson_get_str(item);
    size_t len = yyjson_get_len(item);
    const char *space = text && len ? memchr(text, ' ', len) : NULL; /* A list has a length, too. */
    if (!space) return false;
    size_t left = (size_t)(space - text);
    pair[0] = (ap__text){text, left};
    pair[1] = (ap__text){space + 1, len - left - 1};
    return !memchr(pair[1].ptr, ' ', pair[1].len);
}

static bool get_pair(ap__text pair[2], yyjson_val *item) {
    if (yyjson_arr_size(item) != 2) return false;
    for (size_t k = 0; k < 2; k++) {
        yyjson_val *part = yyjson_arr_get(item, k);
        if (!yyjson_is_str(part)) return false;
        pair[k] = (ap__text){yyjson_get_str(part), yyjson_get_len(part)};
    }
    return true;
}

static bool is_version_line(yyjson_val *item) {
    return yyjson_is_str(item) && !strncmp(yyjson_get_str(item), "#version", 8);
}

/* A character's place in its word must not matter, nor may one vanish: positions count from the word's start.
 */
static ap_status create_cuts(bpe *self, ap__loader *loader) {
    bool has_affix = self->prefix.len || self->suffix.len;
    self->has_no_unknowns = self->byte_fallback;
    for (size_t i = 0; i < 256; i++) self->has_no_unknowns &= self->fallback_ids[i] != AP__TOKEN_NONE;
    if (has_affix || self->ignore_merges || self->vocab->has_shared_ids) return AP_OK;
    if (!self->has_no_unknowns && !self->unk_token.ptr) return AP_OK;
    return ap__loader_alloc(loader, &self->cuts, 1, sizeof *self->cuts);
}

static ap_status read_merges(bpe *self, ap__loader *loader, yyjson_val *json) {
    yyjson_val *list, *item;
    size_t i, max;
    ap_status status = ap__get_array(loader, json, "merges", &list);
    if (!status)
        status = ap__merges_create(&self->merges, loader->arena, yyjson_arr_size(list), self->vocab->n_ids,
                                   loader->err);
    if (!status) status = create_cuts(self, loader);
    if (status) return status;
    bool are_strings = yyjson_is_str(yyjson_arr_get_first(list));
    yyjson_arr_foreach(list, i, max, item) {
        ap__text pair[2];
        if (are_strings && is_version_line(item)) continue;
        if (are_strings ? !split_merge(pair, item) : !get_pair(pair, item))
            return fail_merge(loader, i,
                              are_strings ? "expected a string of two tokens with a space between them"
                                          : "expected a list of two strings");
        if ((status = add_merge(self, loader, i, pair))) return status;
    }
    return AP_OK;
}

static ap_status check_dropout(ap__loader *loader, yyjson_val *json) {
    yyjson_val *dropout = yyjson_obj_get(json, "dropout");
    if (!dropout || yyjson_is_null(dropout)) return AP_OK;
    if (!yyjson_is_num(dropout))
        return ap__loader_fail(loader, AP_EFORMAT, "dropout", "expected a number, found %s",
                               ap__json_kind(dropout));
    if (yyjson_get_num(dropout) == 0.0) return AP_OK;
    return ap__loader_fail(loader, AP_EUNSUPPORTED, "dropout",
                           "random dropout of merges is for training and not supported; set it to null");
}

/* -- symbols ------------------------------------------------------------------------------------------- */

/* The id of a character with the affixes that its place calls for. *out_len and `out` are the string that was
 * looked up, which byte fallback spells out. */
static uint32_t find_symbol(const bpe *self, const char *text, uint32_t n, bool is_first, bool is_last,
                            char *out, size_t *out_len) {
    size_t len = 0;
    if (!is_first && self->prefix.len) {
        memcpy(out, self->prefix.ptr, self->prefix.len);
        len = self->prefix.len;
    }
    memcpy(out + len, text, n);
    len += n;
    if (is_last && self->suffix.len) {
        memcpy(out + len, self->suffix.ptr, self->suffix.len);
        len += self->suffix.len;
    }
    *out_len = len;
    return ap__vocab_find(self->vocab, out, len);
}

static void fill_tables(bpe *self) {
    char text[4], symbol[2 * AFFIX_MAX_BYTES + 4];
    size_t len;
    for (unsigned byte = 0; byte < 256; byte++) {
        char name[8];
        int name_len = snprintf(name, sizeof name, "<0x%02X>", byte);
        self->fallback_ids[byte] = ap__vocab_find(self->vocab, name, (size_t)name_len);
        uint32_t n = (uint32_t)ap__utf8_encode(text, ap__byte_to_char((unsigned char)byte));
        for (unsigned place = 0; place < 4; place++)
            self->byte_ids[place][byte] = find_symbol(self, text, n, place & 1, place & 2, symbol, &len);
    }
}

static ap_status read_options(bpe *self, ap__loader *loader, yyjson_val *json) {
    ap_status status;
    if ((status = check_dropout(loader, json))) return status;
    if ((status = ap__get_string(loader, json, "unk_token", false, &self->unk_token))) return status;
    if ((status = ap__get_string(loader, json, "continuing_subword_prefix", false, &self->prefix)))
        return status;
    if ((status = ap__get_string(loader, json, "end_of_word_suffix", false, &self->suffix))) return status;
    if ((status = ap__get_bool(loader, json, "fuse_unk", false, &self->fuse_unk))) return status;
    if ((status = ap__get_bool(loader, json, "byte_fallback", false, &self->byte_fallback))) return status;
    if ((status = ap__get_bool(loader, json, "ignore_merges", false, &self->ignore_merges))) return status;
    if (self->prefix.len <= AFFIX_MAX_BYTES && self->suffix.len <= AFFIX_MAX_BYTES) return AP_OK;
    return ap__loader_fail(loader, AP_ELIMIT, NULL,
                           "continuing_subword_prefix and end_of_word_suffix may have %d bytes at most",
                           AFFIX_MAX_BYTES);
}

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    bpe *self;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (!status) status = read_options(self, loader, json);
    if (!status) status = ap__read_vocab(loader, json);
    if (status) return status;
    self->vocab = loader->vocab;
    self->unk_id = AP__TOKEN_NONE;
    if (self->unk_token.ptr)
        self->unk_id = ap__vocab_find(self->vocab, self->unk_token.ptr, self->unk_token.len);
    fill_tables(self);
    *out = self;
    return read_merges(self, loader, json);
}

/* -- words --------------------------------------------------------------------------------------------- */

/* A word that is being cut into symbols. */
typedef struct word {
    ap__symbol *symbols; /* Room for what the piece can make at most. */
    size_t n;
    ap__symbol unknown; /* Waits for its neighbour, with which it may be fused; len 0: none. */
    bool is_written;    /* The text of the piece is its image from here on. */
} word;

static void put(word *w, uint32_t id, uint32_t len) { w->symbols[w->n++] = (ap__symbol){id, len}; }

static void put_unknown(word *w) {
    if (w->unknown.len) put(w, w->unknown.id, w->unknown.len);
    w->unknown.len = 0;
}

static bool put_fallback(const bpe *self, word *w, const char *symbol, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (self->fallback_ids[(unsigned char)symbol[i]] == AP__TOKEN_NONE) return false;
    /* A waiting unknown stays behind these, as in the reference. */
    for (size_t i = 0; i < len; i++) put(w, self->fallback_ids[(unsigned char)symbol[i]], 1);
    return true;
}

static ap_status add_unknown(const bpe *self, ap__work *work, word *w, uint32_t len) {
    if (!self->unk_token.ptr) return AP_OK; /* The character vanishes. */
    if (w->unknown.len && self->fuse_unk) {
        w->unknown.len += len;
        return AP_OK;
    }
    put_unknown(w);
    if (self->unk_id == AP__TOKEN_NONE)
        return ap__fail(
            work->err, AP_EFORMAT,
            "the text has a character that is not in the vocabulary, nor is the unk_token \"%.60s\"",
            self->unk_token.ptr);
    w->unknown = (ap__symbol){self->unk_id, len};
    return AP_OK;
}

static ap_status cut_chars(const bpe *self, ap__work *work, ap__text text, word *w) {
    char symbol[2 * AFFIX_MAX_BYTES + 4];
    ap_status status = AP_OK;
    for (size_t at = 0; at < text.len && !status;) {
        size_t len;
        uint32_t n = ap__utf8_len(text.ptr[at]);
        uint32_t id = find_symbol(self, text.ptr + at, n, at == 0, at + n == text.len, symbol, &len);
        if (id != AP__TOKEN_NONE) {
            put_unknown(w);
            put(w, id, n);
        } else if (!self->byte_fallback || !put_fallback(self, w, symbol, len)) {
            status = add_unknown(self, work, w, n);
        }
        at += n;
    }
    put_unknown(w);
    return status;
}

/* False when the alphabet of the vocabulary lacks one of the bytes. */
static bool cut_bytes(const bpe *self, ap__text text, word *w) {
    for (size_t i = 0; i < text.len; i++) {
        unsigned place = (i == 0 ? 1u : 0u) | (i + 1 == text.len ? 2u : 0u);
        uint32_t id = self->byte_ids[place][(unsigned char)text.ptr[i]];
        if (id == AP__TOKEN_NONE) return false;
        put(w, id, 1);
    }
    return true;
}

/* The vocabulary's token for the whole piece. */
static uint32_t find_whole(const bpe *self, ap__work *work, const ap__piece *piece) {
    const ap__ntext *text = &piece->text;
    if (!piece->is_bytes) return ap__vocab_find(self->vocab, text->ptr, text->len);
    if (text->len > self->vocab->longest) return AP__TOKEN_NONE;
    char few[512], *image = few;
    if (2 * (size_t)text->len > sizeof few) image = ap__arena_alloc(&work->arena, 2 * (size_t)text->len);
    if (!image) return AP__TOKEN_NONE;
    size_t len = 0;
    for (uint32_t i = 0; i < text->len; i++)
        len += ap__utf8_encode(image + len, ap__byte_to_char((unsigned char)text->ptr[i]));
    return ap__vocab_find(self->vocab, image, len);
}

/* The symbols that make up bytes [start, end) of the piece, or all of it when that had to be written out. */
static ap_status cut(const bpe *self, ap__work *work, ap__piece *piece, ap__text text, word *w) {
    if (self->ignore_merges) {
        uint32_t id = find_whole(self, work, piece);
        if (id != AP__TOKEN_NONE) {
            put(w, id, piece->text.len);
            return AP_OK;
        }
    }
    if (!piece->is_bytes || !cut_bytes(self, text, w)) {
        w->n = 0;
        ap_status status = AP_OK;
        if (piece->is_bytes) {
            w->is_written = true;
            status = ap__piece_write_bytes(work, piece);
            text = (ap__text){piece->text.ptr, piece->text.len};
        }
        if (!status) status = cut_chars(self, work, text, w);
        if (status) return status;
    }
    return ap__merges_apply(&self->merges, w->symbols, &w->n, work);
}

static ap_status push_symbols(ap__work *work, const ap__piece *piece, uint32_t start, const word *w) {
    ap_status status = AP_OK;
    uint32_t at = start;
    for (size_t i = 0; i < w->n && !status; i++) {
        uint32_t end = at + w->symbols[i].len;
        if (end <= piece->text.len)
            status = ap__work_push_token(work, piece, w->symbols[i].id, at, end);
        else /* Fallback bytes that spell affixes out put positions behind the text. */
            status = ap__work_push_outside(work, w->symbols[i].id, at, end);
        at = end;
    }
    return status;
}

/* -- pieces -------------------------------------------------------------------------------------------- */

/* What the cache is asked for. */
typedef struct part {
    uint32_t start, end; /* Bytes of the piece. */
    ap__piece_key key;   /* len 0: it is too long. */
} part;

static ap_status remember(ap__work *work, const part *p, const word *w) {
    ap__cached_piece *cached;
    size_t total = 0;
    for (size_t i = 0; i < w->n; i++) total += w->symbols[i].len;
    if (!p->key.len || w->is_written || w->n > AP__CACHED_MAX_TOKENS || total > p->end - p->start)
        return AP_OK;
    ap_status status = ap__piece_cache_put(&cached, &work->piece_cache, &p->key, work->err);
    if (status) return status;
    cached->n = (uint8_t)w->n;
    for (size_t i = 0; i < w->n; i++) {
        cached->ids[i] = w->symbols[i].id;
        cached->lens[i] = (uint8_t)w->symbols[i].len;
    }
    return AP_OK;
}

/* Every byte makes a symbol at most, but for the affixes that byte fallback spells out, and images of 2
 * bytes.
 */
static bool symbols_of(size_t *out, const bpe *self, size_t len) {
    size_t n_affix = self->byte_fallback ? self->prefix.len : 0;
    return ap__mul_size(out, 2 * len, n_affix + 1) && ap__add_size(out, *out, self->suffix.len + 1);
}

static ap_status merge_part(const bpe *self, ap__work *work, ap__piece *piece, const part *p) {
    enum { FEW = 64 };
    ap__symbol few[FEW];
    word w = {.symbols = few};
    ap__text text = {piece->text.ptr + p->start, p->end - p->start};
    ap__arena_mark mark = ap__arena_get_mark(&work->arena);
    size_t room;
    if (!symbols_of(&room, self, text.len)) return ap__fail_nomem(work->err);
    if (room > FEW) w.symbols = ap__arena_calloc(&work->arena, room, sizeof *w.symbols);
    if (!w.symbols) return ap__fail_nomem(work->err);
    ap_status status = cut(self, work, piece, text, &w);
    if (!status) status = push_symbols(work, piece, p->start, &w);
    if (!status) status = remember(work, p, &w);
    ap__arena_rewind(&work->arena, mark);
    return status;
}

static ap_status push_cached(ap__work *work, const ap__piece *piece, uint32_t at,
                             const ap__cached_piece *cached) {
    ap_status status = AP_OK;
    for (uint32_t i = 0; i < cached->n && !status; i++) {
        status = ap__work_push_token(work, piece, cached->ids[i], at, at + cached->lens[i]);
        at += cached->lens[i];
    }
    return status;
}

static ap_status tokenize_part(const bpe *self, ap__work *work, ap__piece *piece, uint32_t start,
                               uint32_t end) {
    enum { IS_BYTES = 1 << 8 };
    part p = {.start = start, .end = end};
    if (end - start <= AP__CACHED_MAX_BYTES) {
        p.key = ap__piece_key_of(piece->text.ptr + start, end - start, piece->is_bytes ? IS_BYTES : 0);
        const ap__cached_piece *cached = ap__piece_cache_find(&work->piece_cache, &p.key);
        if (cached) return push_cached(work, piece, start, cached);
    }
    return merge_part(self, work, piece, &p);
}

/* The end of the part that begins at `at`. Where unknown characters are fused, a cut is behind a known one.
 */
static uint32_t part_end(const bpe *self, const ap__ntext *text, uint32_t at) {
    uint32_t before, behind, n = (uint32_t)ap__utf8_next(&before, text->ptr + at);
    for (at += n; at < text->len; at += n, before = behind) {
        uint32_t n_before = n;
        n = (uint32_t)ap__utf8_next(&behind, text->ptr + at);
        if (!ap__cuts_between(self->cuts, before, behind)) continue;
        if (self->has_no_unknowns ||
            ap__vocab_find(self->vocab, text->ptr + at - n_before, n_before) != AP__TOKEN_NONE)
            break;
    }
    return at;
}

static ap_status tokenize(const void *ptr, ap__work *work, ap__piece *piece) {
    const bpe *self = ptr;
    if (!self->cuts || piece->is_bytes) return tokenize_part(self, work, piece, 0, piece->text.len);
    ap_status status = AP_OK;
    for (uint32_t start = 0, end; start < piece->text.len && !status; start = end) {
        end = part_end(self, &piece->text, start);
        status = tokenize_part(self, work, piece, start, end);
    }
    return status;
}

static ap__text subword_prefix(const void *self) { return ((const bpe *)self)->prefix; }

static ap__text end_of_word_suffix(const void *self) { return ((const bpe *)self)->suffix; }

const ap__model_class ap__model_bpe = {.create = create,
                                       .tokenize = tokenize,
                                       .subword_prefix = subword_prefix,
                                       .end_of_word_suffix = end_of_word_suffix};

/* BPE: the characters of a piece, or its bytes, merged pair by pair.
 * Source: huggingface/tokenizers@v0.21.4 models/bpe/model.rs. */
#include "tokenizer/models/bpe.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/byte_alphabet.h"

#include <string.h>

/* -- symbols ------------------------------------------------------------------------------------------- */

uint32_t ap__bpe_find_symbol(const ap__bpe *self, ap__text character, bool is_first, bool is_last, char *out,
                             size_t *out_len) {
    size_t len = 0;
    if (!is_first && self->prefix.len) {
        memcpy(out, self->prefix.ptr, self->prefix.len);
        len = self->prefix.len;
    }
    memcpy(out + len, character.ptr, character.len);
    len += character.len;
    if (is_last && self->suffix.len) {
        memcpy(out + len, self->suffix.ptr, self->suffix.len);
        len += self->suffix.len;
    }
    *out_len = len;
    return ap__vocab_find(self->vocab, out, len);
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

static bool put_fallback(const ap__bpe *self, word *w, const char *symbol, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (self->fallback_ids[(unsigned char)symbol[i]] == AP__TOKEN_NONE) return false;
    /* A waiting unknown stays behind these, as in the reference. */
    for (size_t i = 0; i < len; i++) put(w, self->fallback_ids[(unsigned char)symbol[i]], 1);
    return true;
}

static ap_status add_unknown(const ap__bpe *self, ap__work *work, word *w, uint32_t len) {
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

static ap_status cut_chars(const ap__bpe *self, ap__work *work, ap__text text, word *w) {
    char symbol[AP__SYMBOL_MAX_BYTES];
    ap_status status = AP_OK;
    for (size_t at = 0; at < text.len && !status;) {
        size_t len;
        uint32_t n = ap__utf8_len(text.ptr[at]);
        ap__text one = {text.ptr + at, n};
        uint32_t id = ap__bpe_find_symbol(self, one, at == 0, at + n == text.len, symbol, &len);
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
static bool cut_bytes(const ap__bpe *self, ap__text text, word *w) {
    for (size_t i = 0; i < text.len; i++) {
        unsigned place = (i == 0 ? 1u : 0u) | (i + 1 == text.len ? 2u : 0u);
        uint32_t id = self->byte_ids[place][(unsigned char)text.ptr[i]];
        if (id == AP__TOKEN_NONE) return false;
        put(w, id, 1);
    }
    return true;
}

/* The vocabulary's token for the whole piece. */
static uint32_t find_whole(const ap__bpe *self, ap__work *work, const ap__piece *piece) {
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

/* The symbols that make up `text`, a part of the piece, or all of it when that had to be written out. */
static ap_status merge(const ap__bpe *self, ap__work *work, ap__piece *piece, ap__text text, word *w) {
    bool is_cut = piece->is_bytes && cut_bytes(self, text, w);
    const char *bytes = is_cut && self->merges.byte_ranks ? text.ptr : NULL;
    if (!is_cut) {
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
    return ap__merges_apply(&self->merges, w->symbols, &w->n, bytes, work);
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
    bool may_be_token;   /* Without a merge that makes it. */
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
static bool symbols_of(size_t *out, const ap__bpe *self, size_t len) {
    size_t n_affix = self->byte_fallback ? self->prefix.len : 0;
    return ap__mul_size(out, 2 * len, n_affix + 1) && ap__add_size(out, *out, self->suffix.len + 1);
}

static ap_status merge_part(const ap__bpe *self, ap__work *work, ap__piece *piece, const part *p) {
    enum { FEW = 64 };
    ap__symbol few[FEW];
    word w = {.symbols = few};
    ap__text text = {piece->text.ptr + p->start, p->end - p->start};
    ap__arena_mark mark = ap__arena_get_mark(&work->arena);
    size_t room;
    if (!symbols_of(&room, self, text.len)) return ap__fail_nomem(work->err);
    if (room > FEW) w.symbols = ap__arena_calloc(&work->arena, room, sizeof *w.symbols);
    if (!w.symbols) return ap__fail_nomem(work->err);
    uint32_t id = p->may_be_token ? find_whole(self, work, piece) : AP__TOKEN_NONE;
    ap_status status = AP_OK;
    if (id != AP__TOKEN_NONE)
        put(&w, id, piece->text.len);
    else
        status = merge(self, work, piece, text, &w);
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

static ap_status tokenize_part(const ap__bpe *self, ap__work *work, ap__piece *piece, uint32_t start,
                               uint32_t end) {
    enum { IS_BYTES = 1 << 8, MAY_BE_TOKEN = 1 << 9 };
    bool is_piece = start == 0 && end == piece->text.len;
    part p = {.start = start, .end = end, .may_be_token = self->ignore_merges && is_piece};
    if (end - start <= AP__CACHED_MAX_BYTES) {
        uint32_t flags = (piece->is_bytes ? IS_BYTES : 0u) | (p.may_be_token ? MAY_BE_TOKEN : 0u);
        p.key = ap__piece_key_of(piece->text.ptr + start, end - start, flags);
        const ap__cached_piece *cached = ap__piece_cache_find(&work->piece_cache, &p.key);
        if (cached) return push_cached(work, piece, start, cached);
    }
    return merge_part(self, work, piece, &p);
}

/* The end of the part that begins at `at`. Where unknown characters are fused, a cut is behind a known one.
 */
static uint32_t part_end(const ap__bpe *self, const ap__piece *piece, uint32_t at) {
    const ap__ntext *text = &piece->text;
    for (;;) {
        at = ap__cuts_next(self->cuts, text->ptr, text->len, at);
        if (at == text->len || piece->is_bytes || self->has_no_unknowns) return at;
        uint32_t start = at - 1;
        while (ap__is_continuation(text->ptr[start])) start--;
        if (ap__vocab_find(self->vocab, text->ptr + start, at - start) != AP__TOKEN_NONE) return at;
    }
}

static ap_status tokenize_parts(const ap__bpe *self, ap__work *work, ap__piece *piece) {
    ap_status status = AP_OK;
    for (uint32_t start = 0, end; start < piece->text.len && !status; start = end) {
        end = part_end(self, piece, start);
        status = tokenize_part(self, work, piece, start, end);
    }
    return status;
}

static ap_status tokenize(const void *ptr, ap__work *work, ap__piece *piece) {
    const ap__bpe *self = ptr;
    uint32_t len = piece->text.len, id = AP__TOKEN_NONE;
    bool may_cut = self->cuts && self->cuts->are_bytes == piece->is_bytes;
    if (len <= AP__CACHED_MAX_BYTES || !may_cut) return tokenize_part(self, work, piece, 0, len);
    if (self->ignore_merges) id = find_whole(self, work, piece);
    return id == AP__TOKEN_NONE ? tokenize_parts(self, work, piece)
                                : ap__work_push_token(work, piece, id, 0, len);
}

static ap__text subword_prefix(const void *self) { return ((const ap__bpe *)self)->prefix; }

static ap__text end_of_word_suffix(const void *self) { return ((const ap__bpe *)self)->suffix; }

const ap__model_class ap__model_bpe = {.create = ap__bpe_create,
                                       .tokenize = tokenize,
                                       .subword_prefix = subword_prefix,
                                       .end_of_word_suffix = end_of_word_suffix};

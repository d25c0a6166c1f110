/* BPE: the characters of a piece, or its bytes, merged pair by pair.
 * Source: huggingface/tokenizers@v0.21.4 models/bpe/model.rs. */
#include "tokenizer/models/bpe.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"

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

/* Visible ASCII characters stand for themselves in the byte alphabet. */
static inline uint32_t find_ascii(const ap__bpe *self, ap__text text, size_t at) {
    unsigned char c = (unsigned char)text.ptr[at];
    unsigned place = (at == 0 ? 1u : 0u) | (at + 1 == text.len ? 2u : 0u);
    return c > ' ' && c < 0x7F ? self->byte_ids[place][c] : AP__TOKEN_NONE;
}

static ap_status cut_chars(const ap__bpe *self, ap__work *work, ap__text text, word *w) {
    char with_affixes[AP__SYMBOL_MAX_BYTES];
    ap_status status = AP_OK;
    for (size_t at = 0; at < text.len && !status;) {
        uint32_t code, id, n = (uint32_t)ap__utf8_next(&code, text.ptr + at);
        ap__text one = {text.ptr + at, n}, symbol = one;
        if (self->chars) {
            id = ap__chars_find(self->chars, code);
        } else if ((id = find_ascii(self, text, at)) == AP__TOKEN_NONE) {
            symbol.ptr = with_affixes;
            id = ap__bpe_find_symbol(self, one, at == 0, at + n == text.len, with_affixes, &symbol.len);
        }
        if (id != AP__TOKEN_NONE) {
            put_unknown(w);
            put(w, id, n);
        } else if (!self->byte_fallback || !put_fallback(self, w, symbol.ptr, symbol.len)) {
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

/* The piece in the byte alphabet. `out` has room for two bytes of each and one more. Gives the length. */
static size_t write_image(char *out, const ap__bpe *self, const ap__ntext *text) {
    size_t len = 0;
    for (uint32_t i = 0; i < text->len; i++) {
        unsigned char byte = (unsigned char)text->ptr[i];
        memcpy(out + len, self->images[byte], 2);
        len += self->image_lens[byte];
    }
    return len;
}

/* False only when the piece, which is longer than what is remembered, is no token: most are not, and need not
 * be looked up. */
static bool may_be_long_token(const ap__bpe *self, const ap__ntext *text) {
    char start[2 * AP__LONG_START + 1];
    ap__ntext head = {.ptr = text->ptr, .len = AP__LONG_START};
    size_t len = 0;
    for (uint32_t i = 0; i < text->len; i++) len += self->image_lens[(unsigned char)text->ptr[i]];
    write_image(start, self, &head);
    size_t at = ap__bpe_long_place(start, len);
    return self->long_tokens[at / 64] >> at % 64 & 1;
}

/* The vocabulary's token for the whole piece. */
static ap_status find_whole(uint32_t *id, const ap__bpe *self, ap__work *work, const ap__piece *piece) {
    const ap__ntext *text = &piece->text;
    *id = AP__TOKEN_NONE;
    if (text->len > self->vocab->longest) return AP_OK;
    if (piece->is_bytes && text->len > AP__CACHED_MAX_BYTES && !may_be_long_token(self, text)) return AP_OK;
    ap__text token = {text->ptr, text->len};
    ap__arena_mark mark = ap__arena_get_mark(&work->arena);
    if (piece->is_bytes) {
        char *image = ap__arena_alloc(&work->arena, 2 * (size_t)text->len + 1);
        if (!image) return ap__fail_nomem(work->err);
        token = (ap__text){image, write_image(image, self, text)};
    }
    *id = ap__vocab_find(self->vocab, token.ptr, token.len);
    ap__arena_rewind(&work->arena, mark);
    return AP_OK;
}

/* The symbols that make up `text`, a part of the piece, or all of it when that had to be written out. */
static ap_status cut(const ap__bpe *self, ap__work *work, ap__piece *piece, ap__text text, word *w) {
    if (piece->is_bytes && cut_bytes(self, text, w)) return AP_OK;
    w->n = 0;
    ap_status status = AP_OK;
    if (piece->is_bytes) {
        w->is_written = true;
        status = ap__piece_write_bytes(work, piece);
        text = (ap__text){piece->text.ptr, piece->text.len};
    }
    return status ? status : cut_chars(self, work, text, w);
}

static ap_status push_symbols(ap__work *work, const ap__piece *piece, uint32_t start,
                              const ap__symbol *symbols, size_t n) {
    ap_status status = AP_OK;
    uint32_t at = start;
    for (size_t i = 0; i < n && !status; i++) {
        uint32_t end = at + symbols[i].len;
        if (end <= piece->text.len || work->skips_offsets)
            status = ap__work_push_token(work, piece, symbols[i].id, at, end);
        else /* Fallback bytes that spell affixes out put positions behind the text. */
            status = ap__work_push_outside(work, symbols[i].id, at, end);
        at = end;
    }
    return status;
}

/* -- parts --------------------------------------------------------------------------------------------- */

/* A piece, or what it was cut into. */
typedef struct part {
    ap__piece *piece;
    ap__span bytes;     /* Of the piece. */
    uint32_t word;      /* Index of the piece. */
    bool may_be_token;  /* Without a merge that makes it. */
    bool may_be_fresh;  /* Though it is too long to be remembered. */
    uint32_t token;     /* Of a single character; AP__TOKEN_NONE: of anything else. */
    ap__piece_key key;  /* len 0: it is that, or too long to be remembered. */
    uint32_t cached;    /* Its place in the cache; 0: it is not there. */
    ap__merging *fresh; /* Of one that is neither remembered nor in any way unusual; else NULL. */
} part;

/* Parts that are gone about together, so that what each needs from memory is under way before it is needed.
 */
enum { BATCH = 128 };

typedef struct batch {
    part parts[BATCH];
    size_t n;
    ap__merging fresh[BATCH];
    part *fresh_parts[BATCH]; /* Those that have one of these each. */
    size_t n_fresh;
    size_t n_clears; /* Of the cache when it was searched. */
} batch;

static ap_status remember(ap__work *work, const part *p, const ap__symbol *symbols, size_t n) {
    ap__cached_piece *cached;
    uint32_t total = 0, ends = 0, len = p->bytes.end - p->bytes.start;
    if (!p->key.len) return AP_OK;
    for (size_t i = 0; i < n; i++) {
        total += symbols[i].len;
        if (!symbols[i].len || total > len) return AP_OK;
        ends |= 1u << (total - 1);
    }
    ap_status status = ap__piece_cache_put(&cached, &work->piece_cache, &p->key, n, work->err);
    if (status) return status;
    cached->ends = ends;
    for (size_t i = 0; i < n; i++) cached->ids[i] = symbols[i].id;
    return AP_OK;
}

/* The same of one that was merged with others. */
static ap_status remember_fresh(ap__work *work, const part *p) {
    ap__cached_piece *cached;
    const ap__merging *fresh = p->fresh;
    if (!p->key.len) return AP_OK;
    ap_status status = ap__piece_cache_put(&cached, &work->piece_cache, &p->key, fresh->n, work->err);
    if (status) return status;
    cached->ends = fresh->ends;
    memcpy(cached->ids, fresh->ids, fresh->n * sizeof *fresh->ids);
    return AP_OK;
}

/* Every byte makes a symbol at most, but for the affixes that byte fallback spells out, and images of 2
 * bytes. */
static bool symbols_of(size_t *out, const ap__bpe *self, size_t len) {
    size_t n_affix = self->byte_fallback ? self->prefix.len : 0;
    return ap__mul_size(out, 2 * len, n_affix + 1) && ap__add_size(out, *out, self->suffix.len + 1);
}

static ap_status merge_part(const ap__bpe *self, ap__work *work, const part *p) {
    word w = {0};
    size_t room, size;
    uint32_t id = AP__TOKEN_NONE;
    ap__text text = {p->piece->text.ptr + p->bytes.start, p->bytes.end - p->bytes.start};
    ap__arena_mark mark = ap__arena_get_mark(&work->arena);
    if (symbols_of(&room, self, text.len) && ap__mul_size(&size, room, sizeof *w.symbols))
        w.symbols = ap__arena_alloc(&work->arena, size);
    if (!w.symbols) return ap__fail_nomem(work->err);
    ap_status status = p->may_be_token ? find_whole(&id, self, work, p->piece) : AP_OK;
    if (id != AP__TOKEN_NONE) {
        put(&w, id, p->piece->text.len);
    } else {
        if (!status) status = cut(self, work, p->piece, text, &w);
        if (!status) status = ap__merges_apply(&self->merges, w.symbols, &w.n, work);
    }
    if (!status) status = push_symbols(work, p->piece, p->bytes.start, w.symbols, w.n);
    if (!status && !w.is_written) status = remember(work, p, w.symbols, w.n);
    ap__arena_rewind(&work->arena, mark);
    return status;
}

static ap_status push_part(const ap__bpe *self, ap__work *work, const batch *b, const part *p) {
    const ap__piece_cache *cache = &work->piece_cache;
    const ap__merging *fresh = p->fresh;
    work->word = p->word;
    if (p->token != AP__TOKEN_NONE)
        return ap__work_push_token(work, p->piece, p->token, p->bytes.start, p->bytes.end);
    if (fresh) {
        ap_status status =
            ap__work_push_ids(work, p->piece, p->bytes.start, fresh->ids, fresh->n, fresh->ends);
        return status ? status : remember_fresh(work, p);
    }
    /* All may have been forgotten for a part before this one. */
    if (!p->cached || b->n_clears != cache->n_clears) return merge_part(self, work, p);
    return ap__work_push_cached(work, p->piece, p->bytes.start, ap__piece_cache_at(cache, p->cached));
}

/* -- batches ------------------------------------------------------------------------------------------- */

/* Whether parts of the piece have no affixes, no vanishing characters and the like. */
static bool is_usual(const ap__bpe *self, const ap__piece *piece) {
    return self->cuts && self->cuts->are_bytes == piece->is_bytes;
}

static void find_cached(const ap__bpe *self, const ap__work *work, batch *b) {
    const ap__piece_cache *cache = &work->piece_cache;
    b->n_fresh = 0;
    b->n_clears = cache->n_clears;
    for (size_t i = 0; i < b->n; i++)
        if (b->parts[i].key.len) b->parts[i].cached = ap__piece_cache_place(cache, &b->parts[i].key);
    for (size_t i = 0; i < b->n; i++) {
        part *p = &b->parts[i];
        if (p->key.len ? ap__piece_cache_check(cache, p->cached, &p->key) != NULL : !p->may_be_fresh)
            continue;
        p->cached = 0;
        if (!is_usual(self, p->piece)) continue;
        if (p->may_be_token) __builtin_prefetch(&self->short_tokens[ap__bpe_short_place(&p->key)]);
        b->fresh_parts[b->n_fresh] = p;
        p->fresh = &b->fresh[b->n_fresh++];
    }
}

/* Fresh parts: those that may be tokens as they are, which are looked up while the others are merged. */
typedef struct token_search {
    ap__vocab_search search;
    part *parts[BATCH], *others[BATCH];
    size_t n_others;
    ap__text tokens[BATCH];
    char images[BATCH][2 * AP__CACHED_MAX_BYTES + 1];
} token_search;

_Static_assert((size_t)BATCH <= (size_t)AP__VOCAB_BATCH, "all parts may be tokens");

/* False only when the part is no token. */
static bool may_be_short_token(const ap__bpe *self, const part *p) {
    if (!p->may_be_token || !p->piece->is_bytes) return p->may_be_token;
    uint64_t bits = ap__bpe_short_bits(&p->key);
    return (self->short_tokens[ap__bpe_short_place(&p->key)] & bits) == bits;
}

static void begin_search(token_search *s, const ap__bpe *self, const batch *b) {
    size_t n = 0;
    s->n_others = 0;
    for (size_t i = 0; i < b->n_fresh; i++) {
        part *p = b->fresh_parts[i];
        const ap__ntext *text = &p->piece->text;
        if (!may_be_short_token(self, p)) {
            s->others[s->n_others++] = p;
            continue;
        }
        s->tokens[n] = (ap__text){text->ptr, text->len};
        if (p->piece->is_bytes)
            s->tokens[n] = (ap__text){s->images[n], write_image(s->images[n], self, text)};
        s->parts[n++] = p;
    }
    ap__vocab_search_begin(&s->search, self->vocab, s->tokens, n);
}

/* Those that are tokens become one symbol. Of s->parts the others stay.   @return how many these are */
static size_t finish_search(token_search *s, const ap__bpe *self) {
    uint32_t ids[BATCH];
    size_t n = 0;
    ap__vocab_search_finish(&s->search, self->vocab, ids);
    for (size_t i = 0; i < s->search.n; i++) {
        ap__merging *fresh = s->parts[i]->fresh;
        fresh->n = 1;
        fresh->ids[0] = ids[i];
        fresh->ends = 1u << (s->parts[i]->bytes.end - 1);
        if (ids[i] == AP__TOKEN_NONE) s->parts[n++] = s->parts[i];
    }
    return n;
}

/* Writes the numbers of the characters. Gives how many there are; 0 where one is not near, or is no token. */
static size_t spell_near(unsigned char *out, const ap__bpe *self, ap__text text, size_t *n_spaces) {
    size_t n = 0;
    *n_spaces = 0;
    for (size_t at = 0; at < text.len; n++) {
        unsigned char number = (unsigned char)text.ptr[at];
        bool is_space = number >= AP__NEAR_SPACE;
        if (is_space && !ap__is_near_space(text.ptr + at)) return 0;
        out[n] = is_space ? AP__NEAR_SPACE : number;
        if (self->merges.bytes->ids[out[n]] == AP__TOKEN_NONE) return 0;
        *n_spaces += is_space;
        at += is_space ? AP__NEAR_SPACE_LEN : 1;
    }
    return n;
}

/* Starts a word of characters that are near; false when it has others. */
static bool begin_near(ap__merging *fresh, const ap__bpe *self, ap__text text) {
    unsigned char numbers[AP__SHORT_WORD];
    uint8_t places[AP__SHORT_WORD + 1]; /* Of the characters, in bytes. */
    size_t n_spaces, n = spell_near(numbers, self, text, &n_spaces);
    if (!n) return false;
    ap__merging_begin_bytes(fresh, &self->merges, (ap__text){(const char *)numbers, n});
    if (!n_spaces) return true;
    places[0] = 0;
    for (size_t i = 0; i < n; i++)
        places[i + 1] = (uint8_t)(places[i] + (numbers[i] == AP__NEAR_SPACE ? AP__NEAR_SPACE_LEN : 1));
    for (size_t i = 1; i <= fresh->n + 1; i++) fresh->starts[i] = places[fresh->starts[i]];
    return true;
}

static ap_status begin_chars(ap__merging *fresh, const ap__bpe *self, ap__work *work, ap__text text) {
    ap__symbol symbols[AP__SHORT_WORD];
    word w = {.symbols = symbols};
    ap_status status = cut_chars(self, work, text, &w);
    if (status) return status;
    fresh->starts[1] = 0;
    for (size_t i = 0; i < w.n; i++) {
        fresh->ids[i + 1] = symbols[i].id;
        fresh->starts[i + 2] = (uint8_t)(fresh->starts[i + 1] + symbols[i].len);
    }
    ap__merging_begin(fresh, &self->merges, (uint32_t)w.n);
    return AP_OK;
}

/* Starts the words of fresh parts, and lists them. */
static ap_status begin_words(ap__merging **words, const ap__bpe *self, ap__work *work, part *const *parts,
                             size_t n) {
    ap_status status = AP_OK;
    for (size_t i = 0; i < n && !status; i++) {
        const part *p = parts[i];
        ap__text text = {p->piece->text.ptr + p->bytes.start, p->bytes.end - p->bytes.start};
        words[i] = p->fresh;
        if (p->piece->is_bytes)
            ap__merging_begin_bytes(p->fresh, &self->merges, text);
        else if (!begin_near(p->fresh, self, text))
            status = begin_chars(p->fresh, self, work, text);
    }
    return status;
}

static ap_status merge_fresh(const ap__bpe *self, ap__work *work, const batch *b) {
    token_search s;
    ap__merging *words[BATCH];
    begin_search(&s, self, b);
    ap_status status = begin_words(words, self, work, s.others, s.n_others);
    if (status) return status;
    ap__vocab_search_slots(&s.search, self->vocab);
    ap__merging_look_up(words, s.n_others, &self->merges);
    ap__vocab_search_entries(&s.search, self->vocab);
    ap__merging_finish(words, s.n_others, &self->merges);
    size_t n = finish_search(&s, self);
    status = begin_words(words, self, work, s.parts, n);
    if (status) return status;
    ap__merging_look_up(words, n, &self->merges);
    ap__merging_finish(words, n, &self->merges);
    return AP_OK;
}

static ap_status flush(const ap__bpe *self, ap__work *work, batch *b) {
    find_cached(self, work, b);
    ap_status status = b->n_fresh ? merge_fresh(self, work, b) : AP_OK;
    for (size_t i = 0; i < b->n && !status; i++) status = push_part(self, work, b, &b->parts[i]);
    b->n = 0;
    return status;
}

/* The token that bytes [start, start + len) of the piece are as a single character, or AP__TOKEN_NONE. */
static inline uint32_t find_single(const ap__bpe *self, const ap__piece *piece, uint32_t start,
                                   uint32_t len) {
    const char *text = piece->text.ptr + start;
    uint32_t code;
    if (!self->chars || piece->is_bytes || len > 4 || len != ap__utf8_len(*text)) return AP__TOKEN_NONE;
    ap__utf8_next(&code, text);
    return ap__chars_find(self->chars, code);
}

/* Adds bytes [start, end) of the piece of that index. */
static inline ap_status add_part(const ap__bpe *self, ap__work *work, batch *b, ap__piece *piece,
                                 uint32_t index, ap__span bytes) {
    ap_status status = b->n == BATCH ? flush(self, work, b) : AP_OK;
    part *p = &b->parts[b->n++];
    uint32_t len = bytes.end - bytes.start;
    p->piece = piece;
    p->bytes = bytes;
    p->word = index;
    p->may_be_token = self->ignore_merges && len == piece->text.len;
    p->may_be_fresh = false;
    p->cached = 0;
    p->fresh = NULL;
    p->key.len = 0;
    p->token = find_single(self, piece, bytes.start, len);
    if (p->token != AP__TOKEN_NONE) return status;
    if (len > AP__CACHED_MAX_BYTES) {
        p->may_be_fresh = len <= AP__SHORT_WORD && is_usual(self, piece);
        p->may_be_token &= !is_usual(self, piece); /* Else it is no token: add_piece(). */
        return status;
    }
    ap__bpe_key_of(&p->key, (ap__text){piece->text.ptr + bytes.start, len}, piece->n_readable - bytes.start,
                   piece->is_bytes, p->may_be_token);
    ap__piece_cache_ask(&work->piece_cache, &p->key);
    return status;
}

/* The end of the part that begins at `at`. Where unknown characters are fused, a cut is behind a known one.
 */
static uint32_t part_end(const ap__bpe *self, const ap__piece *piece, uint32_t at) {
    const ap__ntext *text = &piece->text;
    for (;;) {
        at = ap__cuts_next(self->cuts, text->ptr, text->len, at);
        if (at == text->len || piece->is_bytes || self->has_no_unknowns) return at;
        uint32_t code, start = at - 1;
        while (ap__is_continuation(text->ptr[start])) start--;
        ap__utf8_next(&code, text->ptr + start);
        if (ap__chars_find(self->chars, code) != AP__TOKEN_NONE) return at;
    }
}

/* Adds the piece, or what it is cut into. One that may be remembered as it is is not cut. */
static ap_status add_piece(const ap__bpe *self, ap__work *work, batch *b, ap__piece *piece, uint32_t index) {
    uint32_t len = piece->text.len, id = AP__TOKEN_NONE;
    bool is_cut = len > AP__CACHED_MAX_BYTES && is_usual(self, piece);
    ap_status status = is_cut && self->ignore_merges ? find_whole(&id, self, work, piece) : AP_OK;
    is_cut = is_cut && id == AP__TOKEN_NONE;
    for (ap__span bytes = {0, 0}; bytes.end < len && !status; bytes.start = bytes.end) {
        bytes.end = is_cut ? part_end(self, piece, bytes.start) : len;
        status = add_part(self, work, b, piece, index, bytes);
    }
    if (!status && id != AP__TOKEN_NONE) b->parts[b->n - 1].token = id;
    return status;
}

static ap_status tokenize(const void *ptr, ap__work *work, ap__piece *pieces, size_t n) {
    ap__arena_mark mark = ap__arena_get_mark(&work->arena);
    batch *b = ap__arena_alloc(&work->arena, sizeof *b);
    if (!b) return ap__fail_nomem(work->err);
    uint32_t first = work->word;
    ap_status status = AP_OK;
    b->n = 0;
    for (size_t i = 0; i < n && !status; i++)
        status = add_piece(ptr, work, b, &pieces[i], work->is_word_given ? first : first + (uint32_t)i);
    if (!status) status = flush(ptr, work, b);
    work->word = first;
    ap__arena_rewind(&work->arena, mark);
    return status;
}

static ap__text subword_prefix(const void *self) { return ((const ap__bpe *)self)->prefix; }

static ap__text end_of_word_suffix(const void *self) { return ((const ap__bpe *)self)->suffix; }

const ap__model_class ap__model_bpe = {.create = ap__bpe_create,
                                       .tokenize_all = tokenize,
                                       .subword_prefix = subword_prefix,
                                       .end_of_word_suffix = end_of_word_suffix};

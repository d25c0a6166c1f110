/* WordPiece: the longest token at each place, from left to right; a word with a place without one is unknown.
 * Source: huggingface/tokenizers@v0.21.4 models/wordpiece/mod.rs. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/component.h"
#include "tokenizer/models/read_vocab.h"
#include "tokenizer/models/word_cache.h"

#include <string.h>

typedef struct word_piece {
    const ap__vocab *vocab;
    ap__text unk_token;
    ap__text prefix;      /* Of all parts but the first. */
    uint64_t prefix_hash; /* The state of the hash behind it. */
    size_t max_input_chars_per_word;
    uint32_t unk_id;
} word_piece;

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    word_piece *self;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (!status) status = ap__get_string(loader, json, "unk_token", true, &self->unk_token);
    if (!status) status = ap__get_string(loader, json, "continuing_subword_prefix", true, &self->prefix);
    if (!status)
        status =
            ap__get_size(loader, json, "max_input_chars_per_word", true, &self->max_input_chars_per_word);
    if (!status) status = ap__read_vocab(loader, json);
    if (status) return status;
    self->vocab = loader->vocab;
    self->unk_id = ap__vocab_find(self->vocab, self->unk_token.ptr, self->unk_token.len);
    self->prefix_hash = ap__vocab_hash(self->vocab->seed, self->prefix.ptr, self->prefix.len);
    *out = self;
    return AP_OK;
}

/* The longest token at `start`; *end is behind it. `hashes` has room for the bytes of the longest token. */
static uint32_t longest_at(const word_piece *self, const ap__ntext *text, uint32_t start, uint32_t *end,
                           uint64_t *hashes) {
    ap__text prefix = start ? self->prefix : (ap__text){"", 0};
    uint64_t hash = start ? self->prefix_hash : self->vocab->seed;
    if (prefix.len > self->vocab->longest) return AP__TOKEN_NONE;
    uint32_t room = self->vocab->longest - (uint32_t)prefix.len, len = text->len - start;
    if (len > room) len = room;
    const char *bytes = text->ptr + start;
    for (uint32_t i = 0; i < len; i++) hashes[i] = hash = ap__vocab_hash_step(hash, bytes[i]);
    for (; len > 0; len--) {
        if (start + len < text->len && ap__is_continuation(bytes[len])) continue;
        uint32_t id = ap__vocab_find_parts(self->vocab, hashes[len - 1], prefix.ptr, prefix.len, bytes, len);
        if (id == AP__TOKEN_NONE) continue;
        *end = start + len;
        return id;
    }
    return AP__TOKEN_NONE;
}

static ap_status push_unknown(const word_piece *self, ap__work *work, const ap__piece *piece) {
    if (self->unk_id == AP__TOKEN_NONE)
        return ap__fail(work->err, AP_EFORMAT,
                        "the text has a word that is not in the vocabulary, nor is the unk_token \"%.60s\"",
                        self->unk_token.ptr);
    return ap__work_push_token(work, piece, self->unk_id, 0, piece->text.len);
}

static bool is_too_long(const word_piece *self, const ap__ntext *text) {
    return text->len > self->max_input_chars_per_word &&
           ap__utf8_count(text->ptr, text->len) > self->max_input_chars_per_word;
}

/* The parts of a word; `ends` gets where the first of them end. */
static ap_status cut(const word_piece *self, ap__work *work, const ap__piece *piece, uint32_t *ends) {
    enum { FEW = 128 };
    uint64_t few[FEW], *hashes = few;
    ap_status status = AP_OK;
    const ap__ntext *text = &piece->text;
    ends[0] = text->len;
    if (is_too_long(self, text)) return push_unknown(self, work, piece);
    uint32_t most = text->len < self->vocab->longest ? text->len : self->vocab->longest;
    if (most > FEW && !(hashes = ap__arena_alloc(&work->arena, most * sizeof *hashes)))
        return ap__fail_nomem(work->err);
    size_t first = work->tokens.n;
    for (uint32_t start = 0, end = 0; start < text->len && !status; start = end) {
        uint32_t id = longest_at(self, text, start, &end, hashes);
        work->n_steps += most;
        if (id == AP__TOKEN_NONE) {
            work->tokens.n = first; /* The word is unknown as a whole. */
            ends[0] = text->len;
            return push_unknown(self, work, piece);
        }
        size_t n = work->tokens.n - first;
        if (n < AP__CACHED_TOKENS) ends[n] = end;
        status = ap__work_push_token(work, piece, id, start, end);
    }
    return status;
}

static ap_status tokenize(const void *ptr, ap__work *work, ap__piece *piece) {
    const word_piece *self = ptr;
    uint32_t ends[AP__CACHED_TOKENS];
    ap__cached_word *place;
    size_t first = work->tokens.n;
    ap_status status = piece->is_bytes ? ap__piece_write_bytes(work, piece) : AP_OK;
    if (status || ap__word_cache_push(&place, work, piece, &status) || status) return status;
    status = cut(self, work, piece, ends);
    if (!status && place) ap__word_cache_keep(place, piece, work, first, ends);
    return status;
}

static ap__text subword_prefix(const void *self) { return ((const word_piece *)self)->prefix; }

const ap__model_class ap__model_word_piece = {
    .create = create, .tokenize = tokenize, .subword_prefix = subword_prefix};

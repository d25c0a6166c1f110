/* Reading a byte-pair encoding: its options, its tokens and its merges.
 * Source: huggingface/tokenizers@v0.21.4 models/bpe/model.rs, models/bpe/serialization.rs. */
#include "tokenizer/models/bpe.h"

#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/models/read_vocab.h"

#include <stdio.h>
#include <string.h>

/* -- merges -------------------------------------------------------------------------------------------- */

static ap_status fail_merge(ap__loader *loader, size_t i, const char *what) {
    return ap__loader_fail(loader, AP_EFORMAT, "merges", "merge %zu: %s", i, what);
}

/* The id of left followed by right; the text of a symbol that is not the first is without its prefix. Merges
 * come in the order of what they make, mostly: the last one's token or the next is tried first. */
static ap_status merged_id(uint32_t *id, const ap__bpe *self, ap__loader *loader, size_t i,
                           const ap__text *pair) {
    if (pair[1].len < self->prefix.len)
        return fail_merge(loader, i, "the second token is shorter than the prefix");
    ap__text rest = {pair[1].ptr + self->prefix.len, pair[1].len - self->prefix.len};
    for (int k = 0; k < 2; k++, (*id)++)
        if (ap__vocab_is_token(self->vocab, *id, pair[0], rest)) return AP_OK;
    uint64_t hash = ap__vocab_hash(self->vocab->seed, pair[0].ptr, pair[0].len);
    hash = ap__vocab_hash(hash, rest.ptr, rest.len);
    *id = ap__vocab_find_parts(self->vocab, hash, pair[0].ptr, pair[0].len, rest.ptr, rest.len);
    return *id == AP__TOKEN_NONE ? fail_merge(loader, i, "the merged token is not in the vocabulary") : AP_OK;
}

/* Whether the token also stands for what its string does not say. */
static bool is_stand_in(const ap__bpe *self, const ap__text *token, uint32_t id) {
    bool may_be_byte = self->byte_fallback && token->len == 6 && token->ptr[0] == '<';
    for (size_t i = 0; may_be_byte && i < 256; i++)
        if (self->fallback_ids[i] == id) return true;
    return id == self->unk_id;
}

/* Cuts go by the strings of tokens: where those do not say what a symbol is made of, there are none. */
static void note_cuts(ap__bpe *self, const ap__text *pair, const uint32_t *ids) {
    if (!self->cuts) return;
    bool has_stand_in = is_stand_in(self, &pair[0], ids[0]) || is_stand_in(self, &pair[1], ids[1]);
    if (has_stand_in && !self->cuts->are_bytes)
        self->cuts = NULL;
    else
        ap__cuts_add(self->cuts, pair[0], pair[1]);
}

/* Merges that are looked up together. */
enum { MERGE_BATCH = AP__VOCAB_BATCH / 2 };

typedef struct merge_batch {
    ap__text pairs[MERGE_BATCH][2];
    size_t places[MERGE_BATCH]; /* In the file's list. */
    size_t n;
    uint32_t last; /* What the merge before them made. */
} merge_batch;

static ap_status add_merges(ap__bpe *self, ap__loader *loader, merge_batch *batch) {
    uint32_t ids[MERGE_BATCH][2], merged[MERGE_BATCH];
    size_t n = batch->n;
    batch->n = 0;
    ap__vocab_find_batch(self->vocab, batch->pairs[0], 2 * n, ids[0]);
    for (size_t i = 0; i < n; i++) {
        if (ids[i][0] == AP__TOKEN_NONE || ids[i][1] == AP__TOKEN_NONE)
            return fail_merge(loader, batch->places[i], "a token is not in the vocabulary");
        __builtin_prefetch(ap__merges_place(&self->merges, ids[i][0], ids[i][1]), 1);
        ap_status status = merged_id(&batch->last, self, loader, batch->places[i], batch->pairs[i]);
        if (status) return status;
        merged[i] = batch->last;
        note_cuts(self, batch->pairs[i], ids[i]);
    }
    for (size_t i = 0; i < n; i++) {
        bool is_used;
        uint32_t rank = self->merges.n;
        ap__merges_add(&self->merges, ids[i][0], ids[i][1], merged[i], &is_used);
        if (self->merges.bytes)
            ap__byte_merges_add(self->merges.bytes, batch->pairs[i][0], batch->pairs[i][1], rank, merged[i],
                                is_used);
    }
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

/* Words of ASCII, with a SentencePiece model's spaces, are merged as those of bytes are. */
static ap_status create_near(ap__bpe *self, ap__loader *loader) {
    uint32_t ids[256];
    memset(ids, 0xFF, sizeof ids); /* No token. */
    for (unsigned i = 0; i < AP__NEAR_SPACE; i++) {
        char character = (char)i;
        ids[i] = ap__vocab_find(self->vocab, &character, 1);
    }
    ids[AP__NEAR_SPACE] = ap__vocab_find(self->vocab, AP__NEAR_SPACE_BYTES, AP__NEAR_SPACE_LEN);
    ap_status status = ap__near_merges_create(&self->merges.bytes, loader->arena, ids, loader->err);
    return status ? status : ap__chars_create(&self->chars, loader->arena, self->vocab, loader->err);
}

/* A character's place in its word must not matter, nor may one vanish: positions count from the word's start.
 */
static ap_status create_cuts(ap__bpe *self, ap__loader *loader) {
    bool has_affix = self->prefix.len || self->suffix.len, has_alphabet = true;
    self->has_no_unknowns = self->byte_fallback;
    for (size_t i = 0; i < 256; i++) {
        self->has_no_unknowns &= self->fallback_ids[i] != AP__TOKEN_NONE;
        has_alphabet &= self->byte_ids[0][i] != AP__TOKEN_NONE;
    }
    if (has_affix || self->vocab->has_shared_ids) return AP_OK;
    if (!has_alphabet && !self->has_no_unknowns && !self->unk_token.ptr) return AP_OK;
    ap_status status = ap__loader_alloc(loader, &self->cuts, 1, sizeof *self->cuts);
    if (status) return status;
    /* What spells out unknown characters has tokens of characters, though it may have all of the alphabet. */
    self->cuts->are_bytes = has_alphabet && !self->has_no_unknowns;
    if (!self->cuts->are_bytes) return create_near(self, loader);
    return ap__byte_merges_create(&self->merges.bytes, loader->arena, self->byte_ids[0], loader->err);
}

static ap_status fail_item(ap__loader *loader, size_t i, bool are_strings) {
    return fail_merge(loader, i,
                      are_strings ? "expected a string of two tokens with a space between them"
                                  : "expected a list of two strings");
}

static ap_status read_merges(ap__bpe *self, ap__loader *loader, yyjson_val *json) {
    yyjson_val *list, *item;
    size_t i, max;
    merge_batch batch = {.n = 0};
    ap_status status = ap__get_array(loader, json, "merges", &list);
    if (!status)
        status = ap__merges_create(&self->merges, loader->arena, yyjson_arr_size(list), self->vocab->n_ids,
                                   loader->err);
    if (!status) status = create_cuts(self, loader);
    if (status) return status;
    bool are_strings = yyjson_is_str(yyjson_arr_get_first(list));
    yyjson_arr_foreach(list, i, max, item) {
        if (are_strings && is_version_line(item)) continue;
        ap__text *pair = batch.pairs[batch.n];
        bool is_pair = are_strings ? split_merge(pair, item) : get_pair(pair, item);
        batch.places[batch.n] = i;
        batch.n += is_pair;
        if (!is_pair || batch.n == MERGE_BATCH) status = add_merges(self, loader, &batch);
        if (!status && !is_pair) status = fail_item(loader, i, are_strings);
        if (status) return status;
    }
    return add_merges(self, loader, &batch);
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

/* -- the model ------------------------------------------------------------------------------------------ */

static void fill_tables(ap__bpe *self) {
    char text[4], symbol[AP__SYMBOL_MAX_BYTES];
    size_t len;
    for (unsigned byte = 0; byte < 256; byte++) {
        char name[8];
        int name_len = snprintf(name, sizeof name, "<0x%02X>", byte);
        self->fallback_ids[byte] = ap__vocab_find(self->vocab, name, (size_t)name_len);
        size_t n = ap__utf8_encode(text, ap__byte_to_char((unsigned char)byte));
        memcpy(self->images[byte], text, n);
        self->image_lens[byte] = (uint8_t)n;
        for (unsigned place = 0; place < 4; place++)
            self->byte_ids[place][byte] =
                ap__bpe_find_symbol(self, (ap__text){text, n}, place & 1, place & 2, symbol, &len);
    }
}

/* The bytes that a token stands for; 0: none, or more than are remembered of a piece. */
static size_t bytes_of(char *out, const char *token, size_t len) {
    size_t n = 0;
    for (size_t at = 0; at < len; n++) {
        uint32_t code;
        at += ap__utf8_next(&code, token + at);
        int byte = ap__char_to_byte(code);
        if (byte < 0 || n == AP__CACHED_MAX_BYTES) return 0;
        out[n] = (char)byte;
    }
    return n;
}

static void note_token(ap__bpe *self, const char *token, size_t len) {
    char bytes[AP__CACHED_MAX_BYTES];
    size_t at;
    if (len > AP__CACHED_MAX_BYTES) {
        at = ap__bpe_long_place(token, len);
        self->long_tokens[at / 64] |= 1ull << at % 64;
    }
    size_t n = bytes_of(bytes, token, len);
    if (!n) return;
    ap__piece_key key;
    ap__bpe_key_of(&key, (ap__text){bytes, n}, (uint32_t)n, true, true);
    self->short_tokens[ap__bpe_short_place(&key)] |= ap__bpe_short_bits(&key);
}

static ap_status note_tokens(ap__bpe *self, ap__loader *loader) {
    const ap__vocab *vocab = self->vocab;
    if (!self->ignore_merges) return AP_OK;
    ap_status status =
        ap__loader_alloc(loader, &self->long_tokens, (1 << AP__LONG_BITS) / 64, sizeof *self->long_tokens);
    if (!status)
        status = ap__loader_alloc(loader, &self->short_tokens, (1 << AP__SHORT_BITS) / 64,
                                  sizeof *self->short_tokens);
    for (size_t i = 0; i < vocab->n && !status; i++)
        note_token(self, vocab->pool + vocab->entries[i].offset, vocab->entries[i].len);
    return status;
}

static ap_status read_options(ap__bpe *self, ap__loader *loader, yyjson_val *json) {
    ap_status status;
    if ((status = check_dropout(loader, json))) return status;
    if ((status = ap__get_string(loader, json, "unk_token", false, &self->unk_token))) return status;
    if ((status = ap__get_string(loader, json, "continuing_subword_prefix", false, &self->prefix)))
        return status;
    if ((status = ap__get_string(loader, json, "end_of_word_suffix", false, &self->suffix))) return status;
    if ((status = ap__get_bool(loader, json, "fuse_unk", false, &self->fuse_unk))) return status;
    if ((status = ap__get_bool(loader, json, "byte_fallback", false, &self->byte_fallback))) return status;
    if ((status = ap__get_bool(loader, json, "ignore_merges", false, &self->ignore_merges))) return status;
    if (self->prefix.len <= AP__AFFIX_MAX_BYTES && self->suffix.len <= AP__AFFIX_MAX_BYTES) return AP_OK;
    return ap__loader_fail(loader, AP_ELIMIT, NULL,
                           "continuing_subword_prefix and end_of_word_suffix may have %d bytes at most",
                           AP__AFFIX_MAX_BYTES);
}

ap_status ap__bpe_create(void **out, ap__loader *loader, yyjson_val *json) {
    ap__bpe *self;
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
    status = note_tokens(self, loader);
    return status ? status : read_merges(self, loader, json);
}

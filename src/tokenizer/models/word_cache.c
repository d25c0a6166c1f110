/* Look-up of pieces by their text. */
#include "tokenizer/models/word_cache.h"

#include "base/alloc.h"
#include "base/error.h"

#include <string.h>

static uint64_t load8(const char *text) {
    uint64_t word;
    memcpy(&word, text, sizeof word);
    return word;
}

/* Up to eight bytes as a number; none are read behind the text. */
static uint64_t load_few(const char *text, uint32_t len) {
    uint32_t low, high;
    if (len >= 4) {
        memcpy(&low, text, 4);
        memcpy(&high, text + len - 4, 4);
        return (uint64_t)high << 32 | low;
    }
    return (uint64_t)(unsigned char)text[0] | (uint64_t)(unsigned char)text[len / 2] << 8 |
           (uint64_t)(unsigned char)text[len - 1] << 16;
}

static uint64_t mix(uint64_t state, uint64_t word) {
    state = (state ^ word) * 0x9E3779B97F4A7C15u;
    return state ^ state >> 29;
}

static uint64_t hash_of(const char *text, uint32_t len) {
    uint64_t state = len;
    if (len < 8) return mix(state, load_few(text, len));
    for (uint32_t at = 0; at + 8 < len; at += 8) state = mix(state, load8(text + at));
    return mix(state, load8(text + len - 8));
}

static bool is_same(const ap__cached_word *word, const char *text, uint32_t len) {
    if (word->len != len) return false;
    if (len < 8) return load_few(word->text, len) == load_few(text, len);
    for (uint32_t at = 0; at + 8 < len; at += 8)
        if (load8(word->text + at) != load8(text + at)) return false;
    return load8(word->text + len - 8) == load8(text + len - 8);
}

static ap__word_cache *create(ap_error *err) {
    ap__word_cache *cache = ap__calloc(1, sizeof *cache);
    if (cache) cache->memory = ap__calloc(1, AP__CACHE_ROWS * sizeof *cache->rows + AP__CACHE_LINE);
    if (!cache || !cache->memory) {
        ap__word_cache_destroy(cache);
        ap__fail_nomem(err);
        return NULL;
    }
    size_t over = (uintptr_t)cache->memory % AP__CACHE_LINE;
    cache->rows = (void *)((char *)cache->memory + (AP__CACHE_LINE - over) % AP__CACHE_LINE);
    return cache;
}

void ap__word_cache_destroy(ap__word_cache *cache) {
    if (cache) ap__free(cache->memory);
    ap__free(cache);
}

static ap__cached_word *row_of(const ap__word_cache *cache, uint64_t hash) {
    return cache->rows[hash >> 20 & (AP__CACHE_ROWS - 1)];
}

/* The row of the piece; that of the piece behind it is asked for. */
static ap__cached_word *find_row(ap__word_cache *cache, const ap__work *work, const ap__piece *piece) {
    const ap__ntext *text = &piece->text;
    uint64_t hash = cache->next_text == text->ptr ? cache->next_hash : hash_of(text->ptr, text->len);
    const ap__piece *next = piece + 1, *pieces = work->pieces.ptr;
    cache->next_text = NULL;
    if (pieces && piece >= pieces && next < pieces + work->pieces.n && next->text.len &&
        next->text.len <= AP__CACHED_BYTES) {
        cache->next_text = next->text.ptr;
        cache->next_hash = hash_of(next->text.ptr, next->text.len);
        const ap__cached_word *row = row_of(cache, cache->next_hash);
        __builtin_prefetch(row);
        __builtin_prefetch(row + 1);
    }
    return row_of(cache, hash);
}

bool ap__word_cache_push(ap__cached_word **place, ap__work *work, const ap__piece *piece, ap_status *status) {
    uint32_t len = piece->text.len;
    *place = NULL;
    *status = AP_OK;
    if (work->has_texts || !len || len > AP__CACHED_BYTES) return false;
    if (!work->words && !(work->words = create(work->err))) {
        *status = AP_ENOMEM;
        return false;
    }
    ap__cached_word *row = find_row(work->words, work, piece);
    for (uint8_t i = 0; i < AP__CACHE_PLACES; i++) {
        if (!is_same(&row[i], piece->text.ptr, len)) continue;
        *status = ap__work_push_tokens(work, piece, row[i].ids, row[i].ends, row[i].n);
        row->last = i;
        return true;
    }
    row->last = !row->last;
    *place = &row[row->last];
    (*place)->len = 0;
    return false;
}

void ap__word_cache_keep(ap__cached_word *place, const ap__piece *piece, const ap__work *work, size_t first,
                         const uint32_t *ends) {
    size_t n = work->tokens.n - first;
    if (n > AP__CACHED_TOKENS) return;
    place->len = (uint8_t)piece->text.len;
    place->n = (uint8_t)n;
    memcpy(place->text, piece->text.ptr, piece->text.len);
    for (size_t i = 0; i < n; i++) {
        place->ids[i] = work->tokens.ptr[first + i].id;
        place->ends[i] = (uint8_t)ends[i];
    }
}

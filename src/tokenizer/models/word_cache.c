/* Look-up of pieces by their text. */
#include "tokenizer/models/word_cache.h"

#include "base/alloc.h"
#include "base/error.h"

#include <string.h>

/* A power of two; 512 KiB in all. */
enum { N_PLACES = 8192 };

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

bool ap__word_cache_push(ap__cached_word **place, ap__work *work, const ap__piece *piece, ap_status *status) {
    uint32_t len = piece->text.len;
    *place = NULL;
    *status = AP_OK;
    if (work->has_texts || !len || len > AP__CACHED_BYTES) return false;
    if (!work->words && !(work->words = ap__calloc(N_PLACES, sizeof *work->words))) {
        *status = ap__fail_nomem(work->err);
        return false;
    }
    uint64_t hash = hash_of(piece->text.ptr, len);
    ap__cached_word *word = &work->words[hash >> 20 & (N_PLACES - 1)];
    if (!is_same(word, piece->text.ptr, len)) {
        *place = word;
        return false;
    }
    *status = ap__work_push_tokens(work, piece, word->ids, word->ends, word->n);
    return true;
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

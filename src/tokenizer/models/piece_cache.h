/* What a model made of short pieces that it saw before: text is mostly the same few words again and again.
 *
 * A table in which a piece has two places, those of the two pieces that came there last. It belongs to the
 * work memory of a call, so that no lock is needed, and starts small: a sentence does not pay for what a book
 * needs. */
#ifndef AP_TOKENIZER_MODELS_PIECE_CACHE_H
#define AP_TOKENIZER_MODELS_PIECE_CACHE_H

#include <accelpipe/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Longest piece, and most tokens of one, that fit into a cache line with the rest. */
enum { AP__CACHED_MAX_BYTES = 24, AP__CACHED_MAX_TOKENS = 7 };

/* A piece as numbers: equal if and only if pieces are. */
typedef struct ap__piece_key {
    uint64_t words[3];
    uint32_t len; /* With the flags of the one who asks above its lowest byte; 0: a free place. */
    uint32_t hash;
} ap__piece_key;

typedef struct ap__cached_piece {
    uint64_t words[3];
    uint32_t ids[AP__CACHED_MAX_TOKENS];
    uint8_t lens[AP__CACHED_MAX_TOKENS]; /* Bytes of the piece that each token covers. */
    uint8_t n;
    uint16_t len; /* Of the key. */
} ap__cached_piece;

_Static_assert(sizeof(ap__cached_piece) == 64, "a place is a cache line");

typedef struct ap__piece_cache {
    ap__cached_piece *places;
    size_t n_places;  /* A power of two. */
    size_t n_evicted; /* Since it has this size. */
    size_t n_puts;    /* As long as it stays the same, what was found is there. */
    void *memory;
} ap__piece_cache;

/* Reads 2, 4 or 8 bytes, as the machine orders them. */
static inline uint64_t ap__read_bytes(const char *text, size_t n) {
    uint64_t word = 0;
    memcpy(&word, text, n);
    return word;
}

static inline void ap__piece_key_hash(ap__piece_key *key) {
    uint64_t hash = (key->words[0] ^ key->len) * 0x9E3779B97F4A7C15u;
    hash = (hash ^ hash >> 32 ^ key->words[1]) * 0xC2B2AE3D27D4EB4Fu;
    hash = (hash ^ hash >> 29 ^ key->words[2]) * 0x9E3779B97F4A7C15u;
    key->hash = (uint32_t)(hash >> 32);
}

/* Of 1 to AP__CACHED_MAX_BYTES bytes. Words that overlap cover all of them without a read behind the end. */
static inline ap__piece_key ap__piece_key_of(const char *text, uint32_t len, uint32_t flags) {
    ap__piece_key key = {.len = len | flags};
    if (len >= 8) {
        key.words[0] = ap__read_bytes(text, 8);
        key.words[1] = ap__read_bytes(text + len - 8, 8);
        key.words[2] = len > 16 ? ap__read_bytes(text + 8, 8) : 0;
    } else if (len >= 4) {
        key.words[0] = ap__read_bytes(text, 4) << 32 | ap__read_bytes(text + len - 4, 4);
    } else {
        key.words[0] = (uint64_t)(unsigned char)text[0] << 16 | (uint64_t)(unsigned char)text[len / 2] << 8 |
                       (unsigned char)text[len - 1];
    }
    ap__piece_key_hash(&key);
    return key;
}

/* The first of the piece's places in a cache that has places. */
static inline ap__cached_piece *ap__piece_cache_place(const ap__piece_cache *cache,
                                                      const ap__piece_key *key) {
    return &cache->places[(size_t)key->hash * 2 & (cache->n_places - 1)];
}

static inline bool ap__cached_piece_is(const ap__cached_piece *piece, const ap__piece_key *key) {
    uint64_t differs = (piece->words[0] ^ key->words[0]) | (piece->words[1] ^ key->words[1]) |
                       (piece->words[2] ^ key->words[2]) | (piece->len ^ key->len);
    return !differs;
}

/* NULL when the piece is not there. */
static inline const ap__cached_piece *ap__piece_cache_find(const ap__piece_cache *cache,
                                                           const ap__piece_key *key) {
    if (!cache->places) return NULL;
    const ap__cached_piece *at = ap__piece_cache_place(cache, key);
    if (ap__cached_piece_is(at, key)) return at;
    return ap__cached_piece_is(at + 1, key) ? at + 1 : NULL;
}

/* The place to write the piece to: its key is there, its tokens are to come.   @return AP_ENOMEM */
ap_status ap__piece_cache_put(ap__cached_piece **out, ap__piece_cache *cache, const ap__piece_key *key,
                              ap_error *err);

/* Frees it; it is empty then. */
void ap__piece_cache_clear(ap__piece_cache *cache);

#endif

/* What a model made of short pieces that it saw before: text is mostly the same few words again and again.
 *
 * A table of buckets, each a cache line with the hashes of eight pieces and where their records are, and the
 * records one after the other as they came: frequent words come early, and so lie together. When there is no
 * room for more, all of it is forgotten. It belongs to the work memory of a call, so that no lock is needed,
 * and starts small: a sentence does not pay for what a book needs. */
#ifndef AP_TOKENIZER_MODELS_PIECE_CACHE_H
#define AP_TOKENIZER_MODELS_PIECE_CACHE_H

#include "base/bytes.h"

#include <accelpipe/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Longest piece that is remembered; each of its tokens has a byte at least. */
enum { AP__CACHED_MAX_BYTES = 24, AP__CACHED_MAX_TOKENS = AP__CACHED_MAX_BYTES };

/* A piece as numbers: equal if and only if pieces are. */
typedef struct ap__piece_key {
    uint64_t words[3];
    uint32_t len; /* With the flags of the one who asks above its lowest byte; 0: a free place. */
    uint32_t hash;
} ap__piece_key;

/* A record: of one token it has 40 bytes. */
typedef struct ap__cached_piece {
    uint64_t words[3];
    uint32_t ends; /* Bit i: a token ends behind byte i of the piece. */
    uint16_t len;  /* Of the key. */
    uint16_t n;
    uint32_t ids[]; /* n */
} ap__cached_piece;

/* So many ids of a record may be read, though it has less. */
enum { AP__IDS_READ = 4 };

enum { AP__CACHE_BUCKET_BITS = 3, AP__CACHE_BUCKET = 1 << AP__CACHE_BUCKET_BITS };

typedef struct ap__cache_bucket {
    uint32_t hashes[AP__CACHE_BUCKET]; /* No two the same. */
    uint32_t places[AP__CACHE_BUCKET]; /* Of records, in units of 8 bytes; 0: a free place. */
} ap__cache_bucket;

_Static_assert(sizeof(ap__cache_bucket) == 64, "a bucket is a cache line");

typedef struct ap__piece_cache {
    ap__cache_bucket *buckets;
    size_t n_buckets; /* A power of two. */
    uint64_t *records;
    size_t used, capacity; /* Of records, in units of 8 bytes; the first is no record. */
    size_t n;              /* Records that were written since all was forgotten. */
    size_t n_clears;       /* As long as it stays the same, places are those of the same pieces. */
    void *bucket_memory, *record_memory;
} ap__piece_cache;

static inline void ap__piece_key_set(ap__piece_key *key, uint64_t a, uint64_t b, uint64_t c, uint32_t len) {
    uint64_t hash = (a ^ len) * 0x9E3779B97F4A7C15u + b * 0xC2B2AE3D27D4EB4Fu + c * 0xD6E8FEB86659FD93u;
    key->words[0] = a;
    key->words[1] = b;
    key->words[2] = c;
    key->len = len;
    key->hash = (uint32_t)((hash ^ hash >> 32) * 0x9E3779B97F4A7C15u >> 32);
}

/* Words that overlap cover all bytes without a read behind the end. */
static inline void ap__piece_key_of_end(ap__piece_key *key, const char *text, uint32_t len, uint32_t flags) {
    uint64_t words[3] = {0};
    if (len >= 8) {
        uint32_t last = (len - 1) / 8;
        words[0] = ap__read_bytes(text, 8);
        if (len >= 16) words[1] = ap__read_bytes(text + 8, 8);
        if (last) words[last] = ap__read_bytes(text + len - 8, 8) >> 8 * (8 * last + 8 - len);
    } else if (len >= 4) {
        words[0] = ap__read_bytes(text, 4) | ap__read_bytes(text + len - 4, 4) << 8 * (len - 4);
    } else {
        words[0] = ap__read_bytes(text, 1) | ap__read_bytes(text + len / 2, 1) << 8 * (len / 2) |
                   ap__read_bytes(text + len - 1, 1) << 8 * (len - 1);
    }
    ap__piece_key_set(key, words[0], words[1], words[2], len | flags);
}

/* Of 1 to AP__CACHED_MAX_BYTES bytes, zeros behind them. Where there is more to read it takes no branch: how
 * long the next piece is, no processor foresees.
 * @param n_readable bytes at `text` that may be read, or less. */
static inline void ap__piece_key_of(ap__piece_key *key, const char *text, uint32_t len, uint32_t n_readable,
                                    uint32_t flags) {
    static const uint8_t kept[2 * AP__CACHED_MAX_BYTES] = {255, 255, 255, 255, 255, 255, 255, 255,
                                                           255, 255, 255, 255, 255, 255, 255, 255,
                                                           255, 255, 255, 255, 255, 255, 255, 255};
    const uint8_t *mask = kept + AP__CACHED_MAX_BYTES - len;
    if (n_readable < AP__CACHED_MAX_BYTES)
        ap__piece_key_of_end(key, text, len, flags);
    else
        ap__piece_key_set(key, ap__read_bytes(text, 8) & ap__read_bytes(mask, 8),
                          ap__read_bytes(text + 8, 8) & ap__read_bytes(mask + 8, 8),
                          ap__read_bytes(text + 16, 8) & ap__read_bytes(mask + 16, 8), len | flags);
}

/* Asks for what ap__piece_cache_place() will read. */
static inline void ap__piece_cache_ask(const ap__piece_cache *cache, const ap__piece_key *key) {
    if (cache->buckets) __builtin_prefetch(&cache->buckets[key->hash & (cache->n_buckets - 1)]);
}

/* Numbers that the processor takes together. */
typedef uint32_t ap__four __attribute__((vector_size(16)));

static inline ap__four ap__four_at(const uint32_t *numbers) {
    ap__four four; /* One at a time: an array of them would be copied before it is used. */
    memcpy(&four, numbers, sizeof four);
    return four;
}

/* Those of four numbers, in any place, whose keys are the wanted one, as one: of eight keys there is one
 * such. */
static inline uint32_t ap__four_pick(const uint32_t *keys, const uint32_t *numbers, uint32_t key) {
    const ap__four wanted = {key, key, key, key};
    ap__four found = ((ap__four)(ap__four_at(keys) == wanted) & ap__four_at(numbers)) |
                     ((ap__four)(ap__four_at(keys + 4) == wanted) & ap__four_at(numbers + 4));
    uint64_t two[2];
    memcpy(two, &found, sizeof two);
    two[0] |= two[1];
    return (uint32_t)(two[0] | two[0] >> 32);
}

/* The place of the only record that may be that of the piece, which is asked for; 0: there is none. Without a
 * branch: which of a bucket it is, no processor foresees. */
static inline uint32_t ap__piece_cache_place(const ap__piece_cache *cache, const ap__piece_key *key) {
    if (!cache->buckets) return 0;
    const ap__cache_bucket *bucket = &cache->buckets[key->hash & (cache->n_buckets - 1)];
    uint32_t place = ap__four_pick(bucket->hashes, bucket->places, key->hash);
    __builtin_prefetch(cache->records + place);
    return place;
}

/* What lies at a place that is not 0, until the next is put. */
static inline const ap__cached_piece *ap__piece_cache_at(const ap__piece_cache *cache, uint32_t place) {
    return (const ap__cached_piece *)(const void *)(cache->records + place);
}

/* The same if it is the piece; else NULL. */
static inline const ap__cached_piece *ap__piece_cache_check(const ap__piece_cache *cache, uint32_t place,
                                                            const ap__piece_key *key) {
    if (!place) return NULL;
    const ap__cached_piece *piece = ap__piece_cache_at(cache, place);
    uint64_t differs = (piece->words[0] ^ key->words[0]) | (piece->words[1] ^ key->words[1]) |
                       (piece->words[2] ^ key->words[2]) | (piece->len ^ key->len);
    return differs ? NULL : piece;
}

/* NULL when the piece is not there. */
static inline const ap__cached_piece *ap__piece_cache_find(const ap__piece_cache *cache,
                                                           const ap__piece_key *key) {
    return ap__piece_cache_check(cache, ap__piece_cache_place(cache, key), key);
}

/* Where to write the n tokens and `ends` of the piece to, until the next is put.   @return AP_ENOMEM */
ap_status ap__piece_cache_put(ap__cached_piece **out, ap__piece_cache *cache, const ap__piece_key *key,
                              size_t n, ap_error *err);

/* Frees it; it is empty then. */
void ap__piece_cache_clear(ap__piece_cache *cache);

#endif

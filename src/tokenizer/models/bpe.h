/* A byte-pair encoding as it is in memory. */
#ifndef AP_TOKENIZER_MODELS_BPE_H
#define AP_TOKENIZER_MODELS_BPE_H

#include "base/bytes.h"
#include "tokenizer/component.h"
#include "tokenizer/models/bpe_chars.h"
#include "tokenizer/models/bpe_cuts.h"
#include "tokenizer/models/bpe_merges.h"

/* Longest affix of a symbol, in bytes. */
enum { AP__AFFIX_MAX_BYTES = 256 };

typedef struct ap__bpe {
    const ap__vocab *vocab;
    ap__merges merges;
    ap__text unk_token; /* No text: there is none. */
    ap__text prefix;    /* Of all symbols but a word's first. */
    ap__text suffix;    /* Of a word's last symbol. */
    uint32_t unk_id;
    bool fuse_unk, byte_fallback, ignore_merges;
    bool has_no_unknowns;       /* Every byte has its fallback. */
    ap__cuts *cuts;             /* NULL: texts are merged as a whole. */
    ap__chars *chars;           /* Symbols of characters; NULL: of bytes, or they have affixes. */
    uint32_t fallback_ids[256]; /* Of "<0x00>" and so on; AP__TOKEN_NONE where one is missing. */
    /* Of the characters of the byte alphabet, with their affixes: [0] in the middle, | 1 first, | 2 last. */
    uint32_t byte_ids[4][256];
    /* With ignore_merges: bits of the tokens that stand for many bytes, and of the others, by
     * ap__bpe_key_of(). */
    uint64_t *long_tokens, *short_tokens;
    char images[256][2];     /* Those characters, */
    uint8_t image_lens[256]; /* and their bytes. */
} ap__bpe;

/* The ap__create_fn of the model. */
ap__create_fn ap__bpe_create;

/* The id of a character with the affixes that its place calls for. *out_len and `out`, which has room for
 * both affixes and a character, are the string that was looked up, which byte fallback spells out. */
uint32_t ap__bpe_find_symbol(const ap__bpe *self, ap__text character, bool is_first, bool is_last, char *out,
                             size_t *out_len);

/* The bit of a token of `len` bytes, by its start. */
enum { AP__LONG_START = 16, AP__LONG_BITS = 16 };

static inline size_t ap__bpe_long_place(const char *start, size_t len) {
    uint64_t hash = ap__read_bytes(start, 8) * 0x9E3779B97F4A7C15u +
                    ap__read_bytes(start + 8, AP__LONG_START - 8) * 0xC2B2AE3D27D4EB4Fu + len;
    return (size_t)((hash ^ hash >> 32) * 0xD6E8FEB86659FD93u >> (64 - AP__LONG_BITS));
}

/* Of a part of a piece, which has 1 to AP__CACHED_MAX_BYTES bytes; `n_readable` of them may be read. */
static inline void ap__bpe_key_of(ap__piece_key *key, ap__text text, uint32_t n_readable, bool is_bytes,
                                  bool may_be_token) {
    uint32_t flags = (uint32_t)is_bytes << 8 | (uint32_t)may_be_token << 9;
    ap__piece_key_of(key, text.ptr, (uint32_t)text.len, n_readable, flags);
}

/* Three bits of a word of 64. Of parts that are no token one of two hundred has all of them, in a vocabulary
 * of 128,000: these are merged late, and so cost more than others. */
enum { AP__SHORT_BITS = 21 };

static inline size_t ap__bpe_short_place(const ap__piece_key *key) {
    return key->hash >> (32 - AP__SHORT_BITS + 6);
}

static inline uint64_t ap__bpe_short_bits(const ap__piece_key *key) {
    return 1ull << (key->hash & 63) | 1ull << (key->hash >> 6 & 63) | 1ull << (key->hash >> 12 & 63);
}

enum { AP__SYMBOL_MAX_BYTES = 2 * AP__AFFIX_MAX_BYTES + 4 };

#endif

/* The merges of a byte-level vocabulary that take single bytes, or make characters of three, as tables: most
 * of what a word starts with. */
#ifndef AP_TOKENIZER_MODELS_BPE_BYTES_H
#define AP_TOKENIZER_MODELS_BPE_BYTES_H

#include "base/arena.h"
#include "tokenizer/tokenizer.h"

#include <string.h>

/* By first << 8 | second. */
enum { AP__BYTE_PAIRS = 256 * 256 };

typedef struct ap__byte_pair {
    uint32_t rank;   /* Of the two as single bytes. */
    uint32_t merged; /* What they become, where ap__byte_merges_is_first() may hold. */
    uint32_t before; /* The lowest rank of a token that ends with the first and the second alone, */
    uint32_t behind; /* of the first alone and a token that begins with the second. */
} ap__byte_pair;

/* Three bytes of the form of a UTF-8 character: by their free bits. The first two of them by theirs. */
enum { AP__BYTE_TRIPLES = 1 << 16, AP__BYTE_TWOS = 1 << 10 };

typedef struct ap__byte_triple {
    uint32_t rank;   /* Of the first two as one token and the third. */
    uint32_t merged; /* What they become, where ap__byte_merges_get_triple() may give it. */
} ap__byte_triple;

typedef struct ap__byte_merges {
    uint32_t ids[256]; /* The symbols of bytes. */
    bool are_near;     /* In place of bytes: characters by ap__near_number() (bpe_cuts.h). */
    ap__byte_pair pairs[AP__BYTE_PAIRS];
    ap__byte_triple triples[AP__BYTE_TRIPLES];
    /* The lowest rank of a token and such two: by the free bits of the token's last byte, and behind these of
     * all that end with a byte of another form. */
    uint32_t before_two[AP__BYTE_TWOS][64 + 1];
} ap__byte_merges;

/* All of them without a rank; `ids` are the 256 symbols.   @return AP_ENOMEM */
ap_status ap__byte_merges_create(ap__byte_merges **out, ap__arena *arena, const uint32_t *ids, ap_error *err);

/* The same of characters by ap__near_number(). */
ap_status ap__near_merges_create(ap__byte_merges **out, ap__arena *arena, const uint32_t *ids, ap_error *err);

/* Notes a merge, in the order of ranks. Tokens are spelled in the byte alphabet.
 * @param is_used whether a merge before this one takes what it makes. */
void ap__byte_merges_add(ap__byte_merges *bytes, ap__text left, ap__text right, uint32_t rank,
                         uint32_t merged, bool is_used);

static inline const ap__byte_pair *ap__byte_pair_of(const ap__byte_merges *bytes, const unsigned char *at) {
    return &bytes->pairs[(uint32_t)at[0] << 8 | at[1]];
}

/* Whether bytes i and i + 1 of a word of n are merged before anything else can happen to them: no token that
 * may come to stand before or behind takes one of the two at a lower rank, and what they become is not
 * merged on at a lower rank than that of their own merge. It is then the same to merge them at once. */
static inline bool ap__byte_merges_is_first(const ap__byte_merges *bytes, const unsigned char *word,
                                            uint32_t i, uint32_t n) {
    const ap__byte_pair *pair = ap__byte_pair_of(bytes, word + i);
    if (pair->merged == AP__TOKEN_NONE) return false;
    if (i > 0 && ap__byte_pair_of(bytes, word + i - 1)->before <= pair->rank) return false;
    return i + 2 == n || ap__byte_pair_of(bytes, word + i + 1)->behind > pair->rank;
}

static inline bool ap__is_lead_of_three(unsigned char byte) { return byte >> 4 == 0xE; }

static inline bool ap__is_inner_byte(unsigned char byte) { return byte >> 6 == 2; }

static inline uint32_t ap__byte_two_of(const unsigned char *at) { return (at[0] & 15u) << 6 | (at[1] & 63u); }

/* The same for bytes i to i + 2, the first two of which are merged first: NULL where that is not certain. A
 * merge of the second and the third comes later, the first is not taken before it has the second, nor the two
 * before they have the third, and the third waits for them. */
static inline const ap__byte_triple *
ap__byte_merges_get_triple(const ap__byte_merges *bytes, const unsigned char *word, uint32_t i, uint32_t n) {
    const unsigned char *at = word + i;
    if (n - i < 3 || !ap__is_lead_of_three(at[0]) || !ap__is_inner_byte(at[1]) || !ap__is_inner_byte(at[2]))
        return NULL;
    uint32_t two = ap__byte_two_of(at);
    const ap__byte_pair *pair = ap__byte_pair_of(bytes, at);
    const ap__byte_triple *triple = &bytes->triples[two << 6 | (at[2] & 63u)];
    if (pair->merged == AP__TOKEN_NONE || triple->merged == AP__TOKEN_NONE) return NULL;
    if (ap__byte_pair_of(bytes, at + 1)->rank <= pair->rank) return NULL;
    if (i + 3 < n && ap__byte_pair_of(bytes, at + 2)->behind <= triple->rank) return NULL;
    if (i == 0) return triple;
    uint32_t before = bytes->before_two[two][ap__is_inner_byte(at[-1]) ? at[-1] & 63 : 64];
    return ap__byte_pair_of(bytes, at - 1)->before > pair->rank && before > triple->rank ? triple : NULL;
}

#endif

/* Where a text may be cut before it is merged: between characters that no merge brings together.
 *
 * Any merge across a place has a left token that ends with the character before it and a right token that
 * begins with the one behind it. If there is no merge of such tokens, the parts are merged each for itself.
 * A vocabulary that marks word starts is so cut into words, a text of ideographs into its words' remains. */
#ifndef AP_TOKENIZER_MODELS_BPE_CUTS_H
#define AP_TOKENIZER_MODELS_BPE_CUTS_H

#include "base/arena.h"
#include "tokenizer/tokenizer.h"

enum { AP__CUTS_BITS = 18 };

/* Pairs of characters that merges bring together. A pair that is not may share a bit with one that is: it is
 * then not cut at, which changes the time alone. */
typedef struct ap__cuts {
    uint64_t ascii[128][2]; /* Of the character before, those behind. */
    uint64_t others[1 << (AP__CUTS_BITS - 6)];
} ap__cuts;

/* Says that there is a merge of these tokens, which are not empty. */
void ap__cuts_add(ap__cuts *cuts, ap__text left, ap__text right);

static inline uint64_t ap__cuts_hash(uint32_t before, uint32_t behind) {
    uint64_t hash = ((uint64_t)before << 32 | behind) * 0x9E3779B97F4A7C15u;
    return (hash ^ hash >> 32) * 0xC2B2AE3D27D4EB4Fu >> (64 - AP__CUTS_BITS);
}

/* Whether no merge brings the two characters together. */
static inline bool ap__cuts_between(const ap__cuts *cuts, uint32_t before, uint32_t behind) {
    if ((before | behind) < 128) return !(cuts->ascii[before][behind >> 6] >> (behind & 63) & 1);
    uint64_t hash = ap__cuts_hash(before, behind);
    return !(cuts->others[hash >> 6] >> (hash & 63) & 1);
}

#endif

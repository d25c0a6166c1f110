/* The merges of a byte-pair encoding and their application to the symbols of a word. */
#ifndef AP_TOKENIZER_MODELS_BPE_MERGES_H
#define AP_TOKENIZER_MODELS_BPE_MERGES_H

#include "base/arena.h"
#include "tokenizer/models/bpe_bytes.h"
#include "tokenizer/work.h"

/* Of a pair that does not merge. */
#define AP__NO_RANK UINT32_MAX

/* A cache line of merges, which is looked through at once. The bucket and the tag together are the pair, so
 * that the tag is all there is to compare. */
enum { AP__MERGE_BUCKET = 8 };

typedef struct ap__merge_bucket {
    uint32_t tags[AP__MERGE_BUCKET];
    uint32_t merges[AP__MERGE_BUCKET]; /* (capacity - rank) << AP__PLACE_BITS; 0: a free place. */
} ap__merge_bucket;

/* Where the merge of a pair is, if there is one. */
typedef struct ap__pair_place {
    uint32_t bucket, tag;
} ap__pair_place;

/* A rank and, in so many bits below it, where in a word its pair is. */
enum { AP__PLACE_BITS = 6 };

typedef struct ap__merges {
    ap__merge_bucket *buckets; /* By the pair; when one is full, what is too much goes to the next. */
    uint32_t *merged;          /* By rank. */
    uint32_t n_buckets;
    uint32_t n, capacity; /* Ranks that were given out, and that there may be at most. */
    uint32_t nothing;     /* No id: what merges with none. */
    unsigned id_bits;
    unsigned
        top_shift; /* Of the hash of a pair, which has as many bits as a pair, or more: to its highest 32. */
    uint64_t hash_mask; /* Its bits. */
    uint64_t seed;
    uint64_t *used;         /* Of each id a bit: a merge takes it. */
    ap__byte_merges *bytes; /* Or of characters in their place; NULL: texts are merged as a whole. */
} ap__merges;

/* Makes room for n merges of ids below n_ids.   @return AP_ENOMEM, AP_ELIMIT */
ap_status ap__merges_create(ap__merges *merges, ap__arena *arena, size_t n, size_t n_ids, ap_error *err);

/* What will be read when the pair is asked for or added, for __builtin_prefetch(): a function that does no
 * more than to call that has no effect to a compiler. */
const void *ap__merges_place(const ap__merges *merges, uint32_t left, uint32_t right);

/* Adds a merge of the next rank. A pair that comes again gets the new rank. *is_used says whether a merge
 * before it takes what it makes. */
void ap__merges_add(ap__merges *merges, uint32_t left, uint32_t right, uint32_t merged, bool *is_used);

/* The rank of a pair and what it merges to.   @return AP__NO_RANK for a pair that does not merge */
uint32_t ap__merges_find(const ap__merges *merges, uint32_t left, uint32_t right, uint32_t *merged);

/* A token that a word is made of, and how many bytes of the word it covers. */
typedef struct ap__symbol {
    uint32_t id, len;
} ap__symbol;

/* Merges the n symbols in place, lowest rank first and of equal ranks the leftmost; *n becomes their number.
 * Long words take scratch memory from the work's arena, and count their steps. */
ap_status ap__merges_apply(const ap__merges *merges, ap__symbol *symbols, size_t *n, ap__work *work);

/* Up to this many symbols, looking at all of them for every merge is faster than a heap. */
enum { AP__SHORT_WORD = 32 };

/* A short word that is being merged. Its symbols have the places from 1 on, between two that merge with
 * nothing, and keep them until they are merged into the one before. */
typedef struct ap__merging {
    uint64_t live;          /* Bits of the places that are still taken, those at the ends included. */
    uint32_t n, at, before; /* Symbols at the start; the place of the last merge, and the one before it. */
    uint32_t ids[AP__SHORT_WORD + 2];
    uint32_t order[AP__SHORT_WORD + 4]; /* Of each symbol and the next: rank << AP__PLACE_BITS | place. */
    ap__pair_place pairs[AP__SHORT_WORD + 2]; /* The same two, where they are to be looked up. */
    uint8_t starts[AP__SHORT_WORD + 2];       /* Of each symbol, in bytes or whatever the caller counts. */
    uint32_t ends; /* When it is finished: bit i: a symbol ends behind byte i. The word has 32 at most. */
} ap__merging;

/* Starts with the n symbols that ids[1 .. n] and starts[1 .. n + 1] were set to; n is at least one. */
void ap__merging_begin(ap__merging *word, const ap__merges *merges, uint32_t n);

/* Starts with bytes, at most AP__SHORT_WORD and at least one. merges->bytes is there. */
void ap__merging_begin_bytes(ap__merging *word, const ap__merges *merges, ap__text text);

/* Looks up what the beginnings have asked for. */
void ap__merging_look_up(ap__merging **words, size_t n_words, const ap__merges *merges);

/* Merges all of them, a step of each in turn: while one waits for memory, the others go on. Then each has its
 * `n` symbols at the start of `ids`, and `ends`. Changes the order of `words`. */
void ap__merging_finish(ap__merging **words, size_t n_words, const ap__merges *merges);

#endif

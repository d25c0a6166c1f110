/* The merges of a byte-pair encoding and their application to the symbols of a word. */
#ifndef AP_TOKENIZER_MODELS_BPE_MERGES_H
#define AP_TOKENIZER_MODELS_BPE_MERGES_H

#include "base/arena.h"
#include "tokenizer/models/bpe_bytes.h"
#include "tokenizer/work.h"

/* Of a pair that does not merge. */
#define AP__NO_RANK UINT32_MAX

/* A pair and its rank are one number: left, right, rank from the highest bit down. A cache line of them is
 * looked through at once. */
enum { AP__MERGE_BUCKET = 8 };

typedef struct ap__merge_bucket {
    uint64_t slots[AP__MERGE_BUCKET]; /* Filled from the first on; AP__NO_MERGE is a free place. */
} ap__merge_bucket;

typedef struct ap__merges {
    ap__merge_bucket *buckets; /* By the pair; when one is full, what is too much goes to the next. */
    uint32_t *merged;          /* By rank. */
    uint32_t n_buckets;
    uint32_t n;         /* Ranks that were given out. */
    uint64_t rank_mask; /* The bits of a rank in a slot, */
    unsigned rank_bits; /* and their number; each id has half of the rest. */
    uint64_t seed;
    uint64_t *used;         /* Of each id a bit: a merge takes it. */
    ap__byte_merges *bytes; /* Or of characters in their place; NULL: texts are merged as a whole. */
} ap__merges;

#define AP__NO_MERGE UINT64_MAX

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

/* A short word that is being merged. */
typedef struct ap__merging {
    ap__symbol symbols[AP__SHORT_WORD]; /* Those that were merged into another stay in their place. */
    uint32_t ranks[AP__SHORT_WORD];     /* Of each symbol and the next. */
    uint32_t asked;                     /* Bits of those that are to be looked up first. */
    uint8_t before[AP__SHORT_WORD], after[AP__SHORT_WORD];
    uint8_t n;
    uint8_t at; /* The symbol whose neighbours are to be looked up; n: none. */
} ap__merging;

/* Starts with symbols[0 .. n), of which there is at least one. */
void ap__merging_begin(ap__merging *word, const ap__merges *merges);

/* Starts with bytes, at most AP__SHORT_WORD and at least one. merges->bytes is there. */
void ap__merging_begin_bytes(ap__merging *word, const ap__merges *merges, ap__text text);

/* Merges all of them, a step of each in turn: while one waits for memory, the others go on. Then each has its
 * `n` symbols at the start of the list. Changes the order of `words`. */
void ap__merging_finish(ap__merging **words, size_t n_words, const ap__merges *merges);

#endif

/* The merges of a byte-pair encoding and their application to the symbols of a word. */
#ifndef AP_TOKENIZER_MODELS_BPE_MERGES_H
#define AP_TOKENIZER_MODELS_BPE_MERGES_H

#include "base/arena.h"
#include "tokenizer/work.h"

/* Of a pair that does not merge. */
#define AP__NO_RANK UINT32_MAX

typedef struct ap__merge {
    uint32_t left, right;  /* Ids. */
    uint32_t rank, merged; /* The lower rank goes first; rank AP__NO_RANK: a free place of the table. */
} ap__merge;

typedef struct ap__merges {
    ap__merge *slots; /* Open addressing by the pair. */
    size_t mask;
} ap__merges;

/* Makes room for n merges.   @return AP_ENOMEM, AP_ELIMIT */
ap_status ap__merges_create(ap__merges *merges, ap__arena *arena, size_t n, ap_error *err);

/* A pair that comes again gets the new rank. */
void ap__merges_add(ap__merges *merges, uint32_t left, uint32_t right, uint32_t rank, uint32_t merged);

/* The free place, or that of the pair. */
const ap__merge *ap__merges_find(const ap__merges *merges, uint32_t left, uint32_t right);

/* A token that a word is made of, and how many bytes of the word it covers. */
typedef struct ap__symbol {
    uint32_t id, len;
} ap__symbol;

/* Merges the n symbols in place, lowest rank first and of equal ranks the leftmost; *n becomes their number.
 * Long words take scratch memory from the work's arena, and count their steps. */
ap_status ap__merges_apply(const ap__merges *merges, ap__symbol *symbols, size_t *n, ap__work *work);

#endif

/* A double-array trie over the tokens of a vocabulary: which tokens does a text begin with? Where only one
 * token is left, its remaining bytes are compared in the vocabulary's own pool, so that only branches take
 * room. Source: Aoe, "An efficient digital search algorithm by using a double-array structure", 1989; tails:
 * Yata et al., "A compact static double-array keeping character codes", 2007. */
#ifndef AP_TOKENIZER_MODELS_TRIE_H
#define AP_TOKENIZER_MODELS_TRIE_H

#include "tokenizer/vocab.h"

/* The child of node n for a byte is node base ^ byte, if that one's parent is n. */
typedef struct ap__trie_node {
    uint32_t parent;
    uint32_t base;  /* Or, of a tail, the entry of the vocabulary that all of it belongs to. */
    uint32_t entry; /* The token that ends here, AP__TOKEN_NONE or AP__TRIE_TAIL. */
} ap__trie_node;

/* In place of an entry: one token alone goes on from here, which `base` names. */
#define AP__TRIE_TAIL (UINT32_MAX - 1)

typedef struct ap__trie {
    ap__trie_node *nodes;
    size_t n_nodes; /* A multiple of 256, so that no byte leads outside. */
    const ap__vocab *vocab;
} ap__trie;

/* Builds from all tokens of the vocabulary but the empty one; the nodes are in the arena.   @return AP_ENOMEM
 */
ap_status ap__trie_create(ap__trie *out, const ap__vocab *vocab, ap__arena *arena, ap_error *err);

/* A walk down the trie along a text. */
typedef struct ap__trie_walk {
    const char *text;
    uint32_t len, at;
    uint32_t node;
    bool is_done;
} ap__trie_walk;

/* The next longer token that the text begins with: its entry, `walk->at` its length. False at the end. */
bool ap__trie_next(const ap__trie *trie, ap__trie_walk *walk, uint32_t *entry);

#endif

/* A double-array trie over the tokens of a vocabulary: which tokens does a text begin with? Where only one
 * token is left, its remaining bytes are compared in the vocabulary's own pool, so that only branches take
 * room. Source: Aoe, "An efficient digital search algorithm by using a double-array structure", 1989; tails:
 * Yata et al., "A compact static double-array keeping character codes", 2007. */
#ifndef AP_TOKENIZER_MODELS_TRIE_H
#define AP_TOKENIZER_MODELS_TRIE_H

#include "tokenizer/vocab.h"

/* Everything that a step needs is in one place, because a walk waits for memory more than for anything else.
 */
typedef struct ap__trie_node {
    /* The child of a node for a byte is node base ^ byte, if that one has the byte for its label: no two
     * nodes have the same base. base << AP__TRIE_LABEL_BITS | label; a free node has a label that is no byte.
     */
    uint32_t link;
    uint32_t value; /* The place of the token that ends here, AP__TOKEN_NONE, or a tail. */
    double weight;  /* Of that token, for the owner of the trie. */
} ap__trie_node;

enum { AP__TRIE_LABEL_BITS = 9, AP__TRIE_LABEL_MASK = 511, AP__TRIE_NO_LABEL = 256 };

/* A tail: one token alone goes on from here, whose place is where the base would be. The number of bytes that
 * it goes on with is in the bits from AP__TRIE_TAIL_LEN on, the first three of them below: most texts do not
 * have these, and the vocabulary is not looked at. */
#define AP__TRIE_TAIL 0x80000000u
enum { AP__TRIE_TAIL_LEN = 24, AP__TRIE_LONG_TAIL = 127, AP__TRIE_TAIL_BYTES = 3 };

typedef struct ap__trie {
    ap__trie_node *nodes;
    size_t n_nodes; /* A multiple of 256, so that no byte leads outside. */
    const ap__vocab *vocab;
    /* Tokens have places in the order in which a walk through all of the trie meets them, so that what is
     * looked up together lies together: of each place the entry of the vocabulary. */
    uint32_t *entries;
    size_t n_places;
} ap__trie;

/* Builds from all tokens of the vocabulary but the empty one; the nodes are in the arena.
 * @return AP_ENOMEM, AP_ELIMIT */
ap_status ap__trie_create(ap__trie *out, const ap__vocab *vocab, ap__arena *arena, ap_error *err);

/* Gives every token its weight; `weights` are those of the vocabulary's entries. */
void ap__trie_set_weights(ap__trie *trie, const double *weights);

/* A walk down the trie along a text. */
typedef struct ap__trie_walk {
    const char *text;
    uint32_t len, at;
    uint32_t node;
    bool is_done;
} ap__trie_walk;

/* Whether the text has the whole token, of which it has the first `at` bytes; *end is then its length. */
static inline bool ap__trie_has_rest(const ap__trie *trie, uint32_t place, const char *text, uint32_t len,
                                     uint32_t at, uint32_t *end) {
    const ap__vocab_entry *token = &trie->vocab->entries[trie->entries[place]];
    const char *rest = trie->vocab->pool + token->offset;
    if (len < token->len) return false;
    for (; at < token->len; at++)
        if (text[at] != rest[at]) return false;
    *end = at;
    return true;
}

/* The same of a tail behind the first `at` bytes. */
static inline bool ap__trie_has_tail(const ap__trie *trie, const ap__trie_node *node, const char *text,
                                     uint32_t len, uint32_t at, uint32_t *end) {
    uint32_t n = node->value >> AP__TRIE_TAIL_LEN & AP__TRIE_LONG_TAIL;
    if (n > len - at) return false;
    for (uint32_t i = 0; i < n && i < AP__TRIE_TAIL_BYTES; i++)
        if ((node->value >> 8 * i & 0xFF) != (unsigned char)text[at + i]) return false;
    *end = at + n;
    if (n <= AP__TRIE_TAIL_BYTES) return true;
    return ap__trie_has_rest(trie, node->link >> AP__TRIE_LABEL_BITS, text, len, at + AP__TRIE_TAIL_BYTES,
                             end);
}

/* The next longer token that the text begins with: its place, `walk->at` its length, `walk->node` the node
 * that has its weight. False at the end. */
static inline bool ap__trie_next(const ap__trie *trie, ap__trie_walk *walk, uint32_t *place) {
    const ap__trie_node *nodes = trie->nodes;
    uint32_t at = walk->at, base = nodes[walk->node].link >> AP__TRIE_LABEL_BITS;
    *place = AP__TOKEN_NONE;
    while (!walk->is_done && at < walk->len) {
        uint32_t byte = (unsigned char)walk->text[at], child = base ^ byte;
        const ap__trie_node *found = &nodes[child];
        if ((found->link & AP__TRIE_LABEL_MASK) != byte) break;
        base = found->link >> AP__TRIE_LABEL_BITS;
        at++;
        if (found->value == AP__TOKEN_NONE) continue;
        walk->node = child;
        walk->at = at;
        *place = found->value;
        if (!(found->value & AP__TRIE_TAIL)) return true;
        walk->is_done = true;
        *place = base;
        return ap__trie_has_tail(trie, found, walk->text, walk->len, at, &walk->at);
    }
    walk->at = at;
    walk->is_done = true;
    return false;
}

#endif

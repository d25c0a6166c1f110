/* Building and walking the double array. */
#include "tokenizer/models/trie.h"

#include "base/alloc.h"
#include "base/error.h"

#include <string.h>

enum { BLOCK = 256, OPEN_BLOCKS = 16, FEW_TOKENS = 24 };

#define NOBODY UINT32_MAX
/* 2^26 tokens of a vocabulary make fewer branches than this. */
#define NODES_MAX ((size_t)1 << 31)

/* Tokens [start, end) of the sorted list, which agree in `depth` bytes, at their node. */
typedef struct group {
    uint32_t start, end, depth, node;
} group;

typedef struct builder {
    const ap__vocab *vocab;
    ap__trie_node *nodes;
    size_t n_nodes, capacity;
    uint32_t *tokens, *spare; /* Entries, sorted step by step. */
    group *groups;            /* Still to be placed: a stack. */
    size_t n_groups, groups_capacity;
    uint32_t next_free[OPEN_BLOCKS]; /* Of each open block, a place below which none is free. */
    ap_error *err;
} builder;

/* -- places -------------------------------------------------------------------------------------------- */

static ap_status add_block(builder *b) {
    void *nodes = b->nodes;
    if (!ap__grow(&nodes, &b->capacity, b->n_nodes + BLOCK, sizeof *b->nodes, NODES_MAX))
        return ap__fail_nomem(b->err);
    b->nodes = nodes;
    for (size_t i = b->n_nodes; i < b->n_nodes + BLOCK; i++)
        b->nodes[i] = (ap__trie_node){NOBODY, 0, AP__TOKEN_NONE};
    b->next_free[b->n_nodes / BLOCK % OPEN_BLOCKS] = 0;
    b->n_nodes += BLOCK;
    return AP_OK;
}

static bool fits(const builder *b, uint32_t base, const uint8_t *bytes, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (b->nodes[base ^ bytes[i]].parent != NOBODY) return false;
    return true;
}

/* Looks for room in one block; NOBODY when there is none. */
static uint32_t find_in_block(builder *b, size_t block, const uint8_t *bytes, size_t n) {
    uint32_t first = (uint32_t)(block * BLOCK), *next = &b->next_free[block % OPEN_BLOCKS];
    while (*next < BLOCK && b->nodes[first + *next].parent != NOBODY) ++*next;
    for (uint32_t place = *next; place < BLOCK; place++) {
        if (b->nodes[first + place].parent != NOBODY) continue;
        uint32_t base = first + (place ^ bytes[0]);
        if (fits(b, base, bytes, n)) return base;
    }
    return NOBODY;
}

/* A base at which all children have room. Only the newest blocks are looked at, which keeps building linear.
 */
static ap_status find_base(builder *b, uint32_t *out, const uint8_t *bytes, size_t n) {
    size_t n_blocks = b->n_nodes / BLOCK, first = n_blocks > OPEN_BLOCKS ? n_blocks - OPEN_BLOCKS : 0;
    for (size_t block = first; block < n_blocks; block++)
        if ((*out = find_in_block(b, block, bytes, n)) != NOBODY) return AP_OK;
    ap_status status = add_block(b);
    if (!status) *out = find_in_block(b, n_blocks, bytes, n);
    return status;
}

/* -- sorting ------------------------------------------------------------------------------------------- */

static uint8_t byte_at(const builder *b, uint32_t token, uint32_t depth) {
    return (uint8_t)b->vocab->pool[b->vocab->entries[token].offset + depth];
}

static void sort_few(builder *b, uint32_t start, uint32_t end, uint32_t depth) {
    for (uint32_t i = start + 1; i < end; i++) {
        uint32_t token = b->tokens[i], k = i;
        for (; k > start && byte_at(b, b->tokens[k - 1], depth) > byte_at(b, token, depth); k--)
            b->tokens[k] = b->tokens[k - 1];
        b->tokens[k] = token;
    }
}

static void sort_many(builder *b, uint32_t start, uint32_t end, uint32_t depth) {
    uint32_t places[BLOCK + 1] = {0};
    for (uint32_t i = start; i < end; i++) places[byte_at(b, b->tokens[i], depth) + 1]++;
    for (size_t byte = 0; byte < BLOCK; byte++) places[byte + 1] += places[byte];
    for (uint32_t i = start; i < end; i++) b->spare[places[byte_at(b, b->tokens[i], depth)]++] = b->tokens[i];
    memcpy(b->tokens + start, b->spare, (end - start) * sizeof *b->tokens);
}

/* -- building ------------------------------------------------------------------------------------------ */

static ap_status push_group(builder *b, group g) {
    void *groups = b->groups;
    if (!ap__grow(&groups, &b->groups_capacity, b->n_groups + 1, sizeof *b->groups, NODES_MAX))
        return ap__fail_nomem(b->err);
    b->groups = groups;
    b->groups[b->n_groups++] = g;
    return AP_OK;
}

/* The token that ends at the group's node, if there is one, is taken out of the group. */
static void take_end(builder *b, group *g) {
    for (uint32_t i = g->start; i < g->end; i++) {
        uint32_t token = b->tokens[i];
        if (b->vocab->entries[token].len != g->depth) continue;
        b->tokens[i] = b->tokens[g->start];
        b->nodes[g->node].entry = token;
        g->start++;
        return;
    }
}

static ap_status place_children(builder *b, const group *g, const uint8_t *bytes, size_t n_bytes) {
    uint32_t base, i = g->start;
    ap_status status = find_base(b, &base, bytes, n_bytes);
    if (status) return status;
    b->nodes[g->node].base = base;
    for (size_t k = 0; k < n_bytes; k++) b->nodes[base ^ bytes[k]].parent = g->node;
    while (i < g->end && !status) {
        uint8_t byte = byte_at(b, b->tokens[i], g->depth);
        group child = {i, i, g->depth + 1, base ^ byte};
        while (i < g->end && byte_at(b, b->tokens[i], g->depth) == byte) i++;
        child.end = i;
        status = push_group(b, child);
    }
    return status;
}

static ap_status place(builder *b, group g) {
    uint8_t bytes[BLOCK];
    size_t n_bytes = 0;
    if (g.end - g.start == 1 && g.node) {
        ap__trie_node *node = &b->nodes[g.node];
        node->entry = AP__TRIE_TAIL;
        node->base = b->tokens[g.start];
        return AP_OK;
    }
    take_end(b, &g);
    if (g.start == g.end) return AP_OK;
    if (g.end - g.start <= FEW_TOKENS)
        sort_few(b, g.start, g.end, g.depth);
    else
        sort_many(b, g.start, g.end, g.depth);
    for (uint32_t i = g.start; i < g.end; i++) {
        uint8_t byte = byte_at(b, b->tokens[i], g.depth);
        if (!n_bytes || bytes[n_bytes - 1] != byte) bytes[n_bytes++] = byte;
    }
    return place_children(b, &g, bytes, n_bytes);
}

static ap_status build(builder *b) {
    uint32_t n = 0;
    ap_status status = add_block(b);
    b->tokens = ap__calloc(b->vocab->n, sizeof *b->tokens);
    b->spare = ap__calloc(b->vocab->n, sizeof *b->spare);
    if (!status && (!b->tokens || !b->spare)) status = ap__fail_nomem(b->err);
    if (status) return status;
    for (uint32_t i = 0; i < b->vocab->n; i++)
        if (b->vocab->entries[i].len) b->tokens[n++] = i;
    b->nodes[0].parent = 0;
    status = push_group(b, (group){0, n, 0, 0});
    while (!status && b->n_groups) status = place(b, b->groups[--b->n_groups]);
    return status;
}

ap_status ap__trie_create(ap__trie *out, const ap__vocab *vocab, ap__arena *arena, ap_error *err) {
    builder b = {.vocab = vocab, .err = err};
    size_t size;
    *out = (ap__trie){.vocab = vocab};
    ap_status status = build(&b);
    if (!status && !ap__mul_size(&size, b.n_nodes, sizeof *b.nodes)) status = ap__fail_nomem(err);
    if (!status && !(out->nodes = ap__arena_alloc(arena, size))) status = ap__fail_nomem(err);
    if (!status) memcpy(out->nodes, b.nodes, size);
    if (!status) out->n_nodes = b.n_nodes;
    ap__free(b.nodes);
    ap__free(b.tokens);
    ap__free(b.spare);
    ap__free(b.groups);
    return status;
}

/* -- walking ------------------------------------------------------------------------------------------- */

/* The token that the node's tail belongs to, when the text has all of it. */
static bool match_tail(const ap__trie *trie, ap__trie_walk *walk, uint32_t entry) {
    const ap__vocab_entry *token = &trie->vocab->entries[entry];
    uint32_t left = token->len - walk->at;
    walk->is_done = true;
    if (walk->len - walk->at < left) return false;
    if (memcmp(walk->text + walk->at, trie->vocab->pool + token->offset + walk->at, left) != 0) return false;
    walk->at = token->len;
    return true;
}

bool ap__trie_next(const ap__trie *trie, ap__trie_walk *walk, uint32_t *entry) {
    while (!walk->is_done && walk->at < walk->len) {
        uint32_t child = trie->nodes[walk->node].base ^ (unsigned char)walk->text[walk->at];
        const ap__trie_node *node = &trie->nodes[child];
        if (node->parent != walk->node || !child) break;
        walk->node = child;
        walk->at++;
        if (node->entry == AP__TOKEN_NONE) continue;
        *entry = node->entry == AP__TRIE_TAIL ? node->base : node->entry;
        return node->entry != AP__TRIE_TAIL || match_tail(trie, walk, *entry);
    }
    walk->is_done = true;
    return false;
}

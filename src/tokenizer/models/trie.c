/* Building the double array. */
#include "tokenizer/models/trie.h"

#include "base/alloc.h"
#include "base/error.h"

#include <string.h>

enum { BLOCK = 256, OPEN_BLOCKS = 16, FEW_TOKENS = 24 };

#define NOBODY UINT32_MAX
/* A base and a place have as many bits; more than any model's tokens make. */
#define NODES_MAX ((size_t)1 << (32 - AP__TRIE_LABEL_BITS))
#define GROUPS_MAX ((size_t)1 << 31)

/* Tokens [start, end) of the sorted list, which agree in `depth` bytes, at their node. */
typedef struct group {
    uint32_t start, end, depth, node;
} group;

typedef struct builder {
    const ap__vocab *vocab;
    ap__trie_node *nodes;
    size_t n_nodes, capacity;
    uint8_t *bases; /* Of each node, whether it is the base of one. */
    size_t bases_capacity;
    uint32_t *tokens, *spare; /* Entries, sorted step by step. */
    uint32_t *places;         /* Of the trie: see there. */
    uint32_t n_places;
    group *groups; /* Still to be placed: a stack. */
    size_t n_groups, groups_capacity;
    uint32_t next_free[OPEN_BLOCKS]; /* Of each open block, a place below which none is free. */
    ap_error *err;
} builder;

/* -- places -------------------------------------------------------------------------------------------- */

static bool is_free(const builder *b, uint32_t node) {
    return (b->nodes[node].link & AP__TRIE_LABEL_MASK) == AP__TRIE_NO_LABEL && node;
}

static ap_status add_block(builder *b) {
    void *nodes = b->nodes, *bases = b->bases;
    size_t n = b->n_nodes + BLOCK;
    if (n > NODES_MAX)
        return ap__fail(b->err, AP_ELIMIT, "the vocabulary makes a trie of more than %zu nodes", NODES_MAX);
    if (!ap__grow(&nodes, &b->capacity, n, sizeof *b->nodes, NODES_MAX)) return ap__fail_nomem(b->err);
    b->nodes = nodes;
    if (!ap__grow(&bases, &b->bases_capacity, n, sizeof *b->bases, NODES_MAX)) return ap__fail_nomem(b->err);
    b->bases = bases;
    memset(b->bases + b->n_nodes, 0, BLOCK);
    for (size_t i = b->n_nodes; i < n; i++)
        b->nodes[i] = (ap__trie_node){AP__TRIE_NO_LABEL, AP__TOKEN_NONE, 0};
    b->next_free[b->n_nodes / BLOCK % OPEN_BLOCKS] = 0;
    b->n_nodes = n;
    return AP_OK;
}

static bool fits(const builder *b, uint32_t base, const uint8_t *bytes, size_t n) {
    if (b->bases[base]) return false;
    for (size_t i = 0; i < n; i++)
        if (!is_free(b, base ^ bytes[i])) return false;
    return true;
}

/* Looks for room in one block; NOBODY when there is none. */
static uint32_t find_in_block(builder *b, size_t block, const uint8_t *bytes, size_t n) {
    uint32_t first = (uint32_t)(block * BLOCK), *next = &b->next_free[block % OPEN_BLOCKS];
    while (*next < BLOCK && !is_free(b, first + *next)) ++*next;
    for (uint32_t place = *next; place < BLOCK; place++) {
        if (!is_free(b, first + place)) continue;
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
    if (!ap__grow(&groups, &b->groups_capacity, b->n_groups + 1, sizeof *b->groups, GROUPS_MAX))
        return ap__fail_nomem(b->err);
    b->groups = groups;
    b->groups[b->n_groups++] = g;
    return AP_OK;
}

static uint32_t take_place(builder *b, uint32_t token) {
    b->places[b->n_places] = token;
    return b->n_places++;
}

static void set_base(builder *b, uint32_t node, uint32_t base) {
    b->nodes[node].link = base << AP__TRIE_LABEL_BITS | (b->nodes[node].link & AP__TRIE_LABEL_MASK);
}

/* The token that ends at the group's node, if there is one, is taken out of the group. */
static void take_end(builder *b, group *g) {
    for (uint32_t i = g->start; i < g->end; i++) {
        uint32_t token = b->tokens[i];
        if (b->vocab->entries[token].len != g->depth) continue;
        b->tokens[i] = b->tokens[g->start];
        b->nodes[g->node].value = take_place(b, token);
        g->start++;
        return;
    }
}

static ap_status place_children(builder *b, const group *g, const uint8_t *bytes, size_t n_bytes) {
    uint32_t base, i = g->start;
    ap_status status = find_base(b, &base, bytes, n_bytes);
    if (status) return status;
    set_base(b, g->node, base);
    b->bases[base] = 1;
    for (size_t k = 0; k < n_bytes; k++) b->nodes[base ^ bytes[k]].link = bytes[k];
    while (i < g->end && !status) {
        uint8_t byte = byte_at(b, b->tokens[i], g->depth);
        group child = {i, i, g->depth + 1, base ^ byte};
        while (i < g->end && byte_at(b, b->tokens[i], g->depth) == byte) i++;
        child.end = i;
        status = push_group(b, child);
    }
    return status;
}

/* The value of a node from which one token alone goes on. */
static uint32_t tail_of(const builder *b, uint32_t token, uint32_t depth) {
    uint32_t n = b->vocab->entries[token].len - depth, value = AP__TRIE_TAIL;
    value |= (n < AP__TRIE_LONG_TAIL ? n : AP__TRIE_LONG_TAIL) << AP__TRIE_TAIL_LEN;
    for (uint32_t i = 0; i < n && i < AP__TRIE_TAIL_BYTES; i++)
        value |= (uint32_t)byte_at(b, token, depth + i) << 8 * i;
    return value;
}

static ap_status place(builder *b, group g) {
    uint8_t bytes[BLOCK];
    size_t n_bytes = 0;
    if (g.end - g.start == 1 && g.node) {
        uint32_t token = b->tokens[g.start], at = take_place(b, token);
        bool is_end = b->vocab->entries[token].len == g.depth;
        b->nodes[g.node].value = is_end ? at : tail_of(b, token, g.depth);
        set_base(b, g.node, is_end ? 0 : at);
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
    if (!status) b->bases[0] = 1; /* Of nodes without children. */
    b->tokens = ap__calloc(b->vocab->n, sizeof *b->tokens);
    b->spare = ap__calloc(b->vocab->n, sizeof *b->spare);
    if (!status && (!b->tokens || !b->spare)) status = ap__fail_nomem(b->err);
    if (status) return status;
    for (uint32_t i = 0; i < b->vocab->n; i++)
        if (b->vocab->entries[i].len) b->tokens[n++] = i;
    status = push_group(b, (group){0, n, 0, 0});
    while (!status && b->n_groups) status = place(b, b->groups[--b->n_groups]);
    return status;
}

ap_status ap__trie_create(ap__trie *out, const ap__vocab *vocab, ap__arena *arena, ap_error *err) {
    builder b = {.vocab = vocab, .err = err};
    size_t size;
    *out = (ap__trie){.vocab = vocab};
    if (vocab->n > NODES_MAX)
        return ap__fail(err, AP_ELIMIT, "%zu tokens; at most %zu are supported", vocab->n, NODES_MAX);
    b.places = out->entries = ap__arena_calloc(arena, vocab->n, sizeof *out->entries);
    ap_status status = b.places ? build(&b) : ap__fail_nomem(err);
    if (!status && !ap__mul_size(&size, b.n_nodes, sizeof *b.nodes)) status = ap__fail_nomem(err);
    if (!status && !(out->nodes = ap__arena_alloc(arena, size))) status = ap__fail_nomem(err);
    if (!status) memcpy(out->nodes, b.nodes, size);
    out->n_nodes = status ? 0 : b.n_nodes;
    out->n_places = b.n_places;
    ap__free(b.bases);
    ap__free(b.nodes);
    ap__free(b.tokens);
    ap__free(b.spare);
    ap__free(b.groups);
    return status;
}

void ap__trie_set_weights(ap__trie *trie, const double *weights) {
    for (size_t i = 0; i < trie->n_nodes; i++) {
        ap__trie_node *node = &trie->nodes[i];
        if (node->value == AP__TOKEN_NONE) continue;
        bool is_tail = node->value & AP__TRIE_TAIL;
        node->weight = weights[trie->entries[is_tail ? node->link >> AP__TRIE_LABEL_BITS : node->value]];
    }
}

/* Byte-pair merging: a scan for short words, a heap for long ones.
 * Source: huggingface/tokenizers@v0.21.4 models/bpe/word.rs merge_all: there always a heap, with the same
 * order. */
#include "tokenizer/models/bpe_merges.h"

#include "base/alloc.h"
#include "base/error.h"

#include <string.h>

#define MERGES_MAX ((size_t)1 << 26)

/* Up to this many symbols, looking at all of them for every merge is faster than a heap. */
enum { SHORT_WORD = 24 };

/* -- the table ----------------------------------------------------------------------------------------- */

ap_status ap__merges_create(ap__merges *merges, ap__arena *arena, size_t n, ap_error *err) {
    if (n > MERGES_MAX)
        return ap__fail(err, AP_ELIMIT, "%zu merges: at most %zu are supported", n, MERGES_MAX);
    size_t n_slots = 16;
    while (n_slots < n * 2) n_slots *= 2;
    merges->slots = ap__arena_alloc(arena, n_slots * sizeof *merges->slots);
    if (!merges->slots) return ap__fail_nomem(err);
    merges->mask = n_slots - 1;
    for (size_t i = 0; i < n_slots; i++) merges->slots[i].rank = AP__NO_RANK;
    return AP_OK;
}

/* Ids come from a file: the multiplier makes neighbours fall far apart, the shift uses the mixed bits. */
static size_t place_of(const ap__merges *merges, uint32_t left, uint32_t right) {
    uint64_t pair = (uint64_t)left << 32 | right;
    pair *= 0x9E3779B97F4A7C15u;
    return (size_t)(pair ^ pair >> 32) & merges->mask;
}

const ap__merge *ap__merges_find(const ap__merges *merges, uint32_t left, uint32_t right) {
    size_t at = place_of(merges, left, right);
    for (;; at = (at + 1) & merges->mask) {
        const ap__merge *slot = &merges->slots[at];
        if (slot->rank == AP__NO_RANK || (slot->left == left && slot->right == right)) return slot;
    }
}

void ap__merges_add(ap__merges *merges, uint32_t left, uint32_t right, uint32_t rank, uint32_t merged) {
    size_t at = (size_t)(ap__merges_find(merges, left, right) - merges->slots);
    merges->slots[at] = (ap__merge){left, right, rank, merged};
}

/* -- short words --------------------------------------------------------------------------------------- */

static ap__merge pair_at(const ap__merges *merges, const ap__symbol *symbols, size_t i, size_t n) {
    ap__merge none = {.rank = AP__NO_RANK};
    return i + 1 < n ? *ap__merges_find(merges, symbols[i].id, symbols[i + 1].id) : none;
}

static size_t merge_short(const ap__merges *merges, ap__symbol *symbols, size_t n) {
    uint32_t ranks[SHORT_WORD], merged[SHORT_WORD];
    for (size_t i = 0; i < n; i++) {
        ap__merge pair = pair_at(merges, symbols, i, n);
        ranks[i] = pair.rank;
        merged[i] = pair.merged;
    }
    for (;;) {
        size_t best = 0;
        for (size_t i = 1; i < n; i++)
            if (ranks[i] < ranks[best]) best = i;
        if (!n || ranks[best] == AP__NO_RANK) return n;
        symbols[best] = (ap__symbol){merged[best], symbols[best].len + symbols[best + 1].len};
        n--;
        for (size_t i = best + 1; i < n; i++) {
            symbols[i] = symbols[i + 1];
            ranks[i] = ranks[i + 1];
            merged[i] = merged[i + 1];
        }
        for (size_t i = best ? best - 1 : 0; i <= best; i++) {
            ap__merge pair = pair_at(merges, symbols, i, n);
            ranks[i] = pair.rank;
            merged[i] = pair.merged;
        }
    }
}

/* -- long words ---------------------------------------------------------------------------------------- */

#define NOWHERE UINT32_MAX

/* A symbol in a list from which merged ones are taken out. */
typedef struct node {
    ap__symbol symbol;
    uint32_t before, after; /* Indices, or NOWHERE. */
    uint32_t rank, merged;  /* Of the pair that it makes with the next. */
} node;

/* Candidates as rank << 32 | index: the smallest number is the next merge. Entries whose rank is not that of
 * their node any more are stale. */
typedef struct heap {
    uint64_t *ptr;
    size_t n;
} heap;

static void heap_push(heap *h, uint64_t value) {
    size_t i = h->n++;
    for (size_t parent; i > 0 && h->ptr[parent = (i - 1) / 2] > value; i = parent) h->ptr[i] = h->ptr[parent];
    h->ptr[i] = value;
}

static uint64_t heap_pop(heap *h) {
    uint64_t top = h->ptr[0], value = h->ptr[--h->n];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < h->n; i = child) {
        if (child + 1 < h->n && h->ptr[child + 1] < h->ptr[child]) child++;
        if (h->ptr[child] >= value) break;
        h->ptr[i] = h->ptr[child];
    }
    h->ptr[i] = value;
    return top;
}

/* Looks the pair of node i and the next up again. */
static void refresh(const ap__merges *merges, node *nodes, uint32_t i, heap *h) {
    node *left = &nodes[i];
    left->rank = AP__NO_RANK;
    if (left->after == NOWHERE) return;
    const ap__merge *pair = ap__merges_find(merges, left->symbol.id, nodes[left->after].symbol.id);
    left->rank = pair->rank;
    left->merged = pair->merged;
    if (pair->rank != AP__NO_RANK) heap_push(h, (uint64_t)pair->rank << 32 | i);
}

/* Gives how many candidates there were. */
static uint64_t merge_nodes(const ap__merges *merges, node *nodes, heap *h) {
    uint64_t n_steps = 0;
    for (; h->n; n_steps++) {
        uint64_t top = heap_pop(h);
        uint32_t i = (uint32_t)top;
        node *left = &nodes[i];
        if (left->rank != top >> 32 || left->rank == AP__NO_RANK) continue;
        node *right = &nodes[left->after];
        left->symbol = (ap__symbol){left->merged, left->symbol.len + right->symbol.len};
        right->rank = AP__NO_RANK; /* It is gone. */
        left->after = right->after;
        if (left->after != NOWHERE) nodes[left->after].before = i;
        if (left->before != NOWHERE) refresh(merges, nodes, left->before, h);
        refresh(merges, nodes, i, h);
    }
    return n_steps;
}

static ap_status merge_long(const ap__merges *merges, ap__symbol *symbols, size_t *n, ap__work *work) {
    ap__arena *arena = &work->arena;
    /* Each of the n - 1 merges pushes at most two candidates, after at most n - 1 at the start. */
    size_t nodes_size, heap_size;
    if (*n >= NOWHERE || !ap__mul_size(&nodes_size, *n, sizeof(node)) ||
        !ap__mul_size(&heap_size, *n, 3 * sizeof(uint64_t)))
        return ap__fail_nomem(work->err);
    ap__arena_mark mark = ap__arena_get_mark(arena);
    node *nodes = ap__arena_alloc(arena, nodes_size);
    heap h = {.ptr = ap__arena_alloc(arena, heap_size)};
    if (!nodes || !h.ptr) return ap__fail_nomem(work->err);
    uint32_t count = (uint32_t)*n;
    for (uint32_t i = 0; i < count; i++)
        nodes[i] = (node){
            .symbol = symbols[i], .before = i ? i - 1 : NOWHERE, .after = i + 1 < count ? i + 1 : NOWHERE};
    for (uint32_t i = 0; i < count; i++) refresh(merges, nodes, i, &h);
    work->n_steps += count + merge_nodes(merges, nodes, &h);
    *n = 0;
    for (uint32_t i = 0; i != NOWHERE; i = nodes[i].after) symbols[(*n)++] = nodes[i].symbol;
    ap__arena_rewind(arena, mark);
    return AP_OK;
}

ap_status ap__merges_apply(const ap__merges *merges, ap__symbol *symbols, size_t *n, ap__work *work) {
    if (*n > SHORT_WORD) return merge_long(merges, symbols, n, work);
    *n = merge_short(merges, symbols, *n);
    return AP_OK;
}

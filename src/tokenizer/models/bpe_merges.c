/* Byte-pair merging: a scan for short words, several of them in turn, and a heap for long ones.
 * Source: huggingface/tokenizers@v0.21.4 models/bpe/word.rs merge_all: there always a heap, with the same
 * order. */
#include "tokenizer/models/bpe_merges.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/hash.h"
#include "tokenizer/models/heap.h"

#include <string.h>

#define MERGES_MAX ((size_t)1 << 26)

/* On average. One bucket of twenty is then full, and a pair may have to be looked for in the next. */
enum { MERGES_PER_BUCKET = AP__MERGE_BUCKET / 2 };

/* -- the table ----------------------------------------------------------------------------------------- */

/* Bits of an id such that the largest number of so many bits is no id: no pair looks like a free place. */
static unsigned bits_of_ids(size_t n_ids) {
    unsigned bits = 1;
    while (bits < 32 && n_ids >> bits) bits++;
    return bits;
}

ap_status ap__merges_create(ap__merges *merges, ap__arena *arena, size_t n, size_t n_ids, ap_error *err) {
    unsigned rank_bits = 64 - 2 * bits_of_ids(n_ids);
    if (n > MERGES_MAX || n_ids > UINT32_MAX >> 1 || n >> (rank_bits < 32 ? rank_bits : 32))
        return ap__fail(err, AP_ELIMIT, "%zu merges of ids below %zu: more than is supported", n, n_ids);
    *merges = (ap__merges){.n_buckets = (uint32_t)(n / MERGES_PER_BUCKET + 1), .rank_bits = rank_bits};
    merges->rank_mask = ((uint64_t)1 << rank_bits) - 1;
    size_t size = merges->n_buckets * sizeof *merges->buckets;
    void *memory = ap__arena_alloc(arena, ap__table_room(size));
    merges->merged = ap__arena_alloc(arena, (n + 1) * sizeof *merges->merged);
    merges->used = ap__arena_calloc(arena, n_ids / 64 + 1, sizeof *merges->used);
    if (!memory || !merges->merged || !merges->used) return ap__fail_nomem(err);
    merges->buckets = ap__table_place(memory, size);
    memset(merges->buckets, 0xFF, size);
    merges->seed = ap__hash("merges", 6) | 1;
    return AP_OK;
}

static inline uint64_t pair_of(const ap__merges *merges, uint32_t left, uint32_t right) {
    return (uint64_t)left << (64 - merges->rank_bits) / 2 | right;
}

/* Ids come from a file: the second factor is this process's own, so that it cannot be made for collisions. */
static inline uint32_t bucket_of(const ap__merges *merges, uint64_t pair) {
    uint64_t hash = pair * 0x9E3779B97F4A7C15u;
    hash = (hash ^ hash >> 32) * merges->seed;
    return (uint32_t)((hash >> 32) * merges->n_buckets >> 32);
}

static inline uint32_t next_bucket(const ap__merges *merges, uint32_t at) {
    return at + 1 == merges->n_buckets ? 0 : at + 1;
}

const void *ap__merges_place(const ap__merges *merges, uint32_t left, uint32_t right) {
    return &merges->buckets[bucket_of(merges, pair_of(merges, left, right))];
}

/* The place of the pair, or the free one where it goes. */
static uint64_t *find_slot(const ap__merges *merges, uint64_t pair) {
    for (uint32_t at = bucket_of(merges, pair);; at = next_bucket(merges, at)) {
        uint64_t *slots = merges->buckets[at].slots;
        for (size_t i = 0; i < AP__MERGE_BUCKET; i++)
            if (slots[i] == AP__NO_MERGE || slots[i] >> merges->rank_bits == pair) return &slots[i];
    }
}

void ap__merges_add(ap__merges *merges, uint32_t left, uint32_t right, uint32_t merged, bool *is_used) {
    uint64_t pair = pair_of(merges, left, right);
    merges->used[left / 64] |= 1ull << left % 64;
    merges->used[right / 64] |= 1ull << right % 64;
    *is_used = merges->used[merged / 64] >> merged % 64 & 1;
    *find_slot(merges, pair) = pair << merges->rank_bits | merges->n;
    merges->merged[merges->n++] = merged;
}

/* The least of what four slots differ from `wanted` by. */
static inline uint64_t least_of_four(const uint64_t *slots, uint64_t wanted) {
    uint64_t a = slots[0] ^ wanted, b = slots[1] ^ wanted, c = slots[2] ^ wanted, d = slots[3] ^ wanted;
    a = b < a ? b : a;
    c = d < c ? d : c;
    return c < a ? c : a;
}

_Static_assert(AP__MERGE_BUCKET == 8, "rank_of() looks through two times four");

/* AP__NO_RANK for a pair that does not merge. Of one that does, the merged token will be asked for. Whether a
 * pair merges is what no processor foresees: a bucket is looked through without a branch that depends on it,
 * so that waiting for one does not keep from asking for others. */
static inline uint32_t rank_of(const ap__merges *merges, uint32_t left, uint32_t right) {
    uint64_t pair = pair_of(merges, left, right), wanted = pair << merges->rank_bits;
    for (uint32_t at = bucket_of(merges, pair);; at = next_bucket(merges, at)) {
        const uint64_t *slots = merges->buckets[at].slots;
        /* Only of the pair itself is the difference a rank. */
        uint64_t lowest = least_of_four(slots, wanted), others = least_of_four(slots + 4, wanted);
        lowest = others < lowest ? others : lowest;
        bool is_there = lowest <= merges->rank_mask;
        uint64_t none =
            (uint64_t)is_there - 1; /* All bits or no bit: what is chosen by ?: becomes a branch. */
        __builtin_prefetch(&merges->merged[lowest & ~none]);
        if (__builtin_expect(is_there | (slots[AP__MERGE_BUCKET - 1] == AP__NO_MERGE), 1))
            return (uint32_t)(lowest | none);
    }
}

uint32_t ap__merges_find(const ap__merges *merges, uint32_t left, uint32_t right, uint32_t *merged) {
    uint32_t rank = rank_of(merges, left, right);
    if (rank != AP__NO_RANK) *merged = merges->merged[rank];
    return rank;
}

/* -- short words --------------------------------------------------------------------------------------- */

/* Ranks are compared so many at a time, with their places in the lowest bits: where a loop over the symbols
 * of a word ends, no processor foresees. */
enum { LOWEST_STEP = 8, PLACE_BITS = 8 };

_Static_assert(AP__SHORT_WORD % LOWEST_STEP == 0 && AP__SHORT_WORD < 1 << PLACE_BITS, "see lowest()");

static inline uint64_t rank_and_place(const ap__merging *w, uint32_t i) {
    return (uint64_t)w->ranks[i] << PLACE_BITS | i;
}

static inline uint64_t lower_of(uint64_t a, uint64_t b) { return b < a ? b : a; }

/* Of four ranks from the i-th on. */
static inline uint64_t lowest_of_four(const ap__merging *w, uint32_t i) {
    return lower_of(lower_of(rank_and_place(w, i), rank_and_place(w, i + 1)),
                    lower_of(rank_and_place(w, i + 2), rank_and_place(w, i + 3)));
}

static inline uint32_t lowest(const ap__merging *w) {
    uint64_t best = UINT64_MAX;
    for (uint32_t i = 0; i < w->n; i += LOWEST_STEP)
        best = lower_of(best, lower_of(lowest_of_four(w, i), lowest_of_four(w, i + 4)));
    return (uint32_t)(best & ((1u << PLACE_BITS) - 1));
}

/* The neighbours of every place: of the first and the last they are never read. */
static const uint8_t BEFORE[AP__SHORT_WORD] = {0,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9,
                                               10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
                                               21, 22, 23, 24, 25, 26, 27, 28, 29, 30};
static const uint8_t AFTER[AP__SHORT_WORD] = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16,
                                              17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32};

static inline void link_symbols(ap__merging *word) {
    memcpy(word->before, BEFORE, sizeof BEFORE);
    memcpy(word->after, AFTER, sizeof AFTER);
    memset(word->ranks, 0xFF, sizeof word->ranks); /* AP__NO_RANK, also behind the last. */
    word->at = word->n;
    word->asked = 0;
}

/* The rank of symbol i and the next is to be looked up, and asked for. */
static inline void ask_rank(ap__merging *word, const ap__merges *merges, uint32_t i) {
    __builtin_prefetch(ap__merges_place(merges, word->symbols[i].id, word->symbols[i + 1].id));
    word->asked |= 1u << i;
}

void ap__merging_begin(ap__merging *word, const ap__merges *merges) {
    link_symbols(word);
    for (uint32_t i = 0; i + 1 < word->n; i++) ask_rank(word, merges, i);
}

void ap__merging_begin_bytes(ap__merging *word, const ap__merges *merges, ap__text text) {
    const ap__byte_merges *bytes = merges->bytes;
    const unsigned char *at = (const unsigned char *)text.ptr;
    uint32_t len = (uint32_t)text.len, n = 0;
    for (uint32_t i = 0; i < len; i += word->symbols[n++].len) {
        const ap__byte_triple *triple = ap__byte_merges_get_triple(bytes, at, i, len);
        if (triple)
            word->symbols[n] = (ap__symbol){triple->merged, 3};
        else if (i + 1 < len && ap__byte_merges_is_first(bytes, at, i, len))
            word->symbols[n] = (ap__symbol){ap__byte_pair_of(bytes, at + i)->merged, 2};
        else
            word->symbols[n] = (ap__symbol){bytes->ids[at[i]], 1};
    }
    word->n = (uint8_t)n;
    link_symbols(word);
    for (uint32_t i = 0; i + 1 < n; at += word->symbols[i++].len) {
        uint32_t is_asked = word->symbols[i].len + word->symbols[i + 1].len > 2;
        word->ranks[i] = ap__byte_pair_of(bytes, at)->rank; /* Of single bytes; else it is to come. */
        __builtin_prefetch(ap__merges_place(merges, word->symbols[i].id, word->symbols[i + 1].id));
        word->asked |= is_asked << i;
    }
}

static void take_ranks(ap__merging *word, const ap__merges *merges) {
    for (uint32_t asked = word->asked; asked; asked &= asked - 1) {
        unsigned i = (unsigned)__builtin_ctz(asked);
        word->ranks[i] = rank_of(merges, word->symbols[i].id, word->symbols[i + 1].id);
    }
}

/* Looks up what the symbol that was merged last makes with its neighbours. */
static inline void refresh_ranks(ap__merging *w, const ap__merges *merges) {
    uint32_t i = w->at, next = w->after[i], before = w->before[i], id = w->symbols[i].id;
    if (next < w->n) w->ranks[i] = rank_of(merges, id, w->symbols[next].id);
    if (i) w->ranks[before] = rank_of(merges, w->symbols[before].id, id);
    w->at = w->n;
}

/* False when there is nothing left to merge. */
static inline bool merge_lowest(ap__merging *w, const ap__merges *merges) {
    uint32_t i = lowest(w);
    if (w->ranks[i] == AP__NO_RANK) return false;
    uint32_t gone = w->after[i], next = w->after[gone], id = merges->merged[w->ranks[i]];
    w->symbols[i] = (ap__symbol){id, w->symbols[i].len + w->symbols[gone].len};
    w->ranks[gone] = w->ranks[i] = AP__NO_RANK;
    w->after[i] = (uint8_t)next;
    w->at = (uint8_t)i;
    if (next < w->n) {
        w->before[next] = (uint8_t)i;
        __builtin_prefetch(ap__merges_place(merges, id, w->symbols[next].id));
    }
    if (i) __builtin_prefetch(ap__merges_place(merges, w->symbols[w->before[i]].id, id));
    return true;
}

static void compact(ap__merging *w) {
    uint8_t kept = 0;
    for (uint32_t i = 0; i < w->n; i = w->after[i]) w->symbols[kept++] = w->symbols[i];
    w->n = kept;
}

void ap__merging_finish(ap__merging **words, size_t n_words, const ap__merges *merges) {
    for (size_t i = 0; i < n_words; i++) take_ranks(words[i], merges);
    while (n_words) {
        for (size_t i = 0; i < n_words;) {
            ap__merging *w = words[i];
            if (merge_lowest(w, merges)) {
                i++;
                continue;
            }
            compact(w);
            words[i] = words[--n_words];
        }
        for (size_t i = 0; i < n_words; i++) refresh_ranks(words[i], merges);
    }
}

static void merge_short(const ap__merges *merges, ap__symbol *symbols, size_t *n) {
    ap__merging word = {.n = (uint8_t)*n}, *words[] = {&word};
    memcpy(word.symbols, symbols, *n * sizeof *symbols);
    ap__merging_begin(&word, merges);
    ap__merging_finish(words, 1, merges);
    *n = word.n;
    memcpy(symbols, word.symbols, *n * sizeof *symbols);
}

/* -- long words ---------------------------------------------------------------------------------------- */

#define NOWHERE UINT32_MAX

/* A symbol in a list from which merged ones are taken out. */
typedef struct node {
    ap__symbol symbol;
    uint32_t before, after; /* Indices, or NOWHERE. */
    uint32_t rank;          /* Of the pair that it makes with the next. */
} node;

/* Looks the pair of node i and the next up again. */
static void refresh(const ap__merges *merges, node *nodes, uint32_t i, ap__heap *h) {
    node *left = &nodes[i];
    left->rank = AP__NO_RANK;
    if (left->after == NOWHERE) return;
    left->rank = rank_of(merges, left->symbol.id, nodes[left->after].symbol.id);
    if (left->rank != AP__NO_RANK) ap__heap_push(h, (uint64_t)left->rank << 32 | i);
}

/* Candidates in the heap are rank << 32 | index; those whose rank is not that of their node any more are
 * stale. Gives how many there were. */
static uint64_t merge_nodes(const ap__merges *merges, node *nodes, ap__heap *h) {
    uint64_t n_steps = 0;
    for (; h->n; n_steps++) {
        uint64_t top = ap__heap_pop(h);
        uint32_t i = (uint32_t)top;
        node *left = &nodes[i];
        if (left->rank != top >> 32 || left->rank == AP__NO_RANK) continue;
        node *right = &nodes[left->after];
        left->symbol = (ap__symbol){merges->merged[left->rank], left->symbol.len + right->symbol.len};
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
    ap__heap h = {.ptr = ap__arena_alloc(arena, heap_size)};
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
    if (*n > AP__SHORT_WORD) return merge_long(merges, symbols, n, work);
    if (*n > 1) merge_short(merges, symbols, n);
    return AP_OK;
}

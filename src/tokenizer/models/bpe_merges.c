/* Byte-pair merging: a scan for short words, several of them in turn, and a heap for long ones.
 * Source: huggingface/tokenizers@v0.21.4 models/bpe/word.rs merge_all: there always a heap, with the same
 * order. */
#include "tokenizer/models/bpe_merges.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/hash.h"
#include "tokenizer/models/heap.h"

#include <string.h>

/* A rank and a place are one number of 31 bits. */
#define MERGES_MAX (((size_t)1 << (31 - AP__PLACE_BITS)) - 1)

/* Far above any model: tables of such pairs would be absurd. */
#define IDS_MAX ((size_t)1 << 23)

/* On average. One bucket of fifty has then too many, and a pair may have to be looked for in the next. */
enum { MERGES_PER_BUCKET = AP__MERGE_BUCKET / 2 };

/* -- the table ----------------------------------------------------------------------------------------- */

/* Of the last place of a bucket that has no room for all of its merges: those that are too much, and the one
 * that had this place, are in the next. */
#define OVERFULL UINT32_MAX

/* Pairs are told by their tags among those of so many buckets in a row; no more than a few in a row are
 * overfull. */
enum { TOLD_BUCKETS = 32 };

/* Bits of an id such that the largest number of so many bits is no id. */
static unsigned bits_of_ids(size_t n_ids) {
    unsigned bits = 1;
    while (bits < 32 && n_ids >> bits) bits++;
    return bits;
}

ap_status ap__merges_create(ap__merges *merges, ap__arena *arena, size_t n, size_t n_ids, ap_error *err) {
    unsigned id_bits = bits_of_ids(n_ids), hash_bits = id_bits > 16 ? 2 * id_bits : 32;
    if (n > MERGES_MAX || n_ids >= IDS_MAX)
        return ap__fail(err, AP_ELIMIT, "%zu merges of ids below %zu: more than is supported", n, n_ids);
    size_t n_buckets = n / MERGES_PER_BUCKET + 1, least = (size_t)TOLD_BUCKETS << (hash_bits - 32);
    if (n_buckets < least) n_buckets = least;
    *merges = (ap__merges){.n_buckets = (uint32_t)n_buckets,
                           .capacity = (uint32_t)n,
                           .nothing = ((uint32_t)1 << id_bits) - 1,
                           .id_bits = id_bits,
                           .top_shift = hash_bits - 32,
                           .hash_mask = ((uint64_t)1 << hash_bits) - 1,
                           .seed = ap__hash("merges", 6) | 1};
    size_t size = n_buckets * sizeof *merges->buckets;
    void *memory = ap__arena_alloc(arena, ap__table_room(size));
    merges->merged = ap__arena_alloc(arena, (n + 1) * sizeof *merges->merged);
    merges->used = ap__arena_calloc(arena, n_ids / 64 + 1, sizeof *merges->used);
    if (!memory || !merges->merged || !merges->used) return ap__fail_nomem(err);
    merges->buckets = ap__table_place(memory, size);
    memset(merges->buckets, 0, size);
    return AP_OK;
}

/* Each step can be undone within the bits of the hash, so that no two pairs have the same. The bucket is its
 * highest bits, more or less: pairs of one bucket, or of some in a row, have hashes in a row, which their
 * lowest 32 bits tell apart. Ids come from a file: the second factor is this process's own, so that it cannot
 * be made for collisions. */
static inline ap__pair_place place_of(const ap__merges *merges, uint32_t left, uint32_t right) {
    uint64_t hash = ((uint64_t)left << merges->id_bits | right) * 0x9E3779B97F4A7C15u & merges->hash_mask;
    hash = (hash ^ hash >> 16) * merges->seed;
    uint64_t top = (uint32_t)(hash >> merges->top_shift);
    return (ap__pair_place){(uint32_t)(top * merges->n_buckets >> 32), (uint32_t)hash};
}

static inline uint32_t next_bucket(const ap__merges *merges, uint32_t at) {
    return at + 1 == merges->n_buckets ? 0 : at + 1;
}

const void *ap__merges_place(const ap__merges *merges, uint32_t left, uint32_t right) {
    return &merges->buckets[place_of(merges, left, right).bucket];
}

static inline bool is_overfull(const ap__merge_bucket *bucket) {
    return bucket->tags[AP__MERGE_BUCKET - 1] == OVERFULL;
}

/* Puts a merge, whose pair is not there, into the first bucket from its own on that has room. */
static void put_merge(ap__merges *merges, ap__pair_place at, uint32_t merge) {
    enum { LAST = AP__MERGE_BUCKET - 1 };
    for (;; at.bucket = next_bucket(merges, at.bucket)) {
        ap__merge_bucket *bucket = &merges->buckets[at.bucket];
        size_t i = 0;
        for (size_t k = 0; k < AP__MERGE_BUCKET; k++) i += bucket->merges[k] != 0;
        if (i < AP__MERGE_BUCKET && !(i == LAST && is_overfull(bucket))) {
            bucket->tags[i] = at.tag;
            bucket->merges[i] = merge;
            return;
        }
        if (i == LAST) continue;
        ap__pair_place moved = {next_bucket(merges, at.bucket), bucket->tags[LAST]};
        uint32_t moved_merge = bucket->merges[LAST];
        bucket->tags[LAST] = OVERFULL;
        bucket->merges[LAST] = 0;
        put_merge(merges, moved, moved_merge);
    }
}

/* The merge of the pair; NULL: it does not merge. */
static uint32_t *get_merge(const ap__merges *merges, ap__pair_place at) {
    for (;; at.bucket = next_bucket(merges, at.bucket)) {
        ap__merge_bucket *bucket = &merges->buckets[at.bucket];
        uint32_t merge = ap__four_pick(bucket->tags, bucket->merges, at.tag);
        for (size_t i = 0; merge && i < AP__MERGE_BUCKET; i++)
            if (bucket->merges[i] == merge) return &bucket->merges[i];
        if (!is_overfull(bucket)) return NULL;
    }
}

void ap__merges_add(ap__merges *merges, uint32_t left, uint32_t right, uint32_t merged, bool *is_used) {
    ap__pair_place at = place_of(merges, left, right);
    uint32_t merge = (merges->capacity - merges->n) << AP__PLACE_BITS, *before = get_merge(merges, at);
    merges->used[left / 64] |= 1ull << left % 64;
    merges->used[right / 64] |= 1ull << right % 64;
    *is_used = merges->used[merged / 64] >> merged % 64 & 1;
    if (before)
        *before = merge;
    else
        put_merge(merges, at, merge);
    merges->merged[merges->n++] = merged;
}

/* What is larger is no rank. */
static inline uint32_t no_order(const ap__merges *merges) { return merges->capacity << AP__PLACE_BITS; }

/* The rank of a pair, above `place`. Of one that merges, the merged token will be asked for. Whether a pair
 * merges is what no processor foresees: a bucket is looked through without a branch that depends on it, so
 * that waiting for one does not keep from asking for others. */
static inline uint32_t order_of(const ap__merges *merges, ap__pair_place at, uint32_t place) {
    for (;; at.bucket = next_bucket(merges, at.bucket)) {
        const ap__merge_bucket *bucket = &merges->buckets[at.bucket];
        uint32_t found = ap__four_pick(bucket->tags, bucket->merges, at.tag);
        uint32_t order = no_order(merges) - found + place;
        __builtin_prefetch(&merges->merged[order >> AP__PLACE_BITS]);
        if (__builtin_expect((found != 0) | !is_overfull(bucket), 1)) return order;
    }
}

static inline uint32_t rank_of(const ap__merges *merges, uint32_t left, uint32_t right) {
    uint32_t rank = order_of(merges, place_of(merges, left, right), 0) >> AP__PLACE_BITS;
    return rank == merges->capacity ? AP__NO_RANK : rank;
}

uint32_t ap__merges_find(const ap__merges *merges, uint32_t left, uint32_t right, uint32_t *merged) {
    uint32_t rank = rank_of(merges, left, right);
    if (rank != AP__NO_RANK) *merged = merges->merged[rank];
    return rank;
}

/* -- short words --------------------------------------------------------------------------------------- */

/* Orders are compared so many at a time: where a loop over the symbols of a word ends, no processor foresees.
 */
enum { LOWEST_STEP = 16 };

_Static_assert(AP__SHORT_WORD % LOWEST_STEP == 0 && AP__SHORT_WORD + 2 <= 1 << AP__PLACE_BITS,
               "see lowest()");

typedef int32_t four_signed __attribute__((vector_size(16)));

static inline four_signed lower_of(four_signed a, four_signed b) {
    four_signed is_lower = a < b;
    return (a & is_lower) | (b & ~is_lower);
}

static inline four_signed lowest_of_step(const uint32_t *order) {
    four_signed a = (four_signed)ap__four_at(order), b = (four_signed)ap__four_at(order + 4);
    four_signed c = (four_signed)ap__four_at(order + 8), d = (four_signed)ap__four_at(order + 12);
    return lower_of(lower_of(a, b), lower_of(c, d));
}

/* The rank and the place of the next merge. */
static inline uint32_t lowest(const ap__merging *w) {
    four_signed four = lowest_of_step(w->order);
    for (uint32_t i = LOWEST_STEP; i < w->n; i += LOWEST_STEP)
        four = lower_of(four, lowest_of_step(w->order + i));
    four_signed two = {four[2], four[3], four[2], four[3]};
    two = lower_of(four, two);
    return (uint32_t)(two[0] < two[1] ? two[0] : two[1]);
}

/* The pair of the symbols at two places in a row is to be looked up. */
static inline void ask(ap__merging *w, const ap__merges *merges, uint32_t left, uint32_t right) {
    w->pairs[left] = place_of(merges, w->ids[left], w->ids[right]);
    __builtin_prefetch(&merges->buckets[w->pairs[left].bucket]);
}

static inline void look_up(ap__merging *w, const ap__merges *merges, uint32_t left) {
    w->order[left] = order_of(merges, w->pairs[left], left);
}

void ap__merging_begin(ap__merging *w, const ap__merges *merges, uint32_t n) {
    uint32_t none = no_order(merges);
    w->n = n;
    w->live = ((uint64_t)1 << (n + 2)) - 1;
    w->ids[0] = w->ids[n + 1] = merges->nothing;
    for (uint32_t i = 0; i < LOWEST_STEP; i++) w->order[i] = none;
    if (n >= LOWEST_STEP)
        for (uint32_t i = LOWEST_STEP; i < AP__SHORT_WORD; i++) w->order[i] = none;
    for (uint32_t i = 1; i < n; i++) ask(w, merges, i, i + 1);
}

void ap__merging_begin_bytes(ap__merging *word, const ap__merges *merges, ap__text text) {
    const ap__byte_merges *bytes = merges->bytes;
    const unsigned char *at = (const unsigned char *)text.ptr;
    uint32_t len = (uint32_t)text.len, n = 0;
    for (uint32_t i = 0, step; i < len; i += step) {
        const ap__byte_triple *triple = ap__byte_merges_get_triple(bytes, at, i, len);
        word->starts[++n] = (uint8_t)i;
        if (triple) {
            step = 3;
            word->ids[n] = triple->merged;
        } else if (i + 1 < len && ap__byte_merges_is_first(bytes, at, i, len)) {
            step = 2;
            word->ids[n] = ap__byte_pair_of(bytes, at + i)->merged;
        } else {
            step = 1;
            word->ids[n] = bytes->ids[at[i]];
        }
    }
    word->starts[n + 1] = (uint8_t)len;
    ap__merging_begin(word, merges, n);
}

/* False when there is nothing left to merge. */
static inline bool merge_lowest(ap__merging *w, const ap__merges *merges) {
    uint32_t order = lowest(w);
    if (order >= no_order(merges)) return false;
    uint32_t i = order & ((1u << AP__PLACE_BITS) - 1);
    uint64_t behind = w->live >> (i + 1), left = w->live & (((uint64_t)1 << i) - 1);
    uint32_t gone = i + 1 + (uint32_t)__builtin_ctzll(behind);
    uint32_t next = i + 1 + (uint32_t)__builtin_ctzll(behind & (behind - 1));
    w->live ^= (uint64_t)1 << gone;
    w->order[gone] = no_order(merges);
    w->ids[i] = merges->merged[order >> AP__PLACE_BITS];
    w->at = i;
    w->before = 63 - (uint32_t)__builtin_clzll(left);
    ask(w, merges, w->before, i);
    ask(w, merges, i, next);
    return true;
}

/* Also at the ends of a word, where nothing is found: whether it is one, no processor foresees. */
static inline void refresh_pairs(ap__merging *w, const ap__merges *merges) {
    look_up(w, merges, w->before);
    look_up(w, merges, w->at);
}

static void finish(ap__merging *w) {
    uint32_t n = 0, ends = 0;
    for (uint64_t live = w->live & ~(uint64_t)1; live & (live - 1); live &= live - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(live);
        w->ids[n++] = w->ids[i];
        ends |= (1u << w->starts[i]) >> 1;
    }
    w->n = n;
    w->ends = ends | 1u << (w->starts[63 - __builtin_clzll(w->live)] - 1);
}

void ap__merging_look_up(ap__merging **words, size_t n_words, const ap__merges *merges) {
    for (size_t i = 0; i < n_words; i++)
        for (uint32_t k = 1; k < words[i]->n; k++) look_up(words[i], merges, k);
}

void ap__merging_finish(ap__merging **words, size_t n_words, const ap__merges *merges) {
    while (n_words) {
        for (size_t i = 0; i < n_words;) {
            ap__merging *w = words[i];
            if (merge_lowest(w, merges)) {
                i++;
                continue;
            }
            finish(w);
            words[i] = words[--n_words];
        }
        for (size_t i = 0; i < n_words; i++) refresh_pairs(words[i], merges);
    }
}

/* Symbols of any length are counted as one each. */
static void merge_short(const ap__merges *merges, ap__symbol *symbols, size_t *n) {
    ap__merging word, *words[] = {&word};
    uint32_t lens[AP__SHORT_WORD], total = (uint32_t)*n, from = 0;
    for (uint32_t i = 0; i < total; i++) {
        word.ids[i + 1] = symbols[i].id;
        word.starts[i + 1] = (uint8_t)i;
        lens[i] = symbols[i].len;
    }
    word.starts[total + 1] = (uint8_t)total;
    ap__merging_begin(&word, merges, total);
    ap__merging_look_up(words, 1, merges);
    ap__merging_finish(words, 1, merges);
    *n = word.n;
    for (uint32_t i = 0; i < word.n; i++, word.ends &= word.ends - 1) {
        symbols[i] = (ap__symbol){word.ids[i], 0};
        for (uint32_t end = (uint32_t)__builtin_ctz(word.ends); from <= end; from++)
            symbols[i].len += lens[from];
    }
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

/* The cache of pieces: making and growing it. */
#include "tokenizer/models/piece_cache.h"

#include "base/alloc.h"
#include "base/error.h"

/* Up to 8 MiB for each thread: 2 of buckets, half full, and 6 of records, in units of 8 bytes. */
enum { FIRST_BUCKETS = 1 << 9, MAX_BUCKETS = 1 << 15, GROWTH = 4 };
enum { FIRST_UNITS = 1 << 14, LARGE_UNITS = 1 << 18, MAX_UNITS = 3 << 18 };

void ap__piece_cache_clear(ap__piece_cache *cache) {
    ap__free(cache->bucket_memory);
    ap__free(cache->record_memory);
    *cache = (ap__piece_cache){0};
}

/* Where the piece of that hash goes: its own place, a free one, or that of any other. */
static void put_place(ap__piece_cache *cache, uint32_t hash, uint32_t place) {
    ap__cache_bucket *bucket = &cache->buckets[hash & (cache->n_buckets - 1)];
    unsigned same = 0, taken = 0;
    for (unsigned i = 0; i < AP__CACHE_BUCKET; i++) {
        same |= (unsigned)(bucket->hashes[i] == hash) << i;
        taken |= (unsigned)(bucket->places[i] != 0) << i;
    }
    unsigned wanted = same & taken ? same & taken : ~taken, at = hash >> (32 - AP__CACHE_BUCKET_BITS);
    if (wanted & ((1u << AP__CACHE_BUCKET) - 1)) at = (unsigned)__builtin_ctz(wanted);
    bucket->hashes[at] = hash;
    bucket->places[at] = place;
}

static ap_status grow_buckets(ap__piece_cache *cache, ap_error *err) {
    ap__piece_cache grown = *cache;
    grown.n_buckets = cache->buckets ? cache->n_buckets * GROWTH : FIRST_BUCKETS;
    size_t size = grown.n_buckets * sizeof *grown.buckets;
    grown.bucket_memory = ap__malloc(ap__table_room(size));
    if (!grown.bucket_memory) return ap__fail_nomem(err);
    grown.buckets = ap__table_place(grown.bucket_memory, size);
    memset(grown.buckets, 0, size);
    for (size_t i = 0; i < cache->n_buckets; i++)
        for (size_t k = 0; k < AP__CACHE_BUCKET; k++)
            if (cache->buckets[i].places[k])
                put_place(&grown, cache->buckets[i].hashes[k], cache->buckets[i].places[k]);
    ap__free(cache->bucket_memory);
    *cache = grown;
    return AP_OK;
}

static ap_status grow_records(ap__piece_cache *cache, ap_error *err) {
    size_t capacity = !cache->records ? FIRST_UNITS : cache->capacity < LARGE_UNITS ? LARGE_UNITS : MAX_UNITS;
    size_t size = capacity * sizeof *cache->records + AP__IDS_READ * sizeof(uint32_t);
    void *memory = ap__malloc(ap__table_room(size));
    if (!memory) return ap__fail_nomem(err);
    uint64_t *records = ap__table_place(memory, size);
    if (cache->records)
        memcpy(records, cache->records, cache->used * sizeof *records);
    else
        cache->used = 1;
    ap__free(cache->record_memory);
    cache->record_memory = memory;
    cache->records = records;
    cache->capacity = capacity;
    return AP_OK;
}

static void forget(ap__piece_cache *cache) {
    memset(cache->buckets, 0, cache->n_buckets * sizeof *cache->buckets);
    cache->n = 0;
    cache->used = 1;
    cache->n_clears++;
}

/* Records first: where there are buckets, there are records. */
static ap_status make_room(ap__piece_cache *cache, size_t n_units, ap_error *err) {
    bool is_crowded = cache->n >= cache->n_buckets * (AP__CACHE_BUCKET / 2);
    if (cache->used + n_units > MAX_UNITS || (is_crowded && cache->n_buckets == MAX_BUCKETS)) {
        forget(cache);
        is_crowded = false;
    }
    ap_status status = cache->used + n_units > cache->capacity ? grow_records(cache, err) : AP_OK;
    return status || !is_crowded ? status : grow_buckets(cache, err);
}

ap_status ap__piece_cache_put(ap__cached_piece **out, ap__piece_cache *cache, const ap__piece_key *key,
                              size_t n, ap_error *err) {
    size_t size = sizeof(ap__cached_piece) + n * sizeof(uint32_t), n_units = (size + 7) / 8;
    ap_status status = make_room(cache, n_units, err);
    if (status) return status;
    ap__cached_piece *piece = (ap__cached_piece *)(void *)(cache->records + cache->used);
    put_place(cache, key->hash, (uint32_t)cache->used);
    cache->used += n_units;
    cache->n++;
    memcpy(piece->words, key->words, sizeof piece->words);
    piece->len = (uint16_t)key->len;
    piece->n = (uint16_t)n;
    *out = piece;
    return AP_OK;
}

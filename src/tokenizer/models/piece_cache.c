/* The cache of pieces: making and growing it. */
#include "tokenizer/models/piece_cache.h"

#include "base/alloc.h"
#include "base/error.h"

/* From 128 KiB to 8 MiB for each thread. */
enum { FIRST_PLACES = 1 << 11, MAX_PLACES = 1 << 17, GROWTH = 4 };

void ap__piece_cache_clear(ap__piece_cache *cache) {
    ap__free(cache->memory);
    *cache = (ap__piece_cache){0};
}

static ap__piece_key key_of(const ap__cached_piece *piece) {
    ap__piece_key key = {.len = piece->len};
    memcpy(key.words, piece->words, sizeof key.words);
    ap__piece_key_hash(&key);
    return key;
}

/* The place for a new piece: the one before it moves on. */
static ap__cached_piece *make_place(ap__piece_cache *cache, const ap__piece_key *key) {
    ap__cached_piece *place = ap__piece_cache_place(cache, key);
    if (!place->len) return place;
    cache->n_evicted += place[1].len != 0;
    place[1] = place[0];
    return place;
}

static ap_status grow(ap__piece_cache *cache, ap_error *err) {
    ap__piece_cache grown = {.n_places = cache->places ? cache->n_places * GROWTH : FIRST_PLACES};
    size_t size = grown.n_places * sizeof *grown.places;
    grown.memory = ap__malloc(ap__table_room(size));
    if (!grown.memory) return ap__fail_nomem(err);
    grown.places = ap__table_place(grown.memory, size);
    memset(grown.places, 0, size);
    for (size_t i = 0; i < cache->n_places; i++) {
        if (!cache->places[i].len) continue;
        ap__piece_key key = key_of(&cache->places[i]);
        *make_place(&grown, &key) = cache->places[i];
    }
    grown.n_evicted = 0;
    grown.n_puts = cache->n_puts;
    ap__piece_cache_clear(cache);
    *cache = grown;
    return AP_OK;
}

ap_status ap__piece_cache_put(ap__cached_piece **out, ap__piece_cache *cache, const ap__piece_key *key,
                              ap_error *err) {
    bool is_crowded = cache->n_evicted > cache->n_places / 8 && cache->n_places < MAX_PLACES;
    ap_status status = !cache->places || is_crowded ? grow(cache, err) : AP_OK;
    if (status) return status;
    ap__cached_piece *place = make_place(cache, key);
    cache->n_puts++;
    memcpy(place->words, key->words, sizeof place->words);
    place->len = (uint16_t)key->len;
    *out = place;
    return AP_OK;
}

/* The cache of pieces: keys tell pieces apart, places are few, growth has an end. */
#include "tokenizer/models/piece_cache.h"

#include "unit/support/check.h"
#include "unit/support/torture.h"

#include <stdio.h>

static void put(ap__piece_cache *cache, const char *text, uint32_t len, uint32_t id) {
    ap_error err = AP_ERROR_INIT;
    ap__cached_piece *place;
    ap__piece_key key = ap__piece_key_of(text, len, 0);
    assert_ok(ap__piece_cache_put(&place, cache, &key, &err), &err);
    place->n = 1;
    place->ids[0] = id;
}

static const ap__cached_piece *find(const ap__piece_cache *cache, const char *text, uint32_t len,
                                    uint32_t flags) {
    ap__piece_key key = ap__piece_key_of(text, len, flags);
    return ap__piece_cache_find(cache, &key);
}

void test_every_byte_counts(void **state) {
    (void)state;
    char text[AP__CACHED_MAX_BYTES + 1] = "abcdefghijklmnopqrstuvwx";
    for (uint32_t len = 1; len <= AP__CACHED_MAX_BYTES; len++) {
        ap__piece_cache cache = {0};
        assert_null(find(&cache, text, len, 0));
        put(&cache, text, len, len);
        assert_int_equal(len, find(&cache, text, len, 0)->ids[0]);
        assert_null(find(&cache, text, len, 1 << 8));
        if (len > 1) assert_null(find(&cache, text, len - 1, 0));
        for (uint32_t i = 0; i < len; i++) {
            text[i] ^= 1;
            assert_null(find(&cache, text, len, 0));
            text[i] ^= 1;
        }
        ap__piece_cache_clear(&cache);
    }
}

/* A piece that comes all the time stays, many others come and go. */
void test_growth_has_an_end(void **state) {
    (void)state;
    enum { MANY = 300000 };
    ap__piece_cache cache = {0};
    size_t n_found = 0;
    char text[16];
    for (uint32_t i = 0; i < MANY; i++) {
        uint32_t len = (uint32_t)snprintf(text, sizeof text, "word%u", i);
        put(&cache, text, len, i);
        assert_int_equal(i, find(&cache, text, len, 0)->ids[0]);
    }
    for (uint32_t i = 0; i < MANY; i++) {
        uint32_t len = (uint32_t)snprintf(text, sizeof text, "word%u", i);
        const ap__cached_piece *place = find(&cache, text, len, 0);
        if (place) assert_int_equal(i, place->ids[0]);
        n_found += place != NULL;
    }
    assert_true(cache.n_places <= 1 << 17);
    assert_true(n_found > cache.n_places / 2 && n_found <= cache.n_places);
    ap__piece_cache_clear(&cache);
    assert_null(cache.places);
}

static ap_status fill(void *ctx, ap_error *err) {
    ap__piece_cache cache = {0};
    ap_status status = AP_OK;
    char text[16];
    (void)ctx;
    for (uint32_t i = 0; i < 20000 && !status; i++) {
        ap__cached_piece *place;
        ap__piece_key key = ap__piece_key_of(text, (uint32_t)snprintf(text, sizeof text, "%u", i), 0);
        status = ap__piece_cache_put(&place, &cache, &key, err);
    }
    ap__piece_cache_clear(&cache);
    return status;
}

void test_torture(void **state) {
    (void)state;
    torture(fill, NULL);
}

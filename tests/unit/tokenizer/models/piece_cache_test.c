/* The cache of pieces: keys tell pieces apart, records are of any length, growth has an end. */
#include "tokenizer/models/piece_cache.h"

#include "unit/support/check.h"
#include "unit/support/torture.h"

#include <stdio.h>
#include <stdlib.h>

/* A key by the rule for text in a copy of just its bytes, so that a read behind them is found. */
static ap__piece_key key_of(const char *text, uint32_t len, uint32_t flags) {
    ap__piece_key key;
    char *copy = malloc(len);
    assert_non_null(copy);
    memcpy(copy, text, len);
    ap__piece_key_of(&key, copy, len, len, flags);
    free(copy);
    return key;
}

static void put(ap__piece_cache *cache, const char *text, uint32_t len, uint32_t id, size_t n) {
    ap_error err = AP_ERROR_INIT;
    ap__cached_piece *place;
    ap__piece_key key = key_of(text, len, 0);
    assert_ok(ap__piece_cache_put(&place, cache, &key, n, &err), &err);
    place->ends = id;
    for (uint32_t i = 0; i < n; i++) place->ids[i] = id + i;
}

static const ap__cached_piece *find(const ap__piece_cache *cache, const char *text, uint32_t len,
                                    uint32_t flags) {
    ap__piece_key key = key_of(text, len, flags);
    return ap__piece_cache_find(cache, &key);
}

void test_every_byte_counts(void **state) {
    (void)state;
    char text[AP__CACHED_MAX_BYTES + 1] = "abcdefghijklmnopqrstuvwx";
    for (uint32_t len = 1; len <= AP__CACHED_MAX_BYTES; len++) {
        ap__piece_cache cache = {0};
        assert_null(find(&cache, text, len, 0));
        put(&cache, text, len, len, 1);
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

/* A piece has the same key at the end of a text and in the middle of one. */
void test_keys_do_not_depend_on_what_follows(void **state) {
    (void)state;
    const char text[] = "\xff\x80"
                        "bcdefghijklmnopqrstuvwxyz0123456789 and more";
    for (uint32_t len = 1; len <= AP__CACHED_MAX_BYTES; len++)
        for (uint32_t start = 0; start < 8; start++) {
            ap__piece_key alone = key_of(text + start, len, 1 << 9), key;
            ap__piece_key_of(&key, text + start, len, AP__CACHED_MAX_BYTES, 1 << 9);
            assert_memory_equal(alone.words, key.words, sizeof key.words);
            assert_int_equal(alone.len, key.len);
            assert_int_equal(alone.hash, key.hash);
        }
}

/* All are found until there is no room for more: then all of them go, and it starts again. */
void test_growth_has_an_end(void **state) {
    (void)state;
    enum { MANY = 400000, KEPT = 1 << 17 };
    ap__piece_cache cache = {0};
    size_t n_found = 0, n_lost = 0;
    char text[16];
    for (uint32_t i = 0; i < MANY; i++) {
        uint32_t len = (uint32_t)snprintf(text, sizeof text, "word%u", i);
        put(&cache, text, len, i, i % 4);
        const ap__cached_piece *place = find(&cache, text, len, 0);
        assert_int_equal(i, place->ends);
        assert_int_equal(i % 4, place->n);
        for (uint32_t k = 0; k < place->n; k++) assert_int_equal(i + k, place->ids[k]);
    }
    assert_int_equal(MANY / KEPT, cache.n_clears);
    for (uint32_t i = 0; i < MANY; i++) {
        uint32_t len = (uint32_t)snprintf(text, sizeof text, "word%u", i);
        const ap__cached_piece *place = find(&cache, text, len, 0);
        if (place) assert_int_equal(i, place->ends);
        n_found += place != NULL;
        n_lost += !place && i >= MANY / KEPT * KEPT;
    }
    assert_true(n_found <= cache.n && n_lost < cache.n / 100);
    ap__piece_cache_clear(&cache);
    assert_null(cache.buckets);
}

/* The room for records ends before that for pieces when these are long. */
void test_records_have_an_end(void **state) {
    (void)state;
    ap__piece_cache cache = {0};
    char text[16];
    uint32_t i = 0;
    for (; !cache.n_clears; i++)
        put(&cache, text, (uint32_t)snprintf(text, sizeof text, "%u", i), i, AP__CACHED_MAX_TOKENS);
    assert_true(i < 60000);
    assert_int_equal(1, cache.n);
    assert_int_equal(i - 1, find(&cache, text, (uint32_t)snprintf(text, sizeof text, "%u", i - 1), 0)->ends);
    ap__piece_cache_clear(&cache);
}

static ap_status fill(void *ctx, ap_error *err) {
    ap__piece_cache cache = {0};
    ap_status status = AP_OK;
    char text[16];
    (void)ctx;
    for (uint32_t i = 0; i < 20000 && !status; i++) {
        ap__cached_piece *place;
        ap__piece_key key = key_of(text, (uint32_t)snprintf(text, sizeof text, "%u", i), 0);
        status = ap__piece_cache_put(&place, &cache, &key, 1, err);
    }
    ap__piece_cache_clear(&cache);
    return status;
}

void test_torture(void **state) {
    (void)state;
    torture(fill, NULL);
}

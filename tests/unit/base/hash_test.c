#include "base/hash.h"

#include "unit/support/check.h"

#include <string.h>

void test_hash_depends_on_every_byte(void **state) {
    (void)state;
    unsigned char bytes[40] = {0};
    for (size_t len = 1; len <= sizeof bytes; len++) {
        uint64_t before = ap__hash(bytes, len);
        assert_true(before == ap__hash(bytes, len));
        for (size_t i = 0; i < len; i++) {
            bytes[i] ^= 1;
            assert_true(before != ap__hash(bytes, len));
            bytes[i] ^= 1;
        }
    }
}

void test_hash_depends_on_the_length(void **state) {
    (void)state;
    static const unsigned char zeros[40];
    for (size_t a = 0; a < sizeof zeros; a++)
        for (size_t b = 0; b < a; b++) assert_true(ap__hash(zeros, a) != ap__hash(zeros, b));
}

/* Keys that differ a little must spread over the low bits, which tables use. */
void test_hash_spreads(void **state) {
    (void)state;
    enum { N_KEYS = 1 << 16, N_PLACES = 1 << 12 };
    static unsigned counts[N_PLACES];
    for (uint32_t key = 0; key < N_KEYS; key++) counts[ap__hash(&key, sizeof key) % N_PLACES]++;
    for (size_t i = 0; i < N_PLACES; i++) assert_in_range(counts[i], 1, 64); /* 16 on average. */
}

void test_digest_is_fnv_1a(void **state) {
    (void)state;
    /* Source: the test vectors of draft-eastlake-fnv. */
    assert_true(ap__digest(AP__DIGEST_START, "", 0) == 0xcbf29ce484222325u);
    assert_true(ap__digest(AP__DIGEST_START, "a", 1) == 0xaf63dc4c8601ec8cu);
    assert_true(ap__digest(AP__DIGEST_START, "foobar", 6) == 0x85944171f73967e8u);
    uint64_t in_parts = ap__digest(ap__digest(AP__DIGEST_START, "foo", 3), "bar", 3);
    assert_true(in_parts == 0x85944171f73967e8u);
}

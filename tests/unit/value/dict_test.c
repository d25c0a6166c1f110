#include "value/dict.h"

#include "unit/support/check.h"
#include "unit/support/random.h"
#include "unit/support/torture.h"
#include "unit/support/values.h"

#include <stdio.h>
#include <string.h>

static ap_error err;

static int key_of(char *buf, size_t size, size_t i) { return snprintf(buf, size, "key number %zu", i); }

static void add_int(ap_value *dict, const char *key, size_t len, int64_t integer) {
    ap_value *slot;
    assert_ok(ap__dict_add(&slot, dict, key, len, &err), &err);
    ap__value_set_int(slot, integer);
}

static void add_numbered(ap_value *dict, size_t i) {
    char key[40];
    int len = key_of(key, sizeof key, i);
    add_int(dict, key, (size_t)len, (int64_t)i);
}

static void assert_numbered(const ap_value *dict, size_t n) {
    assert_int_equal(n, ap_value_len(dict));
    for (size_t i = 0; i < n; i++) {
        char key[40];
        const char *found_key;
        size_t len, found_len;
        len = (size_t)key_of(key, sizeof key, i);
        assert_int_equal(i, ap_value_get_int(ap__dict_find(dict, key, len)));
        assert_int_equal(i, ap_value_get_int(ap__dict_entry(dict, i, &found_key, &found_len)));
        assert_int_equal(len, found_len);
        assert_memory_equal(key, found_key, len + 1);
    }
    assert_null(ap__dict_find(dict, "key number", 10));
}

/* Across the sizes at which the index is made and grows. */
void test_keys_are_found_and_stay_in_order(void **state) {
    (void)state;
    ap_value dict = {0};
    ap__value_set_dict(&dict);
    assert_numbered(&dict, 0);
    for (size_t n = 0; n < 300; n++) {
        add_numbered(&dict, n);
        assert_numbered(&dict, n + 1);
    }
    ap__value_clear(&dict);
}

void test_100000_keys(void **state) {
    (void)state;
    ap_value dict = {0}, copy = {0};
    ap__value_set_dict(&dict);
    for (size_t i = 0; i < 100000; i++) add_numbered(&dict, i);
    for (size_t i = 0; i < 100000; i += 7) add_numbered(&dict, i); /* They are there already. */
    assert_numbered(&dict, 100000);
    assert_ok(ap__value_assign(&copy, &dict, &err), &err);
    assert_true(ap_value_equal(&dict, &copy));
    ap__value_clear(&copy);
    ap__value_clear(&dict);
}

void test_add_lends_the_entry_that_is_there(void **state) {
    (void)state;
    ap_value dict = {0}, *slot;
    ap__value_set_dict(&dict);
    add_int(&dict, "a", 1, 5);
    assert_ok(ap__dict_add(&slot, &dict, "a", 1, &err), &err);
    assert_int_equal(5, ap_value_get_int(slot));
    assert_int_equal(1, ap_value_len(&dict));
    ap__value_clear(&dict);
}

/* A key may hold NULs, and be a prefix of another; below and above the size of the index. */
void test_keys_are_bytes_with_a_length(void **state) {
    (void)state;
    for (size_t n_others = 0; n_others < 40; n_others += 39) {
        ap_value dict = {0};
        ap__value_set_dict(&dict);
        for (size_t i = 0; i < n_others; i++) add_numbered(&dict, i);
        add_int(&dict, "a", 1, 1);
        add_int(&dict, "a\0", 2, 2);
        add_int(&dict, "a\0b", 3, 3);
        add_int(&dict, "", 0, 4);
        add_int(&dict, "aaaaaaaaaaaaaaaaaaaaaaa", 23, 5);
        add_int(&dict, "aaaaaaaaaaaaaaaaaaaaaaaa", 24, 6);
        assert_int_equal(n_others + 6, ap_value_len(&dict));
        assert_int_equal(1, ap_value_get_int(ap__dict_find(&dict, "a", 1)));
        assert_int_equal(2, ap_value_get_int(ap__dict_find(&dict, "a\0", 2)));
        assert_int_equal(3, ap_value_get_int(ap__dict_find(&dict, "a\0b", 3)));
        assert_int_equal(4, ap_value_get_int(ap__dict_find(&dict, "", 0)));
        assert_int_equal(5, ap_value_get_int(ap__dict_find(&dict, "aaaaaaaaaaaaaaaaaaaaaaa", 23)));
        assert_int_equal(6, ap_value_get_int(ap__dict_find(&dict, "aaaaaaaaaaaaaaaaaaaaaaaa", 24)));
        ap__value_clear(&dict);
    }
}

void test_find_in_what_is_no_dict(void **state) {
    (void)state;
    ap_value list = {0};
    ap__value_set_list(&list);
    assert_null(ap__dict_find(&list, "a", 1));
    assert_null(ap__dict_find(NULL, "a", 1));
    assert_int_equal(0, ap__dict_len(NULL));
    ap__dict_destroy(NULL);
}

void test_set_by_kind(void **state) {
    (void)state;
    static const char heap_text[] = "a text that is on the heap";
    ap_value dict = {0}, *list;
    ap__tensor *tensor;
    ap__value_set_dict(&dict);
    assert_ok(ap__dict_set_text(&dict, "text", heap_text, &err), &err);
    assert_ok(ap__dict_set_text(&dict, "none", NULL, &err), &err);
    assert_ok(ap__dict_set_int(&dict, "int", -1, &err), &err);
    assert_ok(ap__dict_set_bool(&dict, "bool", true, &err), &err);
    assert_ok(ap__dict_set_list(&list, &dict, "list", &err), &err);
    assert_ok(ap__list_add_text(list, "item", 4, &err), &err);
    assert_ok(ap__tensor_create(&tensor, AP_DTYPE_F32, (const int64_t[]){0}, 1, &err), &err);
    assert_ok(ap__dict_set_tensor_take(&dict, "tensor", tensor, &err), &err);
    assert_json("{\"text\":\"a text that is on the heap\",\"none\":null,\"int\":-1,\"bool\":true,"
                "\"list\":[\"item\"],\"tensor\":[]}",
                &dict);
    assert_ok(ap__dict_set_text(&dict, "tensor", "replaced", &err), &err); /* What was there is freed. */
    assert_ok(ap__dict_set_text(&dict, "text", NULL, &err), &err);
    assert_ok(ap__dict_set_int(&dict, "list", 1, &err), &err);
    assert_ok(ap__dict_set_list(&list, &dict, "list", &err), &err);
    assert_json("{\"text\":null,\"none\":null,\"int\":-1,\"bool\":true,\"list\":[],\"tensor\":\"replaced\"}",
                &dict);
    ap__value_clear(&dict);
}

/* Random keys against a plain table. */
void test_property_like_a_table(void **state) {
    (void)state;
    enum { N_KEYS = 500 };
    int64_t table[N_KEYS];
    uint64_t seed = 5;
    ap_value dict = {0};
    ap__value_set_dict(&dict);
    for (size_t i = 0; i < N_KEYS; i++) table[i] = -1;
    for (int64_t round = 0; round < 5000; round++) {
        char key[40];
        size_t k = random_below(&seed, N_KEYS);
        int len = key_of(key, sizeof key, k);
        const ap_value *found = ap__dict_find(&dict, key, (size_t)len);
        assert_int_equal(table[k] >= 0, found != NULL);
        if (found) assert_int_equal(table[k], ap_value_get_int(found));
        add_int(&dict, key, (size_t)len, table[k] = round);
    }
    ap__value_clear(&dict);
}

static ap_status fill(void *ctx, ap_error *error) {
    ap_value dict = {0};
    ap_status status = AP_OK;
    (void)ctx;
    ap__value_set_dict(&dict);
    for (size_t i = 0; !status && i < 40; i++) {
        char key[40];
        ap_value *slot = (ap_value *)1;
        int len = snprintf(key, sizeof key, "a key that is on the heap, number %zu", i);
        if (!(status = ap__dict_add(&slot, &dict, key, (size_t)len, error))) continue;
        assert_null(slot);
        assert_int_equal(i, ap_value_len(&dict)); /* As before, and of use. */
        assert_null(ap__dict_find(&dict, key, (size_t)len));
        for (size_t k = 0; k < i; k++) {
            len = snprintf(key, sizeof key, "a key that is on the heap, number %zu", k);
            assert_non_null(ap__dict_find(&dict, key, (size_t)len));
        }
    }
    ap__value_clear(&dict);
    return status;
}

void test_torture(void **state) {
    (void)state;
    assert_true(torture(fill, NULL) > 40);
}

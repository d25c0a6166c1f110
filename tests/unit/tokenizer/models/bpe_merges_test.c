/* The table of merges: every pair is found, with its last rank, and no other; words of merges are in
 * bpe_test.c. */
#include "tokenizer/models/bpe_merges.h"

#include "unit/support/check.h"

#include <stdlib.h>
#include <string.h>

enum { N_MERGES = 20000 };

typedef struct pair {
    uint32_t left, right;
} pair;

static int compare_pairs(const void *a, const void *b) {
    const pair *p = a, *q = b;
    if (p->left != q->left) return p->left < q->left ? -1 : 1;
    return (p->right > q->right) - (p->right < q->right);
}

/* No two the same; every other is used by the test as one that does not merge. */
static size_t make_pairs(pair *pairs, uint32_t n_ids) {
    size_t n = 0;
    for (size_t i = 0; i < 2 * N_MERGES; i++)
        pairs[i] = (pair){(uint32_t)rand() % n_ids, (uint32_t)rand() % (i % 3 ? n_ids : 40)};
    qsort(pairs, 2 * N_MERGES, sizeof *pairs, compare_pairs);
    for (size_t i = 0; i < 2 * N_MERGES; i++)
        if (!n || compare_pairs(&pairs[n - 1], &pairs[i]) != 0) pairs[n++] = pairs[i];
    return n;
}

static void check_table(uint32_t n_ids) {
    static pair pairs[2 * N_MERGES];
    ap_error err = AP_ERROR_INIT;
    ap__arena arena = {0};
    ap__merges merges;
    bool is_used;
    size_t n = make_pairs(pairs, n_ids), n_merges = (n + 1) / 2;
    assert_ok(ap__merges_create(&merges, &arena, n_merges + 1, n_ids, &err), &err);
    for (size_t i = 0; i < n; i += 2)
        ap__merges_add(&merges, pairs[i].left, pairs[i].right, (uint32_t)i % n_ids, &is_used);
    for (size_t i = 0; i < n; i++) {
        uint32_t merged, rank = ap__merges_find(&merges, pairs[i].left, pairs[i].right, &merged);
        assert_int_equal(i % 2 ? AP__NO_RANK : i / 2, rank);
        if (i % 2 == 0) assert_int_equal(i % n_ids, merged);
    }
    uint32_t merged;
    ap__merges_add(&merges, pairs[2].left, pairs[2].right, 7, &is_used);
    assert_int_equal(n_merges, ap__merges_find(&merges, pairs[2].left, pairs[2].right, &merged));
    assert_int_equal(7, merged);
    ap__arena_clear(&arena);
}

void test_every_merge_is_found_and_no_other_pair(void **state) {
    (void)state;
    srand(1);
    for (int i = 0; i < 3; i++) {
        check_table(300);
        check_table(1 << 16);
        check_table(128256);
        check_table(1 << 20);
    }
}

void test_which_ids_are_used(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap__arena arena = {0};
    ap__merges merges;
    bool is_used;
    assert_ok(ap__merges_create(&merges, &arena, 2, 10, &err), &err);
    ap__merges_add(&merges, 1, 2, 3, &is_used);
    assert_false(is_used);
    ap__merges_add(&merges, 4, 5, 2, &is_used);
    assert_true(is_used);
    ap__arena_clear(&arena);
}

/* What a word of more symbols than the heap needs, and one of fewer, become. */
void test_symbols_of_any_length(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap__merges merges;
    bool is_used;
    ap__work work = {.err = &err};
    assert_ok(ap__merges_create(&merges, &work.arena, 2, 3, &err), &err);
    ap__merges_add(&merges, 0, 0, 1, &is_used);
    ap__merges_add(&merges, 1, 1, 2, &is_used);
    for (size_t n = 1; n <= AP__SHORT_WORD + 4; n++) {
        ap__symbol symbols[AP__SHORT_WORD + 4];
        size_t left = n, total = 0;
        for (size_t i = 0; i < n; i++) symbols[i] = (ap__symbol){0, (uint32_t)(i + 1) * 100};
        assert_ok(ap__merges_apply(&merges, symbols, &left, &work), &err);
        assert_int_equal(n / 4 + n % 4 / 2 + n % 2, left);
        for (size_t i = 0; i < left; i++) {
            total += symbols[i].len;
            assert_int_equal(i < n / 4 ? 2 : n % 4 >= 2 && i == n / 4 ? 1 : 0, symbols[i].id);
        }
        assert_int_equal(n * (n + 1) / 2 * 100, total);
    }
    ap__arena_clear(&work.arena);
}

void test_more_than_is_supported(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap__arena arena = {0};
    ap__merges merges;
    assert_fails(ap__merges_create(&merges, &arena, (size_t)1 << 25, 1000, &err), AP_ELIMIT, &err,
                 "33554432 merges of ids below 1000: more than is supported");
    assert_fails(ap__merges_create(&merges, &arena, 3, (size_t)1 << 23, &err), AP_ELIMIT, &err,
                 "3 merges of ids below 8388608: more than is supported");
    ap__arena_clear(&arena);
}

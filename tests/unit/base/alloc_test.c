#include "base/alloc.h"

#include "unit/support/check.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* -- the application's allocator ----------------------------------------------------------------------- */

typedef struct calls {
    size_t n_malloc, n_realloc, n_free, last_size;
} calls;

static void *count_malloc(size_t size_bytes, void *ctx) {
    calls *c = ctx;
    c->n_malloc++;
    c->last_size = size_bytes;
    return malloc(size_bytes);
}

static void *count_realloc(void *ptr, size_t size_bytes, void *ctx) {
    calls *c = ctx;
    c->n_realloc++;
    c->last_size = size_bytes;
    return realloc(ptr, size_bytes);
}

static void count_free(void *ptr, void *ctx) {
    calls *c = ctx;
    c->n_free++;
    free(ptr);
}

static ap_allocator counting(calls *c) {
    ap_allocator allocator = AP_ALLOCATOR_INIT;
    allocator.malloc_fn = count_malloc;
    allocator.realloc_fn = count_realloc;
    allocator.free_fn = count_free;
    allocator.ctx = c;
    return allocator;
}

int test_teardown(void **state) {
    (void)state;
    return ap_allocator_set(NULL);
}

void test_allocator_set_takes_every_allocation(void **state) {
    (void)state;
    calls c = {0};
    ap_allocator allocator = counting(&c);
    assert_int_equal(0, ap_allocator_set(&allocator));
    memset(&allocator, 0, sizeof allocator); /* The library keeps a copy. */
    void *a = ap__malloc(10);
    void *b = ap__calloc(2, 8);
    a = ap__realloc(a, 20);
    ap__free(a);
    ap__free(b);
    ap__free(ap__strdup("text"));
    assert_int_equal(3, c.n_malloc);
    assert_int_equal(1, c.n_realloc);
    assert_int_equal(3, c.n_free);
}

void test_allocator_set_null_restores(void **state) {
    (void)state;
    calls c = {0};
    ap_allocator allocator = counting(&c);
    assert_int_equal(0, ap_allocator_set(&allocator));
    assert_int_equal(0, ap_allocator_set(NULL));
    ap__free(ap__malloc(1));
    assert_int_equal(0, c.n_malloc + c.n_free);
}

void test_allocator_set_refuses_half_a_table(void **state) {
    (void)state;
    calls c = {0};
    ap_allocator good = counting(&c), bad;
    assert_int_equal(0, ap_allocator_set(&good));
    bad = good;
    bad.malloc_fn = NULL;
    assert_int_equal(-1, ap_allocator_set(&bad));
    bad = good;
    bad.realloc_fn = NULL;
    assert_int_equal(-1, ap_allocator_set(&bad));
    bad = good;
    bad.free_fn = NULL;
    assert_int_equal(-1, ap_allocator_set(&bad));
    bad = good;
    bad.struct_size += sizeof(void *); /* A newer header. */
    assert_int_equal(-1, ap_allocator_set(&bad));
    bad.struct_size = 0;
    assert_int_equal(-1, ap_allocator_set(&bad));
    ap__free(ap__malloc(1)); /* The one before still serves. */
    assert_int_equal(1, c.n_malloc);
}

void test_allocator_never_sees_size_zero_or_null(void **state) {
    (void)state;
    calls c = {0};
    ap_allocator allocator = counting(&c);
    assert_int_equal(0, ap_allocator_set(&allocator));
    void *ptr = ap__malloc(0);
    assert_non_null(ptr);
    assert_int_equal(1, c.last_size);
    ptr = ap__realloc(ptr, 0);
    assert_non_null(ptr);
    assert_int_equal(1, c.last_size);
    ap__free(ptr);
    ap__free(NULL);
    assert_int_equal(1, c.n_free);
    ap__free(ap__realloc(NULL, 3)); /* As malloc: an allocator may be one whose realloc wants a block. */
    assert_int_equal(2, c.n_malloc);
    assert_int_equal(1, c.n_realloc);
}

/* -- the functions ------------------------------------------------------------------------------------- */

void test_calloc_zeroes(void **state) {
    (void)state;
    static const unsigned char zeros[64];
    void *ptr = ap__calloc(8, 8);
    assert_memory_equal(zeros, ptr, sizeof zeros);
    ap__free(ptr);
}

void test_calloc_overflow(void **state) {
    (void)state;
    assert_null(ap__calloc(SIZE_MAX / 2 + 1, 2));
    assert_null(ap__calloc(SIZE_MAX, SIZE_MAX));
}

void test_strndup(void **state) {
    (void)state;
    char *copy = ap__strndup("a\0bc", 3);
    assert_memory_equal("a\0b", copy, 4);
    ap__free(copy);
    copy = ap__strndup("", 0);
    assert_string_equal("", copy);
    ap__free(copy);
    assert_null(ap__strndup("x", SIZE_MAX));
}

void test_sizes_that_overflow(void **state) {
    (void)state;
    size_t out = 7;
    assert_true(ap__mul_size(&out, SIZE_MAX, 1) && out == SIZE_MAX);
    assert_true(ap__mul_size(&out, SIZE_MAX, 0) && out == 0);
    assert_false(ap__mul_size(&out, SIZE_MAX / 2 + 1, 2));
    assert_true(ap__add_size(&out, SIZE_MAX - 1, 1) && out == SIZE_MAX);
    assert_false(ap__add_size(&out, SIZE_MAX, 1));
}

void test_grow_adds_half(void **state) {
    (void)state;
    void *ptr = NULL;
    size_t capacity = 0;
    assert_true(ap__grow(&ptr, &capacity, 1, 4, 1000));
    assert_int_equal(8, capacity);
    assert_true(ap__grow(&ptr, &capacity, 8, 4, 1000));
    assert_int_equal(8, capacity);
    assert_true(ap__grow(&ptr, &capacity, 9, 4, 1000));
    assert_int_equal(12, capacity);
    assert_true(ap__grow(&ptr, &capacity, 100, 4, 1000));
    assert_int_equal(100, capacity);
    ap__free(ptr);
}

void test_grow_stops_at_the_maximum(void **state) {
    (void)state;
    void *ptr = NULL;
    size_t capacity = 0;
    assert_true(ap__grow(&ptr, &capacity, 3, 1, 5));
    assert_int_equal(5, capacity);
    void *before = ptr;
    assert_false(ap__grow(&ptr, &capacity, 6, 1, 5));
    assert_ptr_equal(before, ptr);
    assert_int_equal(5, capacity);
    ap__free(ptr);
}

void test_grow_overflow(void **state) {
    (void)state;
    void *ptr = NULL;
    size_t capacity = 0;
    assert_false(ap__grow(&ptr, &capacity, SIZE_MAX / 2, 4, SIZE_MAX));
    assert_null(ptr);
    assert_int_equal(0, capacity);
}

/* -- tables -------------------------------------------------------------------------------------------- */

void test_table_lies_on_lines_and_pages_within_its_room(void **state) {
    (void)state;
    static const size_t sizes[] = {1, 64, (1 << 21) - 1, 1 << 21, (1 << 22) + 1};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t size = sizes[i], room = ap__table_room(size), alignment = size < 1 << 21 ? 64 : 1 << 21;
        char *memory = ap__malloc(room + 1);
        for (int misplaced = 0; misplaced < 2; misplaced++) {
            char *table = ap__table_place(memory + misplaced, size);
            assert_int_equal(0, (uintptr_t)table % alignment);
            assert_true(table >= memory + misplaced && table + size <= memory + misplaced + room);
            memset(table, 1, size);
        }
        ap__free(memory);
    }
    assert_int_equal(SIZE_MAX, ap__table_room(SIZE_MAX - 1));
}

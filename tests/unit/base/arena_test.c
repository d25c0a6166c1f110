#include "base/arena.h"

#include "base/alloc.h"
#include "unit/support/check.h"
#include "unit/support/random.h"
#include "unit/support/torture.h"

#include <stdalign.h>
#include <string.h>

void test_alloc_is_aligned_and_apart(void **state) {
    (void)state;
    ap__arena arena = {0};
    unsigned char *blocks[500];
    uint64_t seed = 1;
    for (size_t i = 0; i < 500; i++) {
        size_t size = random_below(&seed, 300);
        blocks[i] = ap__arena_alloc(&arena, size + 1);
        assert_non_null(blocks[i]);
        assert_int_equal(0, (uintptr_t)blocks[i] % alignof(max_align_t));
        memset(blocks[i], (int)(i & 0xFF), size + 1);
    }
    seed = 1;
    for (size_t i = 0; i < 500; i++) {
        size_t size = random_below(&seed, 300);
        assert_int_equal(i & 0xFF, blocks[i][0]);
        assert_int_equal(i & 0xFF, blocks[i][size]);
    }
    ap__arena_clear(&arena);
}

void test_alloc_larger_than_any_chunk(void **state) {
    (void)state;
    ap__arena arena = {0};
    size_t size = (size_t)5 << 20;
    char *big = ap__arena_alloc(&arena, size);
    assert_non_null(big);
    big[0] = big[size - 1] = 'x';
    char *small = ap__arena_alloc(&arena, 8);
    assert_non_null(small);
    small[7] = 'y';
    assert_int_equal('x', big[size - 1]);
    ap__arena_clear(&arena);
}

void test_alloc_of_nothing(void **state) {
    (void)state;
    ap__arena arena = {0};
    assert_non_null(ap__arena_alloc(&arena, 0));
    assert_non_null(ap__arena_calloc(&arena, 0, 8));
    ap__arena_clear(&arena);
}

void test_sizes_that_overflow(void **state) {
    (void)state;
    ap__arena arena = {0};
    assert_null(ap__arena_alloc(&arena, SIZE_MAX));
    assert_null(ap__arena_alloc(&arena, SIZE_MAX - 15));
    assert_null(ap__arena_calloc(&arena, SIZE_MAX / 2 + 1, 2));
    assert_null(ap__arena_strndup(&arena, "x", SIZE_MAX));
    assert_null(arena.chunk);
    ap__arena_clear(&arena);
}

void test_calloc_zeroes_reused_memory(void **state) {
    (void)state;
    static const unsigned char zeros[256];
    ap__arena arena = {0};
    ap__arena_mark mark = ap__arena_get_mark(&arena);
    memset(ap__arena_alloc(&arena, 256), 0xFF, 256);
    ap__arena_rewind(&arena, mark);
    assert_memory_equal(zeros, ap__arena_calloc(&arena, 64, 4), 256);
    ap__arena_clear(&arena);
}

void test_strndup(void **state) {
    (void)state;
    ap__arena arena = {0};
    assert_memory_equal("a\0b", ap__arena_strndup(&arena, "a\0bc", 3), 4);
    assert_string_equal("", ap__arena_strndup(&arena, "", 0));
    ap__arena_clear(&arena);
}

void test_rewind_keeps_what_was_before(void **state) {
    (void)state;
    ap__arena arena = {0};
    char *kept = ap__arena_strndup(&arena, "kept", 4);
    ap__arena_mark mark = ap__arena_get_mark(&arena);
    char *next = ap__arena_alloc(&arena, 16);
    for (size_t i = 0; i < 100; i++) memset(ap__arena_alloc(&arena, 1000), 'x', 1000);
    ap__arena_rewind(&arena, mark);
    assert_string_equal("kept", kept);
    assert_ptr_equal(next, ap__arena_alloc(&arena, 16));
    ap__arena_clear(&arena);
}

void test_rewinds_nest(void **state) {
    (void)state;
    ap__arena arena = {0};
    ap__arena_mark outer = ap__arena_get_mark(&arena);
    char *a = ap__arena_strndup(&arena, "outer", 5);
    ap__arena_mark inner = ap__arena_get_mark(&arena);
    for (size_t i = 0; i < 3; i++) {
        assert_non_null(ap__arena_alloc(&arena, 100000));
        ap__arena_rewind(&arena, inner);
        assert_string_equal("outer", a);
    }
    ap__arena_rewind(&arena, outer);
    assert_null(arena.chunk);
    ap__arena_clear(&arena);
    assert_null(arena.spare);
}

void test_clear_can_be_used_again(void **state) {
    (void)state;
    ap__arena arena = {0};
    ap__arena_clear(&arena);
    assert_non_null(ap__arena_alloc(&arena, 10));
    ap__arena_clear(&arena);
    assert_null(arena.chunk);
    assert_non_null(ap__arena_alloc(&arena, 10));
    ap__arena_clear(&arena);
}

/* -- allocations --------------------------------------------------------------------------------------- */

/* A round like that of one call: several chunks' worth, then back. */
static ap_status mark_fill_rewind(void *ctx, ap_error *err) {
    ap__arena *arena = ctx;
    ap__arena_mark mark = ap__arena_get_mark(arena);
    for (size_t i = 0; i < 100; i++) assert_non_null(ap__arena_alloc(arena, 1500));
    ap__arena_rewind(arena, mark);
    (void)err;
    return AP_OK;
}

static void assert_rounds_come_to_rest(ap__arena *arena) {
    for (size_t i = 0; i < 10; i++) torture_count(mark_fill_rewind, arena);
    assert_int_equal(0, torture_count(mark_fill_rewind, arena));
}

void test_rewound_rounds_come_to_need_no_allocation(void **state) {
    (void)state;
    ap__arena arena = {0};
    assert_rounds_come_to_rest(&arena);
    assert_non_null(ap__arena_alloc(&arena, 4000)); /* The same with something before the mark. */
    assert_rounds_come_to_rest(&arena);
    ap__arena_clear(&arena);
}

/* A call on 10 MB of text must not leave its memory behind for good. */
void test_rewind_does_not_keep_large_chunks(void **state) {
    (void)state;
    ap__arena arena = {0};
    ap__arena_mark mark = ap__arena_get_mark(&arena);
    assert_non_null(ap__arena_alloc(&arena, (size_t)10 << 20));
    ap__arena_rewind(&arena, mark);
    assert_null(arena.spare);
    ap__arena_clear(&arena);
}

static ap_status fill_new_arena(void *ctx, ap_error *err) {
    (void)ctx;
    ap__arena arena = {0};
    ap_status status = AP_OK;
    for (size_t i = 0; !status && i < 40; i++) {
        char *text = ap__arena_strndup(&arena, "text", 4);
        if (!text || !ap__arena_calloc(&arena, 40, 40)) status = AP_ENOMEM;
    }
    if (status && err) {
        err->status = status;
        strcpy(err->message, "out of memory");
    }
    ap__arena_clear(&arena);
    return status;
}

void test_torture(void **state) {
    (void)state;
    assert_true(torture(fill_new_arena, NULL) >= 4);
}

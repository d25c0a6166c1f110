/* The table of characters: those that are tokens, and no others. */
#include "tokenizer/models/bpe_chars.h"

#include "unit/support/check.h"
#include "unit/support/torture.h"

#include <string.h>

static const char *const TOKENS[] = {"a",          "ab", "\u00E9",  "\u4E2D", "\u4E2D\u4E2D",
                                     "\U0010FFFF", "",   "\xE2\x96"};
enum { N_TOKENS = sizeof TOKENS / sizeof *TOKENS };

/* Ids are the places in the list. */
static ap_status make(ap__chars **out, ap__arena *arena, ap_error *err) {
    ap__vocab vocab;
    ap_status status = ap__vocab_create(&vocab, arena, N_TOKENS, 256, err);
    if (status) return status;
    for (uint32_t i = 0; i < N_TOKENS; i++) ap__vocab_add(&vocab, TOKENS[i], strlen(TOKENS[i]), i);
    return ap__chars_create(out, arena, &vocab, err);
}

void test_characters(void **state) {
    (void)state;
    ap__arena arena = {0};
    ap__chars *chars;
    ap_error err = AP_ERROR_INIT;
    size_t n = 0;
    assert_ok(make(&chars, &arena, &err), &err);
    assert_int_equal(0, ap__chars_find(chars, 'a'));
    assert_int_equal(2, ap__chars_find(chars, 0xE9));
    assert_int_equal(3, ap__chars_find(chars, 0x4E2D));
    assert_int_equal(5, ap__chars_find(chars, 0x10FFFF));
    for (uint32_t code = 0; code < 0x110000; code++) n += ap__chars_find(chars, code) != AP__TOKEN_NONE;
    assert_int_equal(4, n);
    ap__arena_clear(&arena);
}

static ap_status make_once(void *ctx, ap_error *err) {
    (void)ctx;
    ap__arena arena = {0};
    ap__chars *chars;
    ap_status status = make(&chars, &arena, err);
    ap__arena_clear(&arena);
    return status;
}

void test_torture(void **state) {
    (void)state;
    torture(make_once, NULL);
}

/* Cuts: never where a merge reaches across, and where none does. */
#include "tokenizer/models/bpe_cuts.h"

#include "unit/support/check.h"
#include "unit/tokenizer/toy.h"

#include <stdlib.h>
#include <string.h>

/* Where the first part of the text ends. */
static uint32_t first_end(const ap__cuts *cuts, const char *text) {
    return ap__cuts_next(cuts, text, (uint32_t)strlen(text), 0);
}

static ap__cuts *make(bool are_bytes) {
    ap__cuts *cuts = calloc(1, sizeof *cuts);
    assert_non_null(cuts);
    cuts->are_bytes = are_bytes;
    return cuts;
}

static void add(ap__cuts *cuts, const char *left, const char *right) {
    ap__cuts_add(cuts, toy_text(left), toy_text(right));
}

void test_characters(void **state) {
    (void)state;
    ap__cuts *cuts = make(false);
    add(cuts, "xa", "bx");
    add(cuts, "\u2581", "a");
    add(cuts, "\u00E9", "\u00E8x");
    add(cuts, "", "z");
    assert_int_equal(2, first_end(cuts, "abb"));
    assert_int_equal(1, first_end(cuts, "ba"));
    assert_int_equal(1, first_end(cuts, "a"));
    assert_int_equal(5, first_end(cuts, "\u2581ab\u2581ab"));
    assert_int_equal(4, first_end(cuts, "\u00E9\u00E8\u00E9"));
    assert_int_equal(2, first_end(cuts, "\u00E9z"));
    free(cuts);
}

/* The bytes of U+00E9 are C3 A9, those of U+4E2D E4 B8 AD; in the byte alphabet "\u00C3\u00A9" and
 * "\u00E4\u00B8\u0143". */
#define E_ACUTE "\u00C3\u00A9"
#define MIDDLE "\u00E4\u00B8\u0143"

void test_bytes(void **state) {
    (void)state;
    ap__cuts *cuts = make(true);
    add(cuts, "\u00C3", "\u00A9");       /* Inside of a character. */
    add(cuts, "\u00E4\u00B8", "\u0143"); /* The same. */
    assert_int_equal(2, first_end(cuts, "\u00E9\u00E9"));
    add(cuts, "a" E_ACUTE, MIDDLE "b"); /* Whole characters. */
    assert_int_equal(5, first_end(cuts, "\u00E9\u4E2Da"));
    assert_int_equal(3, first_end(cuts, "\u4E2D\u00E9"));
    assert_int_equal(1, first_end(cuts, "a\u4E2D"));
    add(cuts, "a", "\u00E4"); /* The start of one behind. */
    assert_int_equal(4, first_end(cuts, "a\u4E2Da"));
    assert_int_equal(1, first_end(cuts, "a\u00E9"));
    add(cuts, "\u0143", "\u00C3"); /* The end of one before. */
    assert_int_equal(5, first_end(cuts, "\u4E2D\u00E9a"));
    free(cuts);
}

/* Tokens that no text is made of say nothing, and nothing is read behind them. */
void test_tokens_that_are_no_text(void **state) {
    (void)state;
    ap__cuts *cuts = make(true);
    add(cuts, "", "a");
    add(cuts, "a", "");
    add(cuts, "<\u4E2D>", "a");
    add(cuts, "a", "\u4E2D");
    add(cuts, "\u0143\u0143\u0143\u0143\u0143", "\u0143");
    add(cuts, "a\u0143", "\u00E4");
    assert_int_equal(1, first_end(cuts, "aa"));
    assert_int_equal(3, first_end(cuts, "\u4E2D\u4E2D"));
    free(cuts);
}

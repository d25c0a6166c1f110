/* Work grows with the length of the text and not faster, in the worst cases too: counted are the steps of
 * models, and allocations. */
#include "tokenizer/tokenizer_impl.h"
#include "unit/support/check.h"
#include "unit/support/torture.h"
#include "unit/tokenizer/toy.h"

#include <stdlib.h>
#include <string.h>

enum { SHORT = 1 << 16, LONG = 1 << 20 };

typedef struct call {
    const ap__tokenizer *tokenizer;
    ap__text text;
} call;

static ap_status encode(void *ctx, ap_error *err) {
    const call *c = ctx;
    ap__encoding e;
    ap_status status = ap__tokenizer_encode(&e, c->tokenizer, c->text, NULL, NULL, err);
    ap__encoding_clear(&e);
    return status;
}

static uint64_t n_steps_of(call *c, size_t len, size_t *n_allocations) {
    c->text.len = len;
    uint64_t before = atomic_load(&c->tokenizer->works->n_steps);
    *n_allocations = torture_count(encode, c);
    return atomic_load(&c->tokenizer->works->n_steps) - before;
}

/* A text of the pattern again and again. Sixteen times the length is at most twenty times the steps, and a
 * few more allocations, because buffers grow by half. */
static void check_growth(const char *model, const char *more, const char *pattern) {
    char *text = malloc(LONG);
    size_t n_short, n_long, len = strlen(pattern);
    assert_non_null(text);
    for (size_t i = 0; i < LONG; i++) text[i] = pattern[i % len];
    ap__tokenizer *t = toy_make(model, more);
    call c = {t, {text, 0}};
    uint64_t few = n_steps_of(&c, SHORT, &n_short), many = n_steps_of(&c, LONG, &n_long);
    assert_true(many <= 20 * few);
    assert_true(n_long <= n_short + 120);
    ap__tokenizer_destroy(t);
    free(text);
}

/* Merges that start at the far end, or double, or leave many stale candidates. */
void test_one_long_word(void **state) {
    (void)state;
#define DOUBLING                                                                                             \
    "{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":1,\"aa\":2,\"aaaa\":3,\"aaaaaaaa\":4,\"ab\":5,\"aab\":6,"    \
    "\"ba\":7},"
    check_growth(DOUBLING "\"merges\":[[\"a\",\"a\"],[\"aa\",\"aa\"],[\"aaaa\",\"aaaa\"]]}", "", "a");
    check_growth(DOUBLING "\"merges\":[[\"a\",\"ab\"],[\"a\",\"b\"],[\"b\",\"a\"],[\"a\",\"a\"]]}", "",
                 "aaab");
    check_growth("{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":[[\"u\",0],[\"a\",-1],[\"aaa\",-2],["
                 "\"aaaaaaaab\",-3]]}",
                 "", "a");
    check_growth("{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":[[\"u\",0],[\"a\",-1]]}", "", "xyz");
    check_growth("{\"type\":\"WordPiece\",\"unk_token\":\"u\",\"continuing_subword_prefix\":\"\","
                 "\"max_input_chars_per_word\":9999999,\"vocab\":{\"u\":0,\"a\":1,\"aaaaaab\":2}}",
                 "", "a");
#undef DOUBLING
}

#define SPLIT(regex)                                                                                         \
    "\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"" regex                                  \
    "\"},\"behavior\":\"Isolated\",\"invert\":false},"

/* The time limit of the test is what shows a pattern that goes over the same spaces again and again: a square
 * of a million steps takes hours. */
void test_spaces(void **state) {
    (void)state;
    check_growth(TOY_WORD_LEVEL, SPLIT("\\\\s+$"), " ");
    check_growth(TOY_WORD_LEVEL,
                 SPLIT("'s|'t|'re|'ve|'m|'ll|'d| ?\\\\p{L}+| ?\\\\p{N}+| "
                       "?[^\\\\s\\\\p{L}\\\\p{N}]+|\\\\s+(?!\\\\S)|\\\\s+"),
                 " ");
    check_growth(TOY_WORD_LEVEL, "\"pre_tokenizer\":{\"type\":\"Whitespace\"},", "  \t");
    check_growth(TOY_UNIGRAM,
                 "\"pre_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":\"\xE2\x96\x81\",\"prepend_"
                 "scheme\":\"always\"},",
                 " ");
    check_growth(TOY_WORD_LEVEL,
                 "\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"Regex\":\" {2,}\"},\"content\":\" \"},",
                 " ");
}

/* A token that takes in whitespace on both sides does not go over it again for each of its kind. */
void test_added_tokens(void **state) {
    (void)state;
    check_growth(TOY_WORD_LEVEL,
                 "\"added_tokens\":[{\"id\":9,\"content\":\" x\",\"single_word\":false,\"lstrip\":true,"
                 "\"rstrip\":true,\"normalized\":false,\"special\":false}],",
                 "      x");
    check_growth(TOY_WORD_LEVEL,
                 "\"added_tokens\":[{\"id\":9,\"content\":\" \",\"single_word\":false,\"lstrip\":true,"
                 "\"rstrip\":true,\"normalized\":false,\"special\":false}],",
                 " ");
}

/* Combining marks that all reorder, and clusters without end. */
void test_marks(void **state) {
    (void)state;
    check_growth(TOY_WORD_LEVEL, "\"normalizer\":{\"type\":\"NFC\"},", "\xCC\xA3\xCC\x81");
    check_growth(TOY_WORD_LEVEL, "\"normalizer\":{\"type\":\"NFKD\"},", "\xCC\x81\xCC\xA3\xCC\x87");
    check_growth(TOY_WORD_LEVEL,
                 "\"normalizer\":{\"type\":\"BertNormalizer\",\"clean_text\":true,"
                 "\"handle_chinese_chars\":true,\"strip_accents\":true,\"lowercase\":true},",
                 "\xCC\x81");
}

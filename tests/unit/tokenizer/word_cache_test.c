/* Words that are kept with their tokens: the same tokens as without, whatever else is kept. */
#include "unit/support/check.h"
#include "unit/support/random.h"
#include "unit/tokenizer/toy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char WORD_PIECE[] =
    "{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]\",\"continuing_subword_prefix\":\"##\","
    "\"max_input_chars_per_word\":30,\"vocab\":{\"[UNK]\":0,\"a\":1,\"##a\":2,\"##ab\":3,\"b\":4,\"##b\":5,"
    "\"c\":6,\"##\xC3\xA9\":7,\"abc\":8}}";
static const char SPACES[] = "\"pre_tokenizer\":{\"type\":\"WhitespaceSplit\"},";
static const char MARKS[] = "\"pre_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":\"\\u2581\"},";

/* Words of a few letters up to more than are kept, some of them often. */
static size_t random_text(char *out, size_t size, uint64_t *seed) {
    static const char *const LETTERS[] = {"a", "b", "c", "ab", "\xC3\xA9", "x", "\xE2\x98\x83"};
    size_t len = 0;
    while (len + 64 < size) {
        size_t n = random_below(seed, 20) ? random_below(seed, 6) : random_below(seed, 24);
        while (n--) {
            const char *letter = LETTERS[random_below(seed, 7)];
            memcpy(out + len, letter, strlen(letter));
            len += strlen(letter);
        }
        out[len++] = ' ';
    }
    return len;
}

static void check_same(const ap__tokenizer *t, ap__text text) {
    ap_error err = AP_ERROR_INIT;
    ap__encoding with = {0}, without = {0};
    const ap__encode_options options = {.with_tokens = true};
    assert_ok(ap__tokenizer_encode(&with, t, text, NULL, &options, &err), &err);
    for (int time = 0; time < 2; time++) {
        assert_ok(ap__tokenizer_encode(&without, t, text, NULL, NULL, &err), &err);
        assert_int_equal(with.n, without.n);
        assert_memory_equal(with.ids, without.ids, with.n * sizeof *with.ids);
        assert_memory_equal(with.word_ids, without.word_ids, with.n * sizeof *with.word_ids);
        assert_memory_equal(with.offsets_bytes, without.offsets_bytes, with.n * sizeof *with.offsets_bytes);
        assert_memory_equal(with.offsets_chars, without.offsets_chars, with.n * sizeof *with.offsets_chars);
        ap__encoding_clear(&without);
    }
    ap__encoding_clear(&with);
}

static void check_model(const char *model, const char *more) {
    enum { SIZE = 1 << 18 };
    char *text = malloc(SIZE);
    uint64_t seed = 11;
    assert_non_null(text);
    ap__tokenizer *t = toy_make(model, more);
    for (int round = 0; round < 4; round++) check_same(t, (ap__text){text, random_text(text, SIZE, &seed)});
    check_same(t, (ap__text){text, random_text(text, 200, &seed)});
    ap__tokenizer_destroy(t);
    free(text);
}

void test_word_piece(void **state) {
    (void)state;
    check_model(WORD_PIECE, SPACES);
}

void test_unigram(void **state) {
    (void)state;
    check_model(TOY_UNIGRAM, SPACES);
    check_model(TOY_UNIGRAM, MARKS);
}

/* The same word in the hands of another tokenizer is another word. */
void test_each_tokenizer_has_its_own(void **state) {
    (void)state;
    ap__tokenizer *a = toy_make(WORD_PIECE, SPACES), *b = toy_make(TOY_UNIGRAM, SPACES);
    for (int time = 0; time < 3; time++) {
        assert_string_equal("1 5", toy_ids(a, "ab"));
        assert_string_equal("4", toy_ids(b, "ab"));
    }
    ap__tokenizer_destroy(a);
    ap__tokenizer_destroy(b);
}

/* Decoding as transformers does it, with its clean-up. */
#include "pipeline/detokenize.h"

#include "base/alloc.h"
#include "unit/support/check.h"

#include <string.h>

static ap_error err;

/* "a" is inside of a word, "##b" a part of one, "c" special. */
#define ADDED                                                                                                \
    "{\"id\": 3, \"content\": \"c\", \"single_word\": false, \"lstrip\": false, \"rstrip\": false, "         \
    "\"normalized\": false, \"special\": true}"
#define TOKENIZER(CLEANUP)                                                                                   \
    "{\"added_tokens\": [" ADDED "], \"model\": {\"type\": \"WordPiece\", \"unk_token\": \"[UNK]\", "        \
    "\"continuing_subword_prefix\": \"##\", \"max_input_chars_per_word\": 100, \"vocab\": {\"[UNK]\": 0, "   \
    "\"a\": 1, \"##b\": 2, \"c\": 3, \".\": 4}}, "                                                           \
    "\"decoder\": {\"type\": \"WordPiece\", \"prefix\": \"##\", \"cleanup\": " CLEANUP "}}"

static ap__tokenizer *tokenizer_of(const char *json) {
    ap__tokenizer *tokenizer = NULL;
    assert_ok(ap__tokenizer_from_json(&tokenizer, json, strlen(json), "test", &err), &err);
    return tokenizer;
}

static void assert_decodes(const char *expected, const ap__tokenizer *tokenizer, bool skip_special_tokens) {
    char *text;
    size_t len;
    const uint32_t ids[] = {1, 2, 3, 4, 99};
    assert_ok(ap__detokenize(&text, &len, tokenizer, ids, 5, skip_special_tokens, &err), &err);
    assert_string_equal(expected, text);
    assert_int_equal(strlen(expected), len);
    ap__free(text);
}

void test_decoders_clean_up_of_their_own(void **state) {
    (void)state;
    ap__tokenizer *plain = tokenizer_of(TOKENIZER("false")), *cleaning = tokenizer_of(TOKENIZER("true"));
    assert_decodes("ab c .", plain, false);
    assert_decodes("ab .", plain, true);
    assert_decodes("ab.", cleaning, true);
    ap__tokenizer_destroy(plain);
    ap__tokenizer_destroy(cleaning);
}

void test_strings_of_tokens_join(void **state) {
    char *text;
    size_t len;
    const ap__text tokens[] = {{"x", 1}, {"##b", 3}, {"y z", 3}};
    (void)state;
    ap__tokenizer *tokenizer = tokenizer_of(TOKENIZER("false"));
    assert_ok(ap__tokenizer_join(&text, &len, tokenizer, tokens, 3, &err), &err);
    assert_string_equal("xb y z", text);
    ap__free(text);
    assert_ok(ap__tokenizer_join(&text, &len, tokenizer, NULL, 0, &err), &err);
    assert_string_equal("", text);
    ap__free(text);
    ap__tokenizer_destroy(tokenizer);
}

void test_subword_prefix(void **state) {
    static const char bpe[] = "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": []}}";
    (void)state;
    ap__tokenizer *pieces = tokenizer_of(TOKENIZER("true")), *pairs = tokenizer_of(bpe);
    assert_true(ap__tokenizer_marks_subwords(pieces));
    assert_false(ap__tokenizer_marks_subwords(pairs));
    ap__tokenizer_destroy(pieces);
    ap__tokenizer_destroy(pairs);
}

/* Unigram: the best way against all ways, ties, unknown characters, bytes; the trie against the vocabulary.
 */
#include "tokenizer/models/trie.h"
#include "unit/support/check.h"
#include "unit/support/random.h"
#include "unit/tokenizer/toy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void test_best_way(void **state) {
    (void)state;
    ap__tokenizer *t = toy_make(TOY_UNIGRAM, "");
    assert_string_equal("4", toy_ids(t, "ab")); /* -4.5 against -6. */
    assert_string_equal("1 4", toy_ids(t, "\xE2\x96\x81"
                                          "ab")); /* -2 - 4.5 against -4 - 3. */
    ap__tokenizer_destroy(t);
}

/* Unknown characters are taken together; with byte tokens for all of them they become bytes. */
void test_unknown(void **state) {
    (void)state;
    ap__tokenizer *t = toy_make(TOY_UNIGRAM, "");
    assert_string_equal("2:0-1 0:1-3 3:3-4", toy_spans(t, "axyb", NULL));
    assert_string_equal("6:0-1 7:0-1 8:0-1 2:1-2", toy_spans(t,
                                                             "\xE2\x98\x83"
                                                             "a",
                                                             NULL));
    assert_string_equal("0:0-2",
                        toy_spans(t, "\xE2\x98\x83x", NULL)); /* No token for x: all of it is unknown. */
    ap__tokenizer_destroy(t);
}

void test_without_unk(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap__encoding e = {0};
    ap__tokenizer *t = toy_make("{\"type\":\"Unigram\",\"unk_id\":null,\"vocab\":[[\"a\",-1]]}", "");
    assert_string_equal("0 0", toy_ids(t, "aa"));
    assert_fails(ap__tokenizer_encode(&e, t, toy_text("ab"), NULL, NULL, &err), AP_EFORMAT, &err,
                 "no unk_id");
    ap__tokenizer_destroy(t);
}

/* Of equal ways the first that was found stays: the longer last token begins earlier. */
void test_ties(void **state) {
    (void)state;
    ap__tokenizer *t =
        toy_make("{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":[[\"u\",0],[\"a\",-1],[\"aa\",-2]]}", "");
    assert_string_equal("2", toy_ids(t, "aa"));
    assert_string_equal("1 2", toy_ids(t, "aaa"));
    ap__tokenizer_destroy(t);
}

/* A token that is listed twice has its last id and score; both ids stand for it. */
void test_repeated_tokens(void **state) {
    (void)state;
    ap__tokenizer *t =
        toy_make("{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":[[\"u\",0],[\"a\",-1],[\"a\",-2]]}", "");
    size_t len;
    assert_string_equal("2", toy_ids(t, "a"));
    assert_string_equal("a", ap__tokenizer_id_to_token(t, 1, &len));
    assert_string_equal("a", ap__tokenizer_id_to_token(t, 2, &len));
    assert_int_equal(3, ap__tokenizer_get_vocab_size(t));
    ap__tokenizer_destroy(t);
}

/* -- the trie ------------------------------------------------------------------------------------------ */

static void check_walk(const ap__trie *trie, const ap__vocab *vocab, const char *text, uint32_t len) {
    ap__trie_walk walk = {.text = text, .len = len};
    uint32_t entry;
    for (uint32_t n = 1; n <= len; n++) {
        uint32_t id = ap__vocab_find(vocab, text, n);
        if (id == AP__TOKEN_NONE) continue;
        assert_true(ap__trie_next(trie, &walk, &entry));
        assert_int_equal(n, walk.at);
        assert_int_equal(id, vocab->entries[trie->entries[entry]].id);
    }
    assert_false(ap__trie_next(trie, &walk, &entry));
    assert_false(ap__trie_next(trie, &walk, &entry));
}

static size_t random_bytes(char *out, uint64_t *seed, bool few) {
    size_t n = random_below(seed, 9);
    for (size_t i = 0; i < n; i++)
        out[i] = (char)(few ? 'a' + random_below(seed, 3) : random_below(seed, 256));
    return n;
}

void test_trie_finds_what_the_vocabulary_has(void **state) {
    (void)state;
    uint64_t seed = 3;
    for (int round = 0; round < 60; round++) {
        ap__arena arena = {0};
        ap__vocab vocab;
        ap__trie trie;
        char bytes[16];
        bool few = round % 2;
        size_t n = random_below(&seed, round < 50 ? 60 : 5000);
        assert_int_equal(AP_OK, ap__vocab_create(&vocab, &arena, n, n * 9, NULL));
        for (uint32_t i = 0; i < n; i++) ap__vocab_add(&vocab, bytes, random_bytes(bytes, &seed, few), i);
        assert_int_equal(AP_OK, ap__vocab_finish(&vocab, &arena, "test", NULL));
        assert_int_equal(AP_OK, ap__trie_create(&trie, &vocab, &arena, NULL));
        for (int i = 0; i < 500; i++)
            check_walk(&trie, &vocab, bytes, (uint32_t)random_bytes(bytes, &seed, few));
        for (size_t i = 0; i < vocab.n; i++) {
            memcpy(bytes, vocab.pool + vocab.entries[i].offset, vocab.entries[i].len);
            memcpy(bytes + vocab.entries[i].len, "ab", 2);
            check_walk(&trie, &vocab, bytes, vocab.entries[i].len + 2);
        }
        ap__arena_clear(&arena);
    }
}

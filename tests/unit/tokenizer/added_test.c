/* Added tokens: flags, overlaps, ids. */
#include "base/alloc.h"
#include "unit/support/check.h"
#include "unit/tokenizer/toy.h"

#include <stdio.h>
#include <string.h>

#define SPLIT "\"pre_tokenizer\":{\"type\":\"WhitespaceSplit\"},"

/* An entry of added_tokens; flags as letters: s special, l lstrip, r rstrip, w single_word, n normalized. */
static const char *entry(char *out, size_t size, const char *content, const char *flags) {
    const char *const NAMES[] = {"special", "lstrip", "rstrip", "single_word", "normalized"};
    int len = snprintf(out, size, "{\"id\":99,\"content\":\"%s\"", content);
    for (int i = 0; i < 5; i++)
        len += snprintf(out + len, size - (size_t)len, ",\"%s\":%s", NAMES[i],
                        strchr(flags, "slrwn"[i]) ? "true" : "false");
    snprintf(out + len, size - (size_t)len, "}");
    return out;
}

static ap__tokenizer *with_tokens(const char *first, const char *first_flags, const char *second,
                                  const char *second_flags, const char *more) {
    char a[400], b[400], json[1200];
    snprintf(json, sizeof json, SPLIT "%s\"added_tokens\":[%s%s%s],", more,
             entry(a, sizeof a, first, first_flags), second ? "," : "",
             second ? entry(b, sizeof b, second, second_flags) : "");
    return toy_make(TOY_WORD_LEVEL, json);
}

static void check(ap__tokenizer *tokenizer, const char *text, const char *expected) {
    assert_string_equal(expected, toy_spans(tokenizer, text, NULL));
}

void test_plain(void **state) {
    (void)state;
    ap__tokenizer *t = with_tokens("<m>", "s", NULL, NULL, "");
    check(t, "a<m>b", "1:0-1 9:1-4 2:4-5");
    check(t, "a <m> b", "1:0-1 9:2-5 2:6-7");
    check(t, "<m><m>", "9:0-3 9:3-6");
    check(t, "<m", "0:0-2");
    ap__tokenizer_destroy(t);
}

void test_strips(void **state) {
    (void)state;
    ap__tokenizer *t = with_tokens("<m>", "lr", NULL, NULL, "");
    check(t, "a  <m> \t b", "1:0-1 9:1-9 2:9-10");
    check(t, "<m> <m>", "9:0-4 9:4-7"); /* The first takes the space. */
    ap__tokenizer_destroy(t);
    t = with_tokens("<m>", "l", NULL, NULL, "");
    check(t, "a <m> b", "1:0-1 9:1-5 2:6-7");
    ap__tokenizer_destroy(t);
}

void test_single_word(void **state) {
    (void)state;
    ap__tokenizer *t = with_tokens("ell", "w", NULL, NULL, "");
    check(t, "hello", "4:0-5");
    check(t, "ell", "9:0-3");
    check(t, "a,ell,b", "0:0-2 9:2-5 0:5-7");
    check(t,
          "\xC3\xA9"
          "ell",
          "0:0-4"); /* Letters of all scripts make words. */
    ap__tokenizer_destroy(t);
}

/* The first takes in both spaces; the second would have to begin behind them. */
void test_overlapping_whitespace(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap__encoding e = {0};
    ap__tokenizer *t = with_tokens("<m>", "r", " ", "l", "");
    assert_fails(ap__tokenizer_encode(&e, t, toy_text("<m>  "), NULL, NULL, &err), AP_EINVAL, &err,
                 "the added token \" \" lies in whitespace that the one before it took in");
    check(t, "<m> ", "9:0-4");
    ap__tokenizer_destroy(t);
}

/* Leftmost first, then longest; what failed single_word was consumed all the same. */
void test_overlaps(void **state) {
    (void)state;
    ap__tokenizer *t = with_tokens("ab", "", "abc", "", "");
    check(t, "abcab", "9:0-3 3:3-5");
    ap__tokenizer_destroy(t);
    t = with_tokens("xy", "", "xyz", "w", "");
    check(t, "xyzq", "0:0-4");
    ap__tokenizer_destroy(t);
}

void test_normalized(void **state) {
    (void)state;
    ap__tokenizer *t = with_tokens("HeLLo", "n", "WORLD", "", "\"normalizer\":{\"type\":\"Lowercase\"},");
    check(t, "hello", "9:0-5");
    check(t, "HELLO", "9:0-5");
    check(t, "world", "5:0-5");
    check(t, "WORLD", "10:0-5");
    ap__tokenizer_destroy(t);
}

/* The vocabulary's id, or the next after all; the id of the file is only a wish. */
void test_ids(void **state) {
    (void)state;
    ap__tokenizer *t = with_tokens("hello", "s", "<x>", "", "");
    assert_int_equal(4, ap__tokenizer_token_to_id(t, "hello", 5));
    assert_int_equal(9, ap__tokenizer_token_to_id(t, "<x>", 3));
    assert_int_equal(AP__TOKEN_NONE, ap__tokenizer_token_to_id(t, "<y>", 3));
    assert_int_equal(10, ap__tokenizer_get_vocab_size(t));
    size_t len;
    assert_string_equal("<x>", ap__tokenizer_id_to_token(t, 9, &len));
    assert_int_equal(3, len);
    assert_null(ap__tokenizer_id_to_token(t, 10, &len));
    ap__tokenizer_destroy(t);
}

void test_special_in_decode(void **state) {
    (void)state;
    ap__tokenizer *t = with_tokens("<m>", "s", "<x>", "", "");
    const uint32_t ids[] = {1, 9, 2, 10, 12345};
    char *text;
    size_t len;
    assert_int_equal(AP_OK, ap__tokenizer_decode(&text, &len, t, ids, 5, false, NULL));
    assert_string_equal("a <m> b <x>", text);
    ap__free(text);
    assert_int_equal(AP_OK, ap__tokenizer_decode(&text, &len, t, ids, 5, true, NULL));
    assert_string_equal("a b <x>", text);
    assert_int_equal(7, len);
    ap__free(text);
    ap__tokenizer_destroy(t);
}

void test_errors(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap__tokenizer *t;
    assert_fails(toy_try(&t, TOY_WORD_LEVEL, "\"added_tokens\":[{\"id\":1}],", &err), AP_EFORMAT, &err,
                 "tokenizer.json: added_tokens[0].content: expected a string, found nothing");
    assert_null(t);
    assert_fails(toy_try(&t, TOY_WORD_LEVEL, "\"added_tokens\":{},", &err), AP_EFORMAT, &err,
                 "added_tokens: expected a list");
    static char json[20000], content[5000];
    memset(content, 'x', sizeof content - 1);
    char flags[8000];
    snprintf(json, sizeof json, "\"added_tokens\":[%s],", entry(flags, sizeof flags, content, ""));
    assert_fails(toy_try(&t, TOY_WORD_LEVEL, json, &err), AP_ELIMIT, &err,
                 "an added token is 4999 bytes long");
}

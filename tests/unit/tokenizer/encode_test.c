/* Encoding: truncation, padding, pairs, words, positions, and what is refused. */
#include "unit/support/check.h"
#include "unit/tokenizer/toy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BERT                                                                                                 \
    "\"pre_tokenizer\":{\"type\":\"WhitespaceSplit\"},\"post_processor\":{\"type\":\"BertProcessing\","      \
    "\"cls\":[\"[CLS]\",7],\"sep\":[\"[SEP]\",8]},"

static ap__tokenizer *tokenizer;

int test_setup(void **state) {
    (void)state;
    tokenizer = toy_make(TOY_WORD_LEVEL, BERT);
    return 0;
}

int test_teardown(void **state) {
    (void)state;
    ap__tokenizer_destroy(tokenizer);
    return 0;
}

static ap__encoding encode(const char *text, const char *pair, const ap__encode_options *options) {
    ap_error err = AP_ERROR_INIT;
    ap__encoding e = {0};
    ap__text second = toy_text(pair ? pair : "");
    assert_ok(ap__tokenizer_encode(&e, tokenizer, toy_text(text), pair ? &second : NULL, options, &err),
              &err);
    return e;
}

static void check_u32(const uint32_t *found, size_t n, const char *expected) {
    char text[512] = "";
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(text);
        if (found[i] == AP__TOKEN_NONE)
            snprintf(text + len, sizeof text - len, "%s-", i ? " " : "");
        else
            snprintf(text + len, sizeof text - len, "%s%u", i ? " " : "", found[i]);
    }
    assert_string_equal(expected, text);
}

void test_pair(void **state) {
    (void)state;
    ap__encode_options o = {.add_special_tokens = true, .with_tokens = true};
    ap__encoding e = encode("a b", "hello zz", &o);
    check_u32(e.ids, e.n, "7 1 2 8 4 0 8");
    check_u32(e.type_ids, e.n, "0 0 0 0 1 1 1");
    check_u32(e.word_ids, e.n, "- 0 1 - 0 1 -");
    check_u32(e.sequence_ids, e.n, "- 0 0 - 1 1 -");
    const uint8_t special[] = {1, 0, 0, 1, 0, 0, 1};
    assert_memory_equal(special, e.special_tokens_mask, sizeof special);
    assert_string_equal("[CLS]", e.tokens[0].ptr);
    assert_string_equal("<unk>", e.tokens[5].ptr);
    assert_int_equal(8, e.offsets_chars[5].end);
    ap__encoding_clear(&e);
    assert_null(e.ids);
}

void test_truncation(void **state) {
    (void)state;
    ap__encode_options o = {
        .add_special_tokens = true, .truncation = AP__TRUNCATION_LONGEST_FIRST, .max_length = 4};
    ap__encoding e = encode("a b ab hello world", NULL, &o);
    check_u32(e.ids, e.n, "7 1 2 8");
    assert_int_equal(2, e.n_overflowing);
    check_u32(e.overflowing[0].ids, e.overflowing[0].n, "7 3 4 8");
    check_u32(e.overflowing[1].ids, e.overflowing[1].n, "7 5 8");
    ap__encoding_clear(&e);
    o.stride = 1;
    o.truncation_side = AP__SIDE_LEFT;
    e = encode("a b ab hello world", NULL, &o);
    check_u32(e.ids, e.n, "7 4 5 8");
    check_u32(e.overflowing[0].ids, e.overflowing[0].n, "7 3 4 8");
    ap__encoding_clear(&e);
    o.skip_overflowing = true;
    e = encode("a b ab hello world", NULL, &o);
    assert_int_equal(0, e.n_overflowing);
    ap__encoding_clear(&e);
}

void test_truncation_of_pairs(void **state) {
    (void)state;
    ap__encode_options o = {
        .truncation = AP__TRUNCATION_LONGEST_FIRST, .max_length = 4, .skip_overflowing = true};
    ap__encoding e = encode("a a a a a", "b", &o);
    check_u32(e.ids, e.n, "1 1 1 2");
    ap__encoding_clear(&e);
    o.truncation = AP__TRUNCATION_ONLY_SECOND;
    e = encode("a a", "b b b", &o);
    check_u32(e.ids, e.n, "1 1 2 2");
    ap__encoding_clear(&e);
}

void test_refused_truncation(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap__encoding e = {0};
    ap__encode_options o = {.truncation = AP__TRUNCATION_ONLY_SECOND, .max_length = 1};
    assert_fails(ap__tokenizer_encode(&e, tokenizer, toy_text("a b"), NULL, &o, &err), AP_EINVAL, &err,
                 "needs a pair of texts");
    o = (ap__encode_options){.truncation = AP__TRUNCATION_LONGEST_FIRST, .max_length = 4, .stride = 3};
    assert_fails(ap__tokenizer_encode(&e, tokenizer, toy_text("a b a b a"), NULL, &o, &err), AP_EINVAL, &err,
                 "stride is 3");
    assert_null(e.ids);
}

void test_padding(void **state) {
    (void)state;
    ap__encode_options o = {
        .padding = AP__PADDING_FIXED, .pad_length = 3, .pad_to_multiple_of = 4, .pad_id = 6};
    ap__encoding e = encode("a", NULL, &o);
    check_u32(e.ids, e.n, "1 6 6 6");
    const uint8_t attention[] = {1, 0, 0, 0}, special[] = {0, 1, 1, 1};
    assert_memory_equal(attention, e.attention_mask, 4);
    assert_memory_equal(special, e.special_tokens_mask, 4);
    ap__encoding_clear(&e);
    ap__encoding both[2] = {encode("a b ab", NULL, NULL), encode("a", NULL, NULL)};
    o = (ap__encode_options){.padding = AP__PADDING_LONGEST, .padding_side = AP__SIDE_LEFT, .pad_id = 6};
    assert_int_equal(AP_OK, ap__encodings_pad(both, 2, &o, NULL));
    check_u32(both[0].ids, both[0].n, "1 2 3");
    check_u32(both[1].ids, both[1].n, "6 6 1");
    for (int i = 0; i < 2; i++) ap__encoding_clear(&both[i]);
}

void test_refused_padding(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap__encoding e = {0};
    ap__encode_options o = {.padding = AP__PADDING_FIXED, .pad_length = (size_t)1 << 32};
    assert_fails(ap__tokenizer_encode(&e, tokenizer, toy_text("a"), NULL, &o, &err), AP_ELIMIT, &err,
                 "padding to 4294967296 tokens");
    o.pad_length = SIZE_MAX;
    o.pad_to_multiple_of = 8;
    assert_fails(ap__tokenizer_encode(&e, tokenizer, toy_text("a"), NULL, &o, &err), AP_ELIMIT, &err,
                 "padding to");
}

void test_words(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap__encoding e = {0};
    const ap__text words[] = {toy_text("a b"), toy_text(""), toy_text("hello")};
    assert_ok(ap__tokenizer_encode_words(&e, tokenizer, words, 3, NULL, 0, NULL, &err), &err);
    check_u32(e.ids, e.n, "1 2 4");
    check_u32(e.word_ids, e.n, "0 0 2");
    assert_int_equal(2, e.offsets_chars[1].start);
    assert_int_equal(0, e.offsets_chars[2].start);
    ap__encoding_clear(&e);
}

void test_positions_in_bytes_and_characters(void **state) {
    (void)state;
    ap__encoding e = encode("\xF0\x9F\x98\x80 \xC3\xA9 a", NULL, NULL);
    assert_int_equal(3, e.n);
    assert_int_equal(5, e.offsets_bytes[1].start);
    assert_int_equal(7, e.offsets_bytes[1].end);
    assert_int_equal(2, e.offsets_chars[1].start);
    assert_int_equal(4, e.offsets_chars[2].start);
    assert_int_equal(8, e.offsets_bytes[2].start);
    ap__encoding_clear(&e);
}

void test_from_characters_to_tokens(void **state) {
    (void)state;
    ap__encode_options o = {.add_special_tokens = true};
    ap__encoding e = encode("hello zz", "a world", &o); /* [CLS] hello zz [SEP] a world [SEP] */
    ap__span span;
    assert_int_equal(1, ap__encoding_char_to_token(&e, 4, 0));
    assert_int_equal(AP__TOKEN_NONE, ap__encoding_char_to_token(&e, 5, 0));
    assert_int_equal(5, ap__encoding_char_to_token(&e, 2, 1));
    assert_int_equal(1, ap__encoding_char_to_word(&e, 6, 0));
    assert_true(ap__encoding_token_to_chars(&e, 5, &span));
    assert_int_equal(2, span.start);
    assert_false(ap__encoding_token_to_chars(&e, 0, &span));
    assert_false(ap__encoding_token_to_chars(&e, 7, &span));
    assert_true(ap__encoding_word_to_tokens(&e, 1, 1, &span));
    assert_int_equal(5, span.start);
    assert_int_equal(6, span.end);
    assert_true(ap__encoding_word_to_chars(&e, 1, 0, &span));
    assert_int_equal(8, span.end);
    assert_false(ap__encoding_word_to_tokens(&e, 2, 0, &span));
    ap__encoding_clear(&e);
}

void test_refused_texts(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap__encoding e = {0};
    assert_fails(ap__tokenizer_encode(&e, tokenizer, (ap__text){"ab\xFF", 3}, NULL, NULL, &err), AP_EUTF8,
                 &err, "text");
    assert_fails(ap__tokenizer_encode(&e, tokenizer, (ap__text){"x", (size_t)1 << 32}, NULL, NULL, &err),
                 AP_ELIMIT, &err, "text is 4294967296 bytes long");
    e = encode("", NULL, NULL);
    assert_int_equal(0, e.n);
    ap__encoding_clear(&e);
}

/* What a scanner looked at on its way to finding nothing is no piece. */
void test_a_pattern_without_a_match(void **state) {
    (void)state;
    ap__tokenizer *t =
        toy_make(TOY_WORD_LEVEL, "\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":"
                                 "\"\\\\s+$\"},\"behavior\":\"Isolated\",\"invert\":false},");
    assert_string_equal("0", toy_ids(t, "ab ab"));
    assert_string_equal("3 0", toy_ids(t, "ab "));
    ap__tokenizer_destroy(t);
}

/* A byte that becomes eight of itself: 16 MiB after eight times, and no ninth. */
void test_loose_text_that_grows(void **state) {
    (void)state;
    static const char grow[] =
        "{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"},\"content\":\"aaaaaaaa\"}";
    char more[2048] = "\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[";
    const ap__encode_options options = {.skip_offsets = true};
    ap_error err = AP_ERROR_INIT;
    ap__encoding e = {0};
    for (int i = 0; i < 8; i++) strcat(strcat(more, grow), ",");
    strcat(strcat(more, grow), "]},");
    ap__tokenizer *growing = toy_make(TOY_WORD_LEVEL, more);
    assert_ok(ap__tokenizer_encode(&e, growing, toy_text("b"), NULL, &options, &err), &err);
    assert_int_equal(2, e.ids[0]);
    ap__encoding_clear(&e);
    assert_fails(ap__tokenizer_encode(&e, growing, toy_text("a"), NULL, &options, &err), AP_ELIMIT, &err,
                 "normalized text would be longer than 16777280 bytes");
    ap__tokenizer_destroy(growing);
}

/* Bytes that spell a prefix out put the token of the space behind the text, where trimming leaves its place
 * in bytes empty. */
void test_trim_behind_text(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap__encoding e = {0};
    ap__encode_options o = {.with_tokens = true};
    ap__tokenizer *spelling = toy_make(
        "{\"type\":\"BPE\",\"continuing_subword_prefix\":\"#\",\"byte_fallback\":true,"
        "\"vocab\":{\"x\":0,\"<0x23>\":1,\"<0x61>\":2,\"# \":3},\"merges\":[]}",
        "\"post_processor\":{\"type\":\"ByteLevel\",\"add_prefix_space\":true,\"trim_offsets\":true},");
    assert_ok(ap__tokenizer_encode(&e, spelling, toy_text("xa "), NULL, &o, &err), &err);
    check_u32(e.ids, e.n, "0 1 2 3");
    assert_int_equal(3, e.offsets_bytes[3].start);
    assert_int_equal(3, e.offsets_bytes[3].end);
    ap__encoding_clear(&e);
    ap__tokenizer_destroy(spelling);
}

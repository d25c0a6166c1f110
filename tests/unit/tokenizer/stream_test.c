/* Decoding as a stream: it gives whole characters, and in the end what decoding at once gives. */
#include "tokenizer/stream.h"

#include "base/alloc.h"
#include "base/utf8.h"
#include "tokenizer/clean_up.h"
#include "tokenizer/tokenizer_impl.h"
#include "unit/support/check.h"
#include "unit/support/random.h"
#include "unit/tokenizer/toy.h"

#include <stdio.h>
#include <string.h>

/* Decodes step by step into `out`; each step gives valid UTF-8. */
static void stream_all(char *out, size_t size, const ap__tokenizer *t, const uint32_t *ids, size_t n,
                       ap__decode_stream_options o) {
    ap_error err = AP_ERROR_INIT;
    ap__decode_stream *stream;
    size_t len = 0;
    assert_ok(ap__decode_stream_create(&stream, t, &o, &err), &err);
    for (size_t i = 0; i <= n; i++) {
        ap__text text;
        ap_status status = i < n ? ap__decode_stream_step(stream, ids[i], &text, &err)
                                 : ap__decode_stream_flush(stream, &text, &err);
        assert_ok(status, &err);
        assert_int_equal(text.len, ap__utf8_valid_len(text.ptr, text.len));
        assert_true(len + text.len < size);
        memcpy(out + len, text.ptr, text.len);
        len += text.len;
    }
    out[len] = '\0';
    ap__decode_stream_destroy(stream);
}

static void check_property(const char *model, const char *decoder, uint32_t n_ids, uint64_t seed) {
    char more[900], streamed[65536];
    snprintf(more, sizeof more,
             "\"decoder\":%s,\"added_tokens\":[{\"id\":99,\"content\":\"<s>\",\"single_word\":false,"
             "\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"special\":true}],",
             decoder);
    ap__tokenizer *t = toy_make(model, more);
    for (int round = 0; round < 400; round++) {
        uint32_t ids[300];
        size_t n = random_below(&seed, round % 8 ? 24 : 300), len;
        for (size_t i = 0; i < n; i++) ids[i] = (uint32_t)random_below(&seed, n_ids + 2); /* <s>, and none. */
        ap__decode_stream_options o = {random_below(&seed, 2), random_below(&seed, 2)};
        char *whole;
        assert_int_equal(AP_OK, ap__tokenizer_decode(&whole, &len, t, ids, n, o.skip_special_tokens, NULL));
        if (o.clean_up) whole[ap__clean_up_tokenization_spaces(whole, len)] = '\0';
        stream_all(streamed, sizeof streamed, t, ids, n, o);
        assert_string_equal(whole, streamed);
        ap__free(whole);
    }
    ap__tokenizer_destroy(t);
}

static const char BYTES[] =
    "{\"type\":\"BPE\",\"merges\":[],\"vocab\":{\"\xC4\xA0\":0,\"a\":1,\".\":2,\"'\":3,\"s\":4,"
    "\"n\":5,\"t\":6,\"\xC3\xB0\":7,\"\xC5\x81\":8,\"\xC4\xBA\":9,\"\xC4\xA2\":10,\"\xC3\xA9\":11,"
    "\"\xE2\x96\x81x\":12,\",\":13}}";

static const char WORD_ENDS[] =
    "{\"type\":\"WordLevel\",\"unk_token\":\"a\",\"vocab\":{\"a\":0,\"b</w>\":1,\"c</w>d\":2,\"</w>\":3,"
    "\"</w></w>\":4,\"\\u0000</w>\xC3\xA9\":5}}";

void test_equals_decoding_at_once(void **state) {
    (void)state;
    check_property(BYTES, "{\"type\":\"ByteLevel\",\"add_prefix_space\":true,\"trim_offsets\":true}", 14, 1);
    check_property(BYTES, "null", 14, 2);
    check_property(BYTES, "{\"type\":\"WordPiece\",\"prefix\":\"n\",\"cleanup\":true}", 14, 3);
    check_property(TOY_UNIGRAM,
                   "{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"Replace\",\"pattern\":{\"String\":"
                   "\"\xE2\x96\x81\"},\"content\":\" \"},{\"type\":\"ByteFallback\"},{\"type\":\"Fuse\"},"
                   "{\"type\":\"Strip\",\"content\":\" \",\"start\":1,\"stop\":0}]}",
                   9, 4);
    check_property(TOY_UNIGRAM,
                   "{\"type\":\"Metaspace\",\"replacement\":\"\xE2\x96\x81\",\"prepend_scheme\":\"always\"}",
                   9, 5);
    check_property(TOY_UNIGRAM,
                   "{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"Fuse\"},{\"type\":\"Replace\","
                   "\"pattern\":{\"Regex\":\"ab+$\"},\"content\":\"X\"}]}",
                   9, 6);
    check_property(TOY_UNIGRAM,
                   "{\"type\":\"CTC\",\"pad_token\":\"a\",\"word_delimiter_token\":\"b\",\"cleanup\":true}",
                   9, 7);
    check_property(TOY_WORD_LEVEL, "{\"type\":\"BPEDecoder\",\"suffix\":\"b\"}", 9, 8);
    check_property(BYTES, "{\"type\":\"BPEDecoder\",\"suffix\":\"\"}", 14, 13);
    check_property(WORD_ENDS, "{\"type\":\"BPEDecoder\",\"suffix\":\"</w>\"}", 6, 14);
    check_property(WORD_ENDS, "{\"type\":\"BPEDecoder\",\"suffix\":\"d\"}", 6, 15);
    check_property(BYTES,
                   "{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"ByteLevel\",\"add_prefix_space\":true,"
                   "\"trim_offsets\":true},{\"type\":\"Strip\",\"content\":\" \",\"start\":3,\"stop\":0}]}",
                   14, 9);
    check_property(BYTES,
                   "{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"Fuse\"},{\"type\":\"ByteLevel\","
                   "\"add_prefix_space\":true,\"trim_offsets\":true}]}",
                   14, 10);
    check_property(TOY_UNIGRAM,
                   "{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"ByteFallback\"},{\"type\":\"Metaspace\","
                   "\"replacement\":\"\xE2\x96\x81\",\"prepend_scheme\":\"never\"}]}",
                   9, 11);
    check_property(TOY_UNIGRAM,
                   "{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"Replace\",\"pattern\":{\"String\":"
                   "\"\xE2\x96\x81\"},\"content\":\" \"},{\"type\":\"ByteFallback\"},{\"type\":\"Fuse\"},"
                   "{\"type\":\"Strip\",\"content\":\" \",\"start\":2,\"stop\":0}]}",
                   3, 12);
}

/* Tokens that are decoded while `n` ids come. */
static uint64_t steps_of(const ap__tokenizer *t, const uint32_t *cycle, size_t n_cycle, size_t n) {
    ap_error err = AP_ERROR_INIT;
    ap__decode_stream_options o = {0};
    ap__decode_stream *stream;
    ap__text text;
    uint64_t before = atomic_load(&t->works->n_steps);
    assert_ok(ap__decode_stream_create(&stream, t, &o, &err), &err);
    for (size_t i = 0; i < n; i++)
        assert_ok(ap__decode_stream_step(stream, cycle[i % n_cycle], &text, &err), &err);
    assert_ok(ap__decode_stream_flush(stream, &text, &err), &err);
    ap__decode_stream_destroy(stream);
    return atomic_load(&t->works->n_steps) - before;
}

static void check_linear(const char *model, const char *decoder, const uint32_t *cycle, size_t n_cycle) {
    char more[600];
    snprintf(more, sizeof more, "\"decoder\":%s,", decoder);
    ap__tokenizer *t = toy_make(model, more);
    uint64_t few = steps_of(t, cycle, n_cycle, 1000), many = steps_of(t, cycle, n_cycle, 10000);
    assert_true(few >= 1000);
    assert_true(many < 11 * few);
    ap__tokenizer_destroy(t);
}

void test_steps_are_linear(void **state) {
    (void)state;
    static const char BYTE_LEVEL[] =
        "{\"type\":\"ByteLevel\",\"add_prefix_space\":true,\"trim_offsets\":true}";
    static const char LLAMA[] =
        "{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"Replace\",\"pattern\":{\"String\":"
        "\"\xE2\x96\x81\"},\"content\":\" \"},{\"type\":\"ByteFallback\"},{\"type\":\"Fuse\"},"
        "{\"type\":\"Strip\",\"content\":\" \",\"start\":1,\"stop\":0}]}";
    const uint32_t words[] = {0, 1, 3, 4}, character[] = {7, 8, 9, 10}, broken[] = {10}, spaces[] = {1};
    const uint32_t bytes[] = {6, 7, 8};
    check_linear(BYTES, BYTE_LEVEL, words, 4);
    check_linear(BYTES, BYTE_LEVEL, character, 4);
    check_linear(BYTES, BYTE_LEVEL, broken, 1);
    check_linear(BYTES, "null", words, 4);
    check_linear(TOY_UNIGRAM, LLAMA, words + 1, 3);
    check_linear(TOY_UNIGRAM, LLAMA, spaces, 1);
    check_linear(TOY_UNIGRAM, LLAMA, bytes, 3);
    check_linear(TOY_UNIGRAM,
                 "{\"type\":\"CTC\",\"pad_token\":\"a\",\"word_delimiter_token\":\"b\",\"cleanup\":true}",
                 words, 3);
}

/* A character of four bytes comes out when its last byte is there, and not before. */
void test_never_half_a_character(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap__tokenizer *t = toy_make(
        BYTES, "\"decoder\":{\"type\":\"ByteLevel\",\"add_prefix_space\":true,\"trim_offsets\":true},");
    const uint32_t ids[] = {1, 7, 8, 9, 10};
    ap__decode_stream_options o = {0};
    ap__decode_stream *stream;
    ap__text text;
    assert_ok(ap__decode_stream_create(&stream, t, &o, &err), &err);
    assert_ok(ap__decode_stream_step(stream, ids[0], &text, &err), &err);
    assert_int_equal(1, text.len);
    for (int i = 1; i < 4; i++) {
        assert_ok(ap__decode_stream_step(stream, ids[i], &text, &err), &err);
        assert_int_equal(0, text.len);
    }
    assert_ok(ap__decode_stream_step(stream, ids[4], &text, &err), &err);
    assert_int_equal(4, text.len);
    ap__decode_stream_destroy(stream);
    ap__tokenizer_destroy(t);
}

void test_clean_up(void **state) {
    (void)state;
    char text[] = "I do n't know , it 's ' so ' . We 've !? 'm";
    size_t len = ap__clean_up_tokenization_spaces(text, strlen(text));
    static const char CLEAN[] = "I don't know, it's'so '. We've!?'m";
    assert_int_equal(sizeof CLEAN - 1, len);
    assert_memory_equal(CLEAN, text, len);
}

/* Whatever follows a prefix that is called certain, its cleaned form stays. */
void test_clean_up_certain(void **state) {
    (void)state;
    static const char ALPHABET[] = "    ..,?!''ntsvrem x";
    uint64_t seed = 9;
    for (int round = 0; round < 20000; round++) {
        char whole[32], part[32], longer[32];
        size_t n = random_below(&seed, 24), cut = random_below(&seed, n + 1);
        for (size_t i = 0; i < n; i++) whole[i] = ALPHABET[random_below(&seed, sizeof ALPHABET - 1)];
        size_t certain = ap__clean_up_certain(whole, cut);
        assert_true(certain <= cut);
        memcpy(part, whole, certain);
        memcpy(longer, whole, n);
        size_t part_len = ap__clean_up_tokenization_spaces(part, certain);
        size_t whole_len = ap__clean_up_tokenization_spaces(longer, n);
        assert_true(part_len <= whole_len);
        assert_memory_equal(part, longer, part_len);
    }
}

/* Loading, encoding and decoding with each allocation failing in turn, and how many a steady run makes. */
#include "base/alloc.h"
#include "tokenizer/stream.h"
#include "unit/support/check.h"
#include "unit/support/torture.h"
#include "unit/tokenizer/golden.h"
#include "unit/tokenizer/toy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Tokenizers that between them use every kind of memory: arena, buffers, trie, regex, overflowing parts. */
static const char *const NAMES[] = {"syn-wordpiece-at", "syn-bpe-bytefallback", "pre-split-lookbehind",
                                    "post-tpl-multi",   "added-lrstrip",        "dec-seq-llama",
                                    "norm-seq-clip",    "dec-replace-re"};

static const char UNIGRAM_MORE[] =
    "\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"x+\"},\"content\":\"y\"},"
    "\"pre_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":\"\xE2\x96\x81\",\"prepend_scheme\":"
    "\"always\"},"
    "\"decoder\":{\"type\":\"ByteFallback\"},";

/* A pair of texts, cut and padded, and decoded again. */
static ap_status use(const ap__tokenizer *t, ap_error *err) {
    ap__encode_options o = {.add_special_tokens = true, .with_tokens = true, .max_length = 12};
    o.truncation = AP__TRUNCATION_LONGEST_FIRST;
    o.padding = AP__PADDING_FIXED;
    o.pad_length = 16;
    ap__encoding e;
    ap__text text = toy_text(
                 "He\xCC\x81llo  w\xC3\xB6rld 123 xx \xE2\x98\x83 <mask> don't abababababababababababababab"),
             pair = toy_text("a b ab");
    ap_status status = ap__tokenizer_encode(&e, t, text, &pair, &o, err);
    char *decoded = NULL;
    if (!status) status = ap__tokenizer_decode(&decoded, NULL, t, e.ids, e.n, true, err);
    ap__free(decoded);
    ap__encoding_clear(&e);
    return status;
}

static ap_status load_and_use(void *json, ap_error *err) {
    ap__tokenizer *t;
    ap_status status = ap__tokenizer_from_json(&t, json, strlen(json), "tokenizer.json", err);
    if (status) assert_null(t);
    if (!status) status = use(t, err);
    ap__tokenizer_destroy(t);
    return status;
}

static ap_status load_unigram(void *ctx, ap_error *err) {
    ap__tokenizer *t;
    (void)ctx;
    ap_status status = toy_try(&t, TOY_UNIGRAM, UNIGRAM_MORE, err);
    if (!status) status = use(t, err);
    ap__tokenizer_destroy(t);
    return status;
}

void test_each_allocation_fails(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        char path[1024];
        size_t len;
        snprintf(path, sizeof path, AP_TEST_DATA_DIR "/tokenizers/%s/tokenizer.json", NAMES[i]);
        char *json = golden_read(path, &len);
        assert_non_null(json);
        torture(load_and_use, json);
        free(json);
    }
    torture(load_unigram, NULL);
}

static ap_status stream(void *ctx, ap_error *err) {
    ap__decode_stream *s;
    ap__decode_stream_options o = {0};
    ap__text text;
    ap_status status = ap__decode_stream_create(&s, ctx, &o, err);
    for (uint32_t id = 0; id < 9 && !status; id++) status = ap__decode_stream_step(s, id, &text, err);
    if (!status) status = ap__decode_stream_flush(s, &text, err);
    ap__decode_stream_destroy(s);
    return status;
}

void test_stream(void **state) {
    (void)state;
    ap__tokenizer *t = toy_make(TOY_UNIGRAM, UNIGRAM_MORE);
    torture(stream, t);
    ap__tokenizer_destroy(t);
}

/* -- a steady run -------------------------------------------------------------------------------------- */

typedef struct steady {
    ap__tokenizer *tokenizer;
    const char *text;
} steady;

static ap_status encode(void *ctx, ap_error *err) {
    const steady *s = ctx;
    ap__encoding e;
    ap_status status = ap__tokenizer_encode(&e, s->tokenizer, toy_text(s->text), NULL, NULL, err);
    ap__encoding_clear(&e);
    return status;
}

/* The second time a text of that kind comes, the one allocation is that of the result. */
static void check_steady(const char *model, const char *more) {
    static char text[8 * 1024];
    for (size_t i = 0; i + 12 < sizeof text; i += 8) memcpy(text + i, "ab abc d ", 9);
    steady s = {toy_make(model, more), text};
    torture_count(encode, &s); /* Makes the work memory. */
    torture_count(encode, &s);
    assert_int_equal(1, torture_count(encode, &s));
    ap__tokenizer_destroy(s.tokenizer);
}

void test_a_steady_run_allocates_nothing_per_word(void **state) {
    (void)state;
    check_steady(TOY_WORD_LEVEL, "\"pre_tokenizer\":{\"type\":\"Whitespace\"},");
    check_steady(
        TOY_BPE,
        "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true},");
    check_steady(TOY_BPE, "\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"\\\\w+\"},"
                          "\"behavior\":\"Isolated\",\"invert\":true},");
    check_steady(TOY_UNIGRAM, UNIGRAM_MORE);
    check_steady(
        TOY_UNIGRAM,
        "\"normalizer\":{\"type\":\"Lowercase\"},\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"},");
}

/* Every allocation of a tokenizer's life fails in turn; and a steady call makes no more of them than it has
 * to. */
#include "unit/support/check.h"
#include "unit/support/tokenizers.h"
#include "unit/support/torture.h"

static void encode(ap_status *status, const ap_tokenizer *t, ap_error *err) {
    const ap_text words[] = {{"I", 1}, {"loved", 5}, {"it", 2}};
    ap_encode_options options = AP_ENCODE_OPTIONS_INIT;
    ap_encoding *one = NULL, *pair = NULL, *split = NULL;
    options.max_length = 5;
    options.return_overflowing_tokens = AP_SWITCH_ON;
    options.padding = AP_PADDING_LONGEST;
    options.pad_to_multiple_of = 8;
    options.pad_token = "[PAD]";
    if (!*status && (*status = ap_tokenizer_encode(&one, t, "I loved caf\xC3\xA9 it.", 17, &options, err)))
        assert_null(one);
    if (!*status && (*status = ap_tokenizer_encode_pair(&pair, t, words, words + 1, NULL, err)))
        assert_null(pair);
    if (!*status && (*status = ap_tokenizer_encode_words(&split, t, words, 3, NULL, err))) assert_null(split);
    ap_encoding_destroy(split);
    ap_encoding_destroy(pair);
    ap_encoding_destroy(one);
}

static void encode_batch(ap_status *status, const ap_tokenizer *t, ap_error *err) {
    const ap_text texts[] = {{"I", 1}, {"I loved it", 10}, {"love", 4}};
    const ap_encode_input inputs[] = {{.texts = &texts[0]}, {.texts = &texts[1]}, {.texts = &texts[2]}};
    ap_encode_options options = AP_ENCODE_OPTIONS_INIT;
    ap_encodings *batch = NULL;
    options.padding = AP_PADDING_LONGEST;
    options.pad_token = "[PAD]";
    options.n_threads = 2;
    if (!*status && (*status = ap_tokenizer_encode_batch(&batch, t, inputs, 3, &options, err)))
        assert_null(batch);
    ap_encodings_destroy(batch);
}

static void decode(ap_status *status, const ap_tokenizer *t, ap_error *err) {
    static const uint32_t ids[] = {CLS, I, LOVE, D, IT, DOT, SEP};
    const ap_token_ids lists[] = {{ids, 7}, {ids, 3}};
    ap_value *texts = NULL, *about = NULL;
    char *text = NULL;
    if (!*status && (*status = ap_tokenizer_decode(&text, NULL, t, &lists[0], NULL, err))) assert_null(text);
    if (!*status && (*status = ap_tokenizer_decode_batch(&texts, t, lists, 2, NULL, err))) assert_null(texts);
    if (!*status && (*status = ap_tokenizer_describe(&about, t, err))) assert_null(about);
    ap_value_destroy(about);
    ap_value_destroy(texts);
    ap_string_destroy(text);
}

static void stream(ap_status *status, const ap_tokenizer *t, ap_error *err) {
    ap_decode_stream *s = NULL;
    const char *text;
    size_t len;
    if (!*status && (*status = ap_decode_stream_create(&s, t, NULL, err))) assert_null(s);
    for (uint32_t id = 0; id < 8 && !*status; id++) *status = ap_decode_stream_step(s, id, &text, &len, err);
    if (!*status) *status = ap_decode_stream_flush(s, &text, &len, err);
    ap_decode_stream_destroy(s);
}

static ap_status live(void *json, ap_error *err) {
    ap_tokenizer *t = NULL;
    ap_status status = ap_tokenizer_create_from_json(&t, json, AP_NUL_TERMINATED, err);
    if (status) assert_null(t);
    encode(&status, t, err);
    encode_batch(&status, t, err);
    decode(&status, t, err);
    stream(&status, t, err);
    ap_tokenizer_destroy(t);
    return status;
}

void test_a_whole_life(void **state) {
    (void)state;
    torture(live, (void *)(uintptr_t)support_tokenizer_json(1));
}

static ap_status encode_steadily(void *tokenizer, ap_error *err) {
    ap_encode_options options = AP_ENCODE_OPTIONS_INIT;
    ap_encoding *e = NULL;
    options.return_tokens = AP_SWITCH_OFF;
    ap_status status = ap_tokenizer_encode(&e, tokenizer, "I loved it. I loved it.", 23, &options, err);
    ap_encoding_destroy(e);
    return status;
}

/* The handle and its arrays; nothing for a word. */
void test_a_steady_call_allocates_its_result(void **state) {
    (void)state;
    ap_tokenizer *t = support_tokenizer();
    (void)torture_count(encode_steadily, t);
    (void)torture_count(encode_steadily, t);
    assert_int_equal(2, torture_count(encode_steadily, t));
    ap_tokenizer_destroy(t);
}

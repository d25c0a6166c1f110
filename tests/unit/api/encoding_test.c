/* Encodings: options, batches over threads, arrays, and the way from text to tokens and back. Expected values
 * are those of tokenizers@0.21.4 on the same tokenizer.json. */
#include "unit/support/check.h"
#include "unit/support/tempdir.h"
#include "unit/support/tokenizers.h"

#include <stdio.h>
#include <string.h>

static ap_tokenizer *tokenizer;

int group_setup(void **state) {
    (void)state;
    tokenizer = support_tokenizer();
    return 0;
}

int group_teardown(void **state) {
    (void)state;
    ap_tokenizer_destroy(tokenizer);
    return 0;
}

static ap_encoding *encode(const char *text, const ap_encode_options *options) {
    ap_encoding *out = NULL;
    ap_error err = AP_ERROR_INIT;
    assert_ok(ap_tokenizer_encode(&out, tokenizer, text, AP_NUL_TERMINATED, options, &err), &err);
    return out;
}

static ap_encoding *encode_pair(const char *text, const char *pair, const ap_encode_options *options) {
    ap_encoding *out = NULL;
    ap_error err = AP_ERROR_INIT;
    ap_text texts[2] = {{text, AP_NUL_TERMINATED}, {pair, strlen(pair)}};
    assert_ok(ap_tokenizer_encode_pair(&out, tokenizer, &texts[0], &texts[1], options, &err), &err);
    return out;
}

/* Compares the ids; each digit of `expected` is one, in base 16. */
static void assert_ids(const ap_encoding *encoding, const char *expected) {
    char found[64] = "";
    size_t n;
    const uint32_t *ids = ap_encoding_get_ids(encoding, &n);
    assert_true(n < sizeof found);
    for (size_t i = 0; i < n; i++) snprintf(found + i, 2, "%X", (unsigned)ids[i]);
    assert_string_equal(expected, found);
}

static void assert_encoded(const char *expected, const char *text, const ap_encode_options *options) {
    ap_encoding *encoding = encode(text, options);
    assert_ids(encoding, expected);
    ap_encoding_destroy(encoding);
}

static void assert_span(uint32_t start, uint32_t end, ap_span span) {
    assert_int_equal(start, span.start);
    assert_int_equal(end, span.end);
}

/* -- one text ------------------------------------------------------------------------------------------ */

void test_every_array(void **state) {
    (void)state;
    ap_encoding *e = encode("I loved caf\xC3\xA9 it.", NULL);
    size_t n = 0, len = 0;
    assert_int_equal(8, ap_encoding_get_n(e));
    assert_ids(e, "24579683");
    const ap_span *chars = ap_encoding_get_offsets_chars(e, &n),
                  *bytes = ap_encoding_get_offsets_bytes(e, &n);
    assert_int_equal(8, n);
    assert_span(0, 0, chars[0]);
    assert_span(8, 12, chars[4]);
    assert_span(8, 13, bytes[4]);
    assert_span(15, 16, chars[6]);
    assert_span(16, 17, bytes[6]);
    const uint32_t *words = ap_encoding_get_word_ids(e, NULL),
                   *sequences = ap_encoding_get_sequence_ids(e, NULL);
    assert_int_equal(AP_TOKEN_NONE, words[0]);
    assert_int_equal(1, words[2]);
    assert_int_equal(1, words[3]);
    assert_int_equal(AP_TOKEN_NONE, sequences[7]);
    assert_int_equal(0, sequences[6]);
    assert_int_equal(0, ap_encoding_get_type_ids(e, NULL)[3]);
    assert_memory_equal("\1\0\0\0\0\0\0\1", ap_encoding_get_special_tokens_mask(e, NULL), 8);
    assert_memory_equal("\1\1\1\1\1\1\1\1", ap_encoding_get_attention_mask(e, NULL), 8);
    assert_string_equal("##d", ap_encoding_get_token(e, 3, &len));
    assert_int_equal(3, len);
    assert_null(ap_encoding_get_token(e, 8, &len));
    assert_int_equal(0, ap_encoding_get_n_overflowing(e));
    assert_null(ap_encoding_get_overflowing(e, 0));
    ap_encoding_destroy(e);
}

void test_nothing_is_in_no_encoding(void **state) {
    (void)state;
    size_t n = 1;
    ap_span span;
    assert_null(ap_encoding_get_ids(NULL, &n));
    assert_int_equal(0, n);
    assert_null(ap_encoding_get_token(NULL, 0, NULL));
    assert_int_equal(AP_TOKEN_NONE, ap_encoding_char_to_token(NULL, 0, 0));
    assert_false(ap_encoding_word_to_tokens(NULL, 0, 0, &span));
    assert_null(ap_encodings_get(NULL, 0));
    ap_encoding_destroy(NULL);
    ap_encodings_destroy(NULL);
}

void test_options_of_special_tokens_and_strings(void **state) {
    (void)state;
    ap_encode_options options = AP_ENCODE_OPTIONS_INIT;
    options.add_special_tokens = AP_SWITCH_OFF;
    options.return_tokens = AP_SWITCH_OFF;
    ap_encoding *e = encode("I love <x>", &options);
    assert_ids(e, "45E");
    assert_null(ap_encoding_get_token(e, 0, NULL));
    ap_encoding_destroy(e);
    assert_encoded("23", "", NULL);
    options.add_special_tokens = AP_SWITCH_ON;
    assert_encoded("23", "", &options);
}

void test_options_without_offsets(void **state) {
    (void)state;
    ap_encode_options options = AP_ENCODE_OPTIONS_INIT;
    options.return_offsets = AP_SWITCH_OFF;
    ap_encoding *e = encode("I love <x>", &options), *whole = encode("I love <x>", NULL);
    size_t n, n_whole;
    const uint32_t *ids = ap_encoding_get_ids(e, &n), *whole_ids = ap_encoding_get_ids(whole, &n_whole);
    assert_int_equal(n_whole, n);
    assert_memory_equal(whole_ids, ids, n * sizeof *ids);
    assert_int_not_equal(0, ap_encoding_get_offsets_bytes(whole, NULL)[n - 2].end);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(0, ap_encoding_get_offsets_bytes(e, NULL)[i].end);
        assert_int_equal(0, ap_encoding_get_offsets_chars(e, NULL)[i].end);
    }
    ap_encoding_destroy(e);
    ap_encoding_destroy(whole);
}

/* A program that was compiled when the struct had fewer members. */
void test_options_of_an_older_version(void **state) {
    (void)state;
    ap_encode_options options = AP_ENCODE_OPTIONS_INIT;
    ap_encoding *e = NULL;
    ap_error err = AP_ERROR_INIT;
    options.add_special_tokens = AP_SWITCH_OFF;
    options.max_length = 1;
    options.struct_size = offsetof(ap_encode_options, truncation);
    assert_encoded("45", "I love", &options);
    options.struct_size = sizeof options + 8;
    assert_fails(ap_tokenizer_encode(&e, tokenizer, "I", 1, &options, &err), AP_EINVAL, &err,
                 "ap_encode_options: struct_size is ");
    assert_null(e);
}

/* -- truncation ---------------------------------------------------------------------------------------- */

void test_truncation(void **state) {
    (void)state;
    ap_encode_options options = AP_ENCODE_OPTIONS_INIT;
    options.max_length = 4; /* Alone, it truncates. */
    assert_encoded("2453", "I love it.", &options);
    options.truncation_side = AP_SIDE_LEFT;
    assert_encoded("2683", "I love it.", &options);
    options.truncation = AP_TRUNCATION_DO_NOT_TRUNCATE;
    assert_encoded("245683", "I love it.", &options);
    options.truncation = AP_TRUNCATION_LONGEST_FIRST;
    options.add_special_tokens = AP_SWITCH_OFF;
    options.max_length = AP_LENGTH_ZERO;
    assert_encoded("", "I love it.", &options);
    options.max_length = 0; /* The tokenizer knows no limit. */
    assert_encoded("4568", "I love it.", &options);
}

void test_overflow_is_kept_when_asked_for(void **state) {
    (void)state;
    ap_encode_options options = AP_ENCODE_OPTIONS_INIT;
    options.max_length = 4;
    options.stride = 1;
    ap_encoding *e = encode("I love it.", &options);
    assert_int_equal(0, ap_encoding_get_n_overflowing(e));
    ap_encoding_destroy(e);
    options.return_overflowing_tokens = AP_SWITCH_ON;
    e = encode("I love it.", &options);
    assert_int_equal(2, ap_encoding_get_n_overflowing(e));
    assert_ids(ap_encoding_get_overflowing(e, 0), "2563");
    assert_ids(ap_encoding_get_overflowing(e, 1), "2683");
    assert_null(ap_encoding_get_overflowing(e, 2));
    ap_encoding_destroy(e);
}

void test_truncation_of_pairs(void **state) {
    (void)state;
    ap_encode_options options = AP_ENCODE_OPTIONS_INIT;
    options.max_length = 6;
    static const struct {
        ap_truncation strategy;
        const char *ids;
    } rows[] = {{AP_TRUNCATION_LONGEST_FIRST, "245353"},
                {AP_TRUNCATION_ONLY_FIRST, "245353"},
                {AP_TRUNCATION_DO_NOT_TRUNCATE, "2456353"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        options.truncation = rows[i].strategy;
        ap_encoding *e = encode_pair("I love it", "love", &options);
        assert_ids(e, rows[i].ids);
        ap_encoding_destroy(e);
    }
    ap_error err = AP_ERROR_INIT;
    ap_encoding *e = NULL;
    options.truncation = AP_TRUNCATION_ONLY_SECOND;
    options.max_length = 3;
    assert_fails(ap_tokenizer_encode(&e, tokenizer, "I love it", 9, &options, &err), AP_EINVAL, &err,
                 "only_second");
    assert_null(e);
}

/* -- padding ------------------------------------------------------------------------------------------- */

void test_padding(void **state) {
    (void)state;
    ap_encode_options options = AP_ENCODE_OPTIONS_INIT;
    options.padding = AP_PADDING_MAX_LENGTH;
    options.pad_token = "[PAD]";
    options.max_length = 5;
    assert_encoded("24300", "I", &options);
    assert_encoded("245683", "I love it.", &options); /* Padding does not cut. */
    options.padding_side = AP_SIDE_LEFT;
    options.pad_length = 6;
    ap_encoding *e = encode("I", &options);
    assert_ids(e, "000243");
    assert_string_equal("[PAD]", ap_encoding_get_token(e, 0, NULL));
    assert_memory_equal("\0\0\0\1\1\1", ap_encoding_get_attention_mask(e, NULL), 6);
    ap_encoding_destroy(e);
    options = (ap_encode_options)AP_ENCODE_OPTIONS_INIT;
    options.padding = AP_PADDING_LONGEST;
    options.pad_to_multiple_of = 4;
    options.pad_token = "<x>";
    options.pad_id = ADDED;
    options.pad_type_id = 3;
    e = encode("I", &options);
    assert_ids(e, "243E");
    assert_int_equal(3, ap_encoding_get_type_ids(e, NULL)[3]);
    ap_encoding_destroy(e);
    options.padding = AP_PADDING_MAX_LENGTH; /* No length, and the tokenizer has none. */
    assert_encoded("243", "I", &options);
}

static ap_tokenizer *in_folder(ap__path *folder, int has_stored_options, const char *config) {
    ap_tokenizer *out = NULL;
    ap_error err = AP_ERROR_INIT;
    tempdir_create(folder);
    tempdir_write_text(folder, "tokenizer.json", support_tokenizer_json(has_stored_options));
    tempdir_write_text(folder, "tokenizer_config.json", config);
    assert_ok(ap_tokenizer_create(&out, folder->text, &err), &err);
    return out;
}

void test_what_the_tokenizer_says_is_the_default(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap_encode_options options = AP_ENCODE_OPTIONS_INIT;
    ap_encoding *e = NULL;
    ap__path folder;
    options.padding = AP_PADDING_LONGEST;
    assert_fails(ap_tokenizer_encode(&e, tokenizer, "I", 1, &options, &err), AP_EINVAL, &err,
                 "has no pad token");
    ap_tokenizer *t = in_folder(&folder, 0,
                                "{\"model_max_length\": 4, \"padding_side\": \"left\", \"truncation_side\": "
                                "\"left\", \"pad_token\": \"[PAD]\"}");
    options.padding = AP_PADDING_MAX_LENGTH;
    options.truncation = AP_TRUNCATION_LONGEST_FIRST;
    assert_ok(ap_tokenizer_encode(&e, t, "I love it.", 10, &options, &err), &err);
    assert_ids(e, "2683");
    ap_encoding_destroy(e);
    assert_ok(ap_tokenizer_encode(&e, t, "I", 1, &options, &err), &err);
    assert_ids(e, "0243");
    ap_encoding_destroy(e);
    options.padding_side = options.truncation_side = AP_SIDE_RIGHT;
    assert_ok(ap_tokenizer_encode(&e, t, "I", 1, &options, &err), &err);
    assert_ids(e, "2430");
    ap_encoding_destroy(e);
    ap_tokenizer_destroy(t);
    tempdir_remove(&folder);
}

void test_stored_options(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap_encode_options options = AP_ENCODE_OPTIONS_INIT;
    ap_encoding *e = NULL;
    ap_tokenizer *t = NULL;
    const char *json = support_tokenizer_json(1);
    assert_ok(ap_tokenizer_create_from_json(&t, json, AP_NUL_TERMINATED, &err), &err);
    assert_ok(ap_tokenizer_encode(&e, t, "I love it.", 10, NULL, &err), &err);
    assert_ids(e, "245683"); /* Without being asked, nothing of it is done. */
    ap_encoding_destroy(e);
    options.stored_options = AP_SWITCH_ON;
    assert_ok(ap_tokenizer_encode(&e, t, "I love it.", 10, &options, &err), &err);
    assert_ids(e, "002453");
    ap_encoding_destroy(e);
    options.max_length = 3;
    assert_fails(ap_tokenizer_encode(&e, t, "I", 1, &options, &err), AP_EINVAL, &err,
                 "stored_options and max_length exclude each other");
    options = (ap_encode_options)AP_ENCODE_OPTIONS_INIT;
    options.padding = AP_PADDING_LONGEST; /* Its pad token is known from there. */
    options.pad_to_multiple_of = 4;
    assert_ok(ap_tokenizer_encode(&e, t, "I", 1, &options, &err), &err);
    assert_ids(e, "2430");
    ap_encoding_destroy(e);
    ap_tokenizer_destroy(t);
}

void test_options_that_cannot_be(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap_encoding *e = NULL;
    const ap_encode_options init = AP_ENCODE_OPTIONS_INIT;
    ap_encode_options rows[6] = {init, init, init, init, init, init};
    static const char *const messages[] = {"truncation is 5",   "max_length is -2", "pad_id is given without",
                                           "padding_side is 3", "stride is 2",      "over the limit"};
    rows[0].truncation = (ap_truncation)5;
    rows[1].max_length = -2;
    rows[2].pad_id = 1;
    rows[3].padding_side = (ap_side)3;
    rows[4].max_length = 3;
    rows[4].stride = 2;
    rows[5].padding = AP_PADDING_MAX_LENGTH;
    rows[5].pad_token = "[PAD]";
    rows[5].pad_length = AP_TEXT_MAX_BYTES + 1;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ap_status expected = i == 5 ? AP_ELIMIT : AP_EINVAL;
        assert_fails(ap_tokenizer_encode(&e, tokenizer, "I love it.", 10, &rows[i], &err), expected, &err,
                     messages[i]);
        assert_null(e);
    }
}

void test_bad_texts(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap_encoding *e = NULL;
    const ap_text words[] = {{"I", 1}, {"\xFF", 1}};
    assert_fails(ap_tokenizer_encode(&e, tokenizer, "a\xC3", 2, NULL, &err), AP_EUTF8, &err, "offset 1");
    assert_fails(ap_tokenizer_encode(&e, tokenizer, NULL, 1, NULL, &err), AP_EINVAL, &err, "NULL");
    assert_fails(ap_tokenizer_encode(&e, NULL, "a", 1, NULL, &err), AP_EINVAL, &err, "NULL");
    assert_fails(ap_tokenizer_encode_pair(&e, tokenizer, NULL, words, NULL, &err), AP_EINVAL, &err, "NULL");
    assert_fails(ap_tokenizer_encode_words(&e, tokenizer, words, 2, NULL, &err), AP_EUTF8, &err, "word 1: ");
    assert_fails(ap_tokenizer_encode_words(&e, tokenizer, NULL, 2, NULL, &err), AP_EINVAL, &err, "NULL");
    assert_null(e);
    e = NULL;
    assert_ok(ap_tokenizer_encode(&e, tokenizer, NULL, 0, NULL, &err), &err);
    assert_ids(e, "23");
    ap_encoding_destroy(e);
    assert_ok(ap_tokenizer_encode_words(&e, tokenizer, NULL, 0, NULL, &err), &err);
    assert_ids(e, "23");
    ap_encoding_destroy(e);
}

/* -- words and pairs ----------------------------------------------------------------------------------- */

void test_words(void **state) {
    (void)state;
    const ap_text words[] = {{"I", 1}, {"loved it", AP_NUL_TERMINATED}, {"", 0}, {"caf\xC3\xA9", 5}};
    ap_error err = AP_ERROR_INIT;
    ap_encoding *e = NULL;
    assert_ok(ap_tokenizer_encode_words(&e, tokenizer, words, 4, NULL, &err), &err);
    assert_ids(e, "2457693");
    assert_int_equal(1, ap_encoding_get_word_ids(e, NULL)[4]);
    assert_int_equal(3, ap_encoding_get_word_ids(e, NULL)[5]);
    assert_span(6, 8, ap_encoding_get_offsets_chars(e, NULL)[4]);
    assert_span(0, 5, ap_encoding_get_offsets_bytes(e, NULL)[5]);
    ap_encoding_destroy(e);
    const ap_encode_input pair = {
        .texts = words, .n_texts = 1, .pairs = words + 1, .n_pairs = 2, .is_split_into_words = 1};
    assert_ok(ap_tokenizer_encode_input(&e, tokenizer, &pair, NULL, &err), &err);
    assert_ids(e, "2435763");
    assert_int_equal(1, ap_encoding_get_type_ids(e, NULL)[3]);
    ap_encoding_destroy(e);
}

void test_from_text_to_tokens_and_back(void **state) {
    (void)state;
    ap_encoding *e = encode_pair("I loved caf\xC3\xA9s", "caf\xC3\xA9 it", NULL);
    ap_span span;
    assert_ids(e, "245713963");
    assert_int_equal(2, ap_encoding_char_to_token(e, 4, 0));
    assert_int_equal(3, ap_encoding_char_to_token(e, 6, 0));
    assert_int_equal(AP_TOKEN_NONE, ap_encoding_char_to_token(e, 7, 0)); /* A space. */
    assert_int_equal(AP_TOKEN_NONE, ap_encoding_char_to_token(e, 99, 0));
    assert_int_equal(7, ap_encoding_char_to_token(e, 5, 1));
    assert_int_equal(7, ap_encoding_byte_to_token(e, 6, 1));
    assert_int_equal(AP_TOKEN_NONE, ap_encoding_byte_to_token(e, 5, 1));
    assert_int_equal(1, ap_encoding_char_to_word(e, 6, 0));
    assert_int_equal(AP_TOKEN_NONE, ap_encoding_char_to_word(e, 7, 0));
    assert_int_equal(1, ap_encoding_byte_to_word(e, 7, 1));
    assert_true(ap_encoding_token_to_chars(e, 7, &span));
    assert_span(5, 7, span);
    assert_true(ap_encoding_token_to_bytes(e, 7, &span));
    assert_span(6, 8, span);
    assert_false(ap_encoding_token_to_chars(e, 0, &span));
    assert_false(ap_encoding_token_to_chars(e, 9, &span));
    assert_true(ap_encoding_word_to_tokens(e, 1, 0, &span));
    assert_span(2, 4, span);
    assert_true(ap_encoding_word_to_tokens(e, 0, 1, &span));
    assert_span(6, 7, span);
    assert_false(ap_encoding_word_to_tokens(e, 3, 0, &span));
    assert_false(ap_encoding_word_to_tokens(e, AP_TOKEN_NONE, 0, &span));
    assert_true(ap_encoding_word_to_chars(e, 1, 0, &span));
    assert_span(2, 7, span);
    assert_true(ap_encoding_word_to_bytes(e, 2, 0, &span));
    assert_span(8, 14, span);
    assert_false(ap_encoding_word_to_bytes(e, 9, 1, &span));
    ap_encoding_destroy(e);
}

/* A text of a pair that has no tokens has no positions; a sequence that was never given is everything. */
void test_positions_of_no_tokens(void **state) {
    (void)state;
    ap_span span;
    ap_encoding *e = encode_pair("", "I love it", NULL);
    assert_ids(e, "234563");
    assert_int_equal(AP_TOKEN_NONE, ap_encoding_char_to_token(e, 0, 0));
    assert_false(ap_encoding_word_to_tokens(e, 0, 0, &span));
    assert_int_equal(2, ap_encoding_char_to_token(e, 0, 1));
    ap_encoding_destroy(e);
    e = encode("I love it", NULL);
    assert_int_equal(1, ap_encoding_char_to_token(e, 0, 0));
    assert_int_equal(1, ap_encoding_char_to_token(e, 0, 1));
    assert_int_equal(1, ap_encoding_char_to_token(e, 0, 99));
    ap_encoding_destroy(e);
}

/* -- batches ------------------------------------------------------------------------------------------- */

enum { N_INPUTS = 500 };

static void make_inputs(ap_encode_input *inputs, ap_text *texts) {
    static const char text[] = "I loved it. I loved it. I loved it.";
    for (size_t i = 0; i < N_INPUTS; i++) {
        texts[i] = (ap_text){text, i * 7 % (sizeof text - 1)};
        inputs[i] = (ap_encode_input){.texts = &texts[i], .n_texts = 1};
    }
}

/* A batch is its inputs one by one, on any number of threads. */
void test_a_batch_is_its_inputs(void **state) {
    (void)state;
    ap_encode_input inputs[N_INPUTS];
    ap_text texts[N_INPUTS];
    ap_error err = AP_ERROR_INIT;
    static const int64_t n_threads[] = {0, 1, 4, -1, 1000};
    make_inputs(inputs, texts);
    for (size_t k = 0; k < sizeof n_threads / sizeof *n_threads; k++) {
        ap_encode_options options = AP_ENCODE_OPTIONS_INIT;
        ap_encodings *batch = NULL;
        options.n_threads = n_threads[k];
        assert_ok(ap_tokenizer_encode_batch(&batch, tokenizer, inputs, N_INPUTS, &options, &err), &err);
        assert_int_equal(N_INPUTS, ap_encodings_get_n(batch));
        for (size_t i = 0; i < N_INPUTS; i++) {
            ap_encoding *alone = NULL;
            size_t n, n_alone;
            assert_ok(ap_tokenizer_encode_input(&alone, tokenizer, &inputs[i], NULL, &err), &err);
            const uint32_t *ids = ap_encoding_get_ids(ap_encodings_get(batch, i), &n);
            const uint32_t *alone_ids = ap_encoding_get_ids(alone, &n_alone);
            assert_int_equal(n_alone, n);
            assert_memory_equal(alone_ids, ids, n * sizeof *ids);
            ap_encoding_destroy(alone);
        }
        assert_null(ap_encodings_get(batch, N_INPUTS));
        ap_encodings_destroy(batch);
    }
}

void test_a_batch_is_padded_together(void **state) {
    (void)state;
    ap_text texts[] = {{"I", 1}, {"I love it", 9}};
    const ap_encode_input inputs[] = {{.texts = &texts[0]}, {.texts = &texts[1]}, {.texts = &texts[0]}};
    ap_error err = AP_ERROR_INIT;
    ap_encode_options options = AP_ENCODE_OPTIONS_INIT;
    ap_encodings *batch = NULL;
    options.padding = AP_PADDING_LONGEST;
    options.pad_token = "[PAD]";
    options.n_threads = 2;
    assert_ok(ap_tokenizer_encode_batch(&batch, tokenizer, inputs, 3, &options, &err), &err);
    assert_ids(ap_encodings_get(batch, 0), "24300");
    assert_ids(ap_encodings_get(batch, 1), "24563");
    assert_ids(ap_encodings_get(batch, 2), "24300");
    ap_encodings_destroy(batch);
    assert_ok(ap_tokenizer_encode_batch(&batch, tokenizer, NULL, 0, &options, &err), &err);
    assert_int_equal(0, ap_encodings_get_n(batch));
    ap_encodings_destroy(batch);
}

/* Whatever the threads do, the first input that fails is the one that is told. */
void test_the_first_failure_of_a_batch_is_told(void **state) {
    (void)state;
    ap_encode_input inputs[N_INPUTS];
    ap_text texts[N_INPUTS];
    ap_error err = AP_ERROR_INIT;
    ap_encode_options options = AP_ENCODE_OPTIONS_INIT;
    ap_encodings *batch = NULL;
    make_inputs(inputs, texts);
    for (size_t i = 123; i < N_INPUTS; i += 10) texts[i] = (ap_text){"\xFF", 1};
    for (int64_t n_threads = 1; n_threads <= 4; n_threads++) {
        options.n_threads = n_threads;
        assert_fails(ap_tokenizer_encode_batch(&batch, tokenizer, inputs, N_INPUTS, &options, &err), AP_EUTF8,
                     &err, "input 123: ");
        assert_null(batch);
    }
    options.n_threads = -2;
    assert_fails(ap_tokenizer_encode_batch(&batch, tokenizer, inputs, 1, &options, &err), AP_EINVAL, &err,
                 "n_threads is -2");
}

/* Tokenizers of the public API: creating, the vocabulary, describing, decoding. */
#include "unit/support/check.h"
#include "unit/support/tempdir.h"
#include "unit/support/tokenizers.h"

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

/* -- creating ------------------------------------------------------------------------------------------ */

void test_from_a_folder_and_from_a_file(void **state) {
    (void)state;
    ap__path folder;
    ap_error err = AP_ERROR_INIT;
    ap_tokenizer *t = NULL;
    tempdir_create(&folder);
    ap__path file = tempdir_write_text(&folder, "tokenizer.json", support_tokenizer_json(0));
    tempdir_write_text(&folder, "tokenizer_config.json", "{\"pad_token\": \"[PAD]\"}");
    assert_ok(ap_tokenizer_create(&t, folder.text, &err), &err);
    assert_int_equal(PAD, ap_tokenizer_get_special_id(t, AP_SPECIAL_TOKEN_PAD));
    ap_tokenizer_destroy(t);
    /* The file alone: nothing beside it counts. */
    assert_ok(ap_tokenizer_create(&t, file.text, &err), &err);
    assert_int_equal(AP_TOKEN_NONE, ap_tokenizer_get_special_id(t, AP_SPECIAL_TOKEN_PAD));
    ap_tokenizer_destroy(t);
    tempdir_remove(&folder);
}

void test_what_cannot_be_loaded(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap_tokenizer *t = tokenizer;
    assert_fails(ap_tokenizer_create(&t, "/no/such/place", &err), AP_ENOTFOUND, &err,
                 "/no/such/place: no such folder or file");
    assert_null(t);
    assert_fails(ap_tokenizer_create(&t, "", &err), AP_EINVAL, &err, "NULL or empty");
    assert_fails(ap_tokenizer_create(&t, NULL, &err), AP_EINVAL, &err, "NULL or empty");
    assert_fails(ap_tokenizer_create(NULL, "x", &err), AP_EINVAL, &err, "out is NULL");
    assert_fails(ap_tokenizer_create_from_json(&t, NULL, 0, &err), AP_EINVAL, &err, "json is NULL");
    assert_fails(ap_tokenizer_create_from_json(&t, "{", 1, &err), AP_EFORMAT, &err,
                 "tokenizer.json in memory");
    assert_fails(
        ap_tokenizer_create_from_json(&t, "{\"model\":{\"type\":\"Quantum\"}}", AP_NUL_TERMINATED, &err),
        AP_EUNSUPPORTED, &err, "Quantum");
    assert_null(t);
    ap_tokenizer_destroy(NULL);
}

/* -- the vocabulary ------------------------------------------------------------------------------------ */

void test_tokens_and_ids(void **state) {
    (void)state;
    size_t len;
    assert_int_equal(15, ap_tokenizer_get_vocab_size(tokenizer));
    assert_int_equal(LOVE, ap_tokenizer_token_to_id(tokenizer, "love", AP_NUL_TERMINATED));
    assert_int_equal(LOVE, ap_tokenizer_token_to_id(tokenizer, "lovely", 4));
    assert_int_equal(ADDED, ap_tokenizer_token_to_id(tokenizer, "<x>", AP_NUL_TERMINATED));
    assert_int_equal(AP_TOKEN_NONE, ap_tokenizer_token_to_id(tokenizer, "hate", AP_NUL_TERMINATED));
    assert_int_equal(AP_TOKEN_NONE, ap_tokenizer_token_to_id(tokenizer, NULL, 0));
    assert_string_equal("caf\xC3\xA9", ap_tokenizer_id_to_token(tokenizer, CAFE, &len));
    assert_int_equal(5, len);
    assert_string_equal("<x>", ap_tokenizer_id_to_token(tokenizer, ADDED, NULL));
    assert_null(ap_tokenizer_id_to_token(tokenizer, 15, &len));
    assert_int_equal(0, len);
    assert_int_equal(2, ap_tokenizer_get_n_special_added(tokenizer, 0));
    assert_int_equal(3, ap_tokenizer_get_n_special_added(tokenizer, 1));
}

void test_special_tokens_by_name(void **state) {
    (void)state;
    static const struct {
        ap_special_token which;
        uint32_t id;
    } rows[] = {{AP_SPECIAL_TOKEN_BOS, I},   {AP_SPECIAL_TOKEN_EOS, LOVE}, {AP_SPECIAL_TOKEN_UNK, UNK},
                {AP_SPECIAL_TOKEN_SEP, SEP}, {AP_SPECIAL_TOKEN_PAD, PAD},  {AP_SPECIAL_TOKEN_CLS, CLS},
                {AP_SPECIAL_TOKEN_MASK, IT}};
    ap__path folder;
    ap_error err = AP_ERROR_INIT;
    ap_tokenizer *t = NULL;
    tempdir_create(&folder);
    tempdir_write_text(&folder, "tokenizer.json", support_tokenizer_json(0));
    tempdir_write_text(&folder, "tokenizer_config.json",
                       "{\"bos_token\":\"i\",\"eos_token\":\"love\",\"unk_token\":\"[UNK]\",\"sep_token\":"
                       "\"[SEP]\",\"pad_token\":\"[PAD]\",\"cls_token\":\"[CLS]\",\"mask_token\":\"it\"}");
    assert_ok(ap_tokenizer_create(&t, folder.text, &err), &err);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(rows[i].id, ap_tokenizer_get_special_id(t, rows[i].which));
    assert_int_equal(AP_TOKEN_NONE, ap_tokenizer_get_special_id(t, (ap_special_token)7));
    ap_tokenizer_destroy(t);
    tempdir_remove(&folder);
}

/* -- describing ---------------------------------------------------------------------------------------- */

static void assert_described(const ap_tokenizer *t, const char *expected) {
    ap_error err = AP_ERROR_INIT;
    ap_value *value = NULL;
    char *json = NULL;
    assert_ok(ap_tokenizer_describe(&value, t, &err), &err);
    assert_ok(ap_value_to_json(&json, NULL, value, AP_JSON_COMPACT, &err), &err);
    assert_string_equal(expected, json);
    ap_string_destroy(json);
    ap_value_destroy(value);
}

void test_describe(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap_tokenizer *t = NULL;
    assert_described(tokenizer,
                     "{\"name\":\"tokenizer.json in memory\",\"tokenizer_class\":\"\",\"vocab_size\":15,"
                     "\"model_max_length\":null,\"padding_side\":\"right\",\"truncation_side\":\"right\","
                     "\"clean_up_tokenization_spaces\":false,\"model_input_names\":[\"input_ids\","
                     "\"token_type_ids\",\"attention_mask\"],\"special_tokens\":{},\"truncation\":null,"
                     "\"padding\":null}");
    ap__path folder;
    tempdir_create(&folder);
    tempdir_write_text(&folder, "tokenizer.json", support_tokenizer_json(1));
    tempdir_write_text(&folder, "tokenizer_config.json",
                       "{\"tokenizer_class\": \"BertTokenizerFast\", \"model_max_length\": 512, "
                       "\"truncation_side\": \"left\", \"clean_up_tokenization_spaces\": true, "
                       "\"model_input_names\": [\"input_ids\"]}");
    assert_ok(ap_tokenizer_create(&t, folder.text, &err), &err);
    ap_value *value = NULL;
    assert_ok(ap_tokenizer_describe(&value, t, &err), &err);
    assert_int_equal(512, ap_value_get_int(ap_value_dict_get(value, "model_max_length")));
    assert_int_equal(1, ap_value_len(ap_value_dict_get(value, "model_input_names")));
    assert_int_equal(1, ap_value_get_bool(ap_value_dict_get(value, "clean_up_tokenization_spaces")));
    assert_string_equal("left", ap_value_get_string(ap_value_dict_get(value, "truncation_side"), NULL));
    const ap_value *truncation = ap_value_dict_get(value, "truncation");
    assert_string_equal("longest_first",
                        ap_value_get_string(ap_value_dict_get(truncation, "strategy"), NULL));
    assert_int_equal(4, ap_value_get_int(ap_value_dict_get(truncation, "max_length")));
    const ap_value *padding = ap_value_dict_get(value, "padding");
    assert_int_equal(6, ap_value_get_int(ap_value_dict_get(padding, "length")));
    assert_string_equal("left", ap_value_get_string(ap_value_dict_get(padding, "direction"), NULL));
    const ap_value *special = ap_value_dict_get(value, "special_tokens");
    const ap_value *cls = ap_value_dict_get(special, "cls_token"); /* By the class. */
    assert_string_equal("[CLS]", ap_value_get_string(ap_value_dict_get(cls, "token"), NULL));
    assert_int_equal(CLS, ap_value_get_int(ap_value_dict_get(cls, "id")));
    ap_value_destroy(value);
    ap_tokenizer_destroy(t);
    tempdir_remove(&folder);
    assert_fails(ap_tokenizer_describe(&value, NULL, &err), AP_EINVAL, &err, "tokenizer is NULL");
}

/* -- decoding ------------------------------------------------------------------------------------------ */

static void assert_decoded(const char *expected, const ap_token_ids *ids, const ap_decode_options *options) {
    ap_error err = AP_ERROR_INIT;
    char *text = NULL;
    size_t len = 0;
    assert_ok(ap_tokenizer_decode(&text, &len, tokenizer, ids, options, &err), &err);
    assert_string_equal(expected, text);
    assert_int_equal(strlen(expected), len);
    ap_string_destroy(text);
}

void test_decode(void **state) {
    (void)state;
    static const uint32_t ids[] = {CLS, I, LOVE, D, IT, DOT, 99, SEP};
    const ap_token_ids list = {ids, sizeof ids / sizeof *ids};
    ap_decode_options options = AP_DECODE_OPTIONS_INIT;
    assert_decoded("[CLS] i loved it . [SEP]", &list, NULL);
    assert_decoded("[CLS] i loved it . [SEP]", &list, &options);
    options.skip_special_tokens = AP_SWITCH_ON;
    assert_decoded("i loved it .", &list, &options);
    options.clean_up_tokenization_spaces = AP_SWITCH_ON;
    assert_decoded("i loved it.", &list, &options);
    assert_decoded("", &(ap_token_ids){NULL, 0}, &options);
}

/* The setting of the tokenizer holds where the call does not say. */
void test_decode_cleans_up_as_the_file_says(void **state) {
    (void)state;
    static const uint32_t ids[] = {I, DO, N, QUOTE, T, DOT};
    const ap_token_ids list = {ids, sizeof ids / sizeof *ids};
    ap__path folder;
    ap_error err = AP_ERROR_INIT;
    ap_decode_options options = AP_DECODE_OPTIONS_INIT;
    ap_tokenizer *t = NULL;
    char *text = NULL;
    tempdir_create(&folder);
    tempdir_write_text(&folder, "tokenizer.json", support_tokenizer_json(0));
    tempdir_write_text(&folder, "tokenizer_config.json", "{\"clean_up_tokenization_spaces\": true}");
    assert_ok(ap_tokenizer_create(&t, folder.text, &err), &err);
    assert_ok(ap_tokenizer_decode(&text, NULL, t, &list, NULL, &err), &err);
    assert_string_equal("i don't.", text);
    ap_string_destroy(text);
    options.clean_up_tokenization_spaces = AP_SWITCH_OFF;
    assert_ok(ap_tokenizer_decode(&text, NULL, t, &list, &options, &err), &err);
    assert_string_equal("i do n ' t .", text);
    ap_string_destroy(text);
    ap_tokenizer_destroy(t);
    tempdir_remove(&folder);
}

void test_decode_batch(void **state) {
    (void)state;
    static const uint32_t ids[] = {I, LOVE, IT};
    const ap_token_ids lists[] = {{ids, 3}, {NULL, 0}, {ids + 1, 1}};
    ap_error err = AP_ERROR_INIT;
    ap_value *out = NULL;
    assert_ok(ap_tokenizer_decode_batch(&out, tokenizer, lists, 3, NULL, &err), &err);
    assert_int_equal(3, ap_value_len(out));
    assert_string_equal("i love it", ap_value_get_string(ap_value_list_get(out, 0), NULL));
    assert_string_equal("", ap_value_get_string(ap_value_list_get(out, 1), NULL));
    assert_string_equal("love", ap_value_get_string(ap_value_list_get(out, 2), NULL));
    ap_value_destroy(out);
    assert_ok(ap_tokenizer_decode_batch(&out, tokenizer, NULL, 0, NULL, &err), &err);
    assert_int_equal(0, ap_value_len(out));
    ap_value_destroy(out);
}

void test_decode_refuses_bad_arguments(void **state) {
    (void)state;
    static const uint32_t id = I;
    const ap_token_ids lists[] = {{&id, 1}, {NULL, 1}};
    ap_error err = AP_ERROR_INIT;
    ap_decode_options options = {0};
    char *text = NULL;
    ap_value *out = NULL;
    assert_fails(ap_tokenizer_decode(&text, NULL, tokenizer, lists, &options, &err), AP_EINVAL, &err,
                 "ap_decode_options: struct_size is 0");
    assert_fails(ap_tokenizer_decode(&text, NULL, tokenizer, &lists[1], NULL, &err), AP_EINVAL, &err, "NULL");
    assert_fails(ap_tokenizer_decode(&text, NULL, NULL, lists, NULL, &err), AP_EINVAL, &err, "NULL");
    assert_null(text);
    assert_fails(ap_tokenizer_decode_batch(&out, tokenizer, lists, 2, NULL, &err), AP_EINVAL, &err,
                 "list 1: ");
    assert_null(out);
}

/* -- streams ------------------------------------------------------------------------------------------- */

/* Steps through the ids; "|" stands between what the steps give. */
static void assert_streamed(const char *expected, const uint32_t *ids, size_t n,
                            const ap_decode_options *options) {
    ap_error err = AP_ERROR_INIT;
    ap_decode_stream *stream = NULL;
    char found[128] = "";
    size_t used = 0;
    assert_ok(ap_decode_stream_create(&stream, tokenizer, options, &err), &err);
    for (size_t i = 0; i <= n; i++) {
        const char *text;
        size_t len;
        if (i < n)
            assert_ok(ap_decode_stream_step(stream, ids[i], &text, &len, &err), &err);
        else
            assert_ok(ap_decode_stream_flush(stream, &text, &len, &err), &err);
        assert_true(used + len + 2 < sizeof found);
        memcpy(found + used, text, len);
        used += len;
        found[used++] = i < n ? '|' : '\0';
    }
    assert_string_equal(expected, found);
    ap_decode_stream_destroy(stream);
}

void test_streams(void **state) {
    (void)state;
    static const uint32_t ids[] = {CLS, I, LOVE, D, IT, DOT};
    ap_decode_options options = AP_DECODE_OPTIONS_INIT;
    assert_streamed("[CLS]| i| love|d| it| .|", ids, 6, NULL);
    options.skip_special_tokens = AP_SWITCH_ON;
    assert_streamed("|i| love|d| it| .|", ids, 6, &options);
    assert_streamed("", ids, 0, &options);
    options.clean_up_tokenization_spaces = AP_SWITCH_ON; /* A space waits for what comes behind it. */
    char *whole = NULL;
    ap_error err = AP_ERROR_INIT;
    const ap_token_ids list = {ids, 6};
    assert_ok(ap_tokenizer_decode(&whole, NULL, tokenizer, &list, &options, &err), &err);
    assert_string_equal("i loved it.", whole);
    ap_string_destroy(whole);
    ap_decode_stream *stream = NULL;
    assert_ok(ap_decode_stream_create(&stream, tokenizer, &options, &err), &err);
    char found[64] = "";
    for (size_t i = 0; i <= 6; i++) {
        const char *text;
        size_t len;
        assert_ok(i < 6 ? ap_decode_stream_step(stream, ids[i], &text, &len, &err)
                        : ap_decode_stream_flush(stream, &text, &len, &err),
                  &err);
        strncat(found, text, len);
    }
    assert_string_equal("i loved it.", found);
    ap_decode_stream_destroy(stream);
}

/* A special token that is left out does not end the run of byte tokens that it stands in: one byte that is
 * not UTF-8 breaks all of it. */
void test_streams_hold_runs_of_bytes(void **state) {
    (void)state;
    static const char json[] =
        "{\"model\":{\"type\":\"BPE\",\"byte_fallback\":true,\"unk_token\":\"?\",\"merges\":[],\"vocab\":{"
        "\"?\":0,\"<0x41>\":1,\"<0xFF>\":2,\"b\":3,\"</s>\":4}},\"added_tokens\":[{\"id\":4,\"content\":"
        "\"</s>\",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,"
        "\"special\":true}],\"decoder\":{\"type\":\"Sequence\",\"decoders\":[{\"type\":"
        "\"ByteFallback\"},{\"type\":\"Fuse\"}]}}";
    static const uint32_t broken[] = {3, 1, 4, 2, 3}, whole[] = {1, 1, 4, 99, 3, 4};
    ap_tokenizer *usual = tokenizer;
    ap_error err = AP_ERROR_INIT;
    ap_decode_options options = AP_DECODE_OPTIONS_INIT;
    options.skip_special_tokens = AP_SWITCH_ON;
    assert_ok(ap_tokenizer_create_from_json(&tokenizer, json, AP_NUL_TERMINATED, &err), &err);
    assert_streamed("b||||\xEF\xBF\xBD\xEF\xBF\xBD"
                    "b|",
                    broken, 5, &options);
    assert_streamed("||||AAb||", whole, 6, &options);
    options.skip_special_tokens = AP_SWITCH_OFF;
    assert_streamed("b||A</s>||\xEF\xBF\xBD"
                    "b|",
                    broken, 5, &options);
    ap_tokenizer_destroy(tokenizer);
    tokenizer = usual;
}

void test_streams_refuse_bad_arguments(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap_decode_options options = AP_DECODE_OPTIONS_INIT;
    ap_decode_stream *stream = NULL;
    const char *text;
    size_t len;
    assert_fails(ap_decode_stream_create(&stream, NULL, NULL, &err), AP_EINVAL, &err, "tokenizer is NULL");
    options.skip_special_tokens = (ap_switch)3;
    assert_fails(ap_decode_stream_create(&stream, tokenizer, &options, &err), AP_EINVAL, &err,
                 "skip_special_tokens is 3");
    assert_null(stream);
    assert_fails(ap_decode_stream_step(NULL, 1, &text, &len, &err), AP_EINVAL, &err, "NULL");
    assert_fails(ap_decode_stream_flush(NULL, &text, &len, &err), AP_EINVAL, &err, "NULL");
    ap_decode_stream_destroy(NULL);
}

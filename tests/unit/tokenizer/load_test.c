/* A folder's other files: tokenizer_config.json, special_tokens_map.json, added_tokens.json. */
#include "base/alloc.h"
#include "base/path.h"
#include "tokenizer/tokenizer.h"

#include "unit/support/check.h"
#include "unit/support/tempdir.h"
#include "unit/tokenizer/toy.h"

#include <stdio.h>
#include <string.h>

static ap__path folder;

#define BERT                                                                                                 \
    "{\"normalizer\":{\"type\":\"BertNormalizer\",\"clean_text\":true,\"handle_chinese_chars\":true,"        \
    "\"strip_accents\":null,\"lowercase\":true},\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"},"          \
    "\"post_processor\":null,\"model\":{\"type\":\"WordLevel\",\"unk_token\":\"[UNK]\",\"vocab\":{\"[PAD]"   \
    "\":0,"                                                                                                  \
    "\"[UNK]\":1,\"[CLS]\":2,\"[SEP]\":3,\"[MASK]\":4,\"hello\":5,\"Hello\":6,\"\\u4f60\":7,\"\\u4f60a\":8}" \
    "}}"

int test_setup(void **state) {
    (void)state;
    tempdir_create(&folder);
    tempdir_write_text(&folder, "tokenizer.json", BERT);
    return 0;
}

int test_teardown(void **state) {
    (void)state;
    tempdir_remove(&folder);
    return 0;
}

static ap__tokenizer *load(void) {
    ap_error err = AP_ERROR_INIT;
    ap__tokenizer *t;
    assert_ok(ap__tokenizer_load(&t, folder.text, &err), &err);
    return t;
}

static void refuse(ap_status status, const char *text) {
    ap_error err = AP_ERROR_INIT;
    ap__tokenizer *t;
    assert_fails(ap__tokenizer_load(&t, folder.text, &err), status, &err, text);
    assert_null(t);
}

void test_without_them(void **state) {
    (void)state;
    ap__tokenizer *t = load();
    const ap__tokenizer_config *c = ap__tokenizer_get_config(t);
    assert_true(c->model_max_length == SIZE_MAX);
    assert_int_equal(AP__TOKEN_NONE, c->pad_token_id);
    assert_string_equal("", c->tokenizer_class);
    assert_string_equal("5", toy_ids(t, "Hello"));
    ap__tokenizer_destroy(t);
}

void test_config(void **state) {
    (void)state;
    tempdir_write_text(
        &folder, "tokenizer_config.json",
        "{\"tokenizer_class\":\"BertTokenizer\",\"do_lower_case\":false,\"model_max_length\":512,"
        "\"padding_side\":\"left\",\"truncation_side\":\"left\",\"pad_token\":\"[PAD]\","
        "\"mask_token\":{\"content\":\"[MASK]\",\"lstrip\":true},\"clean_up_tokenization_spaces\":true}");
    ap__tokenizer *t = load();
    const ap__tokenizer_config *c = ap__tokenizer_get_config(t);
    assert_int_equal(512, c->model_max_length);
    assert_int_equal(AP__SIDE_LEFT, c->padding_side);
    assert_int_equal(AP__SIDE_LEFT, c->truncation_side);
    assert_int_equal(0, c->pad_token_id);
    assert_string_equal("[MASK]", c->mask_token);
    assert_string_equal("BertTokenizer", c->tokenizer_class);
    assert_true(c->clean_up_tokenization_spaces);
    assert_string_equal("6", toy_ids(t, "Hello")); /* do_lower_case reaches the normalizer. */
    assert_string_equal("6:0-5 4:5-12", toy_spans(t, "Hello [MASK]", NULL));
    ap__tokenizer_destroy(t);
}

void test_chinese_characters(void **state) {
    (void)state;
    ap__tokenizer *t = load();
    assert_string_equal("7 1", toy_ids(t, "\xE4\xBD\xA0"
                                          "a"));
    ap__tokenizer_destroy(t);
    tempdir_write_text(&folder, "tokenizer_config.json",
                       "{\"tokenizer_class\":\"BertTokenizerFast\",\"tokenize_chinese_chars\":false}");
    t = load();
    assert_string_equal("8", toy_ids(t, "\xE4\xBD\xA0"
                                        "a"));
    ap__tokenizer_destroy(t);
}

void test_added_tokens_decoder(void **state) {
    (void)state;
    tempdir_write_text(
        &folder, "tokenizer_config.json",
        "{\"added_tokens_decoder\":{\"9\":{\"content\":\"<x>\",\"lstrip\":false,\"normalized\":false,"
        "\"rstrip\":true,\"single_word\":false,\"special\":true}}}");
    ap__tokenizer *t = load();
    assert_string_equal("5:0-5 9:5-10 5:10-15", toy_spans(t, "hello<x>  hello", NULL));
    char *text;
    const uint32_t ids[] = {5, 9};
    assert_int_equal(AP_OK, ap__tokenizer_decode(&text, NULL, t, ids, 2, true, NULL));
    assert_string_equal("hello", text);
    ap__free(text);
    ap__tokenizer_destroy(t);
}

void test_old_files(void **state) {
    (void)state;
    tempdir_write_text(&folder, "special_tokens_map.json",
                       "{\"sep_token\":\"[SEP]\",\"additional_special_tokens\":[\"<e1>\"]}");
    tempdir_write_text(&folder, "added_tokens.json", "{\"<y>\":9}");
    ap__tokenizer *t = load();
    assert_int_equal(3, ap__tokenizer_get_config(t)->sep_token_id);
    assert_string_equal("9 10", toy_ids(t, "<y><e1>"));
    ap__tokenizer_destroy(t);
}

/* Llama's class makes its own post-processor, from flags. */
void test_class_with_bos(void **state) {
    (void)state;
    tempdir_write_text(
        &folder, "tokenizer_config.json",
        "{\"tokenizer_class\":\"LlamaTokenizer\",\"bos_token\":\"[CLS]\",\"eos_token\":\"[SEP]\"}");
    ap__encode_options o = {.add_special_tokens = true};
    ap__tokenizer *t = load();
    assert_string_equal("2:0-0 5:0-5", toy_spans(t, "hello", &o));
    assert_int_equal(2, ap__tokenizer_n_special_added(t, true));
    ap__tokenizer_destroy(t);
    tempdir_write_text(
        &folder, "tokenizer_config.json",
        "{\"tokenizer_class\":\"LlamaTokenizer\",\"bos_token\":\"[CLS]\",\"eos_token\":\"[SEP]\","
        "\"add_bos_token\":false,\"add_eos_token\":true}");
    t = load();
    assert_string_equal("5:0-5 3:0-0", toy_spans(t, "hello", &o));
    ap__tokenizer_destroy(t);
    tempdir_write_text(&folder, "tokenizer_config.json",
                       "{\"tokenizer_class\":\"LlamaTokenizer\",\"bos_token\":null}");
    refuse(AP_EFORMAT, "tokenizer_config.json: add_bos_token: is true, but there is no bos_token");
}

void test_class_of_clip(void **state) {
    (void)state;
    tempdir_write_text(
        &folder, "tokenizer.json",
        "{\"model\":{\"type\":\"BPE\",\"end_of_word_suffix\":\"</w>\",\"vocab\":{\"a</w>\":0,\"b\":1},"
        "\"merges\":[]},\"decoder\":{\"type\":\"Fuse\"}}");
    tempdir_write_text(&folder, "tokenizer_config.json", "{\"tokenizer_class\":\"CLIPTokenizer\"}");
    ap__tokenizer *t = load();
    const uint32_t ids[] = {0, 1, 0};
    char *text;
    assert_int_equal(AP_OK, ap__tokenizer_decode(&text, NULL, t, ids, 3, true, NULL));
    assert_string_equal("a ba", text);
    ap__free(text);
    ap__tokenizer_destroy(t);
}

/* The vocabulary file, and of tokenizer.json the added tokens, but not their ids. */
void test_from_slow(void **state) {
    (void)state;
    tempdir_write_text(
        &folder, "tokenizer.json",
        "{\"added_tokens\":[{\"id\":900,\"content\":\"[SEP]\",\"single_word\":false,\"lstrip\":false,"
        "\"rstrip\":false,\"normalized\":false,\"special\":true}],\"model\":{\"type\":\"WordLevel\",\"unk_"
        "token\":"
        "\"[UNK]\",\"vocab\":{\"[PAD]\":0,\"[UNK]\":1,\"hello\":2}}}");
    tempdir_write_text(&folder, "vocab.txt", "[PAD]\n[UNK]\n[CLS]\nHello\nhello\n");
    tempdir_write_text(&folder, "tokenizer_config.json",
                       "{\"tokenizer_class\":\"BertTokenizer\",\"from_slow\":true,\"mask_token\":\"[PAD]\"}");
    ap__encode_options o = {.add_special_tokens = true};
    ap__tokenizer *t = load();
    assert_string_equal("2:0-0 4:0-5 5:6-11 5:0-0", toy_spans(t, "Hello [SEP]", &o));
    ap__tokenizer_destroy(t);
    tempdir_write_text(&folder, "tokenizer_config.json",
                       "{\"tokenizer_class\":\"GPTNeoXTokenizer\",\"from_slow\":true}");
    refuse(AP_ENOTFOUND, "asks a GPTNeoXTokenizer to start from its vocabulary file");
    /* The same, where there is a vocabulary file. */
    tempdir_write_text(
        &folder, "tokenizer_config.json",
        "{\"tokenizer_class\":\"BertTokenizer\",\"tokenizer_file\":null,\"sep_token\":\"\\n\"}");
    t = load();
    assert_string_equal("2:0-0 4:0-5 5:0-0",
                        toy_spans(t, "Hello", &o)); /* A line end is a token of templates. */
    assert_true(ap__tokenizer_get_config(t)->clean_up_tokenization_spaces);
    ap__tokenizer_destroy(t);
    tempdir_write_text(
        &folder, "tokenizer_config.json",
        "{\"tokenizer_class\":\"BertTokenizer\",\"from_slow\":true,\"clean_up_tokenization_spaces\":null}");
    t = load();
    assert_false(ap__tokenizer_get_config(t)->clean_up_tokenization_spaces);
    ap__tokenizer_destroy(t);
    tempdir_write_text(&folder, "tokenizer_config.json", "{\"tokenizer_file\":null}");
    t = load();
    assert_string_equal("2:0-5", toy_spans(t, "hello", &o));
    ap__tokenizer_destroy(t);
}

/* The size is that of Python's dict; an id whose string is special is none to decode. */
void test_listed_twice(void **state) {
    (void)state;
    tempdir_write_text(
        &folder, "tokenizer.json",
        "{\"added_tokens\":[{\"id\":2,\"content\":\"<s>\",\"single_word\":false,\"lstrip\":false,"
        "\"rstrip\":false,\"normalized\":false,\"special\":true}],\"model\":{\"type\":\"Unigram\",\"unk_id\":"
        "0,"
        "\"vocab\":[[\"<s>\",0],[\"a\",-1],[\"<s>\",-2]]}}");
    const uint32_t ids[] = {0, 1, 2};
    for (size_t size = 3; size > 1; size--) {
        ap__tokenizer *t = load();
        char *text;
        assert_int_equal(size, ap__tokenizer_get_vocab_size(t));
        assert_int_equal(AP_OK, ap__tokenizer_decode(&text, NULL, t, ids, 3, true, NULL));
        assert_string_equal("a", text);
        ap__free(text);
        ap__tokenizer_destroy(t);
        tempdir_write_text(&folder, "tokenizer_config.json", "{}");
    }
}

/* transformers decodes tokens to their contents, whatever file of it is there. */
void test_contents_are_decoded(void **state) {
    (void)state;
    static const char *const FILES[][2] = {{"special_tokens_map.json", "{}"},
                                           {"added_tokens.json", "{}"},
                                           {"config.json", "{\"model_type\":\"bert\"}"},
                                           {"tokenizer_config.json", "{}"}};
    tempdir_write_text(
        &folder, "tokenizer.json",
        "{\"added_tokens\":[{\"id\":2,\"content\":\"NEW\",\"single_word\":false,\"lstrip\":false,"
        "\"rstrip\":false,\"normalized\":true,\"special\":false}],\"normalizer\":{\"type\":\"Lowercase\"},"
        "\"model\":{\"type\":\"WordLevel\",\"unk_token\":\"a\",\"vocab\":{\"a\":0,\"b\":1}}}");
    ap__tokenizer *t = load();
    assert_string_equal("new", ap__tokenizer_id_to_token(t, 2, NULL));
    ap__tokenizer_destroy(t);
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        ap__path path;
        tempdir_write_text(&folder, FILES[i][0], FILES[i][1]);
        t = load();
        assert_string_equal("NEW", ap__tokenizer_id_to_token(t, 2, NULL));
        ap__tokenizer_destroy(t);
        assert_int_equal(AP_OK, ap__path_join(&path, folder.text, FILES[i][0], NULL));
        assert_int_equal(0, remove(path.text));
    }
}

void test_padding_of_xlnet(void **state) {
    (void)state;
    tempdir_write_text(&folder, "tokenizer_config.json", "{\"tokenizer_class\":\"XLNetTokenizerFast\"}");
    ap__tokenizer *t = load();
    assert_int_equal(3, ap__tokenizer_get_config(t)->pad_token_type_id);
    assert_int_equal(AP__SIDE_LEFT, ap__tokenizer_get_config(t)->padding_side);
    ap__tokenizer_destroy(t);
}

void test_errors(void **state) {
    (void)state;
    tempdir_write_text(&folder, "tokenizer_config.json", "{\"padding_side\":\"middle\"}");
    refuse(AP_EFORMAT, "tokenizer_config.json: padding_side: expected one of right, left; found middle");
    tempdir_write_text(&folder, "tokenizer_config.json", "{\"model_max_length\":-5}");
    refuse(AP_EFORMAT, "model_max_length: expected a count, found a negative number");
    tempdir_write_text(&folder, "tokenizer_config.json", "{\"pad_token\":7}");
    refuse(AP_EFORMAT, "pad_token: expected a token");
    tempdir_write_text(&folder, "tokenizer_config.json", "[]");
    refuse(AP_EFORMAT, "expected an object, found a list");
    tempdir_write_text(&folder, "tokenizer_config.json", "{");
    refuse(AP_EFORMAT, "tokenizer_config.json: not JSON");
    tempdir_write_text(&folder, "tokenizer_config.json", "{}");
    tempdir_write_text(&folder, "tokenizer.json", "{\"model\":{}}");
    refuse(AP_EFORMAT, "tokenizer.json: model.type");
}

void test_missing_folder(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap__tokenizer *t;
    assert_fails(ap__tokenizer_load(&t, "/nonexistent", &err), AP_ENOTFOUND, &err, "tokenizer.json");
}

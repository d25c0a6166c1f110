/* Files of TAPAS tokenizers: special tokens, settings, and what is wrong with them. */
#include "base/alloc.h"
#include "base/path.h"
#include "tokenizer/tapas/tapas_impl.h"
#include "unit/support/check.h"
#include "unit/support/tempdir.h"
#include "unit/support/torture.h"
#include "unit/tokenizer/tapas/tapas_files.h"

#include <string.h>

static ap__tapas *small(const char *config) {
    ap_error err = AP_ERROR_INIT;
    ap__tapas *tapas = NULL;
    assert_ok(tapas_small(&tapas, config, &err), &err);
    return tapas;
}

void test_defaults(void **state) {
    (void)state;
    ap__tapas *tapas = small(NULL);
    const ap__tokenizer_config *config = ap__tapas_get_config(tapas);
    assert_int_equal(config->pad_token_id, 0);
    assert_int_equal(config->unk_token_id, 1);
    assert_int_equal(config->cls_token_id, 2);
    assert_int_equal(config->sep_token_id, 3);
    assert_int_equal(config->mask_token_id, 7);
    assert_int_equal(config->model_max_length, 512);
    assert_int_equal(config->padding_side, AP__SIDE_RIGHT);
    assert_int_equal(tapas->empty_id, 8); /* It is not in the vocabulary, so it comes behind it. */
    assert_int_equal(tapas->max_row_id, 512);
    assert_true(tapas->do_lower_case && tapas->strips_accents);
    ap__tapas_destroy(tapas);
    ap__tapas_destroy(NULL);
}

void test_settings(void **state) {
    (void)state;
    ap__tapas *tapas =
        small("{\"model_max_length\": 1000000000000000019884624838656, \"max_row_id\": 7, \"padding_side\": "
              "\"left\", \"do_lower_case\": false, \"cell_trim_length\": 3, \"strip_accents\": null}");
    const ap__tokenizer_config *config = ap__tapas_get_config(tapas);
    assert_true(config->model_max_length == SIZE_MAX && tapas->max_column_id == SIZE_MAX);
    assert_int_equal(tapas->max_row_id, 7);
    assert_int_equal(tapas->cell_trim_length, 3);
    assert_int_equal(config->padding_side, AP__SIDE_LEFT);
    assert_false(tapas->strips_accents); /* It follows do_lower_case. */
    ap__tapas_destroy(tapas);
}

void test_special_tokens(void **state) {
    (void)state;
    ap__tapas *tapas = small(
        "{\"pad_token\": {\"content\": \"a\"}, \"additional_special_tokens\": [\"[NIL]\", \"[EMPTY]\"], "
        "\"added_tokens_decoder\": {\"40\": {\"content\": \"[NIL]\", \"lstrip\": true}}}");
    assert_int_equal(ap__tapas_get_config(tapas)->pad_token_id, 4);
    assert_string_equal(ap__tapas_get_config(tapas)->pad_token, "a");
    assert_int_equal(tapas->empty_id, 40); /* The first of the additional ones. */
    ap__tapas_destroy(tapas);
}

/* Folders without added_tokens_decoder: the other files count, and before tokenizer_config.json. */
void test_old_folders(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap__tapas *tapas = NULL;
    const char vocab[] = "[PAD]\n[UNK]\r\n[CLS]\r[SEP]\n[MASK]\nx";
    ap__tapas_files files = {.vocab = vocab,
                             .vocab_len = sizeof vocab - 1,
                             .config = "{\"sep_token\": \"[CLS]\"}",
                             .special_tokens = "{\"sep_token\": \"x\"}",
                             .added_tokens = "{\"[EMPTY]\": 9}",
                             .name = "old"};
    assert_ok(ap__tapas_create(&tapas, &files, &err), &err);
    assert_int_equal(ap__tapas_get_config(tapas)->sep_token_id, 5);
    assert_int_equal(ap__tapas_get_config(tapas)->cls_token_id, 2); /* All three line ends end lines. */
    assert_int_equal(tapas->empty_id, 9);
    ap__tapas_destroy(tapas);
}

static void expect_failure(const char *config, ap_status status, const char *message) {
    ap_error err = AP_ERROR_INIT;
    ap__tapas *tapas = (ap__tapas *)1;
    assert_fails(tapas_small(&tapas, config, &err), status, &err, message);
    assert_null(tapas);
}

void test_settings_that_cannot_be(void **state) {
    (void)state;
    expect_failure("[]", AP_EFORMAT, "small: tokenizer_config.json: expected an object");
    expect_failure("{", AP_EFORMAT, "tokenizer_config.json");
    expect_failure("{\"do_lower_case\": 1}", AP_EFORMAT, "do_lower_case: expected true or false");
    expect_failure("{\"model_max_length\": \"a\"}", AP_EFORMAT, "model_max_length: expected a length");
    expect_failure("{\"max_row_id\": -1}", AP_EFORMAT, "max_row_id: expected a length");
    expect_failure("{\"cell_trim_length\": 1.5}", AP_EFORMAT, "cell_trim_length: expected a whole number");
    expect_failure("{\"padding_side\": \"top\"}", AP_EFORMAT, "padding_side: expected \"left\" or \"right\"");
    expect_failure("{\"never_split\": [\"a\"]}", AP_EUNSUPPORTED, "never_split: is not supported");
    expect_failure("{\"sep_token\": 7}", AP_EFORMAT, "sep_token: expected a token");
    expect_failure("{\"additional_special_tokens\": [7]}", AP_EFORMAT,
                   "additional_special_tokens: expected tokens");
    expect_failure("{\"added_tokens_decoder\": []}", AP_EFORMAT, "added_tokens_decoder: expected an object");
    expect_failure("{\"added_tokens_decoder\": {\"x\": \"a\"}}", AP_EFORMAT, "expected ids and tokens");
    expect_failure("{\"added_tokens_decoder\": {\"99999999999\": \"a\"}}", AP_EFORMAT,
                   "expected ids and tokens");
    expect_failure("{\"added_tokens_decoder\": {\"9\": {\"content\": \"x\", \"single_word\": true}}}",
                   AP_EUNSUPPORTED, "single_word is not supported");
}

void test_folders(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap__path folder;
    ap__tapas *tapas = NULL;
    tempdir_create(&folder);
    assert_fails(ap__tapas_load(&tapas, folder.text, &err), AP_ENOTFOUND, &err, "no vocab.txt");
    assert_null(tapas);
    tempdir_write_text(&folder, "vocab.txt", "[PAD]\n\xFF\n");
    assert_fails(ap__tapas_load(&tapas, folder.text, &err), AP_EUTF8, &err, "vocab.txt is not UTF-8");
    tempdir_write_text(&folder, "vocab.txt", "");
    ap_error none = AP_ERROR_INIT;
    assert_ok(ap__tapas_load(&tapas, folder.text, &none),
              &none); /* Empty: all special tokens come behind it. */
    assert_int_equal(ap__tapas_get_config(tapas)->unk_token_id, 0);
    ap__tapas_destroy(tapas);
    tempdir_remove(&folder);
}

/* -- text ---------------------------------------------------------------------------------------------- */

static void expect_ids(const ap__tapas *tapas, const char *text, const char *expected) {
    ap_error err = AP_ERROR_INIT;
    ap__tapas_scratch scratch = {0};
    ap__tapas_tokens tokens = {0};
    ap__buf got = {0};
    assert_ok(ap__tapas_tokenize(&tokens, &scratch, tapas, (ap__text){text, strlen(text)}, "text", &err),
              &err);
    for (size_t i = 0; i < tokens.n; i++)
        ap__buf_printf(&got, NULL, "%s%u%s", i ? " " : "", tokens.ptr[i].id,
                       tokens.ptr[i].is_inner ? "+" : "");
    assert_string_equal(ap__buf_text(&got), expected);
    ap__buf_clear(&got);
    ap__free(tokens.ptr);
    ap__tapas_scratch_clear(&scratch);
}

void test_text(void **state) {
    (void)state;
    ap__tapas *tapas = small(
        "{\"added_tokens_decoder\": {\"20\": {\"content\": \"<x>\", \"lstrip\": true, \"rstrip\": true}}}");
    expect_ids(tapas, "", "");
    expect_ids(tapas, " ", "9"); /* Blanks alone are an empty cell, no text at all is none. */
    expect_ids(tapas, "?!", "9");
    expect_ids(tapas, "N/A", "9");
    expect_ids(tapas, "ab Ab", "4 5+ 4 5+");
    expect_ids(tapas, "ac a", "1 4"); /* A word that has no pieces is unknown as a whole. */
    expect_ids(tapas,
               "\xC3\xA1"
               "b",
               "4 5+"); /* Without its accent. */
    expect_ids(tapas, "a[SEP]a", "4 3 4");
    expect_ids(tapas, "a[sep]a", "4 1 1 1 4");
    expect_ids(tapas, "a <x> a", "4 20 4");
    expect_ids(tapas, "a-a", "4 1 4");
    ap__tapas_destroy(tapas);
}

void test_text_that_is_not_utf8(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap__tapas *tapas = small(NULL);
    ap__tapas_table *read = NULL;
    ap__text texts[2] = {{"a", 1}, {"\xFF", 1}};
    ap__table table = {1, 1, texts, texts + 1};
    assert_fails(ap__tapas_table_create(&read, tapas, &table, &err), AP_EUTF8, &err, "cell is not UTF-8");
    assert_null(read);
    ap__tapas_destroy(tapas);
}

static ap_status load_and_encode(void *ctx, ap_error *err) {
    ap__tapas *tapas = NULL;
    ap__tapas_table *read = NULL;
    ap__tapas_encoding encoding = {0};
    ap__text texts[6] = {{"a", 1}, {"ab", 2}, {"1", 1}, {"5 May 2008", 10}, {"\xC3\xA1", 2}, {"", 0}};
    ap__table table = {2, 2, texts, texts + 2};
    (void)ctx;
    ap_status status = tapas_small(&tapas, "{\"model_max_length\": 12}", err);
    if (status) assert_null(tapas);
    if (!status && (status = ap__tapas_table_create(&read, tapas, &table, err))) assert_null(read);
    if (!status) status = ap__tapas_encode(&encoding, read, (ap__text){"more than 1 or 2008", 19}, true, err);
    ap__tapas_encoding_clear(&encoding);
    ap__tapas_table_destroy(read);
    ap__tapas_destroy(tapas);
    return status;
}

void test_torture(void **state) {
    (void)state;
    torture(load_and_encode, NULL);
}

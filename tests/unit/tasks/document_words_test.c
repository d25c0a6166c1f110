/* Words and boxes: given, from tesseract's table, and from a program that stands in for tesseract. */
#define _GNU_SOURCE /* setenv */
#include "tasks/document_words.h"

#include "unit/support/check.h"
#include "unit/support/tempdir.h"
#include "unit/support/torture.h"
#include "unit/support/values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define NAMES                                                                                                \
    "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n"
#define PAGE "1\t1\t0\t0\t0\t0\t0\t0\t200\t100\t-1\t\n"
#define WORD "5\t1\t1\t1\t1\t1\t20\t10\t31\t15\t96.5\tTotal:\n"
#define BLANK "5\t1\t1\t1\t1\t2\t60\t10\t5\t15\t95\t \n"

static void expect_word(const ap__document_words *words, size_t i, const char *text, const int64_t *box) {
    assert_int_equal(words->texts[i].len, strlen(text));
    assert_memory_equal(words->texts[i].ptr, text, strlen(text));
    for (size_t k = 0; k < 4; k++) assert_int_equal(words->boxes[i][k], box[k]);
}

void test_given_words(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap__document_words words;
    ap_value *value = value_of("[[\"a\", [1, 2, 3, 4]], [\"\", [0, 0, 0, 0], \"more\"]]");
    assert_ok(ap__document_words_read(&words, value, &err), &err);
    assert_int_equal(words.n, 2);
    expect_word(&words, 0, "a", (const int64_t[]){1, 2, 3, 4});
    ap__document_words_clear(&words);
    ap_value_destroy(value);
}

static void given_fails(const char *json, const char *message) {
    ap_error err = AP_ERROR_INIT;
    ap__document_words words;
    ap_value *value = value_of(json);
    assert_fails(ap__document_words_read(&words, value, &err), AP_ETYPE, &err, message);
    ap__document_words_clear(&words);
    ap_value_destroy(value);
}

void test_given_words_that_cannot_be(void **state) {
    (void)state;
    given_fails("null", "found null");
    given_fails("{}", "found dict");
    given_fails("[\"a\"]", "item 0: expected a pair");
    given_fails("[[\"a\"]]", "item 0: expected a pair");
    given_fails("[[1, [1, 2, 3, 4]]]", "item 0: expected a pair");
    given_fails("[[\"a\", [1, 2, 3, 4]], [\"a\", [1, 2, 3]]]",
                "word 1: its box has to be four whole numbers");
    given_fails("[[\"a\", [1, 2, 3, 4.5]]]", "four whole numbers");
    given_fails("[[\"a\", 7]]", "four whole numbers");
}

void test_table(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap__document_words words;
    const char tsv[] = NAMES PAGE WORD BLANK "\n";
    assert_ok(ap__document_words_from_tsv(&words, tsv, sizeof tsv - 1, &err), &err);
    assert_int_equal(words.n, 1);
    expect_word(&words, 0, "Total:", (const int64_t[]){100, 100, 255, 250});
    ap__document_words_clear(&words);
    assert_ok(ap__document_words_from_tsv(&words, "", 0, &err), &err);
    assert_int_equal(words.n, 0);
    ap__document_words_clear(&words);
}

static void table_fails(const char *tsv, ap_status status, const char *message) {
    ap_error err = AP_ERROR_INIT;
    ap__document_words words;
    assert_fails(ap__document_words_from_tsv(&words, tsv, strlen(tsv), &err), status, &err, message);
    ap__document_words_clear(&words);
}

void test_tables_that_cannot_be(void **state) {
    (void)state;
    table_fails(NAMES WORD, AP_EFORMAT, "a word stands before its page");
    table_fails(NAMES PAGE "5\t1\n", AP_EFORMAT, "line 3: expected twelve columns");
    table_fails(NAMES "x\t1\t1\t1\t1\t1\t20\t10\t31\t15\t96\ta\n", AP_EFORMAT,
                "line 2: expected twelve columns");
    table_fails(NAMES "1\t1\t0\t0\t0\t0\t0\t0\t99999999999999999999\t100\t-1\t\n", AP_EFORMAT, "line 2");
    table_fails(NAMES "\xFF", AP_EUTF8, "what tesseract prints is not UTF-8");
}

/* -- a program in its place ---------------------------------------------------------------------------- */

static char *path_before;

/* A tesseract that writes down how it was called, and prints a table. */
static void install(const ap__path *folder, const char *script) {
    char text[2 * AP__PATH_MAX];
    snprintf(text, sizeof text, "#!/bin/sh\nprintf '%%s|' \"$@\" >'%s/called'\n%s\n", folder->text, script);
    ap__path program = tempdir_write_text(folder, "tesseract", text);
    chmod(program.text, 0755);
    path_before = strdup(getenv("PATH"));
    setenv("PATH", folder->text, 1);
}

static void uninstall(void) {
    setenv("PATH", path_before, 1);
    free(path_before);
}

static void expect_call(const ap__path *folder, const char *expected) {
    char path[AP__PATH_MAX + 8], got[512] = "";
    snprintf(path, sizeof path, "%s/called", folder->text);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(got, sizeof got, file));
    fclose(file);
    assert_string_equal(got, expected);
}

void test_tesseract(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap__path folder;
    ap__document_words words;
    tempdir_create(&folder);
    install(&folder, "printf '%b' '" NAMES PAGE WORD "'");
    ap__ocr_options options = {"eng+deu", "--psm 6  -c tessedit_char_whitelist=abc"};
    assert_ok(ap__document_words_ocr(&words, "-page.png", &options, &err), &err);
    assert_int_equal(words.n, 1);
    ap__document_words_clear(&words);
    expect_call(
        &folder,
        "./-page.png|stdout|-l|eng+deu|-c|tessedit_create_tsv=1|--psm|6|-c|tessedit_char_whitelist=abc|");
    uninstall();
    tempdir_remove(&folder);
}

static void ocr_fails(const ap__ocr_options *options, ap_status status, const char *message) {
    ap_error err = AP_ERROR_INIT;
    ap__document_words words;
    assert_fails(ap__document_words_ocr(&words, "page.png", options, &err), status, &err, message);
    ap__document_words_clear(&words);
}

void test_tesseract_that_fails(void **state) {
    (void)state;
    ap__path folder;
    const ap__ocr_options none = {NULL, NULL}, lang = {"eng;rm", NULL}, config = {NULL, "--psm 6 nobatch"};
    const ap__ocr_options file = {NULL, "-c debug_file=/x"}, number = {NULL, "--psm x"},
                          lone = {NULL, "--psm"};
    tempdir_create(&folder);
    install(&folder, "exit 1");
    ocr_fails(&none, AP_EIO, "failed with exit status 1");
    ocr_fails(&lang, AP_EINVAL, "parameter lang");
    ocr_fails(&config, AP_EUNSUPPORTED, "\"nobatch\"");
    ocr_fails(&file, AP_EUNSUPPORTED, "\"-c\"");
    ocr_fails(&number, AP_EUNSUPPORTED, "\"--psm\"");
    ocr_fails(&lone, AP_EUNSUPPORTED, "\"--psm\"");
    uninstall();
    tempdir_remove(&folder);
}

void test_no_tesseract(void **state) {
    (void)state;
    ap__path folder;
    const ap__ocr_options none = {NULL, NULL};
    tempdir_create(&folder);
    path_before = strdup(getenv("PATH"));
    setenv("PATH", folder.text, 1);
    ocr_fails(&none, AP_EUNSUPPORTED, "not installed");
    uninstall();
    tempdir_remove(&folder);
}

static ap_status read_table(void *ctx, ap_error *err) {
    static const char tsv[] = NAMES PAGE WORD WORD;
    ap__document_words words;
    (void)ctx;
    ap_status status = ap__document_words_from_tsv(&words, tsv, sizeof tsv - 1, err);
    ap__document_words_clear(&words);
    return status;
}

void test_torture(void **state) {
    (void)state;
    torture(read_table, NULL);
}

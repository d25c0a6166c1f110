/* What is refused when a tokenizer.json is read, and how the message says it. */
#include "unit/support/check.h"
#include "unit/tokenizer/toy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void refuse(const char *model, const char *more, ap_status status, const char *text) {
    ap_error err = AP_ERROR_INIT;
    ap__tokenizer *t;
    assert_fails(toy_try(&t, model, more, &err), status, &err, text);
    assert_null(t);
}

void test_components(void **state) {
    (void)state;
    refuse(TOY_WORD_LEVEL, "\"normalizer\":{\"type\":\"NFX\"},", AP_EUNSUPPORTED,
           "tokenizer.json: normalizer.type: normalizer \"NFX\" is not supported; did you mean");
    refuse(TOY_WORD_LEVEL, "\"decoder\":{\"type\":\"Zip\"},", AP_EUNSUPPORTED,
           "decoder \"Zip\" is not supported");
    refuse(TOY_WORD_LEVEL, "\"pre_tokenizer\":{\"kind\":1},", AP_EFORMAT,
           "pre_tokenizer.type: expected the name of a pre-tokenizer, found nothing");
    refuse(TOY_WORD_LEVEL, "\"normalizer\":[],", AP_EFORMAT, "normalizer: expected an object, found a list");
    refuse("{\"type\":\"GPT\"}", "", AP_EUNSUPPORTED, "model \"GPT\" is not supported");
    refuse("null", "", AP_EFORMAT, "model: expected an object, found null");
}

void test_members(void **state) {
    (void)state;
    refuse(TOY_WORD_LEVEL, "\"normalizer\":{\"type\":\"Strip\",\"strip_left\":1,\"strip_right\":true},",
           AP_EFORMAT, "normalizer.strip_left: expected true or false, found a number");
    refuse(TOY_WORD_LEVEL,
           "\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Digits\"}]},", AP_EFORMAT,
           "pre_tokenizer.pretokenizers[0].individual_digits: expected true or false, found nothing");
    refuse(TOY_WORD_LEVEL,
           "\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(\"},\"behavior\":\"Isolated\","
           "\"invert\":false},",
           AP_EFORMAT, "pre_tokenizer.pattern.Regex: not a regular expression: ");
    refuse(TOY_WORD_LEVEL,
           "\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"String\":\"a\"},\"behavior\":\"isolated\","
           "\"invert\":false},",
           AP_EFORMAT, "behavior: expected one of Removed, Isolated");
    refuse(TOY_WORD_LEVEL, "\"version\":\"2.0\",", AP_EUNSUPPORTED, "version: expected \"1.0\", found 2.0");
}

void test_old_spellings(void **state) {
    (void)state;
    ap__tokenizer *t =
        toy_make("{\"vocab\":{\"a\":0,\"b\":1,\"ab\":2},\"merges\":[\"#version: 0.2\",\"a b\"]}", "");
    assert_string_equal("2", toy_ids(t, "ab"));
    ap__tokenizer_destroy(t);
    t = toy_make(TOY_WORD_LEVEL,
                 "\"normalizer\":{\"prepend\":\"a\"},\"pre_tokenizer\":{\"type\":\"Metaspace\","
                 "\"replacement\":\"_\",\"str_rep\":\"_\",\"add_prefix_space\":true},");
    assert_string_equal("0", toy_ids(t, "b"));
    ap__tokenizer_destroy(t);
    refuse(TOY_WORD_LEVEL,
           "\"decoder\":{\"type\":\"Metaspace\",\"replacement\":\"_\",\"add_prefix_space\":false,\"prepend_"
           "scheme\":\"always\"},",
           AP_EFORMAT, "is false, but prepend_scheme is not \"never\"");
}

/* A RobertaProcessing of before trim_offsets is what the reference reads it as. */
void test_old_post_processor(void **state) {
    (void)state;
    ap__tokenizer *t = toy_make(
        TOY_WORD_LEVEL, "\"pre_tokenizer\":{\"type\":\"WhitespaceSplit\"},\"post_processor\":"
                        "{\"type\":\"RobertaProcessing\",\"cls\":[\"[CLS]\",7],\"sep\":[\"[SEP]\",8]},");
    assert_int_equal(3, ap__tokenizer_n_special_added(t, true));
    ap__tokenizer_destroy(t);
}

void test_merges(void **state) {
    (void)state;
#define VOCAB "{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":1,\"ab\":2},\"merges\":"
    refuse(VOCAB "[[\"a\",\"c\"]]}", "", AP_EFORMAT, "model.merges: merge 0: ");
    refuse(VOCAB "[[\"b\",\"a\"]]}", "", AP_EFORMAT, "model.merges: merge 0: ");
    refuse(VOCAB "[[\"a\",\"b\",\"c\"]]}", "", AP_EFORMAT, "expected a list of two strings");
    refuse(VOCAB "[\"a b c\"]}", "", AP_EFORMAT, "expected a string of two tokens with a space between them");
    refuse(VOCAB "[\"a b\",[\"a\",\"b\"]]}", "", AP_EFORMAT, "merge 1: expected a string of two tokens");
    refuse(VOCAB "[],\"dropout\":0.1}", "", AP_EUNSUPPORTED, "random dropout of merges");
    refuse("{\"type\":\"BPE\",\"vocab\":{\"a\":-1},\"merges\":[]}", "", AP_EFORMAT,
           "token \"a\": expected an id below");
    refuse("{\"type\":\"BPE\",\"vocab\":{\"a\":4294967295},\"merges\":[]}", "", AP_EFORMAT,
           "expected an id below");
    refuse("{\"type\":\"BPE\",\"vocab\":{\"a\":4000000000},\"merges\":[]}", "", AP_ELIMIT, "id 4000000000");
#undef VOCAB
}

void test_unigram(void **state) {
    (void)state;
    refuse("{\"type\":\"Unigram\",\"unk_id\":1,\"vocab\":[[\"a\",0]]}", "", AP_EFORMAT,
           "model.unk_id: expected an id below 1, found 1");
    refuse("{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":[[\"a\"]]}", "", AP_EFORMAT,
           "model.vocab[0]: expected a list of a token and its score");
    refuse("{\"type\":\"Unigram\",\"vocab\":[[\"a\",\"b\"]]}", "", AP_EFORMAT, "model.vocab[0]");
}

static void refuse_text(const char *json, size_t len, ap_status status, const char *text) {
    ap_error err = AP_ERROR_INIT;
    ap__tokenizer *t;
    assert_fails(ap__tokenizer_from_json(&t, json, len, "tokenizer.json", &err), status, &err, text);
    assert_null(t);
}

void test_long_patterns(void **state) {
    (void)state;
    static char pattern[30001], more[70000];
    memset(pattern, 'a', sizeof pattern - 1);
    const char *const one = "{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"%s\"},\"content\":\"\"}";
    int len = snprintf(more, sizeof more, "\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[");
    len += snprintf(more + len, sizeof more - (size_t)len, one, pattern);
    more[len++] = ',';
    len += snprintf(more + len, sizeof more - (size_t)len, one, pattern);
    snprintf(more + len, sizeof more - (size_t)len, "]},");
    refuse(TOY_WORD_LEVEL, more, AP_ELIMIT,
           "normalizer.normalizers[1].pattern.Regex: more than 32768 bytes of regular expressions");
}

static void repeat_normalizer(char *more, size_t size, int n, const char *one) {
    int len = snprintf(more, size, "\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[%s", one);
    for (int i = 1; i < n; i++) len += snprintf(more + len, size - (size_t)len, ",%s", one);
    snprintf(more + len, size - (size_t)len, "]},");
}

void test_many_components(void **state) {
    (void)state;
    static char more[1 << 16];
    repeat_normalizer(more, sizeof more, 2000, "{\"type\":\"NFC\"}");
    refuse(TOY_WORD_LEVEL, more, AP_ELIMIT, "normalizer.normalizers[1022]: more than 1024 components");
    repeat_normalizer(more, sizeof more, 40,
                      "{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"},\"content\":\"aa\"}");
    ap_error err = AP_ERROR_INIT;
    ap__encoding e = {0};
    ap__tokenizer *t = toy_make(TOY_WORD_LEVEL, more);
    assert_fails(ap__tokenizer_encode(&e, t, toy_text("a"), NULL, NULL, &err), AP_ELIMIT, &err,
                 "normalized text would be longer than");
    ap__tokenizer_destroy(t);
}

void test_sizes(void **state) {
    (void)state;
    refuse_text("", 0, AP_EFORMAT, "tokenizer.json: not JSON: it is empty");
    refuse_text("[]", 2, AP_EFORMAT, "expected an object, found a list");
    refuse_text("{", 1, AP_EFORMAT, "not JSON");
    refuse_text("{}", (size_t)1 << 40, AP_ELIMIT, "tokenizer.json is 1099511627776 bytes long");
    char nested[4096] = "";
    for (int i = 0; i < 40; i++) strcat(nested, "{\"type\":\"Sequence\",\"normalizers\":[");
    strcat(nested, "]}");
    for (int i = 1; i < 40; i++) strcat(nested, "]}");
    char more[4200];
    snprintf(more, sizeof more, "\"normalizer\":%s,", nested);
    refuse(TOY_WORD_LEVEL, more, AP_ELIMIT, "components are nested more than 16 deep");
}

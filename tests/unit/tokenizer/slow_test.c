/* Classes that transformers runs in Python, against what it makes of random folders and texts. */
#include "base/alloc.h"
#include "tokenizer/clean_up.h"
#include "tokenizer/ctc.h"
#include "tokenizer/languages.h"
#include "tokenizer/tokenizer_impl.h"

#include "unit/support/check.h"
#include "unit/support/tempdir.h"
#include "unit/tokenizer/convert/folders.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_IDS = 4096 };

static size_t n_failed;
static char first_failure[512];

static void report(yyjson_val *expected, const char *what, const char *detail) {
    const char *name = yyjson_get_str(yyjson_obj_get(expected, "name"));
    if (getenv("AP_TEST_VERBOSE")) print_message("%s: %s: %s\n", name, what, detail);
    if (!n_failed++) snprintf(first_failure, sizeof first_failure, "%s: %s: %.300s", name, what, detail);
}

static bool is_same(yyjson_val *list, const uint32_t *ids, size_t n) {
    if (yyjson_arr_size(list) != n) return false;
    for (size_t i = 0; i < n; i++)
        if (yyjson_get_uint(yyjson_arr_get(list, i)) != ids[i]) return false;
    return true;
}

/* `ids` is null where the reference gives none. */
static void check_with(yyjson_val *expected, const ap__tokenizer *t, yyjson_val *ids, ap__text text,
                       const ap__text *pair, const ap__encode_options *options) {
    ap_error err = AP_ERROR_INIT;
    ap__encoding encoding;
    ap_status status = ap__tokenizer_encode(&encoding, t, text, pair, options, &err);
    if (!status != !yyjson_is_null(ids)) report(expected, text.ptr, status ? err.message : "worked");
    if (status || yyjson_is_null(ids)) {
        ap__encoding_clear(&encoding);
        return;
    }
    if (!is_same(ids, encoding.ids, encoding.n)) report(expected, "ids", text.ptr);
    for (size_t i = 0; i < encoding.n; i++) assert_true(encoding.offsets_bytes[i].end <= text.len || pair);
    ap__encoding_clear(&encoding);
}

static void check_ids(yyjson_val *expected, const ap__tokenizer *t, yyjson_val *ids, ap__text text,
                      const ap__source_language *language) {
    check_with(expected, t, ids, text, NULL,
               &(const ap__encode_options){.add_special_tokens = true, .source_language = language});
}

static ap__encode_options cut_to(size_t length) {
    return (ap__encode_options){.add_special_tokens = true,
                                .truncation = AP__TRUNCATION_LONGEST_FIRST,
                                .max_length = length,
                                .skip_overflowing = true};
}

static void check_pairs(yyjson_val *expected, const ap__tokenizer *t) {
    static const size_t ROOMS[] = {2, 3, 5, 6, 9};
    const ap__text text = {"the dog", 7}, pair = {"a fox of the", 12};
    yyjson_val *pairs = yyjson_obj_get(expected, "pairs");
    size_t n_special = yyjson_get_uint(yyjson_obj_get(expected, "room"));
    assert_int_equal(yyjson_arr_size(pairs), 6);
    if (n_special != ap__tokenizer_n_special_added(t, true)) report(expected, "room", "differs");
    check_with(expected, t, yyjson_arr_get(pairs, 0), text, &pair,
               &(const ap__encode_options){.add_special_tokens = true});
    for (size_t i = 0; i < sizeof ROOMS / sizeof *ROOMS; i++) {
        const ap__encode_options options = cut_to(n_special + ROOMS[i]);
        check_with(expected, t, yyjson_arr_get(pairs, i + 1), text, &pair, &options);
    }
}

static void check_text(yyjson_val *expected, const ap__tokenizer *t, yyjson_val *item) {
    yyjson_val *text = yyjson_obj_get(item, "text");
    const ap__text bytes = {yyjson_get_str(text), yyjson_get_len(text)};
    const ap__encode_options plain = {0}, cut = cut_to(yyjson_get_uint(yyjson_obj_get(item, "length")));
    check_ids(expected, t, yyjson_obj_get(item, "ids"), bytes, NULL);
    check_with(expected, t, yyjson_obj_get(item, "plain"), bytes, NULL, &plain);
    if (yyjson_obj_get(item, "cut")) check_with(expected, t, yyjson_obj_get(item, "cut"), bytes, NULL, &cut);
}

static void check_decoded(yyjson_val *expected, const ap__tokenizer *t, yyjson_val *json, yyjson_val *list,
                          bool is_skipping) {
    ap_error err = AP_ERROR_INIT;
    uint32_t ids[MAX_IDS];
    yyjson_val *text = yyjson_obj_get(json, is_skipping ? "skip" : "keep");
    size_t n = yyjson_arr_size(list), len;
    char *found;
    assert_true(n <= MAX_IDS);
    for (size_t i = 0; i < n; i++) ids[i] = (uint32_t)yyjson_get_uint(yyjson_arr_get(list, i));
    assert_ok(ap__tokenizer_decode(&found, &len, t, ids, n, is_skipping, &err), &err);
    if (ap__tokenizer_get_config(t)->clean_up_tokenization_spaces)
        len = ap__clean_up_tokenization_spaces(found, len);
    if (len != yyjson_get_len(text) || memcmp(found, yyjson_get_str(text), len) != 0)
        report(expected, is_skipping ? "skip" : "keep", yyjson_get_str(text));
    ap__free(found);
}

static void check_language(yyjson_val *expected, const ap__tokenizer *t) {
    ap_error err = AP_ERROR_INIT;
    yyjson_val *json = yyjson_obj_get(expected, "language");
    const char *name = yyjson_get_str(yyjson_obj_get(json, "name"));
    ap__source_language *language;
    uint32_t id;
    assert_true(ap__tokenizer_has_languages(t) == (json != NULL));
    if (!json) return;
    assert_ok(ap__source_language_create(&language, t, name, &err), &err);
    check_ids(expected, t, yyjson_obj_get(json, "ids"), (ap__text){"the dog", 7}, language);
    ap__source_language_destroy(language);
    assert_ok(ap__target_language_id(&id, t, name, &err), &err);
    assert_int_equal(yyjson_get_uint(yyjson_obj_get(json, "id")), id);
    assert_fails(ap__target_language_id(&id, t, "xx", &err), AP_EKEY, &err, "\"xx\" is no language of a ");
}

static bool are_spans(yyjson_val *list, const ap__ctc_span *spans, size_t n) {
    if (yyjson_arr_size(list) != n) return false;
    for (size_t i = 0; i < n; i++) {
        yyjson_val *item = yyjson_arr_get(list, i), *text = yyjson_arr_get(item, 0);
        if (yyjson_get_len(text) != spans[i].text.len ||
            memcmp(yyjson_get_str(text), spans[i].text.ptr, spans[i].text.len) != 0 ||
            yyjson_get_uint(yyjson_arr_get(item, 1)) != spans[i].start ||
            yyjson_get_uint(yyjson_arr_get(item, 2)) != spans[i].end)
            return false;
    }
    return true;
}

static void check_ctc(yyjson_val *expected, const ap__tokenizer *t) {
    ap_error err = AP_ERROR_INIT;
    yyjson_val *item, *list = yyjson_obj_get(expected, "ctc");
    size_t i, max;
    ap__ctc_text found;
    if (!list) {
        assert_fails(ap__ctc_decode(&found, t, NULL, 0, &(ap__ctc_options){0}, &err), AP_EUNSUPPORTED, &err,
                     "only a Wav2Vec2CTCTokenizer");
        return;
    }
    yyjson_arr_foreach(list, i, max, item) {
        yyjson_val *ids = yyjson_obj_get(item, "ids"), *text = yyjson_obj_get(item, "text");
        const ap__ctc_options options = {yyjson_get_bool(yyjson_obj_get(item, "skip")),
                                         !yyjson_get_bool(yyjson_obj_get(item, "group")),
                                         yyjson_get_bool(yyjson_obj_get(item, "spaced"))};
        uint32_t frames[MAX_IDS];
        size_t n = yyjson_arr_size(ids);
        assert_true(n <= MAX_IDS);
        for (size_t k = 0; k < n; k++) frames[k] = (uint32_t)yyjson_get_uint(yyjson_arr_get(ids, k));
        assert_ok(ap__ctc_decode(&found, t, frames, n, &options, &err), &err);
        if (found.text.len != yyjson_get_len(text) ||
            memcmp(found.text.ptr, yyjson_get_str(text), found.text.len) != 0)
            report(expected, "ctc text", yyjson_get_str(text));
        if (!are_spans(yyjson_obj_get(item, "chars"), found.chars, found.n_chars))
            report(expected, "ctc chars", yyjson_get_str(text));
        if (!are_spans(yyjson_obj_get(item, "words"), found.words, found.n_words))
            report(expected, "ctc words", yyjson_get_str(text));
        ap__ctc_clear(&found);
    }
}

static void check_tokenizer(yyjson_val *expected, const ap__tokenizer *t) {
    yyjson_val *item, *eos = yyjson_obj_get(expected, "eos");
    size_t i, max;
    if (yyjson_get_uint(yyjson_obj_get(expected, "size")) != ap__tokenizer_get_vocab_size(t))
        report(expected, "size", "differs");
    assert_int_equal(yyjson_is_null(eos) ? AP__TOKEN_NONE : yyjson_get_uint(eos),
                     ap__tokenizer_get_config(t)->eos_token_id);
    check_pairs(expected, t);
    check_language(expected, t);
    check_ctc(expected, t);
    yyjson_arr_foreach(yyjson_obj_get(expected, "encodings"), i, max, item) {
        yyjson_val *given = yyjson_obj_get(item, "given"), *ids = given ? given : yyjson_obj_get(item, "ids");
        if (!given) check_text(expected, t, item);
        if (!yyjson_obj_get(item, "keep")) continue;
        check_decoded(expected, t, item, ids, false);
        check_decoded(expected, t, item, ids, true);
    }
}

static void check_folder(yyjson_val *expected) {
    ap_error err = AP_ERROR_INIT;
    ap__tokenizer *t;
    ap__path folder;
    folders_make(&folder, yyjson_obj_get(expected, "files"));
    ap_status status = ap__tokenizer_load(&t, folder.text, &err);
    if (!status != !yyjson_obj_get(expected, "error"))
        report(expected, "loading", status ? err.message : "worked");
    else if (!status)
        check_tokenizer(expected, t);
    ap__tokenizer_destroy(t);
    tempdir_remove(&folder);
}

void test_random_folders(void **state) {
    (void)state;
    size_t n;
    yyjson_doc **cases = folders_read(&n, "tokenizers-slow");
    for (size_t i = 0; i < n; i++) check_folder(yyjson_doc_get_root(cases[i]));
    folders_free(cases, n);
    assert_true(n > 10);
    if (n_failed) fail_msg("%zu differences in %zu folders; first %s", n_failed, n, first_failure);
}

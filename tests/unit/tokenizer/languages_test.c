/* Tokenizers that translate between many languages: what stands beside a text, and what generation begins
 * with.
 */
#include "base/alloc.h"
#include "tokenizer/languages.h"

#include "unit/support/check.h"
#include "unit/support/tempdir.h"
#include "unit/tokenizer/toy.h"

#include <stdio.h>
#include <string.h>

static ap__path folder;

#define WORDS                                                                                                \
    "{\"pre_tokenizer\":{\"type\":\"WhitespaceSplit\"},\"model\":{\"type\":\"WordLevel\",\"unk_token\":"     \
    "\"<unk>\",\"vocab\":{\"</s>\":0,\"<unk>\":1,\"a\":2,\"b\":3,\"eng_Latn\":4,\"deu_Latn\":5,"             \
    "\"__eng__\":6,\"__deu__\":7,\"en_XX\":8,\"de_DE\":9}}}"

int test_setup(void **state) {
    (void)state;
    tempdir_create(&folder);
    tempdir_write_text(&folder, "tokenizer.json", WORDS);
    return 0;
}

int test_teardown(void **state) {
    (void)state;
    tempdir_remove(&folder);
    return 0;
}

static ap__tokenizer *load(const char *config) {
    ap_error err = AP_ERROR_INIT;
    ap__tokenizer *t;
    tempdir_write_text(&folder, "tokenizer_config.json", config);
    assert_ok(ap__tokenizer_load(&t, folder.text, &err), &err);
    return t;
}

/* The ids of "a" in a language, or of ("a", "b"). */
static const char *ids_from(const ap__tokenizer *t, const char *src_lang, bool is_pair) {
    static char out[128];
    ap_error err = AP_ERROR_INIT;
    ap__source_language *language = NULL;
    ap__encoding encoding;
    ap__encode_options options = {.add_special_tokens = true};
    const ap__text a = {"a", 1}, b = {"b", 1};
    size_t len = 0;
    if (src_lang) assert_ok(ap__source_language_create(&language, t, src_lang, &err), &err);
    options.source_language = language;
    assert_ok(ap__tokenizer_encode(&encoding, t, a, is_pair ? &b : NULL, &options, &err), &err);
    for (size_t i = 0; i < encoding.n; i++)
        len += (size_t)snprintf(out + len, sizeof out - len, "%s%u", i ? " " : "", encoding.ids[i]);
    ap__encoding_clear(&encoding);
    ap__source_language_destroy(language);
    return out;
}

static uint32_t target(const ap__tokenizer *t, const char *tgt_lang) {
    ap_error err = AP_ERROR_INIT;
    uint32_t id;
    assert_ok(ap__target_language_id(&id, t, tgt_lang, &err), &err);
    return id;
}

void test_before_text(void **state) {
    (void)state;
    ap__tokenizer *t = load("{\"tokenizer_class\":\"NllbTokenizer\",\"eos_token\":\"</s>\"}");
    assert_true(ap__tokenizer_has_languages(t));
    assert_string_equal("4 2 0", ids_from(t, NULL, false));
    assert_string_equal("5 2 0", ids_from(t, "deu_Latn", false));
    assert_string_equal("5 2 3 0", ids_from(t, "deu_Latn", true));
    assert_string_equal("4 2 0", ids_from(t, NULL, false)); /* The tokenizer's own stays. */
    assert_int_equal(5, target(t, "deu_Latn"));
    ap__tokenizer_destroy(t);
}

void test_behind_text(void **state) {
    (void)state;
    ap__tokenizer *t = load("{\"tokenizer_class\":\"NllbTokenizer\",\"legacy_behaviour\":true}");
    assert_string_equal("2 0 4", ids_from(t, NULL, false));
    assert_string_equal("2 0 5", ids_from(t, "deu_Latn", false));
    ap__tokenizer_destroy(t);
    t = load("{\"tokenizer_class\":\"MBartTokenizer\",\"src_lang\":\"de_DE\"}");
    assert_string_equal("2 0 9", ids_from(t, NULL, false));
    assert_string_equal("2 0 8", ids_from(t, "en_XX", false));
    ap__tokenizer_destroy(t);
}

/* SeamlessM4T writes codes with underlines, and is loaded with its target language. */
void test_underlined(void **state) {
    (void)state;
    ap__tokenizer *t = load("{\"tokenizer_class\":\"SeamlessM4TTokenizer\",\"tgt_lang\":\"deu\"}");
    assert_string_equal("0 7 2 0", ids_from(t, NULL, false));
    assert_string_equal("6 2 0", ids_from(t, "eng", false));
    assert_string_equal("6 2 0", ids_from(t, "__eng__", false));
    assert_int_equal(7, target(t, "deu"));
    ap__tokenizer_destroy(t);
}

/* As the reference's convert_tokens_to_ids(). */
void test_unknown_is_unknown_token(void **state) {
    (void)state;
    ap__tokenizer *t = load("{\"tokenizer_class\":\"NllbTokenizer\",\"unk_token\":\"<unk>\"}");
    assert_string_equal("1 2 0", ids_from(t, "xyz_Latn", false));
    assert_int_equal(1, target(t, "xyz_Latn"));
    ap__tokenizer_destroy(t);
}

void test_refused(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap__source_language *language;
    uint32_t id;
    char long_code[300];
    memset(long_code, 'x', sizeof long_code - 1);
    long_code[sizeof long_code - 1] = '\0';
    ap__tokenizer *t = load("{\"tokenizer_class\":\"BertTokenizer\"}");
    assert_false(ap__tokenizer_has_languages(t));
    assert_fails(ap__source_language_create(&language, t, "en", &err), AP_EINVAL, &err,
                 "a BertTokenizer has no languages to choose from");
    assert_null(language);
    assert_fails(ap__target_language_id(&id, t, "en", &err), AP_EINVAL, &err,
                 "a BertTokenizer has no languages to choose from");
    ap__tokenizer_destroy(t);
    t = load("{\"tokenizer_class\":\"NllbTokenizer\"}");
    assert_int_equal(AP_EINVAL, ap__source_language_create(&language, t, long_code, &err));
    ap__tokenizer_destroy(t);
}

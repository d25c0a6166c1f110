/* What stands beside a text in its language.
 * Source: transformers@v4.55.4 set_src_lang_special_tokens and _build_translation_inputs of
 * models/mbart/tokenization_mbart_fast.py, models/mbart50/tokenization_mbart50_fast.py,
 * models/nllb/tokenization_nllb_fast.py, models/m2m_100/tokenization_m2m_100.py,
 * models/seamless_m4t/tokenization_seamless_m4t_fast.py. */
#include "base/alloc.h"
#include "base/error.h"
#include "tokenizer/languages_impl.h"
#include "tokenizer/template_maker.h"
#include "tokenizer/tokenizer_impl.h"

#include <stdio.h>
#include <string.h>

/* Longest token of a language. */
enum { MAX_TOKEN = 128 };

/* The language tokens as they are called in the vocabulary. */
static ap_status token_of(const ap__tokenizer *tokenizer, const char *language, char out[MAX_TOKEN],
                          ap_error *err) {
    const ap__language_rules *rules = &tokenizer->languages;
    bool is_bare = rules->are_underlined && (rules->codes || !strstr(language, "__"));
    int n = snprintf(out, MAX_TOKEN, is_bare ? "__%s__" : "%s", language);
    if (n < 0 || n >= MAX_TOKEN)
        return ap__fail(err, AP_EINVAL, "\"%.60s\" is no language of a %s", language,
                        tokenizer->config.tokenizer_class);
    for (size_t i = 0; rules->codes; i++) {
        if (!rules->codes[i])
            return ap__fail(err, AP_EINVAL, "\"%.60s\" is no language of a %s; it knows %s, %s, %s and so on",
                            language, tokenizer->config.tokenizer_class, rules->codes[0], rules->codes[1],
                            rules->codes[2]);
        if (!strcmp(rules->codes[i], language)) break;
    }
    return AP_OK;
}

/* -- the template -------------------------------------------------------------------------------------- */

/* Up to two tokens before the texts and behind them. */
static ap_status put_around(ap__template_maker *m, const char *const before[2], const char *const behind[2]) {
    ap_status status = AP_OK;
    for (int is_pair = 0; is_pair < 2 && !status; is_pair++) {
        yyjson_mut_val *list = is_pair ? m->pair : m->single;
        for (int i = 0; i < 2 && !status; i++)
            if (before[i]) status = ap__template_put_token(m, list, before[i], 0);
        ap__template_put_sequence(m, list, "A", 0);
        if (is_pair) ap__template_put_sequence(m, list, "B", 0);
        for (int i = 0; i < 2 && !status; i++)
            if (behind[i]) status = ap__template_put_token(m, list, behind[i], 0);
    }
    return status;
}

/* Where the token of the language stands. */
typedef enum language_place { BEFORE, BEHIND, AFTER_EOS } language_place;

static ap_status make(ap__processor *out, const ap__tokenizer *tokenizer, ap__loader *loader,
                      const char *token, language_place place) {
    static const char *const NONE[2] = {NULL, NULL};
    const char *eos = tokenizer->config.eos_token, *const ends[2] = {eos, NULL};
    const char *const first[2] = {token, NULL}, *const last[2] = {eos, token};
    ap__template_maker m;
    ap_status status = ap__template_begin(&m, tokenizer, loader);
    if (!status && place == BEHIND) status = put_around(&m, NONE, last);
    if (!status && place == BEFORE) status = put_around(&m, first, ends);
    if (!status && place == AFTER_EOS) status = put_around(&m, last, ends);
    if (!status) status = ap__template_finish(&m, out);
    ap__template_clear(&m);
    return status;
}

/* -- loading ------------------------------------------------------------------------------------------- */

static const char *text_or(yyjson_val *config, const char *key, const char *standard) {
    const char *text = yyjson_get_str(yyjson_obj_get(config, key));
    return text ? text : standard;
}

static ap_status read_rules(ap__loader *loader, yyjson_val *config, const ap__tokenizer_class *class_) {
    ap__language_rules *rules = &loader->tokenizer->languages;
    rules->is_known = true;
    rules->is_behind = class_->kind == AP__CLASS_LANG_LAST;
    rules->are_underlined = class_->kind == AP__CLASS_LANG_SEAMLESS;
    if (!loader->tokenizer->config.eos_token)
        return ap__loader_fail(loader, AP_EFORMAT, "eos_token", "is needed behind a text, and there is none");
    if (class_->kind != AP__CLASS_LANG_NLLB) return AP_OK;
    return ap__get_bool(loader, config, "legacy_behaviour", false, &rules->is_behind);
}

/* mBART-50 refuses a folder whose own language it does not know. */
static ap_status check_language(ap__loader *loader, const ap__tokenizer_class *class_, const char *language) {
    const ap__class_extra *extra = ap__class_extra_find(class_->name);
    if (class_->kind != AP__CLASS_LANG_FIRST) return AP_OK;
    for (size_t i = 0; extra->own && extra->own[i]; i++)
        if (!strcmp(extra->own[i], language)) return AP_OK;
    return ap__loader_fail(loader, AP_EFORMAT, "src_lang", "\"%.60s\" is no language of a %s", language,
                           class_->name);
}

/* SeamlessM4T is left with the template of its target language, which it sets last. */
ap_status ap__languages_apply(ap__loader *loader, yyjson_val *config, const ap__tokenizer_class *class_) {
    ap__tokenizer *tokenizer = loader->tokenizer;
    bool is_seamless = class_->kind == AP__CLASS_LANG_SEAMLESS;
    const char *standard = class_->kind == AP__CLASS_LANG_NLLB ? "eng_Latn" : "en_XX";
    const char *language =
        is_seamless ? text_or(config, "tgt_lang", "fra") : text_or(config, "src_lang", standard);
    char token[MAX_TOKEN];
    ap_status status = read_rules(loader, config, class_);
    if (!status) status = check_language(loader, class_, language);
    if (!status && token_of(tokenizer, language, token, NULL))
        status = ap__loader_fail(loader, AP_EFORMAT, is_seamless ? "tgt_lang" : "src_lang",
                                 "expected the code of a language, found \"%.60s\"", language);
    if (status) return status;
    language_place place = is_seamless ? AFTER_EOS : tokenizer->languages.is_behind ? BEHIND : BEFORE;
    return make(&tokenizer->processor, tokenizer, loader, token, place);
}

/* -- translating --------------------------------------------------------------------------------------- */

bool ap__tokenizer_has_languages(const ap__tokenizer *tokenizer) { return tokenizer->languages.is_known; }

static ap_status check_known(const ap__tokenizer *tokenizer, ap_error *err) {
    if (tokenizer->languages.is_known) return AP_OK;
    return ap__fail(err, AP_EINVAL, "a %s has no languages to choose from",
                    tokenizer->config.tokenizer_class[0] ? tokenizer->config.tokenizer_class
                                                         : "tokenizer of no known class");
}

ap_status ap__source_language_create(ap__source_language **out, const ap__tokenizer *tokenizer,
                                     const char *src_lang, ap_error *err) {
    char token[MAX_TOKEN];
    *out = NULL;
    ap_status status = check_known(tokenizer, err);
    if (!status) status = token_of(tokenizer, src_lang, token, err);
    if (status) return status;
    ap__source_language *language = ap__calloc(1, sizeof *language);
    if (!language) return ap__fail_nomem(err);
    ap__loader loader = {.arena = &language->arena, .file = "src_lang", .err = err};
    status = make(&language->processor, tokenizer, &loader, token,
                  tokenizer->languages.is_behind ? BEHIND : BEFORE);
    if (status)
        ap__source_language_destroy(language);
    else
        *out = language;
    return status;
}

void ap__source_language_destroy(ap__source_language *language) {
    if (!language) return;
    ap__arena_clear(&language->arena);
    ap__free(language);
}

ap_status ap__target_language_id(uint32_t *out, const ap__tokenizer *tokenizer, const char *tgt_lang,
                                 ap_error *err) {
    char token[MAX_TOKEN];
    *out = AP__TOKEN_NONE;
    ap_status status = check_known(tokenizer, err);
    if (!status) status = token_of(tokenizer, tgt_lang, token, err);
    if (status) return status;
    *out = ap__tokenizer_token_to_id(tokenizer, token, strlen(token));
    if (*out == AP__TOKEN_NONE) *out = tokenizer->config.unk_token_id;
    if (*out != AP__TOKEN_NONE) return AP_OK;
    return ap__fail(err, AP_EINVAL, "\"%.60s\" is no token, and there is no unknown token", token);
}

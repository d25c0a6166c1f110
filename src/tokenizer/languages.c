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

/* Source: models/m2m_100/tokenization_m2m_100.py FAIRSEQ_LANGUAGE_CODES. */
static const char *const M2M100[] = {
    "af", "am", "ar", "ast", "az", "ba",  "be", "bg", "bn", "br", "bs", "ca", "ceb", "cs", "cy", "da", "de",
    "el", "en", "es", "et",  "fa", "ff",  "fi", "fr", "fy", "ga", "gd", "gl", "gu",  "ha", "he", "hi", "hr",
    "ht", "hu", "hy", "id",  "ig", "ilo", "is", "it", "ja", "jv", "ka", "kk", "km",  "kn", "ko", "lb", "lg",
    "ln", "lo", "lt", "lv",  "mg", "mk",  "ml", "mn", "mr", "ms", "my", "ne", "nl",  "no", "ns", "oc", "or",
    "pa", "pl", "ps", "pt",  "ro", "ru",  "sd", "si", "sk", "sl", "so", "sq", "sr",  "ss", "su", "sv", "sw",
    "ta", "th", "tl", "tn",  "tr", "uk",  "ur", "uz", "vi", "wo", "xh", "yi", "yo",  "zh", "zu", NULL};
static const char *const WMT21[] = {"en", "ha", "is", "ja", "cs", "ru", "zh", "de", NULL};

const char *const *ap__m2m_codes(yyjson_val *config) {
    yyjson_val *name = yyjson_obj_get(config, "language_codes");
    if (!name || yyjson_equals_str(name, "m2m100")) return M2M100;
    return yyjson_equals_str(name, "wmt21") ? WMT21 : NULL;
}

/* Source: models/plbart/tokenization_plbart.py FAIRSEQ_LANGUAGE_CODES, whose "base" has the first three. */
static const char *const PLBART_BASE[] = {"java", "python", "en_XX", NULL};
static const char *const PLBART[] = {"java", "python", "en_XX", "javascript", "php", "ruby", "go", NULL};

const char *const *ap__plbart_codes(yyjson_val *config) {
    yyjson_val *name = yyjson_obj_get(config, "language_codes");
    if (!name || yyjson_equals_str(name, "base")) return PLBART_BASE;
    return yyjson_equals_str(name, "multi") ? PLBART : NULL;
}

/* The token of a language, and its id. */
typedef struct language_token {
    char text[MAX_TOKEN];
    uint32_t id;
} language_token;

static ap_status fail_unknown(const ap__tokenizer *tokenizer, const char *language, ap_error *err) {
    const char *const *codes = tokenizer->languages.codes;
    return ap__fail(err, AP_EKEY, "\"%.60s\" is no language of a %s; it knows %s, %s, %s and so on", language,
                    tokenizer->config.tokenizer_class, codes[0], codes[1], codes[2]);
}

/* Whether the text is the token of the i-th language, of classes that take either for its name. */
static bool is_token_of(const char *text, const ap__language_rules *rules, uint32_t i) {
    size_t len = strlen(rules->codes[i]);
    return rules->takes_tokens && strlen(text) == len + 4 && !strncmp(text, "__", 2) &&
           !strncmp(text + 2, rules->codes[i], len) && !strcmp(text + 2 + len, "__");
}

/* Source: convert_tokens_to_ids(), for which a token that is nowhere is the unknown one, and of M2M100
 * get_lang_id(). */
static ap_status find_token(const ap__tokenizer *tokenizer, const char *language, language_token *out,
                            ap_error *err) {
    const ap__language_rules *rules = &tokenizer->languages;
    bool has_lines = strstr(language, "__") != NULL;
    bool is_bare = rules->are_underlined && ((rules->codes && !rules->takes_tokens) || !has_lines);
    int n = snprintf(out->text, sizeof out->text, is_bare ? "__%s__" : "%s", language);
    if (n < 0 || (size_t)n >= sizeof out->text)
        return ap__fail(err, AP_EINVAL, "\"%.60s\" is no language of a %s", language,
                        tokenizer->config.tokenizer_class);
    for (uint32_t i = 0; rules->codes; i++) {
        if (!rules->codes[i]) return fail_unknown(tokenizer, language, err);
        out->id = rules->first_id + i;
        if (!strcmp(rules->codes[i], language) || is_token_of(out->text, rules, i)) return AP_OK;
    }
    out->id = ap__tokenizer_token_to_id(tokenizer, out->text, (size_t)n);
    if (out->id != AP__TOKEN_NONE) return AP_OK;
    const char *unknown = tokenizer->config.unk_token;
    out->id = tokenizer->config.unk_token_id;
    if (!unknown || out->id == AP__TOKEN_NONE || strlen(unknown) >= sizeof out->text)
        return ap__fail(err, AP_EINVAL, "the language \"%.60s\" is no token, and there is no unknown token",
                        language);
    memcpy(out->text, unknown, strlen(unknown) + 1);
    return AP_OK;
}

/* -- the template -------------------------------------------------------------------------------------- */

/* Where the token of the language stands. */
typedef enum language_place { BEFORE, BEHIND, AFTER_EOS } language_place;

static ap_status put_pieces(ap__template_maker *m, yyjson_mut_val *list, const language_token *token,
                            language_place place) {
    const char *eos = m->tokenizer->config.eos_token;
    ap_status status = place == AFTER_EOS ? ap__template_put_token(m, list, eos, 0) : AP_OK;
    if (place != BEHIND) ap__template_put_id(m, list, token->text, token->id, 0);
    ap__template_put_sequence(m, list, "A", 0);
    if (list == m->pair) ap__template_put_sequence(m, list, "B", 0);
    if (!status) status = ap__template_put_token(m, list, eos, 0);
    if (place == BEHIND) ap__template_put_id(m, list, token->text, token->id, 0);
    return status;
}

static ap_status make(ap__processor *out, const ap__tokenizer *tokenizer, ap__loader *loader,
                      const language_token *token, language_place place) {
    ap__template_maker m;
    ap_status status = ap__template_begin(&m, tokenizer, loader);
    if (!status) status = put_pieces(&m, m.single, token, place);
    if (!status) status = put_pieces(&m, m.pair, token, place);
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
    rules->takes_tokens = class_->kind == AP__CLASS_LANG_PLBART;
    rules->is_behind = class_->kind == AP__CLASS_LANG_LAST || rules->takes_tokens;
    rules->are_underlined = class_->kind >= AP__CLASS_LANG_M2M;
    if (class_->kind == AP__CLASS_LANG_M2M) rules->codes = ap__m2m_codes(config);
    if (rules->takes_tokens) rules->codes = ap__plbart_codes(config);
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

/* The language of a folder that names none; NULL: there is none. */
static const char *standard_of(yyjson_val *config, const ap__tokenizer_class *class_) {
    switch (class_->kind) {
    case AP__CLASS_LANG_NLLB:
        return "eng_Latn";
    case AP__CLASS_LANG_M2M:
        return "en";
    case AP__CLASS_LANG_SEAMLESS:
        return "fra";
    case AP__CLASS_LANG_PLBART:
        return ap__plbart_codes(config) == PLBART ? "en_XX" : NULL;
    default:
        return "en_XX";
    }
}

/* SeamlessM4T is left with the template of its target language, which it sets last. */
ap_status ap__languages_apply(ap__loader *loader, yyjson_val *config, const ap__tokenizer_class *class_) {
    ap__tokenizer *tokenizer = loader->tokenizer;
    bool is_seamless = class_->kind == AP__CLASS_LANG_SEAMLESS;
    const char *language =
        text_or(config, is_seamless ? "tgt_lang" : "src_lang", standard_of(config, class_));
    language_token token;
    ap_status status = read_rules(loader, config, class_);
    if (status || !language) return status; /* The template that the converter made stays. */
    status = check_language(loader, class_, language);
    if (!status && find_token(tokenizer, language, &token, NULL))
        status = ap__loader_fail(loader, AP_EFORMAT, is_seamless ? "tgt_lang" : "src_lang",
                                 "expected the code of a language, found \"%.60s\"", language);
    if (status) return status;
    language_place place = is_seamless ? AFTER_EOS : tokenizer->languages.is_behind ? BEHIND : BEFORE;
    return make(&tokenizer->processor, tokenizer, loader, &token, place);
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
    language_token token;
    *out = NULL;
    ap_status status = check_known(tokenizer, err);
    if (!status) status = find_token(tokenizer, src_lang, &token, err);
    if (status) return status;
    ap__source_language *language = ap__calloc(1, sizeof *language);
    if (!language) return ap__fail_nomem(err);
    ap__loader loader = {.arena = &language->arena, .file = "src_lang", .err = err};
    status = make(&language->processor, tokenizer, &loader, &token,
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
    language_token token;
    *out = AP__TOKEN_NONE;
    ap_status status = check_known(tokenizer, err);
    if (!status) status = find_token(tokenizer, tgt_lang, &token, err);
    if (!status) *out = token.id;
    return status;
}

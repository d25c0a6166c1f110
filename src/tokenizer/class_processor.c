/* Templates of the classes that know add_bos_token and add_eos_token, or a source language.
 * Source: transformers@v4.55.4 models/llama/tokenization_llama_fast.py update_post_processor (the same in
 * Gemma, Code Llama, Cohere and GPT-NeoX), set_src_lang_special_tokens of mBART, mBART-50, NLLB and
 * SeamlessM4T. */
#include "tokenizer/class_processor.h"

#include "base/error.h"
#include "base/json.h"
#include "tokenizer/tokenizer_impl.h"

#include <stdio.h>
#include <string.h>

/* The template as it grows. */
typedef struct maker {
    ap__loader *loader;
    yyjson_val *config;
    yyjson_mut_doc *doc;
    yyjson_mut_val *processor, *single, *pair, *specials;
    bool is_out_of_memory;
} maker;

static void note(maker *m, bool is_done) {
    if (!is_done) m->is_out_of_memory = true;
}

static yyjson_mut_val *new_piece(maker *m, const char *kind, const char *id, unsigned type_id) {
    yyjson_mut_val *inner = yyjson_mut_obj(m->doc), *piece = yyjson_mut_obj(m->doc);
    note(m, yyjson_mut_obj_add_strcpy(m->doc, inner, "id", id));
    note(m, yyjson_mut_obj_add_uint(m->doc, inner, "type_id", type_id));
    note(m, yyjson_mut_obj_add_val(m->doc, piece, kind, inner));
    return piece;
}

static void put_sequence(maker *m, yyjson_mut_val *list, const char *id, unsigned type_id) {
    note(m, yyjson_mut_arr_append(list, new_piece(m, "Sequence", id, type_id)));
}

/* A token with its id; that of the unknown token when it has none. */
static ap_status put_token(maker *m, yyjson_mut_val *list, const char *token, unsigned type_id) {
    const ap__tokenizer *tokenizer = m->loader->tokenizer;
    uint32_t id = ap__tokenizer_token_to_id(tokenizer, token, strlen(token));
    if (id == AP__TOKEN_NONE) id = tokenizer->config.unk_token_id;
    const char *name = id == AP__TOKEN_NONE ? NULL : ap__tokenizer_id_to_token(tokenizer, id, NULL);
    if (!name)
        return ap__loader_fail(m->loader, AP_EFORMAT, NULL,
                               "the post-processor needs the token \"%.60s\", which has no id", token);
    note(m, yyjson_mut_arr_append(list, new_piece(m, "SpecialToken", name, type_id)));
    if (yyjson_mut_obj_get(m->specials, name)) return AP_OK;
    yyjson_mut_val *special = yyjson_mut_obj(m->doc);
    yyjson_mut_val *ids = yyjson_mut_obj_add_arr(m->doc, special, "ids");
    yyjson_mut_val *tokens = yyjson_mut_obj_add_arr(m->doc, special, "tokens");
    note(m, yyjson_mut_arr_add_uint(m->doc, ids, id));
    note(m, yyjson_mut_arr_add_strcpy(m->doc, tokens, name));
    note(m, yyjson_mut_obj_add(m->specials, yyjson_mut_strcpy(m->doc, name), special));
    return AP_OK;
}

/* -- bos and eos --------------------------------------------------------------------------------------- */

static ap_status get_flag(maker *m, const char *key, bool standard, bool *out) {
    yyjson_val *value = yyjson_obj_get(m->config, key);
    *out = standard;
    if (yyjson_is_null(value)) *out = false;
    return ap__get_bool(m->loader, m->config, key, false, out);
}

static ap_status need(maker *m, const char *token, const char *key, bool is_wanted) {
    if (!is_wanted || token) return AP_OK;
    return ap__loader_fail(m->loader, AP_EFORMAT, key, "is true, and there is no such token");
}

/* As in the reference, a token that would not survive being written into a template is an error. */
static ap_status check_word(maker *m, const char *token) {
    if (!token || (token[0] != '$' && !token[strcspn(token, ": ")])) return AP_OK;
    return ap__loader_fail(m->loader, AP_EFORMAT, NULL,
                           "the post-processor cannot be made with a token \"%.60s\"", token);
}

/* The tokens around one text. */
static ap_status put_text(maker *m, yyjson_mut_val *list, const char *bos, const char *eos,
                          unsigned type_id) {
    ap_status status = bos ? put_token(m, list, bos, type_id) : AP_OK;
    put_sequence(m, list, type_id ? "B" : "A", type_id);
    return !status && eos ? put_token(m, list, eos, type_id) : status;
}

static ap_status make_bos_eos(maker *m, const ap__tokenizer_class *class_) {
    const ap__tokenizer_config *c = &m->loader->tokenizer->config;
    bool add_bos, add_eos;
    ap_status status = get_flag(m, "add_bos_token", class_->add_bos_token, &add_bos);
    if (!status) status = get_flag(m, "add_eos_token", false, &add_eos);
    if (!status) status = need(m, c->bos_token, "add_bos_token", add_bos);
    if (!status) status = need(m, c->eos_token, "add_eos_token", add_eos);
    if (status) return status;
    const char *bos = add_bos ? c->bos_token : NULL, *eos = add_eos ? c->eos_token : NULL;
    status = check_word(m, bos);
    if (!status) status = check_word(m, eos);
    if (!status) status = put_text(m, m->single, bos, eos, 0);
    if (!status) status = put_text(m, m->pair, bos, eos, 0);
    return status ? status : put_text(m, m->pair, bos, eos, 1);
}

/* -- languages ----------------------------------------------------------------------------------------- */

static const char *text_or(yyjson_val *config, const char *key, const char *standard) {
    const char *text = yyjson_get_str(yyjson_obj_get(config, key));
    return text ? text : standard;
}

/* Up to two tokens before the texts and behind them. */
static ap_status put_around(maker *m, const char *const before[2], const char *const behind[2]) {
    ap_status status = AP_OK;
    for (int is_pair = 0; is_pair < 2 && !status; is_pair++) {
        yyjson_mut_val *list = is_pair ? m->pair : m->single;
        for (int i = 0; i < 2 && !status; i++)
            if (before[i]) status = put_token(m, list, before[i], 0);
        put_sequence(m, list, "A", 0);
        if (is_pair) put_sequence(m, list, "B", 0);
        for (int i = 0; i < 2 && !status; i++)
            if (behind[i]) status = put_token(m, list, behind[i], 0);
    }
    return status;
}

/* SeamlessM4T is left with the template of its target language, which it sets last. */
static ap_status make_seamless(maker *m, const char *eos) {
    const char *language = text_or(m->config, "tgt_lang", "fra");
    char token[64];
    int n = snprintf(token, sizeof token, strstr(language, "__") ? "%s" : "__%s__", language);
    if (n < 0 || (size_t)n >= sizeof token)
        return ap__loader_fail(m->loader, AP_EFORMAT, "tgt_lang", "expected the code of a language");
    return put_around(m, (const char *const[2]){eos, token}, (const char *const[2]){eos, NULL});
}

static ap_status make_language(maker *m, const ap__tokenizer_class *class_) {
    const char *eos = m->loader->tokenizer->config.eos_token, *const none[2] = {NULL, NULL};
    bool is_last = class_->kind == AP__CLASS_LANG_LAST;
    ap_status status = AP_OK;
    if (class_->kind == AP__CLASS_LANG_NLLB) status = get_flag(m, "legacy_behaviour", false, &is_last);
    if (!status) status = need(m, eos, "eos_token", true);
    if (status) return status;
    if (class_->kind == AP__CLASS_LANG_SEAMLESS) return make_seamless(m, eos);
    const char *language =
        text_or(m->config, "src_lang", class_->kind == AP__CLASS_LANG_NLLB ? "eng_Latn" : "en_XX");
    if (is_last) return put_around(m, none, (const char *const[2]){eos, language});
    return put_around(m, (const char *const[2]){language, NULL}, (const char *const[2]){eos, NULL});
}

/* mBART and mBART-50 know their languages, and no other. */
static ap_status check_language(maker *m, const ap__tokenizer_class *class_) {
    const ap__class_extra *extra = ap__class_extra_find(class_->name);
    const char *language = text_or(m->config, "src_lang", NULL);
    if (class_->kind != AP__CLASS_LANG_FIRST || !language) return AP_OK;
    for (size_t i = 0; extra->own && extra->own[i]; i++)
        if (!strcmp(extra->own[i], language)) return AP_OK;
    return ap__loader_fail(m->loader, AP_EFORMAT, "src_lang", "\"%.60s\" is no language of a %s", language,
                           class_->name);
}

/* -- all of it ----------------------------------------------------------------------------------------- */

static ap_status replace(maker *m) {
    ap__loader *loader = m->loader;
    note(m, yyjson_mut_obj_add_val(m->doc, m->processor, "special_tokens", m->specials));
    yyjson_doc *doc = m->is_out_of_memory ? NULL : yyjson_mut_doc_imut_copy(m->doc, ap__json_alc());
    if (!doc) return ap__fail_nomem(loader->err);
    ap_status status = ap__processor_create(&loader->tokenizer->processor, loader, yyjson_doc_get_root(doc));
    yyjson_doc_free(doc);
    return status;
}

ap_status ap__class_processor_apply(ap__loader *loader, yyjson_val *config,
                                    const ap__tokenizer_class *class_) {
    maker m = {.loader = loader, .config = config};
    if (class_->kind == AP__CLASS_NO_BOS && yyjson_get_bool(yyjson_obj_get(config, "add_bos_token")))
        return ap__loader_fail(loader, AP_EUNSUPPORTED, "add_bos_token", "is not supported by the fast %s",
                               class_->name);
    if (class_->kind < AP__CLASS_BOS_EOS) return AP_OK;
    m.doc = yyjson_mut_doc_new(ap__json_alc());
    m.processor = yyjson_mut_obj(m.doc);
    yyjson_mut_doc_set_root(m.doc, m.processor);
    note(&m, yyjson_mut_obj_add_str(m.doc, m.processor, "type", "TemplateProcessing"));
    m.single = yyjson_mut_obj_add_arr(m.doc, m.processor, "single");
    m.pair = yyjson_mut_obj_add_arr(m.doc, m.processor, "pair");
    m.specials = yyjson_mut_obj(m.doc);
    ap_status status =
        m.single && m.pair && m.specials ? check_language(&m, class_) : ap__fail_nomem(loader->err);
    if (!status)
        status = class_->kind == AP__CLASS_BOS_EOS ? make_bos_eos(&m, class_) : make_language(&m, class_);
    if (!status) status = replace(&m);
    yyjson_mut_doc_free(m.doc);
    return status;
}

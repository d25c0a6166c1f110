/* Templates of the classes that know add_bos_token and add_eos_token; languages.c has those of languages.
 * Source: transformers@v4.55.4 models/llama/tokenization_llama_fast.py update_post_processor (the same in
 * Gemma, Code Llama, Cohere and GPT-NeoX). */
#include "tokenizer/class_processor.h"

#include "base/error.h"
#include "tokenizer/languages_impl.h"
#include "tokenizer/template_maker.h"
#include "tokenizer/tokenizer_impl.h"

#include <string.h>

static ap_status get_flag(ap__loader *loader, yyjson_val *config, const char *key, bool standard, bool *out) {
    *out = standard && !yyjson_is_null(yyjson_obj_get(config, key));
    return ap__get_bool(loader, config, key, false, out);
}

static ap_status need(ap__loader *loader, const char *token, const char *key, bool is_wanted) {
    if (!is_wanted || token) return AP_OK;
    return ap__loader_fail(loader, AP_EFORMAT, key, "is true, but there is no %s", key + strlen("add_"));
}

/* As in the reference, a token that would not survive being written into a template is an error. */
static ap_status check_word(ap__loader *loader, const char *token) {
    if (!token || (token[0] != '$' && !token[strcspn(token, ": ")])) return AP_OK;
    return ap__loader_fail(loader, AP_EFORMAT, NULL,
                           "the post-processor cannot be made with a token \"%.60s\"", token);
}

/* The tokens around one text. */
static ap_status put_text(ap__template_maker *m, yyjson_mut_val *list, const char *bos, const char *eos,
                          unsigned type_id) {
    ap_status status = bos ? ap__template_put_token(m, list, bos, type_id) : AP_OK;
    ap__template_put_sequence(m, list, type_id ? "B" : "A", type_id);
    return !status && eos ? ap__template_put_token(m, list, eos, type_id) : status;
}

static ap_status make_bos_eos(ap__template_maker *m, yyjson_val *config, const ap__tokenizer_class *class_) {
    const ap__tokenizer_config *c = &m->tokenizer->config;
    bool add_bos, add_eos;
    ap_status status = get_flag(m->loader, config, "add_bos_token", class_->add_bos_token, &add_bos);
    if (!status) status = get_flag(m->loader, config, "add_eos_token", false, &add_eos);
    if (!status) status = need(m->loader, c->bos_token, "add_bos_token", add_bos);
    if (!status) status = need(m->loader, c->eos_token, "add_eos_token", add_eos);
    if (status) return status;
    const char *bos = add_bos ? c->bos_token : NULL, *eos = add_eos ? c->eos_token : NULL;
    status = check_word(m->loader, bos);
    if (!status) status = check_word(m->loader, eos);
    if (!status) status = put_text(m, m->single, bos, eos, 0);
    if (!status) status = put_text(m, m->pair, bos, eos, 0);
    return status ? status : put_text(m, m->pair, bos, eos, 1);
}

ap_status ap__class_processor_apply(ap__loader *loader, yyjson_val *config,
                                    const ap__tokenizer_class *class_) {
    ap__template_maker m;
    if (class_->kind == AP__CLASS_NO_BOS && yyjson_get_bool(yyjson_obj_get(config, "add_bos_token")))
        return ap__loader_fail(loader, AP_EUNSUPPORTED, "add_bos_token", "is not supported by the fast %s",
                               class_->name);
    if (class_->kind >= AP__CLASS_LANG_LAST) return ap__languages_apply(loader, config, class_);
    if (class_->kind != AP__CLASS_BOS_EOS) return AP_OK;
    ap_status status = ap__template_begin(&m, loader->tokenizer, loader);
    if (!status) status = make_bos_eos(&m, config, class_);
    if (!status) status = ap__template_finish(&m, &loader->tokenizer->processor);
    ap__template_clear(&m);
    return status;
}

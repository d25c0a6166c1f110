/* Source: transformers@v4.55.4 models/llama/tokenization_llama_fast.py update_post_processor, which the
 * classes of Code Llama, Cohere, Gemma and GPT-NeoX have too. The template is written as the JSON that its
 * component reads. */
#include "tokenizer/class_processor.h"

#include "base/error.h"
#include "base/json.h"
#include "tokenizer/tokenizer_impl.h"

#include <string.h>

static void add_piece(yyjson_mut_doc *doc, yyjson_mut_val *list, const char *kind, const char *id,
                      uint64_t type_id) {
    yyjson_mut_val *piece = yyjson_mut_arr_add_obj(doc, list), *inner = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, inner, "id", id);
    yyjson_mut_obj_add_uint(doc, inner, "type_id", type_id);
    yyjson_mut_obj_add_val(doc, piece, kind, inner);
}

/* bos, text, eos: those that are not wanted are NULL. */
static void add_text(yyjson_mut_doc *doc, yyjson_mut_val *list, const char *bos, const char *eos,
                     uint64_t type_id) {
    if (bos) add_piece(doc, list, "SpecialToken", bos, type_id);
    add_piece(doc, list, "Sequence", type_id ? "B" : "A", type_id);
    if (eos) add_piece(doc, list, "SpecialToken", eos, type_id);
}

static void add_special(yyjson_mut_doc *doc, yyjson_mut_val *specials, const char *token, uint32_t id) {
    if (!token) return;
    yyjson_mut_val *special = yyjson_mut_obj_add_obj(doc, specials, token);
    yyjson_mut_obj_add_str(doc, special, "id", token);
    yyjson_mut_arr_add_uint(doc, yyjson_mut_obj_add_arr(doc, special, "ids"), id);
    yyjson_mut_arr_add_str(doc, yyjson_mut_obj_add_arr(doc, special, "tokens"), token);
}

static yyjson_doc *make_template(const ap__tokenizer_config *c, const char *bos, const char *eos) {
    yyjson_mut_doc *doc = yyjson_mut_doc_new(ap__json_alc());
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_str(doc, root, "type", "TemplateProcessing");
    add_text(doc, yyjson_mut_obj_add_arr(doc, root, "single"), bos, eos, 0);
    yyjson_mut_val *pair = yyjson_mut_obj_add_arr(doc, root, "pair");
    add_text(doc, pair, bos, eos, 0);
    add_text(doc, pair, bos, eos, 1);
    yyjson_mut_val *specials = yyjson_mut_obj_add_obj(doc, root, "special_tokens");
    add_special(doc, specials, bos, c->bos_token_id);
    if (!bos || !eos || strcmp(bos, eos) != 0) add_special(doc, specials, eos, c->eos_token_id);
    yyjson_doc *out = yyjson_mut_doc_imut_copy(doc, ap__json_alc());
    yyjson_mut_doc_free(doc);
    return out;
}

static ap_status check_token(ap__loader *loader, const char *flag, const char *key, const char *token,
                             uint32_t id) {
    if (token && id != AP__TOKEN_NONE) return AP_OK;
    return ap__loader_fail(loader, AP_EFORMAT, flag, "is true, but there is no %s", key);
}

ap_status ap__class_processor_apply(ap__loader *loader, bool add_bos_token, bool add_eos_token) {
    const ap__tokenizer_config *c = &loader->tokenizer->config;
    ap_status status = AP_OK;
    if (add_bos_token)
        status = check_token(loader, "add_bos_token", "bos_token", c->bos_token, c->bos_token_id);
    if (!status && add_eos_token)
        status = check_token(loader, "add_eos_token", "eos_token", c->eos_token, c->eos_token_id);
    if (status) return status;
    yyjson_doc *doc =
        make_template(c, add_bos_token ? c->bos_token : NULL, add_eos_token ? c->eos_token : NULL);
    if (!doc) return ap__fail_nomem(loader->err);
    status = ap__processor_create(&loader->tokenizer->processor, loader, yyjson_doc_get_root(doc));
    yyjson_doc_free(doc);
    return status;
}

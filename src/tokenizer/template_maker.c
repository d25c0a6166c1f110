/* Making a template: its JSON, which the component then reads as it reads a file's. */
#include "tokenizer/template_maker.h"

#include "base/error.h"
#include "base/json.h"
#include "tokenizer/tokenizer_impl.h"

#include <string.h>

static void note(ap__template_maker *m, bool is_done) {
    if (!is_done) m->is_out_of_memory = true;
}

ap_status ap__template_begin(ap__template_maker *out, const ap__tokenizer *tokenizer, ap__loader *loader) {
    *out = (ap__template_maker){.tokenizer = tokenizer, .loader = loader};
    out->doc = yyjson_mut_doc_new(ap__json_alc());
    out->processor = yyjson_mut_obj(out->doc);
    yyjson_mut_doc_set_root(out->doc, out->processor);
    note(out, yyjson_mut_obj_add_str(out->doc, out->processor, "type", "TemplateProcessing"));
    out->single = yyjson_mut_obj_add_arr(out->doc, out->processor, "single");
    out->pair = yyjson_mut_obj_add_arr(out->doc, out->processor, "pair");
    out->specials = yyjson_mut_obj(out->doc);
    return out->single && out->pair && out->specials ? AP_OK : ap__fail_nomem(loader->err);
}

static yyjson_mut_val *new_piece(ap__template_maker *m, const char *kind, const char *id, unsigned type_id) {
    yyjson_mut_val *inner = yyjson_mut_obj(m->doc), *piece = yyjson_mut_obj(m->doc);
    note(m, yyjson_mut_obj_add_strcpy(m->doc, inner, "id", id));
    note(m, yyjson_mut_obj_add_uint(m->doc, inner, "type_id", type_id));
    note(m, yyjson_mut_obj_add_val(m->doc, piece, kind, inner));
    return piece;
}

void ap__template_put_sequence(ap__template_maker *m, yyjson_mut_val *list, const char *id,
                               unsigned type_id) {
    note(m, yyjson_mut_arr_append(list, new_piece(m, "Sequence", id, type_id)));
}

void ap__template_put_id(ap__template_maker *m, yyjson_mut_val *list, const char *name, uint32_t id,
                         unsigned type_id) {
    note(m, yyjson_mut_arr_append(list, new_piece(m, "SpecialToken", name, type_id)));
    if (yyjson_mut_obj_get(m->specials, name)) return;
    yyjson_mut_val *special = yyjson_mut_obj(m->doc);
    yyjson_mut_val *ids = yyjson_mut_obj_add_arr(m->doc, special, "ids");
    yyjson_mut_val *tokens = yyjson_mut_obj_add_arr(m->doc, special, "tokens");
    note(m, yyjson_mut_arr_add_uint(m->doc, ids, id));
    note(m, yyjson_mut_arr_add_strcpy(m->doc, tokens, name));
    note(m, yyjson_mut_obj_add(m->specials, yyjson_mut_strcpy(m->doc, name), special));
}

ap_status ap__template_put_token(ap__template_maker *m, yyjson_mut_val *list, const char *token,
                                 unsigned type_id) {
    const ap__tokenizer *tokenizer = m->tokenizer;
    uint32_t id = ap__tokenizer_token_to_id(tokenizer, token, strlen(token));
    if (id == AP__TOKEN_NONE) id = tokenizer->config.unk_token_id;
    const char *name = id == AP__TOKEN_NONE ? NULL : ap__tokenizer_id_to_token(tokenizer, id, NULL);
    if (!name)
        return ap__loader_fail(m->loader, AP_EFORMAT, NULL,
                               "the post-processor needs the token \"%.60s\", which has no id", token);
    ap__template_put_id(m, list, name, id, type_id);
    return AP_OK;
}

ap_status ap__template_finish(ap__template_maker *m, ap__processor *out) {
    note(m, yyjson_mut_obj_add_val(m->doc, m->processor, "special_tokens", m->specials));
    yyjson_doc *doc = m->is_out_of_memory ? NULL : yyjson_mut_doc_imut_copy(m->doc, ap__json_alc());
    if (!doc) return ap__fail_nomem(m->loader->err);
    ap_status status = ap__processor_create(out, m->loader, yyjson_doc_get_root(doc));
    yyjson_doc_free(doc);
    return status;
}

void ap__template_clear(ap__template_maker *m) {
    yyjson_mut_doc_free(m->doc);
    m->doc = NULL;
}

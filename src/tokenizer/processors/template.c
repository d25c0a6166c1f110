/* TemplateProcessing: special tokens around texts, as two lists of pieces say.
 * Source: huggingface/tokenizers@v0.21.4 processors/template.rs. */
#include "base/error.h"
#include "tokenizer/encs.h"
#include "tokenizer/processors/special.h"

#include <string.h>

/* More than any model has; keeps a hostile template from multiplying a text. */
enum { TEMPLATE_MAX_PIECES = 256, SPECIAL_MAX_IDS = 1024 };

/* One name that stands for special tokens. */
typedef struct special {
    ap__text id;
    ap__token *tokens;
    size_t n;
} special;

typedef struct template_piece {
    int sequence;           /* 0 or 1; -1: special tokens. */
    const special *special; /* NULL: the file does not say what they are. */
    ap__text id;
    uint32_t type_id;
} template_piece;

typedef struct template {
    template_piece *pieces;
    size_t n, n_added;
}
template;

typedef struct template_processing {
    template single, pair;
    special *specials;
    size_t n_specials;
} template_processing;

/* -- reading ------------------------------------------------------------------------------------------- */

static ap_status read_special(ap__loader *loader, yyjson_val *key, yyjson_val *json, special *out) {
    yyjson_val *ids, *tokens;
    ap_status status = ap__loader_copy(loader, key, &out->id);
    if (!status && !yyjson_is_obj(json))
        status =
            ap__loader_fail(loader, AP_EFORMAT, NULL, "expected an object, found %s", ap__json_kind(json));
    if (!status) status = ap__get_array(loader, json, "ids", &ids);
    if (!status) status = ap__get_array(loader, json, "tokens", &tokens);
    if (status) return status;
    out->n = yyjson_arr_size(ids);
    if (out->n != yyjson_arr_size(tokens) || out->n > SPECIAL_MAX_IDS)
        return ap__loader_fail(loader, AP_EFORMAT, "ids", "expected as many ids as tokens, at most %d",
                               SPECIAL_MAX_IDS);
    if ((status = ap__loader_alloc(loader, &out->tokens, out->n, sizeof *out->tokens))) return status;
    for (size_t i = 0; i < out->n; i++) {
        yyjson_val *id = yyjson_arr_get(ids, i), *token = yyjson_arr_get(tokens, i);
        ap__text text;
        if (!yyjson_is_uint(id) || yyjson_get_uint(id) >= AP__TOKEN_NONE || !yyjson_is_str(token))
            return ap__loader_fail(loader, AP_EFORMAT, "ids", "expected ids and their tokens");
        if ((status = ap__loader_copy(loader, token, &text))) return status;
        out->tokens[i] = ap__special_token(text, (uint32_t)yyjson_get_uint(id));
    }
    return AP_OK;
}

static ap_status read_specials(ap__loader *loader, yyjson_val *json, template_processing *self) {
    yyjson_val *object, *key, *value;
    size_t i, max;
    ap_status status = ap__get_object(loader, json, "special_tokens", &object);
    if (!status)
        status = ap__loader_alloc(loader, &self->specials, yyjson_obj_size(object), sizeof *self->specials);
    if (status) return status;
    size_t mark = ap__loader_enter(loader, "special_tokens", 0);
    yyjson_obj_foreach(object, i, max, key, value) {
        if ((status = read_special(loader, key, value, &self->specials[self->n_specials++]))) return status;
    }
    ap__loader_leave(loader, mark);
    return AP_OK;
}

static const special *find_special(const template_processing *self, const ap__text *id) {
    for (size_t i = self->n_specials; i-- > 0;) {
        const special *s = &self->specials[i];
        if (s->id.len == id->len && !memcmp(s->id.ptr, id->ptr, id->len)) return s;
    }
    return NULL;
}

static ap_status read_piece(ap__loader *loader, yyjson_val *json, const template_processing *self,
                            template_piece *out) {
    static const char *const SEQUENCES[] = {"A", "B", NULL};
    yyjson_val *sequence = yyjson_obj_get(json, "Sequence"), *token = yyjson_obj_get(json, "SpecialToken");
    ap_status status;
    out->sequence = -1;
    if (!sequence && !token)
        return ap__loader_fail(loader, AP_EFORMAT, NULL,
                               "expected {\"Sequence\": ...} or {\"SpecialToken\": ...}");
    if ((status = ap__get_u32(loader, sequence ? sequence : token, "type_id", true, &out->type_id)))
        return status;
    if (sequence) return ap__get_enum(loader, sequence, "id", true, SEQUENCES, &out->sequence);
    status = ap__get_string(loader, token, "id", true, &out->id);
    if (!status) out->special = find_special(self, &out->id);
    return status;
}

static ap_status read_template(ap__loader *loader, yyjson_val *json, const char *key,
                               const template_processing *self, template *out) {
    yyjson_val *list, *item;
    size_t i, max;
    ap_status status = ap__get_array(loader, json, key, &list);
    if (status) return status;
    if (yyjson_arr_size(list) > TEMPLATE_MAX_PIECES)
        return ap__loader_fail(loader, AP_ELIMIT, key, "%zu pieces; at most %d are supported",
                               yyjson_arr_size(list), TEMPLATE_MAX_PIECES);
    if ((status = ap__loader_alloc(loader, &out->pieces, yyjson_arr_size(list), sizeof *out->pieces)))
        return status;
    size_t outer = ap__loader_enter(loader, key, 0);
    yyjson_arr_foreach(list, i, max, item) {
        size_t mark = ap__loader_enter(loader, NULL, i);
        template_piece *piece = &out->pieces[out->n++];
        if ((status = read_piece(loader, item, self, piece))) return status;
        if (piece->special) out->n_added += piece->special->n;
        ap__loader_leave(loader, mark);
    }
    ap__loader_leave(loader, outer);
    return AP_OK;
}

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    template_processing *self;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (!status) status = read_specials(loader, json, self);
    if (!status) status = read_template(loader, json, "single", self, &self->single);
    if (!status) status = read_template(loader, json, "pair", self, &self->pair);
    *out = self;
    return status;
}

/* -- applying ------------------------------------------------------------------------------------------ */

static ap_status put_special(ap__enc *out, ap__work *work, const template_piece *piece) {
    if (!piece->special)
        return ap__fail(work->err, AP_EFORMAT,
                        "the post-processor's template uses \"%.60s\", which is not among its "
                        "special_tokens",
                        piece->id.ptr);
    ap__run run = {.tokens = piece->special->tokens, .n = piece->special->n, .type_id = piece->type_id};
    run.is_special = true;
    out->n_parts = 1;
    out->parts = ap__arena_alloc(&work->arena, sizeof *out->parts);
    return out->parts ? ap__part_create(out->parts, work, run) : ap__fail_nomem(work->err);
}

/* The type and the sequence are set on the encoding; what truncation cut off keeps those that it had. */
static ap_status put_sequence(ap__enc *out, ap__encs *encs, const template_piece *piece) {
    ap__work *work = encs->work;
    uint32_t which = (uint32_t)piece->sequence;
    if (which >= encs->n)
        return ap__fail(work->err, AP_EINVAL, "the post-processor's template for one text uses a second one");
    ap__enc *enc = &encs->ptr[which];
    ap_status status = ap__part_set_type(&enc->parts[0], work, piece->type_id);
    if (!status) status = ap__part_set_sequence(&enc->parts[0], work, which);
    if (status) return status;
    out->n_parts = enc->n_parts;
    out->parts = ap__arena_alloc(&work->arena, enc->n_parts * sizeof *out->parts);
    if (!out->parts) return ap__fail_nomem(work->err);
    memcpy(out->parts, enc->parts, enc->n_parts * sizeof *out->parts);
    return AP_OK;
}

static ap_status apply(const void *ptr, ap__encs *encs, bool add_special_tokens) {
    const template_processing *self = ptr;
    const template *used = encs->n == 2 ? &self->pair : &self->single;
    if (encs->n != 1 && encs->n != 2)
        return ap__fail(encs->work->err, AP_EINVAL,
                        "a post-processor before the template made %zu encodings; it takes 1 or 2", encs->n);
    ap__enc *out = ap__arena_calloc(&encs->work->arena, used->n + 1, sizeof *out);
    if (!out) return ap__fail_nomem(encs->work->err);
    size_t n = 0;
    ap_status status = AP_OK;
    for (size_t i = 0; i < used->n && !status; i++) {
        const template_piece *piece = &used->pieces[i];
        if (piece->sequence >= 0)
            status = put_sequence(&out[n++], encs, piece);
        else if (add_special_tokens)
            status = put_special(&out[n++], encs->work, piece);
    }
    encs->ptr = out;
    encs->n = n;
    return status;
}

static size_t n_added(const void *ptr, bool is_pair) {
    const template_processing *self = ptr;
    return is_pair ? self->pair.n_added : self->single.n_added;
}

const ap__processor_class ap__processor_template = {.create = create, .apply = apply, .n_added = n_added};

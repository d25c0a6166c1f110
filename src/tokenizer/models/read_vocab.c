/* Vocabularies that are objects: {"token": id, ...}. */
#include "tokenizer/models/read_vocab.h"

#include "tokenizer/tokenizer_impl.h"

ap_status ap__read_vocab(ap__loader *loader, yyjson_val *json) {
    yyjson_val *object, *key, *value;
    size_t i, max, n_bytes = 0;
    ap_status status = ap__get_object(loader, json, "vocab", &object);
    if (status) return status;
    yyjson_obj_foreach(object, i, max, key, value) n_bytes += yyjson_get_len(key);
    status = ap__vocab_create(loader->vocab, loader->arena, yyjson_obj_size(object), n_bytes, loader->err);
    if (!status && loader->is_converted && yyjson_get_bool(yyjson_obj_get(json, "has_characters")))
        status = ap__vocab_add_characters(loader->vocab, loader->arena, loader->err);
    if (status) return status;
    yyjson_obj_foreach(object, i, max, key, value) {
        if (!yyjson_is_uint(value) || yyjson_get_uint(value) >= AP__TOKEN_NONE)
            return ap__loader_fail(loader, AP_EFORMAT, "vocab",
                                   "token \"%.60s\": expected an id below %u, found %s", yyjson_get_str(key),
                                   AP__TOKEN_NONE, ap__json_kind(value));
        ap__vocab_add(loader->vocab, yyjson_get_str(key), yyjson_get_len(key),
                      (uint32_t)yyjson_get_uint(value));
    }
    return ap__vocab_finish(loader->vocab, loader->arena, loader->file, loader->err);
}

/* Ids whose tokens have another id as well: it is that one which they are encoded to. */
static ap_status read_aliases(ap__loader *loader, yyjson_val *json) {
    ap__vocab *vocab = loader->vocab;
    yyjson_val *list, *item;
    size_t i, max;
    uint32_t last = 0;
    ap_status status = ap__get_array(loader, json, "aliases", &list);
    yyjson_arr_foreach(list, i, max, item) {
        yyjson_val *id = yyjson_arr_get(item, 1);
        if (!yyjson_is_str(yyjson_arr_get(item, 0)) || !yyjson_is_uint(id) ||
            yyjson_get_uint(id) >= AP__TOKEN_NONE)
            return ap__loader_fail(loader, AP_EFORMAT, "aliases", "item %zu: expected a text and its id", i);
        if (yyjson_get_uint(id) > last) last = (uint32_t)yyjson_get_uint(id);
    }
    if (!status && last) status = ap__vocab_reserve_ids(vocab, loader->arena, last, loader->err);
    yyjson_arr_foreach(list, i, max, item) {
        yyjson_val *text = yyjson_arr_get(item, 0);
        uint32_t id = (uint32_t)yyjson_get_uint(yyjson_arr_get(item, 1));
        if (!status && id < vocab->n_ids && !vocab->by_id[id])
            ap__vocab_set_alias(vocab, id, yyjson_get_str(text), yyjson_get_len(text));
    }
    return status;
}

ap_status ap__read_python_vocab(ap__loader *loader, yyjson_val *json) {
    ap_status status = ap__read_vocab(loader, json);
    if (!status) status = ap__get_size(loader, json, "n_listed", true, &loader->vocab->n_listed);
    if (!status) status = read_aliases(loader, json);
    loader->tokenizer->added.is_python = true;
    return status;
}

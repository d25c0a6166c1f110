/* Vocabularies that are objects: {"token": id, ...}. */
#include "tokenizer/models/read_vocab.h"

ap_status ap__read_vocab(ap__loader *loader, yyjson_val *json) {
    yyjson_val *object, *key, *value;
    size_t i, max, n_bytes = 0;
    ap_status status = ap__get_object(loader, json, "vocab", &object);
    if (status) return status;
    yyjson_obj_foreach(object, i, max, key, value) n_bytes += yyjson_get_len(key);
    status = ap__vocab_create(loader->vocab, loader->arena, yyjson_obj_size(object), n_bytes, loader->err);
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

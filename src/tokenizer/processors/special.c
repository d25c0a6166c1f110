/* Special tokens of post-processors. */
#include "tokenizer/processors/special.h"

ap__token ap__special_token(ap__text text, uint32_t id) {
    return (ap__token){.id = id, .word = AP__TOKEN_NONE, .text = text.ptr, .text_len = (uint32_t)text.len};
}

ap_status ap__get_special_token(ap__loader *loader, yyjson_val *json, const char *key, ap__token *out) {
    ap__text text;
    yyjson_val *pair;
    ap_status status = ap__get_array(loader, json, key, &pair);
    if (status) return status;
    yyjson_val *token = yyjson_arr_get(pair, 0), *id = yyjson_arr_get(pair, 1);
    if (yyjson_arr_size(pair) != 2 || !yyjson_is_str(token) || !yyjson_is_uint(id) ||
        yyjson_get_uint(id) >= AP__TOKEN_NONE)
        return ap__loader_fail(loader, AP_EFORMAT, key, "expected a list of a token and its id");
    status = ap__loader_copy(loader, token, &text);
    *out = ap__special_token(text, (uint32_t)yyjson_get_uint(id));
    return status;
}

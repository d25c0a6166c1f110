/* Values to JSON and back, by way of yyjson's documents. */
#include "base/json.h"

#include "base/alloc.h"
#include "base/error.h"
#include "tensor/convert.h"
#include "value/json.h"
#include "value/value.h"

#include <string.h>

/* -- reading ------------------------------------------------------------------------------------------- */

static ap_status read_value(ap_value *out, yyjson_val *json, unsigned depth, ap_error *err);

static ap_status check_depth(unsigned depth, ap_error *err) {
    if (depth <= AP_VALUE_MAX_DEPTH) return AP_OK;
    return ap__fail(err, AP_ELIMIT, "JSON nests deeper than %d", AP_VALUE_MAX_DEPTH);
}

/* `depth` counts the lists and dicts around an item, this one included. */
static ap_status read_list(ap_value *out, yyjson_val *json, unsigned depth, ap_error *err) {
    ap_status status = check_depth(depth, err);
    yyjson_arr_iter iter = yyjson_arr_iter_with(json);
    ap__value_set_list(out);
    for (yyjson_val *item; !status && (item = yyjson_arr_iter_next(&iter));) {
        ap_value *slot;
        if ((status = ap__list_add(&slot, out, err))) break;
        status = read_value(slot, item, depth, err);
        if (slot->depth >= out->depth) out->depth = (uint16_t)(slot->depth + 1);
    }
    return status;
}

static ap_status read_dict(ap_value *out, yyjson_val *json, unsigned depth, ap_error *err) {
    ap_status status = check_depth(depth, err);
    yyjson_obj_iter iter = yyjson_obj_iter_with(json);
    ap__value_set_dict(out);
    for (yyjson_val *key; !status && (key = yyjson_obj_iter_next(&iter));) {
        ap_value *slot;
        if ((status = ap__dict_add(&slot, out, yyjson_get_str(key), yyjson_get_len(key), err))) break;
        ap__value_clear(slot); /* Of a key that came before: the last one counts, as in Python. */
        status = read_value(slot, yyjson_obj_iter_get_val(key), depth, err);
        if (slot->depth >= out->depth) out->depth = (uint16_t)(slot->depth + 1);
    }
    return status;
}

static void read_number(ap_value *out, yyjson_val *json) {
    if (yyjson_is_sint(json) || (yyjson_is_uint(json) && yyjson_get_uint(json) <= INT64_MAX))
        ap__value_set_int(out, yyjson_get_sint(json));
    else if (yyjson_is_uint(json))
        ap__value_set_float(out, (double)yyjson_get_uint(json));
    else
        ap__value_set_float(out, yyjson_get_real(json));
}

static ap_status read_value(ap_value *out, yyjson_val *json, unsigned depth, ap_error *err) {
    switch (yyjson_get_type(json)) {
    case YYJSON_TYPE_BOOL:
        ap__value_set_bool(out, yyjson_get_bool(json));
        return AP_OK;
    case YYJSON_TYPE_NUM:
        read_number(out, json);
        return AP_OK;
    case YYJSON_TYPE_STR:
        return ap__value_set_string(out, yyjson_get_str(json), yyjson_get_len(json), err);
    case YYJSON_TYPE_ARR:
        return read_list(out, json, depth + 1, err);
    case YYJSON_TYPE_OBJ:
        return read_dict(out, json, depth + 1, err);
    default:
        return AP_OK; /* null, which `out` is. */
    }
}

ap_status ap__value_from_json_doc(ap_value **out, yyjson_doc *doc, ap_error *err) {
    ap_status status = ap_value_create_null(out, err);
    if (status) return status;
    if ((status = read_value(*out, yyjson_doc_get_root(doc), 0, err))) {
        ap_value_destroy(*out);
        *out = NULL;
    }
    return status;
}

ap_status ap_value_from_json(ap_value **out, const char *text, size_t len_bytes, ap_error *err) {
    if (out) *out = NULL;
    if (!out || !text)
        return ap__fail(err, AP_EINVAL, "ap_value_from_json: %s is NULL", out ? "text" : "out");
    size_t len = len_bytes == AP_NUL_TERMINATED ? strlen(text) : len_bytes;
    if (len > AP_JSON_MAX_BYTES)
        return ap__fail(err, AP_ELIMIT, "JSON text of %zu bytes is over the limit of %zu", len,
                        AP_JSON_MAX_BYTES);
    yyjson_doc *doc;
    ap_status status = ap__json_parse(&doc, text, len, "", err);
    if (status) return status;
    status = ap__value_from_json_doc(out, doc, err);
    yyjson_doc_free(doc);
    return status;
}

ap_status ap__value_from_json_file(ap_value **out, const char *path, size_t max_bytes, ap_error *err) {
    yyjson_doc *doc;
    *out = NULL;
    ap_status status = ap__json_parse_file(&doc, path, max_bytes, err);
    if (status) return status;
    if ((status = ap__value_from_json_doc(out, doc, err))) ap__error_wrap(err, status, "%s", path);
    yyjson_doc_free(doc);
    return status;
}

/* -- writing: NULL means out of memory ----------------------------------------------------------------- */

static yyjson_mut_val *write_element(yyjson_mut_doc *doc, const ap_tensor_view *view, size_t index) {
    int64_t integer;
    if (view->dtype == AP_DTYPE_BOOL) return yyjson_mut_bool(doc, ((const uint8_t *)view->data)[index] != 0);
    if (ap__element_as_int(&integer, view, index)) return yyjson_mut_sint(doc, integer);
    return yyjson_mut_real(doc, ap__element_as_double(view, index));
}

/* The elements from *at on that belong to dimensions `axis` and below. */
static yyjson_mut_val *write_axis(yyjson_mut_doc *doc, const ap_tensor_view *view, uint32_t axis,
                                  size_t *at) {
    if (axis == view->rank) return write_element(doc, view, (*at)++);
    yyjson_mut_val *list = yyjson_mut_arr(doc);
    for (int64_t i = 0; list && i < view->shape[axis]; i++) {
        yyjson_mut_val *item = write_axis(doc, view, axis + 1, at);
        if (!item || !yyjson_mut_arr_append(list, item)) return NULL;
    }
    return list;
}

static yyjson_mut_val *write_tensor(yyjson_mut_doc *doc, const ap_value *value) {
    size_t at = 0;
    return write_axis(doc, ap__tensor_get_view(value->as.tensor), 0, &at);
}

static yyjson_mut_val *write_value(yyjson_mut_doc *doc, const ap_value *value);

static yyjson_mut_val *write_list(yyjson_mut_doc *doc, const ap_value *value) {
    yyjson_mut_val *list = yyjson_mut_arr(doc);
    for (size_t i = 0; list && i < value->as.list.len; i++) {
        yyjson_mut_val *item = write_value(doc, &value->as.list.items[i]);
        if (!item || !yyjson_mut_arr_append(list, item)) return NULL;
    }
    return list;
}

static yyjson_mut_val *write_dict(yyjson_mut_doc *doc, const ap_value *value) {
    yyjson_mut_val *dict = yyjson_mut_obj(doc);
    for (size_t i = 0; dict && i < ap_value_len(value); i++) {
        const char *key;
        size_t key_len;
        const ap_value *item = ap__dict_entry(value, i, &key, &key_len);
        yyjson_mut_val *name = yyjson_mut_strn(doc, key, key_len), *child = write_value(doc, item);
        if (!name || !child || !yyjson_mut_obj_add(dict, name, child)) return NULL;
    }
    return dict;
}

/* Recursion is bounded: values nest at most AP_VALUE_MAX_DEPTH deep. */
static yyjson_mut_val *write_value(yyjson_mut_doc *doc, const ap_value *value) {
    size_t len;
    const char *text;
    switch (ap_value_kind(value)) {
    case AP_KIND_BOOL:
        return yyjson_mut_bool(doc, value->as.boolean);
    case AP_KIND_INT:
        return yyjson_mut_sint(doc, value->as.integer);
    case AP_KIND_FLOAT:
        return yyjson_mut_real(doc, value->as.number);
    case AP_KIND_STRING:
        text = ap_value_get_string(value, &len);
        return yyjson_mut_strn(doc, text, len);
    case AP_KIND_LIST:
        return write_list(doc, value);
    case AP_KIND_DICT:
        return write_dict(doc, value);
    case AP_KIND_TENSOR:
        return write_tensor(doc, value);
    default:
        return yyjson_mut_null(doc);
    }
}

/* Whether every tensor is there to be read: those that stayed in a backend are not. */
static bool is_in_host_memory(const ap_value *value) {
    bool is_here = true;
    ap_kind kind = ap_value_kind(value);
    ap_tensor_view view;
    if (ap_value_get_tensor(value, &view)) return view.data || !view.size_bytes;
    for (size_t i = 0; is_here && i < ap_value_len(value); i++)
        is_here = is_in_host_memory(kind == AP_KIND_LIST ? ap_value_list_get(value, i)
                                                         : ap_value_dict_at(value, i, NULL));
    return is_here;
}

ap_status ap_value_to_json(char **out, size_t *len_bytes, const ap_value *value, ap_json_style style,
                           ap_error *err) {
    if (!out) return ap__fail(err, AP_EINVAL, "ap_value_to_json: out is NULL");
    *out = NULL;
    if (len_bytes) *len_bytes = 0;
    if (!is_in_host_memory(value))
        return ap__fail(err, AP_EINVAL, "a tensor that is not in host memory cannot be written as JSON");
    yyjson_mut_doc *doc = yyjson_mut_doc_new(ap__json_alc());
    if (!doc) return ap__fail_nomem(err);
    yyjson_write_flag flags = YYJSON_WRITE_ALLOW_INF_AND_NAN;
    if (style == AP_JSON_PRETTY) flags |= YYJSON_WRITE_PRETTY_TWO_SPACES;
    yyjson_mut_val *root = write_value(doc, value);
    yyjson_mut_doc_set_root(doc, root);
    if (root) *out = yyjson_mut_write_opts(doc, flags, ap__json_alc(), len_bytes, NULL);
    yyjson_mut_doc_free(doc);
    return *out ? AP_OK : ap__fail_nomem(err);
}

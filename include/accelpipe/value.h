/**
 * @file
 * Values: what goes into a pipeline and what comes out, JSON's kinds and tensors.
 *
 *     ap_value *v = NULL;
 *     char *text = NULL;
 *     if (!ap_value_from_json(&v, "{\"text\": \"a\", \"text_pair\": \"b\"}", AP_NUL_TERMINATED, NULL)) {
 *         const ap_value *a = ap_value_dict_get(v, "text");
 *         puts(ap_value_get_string(a, NULL));
 *         ap_value_to_json(&text, NULL, v, AP_JSON_COMPACT, NULL);
 *         ap_string_destroy(text);
 *     }
 *     ap_value_destroy(v);
 *
 * Ownership: a value owns everything below it. `create`, `copy` and `from_json` give a value to destroy;
 * `get` lends, until the value is changed or destroyed; `take` owns what it is given from then on, also
 * when it fails. On failure `*out` is NULL.
 *
 * Threading: a value that nobody changes may be read by many threads; otherwise it belongs to one.
 */
#ifndef ACCELPIPE_VALUE_H
#define ACCELPIPE_VALUE_H

#include <accelpipe/status.h>
#include <accelpipe/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ap_value ap_value;

typedef enum ap_kind {
    AP_KIND_NULL = 0,
    AP_KIND_BOOL = 1,
    AP_KIND_INT = 2,
    AP_KIND_FLOAT = 3,
    AP_KIND_STRING = 4, /**< UTF-8. */
    AP_KIND_LIST = 5,
    AP_KIND_DICT = 6,  /**< Keys are unique strings; the order of insertion is kept. */
    AP_KIND_TENSOR = 7 /**< In JSON: nested lists of its shape. */
} ap_kind;

/** As a length: the text ends at its NUL. */
#define AP_NUL_TERMINATED ((size_t)-1)

/** Values nest at most this deep; JSON text that goes deeper is refused. */
#define AP_VALUE_MAX_DEPTH 512

/** JSON text is at most this long (1 GiB); longer text is AP_ELIMIT. */
#define AP_JSON_MAX_BYTES ((size_t)1 << 30)

/* -- making -------------------------------------------------------------------------------------------- */

AP_API ap_status ap_value_create_null(ap_value **out, ap_error *err);
AP_API ap_status ap_value_create_bool(ap_value **out, int value, ap_error *err);
AP_API ap_status ap_value_create_int(ap_value **out, int64_t value, ap_error *err);
AP_API ap_status ap_value_create_float(ap_value **out, double value, ap_error *err);

/** Copies the text. @return AP_EUTF8 when it is not UTF-8 (err: byte offset). */
AP_API ap_status ap_value_create_string(ap_value **out, const char *text, size_t len_bytes, ap_error *err);
AP_API ap_status ap_value_create_list(ap_value **out, ap_error *err);
AP_API ap_status ap_value_create_dict(ap_value **out, ap_error *err);

/** Copies `data`, which holds the product of `shape` elements.
 * @param data may be NULL: the tensor is zeroed. */
AP_API ap_status ap_value_create_tensor(ap_value **out, ap_dtype dtype, const int64_t *shape, uint32_t rank,
                                        const void *data, ap_error *err);

/** Tells that elements are not needed any more; called once, on any thread. */
typedef void (*ap_release_fn)(void *ctx);

/** A tensor around elements of the caller's, which are not copied: they must stay as they are until `release`
 * is called, which may be long after this value is destroyed, because copies and slices share them.
 * @param view copied; `size_bytes` has to be that of its shape.
 * @param release may be NULL. `ctx` is taken, also on failure: it is released then. Since 0.1. */
AP_API ap_status ap_value_create_tensor_take(ap_value **out, const ap_tensor_view *view,
                                             ap_release_fn release, void *ctx, ap_error *err);

/** Appends `item`, which is taken. @return AP_ETYPE when `list` is no list. */
AP_API ap_status ap_value_list_append_take(ap_value *list, ap_value *item, ap_error *err);

/** Sets or replaces `key`; `item` is taken, the key copied. @return AP_ETYPE when `dict` is no dict. */
AP_API ap_status ap_value_dict_set_take(ap_value *dict, const char *key, ap_value *item, ap_error *err);

/** A deep copy; tensors share their elements. */
AP_API ap_status ap_value_copy(ap_value **out, const ap_value *value, ap_error *err);

/** Frees the value and everything below it; NULL is fine. */
AP_API void ap_value_destroy(ap_value *value);

/* -- looking ------------------------------------------------------------------------------------------- */

/** NULL counts as AP_KIND_NULL. */
AP_API ap_kind ap_value_kind(const ap_value *value);

/** "null", "bool", "int", "float", "string", "list", "dict" or "tensor". Static storage. */
AP_API const char *ap_kind_name(ap_kind kind);

/** The getters below give 0 or NULL for a value of another kind: ask ap_value_kind() first. */
AP_API int ap_value_get_bool(const ap_value *value);
AP_API int64_t ap_value_get_int(const ap_value *value);

/** The number as a double, of an int too. */
AP_API double ap_value_get_float(const ap_value *value);

/** @param[out] len_bytes may be NULL. The text is NUL-terminated and may hold further NULs. */
AP_API const char *ap_value_get_string(const ap_value *value, size_t *len_bytes);

/** @return 1 and a borrowed view, or 0 when the value is no tensor. */
AP_API int ap_value_get_tensor(const ap_value *value, ap_tensor_view *view);

/** Items of a list, entries of a dict, 0 of anything else. */
AP_API size_t ap_value_len(const ap_value *value);

/** The item at `index`, NULL when there is none. */
AP_API const ap_value *ap_value_list_get(const ap_value *list, size_t index);

/** The entry of that name, NULL when there is none. */
AP_API const ap_value *ap_value_dict_get(const ap_value *dict, const char *key);

/** The entry at `index` in order of insertion, NULL when there is none.
 * @param[out] key borrowed; may be NULL. */
AP_API const ap_value *ap_value_dict_at(const ap_value *dict, size_t index, const char **key);

/** 1 when both have the same kinds and contents; dicts compare without order, NaN equals NaN. */
AP_API int ap_value_equal(const ap_value *a, const ap_value *b);

/* -- JSON ---------------------------------------------------------------------------------------------- */

typedef enum ap_json_style {
    AP_JSON_COMPACT = 0, /**< One line, no blanks. */
    AP_JSON_PRETTY = 1   /**< Indented by two spaces. */
} ap_json_style;

/** Reads one JSON value (RFC 8259; NaN, Infinity and -Infinity are also read, as in Python).
 * @return AP_EFORMAT with the byte offset; AP_ELIMIT over AP_JSON_MAX_BYTES or AP_VALUE_MAX_DEPTH.
 * Integers outside 64 signed bits become floats. Of repeated keys the last one counts. */
AP_API ap_status ap_value_from_json(ap_value **out, const char *text, size_t len_bytes, ap_error *err);

/** Writes JSON. Floats get the shortest digits that read back to the same double; those that are not
 * finite become NaN, Infinity or -Infinity, as in Python.
 * @param[out] out owned: ap_string_destroy().   @param[out] len_bytes may be NULL. */
AP_API ap_status ap_value_to_json(char **out, size_t *len_bytes, const ap_value *value, ap_json_style style,
                                  ap_error *err);

/** Frees a string that the library gave; NULL is fine. */
AP_API void ap_string_destroy(char *text);

#ifdef __cplusplus
}
#endif
#endif

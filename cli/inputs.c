/* Values made ready for ap_pipeline_call(). */
#include "inputs.h"

#include "diag.h"
#include "npy.h"
#include "read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- what stands for something else -------------------------------------------------------------------- */

/* The path of {"$npy": path} and the like; NULL when it is none. `*key` is its name. */
static const char *marker_path(const ap_value *value, const char **key) {
    if (ap_value_kind(value) != AP_KIND_DICT || ap_value_len(value) != 1) return NULL;
    const ap_value *item = ap_value_dict_at(value, 0, key);
    if (strcmp(*key, "$npy") != 0 && strcmp(*key, "$image") != 0) return NULL;
    return ap_value_get_string(item, NULL);
}

static const ap_value *child(const ap_value *value, size_t i, const char **key) {
    return ap_value_kind(value) == AP_KIND_DICT ? ap_value_dict_at(value, i, key)
                                                : ap_value_list_get(value, i);
}

static bool has_marker(const ap_value *value) {
    const char *key;
    if (marker_path(value, &key)) return true;
    for (size_t i = 0; i < ap_value_len(value); i++)
        if (has_marker(child(value, i, &key))) return true;
    return false;
}

static ap_status resolve(ap_value **out, const ap_value *value, ap_error *err);

static ap_status resolve_children(ap_value **out, const ap_value *value, ap_error *err) {
    bool is_dict = ap_value_kind(value) == AP_KIND_DICT;
    ap_status status = is_dict ? ap_value_create_dict(out, err) : ap_value_create_list(out, err);
    for (size_t i = 0; i < ap_value_len(value) && !status; i++) {
        const char *key = NULL;
        ap_value *item = NULL;
        const ap_value *from = child(value, i, &key);
        if ((status = resolve(&item, from, err))) break;
        status = is_dict ? ap_value_dict_set_take(*out, key, item, err)
                         : ap_value_list_append_take(*out, item, err);
    }
    if (!status) return AP_OK;
    ap_value_destroy(*out);
    *out = NULL;
    return status;
}

/* A copy of `value` with arrays in place of {"$npy": path}. Values nest at most AP_VALUE_MAX_DEPTH deep. */
static ap_status resolve(ap_value **out, const ap_value *value, ap_error *err) {
    const char *key;
    *out = NULL;
    const char *path = marker_path(value, &key);
    if (path && strcmp(key, "$npy") == 0) return cli_npy_read(out, path, err);
    if (path) return cli_fail(err, AP_EUNSUPPORTED, "{\"%s\": ...} is not supported by this version", key);
    ap_kind kind = ap_value_kind(value);
    bool has_children = kind == AP_KIND_LIST || kind == AP_KIND_DICT;
    return has_children ? resolve_children(out, value, err) : ap_value_copy(out, value, err);
}

/* No file is at fault: what was given is. */
static ap_status parse(ap_value **out, const char *json, size_t len, ap_error *err) {
    ap_status status = ap_value_from_json(out, json, len, err);
    if (status == AP_EFORMAT) err->status = status = AP_EINVAL;
    return status;
}

static ap_status resolve_markers(ap_value **value, ap_error *err) {
    ap_value *with_markers = *value;
    if (!has_marker(with_markers)) return AP_OK;
    ap_status status = resolve(value, with_markers, err);
    ap_value_destroy(with_markers);
    return status;
}

ap_status cli_inputs_from_json(ap_value **out, const char *json, size_t len, ap_error *err) {
    ap_status status = parse(out, json, len, err);
    return status ? status : resolve_markers(out, err);
}

ap_status cli_inputs_from_line(ap_value **out, const char *line, size_t len, bool has_markers,
                               ap_error *err) {
    ap_status status = parse(out, line, len, err);
    /* What most bad lines are is text without its quotes. */
    if (status == AP_EINVAL && len && !strchr("{[\"", line[0])) {
        ap_error why = *err;
        cli_fail(err, why.status, "%s; a text stands in quotes, or use --text-lines", why.message);
    }
    return status || !has_markers ? status : resolve_markers(out, err);
}

/* -- keywords ------------------------------------------------------------------------------------------ */

static ap_status add_params(ap_value **params, const ap_value *kwargs, ap_error *err) {
    ap_status status = *params ? AP_OK : ap_value_create_dict(params, err);
    for (size_t i = 0; i < ap_value_len(kwargs) && !status; i++) {
        const char *key;
        ap_value *copy = NULL;
        const ap_value *item = ap_value_dict_at(kwargs, i, &key);
        if (strcmp(key, "inputs") == 0) continue;
        if (ap_value_dict_get(*params, key))
            return cli_fail(err, AP_ETYPE, "\"$kwargs\" has \"%s\", which is given as a parameter too", key);
        if ((status = ap_value_copy(&copy, item, err))) break;
        status = ap_value_dict_set_take(*params, key, copy, err);
    }
    return status;
}

ap_status cli_inputs_split_kwargs(ap_value **inputs, ap_value **params, ap_error *err) {
    const ap_value *kwargs = ap_value_dict_get(*inputs, "$kwargs");
    if (!kwargs || ap_value_len(*inputs) != 1) return AP_OK;
    const ap_value *given = ap_value_dict_get(kwargs, "inputs");
    bool has_params = ap_value_len(kwargs) > (given != NULL);
    if (!given && (!has_params || !params))
        return cli_fail(err, AP_ETYPE, "\"$kwargs\" has no \"inputs\", which the call needs");
    if (has_params && !params)
        return cli_fail(err, AP_EINVAL,
                        "\"$kwargs\" of one line of many may hold \"inputs\" only; --params "
                        "holds for all of them");
    ap_value *copy = NULL;
    ap_status status = has_params ? add_params(params, kwargs, err) : AP_OK;
    if (!status && given) status = ap_value_copy(&copy, given, err);
    if (status) return status;
    ap_value_destroy(*inputs);
    *inputs = copy;
    return AP_OK;
}

/* -- sources ------------------------------------------------------------------------------------------- */

static ap_status from_text(ap_value **out, const char *text, size_t len, bool is_json, const char *what,
                           ap_error *err) {
    ap_status status =
        is_json ? cli_inputs_from_json(out, text, len, err) : ap_value_create_string(out, text, len, err);
    return status ? cli_error_wrap(err, what) : AP_OK;
}

static ap_status from_one(ap_value **out, const char *text, size_t index, size_t n, bool is_json,
                          ap_error *err) {
    char what[48] = "INPUT";
    if (n > 1) snprintf(what, sizeof what, "INPUT %zu", index + 1);
    return from_text(out, text, strlen(text), is_json, what, err);
}

ap_status cli_inputs_from_args(ap_value **out, char *const *texts, size_t n_texts, bool is_json,
                               ap_error *err) {
    if (n_texts == 1) return from_one(out, texts[0], 0, 1, is_json, err);
    ap_status status = ap_value_create_list(out, err);
    for (size_t i = 0; i < n_texts && !status; i++) {
        ap_value *item = NULL;
        if (!(status = from_one(&item, texts[i], i, n_texts, is_json, err)))
            status = ap_value_list_append_take(*out, item, err);
    }
    if (!status) return AP_OK;
    ap_value_destroy(*out);
    *out = NULL;
    return status;
}

ap_status cli_inputs_from_stdin(ap_value **out, bool is_json, ap_error *err) {
    cli_bytes bytes;
    *out = NULL;
    ap_status status = cli_read_stdin(&bytes, AP_JSON_MAX_BYTES, err);
    if (status) return status;
    size_t len = bytes.len;
    if (!is_json && len && bytes.ptr[len - 1] == '\n') len--;
    if (!is_json && len < bytes.len && len && bytes.ptr[len - 1] == '\r') len--;
    status = from_text(out, bytes.ptr, len, is_json, "standard input", err);
    free(bytes.ptr);
    return status;
}

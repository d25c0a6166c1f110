/* Reading members of JSON objects, with errors that say file, place, expected and found. */
#include "tokenizer/component.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/tokenizer_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

size_t ap__loader_enter(ap__loader *loader, const char *key, size_t index) {
    size_t mark = strlen(loader->place), room = sizeof loader->place - mark;
    if (key)
        snprintf(loader->place + mark, room, "%s%s", mark ? "." : "", key);
    else
        snprintf(loader->place + mark, room, "[%zu]", index);
    return mark;
}

void ap__loader_leave(ap__loader *loader, size_t mark) { loader->place[mark] = '\0'; }

ap_status ap__loader_fail(ap__loader *loader, ap_status status, const char *key, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    ap__failv(loader->err, status, fmt, args);
    va_end(args);
    const char *dot = key && loader->place[0] ? "." : "";
    const char *colon = key || loader->place[0] ? ": " : "";
    return ap__error_wrap(loader->err, status, "%s%s%s%s%s", loader->file, colon, loader->place, dot,
                          key ? key : "");
}

const char *ap__json_kind(yyjson_val *value) {
    if (!value) return "nothing";
    switch (yyjson_get_type(value)) {
    case YYJSON_TYPE_NULL:
        return "null";
    case YYJSON_TYPE_BOOL:
        return "true or false";
    case YYJSON_TYPE_NUM:
        return "a number";
    case YYJSON_TYPE_STR:
        return "a string";
    case YYJSON_TYPE_ARR:
        return "a list";
    case YYJSON_TYPE_OBJ:
        return "an object";
    default:
        return "something else";
    }
}

ap_status ap__loader_alloc(ap__loader *loader, void *out_ptr, size_t count, size_t size_bytes) {
    void *ptr = ap__arena_calloc(loader->arena, count, size_bytes);
    memcpy(out_ptr, &ptr, sizeof ptr);
    return ptr ? AP_OK : ap__fail_nomem(loader->err);
}

ap_status ap__loader_on_destroy(ap__loader *loader, void (*fn)(void *ptr), void *ptr) {
    ap__cleanup *cleanup = ap__arena_alloc(loader->arena, sizeof *cleanup);
    if (!cleanup) {
        fn(ptr);
        return ap__fail_nomem(loader->err);
    }
    *cleanup = (ap__cleanup){fn, ptr, loader->tokenizer->cleanups};
    loader->tokenizer->cleanups = cleanup;
    return AP_OK;
}

/* -- members ------------------------------------------------------------------------------------------- */

/* The member, or NULL with *status set: AP_OK when it may be missing and is. */
static yyjson_val *member(ap__loader *loader, yyjson_val *json, const char *key, bool is_required,
                          const char *expected, ap_status *status) {
    yyjson_val *value = yyjson_obj_get(json, key);
    *status = AP_OK;
    if (value && (is_required || !yyjson_is_null(value))) return value;
    if (is_required)
        *status = ap__loader_fail(loader, AP_EFORMAT, key, "expected %s, found nothing", expected);
    return NULL;
}

static ap_status mismatch(ap__loader *loader, const char *key, const char *expected, yyjson_val *found) {
    return ap__loader_fail(loader, AP_EFORMAT, key, "expected %s, found %s", expected, ap__json_kind(found));
}

ap_status ap__check_not_null(ap__loader *loader, yyjson_val *json, const char *key) {
    if (!yyjson_is_null(yyjson_obj_get(json, key))) return AP_OK;
    return ap__loader_fail(loader, AP_EFORMAT, key, "is null; leave it out instead");
}

ap_status ap__get_bool(ap__loader *loader, yyjson_val *json, const char *key, bool is_required, bool *out) {
    ap_status status;
    yyjson_val *value = member(loader, json, key, is_required, "true or false", &status);
    if (!value) return status;
    if (!yyjson_is_bool(value)) return mismatch(loader, key, "true or false", value);
    *out = yyjson_get_bool(value);
    return AP_OK;
}

ap_status ap__get_size(ap__loader *loader, yyjson_val *json, const char *key, bool is_required, size_t *out) {
    ap_status status;
    yyjson_val *value = member(loader, json, key, is_required, "a count", &status);
    if (!value) return status;
    if (!yyjson_is_uint(value)) return mismatch(loader, key, "a count (0 or more)", value);
    uint64_t number = yyjson_get_uint(value);
    *out = number > SIZE_MAX ? SIZE_MAX : (size_t)number;
    return AP_OK;
}

ap_status ap__get_u32(ap__loader *loader, yyjson_val *json, const char *key, bool is_required,
                      uint32_t *out) {
    size_t number = *out;
    ap_status status = ap__get_size(loader, json, key, is_required, &number);
    if (status || number == *out) return status;
    if (number >= UINT32_MAX)
        return ap__loader_fail(loader, AP_EFORMAT, key, "expected a number below %u, found %zu", UINT32_MAX,
                               number);
    *out = (uint32_t)number;
    return AP_OK;
}

ap_status ap__loader_copy(ap__loader *loader, yyjson_val *string, ap__text *out) {
    size_t len = yyjson_get_len(string);
    char *copy = ap__arena_strndup(loader->arena, yyjson_get_str(string), len);
    if (!copy) return ap__fail_nomem(loader->err);
    *out = (ap__text){copy, len};
    return AP_OK;
}

ap_status ap__get_string(ap__loader *loader, yyjson_val *json, const char *key, bool is_required,
                         ap__text *out) {
    ap_status status;
    yyjson_val *value = member(loader, json, key, is_required, "a string", &status);
    if (!value) return status;
    if (!yyjson_is_str(value)) return mismatch(loader, key, "a string", value);
    return ap__loader_copy(loader, value, out);
}

ap_status ap__get_char(ap__loader *loader, yyjson_val *json, const char *key, bool is_required,
                       uint32_t *out) {
    ap_status status;
    yyjson_val *value = member(loader, json, key, is_required, "a character", &status);
    if (!value) return status;
    const char *text = yyjson_get_str(value);
    size_t len = yyjson_get_len(value);
    if (!text || !len || ap__utf8_decode(out, text, len) != len)
        return mismatch(loader, key, "a string of one character", value);
    return AP_OK;
}

ap_status ap__get_array(ap__loader *loader, yyjson_val *json, const char *key, yyjson_val **out) {
    ap_status status;
    *out = member(loader, json, key, true, "a list", &status);
    if (*out && !yyjson_is_arr(*out)) return mismatch(loader, key, "a list", *out);
    return status;
}

ap_status ap__get_object(ap__loader *loader, yyjson_val *json, const char *key, yyjson_val **out) {
    ap_status status;
    *out = member(loader, json, key, true, "an object", &status);
    if (*out && !yyjson_is_obj(*out)) return mismatch(loader, key, "an object", *out);
    return status;
}

ap_status ap__get_strings(ap__loader *loader, yyjson_val *json, const char *key, size_t least,
                          ap__vocab *out) {
    yyjson_val *list, *item;
    size_t i, max, n_bytes = 0;
    ap_status status = ap__get_array(loader, json, key, &list);
    if (status) return status;
    yyjson_arr_foreach(list, i, max, item) {
        if (!yyjson_is_str(item) || yyjson_get_len(item) < least)
            return ap__loader_fail(loader, AP_EFORMAT, key, "item %zu: expected a text%s", i,
                                   least ? " that is not empty" : "");
        n_bytes += yyjson_get_len(item);
    }
    status = ap__vocab_create(out, loader->arena, yyjson_arr_size(list), n_bytes, loader->err);
    if (status) return status;
    yyjson_arr_foreach(list, i, max, item) {
        const char *text = yyjson_get_str(item);
        size_t len = yyjson_get_len(item);
        if (ap__vocab_find(out, text, len) == AP__TOKEN_NONE) ap__vocab_add(out, text, len, (uint32_t)i);
    }
    return AP_OK;
}

ap_status ap__get_enum(ap__loader *loader, yyjson_val *json, const char *key, bool is_required,
                       const char *const *names, int *out) {
    ap_status status;
    yyjson_val *value = member(loader, json, key, is_required, "a name", &status);
    if (!value) return status;
    for (int i = 0; names[i]; i++) {
        if (!yyjson_equals_str(value, names[i])) continue;
        *out = i;
        return AP_OK;
    }
    const char *found = yyjson_is_str(value) ? yyjson_get_str(value) : ap__json_kind(value);
    char list[160] = "";
    for (int i = 0; names[i]; i++) {
        size_t len = strlen(list);
        snprintf(list + len, sizeof list - len, "%s%s", i ? ", " : "", names[i]);
    }
    return ap__loader_fail(loader, AP_EFORMAT, key, "expected one of %s; found %.80s", list, found);
}

const char *const ap__split_behavior_names[] = {"Removed",        "Isolated",   "MergedWithPrevious",
                                                "MergedWithNext", "Contiguous", NULL};

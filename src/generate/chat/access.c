/* Attributes and items. Source: jinja2@3.1.6 sandbox.py getattr(), getitem(), is_safe_attribute(). */
#include "base/error.h"
#include "base/utf8.h"
#include "generate/chat/run.h"
#include "generate/chat/text.h"

#include <string.h>

static ap_status unsafe(ap__jrun *run, ap__jval *out, const ap__jval *object, ap__text name) {
    ap_status status = ap__jrun_undefined_name(run, out, object, ap__jval_text(name.ptr, name.len));
    if (!status) out->as.undefined->is_unsafe = true;
    return status;
}

static bool is_internal(ap__text name) {
    return name.len > 4 && !memcmp(name.ptr, "__", 2) && !memcmp(name.ptr + name.len - 2, "__", 2);
}

/* A method, bound to the object. Those that change it are not safe. */
static ap_status bind_method(ap__jrun *run, ap__jval *out, const ap__jval *object, const ap__jrow *row,
                             ap__text name) {
    if (!row->call && row->parameters) return unsafe(run, out, object, name);
    if (!row->call)
        return ap__jrun_fail(run, AP_EUNSUPPORTED, "\"%s\" of a %s is not supported", row->name,
                             ap__jval_type_name(object));
    ap__jmethod *method = ap__jmem_alloc(&run->mem, 1, sizeof *method);
    if (!method) return run->mem.status;
    *method = (ap__jmethod){row, *object};
    *out = (ap__jval){.kind = AP__J_METHOD, .as.method = method};
    return AP_OK;
}

static ap_status namespace_attribute(ap__jrun *run, ap__jval *out, const ap__jval *object, ap__text name,
                                     bool *is_found) {
    const ap__jval *value = ap__jdict_get_text(object->as.dict, name.ptr, name.len);
    *is_found = value != NULL;
    if (!value) return AP_OK;
    if (name.len && name.ptr[0] == '_') return unsafe(run, out, object, name);
    *out = *value;
    return AP_OK;
}

static ap_status macro_attribute(ap__jrun *run, ap__jval *out, const ap__jval *object, ap__text name,
                                 bool *is_found) {
    const ap__jmacro_def *def = object->as.macro->def;
    ap__jval key = ap__jval_text(name.ptr, name.len);
    ap_status status = AP_OK;
    *is_found = true;
    if (ap__jval_is_text(&key, "name")) {
        *out = ap__jval_text(def->name.text.ptr, def->name.text.len);
        if (!def->name.text.ptr) *out = ap__jval_none();
    } else if (ap__jval_is_text(&key, "catch_kwargs")) {
        *out = ap__jval_bool(def->has_kwargs);
    } else if (ap__jval_is_text(&key, "catch_varargs")) {
        *out = ap__jval_bool(def->has_varargs);
    } else if (ap__jval_is_text(&key, "caller")) {
        *out = ap__jval_bool(def->has_caller);
    } else if (ap__jval_is_text(&key, "arguments")) {
        status = ap__jval_new_list(out, &run->mem, AP__J_TUPLE, def->parameters.n);
        for (size_t i = 0; i < def->parameters.n && !status; i++) {
            const ap__text *text = &def->parameters.ptr[i]->as.name.name.text;
            status = ap__jlist_push(out->as.list, &run->mem, ap__jval_text(text->ptr, text->len));
        }
    } else {
        *is_found = false;
    }
    return status;
}

/* What groupby gives. */
static bool group_attribute(ap__jval *out, const ap__jval *object, ap__text name) {
    ap__jval key = ap__jval_text(name.ptr, name.len);
    bool is_list = ap__jval_is_text(&key, "list");
    if (!object->is_markup || !(is_list || ap__jval_is_text(&key, "grouper"))) return false;
    *out = object->as.list->items[is_list];
    return true;
}

static bool cycler_attribute(ap__jval *out, const ap__jcycler *cycler, ap__text name) {
    ap__jval key = ap__jval_text(name.ptr, name.len);
    bool is_current = ap__jval_is_text(&key, "current");
    if (!is_current && !ap__jval_is_text(&key, "pos")) return false;
    *out = is_current ? cycler->items.items[cycler->i] : ap__jval_int((int64_t)cycler->i);
    return true;
}

/* Python's getattr(). */
static ap_status get_attribute(ap__jrun *run, ap__jval *out, const ap__jval *object, ap__text name,
                               bool *is_found) {
    *is_found = true;
    if (object->kind == AP__J_UNDEFINED) return ap__jrun_fail_undefined(run, object->as.undefined);
    if (is_internal(name)) return unsafe(run, out, object, name);
    const ap__jrow *row = ap__jmethod_find(object, name.ptr, name.len);
    if (row) return bind_method(run, out, object, row, name);
    *is_found = false;
    if (object->kind == AP__J_NAMESPACE) return namespace_attribute(run, out, object, name, is_found);
    if (object->kind == AP__J_LOOP) return ap__jloop_attribute(run, out, object->as.loop, name, is_found);
    if (object->kind == AP__J_MACRO) return macro_attribute(run, out, object, name, is_found);
    if (object->kind == AP__J_TUPLE) *is_found = group_attribute(out, object, name);
    if (object->kind == AP__J_CYCLER) *is_found = cycler_attribute(out, object->as.cycler, name);
    return AP_OK;
}

ap_status ap__jget_attribute_alone(ap__jrun *run, ap__jval *out, const ap__jval *object, ap__text name) {
    bool is_found;
    ap_status status = get_attribute(run, out, object, name, &is_found);
    if (status || is_found) return status;
    return ap__jrun_undefined_name(run, out, object, ap__jval_text(name.ptr, name.len));
}

ap_status ap__jget_attribute(ap__jrun *run, ap__jval *out, const ap__jval *object, ap__text name) {
    bool is_found;
    ap_status status = get_attribute(run, out, object, name, &is_found);
    if (status || is_found) return status;
    const ap__jval *item =
        object->kind == AP__J_DICT ? ap__jdict_get_text(object->as.dict, name.ptr, name.len) : NULL;
    if (!item) return ap__jrun_undefined_name(run, out, object, ap__jval_text(name.ptr, name.len));
    *out = *item;
    return AP_OK;
}

/* -- items --------------------------------------------------------------------------------------------- */

/* An index of Python: from the end when it is below zero. */
static bool resolve_index(int64_t index, size_t n, size_t *out) {
    if (index < 0) index += (int64_t)n;
    *out = (size_t)index;
    return index >= 0 && (uint64_t)index < n;
}

static ap_status get_character(ap__jrun *run, ap__jval *out, const ap__jval *object, int64_t index,
                               bool *is_found) {
    ap__text text = ap__jval_get_text(object);
    size_t i, n = ap__utf8_count(text.ptr, text.len);
    ap_status status = ap__jrun_spend(run, text.len / 64);
    *is_found = resolve_index(index, n, &i);
    if (status || !*is_found) return status;
    size_t start = n == text.len ? i : ap__jtext_offset(text, i);
    uint32_t code;
    *out = ap__jval_text(text.ptr + start, ap__utf8_next(&code, text.ptr + start));
    out->is_markup = object->is_markup;
    return AP_OK;
}

/* Python's object[key] but for slices. */
static ap_status get_item(ap__jrun *run, ap__jval *out, const ap__jval *object, const ap__jval *key,
                          bool *is_found) {
    int64_t index;
    size_t i;
    *is_found = false;
    if (object->kind == AP__J_UNDEFINED) return ap__jrun_fail_undefined(run, object->as.undefined);
    if (object->kind == AP__J_DICT) {
        const ap__jval *item = ap__jval_unhashable(key) ? NULL : ap__jdict_get(object->as.dict, *key);
        *is_found = item != NULL;
        if (item) *out = *item;
        return AP_OK;
    }
    if (!ap__jval_is_integer(key, &index)) return AP_OK;
    if (object->kind == AP__J_STRING) return get_character(run, out, object, index, is_found);
    if (object->kind == AP__J_LIST || object->kind == AP__J_TUPLE) {
        *is_found = resolve_index(index, object->as.list->n, &i);
        if (*is_found) *out = object->as.list->items[i];
    } else if (object->kind == AP__J_RANGE) {
        const ap__jrange *range = object->as.range;
        *is_found = resolve_index(index, range->n, &i);
        if (*is_found) *out = ap__jrange_item(range, i);
    }
    return AP_OK;
}

ap_status ap__jget_item(ap__jrun *run, ap__jval *out, const ap__jval *object, const ap__jval *key) {
    bool is_found;
    ap_status status = get_item(run, out, object, key, &is_found);
    if (status || is_found) return status;
    if (key->kind == AP__J_STRING)
        status = get_attribute(run, out, object, ap__jval_get_text(key), &is_found);
    if (status || is_found) return status;
    return ap__jrun_undefined_name(run, out, object, *key);
}

/* -- slices -------------------------------------------------------------------------------------------- */

typedef struct slice {
    int64_t start, stop, step;
    size_t n;
} slice;

static int64_t clamp_index(int64_t index, int64_t n, bool is_forward) {
    if (index < 0) index += n;
    if (index < 0) return is_forward ? 0 : -1;
    return index < n ? index : is_forward ? n : n - 1;
}

/* Source: cpython@v3.11 Objects/sliceobject.c PySlice_AdjustIndices(). */
static ap_status resolve_slice(ap__jrun *run, slice *out, const ap__jval parts[3], size_t n_items) {
    int64_t values[3] = {0, 0, 1}, n = (int64_t)n_items;
    bool is_given[3];
    for (int i = 0; i < 3; i++) {
        is_given[i] = parts[i].kind != AP__J_MISSING && parts[i].kind != AP__J_NONE;
        if (is_given[i] && !ap__jval_is_integer(&parts[i], &values[i]))
            return ap__jrun_fail(run, AP_ETYPE, "a slice needs whole numbers, found %s",
                                 ap__jval_type_name(&parts[i]));
    }
    bool is_forward = values[2] > 0;
    if (!values[2]) return ap__jrun_fail(run, AP_EINVAL, "the step of a slice is zero");
    int64_t start = is_forward ? 0 : n - 1, stop = is_forward ? n : -1;
    if (is_given[0]) start = clamp_index(values[0], n, is_forward);
    if (is_given[1]) stop = clamp_index(values[1], n, is_forward);
    *out = (slice){start, stop, values[2], ap__jrange_count(start, stop, values[2])};
    return AP_OK;
}

static ap_status slice_list(ap__jrun *run, ap__jval *out, const ap__jval *object, const slice *s) {
    ap_status status = ap__jval_new_list(out, &run->mem, (ap__jkind)object->kind, s->n);
    for (size_t i = 0; i < s->n && !status; i++)
        out->as.list->items[out->as.list->n++] = object->as.list->items[s->start + (int64_t)i * s->step];
    return status ? status : ap__jrun_spend(run, s->n / 8);
}

static ap_status slice_string(ap__jrun *run, ap__jval *out, const ap__jval *object, const slice *s) {
    ap__text text = ap__jval_get_text(object);
    size_t mark = run->scratch.len, n = ap__utf8_count(text.ptr, text.len);
    bool is_ascii = n == text.len;
    ap_status status = ap__jrun_spend(run, text.len / 16);
    if (status) return status;
    if (s->step == 1) {
        size_t start = is_ascii ? (size_t)s->start : ap__jtext_offset(text, (size_t)s->start);
        ap__text rest = {text.ptr + start, text.len - start};
        *out = ap__jval_text(rest.ptr, is_ascii ? s->n : ap__jtext_offset(rest, s->n));
    } else {
        /* Where each character begins. */
        uint32_t *starts = ap__jmem_alloc(&run->mem, n + 1, sizeof *starts);
        if (!starts) return run->mem.status;
        for (size_t i = 0, at = 0; i < n; i++) {
            uint32_t code;
            starts[i] = (uint32_t)at;
            at += ap__utf8_next(&code, text.ptr + at);
        }
        starts[n] = (uint32_t)text.len;
        for (size_t i = 0; i < s->n && !status; i++) {
            int64_t at = s->start + (int64_t)i * s->step;
            status =
                ap__buf_append(&run->scratch, text.ptr + starts[at], starts[at + 1] - starts[at], run->err);
        }
        if (!status) status = ap__jrun_take(run, mark, out);
    }
    out->is_markup = object->is_markup;
    return status;
}

static ap_status slice_range(ap__jrun *run, ap__jval *out, const ap__jval *object, const slice *s) {
    const ap__jrange *from = object->as.range;
    ap__jrange *range = ap__jmem_alloc(&run->mem, 1, sizeof *range);
    if (!range) return run->mem.status;
    *range = (ap__jrange){.start = ap__jrange_item(from, (size_t)s->start).as.integer, .n = s->n};
    if (__builtin_mul_overflow(from->step, s->step, &range->step))
        return ap__jrun_fail(run, AP_EUNSUPPORTED, "whole numbers beyond 64 bits are not supported");
    range->stop = ap__jrange_item(from, (size_t)s->stop).as.integer;
    *out = (ap__jval){.kind = AP__J_RANGE, .as.range = range};
    return AP_OK;
}

ap_status ap__jget_slice(ap__jrun *run, ap__jval *out, const ap__jval *object, const ap__jval parts[3]) {
    slice s = {0};
    int64_t n = 0;
    if (object->kind == AP__J_UNDEFINED) return ap__jrun_fail_undefined(run, object->as.undefined);
    bool is_list = object->kind == AP__J_LIST || object->kind == AP__J_TUPLE;
    if (!is_list && object->kind != AP__J_STRING && object->kind != AP__J_RANGE)
        return ap__jrun_fail(run, AP_ETYPE, "a %s cannot be sliced", ap__jval_type_name(object));
    ap_status status = ap__jval_length(run, &n, object);
    if (!status) status = resolve_slice(run, &s, parts, (size_t)n);
    if (status) return status;
    if (is_list) return slice_list(run, out, object, &s);
    return object->kind == AP__J_STRING ? slice_string(run, out, object, &s)
                                        : slice_range(run, out, object, &s);
}

#include "generate/chat/arguments.h"

#include "base/error.h"
#include "generate/chat/number.h"
#include "tokenizer/python_case.h"

#include <string.h>

ap_status ap__jarg_int(ap__jrun *run, const ap__jargs *args, size_t i, int64_t standard, int64_t *out) {
    const ap__jval *value = &args->bound[i];
    *out = standard;
    if (!ap__jarg_is_given(args, i) || ap__jval_is_integer(value, out)) return AP_OK;
    if (value->kind == AP__J_UNDEFINED) return ap__jrun_fail_undefined(run, value->as.undefined);
    return ap__jrun_fail(run, AP_ETYPE, "expected a whole number, found %s", ap__jval_type_name(value));
}

ap_status ap__jarg_text(ap__jrun *run, const ap__jargs *args, size_t i, const char *standard, ap__text *out) {
    const ap__jval *value = &args->bound[i];
    *out = (ap__text){standard, standard ? strlen(standard) : 0};
    if (!ap__jarg_is_given(args, i)) return AP_OK;
    *out = ap__jval_get_text(value);
    if (value->kind == AP__J_STRING) return AP_OK;
    if (value->kind == AP__J_UNDEFINED) return ap__jrun_fail_undefined(run, value->as.undefined);
    return ap__jrun_fail(run, AP_ETYPE, "expected a str, found %s", ap__jval_type_name(value));
}

ap_status ap__jarg_self(ap__jrun *run, const ap__jargs *args, ap__jval *out) {
    return ap__jval_to_text(run, out, &args->self);
}

/* -- paths --------------------------------------------------------------------------------------------- */

static ap_status step(ap__jrun *run, ap__jval *out, const ap__jval *key, const ap__jval *standard) {
    ap__jval object = *out;
    ap_status status = ap__jget_item(run, out, &object, key);
    bool has_standard = standard && standard->kind != AP__J_NONE && standard->kind != AP__J_MISSING;
    if (!status && out->kind == AP__J_UNDEFINED && has_standard) *out = *standard;
    return status;
}

ap_status ap__jget_path(ap__jrun *run, ap__jval *out, const ap__jval *object, const ap__jval *attribute,
                        const ap__jval *standard) {
    ap_status status = AP_OK;
    *out = *object;
    if (attribute->kind == AP__J_NONE || attribute->kind == AP__J_MISSING) return AP_OK;
    if (attribute->kind != AP__J_STRING) return step(run, out, attribute, standard);
    const char *at = attribute->as.text, *end = at + attribute->len;
    for (; !status; at++) {
        const char *dot = at < end ? memchr(at, '.', (size_t)(end - at)) : NULL;
        size_t len = (size_t)((dot ? dot : end) - at);
        int64_t index;
        ap__jval key = ap__jval_text(at, len);
        if (ap__jnumber_parse_int(&index, at, len, 10)) key = ap__jval_int(index);
        status = step(run, out, &key, standard);
        at += len;
        if (!dot) break;
    }
    return status;
}

/* -- by name ------------------------------------------------------------------------------------------- */

static ap_status find_row(ap__jrun *run, const ap__jrow **out, const ap__jval *name, bool is_filter) {
    if (name->kind != AP__J_STRING)
        return ap__jrun_fail(run, AP_ETYPE, "the name of a filter or test is a str, found %s",
                             ap__jval_type_name(name));
    *out = is_filter ? ap__jfilter_find(name->as.text, name->len) : ap__jtest_find(name->as.text, name->len);
    if (!*out)
        return ap__jrun_fail(run, AP_EKEY, "no %s named \"%.*s\"", is_filter ? "filter" : "test",
                             (int)(name->len & 63), name->as.text);
    if (!(*out)->call)
        return ap__jrun_fail(run, AP_EUNSUPPORTED, "the filter \"%s\" is not supported", (*out)->name);
    return AP_OK;
}

ap_status ap__japply_filter(ap__jrun *run, ap__jval *out, const ap__jval *name, ap__jargs *args) {
    const ap__jrow *row;
    ap_status status = find_row(run, &row, name, true);
    return status ? status : ap__jcall_row(run, out, row, "filter", args);
}

ap_status ap__japply_test(ap__jrun *run, bool *out, const ap__jval *name, ap__jargs *args) {
    const ap__jrow *row;
    ap__jval value;
    ap_status status = find_row(run, &row, name, false);
    if (!status) status = ap__jcall_row(run, &value, row, "test", args);
    *out = !status && ap__jval_is_true(&value);
    return status;
}

/* -- order --------------------------------------------------------------------------------------------- */

typedef struct sorter {
    ap__jrun *run;
    const ap__jval *keys;
    size_t *order, *spare;
    bool is_descending;
} sorter;

/* Whether the second of two neighbours goes before the first. */
static ap_status is_swapped(sorter *s, size_t first, size_t second, bool *out) {
    const ap__jval *a = &s->keys[first], *b = &s->keys[second];
    return s->is_descending ? ap__jcompare(s->run, out, AP__J_LT, a, b)
                            : ap__jcompare(s->run, out, AP__J_LT, b, a);
}

static ap_status merge(sorter *s, size_t start, size_t middle, size_t end) {
    size_t i = start, j = middle;
    for (size_t k = start; k < end; k++) {
        bool takes_right = j < end;
        if (i < middle && j < end) {
            ap_status status = is_swapped(s, s->order[i], s->order[j], &takes_right);
            if (status) return status;
        }
        s->spare[k] = takes_right ? s->order[j++] : s->order[i++];
    }
    memcpy(s->order + start, s->spare + start, (end - start) * sizeof *s->order);
    return AP_OK;
}

ap_status ap__jsort(ap__jrun *run, ap__jlist *items, const ap__jval *keys, bool is_descending) {
    size_t n = items->n;
    sorter s = {.run = run, .keys = keys, .is_descending = is_descending};
    s.order = ap__jmem_alloc(&run->mem, n, sizeof *s.order);
    s.spare = ap__jmem_alloc(&run->mem, n, sizeof *s.spare);
    ap__jval *sorted = ap__jmem_alloc(&run->mem, n, sizeof *sorted);
    if (!s.order || !s.spare || !sorted) return run->mem.status;
    for (size_t i = 0; i < n; i++) s.order[i] = i;
    for (size_t width = 1; width < n; width *= 2)
        for (size_t start = 0; start + width < n; start += 2 * width) {
            size_t end = start + 2 * width;
            ap_status status = merge(&s, start, start + width, end < n ? end : n);
            if (status) return status;
        }
    for (size_t i = 0; i < n; i++) sorted[i] = items->items[s.order[i]];
    items->items = sorted;
    items->capacity = n;
    return AP_OK;
}

ap_status ap__jfold_case(ap__jrun *run, ap__jval *value) {
    size_t mark = run->scratch.len;
    if (value->kind != AP__J_STRING) return AP_OK;
    ap_status status = ap__py_convert(&run->scratch, ap__jval_get_text(value), AP__PY_TO_LOWER, run->err);
    return status ? status : ap__jrun_take(run, mark, value);
}

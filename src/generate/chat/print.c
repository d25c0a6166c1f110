/* str() and repr(). */
#include "base/error.h"
#include "base/utf8.h"
#include "generate/chat/number.h"
#include "generate/chat/run.h"
#include "tokenizer/python_case.h"

#include <string.h>

static ap_status print(ap__jrun *run, ap__buf *out, const ap__jval *value, bool is_repr);

/* -- strings ------------------------------------------------------------------------------------------- */

static ap_status escape_code(ap__jrun *run, ap__buf *out, uint32_t code) {
    if (code < 0x100) return ap__buf_printf(out, run->err, "\\x%02x", (unsigned)code);
    if (code < 0x10000) return ap__buf_printf(out, run->err, "\\u%04x", (unsigned)code);
    return ap__buf_printf(out, run->err, "\\U%08x", (unsigned)code);
}

/* One character of repr(); text that needs no change is not touched by it. */
static ap_status repr_code(ap__jrun *run, ap__buf *out, uint32_t code, char quote) {
    static const char FROM[] = "\n\r\t\\", TO[] = "nrt\\";
    const char *simple = code && code < 0x80 ? strchr(FROM, (int)code) : NULL;
    char bytes[4] = {'\\', quote};
    if (simple) bytes[1] = TO[simple - FROM];
    if (simple || code == (unsigned char)quote) return ap__buf_append(out, bytes, 2, run->err);
    if (!(ap__py_flags(code) & AP__PY_PRINTABLE)) return escape_code(run, out, code);
    return ap__buf_append(out, bytes, ap__utf8_encode(bytes, code), run->err);
}

static ap_status repr_string(ap__jrun *run, ap__buf *out, const ap__jval *value) {
    bool has_single = value->len && memchr(value->as.text, '\'', value->len);
    bool has_double = value->len && memchr(value->as.text, '"', value->len);
    char quote = has_single && !has_double ? '"' : '\'';
    ap_status status = ap__jrun_spend(run, value->len / 8);
    if (!status && value->is_markup) status = ap__buf_puts(out, "Markup(", run->err);
    if (!status) status = ap__buf_append(out, &quote, 1, run->err);
    for (size_t at = 0; at < value->len && !status;) {
        uint32_t code;
        at += ap__utf8_next(&code, value->as.text + at);
        status = repr_code(run, out, code, quote);
    }
    if (!status) status = ap__buf_append(out, &quote, 1, run->err);
    return status || !value->is_markup ? status : ap__buf_puts(out, ")", run->err);
}

ap_status ap__jprint_escaped(ap__jrun *run, ap__buf *out, ap__text text) {
    static const char FROM[] = "&<>'\"";
    static const char *const TO[] = {"&amp;", "&lt;", "&gt;", "&#39;", "&#34;"};
    ap_status status = AP_OK;
    for (size_t i = 0; i < text.len && !status; i++) {
        const char *special = text.ptr[i] ? strchr(FROM, text.ptr[i]) : NULL;
        status = special ? ap__buf_puts(out, TO[special - FROM], run->err)
                         : ap__buf_append(out, &text.ptr[i], 1, run->err);
    }
    return status;
}

/* -- containers ---------------------------------------------------------------------------------------- */

static ap_status print_items(ap__jrun *run, ap__buf *out, const ap__jlist *list, const char *brackets) {
    ap_status status = ap__buf_append(out, &brackets[0], 1, run->err);
    for (size_t i = 0; i < list->n && !status; i++) {
        if (i) status = ap__buf_puts(out, ", ", run->err);
        if (!status) status = print(run, out, &list->items[i], true);
    }
    if (!status && brackets[0] == '(' && list->n == 1) status = ap__buf_puts(out, ",", run->err);
    return status ? status : ap__buf_append(out, &brackets[1], 1, run->err);
}

static ap_status print_entry(ap__jrun *run, ap__buf *out, const ap__jentry *entry, const char *between) {
    ap_status status = print(run, out, &entry->key, true);
    if (!status) status = ap__buf_puts(out, between, run->err);
    return status ? status : print(run, out, &entry->value, true);
}

static ap_status print_dict(ap__jrun *run, ap__buf *out, const ap__jdict *dict) {
    ap_status status = ap__buf_puts(out, "{", run->err);
    for (size_t i = 0; i < dict->n && !status; i++) {
        if (i) status = ap__buf_puts(out, ", ", run->err);
        if (!status) status = print_entry(run, out, &dict->entries[i], ": ");
    }
    return status ? status : ap__buf_puts(out, "}", run->err);
}

/* dict_keys([...]) and its kin. */
static ap_status print_view(ap__jrun *run, ap__buf *out, const ap__jval *view) {
    const ap__jdict *dict = view->as.dict;
    ap_status status = ap__buf_printf(out, run->err, "%s([", ap__jval_type_name(view));
    for (size_t i = 0; i < dict->n && !status; i++) {
        if (i) status = ap__buf_puts(out, ", ", run->err);
        if (status) break;
        if (view->kind == AP__J_ITEMS) {
            status = ap__buf_puts(out, "(", run->err);
            if (!status) status = print_entry(run, out, &dict->entries[i], ", ");
            if (!status) status = ap__buf_puts(out, ")", run->err);
        } else {
            status = print(run, out,
                           view->kind == AP__J_KEYS ? &dict->entries[i].key : &dict->entries[i].value, true);
        }
    }
    return status ? status : ap__buf_puts(out, "])", run->err);
}

static ap_status print_range(ap__jrun *run, ap__buf *out, const ap__jrange *range) {
    long long start = range->start, step = range->step;
    if (step == 1) return ap__buf_printf(out, run->err, "range(%lld, %lld)", start, (long long)range->stop);
    return ap__buf_printf(out, run->err, "range(%lld, %lld, %lld)", start, (long long)range->stop, step);
}

static ap_status print_object(ap__jrun *run, ap__buf *out, const ap__jval *value) {
    int64_t length;
    ap_status status;
    switch (value->kind) {
    case AP__J_NAMESPACE:
        status = ap__buf_puts(out, "<Namespace ", run->err);
        if (!status) status = print_dict(run, out, value->as.dict);
        return status ? status : ap__buf_puts(out, ">", run->err);
    case AP__J_LOOP:
        status = ap__jloop_length(run, value->as.loop, &length);
        if (status) return status;
        return ap__buf_printf(out, run->err, "<LoopContext %lld/%lld>", (long long)value->as.loop->index0 + 1,
                              (long long)length);
    case AP__J_MACRO: {
        const ap__text *name = &value->as.macro->def->name.text;
        if (!name->ptr) return ap__buf_puts(out, "<Macro anonymous>", run->err);
        return ap__buf_printf(out, run->err, "<Macro '%.*s'>", (int)name->len, name->ptr);
    }
    default:
        return ap__jrun_fail(run, AP_EUNSUPPORTED,
                             "a %s has no text of its own; a list has: write \"| list\"",
                             ap__jval_type_name(value));
    }
}

static ap_status print_here(ap__jrun *run, ap__buf *out, const ap__jval *value, bool is_repr) {
    switch (value->kind) {
    case AP__J_UNDEFINED:
        return ap__buf_puts(out, is_repr ? "Undefined" : "", run->err);
    case AP__J_NONE:
        return ap__buf_puts(out, "None", run->err);
    case AP__J_BOOL:
        return ap__buf_puts(out, value->as.boolean ? "True" : "False", run->err);
    case AP__J_INT:
        return ap__buf_printf(out, run->err, "%lld", (long long)value->as.integer);
    case AP__J_FLOAT:
        return ap__jnumber_repr(out, value->as.number, run->err);
    case AP__J_STRING:
        if (is_repr) return repr_string(run, out, value);
        return ap__buf_append(out, value->len ? value->as.text : "", value->len, run->err);
    case AP__J_LIST:
        return print_items(run, out, value->as.list, "[]");
    case AP__J_TUPLE:
        return print_items(run, out, value->as.list, "()");
    case AP__J_DICT:
        return print_dict(run, out, value->as.dict);
    case AP__J_KEYS:
    case AP__J_VALUES:
    case AP__J_ITEMS:
        return print_view(run, out, value);
    case AP__J_RANGE:
        return print_range(run, out, value->as.range);
    default:
        return print_object(run, out, value);
    }
}

static ap_status print(ap__jrun *run, ap__buf *out, const ap__jval *value, bool is_repr) {
    ap_status status = ap__jrun_enter(run);
    if (status) return status;
    status = print_here(run, out, value, is_repr);
    ap__jrun_leave(run);
    return status;
}

ap_status ap__jprint_str(ap__jrun *run, ap__buf *out, const ap__jval *value) {
    return print(run, out, value, false);
}
ap_status ap__jprint_repr(ap__jrun *run, ap__buf *out, const ap__jval *value) {
    return print(run, out, value, true);
}

ap_status ap__jval_to_text(ap__jrun *run, ap__jval *out, const ap__jval *value) {
    size_t mark = run->scratch.len;
    *out = *value;
    if (value->kind == AP__J_STRING) return AP_OK;
    ap_status status = ap__jprint_str(run, &run->scratch, value);
    return status ? status : ap__jrun_take(run, mark, out);
}

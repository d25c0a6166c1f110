/* json.dumps(). Source: cpython@v3.11 Lib/json/encoder.py. */
#include "base/error.h"
#include "base/utf8.h"
#include "generate/chat/arguments.h"
#include "generate/chat/number.h"

#include <math.h>
#include <string.h>

typedef struct writer {
    ap__jrun *run;
    ap__buf *out;
    const ap__json_style *style;
    size_t level;
} writer;

static ap_status write(writer *w, const ap__jval *value);

static ap_status put(writer *w, const char *text, size_t len) {
    return ap__buf_append(w->out, text, len, w->run->err);
}
static ap_status put_text(writer *w, ap__text text) { return put(w, text.len ? text.ptr : "", text.len); }

/* -- strings ------------------------------------------------------------------------------------------- */

static ap_status put_escape(writer *w, uint32_t code) {
    if (code < 0x10000) return ap__buf_printf(w->out, w->run->err, "\\u%04x", (unsigned)code);
    code -= 0x10000;
    return ap__buf_printf(w->out, w->run->err, "\\u%04x\\u%04x", (unsigned)(0xD800 + (code >> 10)),
                          (unsigned)(0xDC00 + (code & 0x3FF)));
}

static ap_status put_code(writer *w, uint32_t code, const char *bytes, size_t n) {
    static const char FROM[] = "\"\\\n\r\t\b\f", TO[] = "\"\\nrtbf";
    const char *simple = code && code < 0x80 ? strchr(FROM, (int)code) : NULL;
    if (simple) return put(w, (char[]){'\\', TO[simple - FROM]}, 2);
    if (code < 0x20 || (code >= 0x7F && w->style->ensure_ascii)) return put_escape(w, code);
    return put(w, bytes, n);
}

static ap_status write_string(writer *w, ap__text text) {
    ap_status status = put(w, "\"", 1);
    for (size_t at = 0; at < text.len && !status;) {
        uint32_t code;
        size_t n = ap__utf8_next(&code, text.ptr + at);
        status = put_code(w, code, text.ptr + at, n);
        at += n;
    }
    if (!status) status = put(w, "\"", 1);
    return status ? status : ap__jrun_spend(w->run, text.len / 16);
}

static ap_status write_float(writer *w, double number) {
    if (isnan(number)) return put(w, "NaN", 3);
    if (isinf(number)) return number < 0 ? put(w, "-Infinity", 9) : put(w, "Infinity", 8);
    return ap__jnumber_repr(w->out, number, w->run->err);
}

/* -- containers ---------------------------------------------------------------------------------------- */

static ap_status new_line(writer *w) {
    if (!w->style->has_indent) return AP_OK;
    ap_status status = put(w, "\n", 1);
    for (size_t i = 0; i < w->level && !status; i++) status = put_text(w, w->style->indent);
    return status;
}

static ap_status begin_item(writer *w, size_t i) {
    ap_status status = i ? put_text(w, w->style->item_separator) : AP_OK;
    return status ? status : new_line(w);
}

static ap_status write_list(writer *w, const ap__jlist *list) {
    if (!list->n) return put(w, "[]", 2);
    ap_status status = put(w, "[", 1);
    w->level++;
    for (size_t i = 0; i < list->n && !status; i++) {
        status = begin_item(w, i);
        if (!status) status = write(w, &list->items[i]);
    }
    w->level--;
    if (!status) status = new_line(w);
    return status ? status : put(w, "]", 1);
}

/* Numbers and None as keys are strings. */
static ap_status write_key(writer *w, const ap__jval *key) {
    if (key->kind == AP__J_STRING) return write_string(w, ap__jval_get_text(key));
    if (key->kind != AP__J_NONE && !ap__jval_is_number(key))
        return ap__jrun_fail(w->run, AP_ETYPE, "a %s cannot be a key in JSON", ap__jval_type_name(key));
    ap_status status = put(w, "\"", 1);
    if (!status) status = write(w, key);
    return status ? status : put(w, "\"", 1);
}

static ap_status sort_entries(writer *w, const ap__jdict *dict, ap__jlist *order) {
    ap__jmem *mem = &w->run->mem;
    ap__jval *keys = ap__jmem_alloc(mem, dict->n, sizeof *keys);
    if (!keys) return mem->status;
    ap_status status = AP_OK;
    for (size_t i = 0; i < dict->n && !status; i++) {
        keys[i] = dict->entries[i].key;
        status = ap__jlist_push(order, mem, ap__jval_int((int64_t)i));
    }
    return status ? status : ap__jsort(w->run, order, keys, false);
}

static ap_status write_dict(writer *w, const ap__jdict *dict) {
    ap__jlist order = {0};
    ap_status status = AP_OK;
    if (!dict->n) return put(w, "{}", 2);
    if (w->style->sort_keys) status = sort_entries(w, dict, &order);
    if (!status) status = put(w, "{", 1);
    w->level++;
    for (size_t i = 0; i < dict->n && !status; i++) {
        const ap__jentry *entry = &dict->entries[order.n ? (size_t)order.items[i].as.integer : i];
        status = begin_item(w, i);
        if (!status) status = write_key(w, &entry->key);
        if (!status) status = put_text(w, w->style->key_separator);
        if (!status) status = write(w, &entry->value);
    }
    w->level--;
    if (!status) status = new_line(w);
    return status ? status : put(w, "}", 1);
}

static ap_status write_here(writer *w, const ap__jval *value) {
    switch (value->kind) {
    case AP__J_NONE:
        return put(w, "null", 4);
    case AP__J_BOOL:
        return value->as.boolean ? put(w, "true", 4) : put(w, "false", 5);
    case AP__J_INT:
        return ap__buf_printf(w->out, w->run->err, "%lld", (long long)value->as.integer);
    case AP__J_FLOAT:
        return write_float(w, value->as.number);
    case AP__J_STRING:
        return write_string(w, ap__jval_get_text(value));
    case AP__J_LIST:
    case AP__J_TUPLE:
        return write_list(w, value->as.list);
    case AP__J_DICT:
        return write_dict(w, value->as.dict);
    default:
        return ap__jrun_fail(w->run, AP_ETYPE, "%s cannot be written as JSON", ap__jval_type_name(value));
    }
}

static ap_status write(writer *w, const ap__jval *value) {
    ap_status status = ap__jrun_enter(w->run);
    if (status) return status;
    status = write_here(w, value);
    ap__jrun_leave(w->run);
    return status;
}

ap_status ap__jto_json(ap__jrun *run, ap__buf *out, const ap__jval *value, const ap__json_style *style) {
    writer w = {.run = run, .out = out, .style = style};
    return write(&w, value);
}

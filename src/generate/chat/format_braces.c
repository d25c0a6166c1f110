/* str.format(). Source: jinja2@3.1.6 sandbox.py SandboxedFormatter; cpython@v3.11 Lib/string.py Formatter. */
#include "base/error.h"
#include "base/utf8.h"
#include "generate/chat/format_spec.h"
#include "generate/chat/number.h"
#include "generate/chat/text.h"

#include <string.h>

typedef struct formatter {
    ap__jrun *run;
    const ap__jargs *args;
    size_t n_auto;
    bool is_auto, is_manual;
    int depth;
} formatter;

static ap_status format_text(formatter *f, ap__text format);

static ap_status fail_braces(formatter *f, const char *why) {
    return ap__jrun_fail(f->run, AP_EINVAL, "a format %s", why);
}

/* The argument that a field names: by number, by name, or the next one. */
static ap_status find_argument(formatter *f, ap__text name, ap__jval *out) {
    int64_t index;
    bool is_number = ap__jnumber_parse_int(&index, name.ptr, name.len, 10);
    if (!name.len) {
        f->is_auto = true;
        index = (int64_t)f->n_auto++;
    } else if (is_number) {
        f->is_manual = true;
    } else {
        for (size_t i = 0; i < f->args->n_keywords; i++) {
            if (f->args->names[i].len != name.len || memcmp(f->args->names[i].ptr, name.ptr, name.len))
                continue;
            *out = f->args->keywords[i];
            return AP_OK;
        }
        return ap__jrun_fail(f->run, AP_EKEY, "a format has no argument \"%.*s\"", (int)(name.len & 63),
                             name.ptr);
    }
    if (f->is_auto && f->is_manual) return fail_braces(f, "has numbered fields and others without a number");
    if ((uint64_t)index >= f->args->n_positional) return fail_braces(f, "has more fields than arguments");
    *out = f->args->positional[index];
    return AP_OK;
}

/* name.attribute[item] */
static ap_status read_field(formatter *f, ap__text field, ap__jval *out) {
    size_t len = 0;
    while (len < field.len && field.ptr[len] != '.' && field.ptr[len] != '[') len++;
    ap_status status = find_argument(f, ap__jtext_part(field, 0, len), out);
    for (size_t at = len; at < field.len && !status;) {
        ap__jval object = *out;
        int64_t index;
        bool is_item = field.ptr[at] == '[';
        size_t end = ++at;
        while (end < field.len &&
               (is_item ? field.ptr[end] != ']' : field.ptr[end] != '.' && field.ptr[end] != '['))
            end++;
        ap__text name = ap__jtext_part(field, at, end);
        if (!name.len || (is_item && end == field.len))
            return fail_braces(f, "has an empty or unclosed attribute");
        ap__jval key = ap__jval_text(name.ptr, name.len);
        if (is_item && ap__jnumber_parse_int(&index, name.ptr, name.len, 10)) key = ap__jval_int(index);
        status = is_item ? ap__jget_item(f->run, out, &object, &key)
                         : ap__jget_attribute(f->run, out, &object, name);
        at = end + is_item;
        if (is_item && at < field.len && field.ptr[at] != '.' && field.ptr[at] != '[')
            return fail_braces(f, "goes on behind \"]\"");
    }
    return status;
}

static ap_status convert(formatter *f, char conversion, ap__jval *value) {
    size_t mark = f->run->scratch.len;
    ap__jval from = *value;
    if (conversion == 's') return ap__jval_to_text(f->run, value, &from);
    if (conversion != 'r')
        return ap__jrun_fail(f->run, AP_EUNSUPPORTED, "conversions of formats are !s and !r");
    ap_status status = ap__jprint_repr(f->run, &f->run->scratch, &from);
    return status ? status : ap__jrun_take(f->run, mark, value);
}

static ap_status format_value(formatter *f, const ap__jval *value, ap__text specification) {
    ap__jspec s;
    ap__jval text;
    size_t mark = f->run->scratch.len;
    ap_status status = AP_OK;
    if (!specification.len) return ap__jprint_str(f->run, &f->run->scratch, value);
    if (memchr(specification.ptr, '{', specification.len)) {
        if (f->depth) return fail_braces(f, "nests too deep");
        f->depth++;
        status = format_text(f, specification);
        f->depth--;
        if (!status) status = ap__jrun_take(f->run, mark, &text);
        if (status) return status;
        specification = ap__jval_get_text(&text);
    }
    if (value->kind != AP__J_STRING && !ap__jval_is_number(value))
        return ap__jrun_fail(f->run, AP_ETYPE, "a %s takes no format specification",
                             ap__jval_type_name(value));
    status = ap__jspec_read(f->run, specification, &s);
    return status ? status : ap__jspec_put_value(f->run, value, &s);
}

/* What stands between braces: NAME!CONVERSION:SPECIFICATION */
static ap_status format_field(formatter *f, ap__text field) {
    size_t name_len = 0, at;
    int brackets = 0;
    ap__jval value;
    for (; name_len < field.len; name_len++) {
        char c = field.ptr[name_len];
        brackets += (c == '[') - (c == ']');
        if (brackets <= 0 && (c == '!' || c == ':')) break;
    }
    at = name_len;
    ap_status status = read_field(f, ap__jtext_part(field, 0, name_len), &value);
    if (!status && at < field.len && field.ptr[at] == '!') {
        if (at + 1 == field.len || (at + 2 < field.len && field.ptr[at + 2] != ':'))
            return fail_braces(f, "has a conversion that is not one letter");
        status = convert(f, field.ptr[at + 1], &value);
        at += 2;
    }
    if (status) return status;
    return format_value(f, &value,
                        at < field.len ? ap__jtext_part(field, at + 1, field.len) : (ap__text){"", 0});
}

/* The position of the brace that closes a field. */
static size_t field_end(ap__text format, size_t at) {
    for (int depth = 1; at < format.len; at++) {
        depth += (format.ptr[at] == '{') - (format.ptr[at] == '}');
        if (!depth) return at;
    }
    return SIZE_MAX;
}

static ap_status format_text(formatter *f, ap__text format) {
    ap_status status = AP_OK;
    for (size_t at = 0; at < format.len && !status; at++) {
        char c = format.ptr[at];
        bool is_double = at + 1 < format.len && format.ptr[at + 1] == c;
        if ((c != '{' && c != '}') || is_double) {
            status = ap__jspec_put(f->run, &c, 1);
            at += c == '{' || c == '}';
            continue;
        }
        size_t end = c == '{' ? field_end(format, at + 1) : SIZE_MAX;
        if (end == SIZE_MAX) return fail_braces(f, "has a single brace");
        status = format_field(f, ap__jtext_part(format, at + 1, end));
        at = end;
    }
    return status;
}

ap_status ap__jformat_braces(ap__jrun *run, ap__jval *out, ap__text format, const ap__jargs *args) {
    formatter f = {.run = run, .args = args};
    size_t mark = run->scratch.len;
    ap_status status = format_text(&f, format);
    return status ? status : ap__jrun_take(run, mark, out);
}

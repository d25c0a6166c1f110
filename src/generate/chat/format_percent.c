/* The operator % of strings. Source: cpython@v3.11 Objects/unicodeobject.c PyUnicode_Format(). */
#include "base/error.h"
#include "base/utf8.h"
#include "generate/chat/format_spec.h"
#include "generate/chat/number.h"
#include "generate/chat/text.h"

#include <string.h>

typedef struct percent {
    ap__jrun *run;
    const ap__jval *values;
    size_t i; /* The next value. */
} percent;

static ap_status next_value(percent *p, ap__jval *out) {
    bool is_tuple = p->values->kind == AP__J_TUPLE;
    size_t n = is_tuple ? p->values->as.list->n : 1;
    if (p->i >= n) return ap__jrun_fail(p->run, AP_ETYPE, "a format has more fields than values");
    *out = is_tuple ? p->values->as.list->items[p->i] : *p->values;
    p->i++;
    return AP_OK;
}

/* %(name)s */
static ap_status named_value(percent *p, ap__text *format, ap__jval *out, bool *is_named) {
    *is_named = ap__jspec_skip(format, "(", NULL);
    if (!*is_named) return AP_OK;
    size_t len = ap__jtext_find(*format, (ap__text){")", 1}, 0);
    if (len == SIZE_MAX) return ap__jrun_fail(p->run, AP_EINVAL, "a format has a name that is not closed");
    if (p->values->kind != AP__J_DICT)
        return ap__jrun_fail(p->run, AP_ETYPE, "a format with names needs a dict");
    const ap__jval *value = ap__jdict_get_text(p->values->as.dict, format->ptr, len);
    if (!value)
        return ap__jrun_fail(p->run, AP_EKEY, "a format has no value \"%.*s\"", (int)(len & 63), format->ptr);
    *out = *value;
    *format = ap__jtext_part(*format, len + 1, format->len);
    p->i = 1; /* A dict that is looked into counts as used. */
    return AP_OK;
}

static ap_status star_count(percent *p, ap__text *format, int64_t *out) {
    ap__jval value;
    if (!ap__jspec_skip(format, "*", NULL)) return ap__jspec_read_count(p->run, format, out);
    ap_status status = next_value(p, &value);
    if (!status && !ap__jval_is_integer(&value, out))
        return ap__jrun_fail(p->run, AP_ETYPE, "\"*\" needs a whole number");
    if (!status && (*out > AP__JSPEC_MAX_WIDTH || *out < -AP__JSPEC_MAX_WIDTH))
        return ap__jrun_fail(p->run, AP_ELIMIT, "a width or precision of more than %d", AP__JSPEC_MAX_WIDTH);
    return status;
}

/* %s and %r: only where it stands and how much of it. */
static ap_status put_text(percent *p, char type, const ap__jval *value, const ap__jspec *s) {
    ap__jrun *run = p->run;
    ap__jval text;
    size_t mark = run->scratch.len;
    ap__jspec plain = AP__JSPEC_INIT;
    plain.align = s->align == '<' ? '<' : '>';
    plain.width = s->width;
    plain.precision = s->precision;
    ap_status status =
        type == 's' ? ap__jprint_str(run, &run->scratch, value) : ap__jprint_repr(run, &run->scratch, value);
    if (!status) status = ap__jrun_take(run, mark, &text);
    return status ? status : ap__jspec_put_string(run, ap__jval_get_text(&text), &plain);
}

static ap_status put_character(percent *p, const ap__jval *value, const ap__jspec *s) {
    int64_t code;
    if (ap__jval_is_integer(value, &code)) return ap__jspec_put_character(p->run, code, s);
    if (value->kind != AP__J_STRING || ap__utf8_count(value->as.text, value->len) != 1)
        return ap__jrun_fail(p->run, AP_ETYPE, "%%c needs one character");
    return ap__jspec_put_padded(p->run, ap__jval_get_text(value), s, '>');
}

/* The whole part of a number. */
static ap_status to_integer(percent *p, char type, const ap__jval *value, int64_t *out) {
    double number = ap__jval_as_double(value);
    if (ap__jval_is_integer(value, out)) return AP_OK;
    if (strchr("oxX", type) || number - number != 0)
        return ap__jrun_fail(p->run, AP_ETYPE, "%%%c needs a whole number", type);
    if (number >= 9223372036854775808.0 || number < -9223372036854775808.0)
        return ap__jrun_fail(p->run, AP_EUNSUPPORTED, "whole numbers beyond 64 bits are not supported");
    *out = (int64_t)number;
    return AP_OK;
}

static ap_status put_percent(percent *p, char type, const ap__jval *value, ap__jspec *s) {
    int64_t integer = 0;
    if (type == 's' || type == 'r') return put_text(p, type, value, s);
    if (type == 'c') return put_character(p, value, s);
    if (value->kind == AP__J_UNDEFINED) return ap__jrun_fail_undefined(p->run, value->as.undefined);
    if (!ap__jval_is_number(value))
        return ap__jrun_fail(p->run, AP_ETYPE, "%%%c needs a number, found %s", type,
                             ap__jval_type_name(value));
    s->type = type == 'i' || type == 'u' ? 'd' : type;
    if (!strchr("doxX", s->type)) return ap__jspec_put_float(p->run, ap__jval_as_double(value), s);
    ap_status status = to_integer(p, type, value, &integer);
    if (!status && s->precision >= 0)
        return ap__jrun_fail(p->run, AP_EUNSUPPORTED, "a precision of whole numbers is not supported");
    return status ? status : ap__jspec_put_integer(p->run, integer, s);
}

static void read_flags(ap__text *format, ap__jspec *s) {
    char flag;
    bool is_left = false, has_zero = false;
    while (ap__jspec_skip(format, "-+ #0", &flag)) {
        if (flag == '-') is_left = true;
        if (flag == '0') has_zero = true;
        if (flag == '#') s->is_alternate = true;
        if (flag == '+' || (flag == ' ' && !s->sign)) s->sign = flag;
    }
    s->align = is_left ? '<' : has_zero ? '=' : '>';
    if (has_zero && !is_left) s->fill = (ap__text){"0", 1};
}

/* One field behind its %. */
static ap_status format_percent(percent *p, ap__text *format) {
    ap__jspec s = AP__JSPEC_INIT;
    ap__jval value = ap__jval_none();
    bool is_named = false;
    char type = 0;
    ap_status status = named_value(p, format, &value, &is_named);
    read_flags(format, &s);
    if (!status) status = star_count(p, format, &s.width);
    if (!status && ap__jspec_skip(format, ".", NULL)) {
        s.precision = 0;
        status = star_count(p, format, &s.precision);
    }
    if (s.width < -1) {
        s.align = '<';
        s.width = -s.width;
    }
    ap__jspec_skip(format, "hlL", NULL);
    if (!status && !ap__jspec_skip(format, "diouxXeEfFgGcrs%", &type))
        return ap__jrun_fail(p->run, AP_EINVAL,
                             "a format has a field that is not closed, or of an unknown type");
    if (status || type == '%') return status ? status : ap__jspec_put(p->run, "%", 1);
    if (!is_named) status = next_value(p, &value);
    return status ? status : put_percent(p, type, &value, &s);
}

ap_status ap__jformat_percent(ap__jrun *run, ap__jval *out, ap__text format, const ap__jval *values) {
    percent p = {.run = run, .values = values};
    size_t mark = run->scratch.len;
    ap_status status = AP_OK;
    while (format.len && !status) {
        size_t n = ap__jtext_find(format, (ap__text){"%", 1}, 0);
        if (n == SIZE_MAX) n = format.len;
        status = ap__jspec_put(run, format.ptr, n);
        format = ap__jtext_part(format, n, format.len);
        if (!status && ap__jspec_skip(&format, "%", NULL)) status = format_percent(&p, &format);
    }
    /* What Python counts as a mapping may be left unused. */
    bool is_mapping = values->kind == AP__J_DICT || values->kind == AP__J_LIST ||
                      values->kind == AP__J_RANGE || values->kind == AP__J_UNDEFINED;
    size_t n_values = values->kind == AP__J_TUPLE ? values->as.list->n : 1;
    if (!status && !is_mapping && p.i < n_values)
        return ap__jrun_fail(run, AP_ETYPE, "a format has fewer fields than values");
    return status ? status : ap__jrun_take(run, mark, out);
}

/* str.format() and the operator % of strings.
 * Source: cpython@v3.11 Python/formatter_unicode.c, Objects/unicodeobject.c PyUnicode_Format(); jinja2@3.1.6
 * sandbox.py SandboxedFormatter. */
#include "base/error.h"
#include "base/utf8.h"
#include "generate/chat/arguments.h"
#include "generate/chat/number.h"
#include "generate/chat/text.h"

#include <string.h>

enum { MAX_WIDTH = 1 << 20 };

/* [[fill]align][sign][#][0][width][grouping][.precision][type] */
typedef struct spec {
    ap__text fill;
    char align, sign, grouping, type;
    bool is_alternate;
    int64_t width, precision; /* -1: none. */
} spec;

/* What is put together: sign and prefix, and digits, before they are padded. */
typedef struct number_text {
    char sign;
    const char *prefix;
    ap__text digits;
} number_text;

static ap_status fail_spec(ap__jrun *run, const char *why) {
    return ap__jrun_fail(run, AP_EINVAL, "a format specification %s", why);
}

/* -- writing ------------------------------------------------------------------------------------------- */

static ap_status put(ap__jrun *run, const char *text, size_t len) {
    return ap__buf_append(&run->scratch, len ? text : "", len, run->err);
}

static ap_status put_fill(ap__jrun *run, ap__text fill, int64_t n) {
    ap_status status = AP_OK;
    for (int64_t i = 0; i < n && !status; i++) status = put(run, fill.ptr, fill.len);
    return status;
}

static ap_status put_padded(ap__jrun *run, ap__text text, const spec *s, char standard_align) {
    char align = s->align ? s->align : standard_align;
    int64_t n = (int64_t)ap__utf8_count(text.ptr, text.len), extra = s->width > n ? s->width - n : 0;
    int64_t before = align == '>' ? extra : align == '^' ? extra / 2 : 0;
    ap_status status = put_fill(run, s->fill, before);
    if (!status) status = put(run, text.ptr, text.len);
    return status ? status : put_fill(run, s->fill, extra - before);
}

/* Digits before the point in groups of three; `n_min` characters at least, which zeros in front make up. */
static ap_status put_grouped(ap__jrun *run, ap__text digits, char grouping, int64_t n_min, size_t group) {
    size_t n_whole = 0, at = 0;
    while (n_whole < digits.len && digits.ptr[n_whole] != '.' && digits.ptr[n_whole] != 'e') n_whole++;
    size_t rest = digits.len - n_whole, n = n_whole;
    while (n && (int64_t)(n + (n - 1) / group + rest) < n_min) n++;
    ap_status status = AP_OK;
    for (size_t i = n; i > 0 && !status; i--) {
        bool is_zero = i > n_whole;
        status = put(run, is_zero ? "0" : digits.ptr + at, 1);
        at += !is_zero;
        if (!status && i > 1 && (i - 1) % group == 0) status = put(run, &grouping, 1);
    }
    return status ? status : put(run, digits.ptr + n_whole, rest);
}

static ap_status put_number(ap__jrun *run, const number_text *number, const spec *s) {
    ap__jval body;
    size_t mark = run->scratch.len, n_sign = (number->sign != 0) + strlen(number->prefix);
    bool fills_inside = s->align == '=';
    int64_t n_inside = fills_inside && s->width > (int64_t)n_sign ? s->width - (int64_t)n_sign : 0;
    bool has_zeros = fills_inside && s->fill.len == 1 && s->fill.ptr[0] == '0';
    ap_status status = number->sign ? put(run, &number->sign, 1) : AP_OK;
    if (!status) status = put(run, number->prefix, strlen(number->prefix));
    if (!status && s->grouping) {
        size_t group = s->type && strchr("boxX", s->type) ? 4 : 3;
        status = put_grouped(run, number->digits, s->grouping, has_zeros ? n_inside : 0, group);
    } else if (!status) {
        int64_t n_fill = n_inside - (int64_t)number->digits.len;
        status = put_fill(run, s->fill, n_fill);
        if (!status) status = put(run, number->digits.ptr, number->digits.len);
    }
    if (!status) status = ap__jrun_take(run, mark, &body);
    return status ? status : put_padded(run, ap__jval_get_text(&body), s, '>');
}

/* -- values -------------------------------------------------------------------------------------------- */

static char sign_of(bool is_negative, char sign) { return is_negative ? '-' : sign == '-' ? 0 : sign; }

static ap_status put_integer(ap__jrun *run, int64_t integer, const spec *s) {
    static const struct {
        char type;
        unsigned base;
        const char *prefix;
    } BASES[] = {{'d', 10, ""}, {'b', 2, "0b"}, {'o', 8, "0o"}, {'x', 16, "0x"}, {'X', 16, "0X"}};
    char digits[72];
    size_t at = sizeof digits, i = 0;
    uint64_t rest = integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer;
    while (i < 4 && BASES[i].type != s->type) i++;
    if (s->type == 0 || s->type == 'n') i = 0;
    do {
        unsigned digit = (unsigned)(rest % BASES[i].base);
        digits[--at] = (char)(digit < 10 ? '0' + digit : (s->type == 'X' ? 'A' : 'a') + digit - 10);
        rest /= BASES[i].base;
    } while (rest);
    number_text number = {sign_of(integer < 0, s->sign),
                          s->is_alternate ? BASES[i].prefix : "",
                          {digits + at, sizeof digits - at}};
    return put_number(run, &number, s);
}

/* The digits of a float of that type, without its sign. */
static ap_status write_float(ap__jrun *run, double number, const spec *s) {
    ap__buf *out = &run->scratch;
    size_t mark = out->len;
    char type = s->type == '%' ? 'f' : s->type == 'n' ? 'g' : s->type;
    int precision = s->precision < 0 ? 6 : (int)s->precision;
    if (!type && s->precision < 0) return ap__jnumber_repr(out, number, run->err);
    ap_status status = ap__jnumber_format(out, s->type == '%' ? number * 100 : number, type ? type : 'g',
                                          precision, s->is_alternate, run->err);
    if (status) return status;
    bool is_plain =
        !memchr(out->ptr + mark, '.', out->len - mark) && !memchr(out->ptr + mark, 'e', out->len - mark);
    if (!type && is_plain && number - number == 0) return put(run, ".0", 2);
    return s->type == '%' ? put(run, "%", 1) : AP_OK;
}

static ap_status put_float(ap__jrun *run, double number, const spec *s) {
    ap__jval text;
    size_t mark = run->scratch.len;
    bool is_negative = number < 0 || (number == 0 && 1 / number < 0);
    ap_status status = write_float(run, is_negative ? -number : number, s);
    if (!status) status = ap__jrun_take(run, mark, &text);
    if (status) return status;
    number_text parts = {sign_of(is_negative, s->sign), "", ap__jval_get_text(&text)};
    spec plain = *s;
    if (number - number != 0) plain.grouping = 0;
    return put_number(run, &parts, &plain);
}

static ap_status put_string(ap__jrun *run, ap__text text, const spec *s) {
    if (s->type && s->type != 's') return fail_spec(run, "of a str has a type of numbers");
    if (s->sign || s->align == '=' || s->grouping || s->is_alternate)
        return fail_spec(run, "of a str has parts for numbers");
    if (s->precision >= 0) text.len = ap__jtext_offset(text, (size_t)s->precision);
    return put_padded(run, text, s, '<');
}

static ap_status put_character(ap__jrun *run, int64_t code, const spec *s) {
    char bytes[4];
    size_t n = code >= 0 && code <= 0x10FFFF ? ap__utf8_encode(bytes, (uint32_t)code) : 0;
    if (!n) return ap__jrun_fail(run, AP_EINVAL, "%%c needs the number of a character");
    return put_padded(run, (ap__text){bytes, n}, s, '>');
}

/* format(value, spec) */
static ap_status put_value(ap__jrun *run, const ap__jval *value, const spec *s) {
    int64_t integer;
    ap__jval text;
    bool is_float_type = s->type && strchr("eEfFgG%n", s->type),
         is_int_type = s->type && strchr("bdoxX", s->type);
    if (value->kind == AP__J_STRING) return put_string(run, ap__jval_get_text(value), s);
    if (ap__jval_is_integer(value, &integer)) {
        if (s->type == 'c') return put_character(run, integer, s);
        if (is_float_type && s->type != 'n') return put_float(run, (double)integer, s);
        if (s->type && !is_int_type && s->type != 'n') return fail_spec(run, "of an int has another type");
        if (s->precision >= 0) return fail_spec(run, "of an int has a precision");
        return put_integer(run, integer, s);
    }
    if (value->kind == AP__J_FLOAT) {
        if (s->type && !is_float_type) return fail_spec(run, "of a float has another type");
        return put_float(run, value->as.number, s);
    }
    ap_status status = ap__jval_to_text(run, &text, value);
    return status ? status : put_string(run, ap__jval_get_text(&text), s);
}

/* -- format specifications ----------------------------------------------------------------------------- */

static bool skip_char(ap__text *text, const char *chars, char *out) {
    if (!text->len || !text->ptr[0] || !strchr(chars, text->ptr[0])) return false;
    if (out) *out = text->ptr[0];
    *text = ap__jtext_part(*text, 1, text->len);
    return true;
}

static ap_status read_count(ap__jrun *run, ap__text *text, int64_t *out) {
    for (; text->len && text->ptr[0] >= '0' && text->ptr[0] <= '9';
         *text = ap__jtext_part(*text, 1, text->len)) {
        *out = (*out < 0 ? 0 : *out) * 10 + (text->ptr[0] - '0');
        if (*out > MAX_WIDTH)
            return ap__jrun_fail(run, AP_ELIMIT, "a width or precision of more than %d", MAX_WIDTH);
    }
    return AP_OK;
}

static ap_status read_spec(ap__jrun *run, ap__text text, spec *out) {
    static const char ALIGNS[] = "<>=^";
    uint32_t code;
    size_t n = text.len ? ap__utf8_next(&code, text.ptr) : 0;
    *out = (spec){.fill = {" ", 1}, .width = -1, .precision = -1};
    if (text.len > n && n && text.ptr[n] && strchr(ALIGNS, text.ptr[n])) {
        out->fill = ap__jtext_part(text, 0, n);
        out->align = text.ptr[n];
        text = ap__jtext_part(text, n + 1, text.len);
    } else {
        skip_char(&text, ALIGNS, &out->align);
    }
    skip_char(&text, "+- ", &out->sign);
    out->is_alternate = skip_char(&text, "#", NULL);
    if (skip_char(&text, "0", NULL) && !out->align) {
        out->fill = (ap__text){"0", 1};
        out->align = '=';
    }
    ap_status status = read_count(run, &text, &out->width);
    skip_char(&text, ",_", &out->grouping);
    if (!status && skip_char(&text, ".", NULL)) {
        status = read_count(run, &text, &out->precision);
        if (!status && out->precision < 0) return fail_spec(run, "has a point and no precision");
    }
    if (text.len == 1) skip_char(&text, "bcdeEfFgGnosxX%", &out->type);
    return status || !text.len ? status : fail_spec(run, "is not valid");
}

/* -- braces -------------------------------------------------------------------------------------------- */

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
    spec s;
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
    status = read_spec(f->run, specification, &s);
    return status ? status : put_value(f->run, value, &s);
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
            status = put(f->run, &c, 1);
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

/* -- percent ------------------------------------------------------------------------------------------- */

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
    *is_named = skip_char(format, "(", NULL);
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
    if (!skip_char(format, "*", NULL)) return read_count(p->run, format, out);
    ap_status status = next_value(p, &value);
    if (!status && !ap__jval_is_integer(&value, out))
        return ap__jrun_fail(p->run, AP_ETYPE, "\"*\" needs a whole number");
    if (!status && (*out > MAX_WIDTH || *out < -MAX_WIDTH))
        return ap__jrun_fail(p->run, AP_ELIMIT, "a width or precision of more than %d", MAX_WIDTH);
    return status;
}

static ap_status put_percent(percent *p, char type, const ap__jval *value, spec *s) {
    ap__jrun *run = p->run;
    int64_t integer;
    ap__jval text = *value;
    size_t mark = run->scratch.len;
    ap_status status = AP_OK;
    bool is_integer_type = strchr("diuoxX", type) != NULL;
    if (strchr("sr", type)) {
        status = type == 's' ? ap__jprint_str(run, &run->scratch, value)
                             : ap__jprint_repr(run, &run->scratch, value);
        if (!status) status = ap__jrun_take(run, mark, &text);
        spec plain = {.fill = {" ", 1},
                      .align = s->align == '<' ? '<' : '>',
                      .width = s->width,
                      .precision = s->precision};
        return status ? status : put_string(run, ap__jval_get_text(&text), &plain);
    }
    if (type == 'c' && value->kind == AP__J_STRING) {
        if (ap__utf8_count(value->as.text, value->len) != 1)
            return ap__jrun_fail(run, AP_ETYPE, "%%c needs one character");
        return put_padded(run, ap__jval_get_text(value), s, '>');
    }
    if (!ap__jval_is_number(value)) {
        if (value->kind == AP__J_UNDEFINED) return ap__jrun_fail_undefined(run, value->as.undefined);
        return ap__jrun_fail(run, AP_ETYPE, "%%%c needs a number, found %s", type, ap__jval_type_name(value));
    }
    bool is_integer = ap__jval_is_integer(value, &integer);
    if (type == 'c' && is_integer) return put_character(run, integer, s);
    if (is_integer_type && !is_integer) {
        if (strchr("oxX", type) || value->as.number != value->as.number || value->as.number > 9e18 ||
            value->as.number < -9e18)
            return ap__jrun_fail(run, AP_ETYPE, "%%%c needs a whole number", type);
        integer = (int64_t)value->as.number;
    }
    if (is_integer_type && s->precision >= 0)
        return ap__jrun_fail(run, AP_EUNSUPPORTED, "a precision of whole numbers");
    s->type = strchr("diu", type) ? 'd' : type;
    return is_integer_type ? put_integer(run, integer, s) : put_float(run, ap__jval_as_double(value), s);
}

static void read_flags(ap__text *format, spec *s) {
    char flag;
    bool is_left = false, has_zero = false;
    while (skip_char(format, "-+ #0", &flag)) {
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
    spec s = {.fill = {" ", 1}, .width = -1, .precision = -1};
    ap__jval value = ap__jval_none();
    bool is_named = false;
    char type = 0;
    ap_status status = named_value(p, format, &value, &is_named);
    read_flags(format, &s);
    if (!status) status = star_count(p, format, &s.width);
    if (!status && skip_char(format, ".", NULL)) {
        s.precision = 0;
        status = star_count(p, format, &s.precision);
    }
    if (s.width < -1) {
        s.align = '<';
        s.width = -s.width;
    }
    skip_char(format, "hlL", NULL);
    if (!status && !skip_char(format, "diouxXeEfFgGcrs%", &type))
        return ap__jrun_fail(p->run, AP_EINVAL,
                             "a format has a field that is not closed, or of an unknown type");
    if (status || type == '%') return status ? status : put(p->run, "%", 1);
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
        status = put(run, format.ptr, n);
        format = ap__jtext_part(format, n, format.len);
        if (!status && skip_char(&format, "%", NULL)) status = format_percent(&p, &format);
    }
    bool is_mapping = values->kind == AP__J_DICT;
    size_t n_values = values->kind == AP__J_TUPLE ? values->as.list->n : 1;
    if (!status && !is_mapping && p.i < n_values)
        return ap__jrun_fail(run, AP_ETYPE, "a format has fewer fields than values");
    return status ? status : ap__jrun_take(run, mark, out);
}

#include "generate/chat/format_spec.h"
#include "base/error.h"
#include "base/utf8.h"
#include "generate/chat/number.h"
#include "generate/chat/text.h"

#include <string.h>

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

ap_status ap__jspec_put(ap__jrun *run, const char *text, size_t len) {
    return ap__buf_append(&run->scratch, len ? text : "", len, run->err);
}

static ap_status put_fill(ap__jrun *run, ap__text fill, int64_t n) {
    ap_status status = AP_OK;
    for (int64_t i = 0; i < n && !status; i++) status = ap__jspec_put(run, fill.ptr, fill.len);
    return status;
}

ap_status ap__jspec_put_padded(ap__jrun *run, ap__text text, const ap__jspec *s, char standard_align) {
    char align = s->align ? s->align : standard_align;
    int64_t n = (int64_t)ap__utf8_count(text.ptr, text.len), extra = s->width > n ? s->width - n : 0;
    int64_t before = align == '>' ? extra : align == '^' ? extra / 2 : 0;
    ap_status status = put_fill(run, s->fill, before);
    if (!status) status = ap__jspec_put(run, text.ptr, text.len);
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
        status = ap__jspec_put(run, is_zero ? "0" : digits.ptr + at, 1);
        at += !is_zero;
        if (!status && i > 1 && (i - 1) % group == 0) status = ap__jspec_put(run, &grouping, 1);
    }
    return status ? status : ap__jspec_put(run, digits.ptr + n_whole, rest);
}

static ap_status put_number(ap__jrun *run, const number_text *number, const ap__jspec *s) {
    ap__jval body;
    size_t mark = run->scratch.len, n_sign = (number->sign != 0) + strlen(number->prefix);
    bool fills_inside = s->align == '=';
    int64_t n_inside = fills_inside && s->width > (int64_t)n_sign ? s->width - (int64_t)n_sign : 0;
    bool has_zeros = fills_inside && s->fill.len == 1 && s->fill.ptr[0] == '0';
    ap_status status = number->sign ? ap__jspec_put(run, &number->sign, 1) : AP_OK;
    if (!status) status = ap__jspec_put(run, number->prefix, strlen(number->prefix));
    if (!status && s->grouping) {
        size_t group = s->type && strchr("boxX", s->type) ? 4 : 3;
        status = put_grouped(run, number->digits, s->grouping, has_zeros ? n_inside : 0, group);
    } else if (!status) {
        int64_t n_fill = n_inside - (int64_t)number->digits.len;
        status = put_fill(run, s->fill, n_fill);
        if (!status) status = ap__jspec_put(run, number->digits.ptr, number->digits.len);
    }
    if (!status) status = ap__jrun_take(run, mark, &body);
    return status ? status : ap__jspec_put_padded(run, ap__jval_get_text(&body), s, '>');
}

/* -- values -------------------------------------------------------------------------------------------- */

static char sign_of(bool is_negative, char sign) { return is_negative ? '-' : sign == '-' ? 0 : sign; }

ap_status ap__jspec_put_integer(ap__jrun *run, int64_t integer, const ap__jspec *s) {
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
static ap_status write_float(ap__jrun *run, double number, const ap__jspec *s) {
    ap__buf *out = &run->scratch;
    size_t mark = out->len;
    char type = s->type == '%' ? 'f' : s->type == 'n' ? 'g' : s->type;
    int precision = s->precision < 0 ? 6 : (int)s->precision;
    if (!type && s->precision < 0) return ap__jnumber_repr(out, number, run->err);
    ap_status status = ap__jnumber_format(out, number, type, precision, s->is_alternate, run->err);
    if (status) return status;
    bool is_plain =
        !memchr(out->ptr + mark, '.', out->len - mark) && !memchr(out->ptr + mark, 'e', out->len - mark);
    if (!type && is_plain && number - number == 0) return ap__jspec_put(run, ".0", 2);
    return s->type == '%' ? ap__jspec_put(run, "%", 1) : AP_OK;
}

ap_status ap__jspec_put_float(ap__jrun *run, double number, const ap__jspec *s) {
    ap__jval text;
    size_t mark = run->scratch.len;
    if (s->type == '%') number *= 100; /* May come to infinity, which is not grouped. */
    bool is_negative = number < 0 || (number == 0 && 1 / number < 0);
    ap_status status = write_float(run, is_negative ? -number : number, s);
    if (!status) status = ap__jrun_take(run, mark, &text);
    if (status) return status;
    number_text parts = {sign_of(is_negative, s->sign), "", ap__jval_get_text(&text)};
    ap__jspec plain = *s;
    if (number - number != 0) plain.grouping = 0;
    return put_number(run, &parts, &plain);
}

ap_status ap__jspec_put_string(ap__jrun *run, ap__text text, const ap__jspec *s) {
    if (s->type && s->type != 's') return fail_spec(run, "of a str has a type of numbers");
    if (s->sign || s->align == '=' || s->grouping || s->is_alternate)
        return fail_spec(run, "of a str has parts for numbers");
    if (s->precision >= 0) text.len = ap__jtext_offset(text, (size_t)s->precision);
    return ap__jspec_put_padded(run, text, s, '<');
}

ap_status ap__jspec_put_character(ap__jrun *run, int64_t code, const ap__jspec *s) {
    char bytes[4];
    size_t n = code >= 0 && code <= 0x10FFFF ? ap__utf8_encode(bytes, (uint32_t)code) : 0;
    if (!n) return ap__jrun_fail(run, AP_EINVAL, "%%c needs the number of a character");
    return ap__jspec_put_padded(run, (ap__text){bytes, n}, s, '>');
}

static ap_status put_int_value(ap__jrun *run, int64_t integer, const ap__jspec *s) {
    bool groups_fours = s->type && strchr("boxX", s->type);
    if (s->grouping && (s->type == 'c' || s->type == 'n' || (groups_fours && s->grouping == ',')))
        return fail_spec(run, "of an int has a grouping that its type does not allow");
    if (s->type == 'c') return ap__jspec_put_character(run, integer, s);
    if (s->type && strchr("eEfFgG%", s->type)) return ap__jspec_put_float(run, (double)integer, s);
    if (s->type && !groups_fours && s->type != 'd' && s->type != 'n')
        return fail_spec(run, "of an int has another type");
    if (s->precision >= 0) return fail_spec(run, "of an int has a precision");
    return ap__jspec_put_integer(run, integer, s);
}

ap_status ap__jspec_put_value(ap__jrun *run, const ap__jval *value, const ap__jspec *s) {
    int64_t integer;
    if (value->kind == AP__J_STRING) return ap__jspec_put_string(run, ap__jval_get_text(value), s);
    if (ap__jval_is_integer(value, &integer)) return put_int_value(run, integer, s);
    if ((s->type && !strchr("eEfFgG%n", s->type)) || (s->type == 'n' && s->grouping))
        return fail_spec(run, "of a float has another type");
    return ap__jspec_put_float(run, value->as.number, s);
}

/* -- format specifications ----------------------------------------------------------------------------- */

bool ap__jspec_skip(ap__text *text, const char *chars, char *out) {
    if (!text->len || !text->ptr[0] || !strchr(chars, text->ptr[0])) return false;
    if (out) *out = text->ptr[0];
    *text = ap__jtext_part(*text, 1, text->len);
    return true;
}

ap_status ap__jspec_read_count(ap__jrun *run, ap__text *text, int64_t *out) {
    for (; text->len && text->ptr[0] >= '0' && text->ptr[0] <= '9';
         *text = ap__jtext_part(*text, 1, text->len)) {
        *out = (*out < 0 ? 0 : *out) * 10 + (text->ptr[0] - '0');
        if (*out > AP__JSPEC_MAX_WIDTH)
            return ap__jrun_fail(run, AP_ELIMIT, "a width or precision of more than %d", AP__JSPEC_MAX_WIDTH);
    }
    return AP_OK;
}

ap_status ap__jspec_read(ap__jrun *run, ap__text text, ap__jspec *out) {
    static const char ALIGNS[] = "<>=^";
    uint32_t code;
    size_t n = text.len ? ap__utf8_next(&code, text.ptr) : 0;
    *out = AP__JSPEC_INIT;
    if (text.len > n && n && text.ptr[n] && strchr(ALIGNS, text.ptr[n])) {
        out->fill = ap__jtext_part(text, 0, n);
        out->align = text.ptr[n];
        text = ap__jtext_part(text, n + 1, text.len);
    } else {
        ap__jspec_skip(&text, ALIGNS, &out->align);
    }
    ap__jspec_skip(&text, "+- ", &out->sign);
    out->is_alternate = ap__jspec_skip(&text, "#", NULL);
    if (ap__jspec_skip(&text, "0", NULL) && !out->align) {
        out->fill = (ap__text){"0", 1};
        out->align = '=';
    }
    ap_status status = ap__jspec_read_count(run, &text, &out->width);
    ap__jspec_skip(&text, ",_", &out->grouping);
    if (!status && ap__jspec_skip(&text, ".", NULL)) {
        status = ap__jspec_read_count(run, &text, &out->precision);
        if (!status && out->precision < 0) return fail_spec(run, "has a point and no precision");
    }
    if (text.len == 1) ap__jspec_skip(&text, "bcdeEfFgGnosxX%", &out->type);
    return status || !text.len ? status : fail_spec(run, "is not valid");
}

/* Filters of numbers. Source: jinja2@3.1.6 filters.py. */
#include "base/error.h"
#include "generate/chat/arguments.h"
#include "generate/chat/number.h"
#include "generate/chat/text.h"

#include <math.h>
#include <string.h>

/* Longest text of a number. */
enum { MAX_NUMBER_BYTES = 1000 };

static ap_status fail_kind(ap__jrun *run, const char *name, const ap__jval *value) {
    if (value->kind == AP__J_UNDEFINED) return ap__jrun_fail_undefined(run, value->as.undefined);
    return ap__jrun_fail(run, AP_ETYPE, "\"%s\" needs a number, found %s", name, ap__jval_type_name(value));
}

static ap_status filter_abs(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    int64_t i;
    *out = args->self;
    if (ap__jval_is_integer(&args->self, &i)) {
        *out = ap__jval_int(i);
        return i < 0 ? ap__joperate_unary(run, out, AP__J_SUB, &args->self) : AP_OK;
    }
    if (args->self.kind != AP__J_FLOAT) return fail_kind(run, "abs", &args->self);
    *out = ap__jval_float(fabs(args->self.as.number));
    return AP_OK;
}

static ap_status fail_large(ap__jrun *run) {
    return ap__jrun_fail(run, AP_EUNSUPPORTED, "whole numbers beyond 64 bits are not supported");
}

/* -- from text ----------------------------------------------------------------------------------------- */

/* Copies the digits of a number without the underscores, which stand between digits only. */
static bool clean_digits(char *out, size_t size, size_t *len, ap__text text) {
    *len = 0;
    for (size_t i = 0; i < text.len; i++) {
        bool is_between = i && i + 1 < text.len && text.ptr[i - 1] != '_';
        if (text.ptr[i] == '_') {
            if (!is_between) return false;
            continue;
        }
        if (*len + 1 >= size) return false;
        out[(*len)++] = text.ptr[i];
    }
    return true;
}

/* int(text, base): false where Python raises ValueError. */
static bool read_int(ap__text text, int base, int64_t *out, bool *is_large) {
    char digits[MAX_NUMBER_BYTES];
    size_t n, start = 0;
    text = ap__jtext_strip(text, NULL, true, true);
    bool is_negative = text.len && text.ptr[0] == '-';
    if (text.len && (text.ptr[0] == '-' || text.ptr[0] == '+')) text = ap__jtext_part(text, 1, text.len);
    if (!clean_digits(digits, sizeof digits, &n, text)) return false;
    char letter = n > 2 && digits[0] == '0' ? (char)(digits[1] | 0x20) : 0;
    int prefix = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
    if (prefix && (base == prefix || base == 0)) start = 2;
    if (base == 0) {
        if (!prefix && n > 1 && digits[0] == '0' && strspn(digits, "0") < n) return false;
        base = prefix ? prefix : 10;
    }
    if (!ap__jnumber_read_int(out, is_large, digits + start, n - start, base)) return false;
    if (is_negative) *out = -*out;
    return true;
}

static bool is_word(ap__text text, const char *word) {
    if (text.len != strlen(word)) return false;
    for (size_t i = 0; i < text.len; i++)
        if ((text.ptr[i] | 0x20) != word[i]) return false;
    return true;
}

/* float(text) */
static bool read_float(ap__text text, double *out) {
    char digits[MAX_NUMBER_BYTES];
    size_t n;
    text = ap__jtext_strip(text, NULL, true, true);
    bool is_negative = text.len && text.ptr[0] == '-';
    if (text.len && (text.ptr[0] == '-' || text.ptr[0] == '+')) text = ap__jtext_part(text, 1, text.len);
    if (is_word(text, "nan"))
        *out = NAN;
    else if (is_word(text, "inf") || is_word(text, "infinity"))
        *out = INFINITY;
    else if (!clean_digits(digits, sizeof digits, &n, text) || !ap__jnumber_parse(out, digits, n))
        return false;
    if (is_negative) *out = -*out;
    return true;
}

/* float(value): false where Python raises TypeError or ValueError. */
static bool to_float(const ap__jval *value, double *out) {
    if (value->kind == AP__J_STRING) return read_float(ap__jval_get_text(value), out);
    *out = ap__jval_as_double(value);
    return ap__jval_is_number(value);
}

static ap_status truncate_float(ap__jrun *run, ap__jval *out, double number) {
    if (isinf(number)) return ap__jrun_fail(run, AP_EINVAL, "infinity cannot be a whole number");
    if (fabs(number) >= 9223372036854775808.0) return fail_large(run);
    *out = ap__jval_int((int64_t)number);
    return AP_OK;
}

/* Text of digits that is longer than what is read. */
static bool is_too_long(const ap__jval *value) {
    if (value->kind != AP__J_STRING) return false;
    ap__text text = ap__jtext_strip(ap__jval_get_text(value), NULL, true, true);
    for (size_t i = 0; i < text.len; i++)
        if (!text.ptr[i] || !strchr("0123456789_.eE+-", text.ptr[i])) return false;
    return text.len >= MAX_NUMBER_BYTES;
}

static ap_status filter_int(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    int64_t base = 10, i;
    double number;
    const ap__jval *self = &args->self;
    ap_status status = ap__jarg_int(run, args, 1, 10, &base);
    if (status) return status;
    if (self->kind == AP__J_UNDEFINED) return ap__jrun_fail_undefined(run, self->as.undefined);
    if (is_too_long(self)) return fail_large(run);
    *out = ap__jarg_is_given(args, 0) ? args->bound[0] : ap__jval_int(0);
    bool is_base = base == 0 || (base >= 2 && base <= 36), is_large = false;
    if (self->kind == AP__J_STRING && is_base &&
        read_int(ap__jval_get_text(self), (int)base, &i, &is_large)) {
        *out = ap__jval_int(i);
        return is_large ? fail_large(run) : AP_OK;
    }
    if (ap__jval_is_integer(self, &i)) {
        *out = ap__jval_int(i);
        return AP_OK;
    }
    if (!to_float(self, &number) || isnan(number)) return AP_OK;
    /* Of text, what is too large is no error. */
    return self->kind == AP__J_STRING && isinf(number) ? AP_OK : truncate_float(run, out, number);
}

static ap_status filter_float(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    double number;
    if (args->self.kind == AP__J_UNDEFINED) return ap__jrun_fail_undefined(run, args->self.as.undefined);
    if (is_too_long(&args->self)) return fail_large(run);
    *out = ap__jarg_is_given(args, 0) ? args->bound[0] : ap__jval_float(0);
    if (to_float(&args->self, &number)) *out = ap__jval_float(number);
    return AP_OK;
}

/* -- rounding ------------------------------------------------------------------------------------------ */

/* Of a whole number: to tens, hundreds, ... with less than 0 places. */
static ap_status round_int(ap__jrun *run, ap__jval *out, int64_t number, int64_t places) {
    int64_t unit = 1;
    *out = ap__jval_int(places >= 0 ? number : 0);
    if (places >= 0 || places < -18) return AP_OK;
    for (int64_t i = places; i < 0; i++) unit *= 10;
    int64_t rest = number % unit, down = number - rest;
    if (rest < 0) {
        rest += unit;
        if (__builtin_sub_overflow(down, unit, &down)) return fail_large(run);
    }
    bool is_up = rest > unit / 2 || (rest == unit / 2 && (down / unit) % 2);
    if (is_up && __builtin_add_overflow(down, unit, &down)) return fail_large(run);
    *out = ap__jval_int(down);
    return AP_OK;
}

/* func(value * 10 ** precision) / 10 ** precision */
static ap_status round_towards(ap__jrun *run, ap__jval *out, const ap__jval *number, int64_t places,
                               bool is_up) {
    ap__jval ten = ap__jval_int(10), exponent = ap__jval_int(places), unit, scaled = {0}, whole;
    ap_status status = ap__joperate(run, &unit, AP__J_POW, &ten, &exponent);
    if (!status) status = ap__joperate(run, &scaled, AP__J_MUL, number, &unit);
    whole = scaled;
    if (!status && scaled.kind == AP__J_FLOAT) {
        if (isnan(scaled.as.number)) return ap__jrun_fail(run, AP_EINVAL, "nan cannot be a whole number");
        status = truncate_float(run, &whole, is_up ? ceil(scaled.as.number) : floor(scaled.as.number));
    }
    return status ? status : ap__joperate(run, out, AP__J_DIV, &whole, &unit);
}

static ap_status filter_round(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    int64_t places = 0, i;
    ap__text method;
    ap_status status = ap__jarg_int(run, args, 0, 0, &places);
    if (!status) status = ap__jarg_text(run, args, 1, "common", &method);
    if (status) return status;
    bool is_up = is_word(method, "ceil"), is_down = is_word(method, "floor");
    if (!is_up && !is_down && !is_word(method, "common"))
        return ap__jrun_fail(run, AP_EINVAL, "\"round\" knows the methods common, ceil and floor");
    if (!ap__jval_is_number(&args->self)) return fail_kind(run, "round", &args->self);
    if (is_up || is_down) return round_towards(run, out, &args->self, places, is_up);
    if (ap__jval_is_integer(&args->self, &i)) return round_int(run, out, i, places);
    int limited = places > 400 ? 400 : places < -400 ? -400 : (int)places;
    *out = ap__jval_float(ap__jnumber_round(args->self.as.number, limited));
    return AP_OK;
}

/* -- sizes --------------------------------------------------------------------------------------------- */

static ap_status filter_filesizeformat(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    static const char *const UNITS[2][8] = {{"kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"},
                                            {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"}};
    bool is_binary = ap__jarg_bool(args, 0, false);
    double n_bytes, base = is_binary ? 1024 : 1000, unit = base * base;
    size_t mark = run->scratch.len, i = 0;
    if (!to_float(&args->self, &n_bytes)) return fail_kind(run, "filesizeformat", &args->self);
    if (n_bytes == 1) return ap__jrun_copy(run, out, "1 Byte", 6);
    ap_status status;
    if (n_bytes < base) {
        ap__jval whole;
        if ((status = truncate_float(run, &whole, n_bytes))) return status;
        status = ap__buf_printf(&run->scratch, run->err, "%lld Bytes", (long long)whole.as.integer);
        return status ? status : ap__jrun_take(run, mark, out);
    }
    for (; i < 7 && n_bytes >= unit; i++) unit *= base;
    status = ap__jnumber_format(&run->scratch, base * n_bytes / unit, 'f', 1, false, run->err);
    if (!status) status = ap__buf_printf(&run->scratch, run->err, " %s", UNITS[is_binary][i]);
    return status ? status : ap__jrun_take(run, mark, out);
}

const ap__jrow ap__jfilters_number[] = {{"abs", filter_abs, ""},
                                        {"int", filter_int, "default base"},
                                        {"float", filter_float, "default"},
                                        {"round", filter_round, "precision method"},
                                        {"filesizeformat", filter_filesizeformat, "binary"},
                                        {0}};

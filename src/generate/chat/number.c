/* Source: cpython@v3.11 Python/pystrtod.c format_float_short(), Objects/floatobject.c double_round(). */
#include "generate/chat/number.h"

#include "base/error.h"
#include "base/json.h"

#include <math.h>
#include <string.h>

/* A double has at most 767 significant digits, and 309 before the point. */
enum { LIMB_DIGITS = 9, N_LIMBS = 128, MAX_DIGITS = N_LIMBS * LIMB_DIGITS, MAX_PRECISION = 4096 };
static const uint32_t LIMB = 1000000000;

/* 0.d1d2d3... times 10 to the power of `point`; no digits: zero. */
typedef struct decimal {
    char digits[MAX_DIGITS + 1];
    int n, point;
} decimal;

/* -- reading ------------------------------------------------------------------------------------------- */

static bool is_digit_at(const char *text, size_t len, size_t at) {
    return at < len && text[at] >= '0' && text[at] <= '9';
}

bool ap__jnumber_parse(double *out, const char *text, size_t len) {
    char json[MAX_DIGITS + 32];
    size_t n = 0, at = 0;
    while (at < len && text[at] == '0' && is_digit_at(text, len, at + 1)) at++;
    if (at < len && text[at] == '.') {
        if (!is_digit_at(text, len, at + 1)) return false;
        json[n++] = '0';
    }
    if (len - at > sizeof json - 8) return false;
    for (; at < len; at++) {
        bool is_bare = text[at] == '.' && !is_digit_at(text, len, at + 1);
        json[n++] = text[at];
        if (is_bare) json[n++] = '0';
    }
    json[n] = '\0';
    yyjson_val value = {0};
    const char *end = yyjson_read_number(json, &value, YYJSON_READ_ALLOW_INF_AND_NAN, NULL, NULL);
    if (!end || end != json + n || !n) return false;
    *out = yyjson_get_num(&value);
    return true;
}

bool ap__jnumber_parse_int(int64_t *out, const char *text, size_t len, int base) {
    bool is_large;
    return ap__jnumber_read_int(out, &is_large, text, len, base) && !is_large;
}

bool ap__jnumber_read_int(int64_t *out, bool *is_large, const char *text, size_t len, int base) {
    uint64_t number = 0;
    *is_large = false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i], lower = (char)(c | 0x20);
        int digit = c >= '0' && c <= '9' ? c - '0' : lower >= 'a' && lower <= 'z' ? lower - 'a' + 10 : 99;
        if (digit >= base) return false;
        if (number > ((uint64_t)INT64_MAX - (uint64_t)digit) / (uint64_t)base) *is_large = true;
        if (!*is_large) number = number * (uint64_t)base + (uint64_t)digit;
    }
    *out = (int64_t)number;
    return len > 0;
}

/* -- digits -------------------------------------------------------------------------------------------- */

/* Sets digits and point from text like 12.5e-3. */
static void read_decimal(decimal *out, const char *text) {
    int exponent = 0, sign = 1, n_before = -1;
    out->n = 0;
    for (; *text && *text != 'e' && *text != 'E'; text++) {
        if (*text == '.')
            n_before = out->n;
        else if (*text >= '0' && *text <= '9' && out->n < MAX_DIGITS)
            out->digits[out->n++] = *text;
    }
    if (n_before < 0) n_before = out->n;
    if (*text) text++;
    if (*text == '-' || *text == '+') sign = *text++ == '-' ? -1 : 1;
    for (; *text >= '0' && *text <= '9'; text++) exponent = exponent * 10 + (*text - '0');
    out->point = n_before + sign * exponent;
}

static void normalize(decimal *d) {
    int n_zeros = 0;
    while (n_zeros < d->n && d->digits[n_zeros] == '0') n_zeros++;
    d->n -= n_zeros;
    d->point -= n_zeros;
    memmove(d->digits, d->digits + n_zeros, (size_t)d->n);
    while (d->n && d->digits[d->n - 1] == '0') d->n--;
    if (!d->n) d->point = 0;
}

/* The shortest digits that read back to the number. */
static ap_status shortest(decimal *out, double number, ap_error *err) {
    char memory[1024];
    yyjson_alc alc;
    yyjson_val value = {0};
    yyjson_set_real(&value, number);
    if (!yyjson_alc_pool_init(&alc, memory, sizeof memory)) return ap__fail_nomem(err);
    const char *text = yyjson_val_write_opts(&value, YYJSON_WRITE_NOFLAG, &alc, NULL, NULL);
    if (!text) return ap__fail_nomem(err);
    read_decimal(out, text);
    normalize(out);
    return AP_OK;
}

static void multiply(uint32_t *limbs, int *n, uint32_t factor) {
    uint64_t carry = 0;
    for (int i = 0; i < *n; i++) {
        carry += (uint64_t)limbs[i] * factor;
        limbs[i] = (uint32_t)(carry % LIMB);
        carry /= LIMB;
    }
    if (carry) limbs[(*n)++] = (uint32_t)carry;
}

/* All digits of a finite number: it is m * 2^e, or m * 5^-e / 10^-e. */
static void exact(decimal *out, double number) {
    uint32_t limbs[N_LIMBS + 2];
    int exponent, n = 0;
    uint64_t mantissa = (uint64_t)ldexp(frexp(fabs(number), &exponent), 53);
    exponent -= 53;
    while (mantissa && !(mantissa & 1)) mantissa >>= 1, exponent++;
    for (; mantissa; mantissa /= LIMB) limbs[n++] = (uint32_t)(mantissa % LIMB);
    for (int i = 0; i < exponent; i++) multiply(limbs, &n, 2);
    for (int i = 0; i < -exponent; i++) multiply(limbs, &n, 5);
    out->n = 0;
    for (int i = n - 1; i >= 0; i--)
        for (uint32_t unit = LIMB / 10; unit; unit /= 10)
            out->digits[out->n++] = (char)('0' + limbs[i] / unit % 10);
    out->point = out->n + (exponent < 0 ? exponent : 0);
    normalize(out);
}

/* Keeps `n` digits (none when it is less than 0), half to even. */
static void round_to(decimal *d, int n) {
    if (n >= d->n) return;
    bool is_up = false;
    if (n >= 0) {
        bool is_tie = d->digits[n] == '5' && d->n == n + 1;
        bool is_odd = n > 0 && (d->digits[n - 1] - '0') % 2;
        is_up = is_tie ? is_odd : d->digits[n] >= '5';
    }
    d->n = n > 0 ? n : 0;
    if (is_up) {
        int i = d->n;
        while (i > 0 && d->digits[i - 1] == '9') d->digits[--i] = '0';
        if (i) {
            d->digits[i - 1]++;
        } else { /* 99 becomes 100: the digits are all zeros but for a one in front. */
            d->digits[0] = '1';
            d->n = 1;
            d->point++;
        }
    }
    normalize(d);
}

static char digit_at(const decimal *d, int i) { return i >= 0 && i < d->n ? d->digits[i] : '0'; }

/* -- writing ------------------------------------------------------------------------------------------- */

static ap_status write_exponent(ap__buf *out, int exponent, char e, ap_error *err) {
    return ap__buf_printf(out, err, "%c%c%02d", e, exponent < 0 ? '-' : '+',
                          exponent < 0 ? -exponent : exponent);
}

static ap_status write_fixed(ap__buf *out, const decimal *d, int precision, bool has_point, ap_error *err) {
    ap_status status = AP_OK;
    if (d->point <= 0) status = ap__buf_append(out, "0", 1, err);
    for (int i = 0; i < d->point && !status; i++)
        status = ap__buf_append(out, &(char){digit_at(d, i)}, 1, err);
    if (!status && (precision > 0 || has_point)) status = ap__buf_append(out, ".", 1, err);
    for (int i = 0; i < precision && !status; i++)
        status = ap__buf_append(out, &(char){digit_at(d, d->point + i)}, 1, err);
    return status;
}

static ap_status write_scientific(ap__buf *out, const decimal *d, int precision, char e, bool has_point,
                                  ap_error *err) {
    ap_status status = ap__buf_append(out, &(char){digit_at(d, 0)}, 1, err);
    if (!status && (precision > 0 || has_point)) status = ap__buf_append(out, ".", 1, err);
    for (int i = 1; i <= precision && !status; i++)
        status = ap__buf_append(out, &(char){digit_at(d, i)}, 1, err);
    return status ? status : write_exponent(out, d->n ? d->point - 1 : 0, e, err);
}

/* Sign, and what is no number. */
static ap_status write_special(ap__buf *out, double number, bool is_capital, bool *is_done, ap_error *err) {
    *is_done = !isfinite(number);
    if (isnan(number)) return ap__buf_puts(out, is_capital ? "NAN" : "nan", err);
    ap_status status = signbit(number) ? ap__buf_puts(out, "-", err) : AP_OK;
    if (status || !*is_done) return status;
    return ap__buf_puts(out, is_capital ? "INF" : "inf", err);
}

ap_status ap__jnumber_repr(ap__buf *out, double number, ap_error *err) {
    bool is_done;
    decimal d;
    ap_status status = write_special(out, number, false, &is_done, err);
    if (status || is_done) return status;
    if ((status = shortest(&d, fabs(number), err))) return status;
    if (d.n && (d.point > 16 || d.point < -3)) return write_scientific(out, &d, d.n - 1, 'e', false, err);
    return write_fixed(out, &d, d.n > d.point ? d.n - d.point : 1, true, err);
}

ap_status ap__jnumber_format(ap__buf *out, double number, char type, int precision, bool is_alternate,
                             ap_error *err) {
    bool is_done, is_str = !type, is_capital = type && type < 'a';
    char lower = is_str ? 'g' : (char)(type | 0x20);
    decimal d;
    ap_status status = write_special(out, number, is_capital, &is_done, err);
    if (status || is_done) return status;
    if (precision > MAX_PRECISION)
        return ap__fail(err, AP_ELIMIT, "a number with more than %d digits", MAX_PRECISION);
    exact(&d, number);
    if (lower == 'f') {
        round_to(&d, d.point + precision);
        return write_fixed(out, &d, precision, is_alternate, err);
    }
    if (lower == 'g' && precision == 0) precision = 1;
    round_to(&d, lower == 'g' ? precision : precision + 1);
    if (lower == 'e') return write_scientific(out, &d, precision, is_capital ? 'E' : 'e', is_alternate, err);
    int exponent = d.n ? d.point - 1 : 0, n = is_alternate ? precision : d.n ? d.n : 1;
    if (exponent < -4 || exponent >= precision - is_str)
        return write_scientific(out, &d, n - 1, is_capital ? 'E' : 'e', is_alternate, err);
    return write_fixed(out, &d, n > exponent + 1 ? n - exponent - 1 : 0, is_alternate, err);
}

double ap__jnumber_round(double number, int places) {
    decimal d;
    if (!isfinite(number) || number == 0 || places > 323) return number;
    if (places < -308) return copysign(0, number);
    exact(&d, number);
    round_to(&d, d.point + places);
    if (!d.n) return copysign(0, number);
    char text[MAX_DIGITS + 32];
    int n = 0;
    for (int i = 0; i < d.n; i++) {
        text[n++] = d.digits[i];
        if (i == 0) text[n++] = '.';
    }
    if (d.n == 1) text[n++] = '0';
    text[n++] = 'e';
    int exponent = d.point - 1, magnitude = exponent < 0 ? -exponent : exponent;
    text[n++] = exponent < 0 ? '-' : '+';
    for (int unit = 100; unit; unit /= 10) text[n++] = (char)('0' + magnitude / unit % 10);
    double rounded = number;
    ap__jnumber_parse(&rounded, text, (size_t)n);
    return copysign(rounded, number);
}

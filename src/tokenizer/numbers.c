/* Decimal to double as the reference's JSON parser does it: the digits as an integer, then one multiplication
 * or division by a power of ten. That is off by one bit for every third number with 16 digits, and where two
 * ways through a Unigram model cost the same, that bit decides. Source: serde-rs/json@v1.0.140 src/de.rs
 * parse_integer, parse_decimal, parse_exponent, f64_from_parts. */
#include "tokenizer/numbers.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

enum { POWER_MAX = 308 };

/* A number that is being read. */
typedef struct number {
    const char *at;
    uint64_t digits;
    int32_t exponent; /* Of ten. */
    bool is_negative, is_float,
        is_full; /* Full: one more digit would not fit; those that follow are dropped. */
} number;

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool add_digit(number *n) {
    uint64_t digit = (uint64_t)(*n->at - '0');
    n->is_full = n->is_full || n->digits > (UINT64_MAX - digit) / 10;
    if (!n->is_full) n->digits = n->digits * 10 + digit;
    return !n->is_full;
}

static void read_digits(number *n) {
    for (; is_digit(*n->at); n->at++)
        if (!add_digit(n) && n->exponent < INT32_MAX) n->exponent++;
    if (n->is_full) n->is_float = true;
    if (*n->at != '.') return;
    n->is_float = true;
    n->is_full = false;
    for (n->at++; is_digit(*n->at); n->at++)
        if (add_digit(n) && n->exponent > INT32_MIN) n->exponent--;
}

static void read_exponent(number *n) {
    if (*n->at != 'e' && *n->at != 'E') return;
    n->is_float = true;
    n->at++;
    bool is_negative = *n->at == '-';
    if (*n->at == '-' || *n->at == '+') n->at++;
    int64_t exponent = 0;
    for (; is_digit(*n->at); n->at++)
        if (exponent <= INT32_MAX) exponent = exponent * 10 + (*n->at - '0');
    exponent = n->exponent + (is_negative ? -exponent : exponent);
    n->exponent = (int32_t)(exponent > INT32_MAX ? INT32_MAX : exponent < INT32_MIN ? INT32_MIN : exponent);
}

/* 10 to the nth, rounded once: the compiler reads the literals. */
static double power_of_ten(int n) {
    static const double POWERS[POWER_MAX + 1] = {
#define ROW(d)                                                                                               \
    1e##d##0, 1e##d##1, 1e##d##2, 1e##d##3, 1e##d##4, 1e##d##5, 1e##d##6, 1e##d##7, 1e##d##8, 1e##d##9
        ROW(0),  ROW(1),  ROW(2),  ROW(3),  ROW(4),  ROW(5),  ROW(6),  ROW(7),  ROW(8),  ROW(9),
        ROW(10), ROW(11), ROW(12), ROW(13), ROW(14), ROW(15), ROW(16), ROW(17), ROW(18), ROW(19),
        ROW(20), ROW(21), ROW(22), ROW(23), ROW(24), ROW(25), ROW(26), ROW(27), ROW(28), ROW(29),
#undef ROW
        1e300,   1e301,   1e302,   1e303,   1e304,   1e305,   1e306,   1e307,   1e308};
    return POWERS[n];
}

/* Too large a number is infinite here; the reference refuses it. */
static double to_double(const number *n) {
    double value = (double)n->digits;
    int64_t exponent = n->exponent;
    for (; exponent < -POWER_MAX && value != 0.0; exponent += POWER_MAX) value /= 1e308;
    if (value == 0.0) exponent = 0;
    if (exponent > POWER_MAX)
        value = INFINITY;
    else if (exponent >= 0)
        value *= power_of_ten((int)exponent);
    else
        value /= power_of_ten((int)-exponent);
    return n->is_negative ? -value : value;
}

static void read_number(yyjson_val *val) {
    number n = {.at = yyjson_get_raw(val)};
    n.is_negative = *n.at == '-';
    n.at += n.is_negative;
    read_digits(&n);
    read_exponent(&n);
    /* A negative integer that fits, but not -0. */
    bool is_signed = n.is_negative && n.digits && n.digits <= (uint64_t)INT64_MAX + 1;
    if (n.is_float || (n.is_negative && !is_signed))
        yyjson_set_real(val, to_double(&n));
    else if (is_signed)
        yyjson_set_sint(val, -(int64_t)(n.digits - 1) - 1);
    else
        yyjson_set_uint(val, n.digits);
}

void ap__numbers_read(yyjson_doc *doc) {
    yyjson_val *val = yyjson_doc_get_root(doc); /* All values lie in one block behind the root. */
    for (size_t n = yyjson_doc_get_val_count(doc); n > 0; n--, val++)
        if (yyjson_is_raw(val)) read_number(val);
}

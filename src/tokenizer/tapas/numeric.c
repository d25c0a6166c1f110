/* Finding values: by a pattern of numbers, by words, by dates of up to five words. */
#include "tokenizer/tapas/numeric.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/json.h"
#include "tokenizer/python_text.h"
#include "tokenizer/tapas/date.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DATE_WORDS_MAX = 5 };

/* Most values of one text. */
#define VALUES_MAX ((size_t)1 << 26)

/* A value and the characters [start, end) it stands in. */
typedef struct span {
    size_t start, end, order; /* Of finding. */
    ap__numeric value;
} span;

typedef struct spans {
    span *ptr;
    size_t n, capacity;
} spans;

typedef struct finder {
    const uint32_t *text;
    size_t len;
    spans found;
    ap__buf digits; /* Scratch. */
    ap_error *err;
} finder;

static ap_status add_span(finder *f, size_t start, size_t end, const ap__numeric *value) {
    void *ptr = f->found.ptr;
    if (!ap__grow(&ptr, &f->found.capacity, f->found.n + 1, sizeof(span), VALUES_MAX))
        return ap__fail_nomem(f->err);
    f->found.ptr = ptr;
    f->found.ptr[f->found.n] = (span){start, end, f->found.n, *value};
    f->found.n++;
    return AP_OK;
}

static bool is_digit_at(const finder *f, size_t i) { return i < f->len && ap__py_digit(f->text[i]) >= 0; }

/* -- float() ------------------------------------------------------------------------------------------- */

/* Copies the digits from *at on in ASCII; commas are left out.   @return how many */
static size_t copy_digits(finder *f, size_t *at, size_t end, ap_status *status) {
    size_t n = 0;
    for (; *at < end && !*status; (*at)++) {
        if (f->text[*at] == ',') continue;
        int digit = ap__py_digit(f->text[*at]);
        if (digit < 0) break;
        char c = (char)('0' + digit);
        *status = ap__buf_append(&f->digits, &c, 1, f->err);
        n++;
    }
    return n;
}

/* The number that the digits are, in the form of JSON: exactly rounded, whatever the locale is. */
static bool read_digits(double *out, const ap__buf *digits) {
    yyjson_val value;
    const char *text = ap__buf_text(digits);
    while (text[0] == '0' && text[1] >= '0' && text[1] <= '9') text++; /* JSON has no leading zeros. */
    const char *end = yyjson_read_number(text, &value, YYJSON_READ_ALLOW_INF_AND_NAN, ap__json_alc(), NULL);
    if (!end || *end) return false;
    *out = yyjson_get_num(&value);
    return isfinite(*out) != 0;
}

/* float() of a text without commas: [blank][sign]digits[.digits][e digits]. What else Python takes is
 * infinite, no number, or has signs that no span has. */
static ap_status read_number(finder *f, ap__numeric *out, size_t start, size_t end) {
    ap_status status = AP_OK;
    out->kind = AP__NUMERIC_NONE;
    while (start < end && ap__py_is_space(f->text[start])) start++;
    bool is_negative = start < end && f->text[start] == '-';
    if (start < end && (f->text[start] == '-' || f->text[start] == '+')) start++;
    ap__buf_reset(&f->digits);
    size_t n = copy_digits(f, &start, end, &status), n_fraction = 0, n_exponent = 1;
    if (!n && !status) status = ap__buf_puts(&f->digits, "0", f->err);
    if (start < end && f->text[start] == '.' && !status) {
        start++;
        status = ap__buf_puts(&f->digits, ".", f->err);
        n_fraction = copy_digits(f, &start, end, &status);
        if (!n_fraction && !status) status = ap__buf_puts(&f->digits, "0", f->err);
    }
    if (start < end && f->text[start] == 'e' && !status) {
        start++;
        status = ap__buf_puts(&f->digits, "e", f->err);
        n_exponent = copy_digits(f, &start, end, &status);
    }
    if (status || start != end || !(n + n_fraction) || !n_exponent) return status;
    if (!read_digits(&out->number, &f->digits)) return AP_OK;
    out->kind = AP__NUMERIC_NUMBER;
    if (is_negative) out->number = -out->number;
    return AP_OK;
}

static bool ends_with_ordinal(const uint32_t *text, size_t len) {
    static const char suffixes[][3] = {"st", "nd", "rd", "th"};
    if (len < 2) return false;
    for (size_t i = 0; i < 4; i++)
        if (text[len - 2] == (unsigned char)suffixes[i][0] && text[len - 1] == (unsigned char)suffixes[i][1])
            return true;
    return false;
}

/* A number, or one with "st", "nd", "rd" or "th" behind it. */
static ap_status add_number(finder *f, size_t start, size_t end) {
    ap__numeric value = {0};
    size_t cut = ends_with_ordinal(f->text + start, end - start) ? end - 2 : end;
    ap_status status = read_number(f, &value, start, cut);
    return status || value.kind == AP__NUMERIC_NONE ? status : add_span(f, start, end, &value);
}

/* -- the pattern of numbers ---------------------------------------------------------------------------- */

static size_t skip_digits(const finder *f, size_t at) {
    while (is_digit_at(f, at)) at++;
    return at;
}

/* The end of "\.\d+|\d+(,\d\d\d)*(\.\d*)?" at `at`; `at` itself where it is not there. */
static size_t match_digits(const finder *f, size_t at) {
    if (at < f->len && f->text[at] == '.') return is_digit_at(f, at + 1) ? skip_digits(f, at + 1) : at;
    size_t end = skip_digits(f, at);
    if (end == at) return at;
    while (end < f->len && f->text[end] == ',' && is_digit_at(f, end + 1) && is_digit_at(f, end + 2) &&
           is_digit_at(f, end + 3))
        end += 4;
    return end < f->len && f->text[end] == '.' ? skip_digits(f, end + 1) : end;
}

/* The end of "((^|\s)[+-])?" and what follows it; `at` where nothing matches. */
static size_t match_number(const finder *f, size_t at) {
    size_t sign = at == 0 && f->len && (f->text[0] == '+' || f->text[0] == '-') ? 0 : at + 1;
    bool may_have_sign = sign == at || (at < f->len && ap__py_is_space(f->text[at]));
    if (may_have_sign && sign < f->len && (f->text[sign] == '+' || f->text[sign] == '-')) {
        size_t end = match_digits(f, sign + 1);
        if (end > sign + 1) return end;
    }
    return match_digits(f, at);
}

static ap_status find_numbers(finder *f) {
    ap_status status = AP_OK;
    for (size_t at = 0; at < f->len && !status;) {
        size_t end = match_number(f, at);
        if (end > at) status = add_number(f, at, end);
        at = end > at ? end : at + 1;
    }
    return status;
}

/* -- words and dates ----------------------------------------------------------------------------------- */

static bool equals(const uint32_t *text, size_t len, const char *word) {
    size_t i = 0;
    while (i < len && word[i] && text[i] == (unsigned char)word[i]) i++;
    return i == len && !word[i];
}

static ap_status add_word(finder *f, size_t start, size_t end) {
    static const char *const words[][2] = {{"zero", "zeroth"},   {"one", "first"},     {"two", "second"},
                                           {"three", "third"},   {"four", "fourth"},   {"five", "fifth"},
                                           {"six", "sixth"},     {"seven", "seventh"}, {"eight", "eighth"},
                                           {"nine", "ninth"},    {"ten", "tenth"},     {"eleven", "eleventh"},
                                           {"twelve", "twelfth"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!equals(f->text + start, end - start, words[i][0]) &&
            !equals(f->text + start, end - start, words[i][1]))
            continue;
        ap__numeric value = {.kind = AP__NUMERIC_NUMBER, .number = (double)i};
        return add_span(f, start, end, &value);
    }
    return AP_OK;
}

/* Dates that end at `end` and begin with one of the last words, from the earliest on. */
static ap_status add_dates(finder *f, const size_t *starts, size_t n_starts, size_t end) {
    ap_status status = AP_OK;
    for (size_t i = n_starts < DATE_WORDS_MAX ? 0 : n_starts - DATE_WORDS_MAX; i < n_starts && !status; i++) {
        ap__numeric date;
        size_t start = starts[i % DATE_WORDS_MAX];
        if (ap__date_read(&date, f->text + start, end - start)) status = add_span(f, start, end, &date);
    }
    return status;
}

/* @param n_numbers how many spans the pattern found, in order. */
static bool is_found(const finder *f, size_t *next, size_t n_numbers, size_t start, size_t end) {
    while (*next < n_numbers && f->found.ptr[*next].start < start) ++*next;
    return *next < n_numbers && f->found.ptr[*next].start == start && f->found.ptr[*next].end == end;
}

/* Words are runs of letters and digits. Numbers come before dates where both stand in the same place. */
static ap_status find_words(finder *f) {
    size_t starts[DATE_WORDS_MAX], n_starts = 0, next = 0, n_numbers = f->found.n;
    ap_status status = AP_OK;
    for (size_t at = 0; at < f->len && !status;) {
        size_t start = at;
        while (at < f->len && ap__py_is_alnum(f->text[at])) at++;
        if (at > start) {
            starts[n_starts++ % DATE_WORDS_MAX] = start;
            if (!is_found(f, &next, n_numbers, start, at)) {
                status = add_number(f, start, at);
                if (!status) status = add_word(f, start, at);
            }
            if (!status) status = add_dates(f, starts, n_starts, at);
        } else {
            at++;
        }
    }
    return status;
}

/* -- choosing ------------------------------------------------------------------------------------------ */

/* By place; of those that begin together the longest first, of equal ones the first that was found. */
static int compare_spans(const void *left, const void *right) {
    const span *a = left, *b = right;
    if (a->start != b->start) return a->start < b->start ? -1 : 1;
    if (a->end != b->end) return a->end > b->end ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

/* Leaves out spans that lie inside another one: whatever that is, it begins no later and ends no earlier. */
static ap_status choose(ap__numerics *out, finder *f) {
    size_t end = 0, start = 0;
    if (f->found.n) qsort(f->found.ptr, f->found.n, sizeof(span), compare_spans);
    for (size_t i = 0; i < f->found.n; i++) {
        const span *s = &f->found.ptr[i];
        bool is_same = i && s->start == start && s->end == end;
        if (!is_same && s->end <= end) continue;
        void *ptr = out->ptr;
        if (!ap__grow(&ptr, &out->capacity, out->n + 1, sizeof *out->ptr, VALUES_MAX))
            return ap__fail_nomem(f->err);
        out->ptr = ptr;
        out->ptr[out->n++] = s->value;
        start = s->start;
        end = s->end;
    }
    return AP_OK;
}

/* " ".join(text.lower().split()) */
static ap_status normalize(ap__codes *out, ap__text text, ap_error *err) {
    ap__text word;
    ap_status status = AP_OK;
    while (!status && ap__py_next_word(&word, &text)) {
        ap__codes letters = {0};
        if (out->n) status = ap__codes_push(out, ' ', err);
        if (!status) status = ap__codes_of_text(&letters, word, err);
        for (size_t i = 0; i < letters.n && !status; i++)
            status = ap__codes_push_lower(out, letters.ptr[i], err);
        ap__codes_clear(&letters);
    }
    return status;
}

ap_status ap__numerics_read(ap__numerics *out, ap__text text, ap_error *err) {
    ap__codes codes = {0};
    ap_status status = normalize(&codes, text, err);
    finder f = {.text = codes.ptr, .len = codes.n, .err = err};
    if (!status) status = find_numbers(&f);
    if (!status) status = find_words(&f);
    if (!status) status = choose(out, &f);
    ap__buf_clear(&f.digits);
    ap__free(f.found.ptr);
    ap__codes_clear(&codes);
    return status;
}

void ap__numerics_clear(ap__numerics *numerics) {
    ap__free(numerics->ptr);
    *numerics = (ap__numerics){0};
}

int ap__numeric_compare(const ap__numeric *a, const ap__numeric *b, unsigned parts) {
    if (a->kind == AP__NUMERIC_NUMBER) return a->number < b->number ? -1 : a->number > b->number;
    for (int i = 0; i < 3; i++)
        if (parts >> i & 1 && a->date[i] != b->date[i]) return a->date[i] < b->date[i] ? -1 : 1;
    return 0;
}

/* Arithmetic and comparisons as Python has them. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "generate/chat/run.h"
#include "generate/chat/text.h"

#include <math.h>
#include <string.h>

static const char *const SYMBOLS[] = {"or", "and", "not", "+", "-",  "*", "/",  "//", "%",
                                      "**", "==",  "!=",  "<", "<=", ">", ">=", "in", "not in"};

static ap_status fail_types(ap__jrun *run, ap__jop op, const ap__jval *a, const ap__jval *b) {
    if (a->kind == AP__J_UNDEFINED) return ap__jrun_fail_undefined(run, a->as.undefined);
    if (b->kind == AP__J_UNDEFINED) return ap__jrun_fail_undefined(run, b->as.undefined);
    return ap__jrun_fail(run, AP_ETYPE, "\"%s\" does not work between %s and %s", SYMBOLS[op],
                         ap__jval_type_name(a), ap__jval_type_name(b));
}

static ap_status fail_overflow(ap__jrun *run) {
    return ap__jrun_fail(run, AP_EUNSUPPORTED, "whole numbers beyond 64 bits are not supported");
}

static ap_status fail_zero(ap__jrun *run) { return ap__jrun_fail(run, AP_EINVAL, "division by zero"); }

/* -- whole numbers ------------------------------------------------------------------------------------- */

/* Rounded towards minus infinity. */
static ap_status divide_ints(ap__jrun *run, ap__jval *out, ap__jop op, int64_t a, int64_t b) {
    if (!b) return fail_zero(run);
    if (a == INT64_MIN && b == -1) {
        if (op == AP__J_FLOORDIV) return fail_overflow(run);
        *out = ap__jval_int(0);
        return AP_OK;
    }
    int64_t quotient = a / b, rest = a % b;
    if (rest && (rest < 0) != (b < 0)) {
        quotient--;
        rest += b;
    }
    *out = ap__jval_int(op == AP__J_MOD ? rest : quotient);
    return AP_OK;
}

static ap_status raise_int(ap__jrun *run, ap__jval *out, int64_t base, int64_t exponent) {
    int64_t result = 1;
    if (exponent < 0) {
        if (!base) return fail_zero(run);
        *out = ap__jval_float(pow((double)base, (double)exponent));
        return AP_OK;
    }
    while (exponent) {
        if ((exponent & 1) && __builtin_mul_overflow(result, base, &result)) return fail_overflow(run);
        exponent >>= 1;
        if (exponent && __builtin_mul_overflow(base, base, &base)) return fail_overflow(run);
    }
    *out = ap__jval_int(result);
    return AP_OK;
}

static ap_status operate_ints(ap__jrun *run, ap__jval *out, ap__jop op, int64_t a, int64_t b) {
    int64_t result = 0;
    bool overflows = false;
    switch (op) {
    case AP__J_ADD:
        overflows = __builtin_add_overflow(a, b, &result);
        break;
    case AP__J_SUB:
        overflows = __builtin_sub_overflow(a, b, &result);
        break;
    case AP__J_MUL:
        overflows = __builtin_mul_overflow(a, b, &result);
        break;
    case AP__J_DIV:
        if (!b) return fail_zero(run);
        *out = ap__jval_float((double)((long double)a / (long double)b));
        return AP_OK;
    case AP__J_POW:
        return raise_int(run, out, a, b);
    default:
        return divide_ints(run, out, op, a, b);
    }
    *out = ap__jval_int(result);
    return overflows ? fail_overflow(run) : AP_OK;
}

/* -- floats -------------------------------------------------------------------------------------------- */

/* Source: cpython@v3.11 Objects/floatobject.c _float_div_mod(). */
static void divide_floats(double a, double b, double *quotient, double *rest) {
    *rest = fmod(a, b);
    double div = (a - *rest) / b;
    if (*rest != 0) {
        if ((b < 0) != (*rest < 0)) {
            *rest += b;
            div -= 1;
        }
    } else {
        *rest = copysign(0, b);
    }
    *quotient = copysign(0, a / b);
    if (div == 0) return;
    *quotient = floor(div);
    if (div - *quotient > 0.5) *quotient += 1;
}

static ap_status raise_float(ap__jrun *run, ap__jval *out, double a, double b) {
    if (a == 0 && b < 0) return fail_zero(run);
    if (a < 0 && isfinite(a) && isfinite(b) && b != floor(b))
        return ap__jrun_fail(run, AP_EUNSUPPORTED, "complex numbers are not supported");
    double result = pow(a, b);
    if (isinf(result) && isfinite(a) && isfinite(b))
        return ap__jrun_fail(run, AP_EINVAL, "a number is too large");
    *out = ap__jval_float(result);
    return AP_OK;
}

static ap_status operate_floats(ap__jrun *run, ap__jval *out, ap__jop op, double a, double b) {
    double quotient, rest;
    if ((op == AP__J_DIV || op == AP__J_FLOORDIV || op == AP__J_MOD) && b == 0) return fail_zero(run);
    switch (op) {
    case AP__J_ADD:
        *out = ap__jval_float(a + b);
        return AP_OK;
    case AP__J_SUB:
        *out = ap__jval_float(a - b);
        return AP_OK;
    case AP__J_MUL:
        *out = ap__jval_float(a * b);
        return AP_OK;
    case AP__J_DIV:
        *out = ap__jval_float(a / b);
        return AP_OK;
    case AP__J_POW:
        return raise_float(run, out, a, b);
    default:
        divide_floats(a, b, &quotient, &rest);
        *out = ap__jval_float(op == AP__J_MOD ? rest : quotient);
        return AP_OK;
    }
}

/* -- sequences ----------------------------------------------------------------------------------------- */

static ap_status escape_unless_markup(ap__jrun *run, const ap__jval *text) {
    return text->is_markup ? ap__buf_append(&run->scratch, text->as.text, text->len, run->err)
                           : ap__jprint_escaped(run, &run->scratch, ap__jval_get_text(text));
}

/* Of Markup and a string the string is escaped. */
static ap_status add_strings(ap__jrun *run, ap__jval *out, const ap__jval *a, const ap__jval *b) {
    size_t mark = run->scratch.len;
    if (!a->is_markup && !b->is_markup)
        return ap__jrun_concat(run, out, ap__jval_get_text(a), ap__jval_get_text(b));
    ap_status status = escape_unless_markup(run, a);
    if (!status) status = escape_unless_markup(run, b);
    if (!status) status = ap__jrun_take(run, mark, out);
    out->is_markup = true;
    return status;
}

static ap_status add_lists(ap__jrun *run, ap__jval *out, const ap__jval *a, const ap__jval *b) {
    const ap__jlist *left = a->as.list, *right = b->as.list;
    ap_status status = ap__jrun_spend(run, (left->n + right->n) / 8);
    if (!status) status = ap__jval_new_list(out, &run->mem, (ap__jkind)a->kind, left->n + right->n);
    if (status) return status;
    if (left->n) memcpy(out->as.list->items, left->items, left->n * sizeof *left->items);
    if (right->n) memcpy(out->as.list->items + left->n, right->items, right->n * sizeof *right->items);
    out->as.list->n = left->n + right->n;
    return AP_OK;
}

static ap_status repeat_string(ap__jrun *run, ap__jval *out, const ap__jval *text, size_t n) {
    size_t total;
    if (!ap__mul_size(&total, text->len, n) || total > AP__JINJA_MAX_OUTPUT_BYTES)
        return ap__jrun_fail(run, AP_ELIMIT, "a repeated text is too long");
    char *copy = ap__jmem_alloc_text(&run->mem, total);
    if (!copy) return run->mem.status;
    for (size_t done = 0; done < total;) {
        size_t len = done ? (done < total - done ? done : total - done) : text->len;
        memcpy(copy + done, done ? copy : text->as.text, len);
        done += len;
    }
    *out = ap__jval_text(copy, total);
    out->is_markup = text->is_markup;
    return ap__jrun_spend(run, total / 64);
}

static ap_status repeat_list(ap__jrun *run, ap__jval *out, const ap__jval *list, size_t n) {
    size_t total;
    if (!ap__mul_size(&total, list->as.list->n, n)) total = SIZE_MAX;
    ap_status status = ap__jrun_spend(run, total / 8);
    if (!status) status = ap__jval_new_list(out, &run->mem, (ap__jkind)list->kind, total);
    for (size_t i = 0; i < total && !status; i++)
        out->as.list->items[out->as.list->n++] = list->as.list->items[i % list->as.list->n];
    return status;
}

static bool is_list(const ap__jval *value) { return value->kind == AP__J_LIST || value->kind == AP__J_TUPLE; }

static ap_status repeat(ap__jrun *run, ap__jval *out, const ap__jval *sequence, int64_t n) {
    size_t times = n > 0 ? (size_t)n : 0;
    return is_list(sequence) ? repeat_list(run, out, sequence, times)
                             : repeat_string(run, out, sequence, times);
}

ap_status ap__joperate(ap__jrun *run, ap__jval *out, ap__jop op, const ap__jval *a, const ap__jval *b) {
    int64_t i, j;
    bool is_a = ap__jval_is_integer(a, &i), is_b = ap__jval_is_integer(b, &j);
    if (is_a && is_b) return operate_ints(run, out, op, i, j);
    if (ap__jval_is_number(a) && ap__jval_is_number(b))
        return operate_floats(run, out, op, ap__jval_as_double(a), ap__jval_as_double(b));
    if (op == AP__J_ADD && a->kind == AP__J_STRING && b->kind == AP__J_STRING)
        return add_strings(run, out, a, b);
    if (op == AP__J_ADD && is_list(a) && a->kind == b->kind) return add_lists(run, out, a, b);
    if (op == AP__J_MUL && is_b && (a->kind == AP__J_STRING || is_list(a))) return repeat(run, out, a, j);
    if (op == AP__J_MUL && is_a && (b->kind == AP__J_STRING || is_list(b))) return repeat(run, out, b, i);
    if (op == AP__J_MOD && a->kind == AP__J_STRING)
        return ap__jformat_percent(run, out, ap__jval_get_text(a), b);
    return fail_types(run, op, a, b);
}

ap_status ap__joperate_unary(ap__jrun *run, ap__jval *out, ap__jop op, const ap__jval *a) {
    int64_t i;
    if (ap__jval_is_integer(a, &i)) {
        if (op == AP__J_SUB && i == INT64_MIN) return fail_overflow(run);
        *out = ap__jval_int(op == AP__J_SUB ? -i : i);
        return AP_OK;
    }
    if (a->kind == AP__J_UNDEFINED) return ap__jrun_fail_undefined(run, a->as.undefined);
    if (a->kind != AP__J_FLOAT)
        return ap__jrun_fail(run, AP_ETYPE, "a sign before a %s", ap__jval_type_name(a));
    *out = ap__jval_float(op == AP__J_SUB ? -a->as.number : a->as.number);
    return AP_OK;
}

/* -- comparisons --------------------------------------------------------------------------------------- */

static ap_status equal(ap__jrun *run, bool *out, const ap__jval *a, const ap__jval *b) {
    size_t budget = run->fuel < SIZE_MAX ? (size_t)run->fuel : SIZE_MAX, left = budget;
    *out = ap__jval_equal_within(a, b, &left);
    return ap__jrun_spend(run, budget - left);
}

/* -1, 0 or 1; 2 where NaN makes everything false. */
static ap_status order(ap__jrun *run, int *out, ap__jop op, const ap__jval *a, const ap__jval *b);

/* By the first items that differ. */
static ap_status order_lists(ap__jrun *run, int *out, ap__jop op, const ap__jlist *a, const ap__jlist *b) {
    for (size_t i = 0; i < a->n && i < b->n; i++) {
        bool is_equal = false;
        ap_status status = AP_OK;
        if (!ap__jval_same(&a->items[i], &b->items[i]))
            status = equal(run, &is_equal, &a->items[i], &b->items[i]);
        else
            is_equal = true;
        if (status) return status;
        if (!is_equal) return order(run, out, op, &a->items[i], &b->items[i]);
    }
    *out = a->n < b->n ? -1 : a->n > b->n;
    return AP_OK;
}

static int order_strings(const ap__jval *a, const ap__jval *b) {
    uint32_t n = a->len < b->len ? a->len : b->len;
    int result = n ? memcmp(a->as.text, b->as.text, n) : 0;
    if (result) return result < 0 ? -1 : 1;
    return a->len < b->len ? -1 : a->len > b->len;
}

static ap_status order(ap__jrun *run, int *out, ap__jop op, const ap__jval *a, const ap__jval *b) {
    ap_status status = ap__jrun_enter(run);
    if (status) return status;
    if (ap__jval_is_number(a) && ap__jval_is_number(b))
        *out = ap__jval_compare_numbers(a, b);
    else if (a->kind == AP__J_STRING && b->kind == AP__J_STRING)
        *out = order_strings(a, b);
    else if (is_list(a) && a->kind == b->kind)
        status = order_lists(run, out, op, a->as.list, b->as.list);
    else
        status = fail_types(run, op, a, b);
    ap__jrun_leave(run);
    return status;
}

static ap_status contains_item(ap__jrun *run, bool *out, const ap__jval *container, const ap__jval *item) {
    ap__jiter *iter;
    ap__jval other;
    bool is_end = false;
    ap_status status = ap__jiter_open(run, &iter, container);
    *out = false;
    while (!status && !*out) {
        if ((status = ap__jiter_next(run, iter, &other, &is_end)) || is_end) break;
        if (ap__jval_same(&other, item))
            *out = true;
        else
            status = equal(run, out, &other, item);
    }
    return status;
}

/* item in container */
static ap_status contains(ap__jrun *run, bool *out, const ap__jval *container, const ap__jval *item) {
    if (container->kind == AP__J_STRING) {
        if (item->kind != AP__J_STRING)
            return ap__jrun_fail(run, AP_ETYPE, "\"in\" a str needs a str on its left, found %s",
                                 ap__jval_type_name(item));
        *out = ap__jtext_find(ap__jval_get_text(container), ap__jval_get_text(item), 0) != SIZE_MAX;
        return ap__jrun_spend(run, container->len / 64);
    }
    if (container->kind == AP__J_DICT || container->kind == AP__J_KEYS) {
        const char *type = ap__jval_unhashable(item);
        if (type) return ap__jrun_fail(run, AP_ETYPE, "a %s cannot be a key of a dict", type);
        *out = ap__jdict_get(container->as.dict, *item) != NULL;
        return AP_OK;
    }
    if (!ap__jval_is_iterable(container))
        return ap__jrun_fail(run, AP_ETYPE, "\"in\" needs something to look in, found %s",
                             ap__jval_type_name(container));
    return contains_item(run, out, container, item);
}

ap_status ap__jcompare(ap__jrun *run, bool *out, ap__jop op, const ap__jval *a, const ap__jval *b) {
    int result = 0;
    ap_status status;
    if (op == AP__J_EQ || op == AP__J_NE) {
        status = equal(run, out, a, b);
        if (op == AP__J_NE) *out = !*out;
        return status;
    }
    if (op == AP__J_IN || op == AP__J_NOT_IN) {
        status = contains(run, out, b, a);
        if (op == AP__J_NOT_IN) *out = !*out;
        return status;
    }
    status = order(run, &result, op, a, b);
    bool is_less = op == AP__J_LT || op == AP__J_LE, or_equal = op == AP__J_LE || op == AP__J_GE;
    *out = (or_equal && result == 0) || result == (is_less ? -1 : 1);
    return status;
}

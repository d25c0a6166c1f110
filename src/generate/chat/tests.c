/* Tests: what stands behind `is`. Source: jinja2@3.1.6 tests.py. */
#include "base/error.h"
#include "base/utf8.h"
#include "generate/chat/arguments.h"
#include "tokenizer/python_case.h"

#include <string.h>

static ap_status give(ap__jval *out, bool holds) {
    *out = ap__jval_bool(holds);
    return AP_OK;
}

/* -- kinds --------------------------------------------------------------------------------------------- */

#define KIND_TEST(name, condition)                                                                           \
    static ap_status name(ap__jrun *run, ap__jval *out, const ap__jargs *args) {                             \
        (void)run;                                                                                           \
        const ap__jval *self = &args->self;                                                                  \
        return give(out, (condition));                                                                       \
    }

KIND_TEST(test_defined, self->kind != AP__J_UNDEFINED)
KIND_TEST(test_undefined, self->kind == AP__J_UNDEFINED)
KIND_TEST(test_none, self->kind == AP__J_NONE)
KIND_TEST(test_boolean, self->kind == AP__J_BOOL)
KIND_TEST(test_true, self->kind == AP__J_BOOL && self->as.boolean)
KIND_TEST(test_false, self->kind == AP__J_BOOL && !self->as.boolean)
KIND_TEST(test_integer, self->kind == AP__J_INT)
KIND_TEST(test_float, self->kind == AP__J_FLOAT)
KIND_TEST(test_number, ap__jval_is_number(self))
KIND_TEST(test_string, self->kind == AP__J_STRING)
KIND_TEST(test_mapping, self->kind == AP__J_DICT)
KIND_TEST(test_escaped, self->kind == AP__J_STRING && self->is_markup)
KIND_TEST(test_iterable, ap__jval_is_iterable(self) || self->kind == AP__J_LOOP)
KIND_TEST(test_sameas, ap__jval_same(self, &args->bound[0]))

/* What has a length and can be indexed; of an undefined value both is there, to fail. */
static ap_status test_sequence(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    (void)run;
    switch (args->self.kind) {
    case AP__J_UNDEFINED:
    case AP__J_STRING:
    case AP__J_LIST:
    case AP__J_TUPLE:
    case AP__J_DICT:
    case AP__J_RANGE:
        return give(out, true);
    default:
        return give(out, false);
    }
}

static ap_status test_callable(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    (void)run;
    switch (args->self.kind) {
    case AP__J_UNDEFINED:
    case AP__J_MACRO:
    case AP__J_METHOD:
    case AP__J_FUNCTION:
    case AP__J_LOOP:
    case AP__J_JOINER:
        return give(out, true);
    default:
        return give(out, false);
    }
}

/* -- numbers ------------------------------------------------------------------------------------------- */

static ap_status test_remainder(ap__jrun *run, ap__jval *out, const ap__jval *number, ap__jval divisor,
                                int rest) {
    ap__jval remainder, expected = ap__jval_int(rest);
    bool holds = false;
    ap_status status = ap__joperate(run, &remainder, AP__J_MOD, number, &divisor);
    if (!status) status = ap__jcompare(run, &holds, AP__J_EQ, &remainder, &expected);
    return status ? status : give(out, holds);
}

static ap_status test_odd(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return test_remainder(run, out, &args->self, ap__jval_int(2), 1);
}

static ap_status test_even(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return test_remainder(run, out, &args->self, ap__jval_int(2), 0);
}

static ap_status test_divisibleby(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return test_remainder(run, out, &args->self, args->bound[0], 0);
}

/* -- texts --------------------------------------------------------------------------------------------- */

/* str.islower(), str.isupper(): cased characters, and all of them of that case. */
static ap_status test_case(ap__jrun *run, ap__jval *out, const ap__jargs *args, uint32_t wanted) {
    ap__jval text;
    bool has_cased = false, holds = true;
    ap_status status = ap__jarg_self(run, args, &text);
    for (size_t at = 0; !status && at < text.len;) {
        uint32_t code;
        at += ap__utf8_next(&code, text.as.text + at);
        uint32_t flags = ap__py_flags(code);
        if (flags & AP__PY_CASED & ~wanted) holds = false;
        if (flags & wanted) has_cased = true;
    }
    return status ? status : give(out, holds && has_cased);
}

static ap_status test_lower(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return test_case(run, out, args, AP__PY_LOWER);
}

static ap_status test_upper(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return test_case(run, out, args, AP__PY_UPPER);
}

/* -- comparisons --------------------------------------------------------------------------------------- */

static ap_status compare(ap__jrun *run, ap__jval *out, const ap__jargs *args, ap__jop op) {
    bool holds = false;
    ap_status status = ap__jcompare(run, &holds, op, &args->self, &args->bound[0]);
    return status ? status : give(out, holds);
}

#define COMPARISON_TEST(name, op)                                                                            \
    static ap_status name(ap__jrun *run, ap__jval *out, const ap__jargs *args) {                             \
        return compare(run, out, args, (op));                                                                \
    }

COMPARISON_TEST(test_eq, AP__J_EQ)
COMPARISON_TEST(test_ne, AP__J_NE)
COMPARISON_TEST(test_lt, AP__J_LT)
COMPARISON_TEST(test_le, AP__J_LE)
COMPARISON_TEST(test_gt, AP__J_GT)
COMPARISON_TEST(test_ge, AP__J_GE)
COMPARISON_TEST(test_in, AP__J_IN)

/* -- all of them --------------------------------------------------------------------------------------- */

static ap_status test_filter(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    (void)run;
    const ap__jval *self = &args->self;
    return give(out, self->kind == AP__J_STRING && ap__jfilter_find(self->as.text, self->len));
}

static ap_status test_test(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    (void)run;
    const ap__jval *self = &args->self;
    return give(out, self->kind == AP__J_STRING && ap__jtest_find(self->as.text, self->len));
}

static const ap__jrow TESTS[] = {{"defined", test_defined, ""},
                                 {"undefined", test_undefined, ""},
                                 {"none", test_none, ""},
                                 {"boolean", test_boolean, ""},
                                 {"true", test_true, ""},
                                 {"false", test_false, ""},
                                 {"integer", test_integer, ""},
                                 {"float", test_float, ""},
                                 {"number", test_number, ""},
                                 {"string", test_string, ""},
                                 {"mapping", test_mapping, ""},
                                 {"sequence", test_sequence, ""},
                                 {"iterable", test_iterable, ""},
                                 {"callable", test_callable, ""},
                                 {"escaped", test_escaped, ""},
                                 {"sameas", test_sameas, "!other"},
                                 {"odd", test_odd, ""},
                                 {"even", test_even, ""},
                                 {"divisibleby", test_divisibleby, "!num"},
                                 {"lower", test_lower, ""},
                                 {"upper", test_upper, ""},
                                 {"filter", test_filter, ""},
                                 {"test", test_test, ""},
                                 {"in", test_in, "!seq"},
                                 {"eq", test_eq, "!."},
                                 {"equalto", test_eq, "!."},
                                 {"==", test_eq, "!."},
                                 {"ne", test_ne, "!."},
                                 {"!=", test_ne, "!."},
                                 {"lt", test_lt, "!."},
                                 {"lessthan", test_lt, "!."},
                                 {"<", test_lt, "!."},
                                 {"le", test_le, "!."},
                                 {"<=", test_le, "!."},
                                 {"gt", test_gt, "!."},
                                 {"greaterthan", test_gt, "!."},
                                 {">", test_gt, "!."},
                                 {"ge", test_ge, "!."},
                                 {">=", test_ge, "!."},
                                 {0}};

const ap__jrow *ap__jtest_find(const char *name, size_t len) { return ap__jrow_find(TESTS, name, len); }

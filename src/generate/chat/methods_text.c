/* Methods of str that look at a text or give a changed one. Source: cpython@v3.11 Objects/unicodeobject.c. */
#include "base/error.h"
#include "base/utf8.h"
#include "generate/chat/arguments.h"
#include "generate/chat/text.h"
#include "tokenizer/python_case.h"
#include "tokenizer/python_text.h"

#include <string.h>

static ap__text self_text(const ap__jargs *args) { return ap__jval_get_text(&args->self); }

/* A part of the text itself. */
static ap_status give_part(ap__jval *out, const ap__jargs *args, ap__text part) {
    *out = ap__jval_text(part.ptr, part.len);
    out->is_markup = args->self.is_markup;
    return AP_OK;
}

static ap_status give_taken(ap__jrun *run, ap__jval *out, const ap__jargs *args, size_t mark,
                            ap_status status) {
    if (!status) status = ap__jrun_take(run, mark, out);
    if (!status) out->is_markup = args->self.is_markup;
    return status;
}

/* -- case ---------------------------------------------------------------------------------------------- */

#define CASE_METHOD(name, to)                                                                                \
    static ap_status name(ap__jrun *run, ap__jval *out, const ap__jargs *args) {                             \
        size_t mark = run->scratch.len;                                                                      \
        return give_taken(run, out, args, mark,                                                              \
                          ap__py_convert(&run->scratch, self_text(args), (to), run->err));                   \
    }

CASE_METHOD(method_upper, AP__PY_TO_UPPER)
CASE_METHOD(method_lower, AP__PY_TO_LOWER)
CASE_METHOD(method_title, AP__PY_TO_TITLE)
CASE_METHOD(method_capitalize, AP__PY_TO_CAPITALIZED)
CASE_METHOD(method_swapcase, AP__PY_TO_SWAPPED)

/* -- classes of characters ----------------------------------------------------------------------------- */

/* Whether all characters have one of the flags; of "" `of_empty`. */
static ap_status give_all(ap__jval *out, const ap__jargs *args, uint32_t flags, bool of_empty) {
    ap__text text = self_text(args);
    bool holds = text.len || of_empty;
    for (size_t at = 0; at < text.len && holds;) {
        uint32_t code;
        at += ap__utf8_next(&code, text.ptr + at);
        holds = ap__py_flags(code) & flags;
    }
    *out = ap__jval_bool(holds);
    return AP_OK;
}

#define CLASS_METHOD(name, flags, of_empty)                                                                  \
    static ap_status name(ap__jrun *run, ap__jval *out, const ap__jargs *args) {                             \
        (void)run;                                                                                           \
        return give_all(out, args, (flags), (of_empty));                                                     \
    }

CLASS_METHOD(method_isalpha, AP__PY_ALPHA, false)
CLASS_METHOD(method_isalnum, AP__PY_ALNUM, false)
CLASS_METHOD(method_isdecimal, AP__PY_DECIMAL, false)
CLASS_METHOD(method_isdigit, AP__PY_DIGIT, false)
CLASS_METHOD(method_isnumeric, AP__PY_NUMERIC, false)
CLASS_METHOD(method_isprintable, AP__PY_PRINTABLE, true)

static ap_status method_isspace(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    (void)run;
    *out = ap__jval_bool(args->self.len && !ap__jtext_strip(self_text(args), NULL, true, false).len);
    return AP_OK;
}

static ap_status method_isascii(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    (void)run;
    *out = ap__jval_bool(ap__utf8_count(args->self.as.text, args->self.len) == args->self.len);
    return AP_OK;
}

static ap_status call_test(ap__jrun *run, ap__jval *out, const ap__jargs *args, const char *name) {
    return ap__jtest_find(name, strlen(name))->call(run, out, args);
}

static ap_status method_islower(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return call_test(run, out, args, "lower");
}

static ap_status method_isupper(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return call_test(run, out, args, "upper");
}

static ap_status method_istitle(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    (void)run;
    bool holds = true, has_cased = false, was_cased = false;
    for (size_t at = 0; at < args->self.len;) {
        uint32_t code;
        at += ap__utf8_next(&code, args->self.as.text + at);
        uint32_t flags = ap__py_flags(code);
        bool is_large = flags & (AP__PY_UPPER | AP__PY_TITLE), is_small = flags & AP__PY_LOWER;
        if ((is_large && was_cased) || (is_small && !was_cased)) holds = false;
        was_cased = is_large || is_small;
        has_cased = has_cased || was_cased;
    }
    *out = ap__jval_bool(holds && has_cased);
    return AP_OK;
}

/* -- strip --------------------------------------------------------------------------------------------- */

static ap_status strip(ap__jrun *run, ap__jval *out, const ap__jargs *args, bool at_start, bool at_end) {
    ap__text chars;
    bool has_chars = !ap__jarg_is_none(args, 0);
    ap_status status = has_chars ? ap__jarg_text(run, args, 0, NULL, &chars) : AP_OK;
    if (!status) status = ap__jrun_spend(run, args->self.len / 64);
    if (status) return status;
    return give_part(out, args,
                     ap__jtext_strip(self_text(args), has_chars ? &chars : NULL, at_start, at_end));
}

static ap_status method_strip(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return strip(run, out, args, true, true);
}

static ap_status method_lstrip(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return strip(run, out, args, true, false);
}

static ap_status method_rstrip(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return strip(run, out, args, false, true);
}

static bool begins(ap__text text, ap__text part) {
    return part.len <= text.len && (!part.len || !memcmp(text.ptr, part.ptr, part.len));
}

static bool ends(ap__text text, ap__text part) {
    return part.len <= text.len && (!part.len || !memcmp(text.ptr + text.len - part.len, part.ptr, part.len));
}

static ap_status method_removeprefix(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    ap__text text = self_text(args), part;
    ap_status status = ap__jarg_text(run, args, 0, NULL, &part);
    if (status) return status;
    return give_part(out, args, begins(text, part) ? ap__jtext_part(text, part.len, text.len) : text);
}

static ap_status method_removesuffix(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    ap__text text = self_text(args), part;
    ap_status status = ap__jarg_text(run, args, 0, NULL, &part);
    if (status) return status;
    return give_part(out, args, ends(text, part) ? ap__jtext_part(text, 0, text.len - part.len) : text);
}

/* -- looking for --------------------------------------------------------------------------------------- */

/* The part of the text that `start` and `end` (arguments 1 and 2, in characters) leave; false: none at all.
 */
static ap_status limit(ap__jrun *run, const ap__jargs *args, size_t range[2], bool *is_valid) {
    ap__text text = self_text(args);
    int64_t n = (int64_t)ap__utf8_count(text.ptr, text.len), bounds[2] = {0, n};
    ap_status status = ap__jrun_spend(run, text.len / 64);
    for (size_t i = 0; i < 2 && !status; i++) {
        if (!ap__jarg_is_none(args, i + 1)) status = ap__jarg_int(run, args, i + 1, 0, &bounds[i]);
        if (bounds[i] < 0) bounds[i] = bounds[i] + n < 0 ? 0 : bounds[i] + n;
    }
    if (bounds[1] > n) bounds[1] = n;
    *is_valid = bounds[0] <= bounds[1];
    for (size_t i = 0; i < 2 && *is_valid; i++) range[i] = ap__jtext_offset(text, (size_t)bounds[i]);
    return status;
}

/* Prefixes are a string or a tuple of strings. */
static ap_status match_end(ap__jrun *run, ap__jval *out, const ap__jargs *args,
                           bool (*matches)(ap__text, ap__text)) {
    ap__jval one = args->bound[0];
    ap__jlist single = {.items = &one, .n = 1};
    const ap__jlist *parts = one.kind == AP__J_TUPLE ? one.as.list : &single;
    size_t range[2] = {0, 0};
    bool is_valid = false, holds = false;
    ap_status status = limit(run, args, range, &is_valid);
    for (size_t i = 0; i < parts->n && !status && !holds; i++) {
        if (parts->items[i].kind == AP__J_UNDEFINED)
            return ap__jrun_fail_undefined(run, parts->items[i].as.undefined);
        if (parts->items[i].kind != AP__J_STRING)
            return ap__jrun_fail(run, AP_ETYPE, "expected a str or a tuple of them, found %s",
                                 ap__jval_type_name(&parts->items[i]));
        holds = is_valid && matches(ap__jtext_part(self_text(args), range[0], range[1]),
                                    ap__jval_get_text(&parts->items[i]));
    }
    *out = ap__jval_bool(holds);
    return status;
}

static ap_status method_startswith(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return match_end(run, out, args, begins);
}

static ap_status method_endswith(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return match_end(run, out, args, ends);
}

static ap_status find(ap__jrun *run, ap__jval *out, const ap__jargs *args, bool from_end, bool fails) {
    size_t range[2] = {0, 0}, at = SIZE_MAX;
    bool is_valid = false;
    ap__text part, text = self_text(args);
    ap_status status = ap__jarg_text(run, args, 0, NULL, &part);
    if (!status) status = limit(run, args, range, &is_valid);
    if (!status && from_end) status = ap__jrun_spend(run, text.len * part.len / 4096);
    if (status) return status;
    if (is_valid) {
        ap__text where = ap__jtext_part(text, range[0], range[1]);
        at = from_end ? ap__jtext_find_last(where, part) : ap__jtext_find(where, part, 0);
    }
    if (at == SIZE_MAX && fails) return ap__jrun_fail(run, AP_EINVAL, "the text is not found");
    *out = ap__jval_int(at == SIZE_MAX ? -1 : (int64_t)ap__utf8_count(text.ptr, range[0] + at));
    return AP_OK;
}

static ap_status method_find(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return find(run, out, args, false, false);
}

static ap_status method_rfind(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return find(run, out, args, true, false);
}

static ap_status method_index(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return find(run, out, args, false, true);
}

static ap_status method_rindex(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return find(run, out, args, true, true);
}

static ap_status method_count(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    size_t range[2] = {0, 0};
    bool is_valid = false;
    int64_t n = 0;
    ap__text part;
    ap_status status = ap__jarg_text(run, args, 0, NULL, &part);
    if (!status) status = limit(run, args, range, &is_valid);
    if (status) return status;
    ap__text text = is_valid ? ap__jtext_part(self_text(args), range[0], range[1]) : (ap__text){"", 0};
    if (!part.len)
        n = is_valid ? (int64_t)ap__utf8_count(text.ptr, text.len) + 1 : 0;
    else
        for (size_t at = 0; (at = ap__jtext_find(text, part, at)) != SIZE_MAX; at += part.len) n++;
    *out = ap__jval_int(n);
    return AP_OK;
}

/* -- replacing and padding ------------------------------------------------------------------------------ */

/* `to` before every character and at the end, at most n times. */
static ap_status put_between(ap__jrun *run, ap__text text, ap__text to, int64_t n) {
    ap_status status = AP_OK;
    for (size_t at = 0; !status; n--) {
        uint32_t code;
        if (n) status = ap__buf_append(&run->scratch, to.ptr, to.len, run->err);
        if (status || at == text.len) break;
        size_t len = n ? ap__utf8_next(&code, text.ptr + at) : text.len - at;
        status = ap__buf_append(&run->scratch, text.ptr + at, len, run->err);
        at += len;
        if (!n) break;
    }
    return status;
}

ap_status ap__jreplace(ap__jrun *run, ap__jval *out, ap__text text, ap__text from, ap__text to, int64_t n) {
    size_t mark = run->scratch.len, at = 0;
    ap_status status = ap__jrun_spend(run, text.len / 64);
    if (!status && !from.len) {
        status = put_between(run, text, to, n < 0 ? -1 : n);
        return status ? status : ap__jrun_take(run, mark, out);
    }
    while (!status) {
        size_t found = n ? ap__jtext_find(text, from, at) : SIZE_MAX;
        size_t end = found == SIZE_MAX ? text.len : found;
        status = ap__buf_append(&run->scratch, text.len ? text.ptr + at : "", end - at, run->err);
        if (found == SIZE_MAX) break;
        if (!status) status = ap__buf_append(&run->scratch, to.ptr, to.len, run->err);
        at = found + from.len;
        if (n > 0) n--;
    }
    return status ? status : ap__jrun_take(run, mark, out);
}

static ap_status method_replace(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    ap__text from, to;
    int64_t n;
    ap_status status = ap__jarg_text(run, args, 0, NULL, &from);
    if (!status) status = ap__jarg_text(run, args, 1, NULL, &to);
    if (!status) status = ap__jarg_int(run, args, 2, -1, &n);
    if (!status) status = ap__jreplace(run, out, self_text(args), from, to, n);
    if (!status) out->is_markup = args->self.is_markup;
    return status;
}

static ap_status put_fill(ap__jrun *run, ap__text fill, int64_t n) {
    ap_status status = n > (int64_t)AP__JINJA_MAX_OUTPUT_BYTES
                           ? ap__jrun_fail(run, AP_ELIMIT, "a padded text is too long")
                           : AP_OK;
    for (int64_t i = 0; i < n && !status; i++)
        status = ap__buf_append(&run->scratch, fill.ptr, fill.len, run->err);
    return status;
}

ap_status ap__jpad(ap__jrun *run, ap__jval *out, ap__text text, int64_t width, ap__text fill,
                   ap__jside side) {
    size_t mark = run->scratch.len;
    int64_t n = (int64_t)ap__utf8_count(text.ptr, text.len), extra = width > n ? width - n : 0,
            before = extra;
    if (ap__utf8_count(fill.ptr, fill.len) != 1)
        return ap__jrun_fail(run, AP_ETYPE, "the fill is not one character");
    if (side == AP__J_AT_LEFT) before = 0;
    if (side == AP__J_CENTER) before = extra / 2 + (extra & width & 1);
    ap_status status = put_fill(run, fill, before);
    if (!status) status = ap__buf_append(&run->scratch, text.len ? text.ptr : "", text.len, run->err);
    if (!status) status = put_fill(run, fill, extra - before);
    return status ? status : ap__jrun_take(run, mark, out);
}

static ap_status pad(ap__jrun *run, ap__jval *out, const ap__jargs *args, ap__jside side) {
    int64_t width;
    ap__text fill;
    ap_status status = ap__jarg_int(run, args, 0, 0, &width);
    if (!status) status = ap__jarg_text(run, args, 1, " ", &fill);
    if (!status) status = ap__jpad(run, out, self_text(args), width, fill, side);
    if (!status) out->is_markup = args->self.is_markup;
    return status;
}

static ap_status method_center(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return pad(run, out, args, AP__J_CENTER);
}

static ap_status method_ljust(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return pad(run, out, args, AP__J_AT_LEFT);
}

static ap_status method_rjust(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return pad(run, out, args, AP__J_AT_RIGHT);
}

/* Zeros behind the sign. */
static ap_status method_zfill(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    int64_t width;
    ap__text text = self_text(args);
    size_t mark = run->scratch.len, sign = text.len && (text.ptr[0] == '-' || text.ptr[0] == '+');
    int64_t n = (int64_t)ap__utf8_count(text.ptr, text.len);
    ap_status status = ap__jarg_int(run, args, 0, 0, &width);
    if (!status && sign) status = ap__buf_append(&run->scratch, text.ptr, 1, run->err);
    if (!status) status = put_fill(run, (ap__text){"0", 1}, width > n ? width - n : 0);
    if (!status && text.len)
        status = ap__buf_append(&run->scratch, text.ptr + sign, text.len - sign, run->err);
    return give_taken(run, out, args, mark, status);
}

const ap__jrow ap__jmethods_text[] = {{"upper", method_upper, ""},
                                      {"lower", method_lower, ""},
                                      {"title", method_title, ""},
                                      {"capitalize", method_capitalize, ""},
                                      {"swapcase", method_swapcase, ""},
                                      {"isalpha", method_isalpha, ""},
                                      {"isalnum", method_isalnum, ""},
                                      {"isdecimal", method_isdecimal, ""},
                                      {"isdigit", method_isdigit, ""},
                                      {"isnumeric", method_isnumeric, ""},
                                      {"isprintable", method_isprintable, ""},
                                      {"isspace", method_isspace, ""},
                                      {"isascii", method_isascii, ""},
                                      {"islower", method_islower, ""},
                                      {"isupper", method_isupper, ""},
                                      {"istitle", method_istitle, ""},
                                      {"strip", method_strip, "."},
                                      {"lstrip", method_lstrip, "."},
                                      {"rstrip", method_rstrip, "."},
                                      {"removeprefix", method_removeprefix, "!."},
                                      {"removesuffix", method_removesuffix, "!."},
                                      {"startswith", method_startswith, "!. . ."},
                                      {"endswith", method_endswith, "!. . ."},
                                      {"find", method_find, "!. . ."},
                                      {"rfind", method_rfind, "!. . ."},
                                      {"index", method_index, "!. . ."},
                                      {"rindex", method_rindex, "!. . ."},
                                      {"count", method_count, "!. . ."},
                                      {"replace", method_replace, "!. !. ."},
                                      {"center", method_center, "!. ."},
                                      {"ljust", method_ljust, "!. ."},
                                      {"rjust", method_rjust, "!. ."},
                                      {"zfill", method_zfill, "!."},
                                      {"casefold", NULL, NULL},
                                      {"encode", NULL, NULL},
                                      {"expandtabs", NULL, NULL},
                                      {"isidentifier", NULL, NULL},
                                      {"maketrans", NULL, NULL},
                                      {"translate", NULL, NULL},
                                      {0}};

/* Filters of texts. Source: jinja2@3.1.6 filters.py. */
#include "base/error.h"
#include "base/utf8.h"
#include "generate/chat/arguments.h"
#include "generate/chat/text.h"
#include "tokenizer/python_case.h"
#include "tokenizer/python_text.h"

#include <string.h>

/* -- case ---------------------------------------------------------------------------------------------- */

static ap_status convert(ap__jrun *run, ap__jval *out, const ap__jargs *args, ap__py_case to) {
    ap__jval text;
    size_t mark = run->scratch.len;
    ap_status status = ap__jarg_self(run, args, &text);
    if (!status) status = ap__py_convert(&run->scratch, ap__jval_get_text(&text), to, run->err);
    if (!status) status = ap__jrun_take(run, mark, out);
    out->is_markup = !status && text.is_markup;
    return status;
}

static ap_status filter_upper(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return convert(run, out, args, AP__PY_TO_UPPER);
}

static ap_status filter_lower(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return convert(run, out, args, AP__PY_TO_LOWER);
}

static ap_status filter_capitalize(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return convert(run, out, args, AP__PY_TO_CAPITALIZED);
}

static bool is_word_break(uint32_t code) {
    return code == '-' || code == '(' || code == '{' || code == '[' || code == '<' || ap__py_is_space(code);
}

/* The bytes at the start that are of a word, or of what parts words. */
static size_t word_len(ap__text text, bool is_break) {
    size_t at = 0;
    while (at < text.len) {
        uint32_t code;
        size_t n = ap__utf8_next(&code, text.ptr + at);
        if (is_word_break(code) != is_break) break;
        at += n;
    }
    return at;
}

static ap_status append_title(ap__jrun *run, ap__text word) {
    uint32_t code;
    if (!word.len) return AP_OK;
    size_t n = ap__utf8_next(&code, word.ptr);
    ap_status status = ap__py_convert(&run->scratch, ap__jtext_part(word, 0, n), AP__PY_TO_UPPER, run->err);
    if (status) return status;
    return ap__py_convert(&run->scratch, ap__jtext_part(word, n, word.len), AP__PY_TO_LOWER, run->err);
}

/* Words begin behind blanks, "-" and opening brackets, and not behind other characters as in str.title(). */
static ap_status filter_title(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    ap__jval text;
    size_t mark = run->scratch.len;
    ap_status status = ap__jarg_self(run, args, &text);
    ap__text rest = status ? (ap__text){"", 0} : ap__jval_get_text(&text);
    for (bool is_break = false; rest.len && !status; is_break = !is_break) {
        size_t n = word_len(rest, is_break);
        status = append_title(run, ap__jtext_part(rest, 0, n));
        rest = ap__jtext_part(rest, n, rest.len);
    }
    return status ? status : ap__jrun_take(run, mark, out);
}

/* -- parts --------------------------------------------------------------------------------------------- */

static ap_status filter_trim(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    ap__jval text;
    ap__text chars, stripped;
    bool has_chars = !ap__jarg_is_none(args, 0);
    ap_status status = ap__jarg_self(run, args, &text);
    if (!status && has_chars) status = ap__jarg_text(run, args, 0, NULL, &chars);
    if (status) return status;
    stripped = ap__jtext_strip(ap__jval_get_text(&text), has_chars ? &chars : NULL, true, true);
    *out = ap__jval_text(stripped.ptr, stripped.len);
    out->is_markup = text.is_markup;
    return ap__jrun_spend(run, text.len / 64);
}

static ap_status filter_replace(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    ap__jval text, from, to;
    int64_t n = -1;
    ap_status status = ap__jarg_self(run, args, &text);
    if (!status) status = ap__jval_to_text(run, &from, &args->bound[0]);
    if (!status) status = ap__jval_to_text(run, &to, &args->bound[1]);
    if (!status && !ap__jarg_is_none(args, 2)) status = ap__jarg_int(run, args, 2, -1, &n);
    if (status) return status;
    return ap__jreplace(run, out, ap__jval_get_text(&text), ap__jval_get_text(&from), ap__jval_get_text(&to),
                        n);
}

static ap_status filter_join(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    ap__jval between = ap__jval_text("", 0), item, value;
    ap__jiter *iter;
    size_t mark = run->scratch.len;
    bool is_end = false, is_first = true;
    ap_status status = ap__jiter_open(run, &iter, &args->self);
    if (!status && ap__jarg_is_given(args, 0)) status = ap__jval_to_text(run, &between, &args->bound[0]);
    for (; !status; is_first = false) {
        if ((status = ap__jiter_next(run, iter, &item, &is_end)) || is_end) break;
        if (!is_first) status = ap__buf_append(&run->scratch, between.as.text, between.len, run->err);
        if (!status) status = ap__jget_path(run, &value, &item, &args->bound[1], NULL);
        if (!status) status = ap__jprint_str(run, &run->scratch, &value);
    }
    return status ? status : ap__jrun_take(run, mark, out);
}

static ap_status filter_center(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    ap__jval text;
    int64_t width = 80;
    ap_status status = ap__jarg_self(run, args, &text);
    if (!status) status = ap__jarg_int(run, args, 0, 80, &width);
    if (!status)
        status = ap__jpad(run, out, ap__jval_get_text(&text), width, (ap__text){" ", 1}, AP__J_CENTER);
    if (!status) out->is_markup = text.is_markup;
    return status;
}

/* Source: filters.py do_indent(): a newline is added and the lines are then parted, so that an empty text has
 * one line and a last newline stays. */
static ap_status filter_indent(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    ap__text indent = {"", 0}, text;
    ap__jval spaces = ap__jval_text(" ", 1),
             width = ap__jarg_is_given(args, 0) ? args->bound[0] : ap__jval_int(4);
    bool first = ap__jarg_bool(args, 1, false), blank = ap__jarg_bool(args, 2, false);
    ap_status status = AP_OK;
    if (args->self.kind == AP__J_UNDEFINED) return ap__jrun_fail_undefined(run, args->self.as.undefined);
    if (args->self.kind != AP__J_STRING)
        return ap__jrun_fail(run, AP_ETYPE, "\"indent\" needs a str, found %s",
                             ap__jval_type_name(&args->self));
    if (width.kind != AP__J_STRING)
        status = ap__joperate(run, &spaces, AP__J_MUL, &spaces, &width);
    else
        spaces = width;
    if (status) return status;
    indent = ap__jval_get_text(&spaces);
    text = ap__jval_get_text(&args->self);
    size_t mark = run->scratch.len;
    for (size_t at = 0, i_line = 0, next = 0;; at = next, i_line++) {
        size_t end = ap__jtext_line(text, at, &next);
        bool is_last = next == end; /* No newline behind it. */
        bool is_indented = i_line ? blank || end > at : first;
        if (i_line) status = ap__buf_puts(&run->scratch, "\n", run->err);
        if (!status && is_indented) status = ap__buf_append(&run->scratch, indent.ptr, indent.len, run->err);
        if (!status) status = ap__buf_append(&run->scratch, text.ptr + at, end - at, run->err);
        if (status || is_last) break;
    }
    if (!status) status = ap__jrun_take(run, mark, out);
    out->is_markup = !status && args->self.is_markup;
    return status;
}

/* What is short enough stays as it is, be it no text; else it is cut at its end, or at the last blank before
 * that. */
static ap_status filter_truncate(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    int64_t length = 255, leeway = 5, n = 0;
    ap__text end = {"...", 3};
    ap_status status = ap__jarg_int(run, args, 0, 255, &length);
    if (!status) status = ap__jarg_text(run, args, 2, "...", &end);
    if (!status && !ap__jarg_is_none(args, 3)) status = ap__jarg_int(run, args, 3, 5, &leeway);
    if (!status) status = ap__jval_length(run, &n, &args->self);
    if (status) return status;
    int64_t n_end = (int64_t)ap__utf8_count(end.ptr, end.len);
    if (length < n_end || leeway < 0)
        return ap__jrun_fail(
            run, AP_EINVAL,
            "\"truncate\" needs a length of at least that of its end, and a leeway of 0 or more");
    *out = args->self;
    if (n - leeway <= length) return AP_OK;
    if (args->self.kind != AP__J_STRING)
        return ap__jrun_fail(run, AP_ETYPE, "\"truncate\" needs a str, found %s",
                             ap__jval_type_name(&args->self));
    ap__text text = ap__jval_get_text(&args->self);
    ap__jval kept = args->self;
    ap__jval tail = ap__jarg_is_given(args, 2) ? args->bound[2] : ap__jval_text(end.ptr, end.len);
    kept.len = (uint32_t)ap__jtext_offset(text, (size_t)(length - n_end));
    size_t blank = ap__jtext_find_last(ap__jval_get_text(&kept), (ap__text){" ", 1});
    if (!ap__jarg_bool(args, 1, false) && blank != SIZE_MAX) kept.len = (uint32_t)blank;
    return ap__joperate(run, out, AP__J_ADD, &kept, &tail);
}

static ap_status filter_wordcount(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    ap__jval text;
    int64_t n = 0;
    bool was_word = false;
    ap_status status = ap__jarg_self(run, args, &text);
    for (size_t at = 0; !status && at < text.len;) {
        uint32_t code;
        at += ap__utf8_next(&code, text.as.text + at);
        bool is_word = code == '_' || (ap__py_flags(code) & AP__PY_ALNUM);
        n += is_word && !was_word;
        was_word = is_word;
    }
    *out = ap__jval_int(n);
    return status ? status : ap__jrun_spend(run, text.len / 16);
}

/* -- other forms --------------------------------------------------------------------------------------- */

static ap_status append_quoted(ap__jrun *run, const ap__jval *value, bool is_query) {
    ap__jval text;
    ap_status status = ap__jval_to_text(run, &text, value);
    for (size_t i = 0; !status && i < text.len; i++) {
        unsigned char c = (unsigned char)text.as.text[i];
        bool is_plain = (c < 0x80 && (ap__py_flags(c) & AP__PY_ALNUM)) || (c && strchr("_.-~", c)) ||
                        (c == '/' && !is_query);
        if (is_plain)
            status = ap__buf_append(&run->scratch, &text.as.text[i], 1, run->err);
        else if (c == ' ' && is_query)
            status = ap__buf_puts(&run->scratch, "+", run->err);
        else
            status = ap__buf_printf(&run->scratch, run->err, "%%%02X", c);
    }
    return status;
}

static ap_status append_pair(ap__jrun *run, const ap__jval *pair) {
    ap__jval list;
    ap_status status = ap__jiter_list(run, &list, pair);
    if (!status && list.as.list->n != 2)
        return ap__jrun_fail(run, AP_EINVAL, "\"urlencode\" needs pairs, found %zu values", list.as.list->n);
    if (!status) status = append_quoted(run, &list.as.list->items[0], true);
    if (!status) status = ap__buf_puts(&run->scratch, "=", run->err);
    return status ? status : append_quoted(run, &list.as.list->items[1], true);
}

static ap_status filter_urlencode(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    size_t mark = run->scratch.len;
    ap__jval source = args->self, item;
    ap__jiter *iter;
    bool is_end = false, is_first = true;
    ap_status status = AP_OK;
    if (source.kind == AP__J_STRING || !ap__jval_is_iterable(&source)) {
        status = append_quoted(run, &source, false);
        return status ? status : ap__jrun_take(run, mark, out);
    }
    if (source.kind == AP__J_DICT) source.kind = AP__J_ITEMS;
    status = ap__jiter_open(run, &iter, &source);
    for (; !status; is_first = false) {
        if ((status = ap__jiter_next(run, iter, &item, &is_end)) || is_end) break;
        if (!is_first) status = ap__buf_puts(&run->scratch, "&", run->err);
        if (!status) status = append_pair(run, &item);
    }
    return status ? status : ap__jrun_take(run, mark, out);
}

static ap_status filter_format(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    ap__jval text, values;
    if (args->n_positional && args->n_keywords)
        return ap__jrun_fail(run, AP_ETYPE, "\"format\" takes arguments by position or by name, not both");
    ap_status status = ap__jarg_self(run, args, &text);
    if (!status && args->n_keywords) {
        status = ap__jval_new_dict(&values, &run->mem);
        for (size_t i = 0; i < args->n_keywords && !status; i++)
            status = ap__jdict_set(values.as.dict, &run->mem,
                                   ap__jval_text(args->names[i].ptr, args->names[i].len), args->keywords[i]);
    } else if (!status) {
        status = ap__jval_new_list(&values, &run->mem, AP__J_TUPLE, args->n_positional);
        for (size_t i = 0; i < args->n_positional && !status; i++)
            status = ap__jlist_push(values.as.list, &run->mem, args->positional[i]);
    }
    return status ? status : ap__jformat_percent(run, out, ap__jval_get_text(&text), &values);
}

const ap__jrow ap__jfilters_text[] = {{"upper", filter_upper, ""},
                                      {"lower", filter_lower, ""},
                                      {"capitalize", filter_capitalize, ""},
                                      {"title", filter_title, ""},
                                      {"trim", filter_trim, "chars"},
                                      {"replace", filter_replace, "!old !new count"},
                                      {"join", filter_join, "d attribute"},
                                      {"center", filter_center, "width"},
                                      {"indent", filter_indent, "width first blank"},
                                      {"truncate", filter_truncate, "length killwords end leeway"},
                                      {"wordcount", filter_wordcount, ""},
                                      {"urlencode", filter_urlencode, ""},
                                      {"format", filter_format, NULL},
                                      {0}};

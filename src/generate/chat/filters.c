/* Filters of any value, and the way to all filters. Source: jinja2@3.1.6 filters.py. */
#include "base/error.h"
#include "base/utf8.h"
#include "generate/chat/arguments.h"

#include <string.h>

static ap_status filter_default(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    (void)run;
    bool is_missing = args->self.kind == AP__J_UNDEFINED;
    if (ap__jarg_bool(args, 1, false) && !ap__jval_is_true(&args->self)) is_missing = true;
    *out = args->self;
    if (is_missing) *out = ap__jarg_is_given(args, 0) ? args->bound[0] : ap__jval_text("", 0);
    return AP_OK;
}

static ap_status filter_length(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    int64_t n = 0;
    ap_status status = ap__jval_length(run, &n, &args->self);
    *out = ap__jval_int(n);
    return status;
}

static ap_status filter_string(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return ap__jarg_self(run, args, out);
}

static ap_status filter_attr(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    ap__text name;
    ap_status status = ap__jarg_text(run, args, 0, NULL, &name);
    return status ? status : ap__jget_attribute_alone(run, out, &args->self, name);
}

static ap_status filter_safe(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    ap_status status = ap__jarg_self(run, args, out);
    out->is_markup = true;
    return status;
}

static ap_status escape(ap__jrun *run, ap__jval *out, const ap__jargs *args, bool again) {
    ap__jval text;
    size_t mark = run->scratch.len;
    ap_status status = ap__jarg_self(run, args, &text);
    *out = text;
    if (status || (text.is_markup && !again)) return status;
    status = ap__jprint_escaped(run, &run->scratch, ap__jval_get_text(&text));
    if (!status) status = ap__jrun_take(run, mark, out);
    out->is_markup = true;
    return status;
}

static ap_status filter_escape(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return escape(run, out, args, false);
}

static ap_status filter_forceescape(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return escape(run, out, args, true);
}

/* -- JSON ---------------------------------------------------------------------------------------------- */

/* A number is that many spaces. */
static ap_status read_indent(ap__jrun *run, const ap__jargs *args, ap__json_style *style) {
    int64_t n;
    const ap__jval *value = &args->bound[1];
    style->has_indent = !ap__jarg_is_none(args, 1);
    if (!style->has_indent) return AP_OK;
    style->item_separator = (ap__text){",", 1};
    if (value->kind == AP__J_STRING) {
        style->indent = ap__jval_get_text(value);
        return AP_OK;
    }
    ap_status status = ap__jarg_int(run, args, 1, 0, &n);
    if (status) return status;
    if (n > 1000) return ap__jrun_fail(run, AP_ELIMIT, "an indent of more than 1000 spaces");
    size_t len = n > 0 ? (size_t)n : 0;
    char *spaces = ap__jmem_alloc(&run->mem, len + 1, 1);
    if (!spaces) return run->mem.status;
    memset(spaces, ' ', len);
    style->indent = (ap__text){spaces, len};
    return AP_OK;
}

static ap_status read_separators(ap__jrun *run, const ap__jargs *args, ap__json_style *style) {
    ap__jval list;
    if (ap__jarg_is_none(args, 2)) return AP_OK;
    ap_status status = ap__jiter_list(run, &list, &args->bound[2]);
    if (status) return status;
    const ap__jval *items = list.as.list->items;
    if (list.as.list->n != 2 || items[0].kind != AP__J_STRING || items[1].kind != AP__J_STRING)
        return ap__jrun_fail(run, AP_ETYPE, "separators are two strings");
    style->item_separator = ap__jval_get_text(&items[0]);
    style->key_separator = ap__jval_get_text(&items[1]);
    return AP_OK;
}

/* transformers replaces Jinja's own filter of that name.
 * Source: transformers@v4.55.4 utils/chat_template_utils.py tojson(). */
static ap_status filter_tojson(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    ap__json_style style = {.item_separator = {", ", 2}, .key_separator = {": ", 2}};
    size_t mark = run->scratch.len;
    style.ensure_ascii = ap__jarg_bool(args, 0, false);
    style.sort_keys = ap__jarg_bool(args, 3, false);
    ap_status status = read_indent(run, args, &style);
    if (!status) status = read_separators(run, args, &style);
    if (!status) status = ap__jto_json(run, &run->scratch, &args->self, &style);
    return status ? status : ap__jrun_take(run, mark, out);
}

/* -- all of them --------------------------------------------------------------------------------------- */

static const ap__jrow FILTERS[] = {{"default", filter_default, "default_value boolean"},
                                   {"d", filter_default, "default_value boolean"},
                                   {"length", filter_length, ""},
                                   {"count", filter_length, ""},
                                   {"string", filter_string, ""},
                                   {"attr", filter_attr, "!name"},
                                   {"safe", filter_safe, ""},
                                   {"escape", filter_escape, ""},
                                   {"e", filter_escape, ""},
                                   {"forceescape", filter_forceescape, ""},
                                   {"tojson", filter_tojson, "ensure_ascii indent separators sort_keys"},
                                   {"pprint", NULL, NULL},
                                   {"random", NULL, NULL},
                                   {"striptags", NULL, NULL},
                                   {"urlize", NULL, NULL},
                                   {"wordwrap", NULL, NULL},
                                   {"xmlattr", NULL, NULL},
                                   {0}};

const ap__jrow *ap__jfilter_find(const char *name, size_t len) {
    const ap__jrow *const tables[] = {FILTERS, ap__jfilters_text, ap__jfilters_list, ap__jfilters_number};
    const ap__jrow *row = NULL;
    for (size_t i = 0; i < sizeof tables / sizeof *tables && !row; i++)
        row = ap__jrow_find(tables[i], name, len);
    return row;
}

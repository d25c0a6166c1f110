/* The binder: one table, checked in one place. */
#include "value/params.h"

#include "base/ascii.h"
#include "base/error.h"
#include "value/value.h"

#include <stdio.h>
#include <string.h>

static const char *type_name(ap_param_type type) {
    static const char *const names[] = {"", "bool", "int", "float", "string", "choice", "value"};
    return names[type];
}

/* Also inside included tables. *at is where in the options its ap_opt is; those of the table are at `base`.
 */
static const ap_param *find_row(const ap_param *table, size_t base, const char *name, size_t *at) {
    for (const ap_param *row = table; row->name; row++) {
        *at = base + row->offset;
        if (row->include) {
            const ap_param *inner = find_row(row->include, *at, name, at);
            if (inner) return inner;
        } else if (strcmp(row->name, name) == 0) {
            return row;
        }
    }
    return NULL;
}

const ap_param *ap__params_find(const ap_param *table, const char *name) {
    size_t at;
    return find_row(table, 0, name, &at);
}

/* "true, false, longest_first" */
static void choices_text(char *buf, size_t size, const ap_param *row) {
    size_t at = 0;
    buf[0] = '\0';
    for (const ap_param_choice *c = row->choices; c->name && at < size; c++) {
        int n = snprintf(buf + at, size - at, "%s%s", at ? ", " : "", c->name);
        if (n < 0) return;
        at += (size_t)n;
    }
}

/* Text that ends at its first NUL; NULL when there is more of it, or when the value is no string. */
static const char *whole_text(const ap_value *value) {
    size_t len;
    const char *text = ap_value_get_string(value, &len);
    return text && strlen(text) == len ? text : NULL;
}

static const ap_param_choice *find_choice(const ap_param *row, const ap_value *value) {
    bool is_bool = ap_value_kind(value) == AP_KIND_BOOL;
    const char *text = is_bool ? (ap_value_get_bool(value) ? "true" : "false") : whole_text(value);
    for (const ap_param_choice *c = row->choices; text && c->name; c++) {
        if (!c->is_bool != !is_bool) continue;
        bool is_it = row->flags & AP_PARAM_ANY_CASE ? ap__ascii_equal_any_case(c->name, text)
                                                    : strcmp(c->name, text) == 0;
        if (is_it) return c;
    }
    return NULL;
}

static ap_status fail_type(const ap_param *row, const ap_value *value, ap_error *err) {
    char choices[256] = "";
    if (row->choices) choices_text(choices, sizeof choices, row);
    return ap__fail(err, AP_ETYPE, "parameter %s: expected %s%s%s, found %s", row->name,
                    row->choices ? "one of " : "", row->choices ? choices : type_name(row->type),
                    row->flags & AP_PARAM_NULL_OK ? " or null" : "", ap_kind_name(ap_value_kind(value)));
}

static ap_status bind_choice(ap_opt *opt, const ap_param *row, const ap_value *value, ap_error *err) {
    const ap_param_choice *choice = find_choice(row, value);
    if (choice) {
        opt->as.integer = choice->number;
        return AP_OK;
    }
    if (ap_value_kind(value) != AP_KIND_STRING) return fail_type(row, value, err);
    char choices[256], hint[96];
    const char *text = ap_value_get_string(value, NULL);
    ap__suggestion suggestion = {0};
    for (const ap_param_choice *c = row->choices; c->name; c++) ap__suggest(&suggestion, text, c->name);
    choices_text(choices, sizeof choices, row);
    return ap__fail(err, row->flags & AP_PARAM_KEY ? AP_EKEY : AP_EINVAL,
                    "parameter %s: expected one of %s, found \"%.64s\"%s", row->name, choices, text,
                    ap__suggestion_text(&suggestion, hint, sizeof hint));
}

/* Python's bools are ints: True is 1 where an int is due. */
static bool as_integer(int64_t *out, const ap_value *value) {
    ap_kind kind = ap_value_kind(value);
    if (kind != AP_KIND_INT && kind != AP_KIND_BOOL) return false;
    *out = kind == AP_KIND_INT ? ap_value_get_int(value) : ap_value_get_bool(value);
    return true;
}

static ap_status bind_value(ap_opt *opt, const ap_param *row, const ap_value *value, ap_error *err) {
    ap_kind kind = ap_value_kind(value);
    switch (row->type) {
    case AP_PARAM_TYPE_BOOL:
        if (kind != AP_KIND_BOOL) return fail_type(row, value, err);
        opt->as.boolean = ap_value_get_bool(value);
        return AP_OK;
    case AP_PARAM_TYPE_INT:
        return as_integer(&opt->as.integer, value) ? AP_OK : fail_type(row, value, err);
    case AP_PARAM_TYPE_FLOAT:
        if (kind != AP_KIND_FLOAT && kind != AP_KIND_INT) return fail_type(row, value, err);
        opt->as.number = ap_value_get_float(value);
        return AP_OK;
    case AP_PARAM_TYPE_STRING:
        if (kind != AP_KIND_STRING) return fail_type(row, value, err);
        opt->as.string = whole_text(value);
        if (opt->as.string) return AP_OK;
        return ap__fail(err, AP_EINVAL, "parameter %s: the text holds a NUL character", row->name);
    case AP_PARAM_TYPE_CHOICE:
        return bind_choice(opt, row, value, err);
    default:
        opt->as.value = value;
        return AP_OK;
    }
}

ap_status ap__params_bind_one(bool *found, const ap_param *table, void *opts, const char *name,
                              const ap_value *value, ap_origin origin, ap_error *err) {
    ap_opt bound = {.origin = origin};
    size_t at;
    const ap_param *row = find_row(table, 0, name, &at);
    *found = row != NULL;
    if (!row) return AP_OK;
    ap_opt *opt = (ap_opt *)(void *)((char *)opts + at);
    if (ap_value_kind(value) == AP_KIND_NULL) {
        bound.is_null = 1;
        if (row->flags & AP_PARAM_NULL_OK) *opt = bound;
        return AP_OK;
    }
    ap_status status = bind_value(&bound, row, value, err);
    if (status == AP_ETYPE && row->flags & AP_PARAM_LENIENT) {
        ap__error_clear(err);
        return AP_OK;
    }
    if (!status) *opt = bound;
    return status;
}

void ap__params_suggest(ap__suggestion *suggestion, const ap_param *table, const char *name) {
    for (const ap_param *row = table; row->name; row++) {
        if (row->include)
            ap__params_suggest(suggestion, row->include, name);
        else
            ap__suggest(suggestion, name, row->name);
    }
}

ap_status ap__params_bind(const ap_param *table, void *opts, const ap_value *dict, ap_origin origin,
                          const char *what, ap_error *err) {
    if (ap_value_kind(dict) == AP_KIND_NULL) return AP_OK;
    if (ap_value_kind(dict) != AP_KIND_DICT)
        return ap__fail(err, AP_ETYPE, "%s: expected a dict, found %s", what,
                        ap_kind_name(ap_value_kind(dict)));
    for (size_t i = 0; i < ap_value_len(dict); i++) {
        const char *name;
        size_t name_len;
        bool found;
        const ap_value *value = ap__dict_entry(dict, i, &name, &name_len);
        if (strlen(name) != name_len)
            return ap__fail(err, AP_EINVAL, "%s has no parameter whose name holds a NUL character", what);
        ap_status status = ap__params_bind_one(&found, table, opts, name, value, origin, err);
        if (status) return status;
        if (found) continue;
        char hint[96];
        ap__suggestion suggestion = {0};
        ap__params_suggest(&suggestion, table, name);
        return ap__fail(err, AP_EINVAL, "%s has no parameter \"%.64s\"%s", what, name,
                        ap__suggestion_text(&suggestion, hint, sizeof hint));
    }
    return AP_OK;
}

/* -- describing ---------------------------------------------------------------------------------------- */

static const char *phase_name(ap_phase phase) {
    switch (phase) {
    case AP_PHASE_PREPROCESS:
        return "preprocess";
    case AP_PHASE_FORWARD:
        return "forward";
    case AP_PHASE_POSTPROCESS:
        return "postprocess";
    case AP_PHASE_INPUT:
        return "input";
    default:
        return "init";
    }
}

static ap_status describe_choices(ap_value *dict, const ap_param *row, ap_error *err) {
    ap_value *list, *slot;
    ap_status status = ap__dict_set_list(&list, dict, "choices", err);
    for (const ap_param_choice *c = row->choices; !status && c->name; c++) {
        if (!c->is_bool)
            status = ap__list_add_text(list, c->name, strlen(c->name), err);
        else if (!(status = ap__list_add(&slot, list, err)))
            ap__value_set_bool(slot, strcmp(c->name, "true") == 0);
    }
    return status;
}

static ap_status describe_row(ap_value *dict, const ap_param *row, ap_error *err) {
    ap__value_set_dict(dict);
    ap_status status = ap__dict_set_text(dict, "name", row->name, err);
    if (!status) status = ap__dict_set_text(dict, "type", type_name(row->type), err);
    if (!status) status = ap__dict_set_text(dict, "phase", phase_name(row->phase), err);
    if (!status && row->default_json) status = ap__dict_set_text(dict, "default", row->default_json, err);
    if (!status) status = ap__dict_set_bool(dict, "null_ok", (row->flags & AP_PARAM_NULL_OK) != 0, err);
    if (!status && row->choices) status = describe_choices(dict, row, err);
    if (!status) status = ap__dict_set_text(dict, "doc", row->doc, err);
    return status;
}

/* Of two rows of a name, as an override and its base may have, the first is found, and so is told. */
static bool is_described(const ap_value *list, const char *name) {
    for (size_t i = 0; i < ap_value_len(list); i++)
        if (ap__value_is_text(ap_value_dict_get(ap_value_list_get(list, i), "name"), name)) return true;
    return false;
}

ap_status ap__params_describe(ap_value *list, const ap_param *table, ap_error *err) {
    ap_status status = AP_OK;
    for (const ap_param *row = table; !status && row->name; row++) {
        ap_value *slot;
        if (row->include)
            status = ap__params_describe(list, row->include, err);
        else if (!is_described(list, row->name) && !(status = ap__list_add(&slot, list, err)))
            status = describe_row(slot, row, err);
    }
    return status;
}

/* -- reading ------------------------------------------------------------------------------------------- */

bool ap__opt_is_set(const ap_opt *opt) { return opt->origin != AP_ORIGIN_ABSENT && !opt->is_null; }

int64_t ap__opt_integer(const ap_opt *opt, int64_t otherwise) {
    return ap__opt_is_set(opt) ? opt->as.integer : otherwise;
}

bool ap__opt_boolean(const ap_opt *opt, bool otherwise) {
    return ap__opt_is_set(opt) ? opt->as.boolean != 0 : otherwise;
}

const char *ap__opt_string(const ap_opt *opt, const char *otherwise) {
    return ap__opt_is_set(opt) ? opt->as.string : otherwise;
}

/* Expressions. */
#include "base/error.h"
#include "generate/chat/lexer.h"
#include "generate/chat/run.h"

#include <string.h>

static ap_status eval_name(ap__jrun *run, ap__jval *out, const ap__jnode *node) {
    const ap__jslot slot = node->as.name.slot;
    const ap__jactivation *activation = run->activation;
    for (uint32_t i = 0; i < slot.up; i++) activation = activation->parent;
    *out = activation->slots[slot.index];
    if (out->kind != AP__J_MISSING) return AP_OK;
    const ap__text *name = &node->as.name.name.text;
    return ap__jrun_undefined_name(run, out, NULL, ap__jval_text(name->ptr, name->len));
}

static ap_status eval_list(ap__jrun *run, ap__jval *out, const ap__jnode *node) {
    const ap__jnodes *items = &node->as.items;
    ap__jkind kind = node->kind == AP__JN_LIST ? AP__J_LIST : AP__J_TUPLE;
    ap_status status = ap__jval_new_list(out, &run->mem, kind, items->n);
    for (size_t i = 0; i < items->n && !status; i++) {
        status = ap__jeval(run, &out->as.list->items[i], items->ptr[i]);
        out->as.list->n = i + 1;
    }
    return status;
}

static ap_status eval_dict(ap__jrun *run, ap__jval *out, const ap__jnode *node) {
    const ap__jnodes *items = &node->as.items;
    ap_status status = ap__jval_new_dict(out, &run->mem);
    for (size_t i = 0; i < items->n && !status; i += 2) {
        ap__jval key, value;
        status = ap__jeval(run, &key, items->ptr[i]);
        if (!status) status = ap__jeval(run, &value, items->ptr[i + 1]);
        if (status) break;
        const char *type = ap__jval_unhashable(&key);
        if (type) return ap__jrun_fail(run, AP_ETYPE, "a %s cannot be a key of a dict", type);
        status = ap__jdict_set(out->as.dict, &run->mem, key, value);
    }
    return status;
}

static ap_status eval_unary(ap__jrun *run, ap__jval *out, const ap__jnode *node) {
    ap__jval value;
    ap_status status = ap__jeval(run, &value, node->as.binary.left);
    if (status) return status;
    if (node->op != AP__J_NOT) return ap__joperate_unary(run, out, (ap__jop)node->op, &value);
    *out = ap__jval_bool(!ap__jval_is_true(&value));
    return AP_OK;
}

static ap_status eval_binary(ap__jrun *run, ap__jval *out, const ap__jnode *node) {
    ap__jval left, right;
    ap_status status = ap__jeval(run, &left, node->as.binary.left);
    if (status) return status;
    if (node->op == AP__J_AND || node->op == AP__J_OR) {
        if (ap__jval_is_true(&left) == (node->op == AP__J_AND))
            return ap__jeval(run, out, node->as.binary.right);
        *out = left;
        return AP_OK;
    }
    status = ap__jeval(run, &right, node->as.binary.right);
    return status ? status : ap__joperate(run, out, (ap__jop)node->op, &left, &right);
}

static ap_status eval_concat(ap__jrun *run, ap__jval *out, const ap__jnode *node) {
    const ap__jnodes *items = &node->as.items;
    size_t mark = run->scratch.len;
    ap__jval list, first, rest;
    ap_status status = eval_list(run, &list, node);
    if (!status) status = ap__jval_to_text(run, &first, &list.as.list->items[0]);
    for (size_t i = 1; i < items->n && !status; i++)
        status = ap__jprint_str(run, &run->scratch, &list.as.list->items[i]);
    if (!status) status = ap__jrun_take(run, mark, &rest);
    return status ? status : ap__jrun_concat(run, out, ap__jval_get_text(&first), ap__jval_get_text(&rest));
}

static ap_status eval_compare(ap__jrun *run, ap__jval *out, const ap__jnode *node) {
    const ap__jnodes *operands = &node->as.compare.operands;
    ap__jval left, right;
    bool holds = true;
    ap_status status = ap__jeval(run, &left, operands->ptr[0]);
    for (size_t i = 1; i < operands->n && holds && !status; i++) {
        status = ap__jeval(run, &right, operands->ptr[i]);
        if (!status) status = ap__jcompare(run, &holds, (ap__jop)node->as.compare.ops[i - 1], &left, &right);
        left = right;
    }
    *out = ap__jval_bool(holds);
    return status;
}

static ap_status eval_condition(ap__jrun *run, ap__jval *out, const ap__jnode *node) {
    ap__jval test;
    ap_status status = ap__jeval(run, &test, node->as.condition.test);
    if (status) return status;
    if (ap__jval_is_true(&test)) return ap__jeval(run, out, node->as.condition.then);
    if (node->as.condition.else_) return ap__jeval(run, out, node->as.condition.else_);
    return ap__jrun_undefined(run, out, "an inline if was false and has no else");
}

static ap_status eval_getattr(ap__jrun *run, ap__jval *out, const ap__jnode *node) {
    ap__jval object;
    ap_status status = ap__jeval(run, &object, node->as.get.node);
    return status ? status : ap__jget_attribute(run, out, &object, node->as.get.name);
}

static ap_status eval_slice(ap__jrun *run, ap__jval *out, const ap__jval *object, const ap__jnode *slice) {
    const ap__jnode *const nodes[3] = {slice->as.slice.start, slice->as.slice.stop, slice->as.slice.step};
    ap__jval parts[3] = {{0}};
    ap_status status = AP_OK;
    for (int i = 0; i < 3 && !status; i++)
        if (nodes[i]) status = ap__jeval(run, &parts[i], nodes[i]);
    return status ? status : ap__jget_slice(run, out, object, parts);
}

static ap_status eval_getitem(ap__jrun *run, ap__jval *out, const ap__jnode *node) {
    ap__jval object, key;
    ap_status status = ap__jeval(run, &object, node->as.get.node);
    if (status) return status;
    if (node->as.get.arg->kind == AP__JN_SLICE) return eval_slice(run, out, &object, node->as.get.arg);
    status = ap__jeval(run, &key, node->as.get.arg);
    return status ? status : ap__jget_item(run, out, &object, &key);
}

/* -- calls --------------------------------------------------------------------------------------------- */

static ap_status add_keyword(ap__jrun *run, ap__jargs *args, ap__text name, ap__jval value) {
    for (size_t i = 0; i < args->n_keywords; i++)
        if (args->names[i].len == name.len && !memcmp(args->names[i].ptr, name.ptr, name.len))
            return ap__jrun_fail(run, AP_ETYPE, "the argument \"%.*s\" is given twice", (int)(name.len & 63),
                                 name.ptr);
    args->names[args->n_keywords] = name;
    args->keywords[args->n_keywords++] = value;
    return AP_OK;
}

/* **kwargs */
static ap_status add_keywords(ap__jrun *run, ap__jargs *args, const ap__jval *dict) {
    ap_status status = AP_OK;
    for (size_t i = 0; i < dict->as.dict->n && !status; i++) {
        const ap__jentry *entry = &dict->as.dict->entries[i];
        if (entry->key.kind != AP__J_STRING)
            return ap__jrun_fail(run, AP_ETYPE, "names of arguments are strings");
        status = add_keyword(run, args, ap__jval_get_text(&entry->key), entry->value);
    }
    return status;
}

/* What *args and **kwargs bring; all zero where there are none. */
typedef struct dynamic {
    ap__jval list, dict;
    size_t n_items, n_entries;
} dynamic;

static ap_status eval_dynamic(ap__jrun *run, dynamic *out, const ap__jarguments *a) {
    ap__jval value;
    ap_status status = AP_OK;
    if (a->dyn_positional) {
        status = ap__jeval(run, &value, a->dyn_positional);
        if (!status) status = ap__jiter_list(run, &out->list, &value);
        if (!status) out->n_items = out->list.as.list->n;
    }
    if (status || !a->dyn_keywords) return status;
    if ((status = ap__jeval(run, &out->dict, a->dyn_keywords))) return status;
    if (out->dict.kind != AP__J_DICT) return ap__jrun_fail(run, AP_ETYPE, "\"**\" needs a dict");
    out->n_entries = out->dict.as.dict->n;
    return AP_OK;
}

ap_status ap__jeval_arguments(ap__jrun *run, ap__jargs *out, const ap__jarguments *a,
                              const ap__jval *caller) {
    dynamic more = {0};
    ap_status status = eval_dynamic(run, &more, a);
    if (status) return status;
    size_t n_positional = a->positional.n + more.n_items, n_keywords = a->keywords.n + 1 + more.n_entries;
    out->positional = ap__jmem_alloc(&run->mem, n_positional, sizeof *out->positional);
    out->keywords = ap__jmem_alloc(&run->mem, n_keywords, sizeof *out->keywords);
    out->names = ap__jmem_alloc(&run->mem, n_keywords, sizeof *out->names);
    if (!out->positional || !out->keywords || !out->names) return run->mem.status;
    for (size_t i = 0; i < a->positional.n && !status; i++)
        status = ap__jeval(run, &out->positional[i], a->positional.ptr[i]);
    for (size_t i = 0; i < more.n_items; i++)
        out->positional[a->positional.n + i] = more.list.as.list->items[i];
    out->n_positional = n_positional;
    for (size_t i = 0; i < a->keywords.n && !status; i++) {
        ap__jval value;
        status = ap__jeval(run, &value, a->keywords.ptr[i]);
        if (!status) status = add_keyword(run, out, a->names[i], value);
    }
    if (!status && caller) status = add_keyword(run, out, (ap__text){"caller", 6}, *caller);
    return status || !more.n_entries ? status : add_keywords(run, out, &more.dict);
}

static ap_status eval_call(ap__jrun *run, ap__jval *out, const ap__jnode *node) {
    ap__jval callee;
    ap__jargs args = {0};
    ap_status status = ap__jeval(run, &callee, node->as.call.node);
    if (!status) status = ap__jeval_arguments(run, &args, &node->as.call.arguments, NULL);
    return status ? status : ap__jcall(run, out, &callee, &args);
}

/* A filter or a test applied to a value. */
static ap_status apply(ap__jrun *run, ap__jval *out, const ap__jnode *node, const ap__jval *self) {
    ap__jargs args = {.self = *self};
    const char *what = node->kind == AP__JN_FILTER ? "filter" : "test";
    const ap__text *name = &node->as.call.name;
    if (!node->as.call.row)
        return ap__jrun_fail(run, AP_EKEY, "no %s named \"%.*s\"", what, (int)(name->len & 63), name->ptr);
    ap_status status = ap__jeval_arguments(run, &args, &node->as.call.arguments, NULL);
    return status ? status : ap__jcall_row(run, out, node->as.call.row, what, &args);
}

static ap_status eval_row(ap__jrun *run, ap__jval *out, const ap__jnode *node) {
    ap__jval self;
    ap_status status = ap__jeval(run, &self, node->as.call.node);
    return status ? status : apply(run, out, node, &self);
}

ap_status ap__jeval_filters(ap__jrun *run, ap__jval *out, const ap__jnode *node, const ap__jval *text) {
    ap__jval inner = *text;
    ap_status status = ap__jrun_enter(run);
    if (status) return status;
    if (node->as.call.node) status = ap__jeval_filters(run, &inner, node->as.call.node, text);
    if (!status) status = apply(run, out, node, &inner);
    ap__jrun_leave(run);
    return status;
}

/* -- all of them --------------------------------------------------------------------------------------- */

static ap_status eval_const(ap__jrun *run, ap__jval *out, const ap__jnode *node) {
    (void)run;
    *out = node->as.value;
    return AP_OK;
}

typedef ap_status eval_fn(ap__jrun *run, ap__jval *out, const ap__jnode *node);

static eval_fn *const EVAL[AP__N_JNODES] = {
    [AP__JN_NAME] = eval_name,           [AP__JN_CONST] = eval_const,     [AP__JN_LIST] = eval_list,
    [AP__JN_TUPLE] = eval_list,          [AP__JN_DICT] = eval_dict,       [AP__JN_UNARY] = eval_unary,
    [AP__JN_BINARY] = eval_binary,       [AP__JN_CONCAT] = eval_concat,   [AP__JN_COMPARE] = eval_compare,
    [AP__JN_CONDITION] = eval_condition, [AP__JN_GETATTR] = eval_getattr, [AP__JN_GETITEM] = eval_getitem,
    [AP__JN_CALL] = eval_call,           [AP__JN_FILTER] = eval_row,      [AP__JN_TEST] = eval_row};

ap_status ap__jeval(ap__jrun *run, ap__jval *out, const ap__jnode *node) {
    ap_status status = ap__jrun_enter(run);
    AP_INVARIANT(EVAL[node->kind], run->err);
    if (!status) {
        status = EVAL[node->kind](run, out, node);
        ap__jrun_leave(run);
    }
    if (!status || run->is_located) return status;
    run->is_located = true;
    return ap__jinja_locate(run->jinja, node->at, status, run->err);
}

/* Calls: of macros, methods, functions, filters and tests. */
#include "base/error.h"
#include "generate/chat/run.h"

#include <string.h>

/* -- rows ---------------------------------------------------------------------------------------------- */

static bool is_same(const ap__text *a, const char *text, size_t len) {
    return a->len == len && !memcmp(a->ptr, text, len);
}

const ap__jrow *ap__jrow_find(const ap__jrow *table, const char *name, size_t len) {
    for (; table->name; table++)
        if (strlen(table->name) == len && !memcmp(table->name, name, len)) return table;
    return NULL;
}

static ap__jval *find_keyword(const ap__jargs *args, const char *name, size_t len) {
    for (size_t i = 0; i < args->n_keywords; i++)
        if (is_same(&args->names[i], name, len)) return &args->keywords[i];
    return NULL;
}

static ap_status check_counts(ap__jrun *run, const ap__jrow *row, const char *what, const ap__jargs *args,
                              size_t n_parameters, size_t n_keywords) {
    if (args->n_positional > n_parameters)
        return ap__jrun_fail(run, AP_ETYPE, "the %s \"%s\" takes at most %zu arguments, found %zu", what,
                             row->name, n_parameters, args->n_positional);
    if (args->n_keywords > n_keywords)
        return ap__jrun_fail(run, AP_ETYPE,
                             "the %s \"%s\" has no argument of that name, or it is given twice", what,
                             row->name);
    return AP_OK;
}

/* Arguments to the parameters of the row. */
static ap_status bind(ap__jrun *run, const ap__jrow *row, const char *what, ap__jargs *args) {
    size_t n = 0, n_keywords = 0;
    for (const char *at = row->parameters; *at; n++) {
        bool is_needed = *at == '!';
        at += is_needed;
        size_t len = strcspn(at, " ");
        const ap__jval *keyword = n < args->n_positional ? NULL : find_keyword(args, at, len);
        args->bound[n] = (ap__jval){0};
        if (n < args->n_positional) args->bound[n] = args->positional[n];
        if (keyword) args->bound[n] = *keyword;
        n_keywords += keyword != NULL;
        if (is_needed && args->bound[n].kind == AP__J_MISSING)
            return ap__jrun_fail(run, AP_ETYPE, "the %s \"%s\" needs the argument \"%.*s\"", what, row->name,
                                 (int)len, at);
        at += len + (at[len] == ' ');
    }
    return check_counts(run, row, what, args, n, n_keywords);
}

ap_status ap__jcall_row(ap__jrun *run, ap__jval *out, const ap__jrow *row, const char *what,
                        ap__jargs *args) {
    ap_status status = row->parameters ? bind(run, row, what, args) : AP_OK;
    return status ? status : row->call(run, out, args);
}

/* -- macros -------------------------------------------------------------------------------------------- */

/* What a call still has to give away. */
typedef struct macro_call {
    const ap__jmacro_def *def;
    const ap__jargs *args;
    bool *is_used; /* Of each keyword. */
    ap__jval *slots;
} macro_call;

static ap__jval take_keyword(macro_call *c, const char *name, size_t len) {
    const ap__jval *value = find_keyword(c->args, name, len);
    if (!value || c->is_used[value - c->args->keywords]) return (ap__jval){0};
    c->is_used[value - c->args->keywords] = true;
    return *value;
}

static void fill_parameters(macro_call *c) {
    for (size_t i = 0; i < c->def->parameters.n; i++) {
        const ap__jnode *parameter = c->def->parameters.ptr[i];
        const ap__text *name = &parameter->as.name.name.text;
        c->slots[parameter->as.name.slot.index] =
            i < c->args->n_positional ? c->args->positional[i] : take_keyword(c, name->ptr, name->len);
    }
}

static ap_status fill_caller(ap__jrun *run, macro_call *c) {
    if (!c->def->has_caller) return AP_OK;
    ap__jval *slot = &c->slots[c->def->caller_index];
    *slot = take_keyword(c, "caller", 6);
    if (slot->kind != AP__J_MISSING && slot->kind != AP__J_NONE) return AP_OK;
    return ap__jrun_undefined(run, slot, "the macro is not called by a call block: there is no caller");
}

static ap_status fill_keywords(ap__jrun *run, macro_call *c) {
    ap__jval dict;
    ap_status status = ap__jval_new_dict(&dict, &run->mem);
    for (size_t i = 0; i < c->args->n_keywords && !status; i++) {
        const ap__text *name = &c->args->names[i], *macro = &c->def->name.text;
        if (c->is_used[i]) continue;
        if (!c->def->has_kwargs)
            return ap__jrun_fail(run, AP_ETYPE, "the macro \"%.*s\" takes no argument \"%.*s\"",
                                 (int)(macro->len & 63), macro->ptr ? macro->ptr : "", (int)(name->len & 63),
                                 name->ptr);
        status =
            ap__jdict_set(dict.as.dict, &run->mem, ap__jval_text(name->ptr, name->len), c->args->keywords[i]);
    }
    if (!status && c->def->has_kwargs) c->slots[c->def->kwargs_index] = dict;
    return status;
}

static ap_status fill_positional(ap__jrun *run, macro_call *c) {
    size_t n = c->def->parameters.n, n_given = c->args->n_positional;
    ap__jval rest;
    if (!c->def->has_varargs && n_given > n)
        return ap__jrun_fail(run, AP_ETYPE, "the macro \"%.*s\" takes at most %zu arguments, found %zu",
                             (int)(c->def->name.text.len & 63),
                             c->def->name.text.ptr ? c->def->name.text.ptr : "", n, n_given);
    if (!c->def->has_varargs) return AP_OK;
    size_t n_rest = n_given > n ? n_given - n : 0;
    ap_status status = ap__jval_new_list(&rest, &run->mem, AP__J_TUPLE, n_rest);
    if (status) return status;
    for (size_t i = 0; i < n_rest; i++) rest.as.list->items[rest.as.list->n++] = c->args->positional[n + i];
    c->slots[c->def->varargs_index] = rest;
    return AP_OK;
}

static ap_status fill_defaults(ap__jrun *run, macro_call *c) {
    size_t n = c->def->parameters.n, n_without = n - c->def->defaults.n;
    ap_status status = AP_OK;
    for (size_t i = 0; i < n && !status; i++) {
        const ap__jnode *parameter = c->def->parameters.ptr[i];
        const ap__text *name = &parameter->as.name.name.text;
        ap__jval value, *slot = &c->slots[parameter->as.name.slot.index];
        if (slot->kind != AP__J_MISSING) continue;
        if (i >= n_without)
            status = ap__jeval(run, &value, c->def->defaults.ptr[i - n_without]);
        else
            status = ap__jrun_undefined_name(run, &value, NULL, ap__jval_text(name->ptr, name->len));
        if (!status) *slot = value;
    }
    return status;
}

static ap_status call_macro(ap__jrun *run, ap__jval *out, const ap__jmacro *macro, const ap__jargs *args) {
    macro_call c = {.def = macro->def, .args = args};
    ap__jactivation *before = run->activation;
    c.is_used = ap__jmem_alloc(&run->mem, args->n_keywords, sizeof *c.is_used);
    if (!c.is_used) return run->mem.status;
    ap_status status = ap__jexec_activate(run, &macro->def->function, macro->parent);
    if (status) return status;
    c.slots = run->activation->slots;
    fill_parameters(&c);
    status = fill_caller(run, &c);
    if (!status) status = fill_keywords(run, &c);
    if (!status) status = fill_positional(run, &c);
    size_t mark = ap__jexec_capture(run);
    if (!status) status = ap__jexec_enter(run, &macro->def->loads);
    if (!status) status = fill_defaults(run, &c);
    if (!status) status = ap__jexec(run, &macro->def->body);
    run->activation = before;
    return status ? status : ap__jexec_capture_end(run, mark, out);
}

/* -- all of them --------------------------------------------------------------------------------------- */

static ap_status call_loop(ap__jrun *run, ap__jval *out, ap__jloop *loop, const ap__jargs *args) {
    if (args->n_positional != 1 || args->n_keywords)
        return ap__jrun_fail(run, AP_ETYPE, "\"loop\" takes one argument: what to go through");
    return ap__jloop_recurse(run, out, loop, &args->positional[0]);
}

static ap_status call_joiner(ap__jrun *run, ap__jval *out, ap__jcycler *joiner, const ap__jargs *args) {
    if (args->n_positional || args->n_keywords)
        return ap__jrun_fail(run, AP_ETYPE, "a joiner takes no arguments");
    *out = joiner->i++ ? joiner->items.items[0] : ap__jval_text("", 0);
    return AP_OK;
}

ap_status ap__jcall(ap__jrun *run, ap__jval *out, const ap__jval *callee, ap__jargs *args) {
    switch (callee->kind) {
    case AP__J_UNDEFINED:
        return ap__jrun_fail_undefined(run, callee->as.undefined);
    case AP__J_MACRO:
        return call_macro(run, out, callee->as.macro, args);
    case AP__J_METHOD:
        args->self = callee->as.method->self;
        return ap__jcall_row(run, out, callee->as.method->row, "method", args);
    case AP__J_FUNCTION:
        return ap__jcall_row(run, out, callee->as.function, "function", args);
    case AP__J_LOOP:
        return call_loop(run, out, callee->as.loop, args);
    case AP__J_JOINER:
        return call_joiner(run, out, callee->as.cycler, args);
    default:
        return ap__jrun_fail(run, AP_ETYPE, "a %s cannot be called", ap__jval_type_name(callee));
    }
}

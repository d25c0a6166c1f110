/* Statements. Source: jinja2@3.1.6 compiler.py, what its visit_... functions write. */
#include "base/error.h"
#include "base/utf8.h"
#include "generate/chat/lexer.h"
#include "generate/chat/run.h"

#include <string.h>

/* -- scopes and variables ------------------------------------------------------------------------------ */

static ap__jval *slot_of(ap__jrun *run, ap__jslot slot) {
    ap__jactivation *activation = run->activation;
    for (uint32_t i = 0; i < slot.up; i++) activation = activation->parent;
    return &activation->slots[slot.index];
}

static ap__jval resolve(const ap__jrun *run, uint32_t name_id) {
    const ap__jval *set = &run->vars[name_id];
    return set->kind != AP__J_MISSING ? *set : run->inputs[name_id];
}

ap_status ap__jexec_enter(ap__jrun *run, const ap__jloads *loads) {
    for (size_t i = 0; i < loads->n; i++) {
        const ap__jload *load = &loads->ptr[i];
        ap__jval *slot = &run->activation->slots[load->index];
        if (load->action == AP__J_LOAD_RESOLVE)
            *slot = resolve(run, load->name_id);
        else if (load->action == AP__J_LOAD_ALIAS)
            *slot = *slot_of(run, load->from);
        else if (load->action == AP__J_LOAD_UNDEFINED)
            *slot = (ap__jval){0};
    }
    return ap__jrun_spend(run, loads->n / 8);
}

ap_status ap__jexec_activate(ap__jrun *run, const ap__jfunction *function, ap__jactivation *parent) {
    ap__jactivation *activation = ap__jmem_alloc(&run->mem, 1, sizeof *activation);
    if (!activation) return run->mem.status;
    activation->slots = ap__jmem_alloc(&run->mem, function->n_slots, sizeof *activation->slots);
    if (!activation->slots) return run->mem.status;
    activation->parent = parent;
    run->activation = activation;
    return AP_OK;
}

static ap_status assign_tuple(ap__jrun *run, const ap__jnode *target, const ap__jval *value) {
    const ap__jnodes *items = &target->as.items;
    ap__jval list;
    ap_status status = ap__jiter_list(run, &list, value);
    if (!status && list.as.list->n != items->n)
        return ap__jrun_fail(run, AP_EINVAL, "%zu names for %zu values", items->n, list.as.list->n);
    for (size_t i = 0; i < items->n && !status; i++)
        status = ap__jexec_assign(run, items->ptr[i], &list.as.list->items[i]);
    return status;
}

static ap_status assign_attribute(ap__jrun *run, const ap__jnode *target, const ap__jval *value) {
    const ap__text *name = &target->as.name.attribute;
    ap__jval *object = slot_of(run, target->as.name.slot);
    if (object->kind != AP__J_NAMESPACE)
        return ap__jrun_fail(run, AP_ETYPE, "attributes can be set of a namespace only, found %s",
                             ap__jval_type_name(object));
    return ap__jdict_set(object->as.dict, &run->mem, ap__jval_text(name->ptr, name->len), *value);
}

ap_status ap__jexec_assign(ap__jrun *run, const ap__jnode *target, const ap__jval *value) {
    if (target->kind == AP__JN_TUPLE) return assign_tuple(run, target, value);
    if (target->kind == AP__JN_NAMESPACE_REF) return assign_attribute(run, target, value);
    *slot_of(run, target->as.name.slot) = *value;
    if (target->is_toplevel) run->vars[target->as.name.name.id] = *value;
    return AP_OK;
}

/* -- output -------------------------------------------------------------------------------------------- */

size_t ap__jexec_capture(ap__jrun *run) {
    if (!run->n_captures++) run->root_len = run->out.len;
    return run->out.len;
}

ap_status ap__jexec_capture_end(ap__jrun *run, size_t mark, ap__jval *out) {
    run->n_captures--;
    ap_status status = ap__jrun_copy(run, out, ap__buf_text(&run->out) + mark, run->out.len - mark);
    run->out.len = mark;
    return status;
}

/* A value that is written where the template stands. */
static ap_status write_value(ap__jrun *run, const ap__jval *value) {
    if (!run->n_captures) run->has_output = true;
    ap_status status = ap__jprint_str(run, &run->out, value);
    return status ? status : ap__jrun_spend(run, 1);
}

static ap_status write_node(ap__jrun *run, const ap__jnode *node) {
    ap__jval value;
    if (node->kind == AP__JN_DATA) {
        value = ap__jval_text(node->as.data.ptr, node->as.data.len);
        return write_value(run, &value);
    }
    ap_status status = ap__jeval(run, &value, node);
    return status ? status : write_value(run, &value);
}

static ap_status exec_output(ap__jrun *run, const ap__jnode *node) {
    ap_status status = AP_OK;
    for (size_t i = 0; i < node->as.items.n && !status; i++) status = write_node(run, node->as.items.ptr[i]);
    return status;
}

/* -- branches and loops -------------------------------------------------------------------------------- */

static ap_status exec_if(ap__jrun *run, const ap__jnode *node) {
    for (;;) {
        ap__jval test;
        ap_status status = ap__jeval(run, &test, node->as.branch.test);
        if (status) return status;
        if (ap__jval_is_true(&test)) return ap__jexec(run, &node->as.branch.body);
        const ap__jnodes *else_ = &node->as.branch.else_;
        if (else_->n != 1 || else_->ptr[0]->kind != AP__JN_IF) return ap__jexec(run, else_);
        node = else_->ptr[0];
        if ((status = ap__jrun_spend(run, 1))) return status;
    }
}

/* Items of an iteration that a test lets through. */
typedef struct filtered {
    const ap__jfor_def *def;
    ap__jactivation *activation;
} filtered;

static ap_status next_filtered(ap__jrun *run, ap__jiter *iter, ap__jval *out, bool *is_end) {
    const filtered *f = iter->state;
    ap__jactivation *before = run->activation;
    ap__jval test = {0};
    ap_status status = AP_OK;
    do {
        if ((status = ap__jiter_next(run, iter->from, out, is_end)) || *is_end) return status;
        run->activation = f->activation;
        status = ap__jexec_assign(run, f->def->test_target, out);
        if (!status) status = ap__jeval(run, &test, f->def->test);
        run->activation = before;
    } while (!status && !ap__jval_is_true(&test));
    return status;
}

static ap_status open_iteration(ap__jrun *run, ap__jiter **out, const ap__jfor_def *def,
                                const ap__jval *iterable) {
    ap_status status = ap__jiter_open(run, out, iterable);
    if (status || !def->test) return status;
    ap__jiter *iter = ap__jmem_alloc(&run->mem, 1, sizeof *iter);
    filtered *state = ap__jmem_alloc(&run->mem, 1, sizeof *state);
    if (!iter || !state) return run->mem.status;
    *state = (filtered){def, run->activation};
    *iter = (ap__jiter){.next = next_filtered, .from = *out, .state = state};
    *out = iter;
    return ap__jexec_enter(run, &def->test_loads);
}

static ap_status exec_round(ap__jrun *run, const ap__jfor_def *def, ap__jloop *loop, const ap__jval *item) {
    if (def->has_loop)
        run->activation->slots[def->loop_index] = (ap__jval){.kind = AP__J_LOOP, .as.loop = loop};
    ap_status status = ap__jexec_assign(run, def->target, item);
    if (!status) status = ap__jexec_enter(run, &def->body_loads);
    return status ? status : ap__jexec(run, &def->body);
}

static ap_status exec_rounds(ap__jrun *run, const ap__jfor_def *def, ap__jloop *loop) {
    bool is_end = false, was_whole = false; /* Whether a round came to its end: else `else` runs too. */
    ap_status status = AP_OK;
    ap__jval item;
    while (!status) {
        if ((status = ap__jloop_next(run, loop, &item, &is_end)) || is_end) break;
        if ((status = ap__jrun_spend(run, 1))) break;
        status = exec_round(run, def, loop, &item);
        if (run->flow == AP__J_FLOW_NEXT) was_whole = true;
        bool is_break = run->flow == AP__J_FLOW_BREAK;
        run->flow = AP__J_FLOW_NEXT;
        if (is_break) break;
    }
    if (status || was_whole || !def->else_.n) return status;
    status = ap__jexec_enter(run, &def->else_loads);
    return status ? status : ap__jexec(run, &def->else_);
}

ap_status ap__jexec_loop(ap__jrun *run, const ap__jfor_def *def, const ap__jval *iterable, int64_t depth0) {
    ap__jloop *loop = ap__jmem_alloc(&run->mem, 1, sizeof *loop);
    if (!loop) return run->mem.status;
    *loop = (ap__jloop){.iterable = *iterable, .index0 = -1, .length = -1, .depth0 = depth0, .def = def};
    ap__jactivation *outer = run->activation;
    loop->parent = def->is_recursive ? outer : NULL;
    ap_status status = AP_OK;
    if (def->is_recursive) status = ap__jexec_activate(run, &def->function, outer);
    if (!status) status = open_iteration(run, &loop->iter, def, iterable);
    if (def->test) loop->iterable = (ap__jval){.kind = AP__J_ITERATOR, .as.iter = loop->iter};
    if (!status) status = exec_rounds(run, def, loop);
    run->activation = outer;
    return status;
}

static ap_status exec_for(ap__jrun *run, const ap__jnode *node) {
    const ap__jfor_def *def = node->as.loop;
    ap__jval iterable, text;
    ap_status status = ap__jeval(run, &iterable, def->iter);
    if (status || !def->is_recursive) return status ? status : ap__jexec_loop(run, def, &iterable, 0);
    size_t mark = ap__jexec_capture(run);
    status = ap__jexec_loop(run, def, &iterable, 0);
    if (!status) status = ap__jexec_capture_end(run, mark, &text);
    return status ? status : write_value(run, &text);
}

/* -- bodies that become text --------------------------------------------------------------------------- */

/* The text of the body of {% set %} or {% filter %}, through its filters. Left by a `break`, it is dropped.
 */
static ap_status capture_body(ap__jrun *run, const ap__jnode *node, ap__jval *out) {
    ap__jval text;
    size_t mark = ap__jexec_capture(run);
    ap_status status = ap__jexec_enter(run, &node->as.set.loads);
    if (!status) status = ap__jexec(run, &node->as.set.body);
    if (!status) status = ap__jexec_capture_end(run, mark, &text);
    if (status || run->flow != AP__J_FLOW_NEXT) return status;
    *out = text;
    return node->as.set.value ? ap__jeval_filters(run, out, node->as.set.value, &text) : AP_OK;
}

static ap_status exec_set_block(ap__jrun *run, const ap__jnode *node) {
    ap__jval value;
    ap_status status = capture_body(run, node, &value);
    if (status || run->flow != AP__J_FLOW_NEXT) return status;
    return ap__jexec_assign(run, node->as.set.target, &value);
}

static ap_status exec_filter_block(ap__jrun *run, const ap__jnode *node) {
    ap__jval value;
    ap_status status = capture_body(run, node, &value);
    return status || run->flow != AP__J_FLOW_NEXT ? status : write_value(run, &value);
}

static ap_status exec_set(ap__jrun *run, const ap__jnode *node) {
    ap__jval value;
    ap_status status = ap__jeval(run, &value, node->as.set.value);
    return status ? status : ap__jexec_assign(run, node->as.set.target, &value);
}

static ap_status exec_with(ap__jrun *run, const ap__jnode *node) {
    ap_status status = ap__jexec_enter(run, &node->as.with.loads);
    for (size_t i = 0; i < node->as.with.targets.n && !status; i++) {
        ap__jval value;
        status = ap__jeval(run, &value, node->as.with.values.ptr[i]);
        if (!status) status = ap__jexec_assign(run, node->as.with.targets.ptr[i], &value);
    }
    return status ? status : ap__jexec(run, &node->as.with.body);
}

/* -- macros -------------------------------------------------------------------------------------------- */

static ap_status make_macro(ap__jrun *run, ap__jval *out, const ap__jmacro_def *def) {
    ap__jmacro *macro = ap__jmem_alloc(&run->mem, 1, sizeof *macro);
    if (!macro) return run->mem.status;
    *macro = (ap__jmacro){def, run->activation};
    *out = (ap__jval){.kind = AP__J_MACRO, .as.macro = macro};
    return AP_OK;
}

static ap_status exec_macro(ap__jrun *run, const ap__jnode *node) {
    const ap__jmacro_def *def = node->as.macro;
    ap__jval macro;
    ap_status status = make_macro(run, &macro, def);
    if (status) return status;
    *slot_of(run, def->slot) = macro;
    if (def->is_toplevel) run->vars[def->name.id] = macro;
    return AP_OK;
}

/* Where the model's own words are. The reference counts what the template as a whole has given so far, and
 * not what a macro around holds back; and it does not look before anything was given. */
static ap_status add_span(ap__jrun *run, const ap__jval *text) {
    size_t len = run->n_captures ? run->root_len : run->out.len;
    if (!run->has_output && !run->n_spans) return AP_OK;
    ap__jspan *spans =
        ap__jmem_grow(&run->mem, run->spans, run->n_spans, &run->spans_capacity, sizeof *spans);
    if (!spans) return run->mem.status;
    size_t start = ap__utf8_count(ap__buf_text(&run->out), len);
    run->spans = spans;
    spans[run->n_spans++] = (ap__jspan){start, start + ap__utf8_count(text->as.text, text->len)};
    return ap__jrun_spend(run, len / 16);
}

static ap_status call_with_caller(ap__jrun *run, ap__jval *out, const ap__jnode *call, ap__jval caller) {
    ap__jval callee;
    ap__jargs args = {0};
    ap_status status = ap__jeval(run, &callee, call->as.call.node);
    if (!status) status = ap__jeval_arguments(run, &args, &call->as.call.arguments, &caller);
    return status ? status : ap__jcall(run, out, &callee, &args);
}

static ap_status exec_call_block(ap__jrun *run, const ap__jnode *node) {
    const ap__jmacro_def *def = node->as.macro;
    ap__jval caller, text;
    ap__jargs none = {0};
    ap_status status = make_macro(run, &caller, def);
    if (status) return status;
    if (def->call) {
        status = call_with_caller(run, &text, def->call, caller);
    } else {
        status = ap__jcall(run, &text, &caller, &none);
        if (!status) status = add_span(run, &text);
    }
    return status ? status : write_value(run, &text);
}

/* -- all of them --------------------------------------------------------------------------------------- */

static ap_status exec_jump(ap__jrun *run, const ap__jnode *node) {
    run->flow = node->kind == AP__JN_BREAK ? AP__J_FLOW_BREAK : AP__J_FLOW_CONTINUE;
    return AP_OK;
}

typedef ap_status exec_fn(ap__jrun *run, const ap__jnode *node);

static exec_fn *const EXEC[AP__N_JNODES] = {[AP__JN_OUTPUT] = exec_output,
                                            [AP__JN_FOR] = exec_for,
                                            [AP__JN_IF] = exec_if,
                                            [AP__JN_MACRO] = exec_macro,
                                            [AP__JN_CALL_BLOCK] = exec_call_block,
                                            [AP__JN_FILTER_BLOCK] = exec_filter_block,
                                            [AP__JN_WITH] = exec_with,
                                            [AP__JN_SET] = exec_set,
                                            [AP__JN_SET_BLOCK] = exec_set_block,
                                            [AP__JN_BREAK] = exec_jump,
                                            [AP__JN_CONTINUE] = exec_jump};

static ap_status exec_node(ap__jrun *run, const ap__jnode *node) {
    ap_status status = ap__jrun_enter(run);
    AP_INVARIANT(EXEC[node->kind], run->err);
    if (!status) {
        status = EXEC[node->kind](run, node);
        ap__jrun_leave(run);
    }
    if (!status || run->is_located) return status;
    run->is_located = true;
    return ap__jinja_locate(run->jinja, node->at, status, run->err);
}

ap_status ap__jexec(ap__jrun *run, const ap__jnodes *nodes) {
    ap_status status = AP_OK;
    for (size_t i = 0; i < nodes->n && !status && run->flow == AP__J_FLOW_NEXT; i++)
        status = exec_node(run, nodes->ptr[i]);
    return status;
}

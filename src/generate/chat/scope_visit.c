/* The order in which Jinja goes through the nodes below one: compiler.py and idtracking.py depend on it. */
#include "generate/chat/scope_visit.h"

ap_status ap__jvisit_list(ap__jbinder *b, void *context, const ap__jnodes *nodes, ap__jvisit_fn *visit) {
    ap_status status = AP_OK;
    for (size_t i = 0; i < nodes->n && !status; i++) status = visit(b, context, nodes->ptr[i]);
    return status;
}

ap_status ap__jvisit_all(ap__jbinder *b, void *context, ap__jnode *const *nodes, size_t n,
                         ap__jvisit_fn *visit) {
    ap_status status = AP_OK;
    for (size_t i = 0; i < n && !status; i++)
        if (nodes[i]) status = visit(b, context, nodes[i]);
    return status;
}

static ap_status visit_call(ap__jbinder *b, void *context, ap__jnode *node, ap__jvisit_fn *visit) {
    const ap__jarguments *a = &node->as.call.arguments;
    ap__jnode *const dyn[] = {a->dyn_positional, a->dyn_keywords};
    ap_status status = ap__jvisit_all(b, context, &node->as.call.node, 1, visit);
    if (!status) status = ap__jvisit_list(b, context, &a->positional, visit);
    if (!status) status = ap__jvisit_list(b, context, &a->keywords, visit);
    return status ? status : ap__jvisit_all(b, context, dyn, 2, visit);
}

static ap_status visit_for(ap__jbinder *b, void *context, ap__jfor_def *loop, ap__jvisit_fn *visit) {
    ap__jnode *const head[] = {loop->target, loop->iter};
    ap_status status = ap__jvisit_all(b, context, head, 2, visit);
    if (!status) status = ap__jvisit_list(b, context, &loop->body, visit);
    if (!status) status = ap__jvisit_list(b, context, &loop->else_, visit);
    return status ? status : ap__jvisit_all(b, context, &loop->test, 1, visit);
}

static ap_status visit_macro(ap__jbinder *b, void *context, ap__jmacro_def *macro, ap__jvisit_fn *visit) {
    ap_status status = ap__jvisit_all(b, context, &macro->call, 1, visit);
    if (!status) status = ap__jvisit_list(b, context, &macro->parameters, visit);
    if (!status) status = ap__jvisit_list(b, context, &macro->defaults, visit);
    return status ? status : ap__jvisit_list(b, context, &macro->body, visit);
}

ap_status ap__jvisit_if(ap__jbinder *b, void *context, ap__jnode *node, ap__jvisit_fn *visit) {
    ap_status status = visit(b, context, node->as.branch.test);
    if (!status) status = ap__jvisit_list(b, context, &node->as.branch.body, visit);
    return status ? status : ap__jvisit_list(b, context, &node->as.branch.else_, visit);
}

static ap_status visit_with(ap__jbinder *b, void *context, ap__jnode *node, ap__jvisit_fn *visit) {
    ap_status status = ap__jvisit_list(b, context, &node->as.with.targets, visit);
    if (!status) status = ap__jvisit_list(b, context, &node->as.with.values, visit);
    return status ? status : ap__jvisit_list(b, context, &node->as.with.body, visit);
}

/* The nodes right below one, in Jinja's order. complexity: a case per kind of node, nothing shared. */
ap_status ap__jvisit_children(ap__jbinder *b, void *context, ap__jnode *node, ap__jvisit_fn *visit) {
    ap__jnode *const condition[] = {node->as.condition.test, node->as.condition.then,
                                    node->as.condition.else_};
    ap__jnode *const slice[] = {node->as.slice.start, node->as.slice.stop, node->as.slice.step};
    ap__jnode *const binary[] = {node->as.binary.left, node->as.binary.right};
    ap__jnode *const get[] = {node->as.get.node, node->as.get.arg};
    ap__jnode *const set[] = {node->as.set.target, node->as.set.value};
    switch (node->kind) {
    case AP__JN_LIST:
    case AP__JN_TUPLE:
    case AP__JN_DICT:
    case AP__JN_CONCAT:
    case AP__JN_OUTPUT:
        return ap__jvisit_list(b, context, &node->as.items, visit);
    case AP__JN_UNARY:
        return ap__jvisit_all(b, context, binary, 1, visit);
    case AP__JN_BINARY:
        return ap__jvisit_all(b, context, binary, 2, visit);
    case AP__JN_COMPARE:
        return ap__jvisit_list(b, context, &node->as.compare.operands, visit);
    case AP__JN_CONDITION:
        return ap__jvisit_all(b, context, condition, 3, visit);
    case AP__JN_GETATTR:
        return ap__jvisit_all(b, context, get, 1, visit);
    case AP__JN_GETITEM:
        return ap__jvisit_all(b, context, get, 2, visit);
    case AP__JN_SLICE:
        return ap__jvisit_all(b, context, slice, 3, visit);
    case AP__JN_CALL:
    case AP__JN_FILTER:
    case AP__JN_TEST:
        return visit_call(b, context, node, visit);
    case AP__JN_FOR:
        return visit_for(b, context, node->as.loop, visit);
    case AP__JN_IF:
        return ap__jvisit_if(b, context, node, visit);
    case AP__JN_MACRO:
    case AP__JN_CALL_BLOCK:
        return visit_macro(b, context, node->as.macro, visit);
    case AP__JN_WITH:
        return visit_with(b, context, node, visit);
    case AP__JN_SET:
    case AP__JN_SET_BLOCK:
    case AP__JN_FILTER_BLOCK: {
        ap_status status = ap__jvisit_all(b, context, set, 2, visit);
        bool has_body = node->kind != AP__JN_SET;
        return status || !has_body ? status : ap__jvisit_list(b, context, &node->as.set.body, visit);
    }
    default:
        return AP_OK;
    }
}

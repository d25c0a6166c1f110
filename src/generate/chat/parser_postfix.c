/* What stands behind an expression: calls, subscripts, filters, tests. */
#include "generate/chat/parser.h"
#include "generate/chat/rows.h"

#include <string.h>

static ap_status add_keyword(ap__jparser *p, ap__jarguments *arguments) {
    ap__jnode *value;
    ap__text name = ap__jparser_token(p)->text;
    size_t n = arguments->keywords.n;
    ap__text *names =
        ap__jmem_grow(&p->jinja->mem, arguments->names, n, &arguments->names_capacity, sizeof *names);
    if (!names) return p->jinja->mem.status;
    arguments->names = names;
    for (size_t i = 0; i < n; i++)
        if (names[i].len == name.len && !memcmp(names[i].ptr, name.ptr, name.len))
            return ap__jinja_fail(p->jinja, ap__jparser_token(p)->at, AP_EFORMAT,
                                  "the argument \"%.*s\" is given twice", (int)(name.len & 63), name.ptr);
    names[n] = name;
    ap__jparser_next(p);
    ap__jparser_next(p);
    ap_status status = ap__jparse_expression(p, &value);
    return status ? status : ap__jparser_add(p, &arguments->keywords, value);
}

static ap_status add_argument(ap__jparser *p, ap__jarguments *a) {
    ap__jnode *value;
    bool is_dyn = ap__jparser_is(p, AP__JT_MUL), is_dyn_keywords = ap__jparser_is(p, AP__JT_POW);
    bool is_keyword = ap__jparser_is(p, AP__JT_NAME) && p->tokens.ptr[p->i + 1].kind == AP__JT_ASSIGN;
    bool is_late = a->dyn_keywords || (!is_keyword && !is_dyn_keywords && a->dyn_positional) ||
                   (!is_dyn && !is_keyword && !is_dyn_keywords && a->keywords.n);
    if (is_late)
        return ap__jinja_fail(p->jinja, ap__jparser_token(p)->at, AP_EFORMAT,
                              "arguments stand in a wrong order");
    if (is_keyword) return add_keyword(p, a);
    if (!is_dyn && !is_dyn_keywords) {
        ap_status status = ap__jparse_expression(p, &value);
        return status ? status : ap__jparser_add(p, &a->positional, value);
    }
    ap__jparser_next(p);
    return ap__jparse_expression(p, is_dyn ? &a->dyn_positional : &a->dyn_keywords);
}

static ap_status parse_arguments(ap__jparser *p, ap__jarguments *out) {
    bool needs_comma = false;
    ap_status status = ap__jparser_expect(p, AP__JT_LPAREN, "\"(\"");
    while (!status && !ap__jparser_is(p, AP__JT_RPAREN)) {
        if (needs_comma && (status = ap__jparser_expect(p, AP__JT_COMMA, "\",\" or \")\""))) break;
        if (ap__jparser_is(p, AP__JT_RPAREN)) break;
        status = add_argument(p, out);
        needs_comma = true;
    }
    return status ? status : ap__jparser_expect(p, AP__JT_RPAREN, "\")\"");
}

static ap_status parse_call(ap__jparser *p, ap__jnode **node) {
    ap__jnode *call;
    ap_status status = ap__jparser_node(&call, p, AP__JN_CALL);
    if (status) return status;
    call->as.call.node = *node;
    call->at = (*node)->at;
    *node = call;
    return parse_arguments(p, &call->as.call.arguments);
}

static bool ends_slice_part(const ap__jparser *p) {
    return ap__jparser_is(p, AP__JT_COLON) || ap__jparser_is(p, AP__JT_RBRACKET) ||
           ap__jparser_is(p, AP__JT_COMMA);
}

/* An index, or start:stop:step. */
static ap_status parse_subscribed(ap__jparser *p, ap__jnode **out) {
    ap__jnode *first = NULL, *slice;
    ap_status status = AP_OK;
    if (!ap__jparser_is(p, AP__JT_COLON)) status = ap__jparse_expression(p, &first);
    *out = first;
    if (status || !ap__jparser_is(p, AP__JT_COLON)) return status;
    if ((status = ap__jparser_node(&slice, p, AP__JN_SLICE))) return status;
    *out = slice;
    slice->as.slice.start = first;
    ap__jparser_next(p);
    if (!ends_slice_part(p)) status = ap__jparse_expression(p, &slice->as.slice.stop);
    if (!status && ap__jparser_skip(p, AP__JT_COLON) && !ends_slice_part(p))
        status = ap__jparse_expression(p, &slice->as.slice.step);
    return status;
}

static ap_status parse_index(ap__jparser *p, ap__jnode *get) {
    ap__jnode *tuple, *item;
    ap_status status = ap__jparser_node(&tuple, p, AP__JN_TUPLE);
    while (!status && !ap__jparser_is(p, AP__JT_RBRACKET)) {
        if (tuple->as.items.n && (status = ap__jparser_expect(p, AP__JT_COMMA, "\"]\""))) break;
        status = parse_subscribed(p, &item);
        if (!status) status = ap__jparser_add(p, &tuple->as.items, item);
    }
    if (status) return status;
    for (size_t i = 0; i < tuple->as.items.n && tuple->as.items.n > 1; i++)
        if (tuple->as.items.ptr[i]->kind == AP__JN_SLICE)
            return ap__jinja_fail(p->jinja, tuple->at, AP_EUNSUPPORTED, "slices of several dimensions");
    get->as.get.arg = tuple->as.items.n == 1 ? tuple->as.items.ptr[0] : tuple;
    return ap__jparser_expect(p, AP__JT_RBRACKET, "\"]\"");
}

static ap_status parse_subscript(ap__jparser *p, ap__jnode **node) {
    ap__jnode *get;
    bool is_attribute = ap__jparser_is(p, AP__JT_DOT);
    ap_status status = ap__jparser_node(&get, p, is_attribute ? AP__JN_GETATTR : AP__JN_GETITEM);
    if (status) return status;
    get->as.get.node = *node;
    *node = get;
    ap__jparser_next(p);
    if (!is_attribute) return parse_index(p, get);
    if (ap__jparser_is(p, AP__JT_INTEGER)) {
        get->kind = AP__JN_GETITEM;
        return ap__jparse_const(p, &get->as.get.arg, ap__jparser_token(p)->value);
    }
    get->as.get.name = ap__jparser_token(p)->text;
    return ap__jparser_expect(p, AP__JT_NAME, "a name or a number");
}

ap_status ap__jparse_postfix(ap__jparser *p, ap__jnode **node) {
    ap_status status = AP_OK;
    while (!status) {
        if (ap__jparser_is(p, AP__JT_DOT) || ap__jparser_is(p, AP__JT_LBRACKET))
            status = parse_subscript(p, node);
        else if (ap__jparser_is(p, AP__JT_LPAREN))
            status = parse_call(p, node);
        else
            break;
    }
    return status;
}

/* The name of a filter or a test. One with dots is a name, though of nothing that is there. */
static ap_status parse_row_name(ap__jparser *p, ap__jnode *node, bool is_filter) {
    const char *what = is_filter ? "the name of a filter" : "the name of a test";
    ap__text name = ap__jparser_token(p)->text;
    ap_status status = ap__jparser_expect(p, AP__JT_NAME, what);
    while (!status && ap__jparser_skip(p, AP__JT_DOT)) {
        const ap__text last = ap__jparser_token(p)->text;
        status = ap__jparser_expect(p, AP__JT_NAME, what);
        if (!status) name.len = (size_t)(last.ptr - name.ptr) + last.len;
    }
    if (status) return status;
    node->as.call.name = name;
    node->as.call.row = is_filter ? ap__jfilter_find(name.ptr, name.len) : ap__jtest_find(name.ptr, name.len);
    if (node->as.call.row && !node->as.call.row->call)
        return ap__jinja_fail(p->jinja, node->at, AP_EUNSUPPORTED, "the filter \"%s\" is not supported",
                              node->as.call.row->name);
    return AP_OK;
}

ap_status ap__jparse_filters(ap__jparser *p, ap__jnode **node, bool begins_with_name) {
    ap_status status = AP_OK;
    while (!status && (begins_with_name || ap__jparser_skip(p, AP__JT_PIPE))) {
        ap__jnode *filter;
        begins_with_name = false;
        if ((status = ap__jparser_node(&filter, p, AP__JN_FILTER))) break;
        filter->as.call.node = *node;
        *node = filter;
        status = parse_row_name(p, filter, true);
        if (!status && ap__jparser_is(p, AP__JT_LPAREN))
            status = parse_arguments(p, &filter->as.call.arguments);
    }
    return status;
}

/* Whether a test has an argument without parentheses. */
static bool begins_argument(const ap__jparser *p) {
    switch (ap__jparser_token(p)->kind) {
    case AP__JT_NAME:
        return !ap__jparser_is_word(p, "else") && !ap__jparser_is_word(p, "or") &&
               !ap__jparser_is_word(p, "and");
    case AP__JT_STRING:
    case AP__JT_INTEGER:
    case AP__JT_FLOAT:
    case AP__JT_LBRACKET:
    case AP__JT_LBRACE:
        return true;
    default:
        return false;
    }
}

static ap_status parse_test_argument(ap__jparser *p, ap__jnode *test) {
    ap__jnode *argument;
    if (ap__jparser_is_word(p, "is")) return ap__jparser_fail_token(p, "no second \"is\" behind a test");
    ap_status status = ap__jparse_primary(p, &argument, (ap__jtuple_rules){0});
    if (!status) status = ap__jparse_postfix(p, &argument);
    return status ? status : ap__jparser_add(p, &test->as.call.arguments.positional, argument);
}

static ap_status parse_test(ap__jparser *p, ap__jnode **node) {
    ap__jnode *test, *not_node;
    uint32_t at = ap__jparser_token(p)->at;
    ap__jparser_next(p);
    bool is_negated = ap__jparser_skip_word(p, "not");
    ap_status status = ap__jparser_node(&test, p, AP__JN_TEST);
    if (status) return status;
    test->as.call.node = *node;
    *node = test;
    if ((status = parse_row_name(p, test, false))) return status;
    if (ap__jparser_is(p, AP__JT_LPAREN))
        status = parse_arguments(p, &test->as.call.arguments);
    else if (begins_argument(p))
        status = parse_test_argument(p, test);
    if (status || !is_negated) return status;
    if ((status = ap__jparser_node_at(&not_node, p, AP__JN_UNARY, at))) return status;
    not_node->op = AP__J_NOT;
    not_node->as.binary.left = test;
    *node = not_node;
    return AP_OK;
}

ap_status ap__jparse_filters_and_tests(ap__jparser *p, ap__jnode **node) {
    ap_status status = AP_OK;
    while (!status) {
        if (ap__jparser_is(p, AP__JT_PIPE))
            status = ap__jparse_filters(p, node, false);
        else if (ap__jparser_is_word(p, "is"))
            status = parse_test(p, node);
        else if (ap__jparser_is(p, AP__JT_LPAREN))
            status = parse_call(p, node);
        else
            break;
    }
    return status;
}

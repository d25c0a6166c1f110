/* Expressions. */
#include "generate/chat/parser.h"

#include "base/error.h"
#include "generate/chat/rows.h"

#include <string.h>

enum { MAX_DEPTH = 150, MAX_NAMES = 1024 };

static ap_status parse_primary(ap__jparser *p, ap__jnode **out, ap__jtuple_rules rules);
static ap_status parse_unary(ap__jparser *p, ap__jnode **out, bool with_filter);

/* -- tokens -------------------------------------------------------------------------------------------- */

static bool is_word_token(const ap__jtoken *token, const char *word) {
    return token->kind == AP__JT_NAME && token->text.len == strlen(word) &&
           !memcmp(token->text.ptr, word, token->text.len);
}

bool ap__jparser_is_word(const ap__jparser *p, const char *word) {
    return is_word_token(ap__jparser_token(p), word);
}

bool ap__jparser_is_next_word(const ap__jparser *p, const char *word) {
    return p->i + 1 < p->tokens.n && is_word_token(&p->tokens.ptr[p->i + 1], word);
}

static void next(ap__jparser *p) {
    if (p->i + 1 < p->tokens.n) p->i++;
}

bool ap__jparser_skip(ap__jparser *p, ap__jtoken_kind kind) {
    bool is_there = ap__jparser_is(p, kind);
    if (is_there) next(p);
    return is_there;
}

bool ap__jparser_skip_word(ap__jparser *p, const char *word) {
    bool is_there = ap__jparser_is_word(p, word);
    if (is_there) next(p);
    return is_there;
}

ap_status ap__jparser_fail_token(const ap__jparser *p, const char *expected) {
    const ap__jtoken *token = ap__jparser_token(p);
    size_t len;
    const char *found = ap__jtoken_name(token, &len);
    return ap__jinja_fail(p->jinja, token->at, AP_EFORMAT, "expected %s, found \"%.*s\"", expected, (int)len,
                          found);
}

ap_status ap__jparser_expect(ap__jparser *p, ap__jtoken_kind kind, const char *what) {
    return ap__jparser_skip(p, kind) ? AP_OK : ap__jparser_fail_token(p, what);
}

ap_status ap__jparser_expect_word(ap__jparser *p, const char *word) {
    char expected[32] = "\"";
    if (ap__jparser_skip_word(p, word)) return AP_OK;
    size_t len = strlen(word);
    memcpy(expected + 1, word, len);
    expected[len + 1] = '"';
    return ap__jparser_fail_token(p, expected);
}

/* -- nodes --------------------------------------------------------------------------------------------- */

static ap_status node_at(ap__jnode **out, ap__jparser *p, ap__jnode_kind kind, uint32_t at) {
    *out = ap__jmem_alloc(&p->jinja->mem, 1, sizeof **out);
    if (!*out) return p->jinja->mem.status;
    (*out)->kind = (uint8_t)kind;
    (*out)->at = at;
    return AP_OK;
}

ap_status ap__jparser_node(ap__jnode **out, ap__jparser *p, ap__jnode_kind kind) {
    return node_at(out, p, kind, ap__jparser_token(p)->at);
}

ap_status ap__jparser_add(ap__jparser *p, ap__jnodes *nodes, ap__jnode *node) {
    ap__jnode **ptr = ap__jmem_grow(&p->jinja->mem, nodes->ptr, nodes->n, &nodes->capacity, sizeof *ptr);
    if (!ptr) return p->jinja->mem.status;
    nodes->ptr = ptr;
    ptr[nodes->n++] = node;
    return AP_OK;
}

ap_status ap__jparser_enter(ap__jparser *p) {
    if (p->depth == MAX_DEPTH)
        return ap__jinja_fail(p->jinja, ap__jparser_token(p)->at, AP_ELIMIT, "nests deeper than %d",
                              MAX_DEPTH);
    p->depth++;
    return AP_OK;
}

/* Numbers the name of the current token and steps over it. */
ap_status ap__jparser_name(ap__jparser *p, ap__jname *out) {
    ap__jinja *jinja = p->jinja;
    const ap__jtoken *token = ap__jparser_token(p);
    if (token->kind != AP__JT_NAME) return ap__jparser_fail_token(p, "a name");
    ap__jval key = ap__jval_text(token->text.ptr, token->text.len);
    ap__jval *known = ap__jdict_get(&p->names, key);
    *out = (ap__jname){token->text, known ? (uint32_t)known->as.integer : (uint32_t)jinja->n_names};
    if (known) {
        next(p);
        return AP_OK;
    }
    if (jinja->n_names == MAX_NAMES)
        return ap__jinja_fail(jinja, token->at, AP_ELIMIT, "more than %d names", MAX_NAMES);
    ap__jname *names =
        ap__jmem_grow(&jinja->mem, jinja->names, jinja->n_names, &jinja->names_capacity, sizeof *names);
    if (!names) return jinja->mem.status;
    jinja->names = names;
    jinja->names[jinja->n_names++] = *out;
    next(p);
    return ap__jdict_set(&p->names, &jinja->mem, key, ap__jval_int(out->id));
}

/* -- literals ------------------------------------------------------------------------------------------ */

static ap_status parse_const(ap__jparser *p, ap__jnode **out, ap__jval value) {
    ap_status status = ap__jparser_node(out, p, AP__JN_CONST);
    if (status) return status;
    (*out)->as.value = value;
    next(p);
    return AP_OK;
}

/* Strings that follow each other are one. */
static ap_status parse_string(ap__jparser *p, ap__jnode **out) {
    ap__text text = ap__jparser_token(p)->text;
    ap_status status = parse_const(p, out, ap__jval_text(text.ptr, text.len));
    while (!status && ap__jparser_is(p, AP__JT_STRING)) {
        ap__text more = ap__jparser_token(p)->text;
        char *joined = ap__jmem_alloc(&p->jinja->mem, text.len + more.len + 1, 1);
        if (!joined) return p->jinja->mem.status;
        if (text.len) memcpy(joined, text.ptr, text.len);
        if (more.len) memcpy(joined + text.len, more.ptr, more.len);
        text = (ap__text){joined, text.len + more.len};
        (*out)->as.value = ap__jval_text(text.ptr, text.len);
        next(p);
    }
    return status;
}

static bool find_constant(const ap__jparser *p, ap__jval *out) {
    static const char *const WORDS[] = {"true", "True", "false", "False", "none", "None"};
    for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++) {
        if (!ap__jparser_is_word(p, WORDS[i])) continue;
        *out = i < 4 ? ap__jval_bool(i < 2) : ap__jval_none();
        return true;
    }
    return false;
}

static ap_status parse_name(ap__jparser *p, ap__jnode **out, ap__jtuple_rules rules) {
    ap__jval constant;
    if (find_constant(p, &constant)) return parse_const(p, out, constant);
    ap_status status = ap__jparser_node(out, p, AP__JN_NAME);
    if (!status) status = ap__jparser_name(p, &(*out)->as.name.name);
    if (status || !rules.has_namespace || !ap__jparser_skip(p, AP__JT_DOT)) return status;
    (*out)->kind = AP__JN_NAMESPACE_REF;
    (*out)->as.name.attribute = ap__jparser_token(p)->text;
    return ap__jparser_expect(p, AP__JT_NAME, "a name");
}

static ap_status parse_list(ap__jparser *p, ap__jnode **out) {
    ap_status status = ap__jparser_node(out, p, AP__JN_LIST);
    next(p);
    while (!status && !ap__jparser_is(p, AP__JT_RBRACKET)) {
        ap__jnode *item;
        if ((*out)->as.items.n && (status = ap__jparser_expect(p, AP__JT_COMMA, "\",\" or \"]\""))) break;
        if (ap__jparser_is(p, AP__JT_RBRACKET)) break;
        if (!(status = ap__jparse_expression(p, &item))) status = ap__jparser_add(p, &(*out)->as.items, item);
    }
    return status ? status : ap__jparser_expect(p, AP__JT_RBRACKET, "\"]\"");
}

static ap_status parse_dict(ap__jparser *p, ap__jnode **out) {
    ap_status status = ap__jparser_node(out, p, AP__JN_DICT);
    next(p);
    while (!status && !ap__jparser_is(p, AP__JT_RBRACE)) {
        ap__jnode *key, *value;
        if ((*out)->as.items.n && (status = ap__jparser_expect(p, AP__JT_COMMA, "\",\" or \"}\""))) break;
        if (ap__jparser_is(p, AP__JT_RBRACE)) break;
        status = ap__jparse_expression(p, &key);
        if (!status) status = ap__jparser_expect(p, AP__JT_COLON, "\":\"");
        if (!status) status = ap__jparse_expression(p, &value);
        if (!status) status = ap__jparser_add(p, &(*out)->as.items, key);
        if (!status) status = ap__jparser_add(p, &(*out)->as.items, value);
    }
    return status ? status : ap__jparser_expect(p, AP__JT_RBRACE, "\"}\"");
}

static ap_status parse_parentheses(ap__jparser *p, ap__jnode **out) {
    next(p);
    ap_status status = ap__jparse_tuple(p, out, (ap__jtuple_rules){.is_parenthesized = true});
    return status ? status : ap__jparser_expect(p, AP__JT_RPAREN, "\")\"");
}

static ap_status parse_primary_here(ap__jparser *p, ap__jnode **out, ap__jtuple_rules rules) {
    switch (ap__jparser_token(p)->kind) {
    case AP__JT_NAME:
        return parse_name(p, out, rules);
    case AP__JT_STRING:
        return parse_string(p, out);
    case AP__JT_INTEGER:
    case AP__JT_FLOAT:
        return parse_const(p, out, ap__jparser_token(p)->value);
    case AP__JT_LPAREN:
        return parse_parentheses(p, out);
    case AP__JT_LBRACKET:
        return parse_list(p, out);
    case AP__JT_LBRACE:
        return parse_dict(p, out);
    default:
        return ap__jparser_fail_token(p, "an expression");
    }
}

static ap_status parse_primary(ap__jparser *p, ap__jnode **out, ap__jtuple_rules rules) {
    ap_status status = ap__jparser_enter(p);
    if (status) return status;
    status = parse_primary_here(p, out, rules);
    ap__jparser_leave(p);
    return status;
}

static bool is_tuple_end(const ap__jparser *p, const ap__jtuple_rules *rules) {
    return ap__jparser_is(p, AP__JT_VARIABLE_END) || ap__jparser_is(p, AP__JT_BLOCK_END) ||
           ap__jparser_is(p, AP__JT_RPAREN) || (rules->end_word && ap__jparser_is_word(p, rules->end_word));
}

static ap_status parse_or(ap__jparser *p, ap__jnode **out);

static ap_status parse_tuple_item(ap__jparser *p, ap__jnode **out, ap__jtuple_rules rules) {
    if (rules.is_target)
        return parse_primary(p, out, (ap__jtuple_rules){.has_namespace = rules.has_namespace});
    return rules.no_condition ? parse_or(p, out) : ap__jparse_expression(p, out);
}

/* One expression, or several with commas, which are a tuple. */
ap_status ap__jparse_tuple(ap__jparser *p, ap__jnode **out, ap__jtuple_rules rules) {
    ap__jnode *tuple, *item;
    bool is_tuple = false;
    ap_status status = ap__jparser_node(&tuple, p, AP__JN_TUPLE);
    while (!status && !is_tuple_end(p, &rules)) {
        status = parse_tuple_item(p, &item, rules);
        if (!status) status = ap__jparser_add(p, &tuple->as.items, item);
        if (status || !ap__jparser_skip(p, AP__JT_COMMA)) break;
        is_tuple = true;
    }
    if (status) return status;
    if (!is_tuple && !tuple->as.items.n && !rules.is_parenthesized)
        return ap__jparser_fail_token(p, "an expression");
    *out = !is_tuple && tuple->as.items.n ? tuple->as.items.ptr[0] : tuple;
    return AP_OK;
}

/* Marks what is assigned to. */
static ap_status set_store(ap__jparser *p, ap__jnode *node) {
    ap_status status = AP_OK;
    if (node->kind == AP__JN_NAME || node->kind == AP__JN_NAMESPACE_REF) {
        node->as.name.is_store = node->kind == AP__JN_NAME;
        return AP_OK;
    }
    if (node->kind != AP__JN_TUPLE)
        return ap__jinja_fail(p->jinja, node->at, AP_EFORMAT, "this cannot be assigned to");
    for (size_t i = 0; i < node->as.items.n && !status; i++) status = set_store(p, node->as.items.ptr[i]);
    return status;
}

ap_status ap__jparse_target(ap__jparser *p, ap__jnode **out, ap__jtuple_rules rules) {
    rules.is_target = true;
    ap_status status = ap__jparse_tuple(p, out, rules);
    return status ? status : set_store(p, *out);
}

/* -- postfix ------------------------------------------------------------------------------------------- */

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
    next(p);
    next(p);
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
    next(p);
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
    next(p);
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
    next(p);
    if (!is_attribute) return parse_index(p, get);
    if (ap__jparser_is(p, AP__JT_INTEGER)) {
        get->kind = AP__JN_GETITEM;
        return parse_const(p, &get->as.get.arg, ap__jparser_token(p)->value);
    }
    get->as.get.name = ap__jparser_token(p)->text;
    return ap__jparser_expect(p, AP__JT_NAME, "a name or a number");
}

static ap_status parse_postfix(ap__jparser *p, ap__jnode **node) {
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
    ap_status status = parse_primary(p, &argument, (ap__jtuple_rules){0});
    if (!status) status = parse_postfix(p, &argument);
    return status ? status : ap__jparser_add(p, &test->as.call.arguments.positional, argument);
}

static ap_status parse_test(ap__jparser *p, ap__jnode **node) {
    ap__jnode *test, *not_node;
    uint32_t at = ap__jparser_token(p)->at;
    next(p);
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
    if ((status = node_at(&not_node, p, AP__JN_UNARY, at))) return status;
    not_node->op = AP__J_NOT;
    not_node->as.binary.left = test;
    *node = not_node;
    return AP_OK;
}

static ap_status parse_filters_and_tests(ap__jparser *p, ap__jnode **node) {
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

/* -- operators ----------------------------------------------------------------------------------------- */

static ap_status make_binary(ap__jparser *p, ap__jnode **left, ap__jop op, ap__jnode *right) {
    ap__jnode *node;
    ap_status status = node_at(&node, p, AP__JN_BINARY, (*left)->at);
    if (status) return status;
    node->op = (uint8_t)op;
    node->as.binary.left = *left;
    node->as.binary.right = right;
    *left = node;
    return AP_OK;
}

static ap_status parse_sign(ap__jparser *p, ap__jnode **out, ap__jop op) {
    ap_status status = ap__jparser_node(out, p, AP__JN_UNARY);
    if (status) return status;
    (*out)->op = (uint8_t)op;
    next(p);
    return parse_unary(p, &(*out)->as.binary.left, false);
}

static ap_status parse_unary_here(ap__jparser *p, ap__jnode **out, bool with_filter) {
    ap_status status;
    if (ap__jparser_is(p, AP__JT_SUB) || ap__jparser_is(p, AP__JT_ADD))
        status = parse_sign(p, out, ap__jparser_is(p, AP__JT_SUB) ? AP__J_SUB : AP__J_ADD);
    else
        status = parse_primary(p, out, (ap__jtuple_rules){0});
    if (!status) status = parse_postfix(p, out);
    return status || !with_filter ? status : parse_filters_and_tests(p, out);
}

static ap_status parse_unary(ap__jparser *p, ap__jnode **out, bool with_filter) {
    ap_status status = ap__jparser_enter(p);
    if (status) return status;
    status = parse_unary_here(p, out, with_filter);
    ap__jparser_leave(p);
    return status;
}

static ap_status parse_operand(ap__jparser *p, ap__jnode **out) { return parse_unary(p, out, true); }

/* A row of operators of the same rank, from the left. */
typedef struct rank {
    ap_status (*operand)(ap__jparser *p, ap__jnode **out);
    struct {
        ap__jtoken_kind token;
        ap__jop op;
    } ops[4];
    size_t n;
} rank;

static ap_status parse_rank(ap__jparser *p, ap__jnode **out, const rank *r) {
    ap_status status = r->operand(p, out);
    while (!status) {
        size_t i = 0;
        ap__jnode *right;
        while (i < r->n && !ap__jparser_is(p, r->ops[i].token)) i++;
        if (i == r->n) break;
        next(p);
        if (!(status = r->operand(p, &right))) status = make_binary(p, out, r->ops[i].op, right);
    }
    return status;
}

static ap_status parse_pow(ap__jparser *p, ap__jnode **out) {
    static const rank RANK = {parse_operand, {{AP__JT_POW, AP__J_POW}}, 1};
    return parse_rank(p, out, &RANK);
}

static ap_status parse_product(ap__jparser *p, ap__jnode **out) {
    static const rank RANK = {parse_pow,
                              {{AP__JT_MUL, AP__J_MUL},
                               {AP__JT_DIV, AP__J_DIV},
                               {AP__JT_FLOORDIV, AP__J_FLOORDIV},
                               {AP__JT_MOD, AP__J_MOD}},
                              4};
    return parse_rank(p, out, &RANK);
}

static ap_status parse_concat(ap__jparser *p, ap__jnode **out) {
    ap__jnode *concat, *part;
    ap_status status = parse_product(p, out);
    if (status || !ap__jparser_is(p, AP__JT_TILDE)) return status;
    if ((status = node_at(&concat, p, AP__JN_CONCAT, (*out)->at))) return status;
    status = ap__jparser_add(p, &concat->as.items, *out);
    while (!status && ap__jparser_skip(p, AP__JT_TILDE))
        if (!(status = parse_product(p, &part))) status = ap__jparser_add(p, &concat->as.items, part);
    *out = concat;
    return status;
}

static ap_status parse_sum(ap__jparser *p, ap__jnode **out) {
    static const rank RANK = {parse_concat, {{AP__JT_ADD, AP__J_ADD}, {AP__JT_SUB, AP__J_SUB}}, 2};
    return parse_rank(p, out, &RANK);
}

/* The comparison that stands here, stepped over. */
static bool skip_comparison(ap__jparser *p, uint8_t *op) {
    static const struct {
        ap__jtoken_kind token;
        ap__jop op;
    } OPS[] = {{AP__JT_EQ, AP__J_EQ}, {AP__JT_NE, AP__J_NE}, {AP__JT_LT, AP__J_LT},
               {AP__JT_LE, AP__J_LE}, {AP__JT_GT, AP__J_GT}, {AP__JT_GE, AP__J_GE}};
    for (size_t i = 0; i < sizeof OPS / sizeof *OPS; i++) {
        *op = (uint8_t)OPS[i].op;
        if (ap__jparser_skip(p, OPS[i].token)) return true;
    }
    *op = AP__J_IN;
    if (ap__jparser_skip_word(p, "in")) return true;
    if (!ap__jparser_is_word(p, "not") || !ap__jparser_is_next_word(p, "in")) return false;
    *op = AP__J_NOT_IN;
    next(p);
    next(p);
    return true;
}

static ap_status parse_compare(ap__jparser *p, ap__jnode **out) {
    ap__jnode *compare = NULL, *operand;
    ap__jmem *mem = &p->jinja->mem;
    uint8_t op;
    ap_status status = parse_sum(p, out);
    while (!status && skip_comparison(p, &op)) {
        if (!compare) {
            if ((status = node_at(&compare, p, AP__JN_COMPARE, (*out)->at))) break;
            status = ap__jparser_add(p, &compare->as.compare.operands, *out);
            *out = compare;
        }
        size_t n = compare->as.compare.operands.n;
        uint8_t *ops =
            ap__jmem_grow(mem, compare->as.compare.ops, n - 1, &compare->as.compare.ops_capacity, 1);
        if (!ops) return mem->status;
        compare->as.compare.ops = ops;
        ops[n - 1] = op;
        if (!status) status = parse_sum(p, &operand);
        if (!status) status = ap__jparser_add(p, &compare->as.compare.operands, operand);
    }
    return status;
}

static ap_status parse_not(ap__jparser *p, ap__jnode **out) {
    if (!ap__jparser_is_word(p, "not")) return parse_compare(p, out);
    ap_status status = ap__jparser_enter(p);
    if (!status) status = ap__jparser_node(out, p, AP__JN_UNARY);
    if (status) return status;
    (*out)->op = AP__J_NOT;
    next(p);
    status = parse_not(p, &(*out)->as.binary.left);
    ap__jparser_leave(p);
    return status;
}

static ap_status parse_and(ap__jparser *p, ap__jnode **out) {
    ap__jnode *right;
    ap_status status = parse_not(p, out);
    while (!status && ap__jparser_skip_word(p, "and"))
        if (!(status = parse_not(p, &right))) status = make_binary(p, out, AP__J_AND, right);
    return status;
}

static ap_status parse_or(ap__jparser *p, ap__jnode **out) {
    ap__jnode *right;
    ap_status status = parse_and(p, out);
    while (!status && ap__jparser_skip_word(p, "or"))
        if (!(status = parse_and(p, &right))) status = make_binary(p, out, AP__J_OR, right);
    return status;
}

static ap_status parse_condition(ap__jparser *p, ap__jnode **out) {
    ap_status status = parse_or(p, out);
    while (!status && ap__jparser_skip_word(p, "if")) {
        ap__jnode *condition;
        if ((status = node_at(&condition, p, AP__JN_CONDITION, (*out)->at))) break;
        condition->as.condition.then = *out;
        *out = condition;
        status = parse_or(p, &condition->as.condition.test);
        if (!status && ap__jparser_skip_word(p, "else"))
            status = ap__jparse_expression(p, &condition->as.condition.else_);
    }
    return status;
}

ap_status ap__jparse_expression(ap__jparser *p, ap__jnode **out) {
    ap_status status = ap__jparser_enter(p);
    if (status) return status;
    status = parse_condition(p, out);
    ap__jparser_leave(p);
    return status;
}

/* Tokens, nodes, and the expressions that stand for themselves: literals, names, lists, tuples. */
#include "generate/chat/parser.h"

#include <string.h>

enum { MAX_DEPTH = 150, MAX_NAMES = 1024 };

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

void ap__jparser_next(ap__jparser *p) {
    if (p->i + 1 < p->tokens.n) p->i++;
}

bool ap__jparser_skip(ap__jparser *p, ap__jtoken_kind kind) {
    bool is_there = ap__jparser_is(p, kind);
    if (is_there) ap__jparser_next(p);
    return is_there;
}

bool ap__jparser_skip_word(ap__jparser *p, const char *word) {
    bool is_there = ap__jparser_is_word(p, word);
    if (is_there) ap__jparser_next(p);
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

ap_status ap__jparser_node_at(ap__jnode **out, ap__jparser *p, ap__jnode_kind kind, uint32_t at) {
    *out = ap__jmem_alloc(&p->jinja->mem, 1, sizeof **out);
    if (!*out) return p->jinja->mem.status;
    (*out)->kind = (uint8_t)kind;
    (*out)->at = at;
    return AP_OK;
}

ap_status ap__jparser_node(ap__jnode **out, ap__jparser *p, ap__jnode_kind kind) {
    return ap__jparser_node_at(out, p, kind, ap__jparser_token(p)->at);
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
        ap__jparser_next(p);
        return AP_OK;
    }
    if (jinja->n_names == MAX_NAMES)
        return ap__jinja_fail(jinja, token->at, AP_ELIMIT, "more than %d names", MAX_NAMES);
    ap__jname *names =
        ap__jmem_grow(&jinja->mem, jinja->names, jinja->n_names, &jinja->names_capacity, sizeof *names);
    if (!names) return jinja->mem.status;
    jinja->names = names;
    jinja->names[jinja->n_names++] = *out;
    ap__jparser_next(p);
    return ap__jdict_set(&p->names, &jinja->mem, key, ap__jval_int(out->id));
}

/* -- literals ------------------------------------------------------------------------------------------ */

ap_status ap__jparse_const(ap__jparser *p, ap__jnode **out, ap__jval value) {
    ap_status status = ap__jparser_node(out, p, AP__JN_CONST);
    if (status) return status;
    (*out)->as.value = value;
    ap__jparser_next(p);
    return AP_OK;
}

/* Strings that follow each other are one. */
static ap_status parse_string(ap__jparser *p, ap__jnode **out) {
    ap__text text = ap__jparser_token(p)->text;
    ap_status status = ap__jparse_const(p, out, ap__jval_text(text.ptr, text.len));
    while (!status && ap__jparser_is(p, AP__JT_STRING)) {
        ap__text more = ap__jparser_token(p)->text;
        char *joined = ap__jmem_alloc(&p->jinja->mem, text.len + more.len + 1, 1);
        if (!joined) return p->jinja->mem.status;
        if (text.len) memcpy(joined, text.ptr, text.len);
        if (more.len) memcpy(joined + text.len, more.ptr, more.len);
        text = (ap__text){joined, text.len + more.len};
        (*out)->as.value = ap__jval_text(text.ptr, text.len);
        ap__jparser_next(p);
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
    if (find_constant(p, &constant)) return ap__jparse_const(p, out, constant);
    ap_status status = ap__jparser_node(out, p, AP__JN_NAME);
    if (!status) status = ap__jparser_name(p, &(*out)->as.name.name);
    if (status || !rules.has_namespace || !ap__jparser_skip(p, AP__JT_DOT)) return status;
    (*out)->kind = AP__JN_NAMESPACE_REF;
    (*out)->as.name.attribute = ap__jparser_token(p)->text;
    return ap__jparser_expect(p, AP__JT_NAME, "a name");
}

static ap_status parse_list(ap__jparser *p, ap__jnode **out) {
    ap_status status = ap__jparser_node(out, p, AP__JN_LIST);
    ap__jparser_next(p);
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
    ap__jparser_next(p);
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
    ap__jparser_next(p);
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
        return ap__jparse_const(p, out, ap__jparser_token(p)->value);
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

ap_status ap__jparse_primary(ap__jparser *p, ap__jnode **out, ap__jtuple_rules rules) {
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

static ap_status parse_tuple_item(ap__jparser *p, ap__jnode **out, ap__jtuple_rules rules) {
    if (rules.is_target)
        return ap__jparse_primary(p, out, (ap__jtuple_rules){.has_namespace = rules.has_namespace});
    return rules.no_condition ? ap__jparse_or(p, out) : ap__jparse_expression(p, out);
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

/* Operators, by their rank. */
#include "generate/chat/parser.h"

static ap_status parse_unary(ap__jparser *p, ap__jnode **out, bool with_filter);

static ap_status make_binary(ap__jparser *p, ap__jnode **left, ap__jop op, ap__jnode *right) {
    ap__jnode *node;
    ap_status status = ap__jparser_node_at(&node, p, AP__JN_BINARY, (*left)->at);
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
    ap__jparser_next(p);
    return parse_unary(p, &(*out)->as.binary.left, false);
}

static ap_status parse_unary_here(ap__jparser *p, ap__jnode **out, bool with_filter) {
    ap_status status;
    if (ap__jparser_is(p, AP__JT_SUB) || ap__jparser_is(p, AP__JT_ADD))
        status = parse_sign(p, out, ap__jparser_is(p, AP__JT_SUB) ? AP__J_SUB : AP__J_ADD);
    else
        status = ap__jparse_primary(p, out, (ap__jtuple_rules){0});
    if (!status) status = ap__jparse_postfix(p, out);
    return status || !with_filter ? status : ap__jparse_filters_and_tests(p, out);
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
        ap__jparser_next(p);
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
    if ((status = ap__jparser_node_at(&concat, p, AP__JN_CONCAT, (*out)->at))) return status;
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
    ap__jparser_next(p);
    ap__jparser_next(p);
    return true;
}

static ap_status parse_compare(ap__jparser *p, ap__jnode **out) {
    ap__jnode *compare = NULL, *operand;
    ap__jmem *mem = &p->jinja->mem;
    uint8_t op;
    ap_status status = parse_sum(p, out);
    while (!status && skip_comparison(p, &op)) {
        if (!compare) {
            if ((status = ap__jparser_node_at(&compare, p, AP__JN_COMPARE, (*out)->at))) break;
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
    ap__jparser_next(p);
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

ap_status ap__jparse_or(ap__jparser *p, ap__jnode **out) {
    ap__jnode *right;
    ap_status status = parse_and(p, out);
    while (!status && ap__jparser_skip_word(p, "or"))
        if (!(status = parse_and(p, &right))) status = make_binary(p, out, AP__J_OR, right);
    return status;
}

static ap_status parse_condition(ap__jparser *p, ap__jnode **out) {
    ap_status status = ap__jparse_or(p, out);
    while (!status && ap__jparser_skip_word(p, "if")) {
        ap__jnode *condition;
        if ((status = ap__jparser_node_at(&condition, p, AP__JN_CONDITION, (*out)->at))) break;
        condition->as.condition.then = *out;
        *out = condition;
        status = ap__jparse_or(p, &condition->as.condition.test);
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

/* Tokens to the tree of a template. Source: jinja2@3.1.6 parser.py. */
#ifndef AP_GENERATE_CHAT_PARSER_H
#define AP_GENERATE_CHAT_PARSER_H

#include "generate/chat/lexer.h"

typedef struct ap__jparser {
    ap__jinja *jinja;
    ap__jmem mem; /* Of the tokens. */
    ap__jtokens tokens;
    size_t i; /* The current token. */
    int depth, n_loops;
    ap__jdict names; /* To their ids. */
} ap__jparser;

/* Reads jinja->source into jinja->body. */
ap_status ap__jparser_run(ap__jinja *jinja);

/* -- between the parser's files ------------------------------------------------------------------------- */

static inline const ap__jtoken *ap__jparser_token(const ap__jparser *p) { return &p->tokens.ptr[p->i]; }

static inline bool ap__jparser_is(const ap__jparser *p, ap__jtoken_kind kind) {
    return ap__jparser_token(p)->kind == kind;
}

/* Whether the current token, or the one behind it, is that word. */
bool ap__jparser_is_word(const ap__jparser *p, const char *word);
bool ap__jparser_is_next_word(const ap__jparser *p, const char *word);

void ap__jparser_next(ap__jparser *p); /* Not over the last token. */

/* Steps over the current token if it is that. */
bool ap__jparser_skip(ap__jparser *p, ap__jtoken_kind kind);
bool ap__jparser_skip_word(ap__jparser *p, const char *word);

ap_status ap__jparser_expect(ap__jparser *p, ap__jtoken_kind kind, const char *what);
ap_status ap__jparser_expect_word(ap__jparser *p, const char *word);
ap_status ap__jparser_fail_token(const ap__jparser *p, const char *expected);

/* A node at the current token. */
ap_status ap__jparser_node(ap__jnode **out, ap__jparser *p, ap__jnode_kind kind);
ap_status ap__jparser_node_at(ap__jnode **out, ap__jparser *p, ap__jnode_kind kind, uint32_t at);
ap_status ap__jparser_add(ap__jparser *p, ap__jnodes *nodes, ap__jnode *node);
ap_status ap__jparser_name(ap__jparser *p, ap__jname *out);

/* Counts nesting; every ap__jparser_enter() that succeeds has a leave. */
ap_status ap__jparser_enter(ap__jparser *p);
static inline void ap__jparser_leave(ap__jparser *p) { p->depth--; }

/* What a list of expressions may be. */
typedef struct ap__jtuple_rules {
    bool is_target;        /* Names and literals alone. */
    bool has_namespace;    /* And attributes of namespaces. */
    bool no_condition;     /* No `a if b else c`. */
    bool is_parenthesized; /* May be empty. */
    const char *end_word;  /* Ends it besides. */
} ap__jtuple_rules;

ap_status ap__jparse_expression(ap__jparser *p, ap__jnode **out);
ap_status ap__jparse_tuple(ap__jparser *p, ap__jnode **out, ap__jtuple_rules rules);
ap_status ap__jparse_target(ap__jparser *p, ap__jnode **out, ap__jtuple_rules rules);
ap_status ap__jparse_filters(ap__jparser *p, ap__jnode **node, bool begins_with_name);

/* The parts of an expression: one without `if` behind it, one without operators, the current token alone. */
ap_status ap__jparse_or(ap__jparser *p, ap__jnode **out);
ap_status ap__jparse_primary(ap__jparser *p, ap__jnode **out, ap__jtuple_rules rules);
ap_status ap__jparse_const(ap__jparser *p, ap__jnode **out, ap__jval value);

/* What stands behind `*node` goes around it. */
ap_status ap__jparse_postfix(ap__jparser *p, ap__jnode **node);
ap_status ap__jparse_filters_and_tests(ap__jparser *p, ap__jnode **node);

#endif

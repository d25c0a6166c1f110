/* Statements. */
#include "base/error.h"
#include "generate/chat/parser.h"

#include <string.h>

/* Words that end a body, first the one that closes it; NULL behind the last. */
typedef const char *const end_words[4];

static ap_status parse_body(ap__jparser *p, ap__jnodes *out, const char *const *ends);

/* -- bodies -------------------------------------------------------------------------------------------- */

static bool is_end(const ap__jparser *p, const char *const *ends) {
    for (; ends && *ends; ends++)
        if (ap__jparser_is_word(p, *ends)) return true;
    return false;
}

static ap_status expect_block_end(ap__jparser *p) {
    return ap__jparser_expect(p, AP__JT_BLOCK_END, "\"%}\"");
}

/* Behind the opening tag of a statement: a body up to one of `ends`, which is then the current token. */
static ap_status parse_block(ap__jparser *p, ap__jnodes *out, const char *const *ends) {
    ap__jparser_skip(p, AP__JT_COLON);
    ap_status status = expect_block_end(p);
    return status ? status : parse_body(p, out, ends);
}

/* The same with one end, which is stepped over. */
static ap_status parse_block_to(ap__jparser *p, ap__jnodes *out, const char *end) {
    end_words ends = {end, NULL};
    ap_status status = parse_block(p, out, ends);
    return status ? status : ap__jparser_expect_word(p, end);
}

/* -- statements ---------------------------------------------------------------------------------------- */

/* The pattern a, (b, c) again, for a scope of its own. */
static ap_status copy_target(ap__jparser *p, ap__jnode **out, const ap__jnode *from) {
    ap_status status = ap__jparser_node(out, p, (ap__jnode_kind)from->kind);
    if (status) return status;
    **out = *from;
    if (from->kind != AP__JN_TUPLE) return AP_OK;
    (*out)->as.items = (ap__jnodes){0};
    for (size_t i = 0; i < from->as.items.n && !status; i++) {
        ap__jnode *item;
        status = copy_target(p, &item, from->as.items.ptr[i]);
        if (!status) status = ap__jparser_add(p, &(*out)->as.items, item);
    }
    return status;
}

static ap_status parse_for_head(ap__jparser *p, ap__jfor_def *loop) {
    ap_status status = ap__jparse_target(p, &loop->target, (ap__jtuple_rules){.end_word = "in"});
    if (!status) status = ap__jparser_expect_word(p, "in");
    ap__jtuple_rules rules = {.no_condition = true, .end_word = "recursive"};
    if (!status) status = ap__jparse_tuple(p, &loop->iter, rules);
    if (!status && ap__jparser_skip_word(p, "if")) {
        status = ap__jparse_expression(p, &loop->test);
        if (!status) status = copy_target(p, &loop->test_target, loop->target);
    }
    loop->is_recursive = !status && ap__jparser_skip_word(p, "recursive");
    return status;
}

static ap_status parse_for(ap__jparser *p, ap__jnode **out) {
    static end_words ENDS = {"endfor", "else"};
    ap_status status = ap__jparser_node(out, p, AP__JN_FOR);
    if (status) return status;
    ap__jfor_def *loop = (*out)->as.loop = ap__jmem_alloc(&p->jinja->mem, 1, sizeof *loop);
    if (!loop) return p->jinja->mem.status;
    if ((status = parse_for_head(p, loop))) return status;
    p->n_loops++;
    status = parse_block(p, &loop->body, ENDS);
    p->n_loops--;
    if (status) return status;
    if (!ap__jparser_skip_word(p, "else")) return ap__jparser_expect_word(p, "endfor");
    return parse_block_to(p, &loop->else_, "endfor");
}

/* An elif becomes an IF alone in the else of the one before. */
static ap_status parse_if(ap__jparser *p, ap__jnode **out) {
    static end_words ENDS = {"endif", "elif", "else"};
    ap__jnode **slot = out;
    for (;;) {
        ap_status status = ap__jparser_node(slot, p, AP__JN_IF);
        ap__jnode *node = *slot;
        if (!status)
            status = ap__jparse_tuple(p, &node->as.branch.test, (ap__jtuple_rules){.no_condition = true});
        if (!status) status = parse_block(p, &node->as.branch.body, ENDS);
        if (status) return status;
        if (ap__jparser_skip_word(p, "else")) return parse_block_to(p, &node->as.branch.else_, "endif");
        if (!ap__jparser_skip_word(p, "elif")) return ap__jparser_expect_word(p, "endif");
        if ((status = ap__jparser_add(p, &node->as.branch.else_, NULL))) return status;
        slot = &node->as.branch.else_.ptr[0];
    }
}

static ap_status parse_set(ap__jparser *p, ap__jnode **out) {
    ap_status status = ap__jparser_node(out, p, AP__JN_SET);
    if (!status)
        status = ap__jparse_target(p, &(*out)->as.set.target, (ap__jtuple_rules){.has_namespace = true});
    if (status) return status;
    if (ap__jparser_skip(p, AP__JT_ASSIGN))
        return ap__jparse_tuple(p, &(*out)->as.set.value, (ap__jtuple_rules){0});
    (*out)->kind = AP__JN_SET_BLOCK;
    status = ap__jparse_filters(p, &(*out)->as.set.value, false);
    return status ? status : parse_block_to(p, &(*out)->as.set.body, "endset");
}

static ap_status parse_with(ap__jparser *p, ap__jnode **out) {
    ap_status status = ap__jparser_node(out, p, AP__JN_WITH);
    while (!status && !ap__jparser_is(p, AP__JT_BLOCK_END)) {
        ap__jnode *target, *value;
        if ((*out)->as.with.targets.n && (status = ap__jparser_expect(p, AP__JT_COMMA, "\",\" or \"%}\"")))
            break;
        status = ap__jparse_target(p, &target, (ap__jtuple_rules){0});
        if (!status) status = ap__jparser_expect(p, AP__JT_ASSIGN, "\"=\"");
        if (!status) status = ap__jparse_expression(p, &value);
        if (!status) status = ap__jparser_add(p, &(*out)->as.with.targets, target);
        if (!status) status = ap__jparser_add(p, &(*out)->as.with.values, value);
    }
    return status ? status : parse_block_to(p, &(*out)->as.with.body, "endwith");
}

static ap_status parse_filter_block(ap__jparser *p, ap__jnode **out) {
    ap_status status = ap__jparser_node(out, p, AP__JN_FILTER_BLOCK);
    if (!status) status = ap__jparse_filters(p, &(*out)->as.set.value, true);
    return status ? status : parse_block_to(p, &(*out)->as.set.body, "endfilter");
}

static ap_status parse_print(ap__jparser *p, ap__jnode **out) {
    ap_status status = ap__jparser_node(out, p, AP__JN_OUTPUT);
    while (!status && !ap__jparser_is(p, AP__JT_BLOCK_END)) {
        ap__jnode *item;
        if ((*out)->as.items.n && (status = ap__jparser_expect(p, AP__JT_COMMA, "\",\" or \"%}\""))) break;
        if (!(status = ap__jparse_expression(p, &item))) status = ap__jparser_add(p, &(*out)->as.items, item);
    }
    return status;
}

/* -- macros -------------------------------------------------------------------------------------------- */

static ap_status parse_parameter(ap__jparser *p, ap__jmacro_def *macro) {
    ap__jnode *name, *value;
    ap_status status = ap__jparser_node(&name, p, AP__JN_NAME);
    if (!status) status = ap__jparser_name(p, &name->as.name.name);
    if (status) return status;
    name->as.name.is_store = true;
    if ((status = ap__jparser_add(p, &macro->parameters, name))) return status;
    if (ap__jparser_skip(p, AP__JT_ASSIGN)) {
        status = ap__jparse_expression(p, &value);
        return status ? status : ap__jparser_add(p, &macro->defaults, value);
    }
    return macro->defaults.n
               ? ap__jparser_fail_token(p, "\"=\": parameters behind one with a default have one")
               : AP_OK;
}

static ap_status parse_signature(ap__jparser *p, ap__jmacro_def *macro) {
    ap_status status = ap__jparser_expect(p, AP__JT_LPAREN, "\"(\"");
    while (!status && !ap__jparser_is(p, AP__JT_RPAREN)) {
        if (macro->parameters.n && (status = ap__jparser_expect(p, AP__JT_COMMA, "\",\" or \")\""))) break;
        status = parse_parameter(p, macro);
    }
    return status ? status : ap__jparser_expect(p, AP__JT_RPAREN, "\")\"");
}

static ap_status make_macro(ap__jparser *p, ap__jnode **out, ap__jnode_kind kind) {
    ap_status status = ap__jparser_node(out, p, kind);
    if (status) return status;
    (*out)->as.macro = ap__jmem_alloc(&p->jinja->mem, 1, sizeof *(*out)->as.macro);
    return (*out)->as.macro ? AP_OK : p->jinja->mem.status;
}

/* A loop around it is none of its own. */
static ap_status parse_macro_body(ap__jparser *p, ap__jmacro_def *macro, const char *end) {
    int n_loops = p->n_loops;
    p->n_loops = 0;
    ap_status status = parse_block_to(p, &macro->body, end);
    p->n_loops = n_loops;
    return status;
}

static ap_status parse_macro(ap__jparser *p, ap__jnode **out) {
    ap_status status = make_macro(p, out, AP__JN_MACRO);
    if (!status) status = ap__jparser_name(p, &(*out)->as.macro->name);
    if (!status) status = parse_signature(p, (*out)->as.macro);
    return status ? status : parse_macro_body(p, (*out)->as.macro, "endmacro");
}

static ap_status parse_call_block(ap__jparser *p, ap__jnode **out) {
    ap_status status = make_macro(p, out, AP__JN_CALL_BLOCK);
    if (status) return status;
    ap__jmacro_def *macro = (*out)->as.macro;
    if (ap__jparser_is(p, AP__JT_LPAREN)) status = parse_signature(p, macro);
    if (!status) status = ap__jparse_expression(p, &macro->call);
    if (!status && macro->call->kind != AP__JN_CALL)
        status = ap__jinja_fail(p->jinja, macro->call->at, AP_EFORMAT, "expected a call behind \"call\"");
    return status ? status : parse_macro_body(p, macro, "endcall");
}

/* What the model wrote; transformers' own.
 * Source: transformers@v4.55.4 utils/chat_template_utils.py AssistantTracker. */
static ap_status parse_generation(ap__jparser *p, ap__jnode **out) {
    ap_status status = make_macro(p, out, AP__JN_CALL_BLOCK);
    p->jinja->has_generation = true;
    return status ? status : parse_macro_body(p, (*out)->as.macro, "endgeneration");
}

static ap_status parse_jump(ap__jparser *p, ap__jnode **out, ap__jnode_kind kind) {
    if (!p->n_loops)
        return ap__jinja_fail(p->jinja, p->tokens.ptr[p->i - 1].at, AP_EFORMAT, "\"%s\" outside of a loop",
                              kind == AP__JN_BREAK ? "break" : "continue");
    return ap__jparser_node(out, p, kind);
}

static ap_status parse_break(ap__jparser *p, ap__jnode **out) { return parse_jump(p, out, AP__JN_BREAK); }
static ap_status parse_continue(ap__jparser *p, ap__jnode **out) {
    return parse_jump(p, out, AP__JN_CONTINUE);
}

/* -- all of them --------------------------------------------------------------------------------------- */

static const struct {
    const char *word;
    ap_status (*parse)(ap__jparser *p, ap__jnode **out); /* Behind the word. NULL: not supported. */
} STATEMENTS[] = {{"for", parse_for},         {"if", parse_if},
                  {"set", parse_set},         {"macro", parse_macro},
                  {"call", parse_call_block}, {"generation", parse_generation},
                  {"break", parse_break},     {"continue", parse_continue},
                  {"with", parse_with},       {"filter", parse_filter_block},
                  {"print", parse_print},     {"block", NULL},
                  {"extends", NULL},          {"include", NULL},
                  {"import", NULL},           {"from", NULL},
                  {"autoescape", NULL}};

static ap_status parse_statement_here(ap__jparser *p, ap__jnode **out) {
    const ap__jtoken *token = ap__jparser_token(p);
    if (token->kind != AP__JT_NAME) return ap__jparser_fail_token(p, "the name of a tag");
    for (size_t i = 0; i < sizeof STATEMENTS / sizeof *STATEMENTS; i++) {
        if (!ap__jparser_skip_word(p, STATEMENTS[i].word)) continue;
        if (STATEMENTS[i].parse) return STATEMENTS[i].parse(p, out);
        return ap__jinja_fail(p->jinja, token->at, AP_EUNSUPPORTED,
                              "the tag \"%s\" is not supported: a chat template is one file",
                              STATEMENTS[i].word);
    }
    return ap__jinja_fail(p->jinja, token->at, AP_EFORMAT, "unknown tag \"%.*s\"",
                          (int)(token->text.len < 64 ? token->text.len : 64), token->text.ptr);
}

static ap_status parse_statement(ap__jparser *p, ap__jnode **out) {
    ap_status status = ap__jparser_enter(p);
    if (status) return status;
    status = parse_statement_here(p, out);
    ap__jparser_leave(p);
    return status ? status : expect_block_end(p);
}

/* Text or {{ ... }}, into the OUTPUT that runs of them share. */
static ap_status parse_output(ap__jparser *p, ap__jnodes *body, ap__jnode **output) {
    ap__jnode *item;
    ap_status status = AP_OK;
    if (!*output) {
        status = ap__jparser_node(output, p, AP__JN_OUTPUT);
        if (!status) status = ap__jparser_add(p, body, *output);
        if (status) return status;
    }
    if (ap__jparser_is(p, AP__JT_DATA)) {
        if ((status = ap__jparser_node(&item, p, AP__JN_DATA))) return status;
        item->as.data = ap__jparser_token(p)->text;
        ap__jparser_skip(p, AP__JT_DATA);
    } else {
        ap__jparser_skip(p, AP__JT_VARIABLE_BEGIN);
        status = ap__jparse_tuple(p, &item, (ap__jtuple_rules){0});
        if (!status) status = ap__jparser_expect(p, AP__JT_VARIABLE_END, "\"}}\"");
    }
    return status ? status : ap__jparser_add(p, &(*output)->as.items, item);
}

/* Up to one of `ends`, which is then the current token; up to the end without any. */
static ap_status parse_body(ap__jparser *p, ap__jnodes *out, const char *const *ends) {
    ap__jnode *output = NULL, *statement;
    ap_status status = AP_OK;
    while (!status && !ap__jparser_is(p, AP__JT_EOF)) {
        if (!ap__jparser_skip(p, AP__JT_BLOCK_BEGIN)) {
            status = parse_output(p, out, &output);
            continue;
        }
        if (is_end(p, ends)) return AP_OK;
        output = NULL;
        if (!(status = parse_statement(p, &statement))) status = ap__jparser_add(p, out, statement);
    }
    return status || !ends ? status : ap__jparser_expect_word(p, ends[0]);
}

ap_status ap__jparser_run(ap__jinja *jinja) {
    ap__jparser p = {.jinja = jinja, .mem = {.err = jinja->mem.err, .max_bytes = jinja->mem.max_bytes}};
    ap_status status = ap__jlexer_run(&p.tokens, jinja, &p.mem);
    if (!status) status = parse_body(&p, &jinja->body, NULL);
    ap__jmem_clear(&p.mem);
    return status;
}

/* Jinja compiles templates to Python, and gives each scope (the template, the body of a loop, a macro, ...)
 * variables of its own. A scope is first looked through as a whole, and then the names in it are bound: so a
 * name that is set further down is the scope's own in the nested scopes above, too. */
#include "generate/chat/scope.h"

#include "base/error.h"
#include "generate/chat/lexer.h"
#include "generate/chat/scope_visit.h"

#include <string.h>

enum { MAX_DEPTH = 1000, NOT_A_NAME = -1 };

/* Names that the engine itself knows. */
enum { WORD_LOOP, WORD_CALLER, WORD_KWARGS, WORD_VARARGS, N_WORDS };
static const char *const WORDS[N_WORDS] = {"loop", "caller", "kwargs", "varargs"};

typedef struct scope {
    struct scope *parent;
    ap__jfunction *function;
    uint32_t depth; /* Of functions around it. */
    ap__jloads *loads;
    bool is_toplevel, is_soft;
} scope;

struct ap__jbinder {
    ap__jinja *jinja;
    ap__jmem *mem;
    int depth;
    int64_t words[N_WORDS]; /* Their ids, or NOT_A_NAME. */
    uint32_t *stored;       /* Names stored in the scope that is looked through, in order. */
    size_t n_stored, stored_capacity;
};

typedef ap__jbinder binder;

static ap_status enter(binder *b, const ap__jnode *node) {
    if (b->depth == MAX_DEPTH)
        return ap__jinja_fail(b->jinja, node->at, AP_ELIMIT, "nests deeper than %d", MAX_DEPTH);
    b->depth++;
    return AP_OK;
}

/* -- which words a body uses --------------------------------------------------------------------------- */

typedef struct word_search {
    bool is_wanted[N_WORDS], is_found[N_WORDS];
} word_search;

static ap_status search_word(binder *b, void *context, ap__jnode *node) {
    word_search *search = context;
    ap_status status;
    if (node->kind == AP__JN_NAME) {
        for (int i = 0; i < N_WORDS; i++) {
            if ((int64_t)node->as.name.name.id != b->words[i]) continue;
            if (node->as.name.is_store)
                search->is_wanted[i] = false;
            else if (search->is_wanted[i])
                search->is_found[i] = true;
        }
        return AP_OK;
    }
    if ((status = enter(b, node))) return status;
    status = ap__jvisit_children(b, context, node, search_word);
    b->depth--;
    return status;
}

/* Refuses loops that assign to `loop`. */
static ap_status check_stores(binder *b, void *context, ap__jnode *node) {
    ap_status status;
    if (node->kind == AP__JN_NAME) {
        if (!node->as.name.is_store || (int64_t)node->as.name.name.id != b->words[WORD_LOOP]) return AP_OK;
        return ap__jinja_fail(b->jinja, node->at, AP_EFORMAT, "\"loop\" cannot be assigned to in a loop");
    }
    if ((status = enter(b, node))) return status;
    status = ap__jvisit_children(b, context, node, check_stores);
    b->depth--;
    return status;
}

/* -- looking through a scope --------------------------------------------------------------------------- */

static ap__jload *find_own(const scope *s, uint32_t name_id) {
    for (size_t i = 0; i < s->loads->n; i++)
        if (s->loads->ptr[i].name_id == name_id) return &s->loads->ptr[i];
    return NULL;
}

static bool find_slot(const scope *from, const scope *s, uint32_t name_id, ap__jslot *out) {
    for (; s; s = s->parent) {
        const ap__jload *load = find_own(s, name_id);
        if (!load) continue;
        *out = (ap__jslot){from->depth - s->depth, load->index};
        return true;
    }
    return false;
}

static ap_status define(binder *b, scope *s, ap__jload load) {
    ap__jload *own = find_own(s, load.name_id);
    if (own) {
        load.index = own->index;
        *own = load;
        return AP_OK;
    }
    ap__jload *ptr = ap__jmem_grow(b->mem, s->loads->ptr, s->loads->n, &s->loads->capacity, sizeof *ptr);
    if (!ptr) return b->mem->status;
    load.index = (uint32_t)s->function->n_slots++;
    s->loads->ptr = ptr;
    ptr[s->loads->n++] = load;
    return AP_OK;
}

/* The value of the scope around it, or else `action`. */
static ap__jload outer_load(const scope *s, uint32_t name_id, int action) {
    ap__jload load = {.name_id = name_id};
    if (find_slot(s, s->parent, name_id, &load.from))
        load.action = AP__J_LOAD_ALIAS;
    else if (action == AP__J_LOAD_RESOLVE)
        load.action = AP__J_LOAD_RESOLVE;
    else
        load.action = AP__J_LOAD_UNDEFINED;
    return load;
}

static ap_status load_name(binder *b, scope *s, uint32_t name_id) {
    ap__jslot slot;
    if (find_slot(s, s, name_id, &slot)) return AP_OK;
    return define(b, s, outer_load(s, name_id, AP__J_LOAD_RESOLVE));
}

static ap_status store_name(binder *b, scope *s, uint32_t name_id) {
    for (size_t i = 0; i < b->n_stored; i++)
        if (b->stored[i] == name_id) return AP_OK;
    uint32_t *stored = ap__jmem_grow(b->mem, b->stored, b->n_stored, &b->stored_capacity, sizeof *stored);
    if (!stored) return b->mem->status;
    b->stored = stored;
    stored[b->n_stored++] = name_id;
    if (find_own(s, name_id)) return AP_OK;
    return define(b, s, outer_load(s, name_id, AP__J_LOAD_UNDEFINED));
}

static ap_status declare(binder *b, scope *s, uint32_t name_id) {
    return define(b, s, (ap__jload){.action = AP__J_LOAD_PARAMETER, .name_id = name_id});
}

static ap_status look_through(binder *b, void *context, ap__jnode *node);

/* What only one branch stores may come from outside in the other. */
static ap_status look_through_if(binder *b, scope *s, ap__jnode *node) {
    ap_status status = look_through(b, s, node->as.branch.test);
    size_t n_before = b->n_stored;
    if (!status) status = ap__jvisit_list(b, s, &node->as.branch.body, look_through);
    if (!status) status = ap__jvisit_list(b, s, &node->as.branch.else_, look_through);
    for (size_t i = n_before; i < b->n_stored && !status; i++) {
        const ap__jload *own = find_own(s, b->stored[i]);
        if (own->action != AP__J_LOAD_PARAMETER)
            status = define(b, s, outer_load(s, b->stored[i], AP__J_LOAD_RESOLVE));
    }
    return status;
}

static ap_status look_through_here(binder *b, scope *s, ap__jnode *node) {
    ap_status status;
    switch (node->kind) {
    case AP__JN_NAME:
        return node->as.name.is_store ? store_name(b, s, node->as.name.name.id)
                                      : load_name(b, s, node->as.name.name.id);
    case AP__JN_NAMESPACE_REF:
        return load_name(b, s, node->as.name.name.id);
    case AP__JN_IF:
        return look_through_if(b, s, node);
    case AP__JN_MACRO:
        return store_name(b, s, node->as.macro->name.id);
    case AP__JN_FOR:
        return look_through(b, s, node->as.loop->iter);
    case AP__JN_CALL_BLOCK:
        return ap__jvisit_all(b, s, &node->as.macro->call, 1, look_through);
    case AP__JN_FILTER_BLOCK:
        return look_through(b, s, node->as.set.value);
    case AP__JN_WITH:
        return ap__jvisit_list(b, s, &node->as.with.values, look_through);
    case AP__JN_SET:
        status = look_through(b, s, node->as.set.value);
        return status ? status : look_through(b, s, node->as.set.target);
    case AP__JN_SET_BLOCK:
        return look_through(b, s, node->as.set.target);
    default:
        return ap__jvisit_children(b, s, node, look_through);
    }
}

static ap_status look_through(binder *b, void *context, ap__jnode *node) {
    ap_status status = enter(b, node);
    if (status) return status;
    status = look_through_here(b, context, node);
    b->depth--;
    return status;
}

/* Parameters of a scope: names and tuples of names. */
static ap_status declare_target(binder *b, void *context, ap__jnode *node) {
    if (node->kind == AP__JN_NAME) return declare(b, context, node->as.name.name.id);
    return ap__jvisit_children(b, context, node, declare_target);
}

/* -- binding names ------------------------------------------------------------------------------------- */

static ap_status bind(binder *b, void *context, ap__jnode *node);

/* A scope below `s`, in the same function. */
static scope inner(scope *s, ap__jloads *loads) {
    return (scope){.parent = s, .function = s->function, .depth = s->depth, .loads = loads};
}

static ap_status look_through_body(binder *b, scope *s, const ap__jnodes *body) {
    b->n_stored = 0;
    return ap__jvisit_list(b, s, body, look_through);
}

/* The scopes of a loop: body, else and test; the first two and the test run in the loop's function when it is
 * recursive. */
static void open_loop(ap__jfor_def *loop, scope *s, scope *scopes[3]) {
    ap__jloads *loads[] = {&loop->body_loads, &loop->else_loads, &loop->test_loads};
    for (int i = 0; i < 3; i++) {
        *scopes[i] = inner(s, loads[i]);
        if (!loop->is_recursive) continue;
        scopes[i]->function = &loop->function;
        scopes[i]->depth = s->depth + 1;
    }
}

static ap_status bind_test(binder *b, ap__jfor_def *loop, scope *test) {
    ap_status status = declare_target(b, test, loop->test_target);
    b->n_stored = 0;
    if (!status) status = look_through(b, test, loop->test);
    if (!status) status = bind(b, test, loop->test_target);
    return status ? status : bind(b, test, loop->test);
}

static ap_status bind_loop_word(binder *b, ap__jfor_def *loop, scope *body) {
    word_search search = {.is_wanted = {[WORD_LOOP] = true}};
    ap_status status = ap__jvisit_list(b, &search, &loop->body, search_word);
    loop->has_loop = b->words[WORD_LOOP] >= 0 && (loop->is_recursive || search.is_found[WORD_LOOP]);
    if (status || !loop->has_loop) return status;
    status = declare(b, body, (uint32_t)b->words[WORD_LOOP]);
    loop->loop_index = status ? 0 : find_own(body, (uint32_t)b->words[WORD_LOOP])->index;
    return status;
}

static ap_status bind_for(binder *b, scope *s, ap__jnode *node) {
    ap__jfor_def *loop = node->as.loop;
    scope body, else_, test;
    open_loop(loop, s, (scope *[]){&body, &else_, &test});
    ap_status status = check_stores(b, NULL, node);
    if (!status) status = bind(b, s, loop->iter);
    if (!status) status = bind_loop_word(b, loop, &body);
    if (!status) status = declare_target(b, &body, loop->target);
    if (!status) status = look_through_body(b, &body, &loop->body);
    if (!status) status = bind(b, &body, loop->target);
    if (!status && loop->test) status = bind_test(b, loop, &test);
    if (!status) status = ap__jvisit_list(b, &body, &loop->body, bind);
    if (!status) status = look_through_body(b, &else_, &loop->else_);
    return status ? status : ap__jvisit_list(b, &else_, &loop->else_, bind);
}

static ap_status bind_if(binder *b, scope *s, ap__jnode *node) {
    bool is_soft = s->is_soft;
    s->is_soft = true;
    ap_status status = ap__jvisit_if(b, s, node, bind);
    s->is_soft = is_soft;
    return status;
}

/* The position of a parameter of that word; -1 when there is none. */
static ptrdiff_t find_parameter(const binder *b, const ap__jmacro_def *macro, int word) {
    for (size_t i = 0; i < macro->parameters.n; i++)
        if ((int64_t)macro->parameters.ptr[i]->as.name.name.id == b->words[word]) return (ptrdiff_t)i;
    return -1;
}

/* What the body uses and no parameter of its own is: a slot that the call fills. */
static ap_status declare_special(binder *b, scope *s, int word, bool *has, uint32_t *index) {
    *has = true;
    ap_status status = declare(b, s, (uint32_t)b->words[word]);
    *index = status ? 0 : find_own(s, (uint32_t)b->words[word])->index;
    return status;
}

static ap_status declare_specials(binder *b, scope *s, const ap__jnode *node) {
    ap__jmacro_def *macro = node->as.macro;
    word_search search = {.is_wanted = {false, true, true, true}};
    ap_status status = ap__jvisit_list(b, &search, &macro->body, search_word);
    ptrdiff_t i_caller = find_parameter(b, macro, WORD_CALLER);
    if (status) return status;
    if (search.is_found[WORD_CALLER] && i_caller >= 0 &&
        (size_t)i_caller + macro->defaults.n < macro->parameters.n)
        return ap__jinja_fail(b->jinja, node->at, AP_EFORMAT,
                              "the parameter \"caller\" has to be left out or to have a default");
    if (search.is_found[WORD_CALLER] && i_caller < 0)
        status = declare_special(b, s, WORD_CALLER, &macro->has_caller, &macro->caller_index);
    if (!status && search.is_found[WORD_KWARGS] && find_parameter(b, macro, WORD_KWARGS) < 0)
        status = declare_special(b, s, WORD_KWARGS, &macro->has_kwargs, &macro->kwargs_index);
    if (!status && search.is_found[WORD_VARARGS] && find_parameter(b, macro, WORD_VARARGS) < 0)
        status = declare_special(b, s, WORD_VARARGS, &macro->has_varargs, &macro->varargs_index);
    return status;
}

static ap_status bind_macro_body(binder *b, scope *s, ap__jnode *node) {
    ap__jmacro_def *macro = node->as.macro;
    scope body = inner(s, &macro->loads);
    body.function = &macro->function;
    body.depth = s->depth + 1;
    ap_status status = ap__jvisit_list(b, &body, &macro->parameters, declare_target);
    if (!status) status = declare_specials(b, &body, node);
    b->n_stored = 0;
    if (!status) status = ap__jvisit_list(b, &body, &macro->defaults, look_through);
    if (!status) status = ap__jvisit_list(b, &body, &macro->body, look_through);
    if (!status) status = ap__jvisit_list(b, &body, &macro->parameters, bind);
    if (!status) status = ap__jvisit_list(b, &body, &macro->defaults, bind);
    return status ? status : ap__jvisit_list(b, &body, &macro->body, bind);
}

static ap_status bind_macro(binder *b, scope *s, ap__jnode *node) {
    ap__jmacro_def *macro = node->as.macro;
    macro->is_toplevel = s->is_toplevel;
    if (node->kind == AP__JN_MACRO) find_slot(s, s, macro->name.id, &macro->slot);
    ap_status status = bind_macro_body(b, s, node);
    return status ? status : ap__jvisit_all(b, s, &macro->call, 1, bind);
}

static ap_status bind_with(binder *b, scope *s, ap__jnode *node) {
    scope body = inner(s, &node->as.with.loads);
    ap_status status = ap__jvisit_list(b, s, &node->as.with.values, bind);
    if (!status) status = ap__jvisit_list(b, &body, &node->as.with.targets, declare_target);
    if (!status) status = look_through_body(b, &body, &node->as.with.body);
    if (!status) status = ap__jvisit_list(b, &body, &node->as.with.targets, bind);
    return status ? status : ap__jvisit_list(b, &body, &node->as.with.body, bind);
}

/* {% set %} and {% filter %} around a body. The names in the filter's arguments are those of the body. */
static ap_status bind_captured(binder *b, scope *s, ap__jnode *node) {
    scope body = inner(s, &node->as.set.loads);
    ap__jnode *filter = node->as.set.value;
    ap_status status = look_through_body(b, &body, &node->as.set.body);
    if (!status && filter) status = look_through(b, &body, filter);
    if (!status) status = ap__jvisit_list(b, &body, &node->as.set.body, bind);
    if (!status && filter) status = bind(b, &body, filter);
    return status || !node->as.set.target ? status : bind(b, s, node->as.set.target);
}

static ap_status bind_row(binder *b, scope *s, ap__jnode *node) {
    node->is_soft = s->is_soft;
    if (!node->as.call.row && !node->is_soft)
        return ap__jinja_fail(b->jinja, node->at, AP_EFORMAT, "no %s named \"%.*s\"",
                              node->kind == AP__JN_FILTER ? "filter" : "test",
                              (int)(node->as.call.name.len & 63), node->as.call.name.ptr);
    return ap__jvisit_children(b, s, node, bind);
}

static ap_status bind_condition(binder *b, scope *s, ap__jnode *node) {
    bool is_soft = s->is_soft;
    s->is_soft = true;
    ap_status status = ap__jvisit_children(b, s, node, bind);
    s->is_soft = is_soft;
    return status;
}

static ap_status bind_here(binder *b, scope *s, ap__jnode *node) {
    switch (node->kind) {
    case AP__JN_NAME:
    case AP__JN_NAMESPACE_REF:
        find_slot(s, s, node->as.name.name.id, &node->as.name.slot);
        node->is_toplevel = s->is_toplevel;
        return AP_OK;
    case AP__JN_FOR:
        return bind_for(b, s, node);
    case AP__JN_IF:
        return bind_if(b, s, node);
    case AP__JN_MACRO:
    case AP__JN_CALL_BLOCK:
        return bind_macro(b, s, node);
    case AP__JN_WITH:
        return bind_with(b, s, node);
    case AP__JN_SET_BLOCK:
    case AP__JN_FILTER_BLOCK:
        return bind_captured(b, s, node);
    case AP__JN_FILTER:
    case AP__JN_TEST:
        return bind_row(b, s, node);
    case AP__JN_CONDITION:
        return bind_condition(b, s, node);
    default:
        return ap__jvisit_children(b, s, node, bind);
    }
}

static ap_status bind(binder *b, void *context, ap__jnode *node) {
    ap_status status = enter(b, node);
    if (status) return status;
    status = bind_here(b, context, node);
    b->depth--;
    return status;
}

ap_status ap__jscope_run(ap__jinja *jinja) {
    binder b = {.jinja = jinja, .mem = &jinja->mem};
    scope root = {.function = &jinja->function, .loads = &jinja->loads, .is_toplevel = true};
    for (int word = 0; word < N_WORDS; word++) {
        b.words[word] = NOT_A_NAME;
        for (size_t i = 0; i < jinja->n_names; i++)
            if (strlen(WORDS[word]) == jinja->names[i].text.len &&
                !memcmp(WORDS[word], jinja->names[i].text.ptr, jinja->names[i].text.len))
                b.words[word] = (int64_t)i;
    }
    ap_status status = look_through_body(&b, &root, &jinja->body);
    return status ? status : ap__jvisit_list(&b, &root, &jinja->body, bind);
}

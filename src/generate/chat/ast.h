/* The tree of a compiled template. Nodes live in the template's memory and are never changed once it is made.
 * Source: jinja2@3.1.6 nodes.py. */
#ifndef AP_GENERATE_CHAT_AST_H
#define AP_GENERATE_CHAT_AST_H

#include "generate/chat/value.h"

typedef enum ap__jnode_kind {
    /* Expressions. */
    AP__JN_NAME,
    AP__JN_NAMESPACE_REF, /* The target `ns.attribute`. */
    AP__JN_CONST,
    AP__JN_LIST,
    AP__JN_TUPLE,
    AP__JN_DICT, /* Items are keys and values in turn. */
    AP__JN_UNARY,
    AP__JN_BINARY,
    AP__JN_CONCAT,
    AP__JN_COMPARE,
    AP__JN_CONDITION,
    AP__JN_GETATTR,
    AP__JN_GETITEM,
    AP__JN_SLICE,
    AP__JN_CALL,
    AP__JN_FILTER,
    AP__JN_TEST,
    /* Statements. */
    AP__JN_DATA,
    AP__JN_OUTPUT,
    AP__JN_FOR,
    AP__JN_IF,
    AP__JN_MACRO,
    AP__JN_CALL_BLOCK,
    AP__JN_FILTER_BLOCK,
    AP__JN_WITH,
    AP__JN_SET,
    AP__JN_SET_BLOCK,
    AP__JN_BREAK,
    AP__JN_CONTINUE,
    AP__N_JNODES
} ap__jnode_kind;

typedef enum ap__jop {
    AP__J_OR,
    AP__J_AND,
    AP__J_NOT,
    AP__J_ADD,
    AP__J_SUB,
    AP__J_MUL,
    AP__J_DIV,
    AP__J_FLOORDIV,
    AP__J_MOD,
    AP__J_POW,
    AP__J_EQ,
    AP__J_NE,
    AP__J_LT,
    AP__J_LE,
    AP__J_GT,
    AP__J_GE,
    AP__J_IN,
    AP__J_NOT_IN
} ap__jop;

typedef struct ap__jnode ap__jnode;

typedef struct ap__jnodes {
    ap__jnode **ptr;
    size_t n, capacity;
} ap__jnodes;

/* A variable as the template writes it; the same text has the same number everywhere. */
typedef struct ap__jname {
    ap__text text;
    uint32_t id;
} ap__jname;

/* Where a variable is at run time: in the activation that many functions further out, at that place. */
typedef struct ap__jslot {
    uint32_t up, index;
} ap__jslot;

/* What a scope does to its variables when it is entered. */
typedef struct ap__jload {
    enum { AP__J_LOAD_PARAMETER, AP__J_LOAD_RESOLVE, AP__J_LOAD_ALIAS, AP__J_LOAD_UNDEFINED } action;
    uint32_t index;   /* Of the slot, in the current activation. */
    uint32_t name_id; /* RESOLVE: looked up in the context; PARAMETER: its own. */
    ap__jslot from;   /* ALIAS */
} ap__jload;

typedef struct ap__jloads {
    ap__jload *ptr;
    size_t n, capacity;
} ap__jloads;

/* A function of its own: the template, a macro, the body of a call block, a recursive loop. */
typedef struct ap__jfunction {
    size_t n_slots;
} ap__jfunction;

/* Arguments of calls, filters and tests. */
typedef struct ap__jarguments {
    ap__jnodes positional, keywords; /* Keywords are values; their names in the same order: */
    ap__text *names;
    size_t names_capacity;
    ap__jnode *dyn_positional, *dyn_keywords; /* *args, **kwargs */
} ap__jarguments;

/* Macros and call blocks. */
typedef struct ap__jmacro_def {
    ap__jname name;                        /* Of call blocks "". */
    ap__jnodes parameters, defaults, body; /* Defaults are of the last parameters. */
    ap__jfunction function;
    ap__jloads loads;
    bool has_caller, has_kwargs, has_varargs; /* What the body uses of what a call brings besides. */
    uint32_t caller_index, kwargs_index, varargs_index;
    ap__jnode *call; /* Of call blocks; NULL: {% generation %}. */
    ap__jslot slot;  /* Of macros: the variable. */
    bool is_toplevel;
} ap__jmacro_def;

typedef struct ap__jfor_def {
    ap__jnode *target, *iter, *test;
    ap__jnode *test_target; /* The target once more, in the scope of the test. */
    ap__jnodes body, else_;
    ap__jloads body_loads, else_loads, test_loads;
    bool is_recursive, has_loop;
    uint32_t loop_index;    /* Of `loop`, with has_loop. */
    ap__jfunction function; /* With is_recursive. */
} ap__jfor_def;

struct ap__jnode {
    uint8_t kind;     /* ap__jnode_kind */
    uint8_t op;       /* ap__jop */
    bool is_soft;     /* Filters and tests in an `if`: an unknown name fails when it is reached. */
    bool is_toplevel; /* Names that are stored: the context gets the value too. */
    uint32_t at;      /* Byte in the source. */
    union {
        struct {
            ap__jname name;
            ap__text attribute; /* NAMESPACE_REF */
            ap__jslot slot;
            bool is_store;
        } name;
        ap__jval value;   /* CONST */
        ap__text data;    /* DATA */
        ap__jnodes items; /* LIST, TUPLE, DICT, CONCAT, OUTPUT */
        struct {
            ap__jnode *left, *right; /* UNARY: left alone. */
        } binary;
        struct {
            ap__jnodes operands; /* One more than operators. */
            uint8_t *ops;
            size_t ops_capacity;
        } compare;
        struct {
            ap__jnode *test, *then, *else_;
        } condition;
        struct {
            ap__jnode *node, *arg;
            ap__text name;
        } get;
        struct {
            ap__jnode *start, *stop, *step;
        } slice;
        struct {
            ap__jnode *node; /* NULL: the text of a block. */
            ap__text name;
            const struct ap__jrow *row;
            ap__jarguments arguments;
        } call;
        ap__jfor_def *loop;
        struct {
            ap__jnode *test;
            ap__jnodes body, else_; /* An elif is an IF alone in `else_`. */
        } branch;
        ap__jmacro_def *macro;
        struct {
            ap__jnodes targets, values, body;
            ap__jloads loads;
        } with;
        struct {
            ap__jnode *target,
                *value; /* SET_BLOCK: value is the filters, or NULL. FILTER_BLOCK: no target. */
            ap__jnodes body;
            ap__jloads loads;
        } set;
    } as;
};

/* A compiled template. */
typedef struct ap__jinja {
    ap__jmem mem;
    ap__text source;  /* With "\n" alone as ends of lines. */
    ap__jname *names; /* By their ids. */
    size_t n_names, names_capacity;
    ap__jnodes body;
    ap__jloads loads;
    ap__jfunction function;
    bool has_generation; /* It marks what the model wrote. */
} ap__jinja;

#endif

/* One rendering of a template: its state, and what the parts that evaluate give each other. */
#ifndef AP_GENERATE_CHAT_RUN_H
#define AP_GENERATE_CHAT_RUN_H

#include "base/buf.h"
#include "generate/chat/ast.h"
#include "generate/chat/jinja.h"
#include "generate/chat/rows.h"

/* The variables of a call of a function. */
typedef struct ap__jactivation {
    ap__jval *slots;
    struct ap__jactivation *parent; /* Of the function around. */
} ap__jactivation;

typedef struct ap__jmacro {
    const ap__jmacro_def *def;
    ap__jactivation *parent;
} ap__jmacro;

/* Where an iteration is. A generator computes its items when they are asked for, once. */
typedef struct ap__jiter {
    ap__jval source; /* Sequences, dicts and ranges: walked over by index. */
    size_t i;
    bool is_reversed;
    /* Generators, which draw from `from`. */
    ap_status (*next)(struct ap__jrun *run, struct ap__jiter *iter, ap__jval *out, bool *is_end);
    struct ap__jiter *from;
    ap__jargs args;
    void *state;
    bool is_negated, by_attribute;
} ap__jiter;

/* The variable `loop`. */
typedef struct ap__jloop {
    ap__jiter *iter;
    ap__jval iterable, before, current, after; /* AP__J_MISSING: none. */
    ap__jval changed;                          /* The tuple that changed() saw last. */
    int64_t index0, length, depth0;            /* length -1: not known yet. */
    const ap__jfor_def *def;
    ap__jactivation *parent; /* Of recursive loops. */
} ap__jloop;

/* A text that was put together, with room behind it: adding to its end again and again takes linear time. */
typedef struct ap__jgrowing {
    char *ptr;
    size_t used, capacity;
} ap__jgrowing;

enum { AP__J_N_GROWING = 4 };

typedef struct ap__jrun {
    const ap__jinja *jinja;
    const ap__jinja_request *request;
    ap__jmem mem;
    ap_error *err;
    ap__jval *inputs,
        *vars; /* By the ids of names: what was given, what the template set outside of loops. */
    ap__jactivation *activation;
    ap__buf out;                 /* The text so far; that of a body that is captured is its end. */
    ap__buf scratch;             /* Texts in the making. */
    size_t n_captures, root_len; /* Bodies that are captured, and `out.len` before the outermost. */
    ap__jgrowing growing[AP__J_N_GROWING];
    size_t i_growing; /* The next one to give up. */
    uint64_t fuel;
    int depth;
    enum { AP__J_FLOW_NEXT, AP__J_FLOW_BREAK, AP__J_FLOW_CONTINUE } flow;
    bool is_located; /* The message says where already. */
    bool has_output; /* Something was written, be it "". */
    ap__jspan *spans;
    size_t n_spans, spans_capacity;
} ap__jrun;

/* -- run.c: limits, failures, texts ---------------------------------------------------------------------- */

ap_status ap__jrun_fail(ap__jrun *run, ap_status status, const char *fmt, ...) AP_PRINTF(3, 4);

/* "'name' is undefined" and the like. */
ap_status ap__jrun_fail_undefined(ap__jrun *run, const ap__jundefined *undefined);

/* Takes steps off what the rendering may take.   @return AP_ELIMIT */
ap_status ap__jrun_spend(ap__jrun *run, size_t n_steps);

ap_status ap__jrun_enter(ap__jrun *run);
static inline void ap__jrun_leave(ap__jrun *run) { run->depth--; }

/* What run->scratch holds from `mark` on becomes a string; the scratch ends at the mark again. */
ap_status ap__jrun_take(ap__jrun *run, size_t mark, ap__jval *out);
ap_status ap__jrun_copy(ap__jrun *run, ap__jval *out, const char *text, size_t len);

/* a + b */
ap_status ap__jrun_concat(ap__jrun *run, ap__jval *out, ap__text a, ap__text b);

/* An undefined value: with a hint, or of a name that an object does not have. */
ap_status ap__jrun_undefined(ap__jrun *run, ap__jval *out, const char *hint);
ap_status ap__jrun_undefined_name(ap__jrun *run, ap__jval *out, const ap__jval *object, ap__jval name);

/* -- print.c ------------------------------------------------------------------------------------------- */

/* Append str() and repr(). */
ap_status ap__jprint_str(ap__jrun *run, ap__buf *out, const ap__jval *value);
ap_status ap__jprint_repr(ap__jrun *run, ap__buf *out, const ap__jval *value);

/* Appends text with &, <, >, ' and " as HTML writes them. */
ap_status ap__jprint_escaped(ap__jrun *run, ap__buf *out, ap__text text);

/* str(value); a string is given as it is. */
ap_status ap__jval_to_text(ap__jrun *run, ap__jval *out, const ap__jval *value);

/* -- iterate.c ----------------------------------------------------------------------------------------- */

/* iter(value); of an iterator itself. */
ap_status ap__jiter_open(ap__jrun *run, ap__jiter **out, const ap__jval *value);
bool ap__jval_is_iterable(const ap__jval *value);
ap_status ap__jiter_next(ap__jrun *run, ap__jiter *iter, ap__jval *out, bool *is_end);

/* list(value) */
ap_status ap__jiter_list(ap__jrun *run, ap__jval *out, const ap__jval *value);

/* reversed(value) */
ap_status ap__jiter_reversed(ap__jrun *run, ap__jval *out, const ap__jval *value);

/* len(value) */
ap_status ap__jval_length(ap__jrun *run, int64_t *out, const ap__jval *value);

/* -- access.c ------------------------------------------------------------------------------------------ */

/* object.name and object[key], as the sandbox has them: undefined where there is nothing. */
ap_status ap__jget_attribute(ap__jrun *run, ap__jval *out, const ap__jval *object, ap__text name);
ap_status ap__jget_item(ap__jrun *run, ap__jval *out, const ap__jval *object, const ap__jval *key);

/* getattr(object, name) alone: no item stands in for the attribute. */
ap_status ap__jget_attribute_alone(ap__jrun *run, ap__jval *out, const ap__jval *object, ap__text name);

/* object[start:stop:step]; AP__J_MISSING where one is left out. */
ap_status ap__jget_slice(ap__jrun *run, ap__jval *out, const ap__jval *object, const ap__jval parts[3]);

/* -- operators.c --------------------------------------------------------------------------------------- */

ap_status ap__joperate(ap__jrun *run, ap__jval *out, ap__jop op, const ap__jval *a, const ap__jval *b);
ap_status ap__joperate_unary(ap__jrun *run, ap__jval *out, ap__jop op, const ap__jval *a);
ap_status ap__jcompare(ap__jrun *run, bool *out, ap__jop op, const ap__jval *a, const ap__jval *b);

/* -- call.c -------------------------------------------------------------------------------------------- */

ap_status ap__jcall(ap__jrun *run, ap__jval *out, const ap__jval *callee, ap__jargs *args);

/* Calls the function of a row with arguments bound to its parameters. `what` is "filter", ... in messages. */
ap_status ap__jcall_row(ap__jrun *run, ap__jval *out, const ap__jrow *row, const char *what, ap__jargs *args);

/* -- loop.c -------------------------------------------------------------------------------------------- */

ap_status ap__jloop_attribute(ap__jrun *run, ap__jval *out, ap__jloop *loop, ap__text name, bool *is_found);
ap_status ap__jloop_next(ap__jrun *run, ap__jloop *loop, ap__jval *out, bool *is_end);
ap_status ap__jloop_length(ap__jrun *run, ap__jloop *loop, int64_t *out);
ap_status ap__jloop_recurse(ap__jrun *run, ap__jval *out, ap__jloop *loop, const ap__jval *iterable);

/* -- expression.c -------------------------------------------------------------------------------------- */

ap_status ap__jeval(ap__jrun *run, ap__jval *out, const ap__jnode *node);

/* Arguments of a call, evaluated. `caller` is one more by that name, or NULL. */
ap_status ap__jeval_arguments(ap__jrun *run, ap__jargs *out, const ap__jarguments *arguments,
                              const ap__jval *caller);

/* The filters `node` around a text. */
ap_status ap__jeval_filters(ap__jrun *run, ap__jval *out, const ap__jnode *node, const ap__jval *text);

/* -- render.c ------------------------------------------------------------------------------------------ */

ap_status ap__jexec(ap__jrun *run, const ap__jnodes *nodes);

/* Runs the loop of a definition; recursive ones in an activation of their own. */
ap_status ap__jexec_loop(ap__jrun *run, const ap__jfor_def *def, const ap__jval *iterable, int64_t depth0);

/* Sets the variables of a scope that is entered. */
ap_status ap__jexec_enter(ap__jrun *run, const ap__jloads *loads);

ap_status ap__jexec_assign(ap__jrun *run, const ap__jnode *target, const ap__jval *value);

/* Text that is written between is the value that end gives, and not written. */
size_t ap__jexec_capture(ap__jrun *run);
ap_status ap__jexec_capture_end(ap__jrun *run, size_t mark, ap__jval *out);

/* An activation of a function, which becomes the current one. */
ap_status ap__jexec_activate(ap__jrun *run, const ap__jfunction *function, ap__jactivation *parent);

/* -- to_json.c ----------------------------------------------------------------------------------------- */

typedef struct ap__json_style {
    bool ensure_ascii, sort_keys, has_indent;
    ap__text indent, item_separator, key_separator;
} ap__json_style;

ap_status ap__jto_json(ap__jrun *run, ap__buf *out, const ap__jval *value, const ap__json_style *style);

/* -- format_percent.c, format_braces.c ------------------------------------------------------------------- */

/* format % values, and format.format(...). */
ap_status ap__jformat_percent(ap__jrun *run, ap__jval *out, ap__text format, const ap__jval *values);
ap_status ap__jformat_braces(ap__jrun *run, ap__jval *out, ap__text format, const ap__jargs *args);

#endif

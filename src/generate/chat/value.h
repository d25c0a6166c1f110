/* What the expressions of a template work with: the objects of Python that templates meet.
 *
 * A value is 16 bytes; what it points to lives in the memory of the template (literals) or of the rendering,
 * and is never changed but for what has a state of its own: namespaces, iterators, loops, cyclers and
 * joiners. */
#ifndef AP_GENERATE_CHAT_VALUE_H
#define AP_GENERATE_CHAT_VALUE_H

#include "generate/chat/memory.h"
#include "tokenizer/tokenizer.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum ap__jkind {
    AP__J_MISSING, /* Nothing at all: a variable that was not set, an argument that was not given. */
    AP__J_UNDEFINED,
    AP__J_NONE,
    AP__J_BOOL,
    AP__J_INT,
    AP__J_FLOAT,
    AP__J_STRING,
    AP__J_LIST,
    AP__J_TUPLE,
    AP__J_DICT,
    AP__J_KEYS, /* The views of a dict. */
    AP__J_VALUES,
    AP__J_ITEMS,
    AP__J_RANGE,
    AP__J_ITERATOR,
    AP__J_NAMESPACE,
    AP__J_LOOP,
    AP__J_CYCLER,
    AP__J_JOINER,
    AP__J_MACRO,
    AP__J_METHOD,   /* Of a value that it is bound to. */
    AP__J_FUNCTION, /* A global one. */
    AP__N_JKINDS
} ap__jkind;

typedef struct ap__jval {
    uint8_t kind;
    bool is_markup; /* Of strings: Markup, which the filters `safe` and `escape` give. Of tuples: one of
                       groupby. */
    uint32_t len;   /* Of strings, in bytes. */
    union {
        bool boolean;
        int64_t integer;
        double number;
        const char *text; /* UTF-8. */
        struct ap__jlist *list;
        struct ap__jdict *dict; /* Of views too, and of namespaces. */
        struct ap__jundefined *undefined;
        struct ap__jrange *range;
        struct ap__jiter *iter;
        struct ap__jloop *loop;
        struct ap__jcycler *cycler;
        struct ap__jmacro *macro;
        struct ap__jmethod *method;
        const struct ap__jrow *function;
    } as;
} ap__jval;

/* Of lists and tuples. */
typedef struct ap__jlist {
    ap__jval *items;
    size_t n, capacity;
} ap__jlist;

typedef struct ap__jentry {
    ap__jval key, value;
    uint64_t hash;
} ap__jentry;

/* In order of insertion. */
typedef struct ap__jdict {
    ap__jentry *entries;
    size_t n, capacity;
    uint32_t *index; /* Open addressing, positions in `entries` from 1; NULL while there are few. */
    size_t n_index;  /* A power of 2. */
} ap__jdict;

/* Why there is no value: a hint, or what was looked for in which object. */
typedef struct ap__jundefined {
    const char *hint;
    ap__jval object; /* AP__J_MISSING: a variable. */
    ap__jval name;
    bool is_unsafe; /* The sandbox refused. */
} ap__jundefined;

typedef struct ap__jrange {
    int64_t start, stop, step;
    size_t n;
} ap__jrange;

typedef struct ap__jcycler {
    ap__jlist items; /* Of a joiner: its separator. */
    size_t i;
} ap__jcycler;

typedef struct ap__jmethod {
    const struct ap__jrow *row;
    ap__jval self;
} ap__jmethod;

/* -- making -------------------------------------------------------------------------------------------- */

static inline ap__jval ap__jval_none(void) { return (ap__jval){.kind = AP__J_NONE}; }
static inline ap__jval ap__jval_bool(bool b) { return (ap__jval){.kind = AP__J_BOOL, .as.boolean = b}; }
static inline ap__jval ap__jval_int(int64_t i) { return (ap__jval){.kind = AP__J_INT, .as.integer = i}; }
static inline ap__jval ap__jval_float(double f) { return (ap__jval){.kind = AP__J_FLOAT, .as.number = f}; }

/* Borrows the text, of at most UINT32_MAX bytes. */
static inline ap__jval ap__jval_text(const char *text, size_t len) {
    return (ap__jval){.kind = AP__J_STRING, .len = (uint32_t)len, .as.text = text};
}

static inline ap__text ap__jval_get_text(const ap__jval *value) {
    return (ap__text){value->as.text, value->len};
}

/* An empty list or tuple with room for `n` items. */
ap_status ap__jval_new_list(ap__jval *out, ap__jmem *mem, ap__jkind kind, size_t n);
ap_status ap__jlist_push(ap__jlist *list, ap__jmem *mem, ap__jval item);

ap_status ap__jval_new_dict(ap__jval *out, ap__jmem *mem);

/* Sets or replaces. The key can be hashed. */
ap_status ap__jdict_set(ap__jdict *dict, ap__jmem *mem, ap__jval key, ap__jval value);
ap_status ap__jdict_copy(ap__jdict *out, ap__jmem *mem, const ap__jdict *from);

/* A copy of JSON-like data. Texts are borrowed.
 * @return AP_ETYPE for a tensor, ... */
ap_status ap__jval_from_value(ap__jval *out, ap__jmem *mem, const ap_value *value);

/* -- looking ------------------------------------------------------------------------------------------- */

/* NULL when there is none. The key can be hashed. */
ap__jval *ap__jdict_get(const ap__jdict *dict, ap__jval key);
ap__jval *ap__jdict_get_text(const ap__jdict *dict, const char *key, size_t len);

/* Python's name of the type: "str", "dict", ... */
const char *ap__jval_type_name(const ap__jval *value);

/* bool(value) */
bool ap__jval_is_true(const ap__jval *value);

/* bool, int or float. */
bool ap__jval_is_number(const ap__jval *value);

/* bool or int; gives its number. */
bool ap__jval_is_integer(const ap__jval *value, int64_t *out);

/* The number of a bool, an int or a float. */
double ap__jval_as_double(const ap__jval *value);

/* NULL when it can be a key; else the name of the type that cannot. */
const char *ap__jval_unhashable(const ap__jval *value);

bool ap__jval_is_text(const ap__jval *value, const char *text);

/* a == b */
bool ap__jval_equal(const ap__jval *a, const ap__jval *b);

/* The same in at most *budget comparisons, which are taken off it: with 0 left, the answer is none. */
bool ap__jval_equal_within(const ap__jval *a, const ap__jval *b, size_t *budget);

/* a is b */
bool ap__jval_same(const ap__jval *a, const ap__jval *b);

/* Whether a number is less than, equal to or greater than another: -1, 0, 1; 2 when one of them is NaN. */
int ap__jval_compare_numbers(const ap__jval *a, const ap__jval *b);

size_t ap__jrange_count(int64_t start, int64_t stop, int64_t step);

/* The item at `i`, which is inside: what is between may be more than 63 bits. */
static inline ap__jval ap__jrange_item(const ap__jrange *range, size_t i) {
    return ap__jval_int((int64_t)((uint64_t)range->start + (uint64_t)i * (uint64_t)range->step));
}

#endif

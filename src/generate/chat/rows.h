/* Rows of the tables of filters, tests, methods and global functions. */
#ifndef AP_GENERATE_CHAT_ROWS_H
#define AP_GENERATE_CHAT_ROWS_H

#include "generate/chat/value.h"

struct ap__jrun;

enum { AP__J_MAX_PARAMETERS = 8 };

/* What a call brings. */
typedef struct ap__jargs {
    ap__jval self; /* What the filter, test or method is applied to. */
    ap__jval *positional;
    size_t n_positional;
    ap__jval *keywords;
    ap__text *names; /* Of the keywords. */
    size_t n_keywords;
    ap__jval bound[AP__J_MAX_PARAMETERS]; /* By parameter; AP__J_MISSING: not given. */
} ap__jargs;

typedef struct ap__jrow {
    const char *name;
    /* NULL: known, and not supported. */
    ap_status (*call)(struct ap__jrun *run, ap__jval *out, const ap__jargs *args);
    /* Names of parameters with spaces between, "!" before those that have to be given; "." has no name. NULL:
     * it looks at the arguments itself. */
    const char *parameters;
} ap__jrow;

/* By name; NULL when there is none. */
const ap__jrow *ap__jfilter_find(const char *name, size_t len);
const ap__jrow *ap__jtest_find(const char *name, size_t len);
const ap__jrow *ap__jmethod_find(const ap__jval *self, const char *name, size_t len);
const ap__jrow *ap__jglobal_find(const char *name, size_t len);

/* The row of that name in a table that ends with a row without one. */
const ap__jrow *ap__jrow_find(const ap__jrow *table, const char *name, size_t len);

#endif

/* Arguments of filters, tests, methods and functions, by their places in the row's parameters. */
#ifndef AP_GENERATE_CHAT_ARGUMENTS_H
#define AP_GENERATE_CHAT_ARGUMENTS_H

#include "generate/chat/run.h"

/* In place of the parameters of a method: it changes its object, and the sandbox refuses it. */
#define AP__J_CHANGES ""

static inline bool ap__jarg_is_given(const ap__jargs *args, size_t i) {
    return args->bound[i].kind != AP__J_MISSING;
}

static inline bool ap__jarg_is_none(const ap__jargs *args, size_t i) {
    return args->bound[i].kind == AP__J_MISSING || args->bound[i].kind == AP__J_NONE;
}

static inline bool ap__jarg_bool(const ap__jargs *args, size_t i, bool standard) {
    return ap__jarg_is_given(args, i) ? ap__jval_is_true(&args->bound[i]) : standard;
}

/* @return AP_ETYPE when another kind was given */
ap_status ap__jarg_int(ap__jrun *run, const ap__jargs *args, size_t i, int64_t standard, int64_t *out);
ap_status ap__jarg_text(ap__jrun *run, const ap__jargs *args, size_t i, const char *standard, ap__text *out);

/* str() of what it is applied to. */
ap_status ap__jarg_self(ap__jrun *run, const ap__jargs *args, ap__jval *out);

/* "a.b.0": the items of items of an object; a number is one index. Where one is undefined, `standard` if it
 * is not None. `attribute` may be None: the object itself. */
ap_status ap__jget_path(ap__jrun *run, ap__jval *out, const ap__jval *object, const ap__jval *attribute,
                        const ap__jval *standard);

/* The filter or test of that name applied to a value. */
ap_status ap__japply_filter(ap__jrun *run, ap__jval *out, const ap__jval *name, ap__jargs *args);
ap_status ap__japply_test(ap__jrun *run, bool *out, const ap__jval *name, ap__jargs *args);

/* Items in the order of their keys, stably. */
ap_status ap__jsort(ap__jrun *run, ap__jlist *items, const ap__jval *keys, bool is_descending);

/* Text with all letters small; another value as it is. */
ap_status ap__jfold_case(ap__jrun *run, ap__jval *value);

/* str.replace(); less than 0 replacements are all. */
ap_status ap__jreplace(ap__jrun *run, ap__jval *out, ap__text text, ap__text from, ap__text to, int64_t n);

/* str.ljust(), rjust() and center(): where the text stands in `width` characters. `fill` is one character. */
typedef enum ap__jside { AP__J_AT_LEFT, AP__J_AT_RIGHT, AP__J_CENTER } ap__jside;
ap_status ap__jpad(ap__jrun *run, ap__jval *out, ap__text text, int64_t width, ap__text fill, ap__jside side);

extern const ap__jrow ap__jfilters_text[], ap__jfilters_list[], ap__jfilters_number[];
extern const ap__jrow ap__jmethods_text[], ap__jmethods_parts[];

#endif

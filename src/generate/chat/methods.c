/* The way to all methods, and those of lists, dicts, loops and other objects. */
#include "base/error.h"
#include "generate/chat/arguments.h"

#include <string.h>

/* -- lists --------------------------------------------------------------------------------------------- */

/* How often, or where first, an item is in a list, tuple or range. */
static ap_status look_for(ap__jrun *run, const ap__jargs *args, int64_t *n_found, int64_t *first) {
    ap__jval list;
    *n_found = 0;
    ap_status status = ap__jiter_list(run, &list, &args->self);
    for (size_t i = 0; !status && i < list.as.list->n; i++) {
        bool is_equal = false;
        status = ap__jcompare(run, &is_equal, AP__J_EQ, &list.as.list->items[i], &args->bound[0]);
        if (is_equal && !(*n_found)++) *first = (int64_t)i;
    }
    return status;
}

static ap_status list_count(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    int64_t n = 0, first;
    ap_status status = look_for(run, args, &n, &first);
    *out = ap__jval_int(n);
    return status;
}

static ap_status list_index(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    int64_t n = 0, first = 0;
    ap_status status = look_for(run, args, &n, &first);
    if (!status && !n) return ap__jrun_fail(run, AP_EINVAL, "the item is not in the list");
    *out = ap__jval_int(first);
    return status;
}

static ap_status list_copy(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return ap__jiter_list(run, out, &args->self);
}

static const ap__jrow LIST_METHODS[] = {
    {"count", list_count, "!."},      {"index", list_index, "!."},     {"copy", list_copy, ""},
    {"append", NULL, AP__J_CHANGES},  {"clear", NULL, AP__J_CHANGES},  {"pop", NULL, AP__J_CHANGES},
    {"reverse", NULL, AP__J_CHANGES}, {"insert", NULL, AP__J_CHANGES}, {"sort", NULL, AP__J_CHANGES},
    {"extend", NULL, AP__J_CHANGES},  {"remove", NULL, AP__J_CHANGES}, {0}};

static const ap__jrow TUPLE_METHODS[] = {{"count", list_count, "!."}, {"index", list_index, "!."}, {0}};

static const ap__jrow RANGE_METHODS[] = {{"count", list_count, "!."}, {"index", list_index, "!."},
                                         {"start", NULL, NULL},       {"stop", NULL, NULL},
                                         {"step", NULL, NULL},        {0}};

/* -- dicts --------------------------------------------------------------------------------------------- */

static ap_status dict_get(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    const char *type = ap__jval_unhashable(&args->bound[0]);
    if (type) return ap__jrun_fail(run, AP_ETYPE, "a %s cannot be a key of a dict", type);
    const ap__jval *value = ap__jdict_get(args->self.as.dict, args->bound[0]);
    *out = value ? *value : ap__jarg_is_given(args, 1) ? args->bound[1] : ap__jval_none();
    return AP_OK;
}

#define VIEW_METHOD(name, view)                                                                              \
    static ap_status name(ap__jrun *run, ap__jval *out, const ap__jargs *args) {                             \
        (void)run;                                                                                           \
        *out = args->self;                                                                                   \
        out->kind = (view);                                                                                  \
        return AP_OK;                                                                                        \
    }

VIEW_METHOD(dict_keys, AP__J_KEYS)
VIEW_METHOD(dict_values, AP__J_VALUES)
VIEW_METHOD(dict_items, AP__J_ITEMS)

static ap_status dict_copy(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    ap_status status = ap__jval_new_dict(out, &run->mem);
    return status ? status : ap__jdict_copy(out->as.dict, &run->mem, args->self.as.dict);
}

static const ap__jrow DICT_METHODS[] = {
    {"get", dict_get, "!. ."},           {"keys", dict_keys, ""},         {"values", dict_values, ""},
    {"items", dict_items, ""},           {"copy", dict_copy, ""},         {"fromkeys", NULL, NULL},
    {"clear", NULL, AP__J_CHANGES},      {"pop", NULL, AP__J_CHANGES},    {"popitem", NULL, AP__J_CHANGES},
    {"setdefault", NULL, AP__J_CHANGES}, {"update", NULL, AP__J_CHANGES}, {0}};

static const ap__jrow VIEW_METHODS[] = {{"isdisjoint", NULL, NULL}, {"mapping", NULL, NULL}, {0}};

/* -- numbers ------------------------------------------------------------------------------------------- */

static ap_status float_is_integer(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    (void)run;
    double number = args->self.as.number;
    /* Beyond 2^53 all are; infinity and NaN are not. */
    bool is_large = number >= 9007199254740992.0 || number <= -9007199254740992.0;
    bool is_whole =
        is_large ? number - number == 0 : number == (double)(int64_t)(number == number ? number : 0);
    *out = ap__jval_bool(is_whole);
    return AP_OK;
}

#define NUMBER_ATTRIBUTES                                                                                    \
    {"as_integer_ratio", NULL, NULL}, {"conjugate", NULL, NULL}, {"imag", NULL, NULL}, { "real", NULL, NULL }

static const ap__jrow FLOAT_METHODS[] = {{"is_integer", float_is_integer, ""},
                                         {"fromhex", NULL, NULL},
                                         {"hex", NULL, NULL},
                                         NUMBER_ATTRIBUTES,
                                         {0}};

static const ap__jrow INT_METHODS[] = {{"bit_count", NULL, NULL},   {"bit_length", NULL, NULL},
                                       {"denominator", NULL, NULL}, {"from_bytes", NULL, NULL},
                                       {"numerator", NULL, NULL},   {"to_bytes", NULL, NULL},
                                       NUMBER_ATTRIBUTES,           {0}};

/* -- objects of templates ------------------------------------------------------------------------------ */

static ap_status loop_cycle(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    if (!args->n_positional || args->n_keywords) return ap__jrun_fail(run, AP_ETYPE, "\"cycle\" needs items");
    *out = args->positional[(size_t)args->self.as.loop->index0 % args->n_positional];
    return AP_OK;
}

/* Whether the values differ from those of the last time. */
static ap_status loop_changed(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    ap__jloop *loop = args->self.as.loop;
    ap__jval values;
    bool is_changed = true;
    ap_status status = ap__jval_new_list(&values, &run->mem, AP__J_TUPLE, args->n_positional);
    for (size_t i = 0; i < args->n_positional && !status; i++)
        status = ap__jlist_push(values.as.list, &run->mem, args->positional[i]);
    if (!status && loop->changed.kind != AP__J_MISSING)
        status = ap__jcompare(run, &is_changed, AP__J_NE, &loop->changed, &values);
    if (!status) loop->changed = values;
    *out = ap__jval_bool(is_changed);
    return status;
}

static const ap__jrow LOOP_METHODS[] = {{"cycle", loop_cycle, NULL}, {"changed", loop_changed, NULL}, {0}};

static ap_status cycler_next(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    (void)run;
    ap__jcycler *cycler = args->self.as.cycler;
    *out = cycler->items.items[cycler->i];
    cycler->i = (cycler->i + 1) % cycler->items.n;
    return AP_OK;
}

static ap_status cycler_reset(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    (void)run;
    args->self.as.cycler->i = 0;
    *out = ap__jval_none();
    return AP_OK;
}

static const ap__jrow CYCLER_METHODS[] = {
    {"next", cycler_next, ""}, {"reset", cycler_reset, ""}, {"items", NULL, NULL}, {0}};

/* -- all of them --------------------------------------------------------------------------------------- */

const ap__jrow *ap__jmethod_find(const ap__jval *self, const char *name, size_t len) {
    static const ap__jrow *const TABLES[AP__N_JKINDS][2] = {
        [AP__J_STRING] = {ap__jmethods_text, ap__jmethods_parts},
        [AP__J_BOOL] = {INT_METHODS},
        [AP__J_INT] = {INT_METHODS},
        [AP__J_FLOAT] = {FLOAT_METHODS},
        [AP__J_LIST] = {LIST_METHODS},
        [AP__J_TUPLE] = {TUPLE_METHODS},
        [AP__J_DICT] = {DICT_METHODS},
        [AP__J_KEYS] = {VIEW_METHODS},
        [AP__J_VALUES] = {VIEW_METHODS},
        [AP__J_ITEMS] = {VIEW_METHODS},
        [AP__J_RANGE] = {RANGE_METHODS},
        [AP__J_LOOP] = {LOOP_METHODS},
        [AP__J_CYCLER] = {CYCLER_METHODS}};
    const ap__jrow *row = NULL;
    for (int i = 0; i < 2 && TABLES[self->kind][i] && !row; i++)
        row = ap__jrow_find(TABLES[self->kind][i], name, len);
    return row;
}

/* Filters of sequences. Source: jinja2@3.1.6 filters.py. */
#include "base/error.h"
#include "generate/chat/arguments.h"

#include <string.h>

/* -- generators ---------------------------------------------------------------------------------------- */

typedef ap_status next_fn(ap__jrun *run, ap__jiter *iter, ap__jval *out, bool *is_end);
typedef ap_status list_fn(ap__jrun *run, ap__jval *out, const ap__jargs *args);

static ap_status make_generator(ap__jrun *run, ap__jval *out, const ap__jargs *args, next_fn *next) {
    ap__jiter *iter = ap__jmem_alloc(&run->mem, 1, sizeof *iter);
    if (!iter) return run->mem.status;
    *iter = (ap__jiter){.next = next, .args = *args};
    *out = (ap__jval){.kind = AP__J_ITERATOR, .as.iter = iter};
    return AP_OK;
}

/* A generator whose items are made all at once when the first one is asked for. */
typedef struct deferred {
    list_fn *make;
} deferred;

static ap_status next_deferred(ap__jrun *run, ap__jiter *iter, ap__jval *out, bool *is_end) {
    const deferred *d = iter->state;
    ap_status status = AP_OK;
    if (!iter->from) {
        ap__jval list;
        status = d->make(run, &list, &iter->args);
        if (!status) status = ap__jiter_open(run, &iter->from, &list);
    }
    return status ? status : ap__jiter_next(run, iter->from, out, is_end);
}

static ap_status make_deferred(ap__jrun *run, ap__jval *out, const ap__jargs *args, list_fn *make) {
    deferred *d = ap__jmem_alloc(&run->mem, 1, sizeof *d);
    if (!d) return run->mem.status;
    d->make = make;
    ap_status status = make_generator(run, out, args, next_deferred);
    if (!status) out->as.iter->state = d;
    return status;
}

/* The next item of what a filter draws from. Nothing is drawn from what is false: None gives no items. */
static ap_status draw(ap__jrun *run, ap__jiter *iter, ap__jval *out, bool *is_end) {
    if (!iter->from && !ap__jval_is_true(&iter->args.self)) {
        *is_end = true;
        return AP_OK;
    }
    ap_status status = iter->from ? AP_OK : ap__jiter_open(run, &iter->from, &iter->args.self);
    return status ? status : ap__jiter_next(run, iter->from, out, is_end);
}

static const ap__jval *find_keyword(const ap__jargs *args, const char *name) {
    for (size_t i = 0; i < args->n_keywords; i++)
        if (args->names[i].len == strlen(name) && !memcmp(args->names[i].ptr, name, args->names[i].len))
            return &args->keywords[i];
    return NULL;
}

/* The arguments behind the first `n`, for the filter or test that they name. */
static ap__jargs inner_args(const ap__jargs *args, size_t n, const ap__jval *item) {
    ap__jargs inner = *args;
    inner.self = *item;
    inner.positional += n;
    inner.n_positional -= n;
    return inner;
}

static ap_status next_mapped(ap__jrun *run, ap__jiter *iter, ap__jval *out, bool *is_end) {
    const ap__jargs *args = &iter->args;
    ap__jval item;
    ap_status status = draw(run, iter, &item, is_end);
    if (status || *is_end) return status;
    const ap__jval *attribute = args->n_positional ? NULL : find_keyword(args, "attribute");
    if (!attribute && !args->n_positional) return ap__jrun_fail(run, AP_ETYPE, "\"map\" needs a filter");
    if (attribute) {
        const ap__jval *standard = find_keyword(args, "default");
        if (args->n_keywords > 1u + (standard != NULL))
            return ap__jrun_fail(run, AP_ETYPE, "\"map\" with an attribute takes \"default\" alone besides");
        return ap__jget_path(run, out, &item, attribute, standard);
    }
    ap__jargs inner = inner_args(args, 1, &item);
    return ap__japply_filter(run, out, &args->positional[0], &inner);
}

static ap_status filter_map(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return make_generator(run, out, args, next_mapped);
}

static ap_status test_item(ap__jrun *run, bool *out, const ap__jiter *iter, const ap__jval *item) {
    const ap__jargs *args = &iter->args;
    size_t n = iter->by_attribute;
    ap__jval value = *item;
    ap_status status = AP_OK;
    if (n && !args->n_positional)
        return ap__jrun_fail(run, AP_ETYPE, "the filter needs the name of an attribute");
    if (n) status = ap__jget_path(run, &value, item, &args->positional[0], NULL);
    if (status) return status;
    if (args->n_positional == n) {
        *out = ap__jval_is_true(&value);
        return AP_OK;
    }
    ap__jargs inner = inner_args(args, n + 1, &value);
    return ap__japply_test(run, out, &args->positional[n], &inner);
}

static ap_status next_selected(ap__jrun *run, ap__jiter *iter, ap__jval *out, bool *is_end) {
    for (;;) {
        bool holds = false;
        ap_status status = draw(run, iter, out, is_end);
        if (status || *is_end) return status;
        if ((status = test_item(run, &holds, iter, out))) return status;
        if (holds != iter->is_negated) return AP_OK;
    }
}

static ap_status make_selection(ap__jrun *run, ap__jval *out, const ap__jargs *args, bool is_negated,
                                bool by_attribute) {
    ap_status status = make_generator(run, out, args, next_selected);
    if (status) return status;
    out->as.iter->is_negated = is_negated;
    out->as.iter->by_attribute = by_attribute;
    return AP_OK;
}

static ap_status filter_select(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return make_selection(run, out, args, false, false);
}

static ap_status filter_reject(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return make_selection(run, out, args, true, false);
}

static ap_status filter_selectattr(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return make_selection(run, out, args, false, true);
}

static ap_status filter_rejectattr(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return make_selection(run, out, args, true, true);
}

/* -- lists of lists ------------------------------------------------------------------------------------ */

static ap_status push_list(ap__jrun *run, ap__jlist *lists, const ap__jlist *items, size_t start, size_t n) {
    ap__jval part;
    ap_status status = ap__jval_new_list(&part, &run->mem, AP__J_LIST, n);
    for (size_t i = 0; i < n && !status; i++)
        status = ap__jlist_push(part.as.list, &run->mem, items->items[start + i]);
    return status ? status : ap__jlist_push(lists, &run->mem, part);
}

static ap_status make_batches(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    ap__jval items;
    int64_t n = 0;
    ap_status status = ap__jarg_int(run, args, 0, 0, &n);
    if (!status) status = ap__jiter_list(run, &items, &args->self);
    if (!status) status = ap__jval_new_list(out, &run->mem, AP__J_LIST, 0);
    if (status) return status;
    const ap__jlist *list = items.as.list;
    /* The reference closes a batch when it has exactly n items; a first one is empty when n is 0. */
    if (n == 0 && list->n) status = push_list(run, out->as.list, list, 0, 0);
    size_t step = n > 0 ? (size_t)n : n == 0 ? list->n : list->n;
    for (size_t i = 0; i < list->n && !status; i += step) {
        size_t n_here = list->n - i < step ? list->n - i : step;
        status = push_list(run, out->as.list, list, i, n_here);
    }
    if (status || !out->as.list->n || ap__jarg_is_none(args, 1) || n <= 0) return status;
    ap__jlist *last = out->as.list->items[out->as.list->n - 1].as.list;
    while (last->n < (size_t)n && !status) {
        status = ap__jrun_spend(run, 1);
        if (!status) status = ap__jlist_push(last, &run->mem, args->bound[1]);
    }
    return status;
}

static ap_status filter_batch(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return make_deferred(run, out, args, make_batches);
}

static ap_status make_slices(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    ap__jval items;
    int64_t n = 0;
    ap_status status = ap__jarg_int(run, args, 0, 0, &n);
    if (!status && n == 0) return ap__jrun_fail(run, AP_EINVAL, "division by zero");
    if (!status) status = ap__jiter_list(run, &items, &args->self);
    if (!status) status = ap__jval_new_list(out, &run->mem, AP__J_LIST, 0);
    if (status || n < 0) return status;
    size_t per_slice = items.as.list->n / (size_t)n, n_longer = items.as.list->n % (size_t)n, start = 0;
    for (size_t i = 0; i < (size_t)n && !status; i++) {
        size_t n_here = per_slice + (i < n_longer);
        if ((status = ap__jrun_spend(run, 1))) break;
        status = push_list(run, out->as.list, items.as.list, start, n_here);
        start += n_here;
        if (!status && !ap__jarg_is_none(args, 1) && i >= n_longer)
            status = ap__jlist_push(out->as.list->items[i].as.list, &run->mem, args->bound[1]);
    }
    return status;
}

static ap_status filter_slice(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return make_deferred(run, out, args, make_slices);
}

static ap_status make_items(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    ap__jval items = args->self;
    if (items.kind != AP__J_DICT && items.kind != AP__J_UNDEFINED)
        return ap__jrun_fail(run, AP_ETYPE, "\"items\" needs a dict, found %s", ap__jval_type_name(&items));
    if (items.kind == AP__J_DICT) items.kind = AP__J_ITEMS;
    return ap__jiter_list(run, out, &items);
}

static ap_status filter_items(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return make_deferred(run, out, args, make_items);
}

/* -- ends and order ------------------------------------------------------------------------------------ */

static ap_status filter_first(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    ap__jiter *iter;
    bool is_end = false;
    ap_status status = ap__jiter_open(run, &iter, &args->self);
    if (!status) status = ap__jiter_next(run, iter, out, &is_end);
    return status || !is_end ? status
                             : ap__jrun_undefined(run, out, "there is no first item: the sequence is empty");
}

static ap_status check_reversible(ap__jrun *run, const ap__jval *value) {
    if (value->kind != AP__J_ITERATOR && ap__jval_is_iterable(value)) return AP_OK;
    return ap__jrun_fail(run, AP_ETYPE, "a %s cannot be reversed", ap__jval_type_name(value));
}

static ap_status filter_last(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    ap__jval items;
    if (args->self.kind == AP__J_UNDEFINED) /* It has a length of 0, which is all that is asked. */
        return ap__jrun_undefined(run, out, "there is no last item: the sequence is empty");
    ap_status status = check_reversible(run, &args->self);
    if (!status) status = ap__jiter_list(run, &items, &args->self);
    if (status) return status;
    if (!items.as.list->n)
        return ap__jrun_undefined(run, out, "there is no last item: the sequence is empty");
    *out = items.as.list->items[items.as.list->n - 1];
    return AP_OK;
}

static ap_status filter_list(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return ap__jiter_list(run, out, &args->self);
}

static ap_status filter_reverse(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    if (args->self.kind == AP__J_STRING) {
        ap__jval parts[3] = {{0}, {0}, ap__jval_int(-1)};
        return ap__jget_slice(run, out, &args->self, parts);
    }
    if (args->self.kind != AP__J_ITERATOR) return ap__jiter_reversed(run, out, &args->self);
    ap__jval list, parts[3] = {{0}, {0}, ap__jval_int(-1)};
    ap_status status = ap__jiter_list(run, &list, &args->self);
    return status ? status : ap__jget_slice(run, out, &list, parts);
}

/* The keys of all items, folded unless `case_sensitive`. */
static ap_status make_keys(ap__jrun *run, ap__jval **out, const ap__jlist *items, const ap__jval *attribute,
                           bool is_case_sensitive) {
    ap_status status = AP_OK;
    ap__jval *keys = *out = ap__jmem_alloc(&run->mem, items->n, sizeof *keys);
    if (!keys) return run->mem.status;
    for (size_t i = 0; i < items->n && !status; i++) {
        status = ap__jget_path(run, &keys[i], &items->items[i], attribute, NULL);
        if (!status && !is_case_sensitive) status = ap__jfold_case(run, &keys[i]);
    }
    return status;
}

/* Of "a,b" a list of two keys. */
static ap_status make_sort_key(ap__jrun *run, ap__jval *out, const ap__jval *item, const ap__jval *attribute,
                               bool is_case_sensitive) {
    size_t at = 0, len = attribute->kind == AP__J_STRING ? attribute->len : 0;
    ap_status status = ap__jval_new_list(out, &run->mem, AP__J_LIST, 1);
    while (!status) {
        ap__jval key, part = *attribute;
        const char *comma = len > at ? memchr(attribute->as.text + at, ',', len - at) : NULL;
        if (attribute->kind == AP__J_STRING) {
            size_t end = comma ? (size_t)(comma - attribute->as.text) : len;
            part = ap__jval_text(attribute->as.text + at, end - at);
            at = end + 1;
        }
        status = ap__jget_path(run, &key, item, &part, NULL);
        if (!status && !is_case_sensitive) status = ap__jfold_case(run, &key);
        if (!status) status = ap__jlist_push(out->as.list, &run->mem, key);
        if (!comma) break;
    }
    return status;
}

static ap_status filter_sort(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    ap_status status = ap__jiter_list(run, out, &args->self);
    if (status) return status;
    ap__jlist *list = out->as.list;
    ap__jval *keys = ap__jmem_alloc(&run->mem, list->n, sizeof *keys);
    if (!keys) return run->mem.status;
    for (size_t i = 0; i < list->n && !status; i++)
        status =
            make_sort_key(run, &keys[i], &list->items[i], &args->bound[2], ap__jarg_bool(args, 1, false));
    return status ? status : ap__jsort(run, list, keys, ap__jarg_bool(args, 0, false));
}

static ap_status filter_dictsort(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    ap__jval items = args->self, *keys;
    ap__text by;
    ap_status status = ap__jarg_text(run, args, 1, "key", &by);
    if (status) return status;
    bool by_key = by.len == 3 && !memcmp(by.ptr, "key", 3),
         by_value = by.len == 5 && !memcmp(by.ptr, "value", 5);
    if (!by_key && !by_value)
        return ap__jrun_fail(run, AP_EINVAL, "\"dictsort\" sorts by \"key\" or \"value\"");
    if (items.kind != AP__J_DICT)
        return ap__jrun_fail(run, AP_ETYPE, "\"dictsort\" needs a dict, found %s",
                             ap__jval_type_name(&items));
    items.kind = AP__J_ITEMS;
    ap__jval index = ap__jval_int(by_value);
    status = ap__jiter_list(run, out, &items);
    if (!status) status = make_keys(run, &keys, out->as.list, &index, ap__jarg_bool(args, 0, false));
    return status ? status : ap__jsort(run, out->as.list, keys, ap__jarg_bool(args, 2, false));
}

/* The first of the least, or of the greatest. */
static ap_status find_extreme(ap__jrun *run, ap__jval *out, const ap__jargs *args, ap__jop op) {
    ap__jval items, *keys;
    ap_status status = ap__jiter_list(run, &items, &args->self);
    if (!status)
        status = make_keys(run, &keys, items.as.list, &args->bound[1], ap__jarg_bool(args, 0, false));
    if (status) return status;
    if (!items.as.list->n)
        return ap__jrun_undefined(run, out, "there is no least or greatest item: the sequence is empty");
    size_t best = 0;
    for (size_t i = 1; i < items.as.list->n && !status; i++) {
        bool is_better = false;
        status = ap__jcompare(run, &is_better, op, &keys[i], &keys[best]);
        if (is_better) best = i;
    }
    *out = items.as.list->items[best];
    return status;
}

static ap_status filter_min(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return find_extreme(run, out, args, AP__J_LT);
}

static ap_status filter_max(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return find_extreme(run, out, args, AP__J_GT);
}

/* -- the same item once -------------------------------------------------------------------------------- */

static ap_status make_unique(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    ap__jval items, seen, *keys;
    ap_status status = ap__jiter_list(run, &items, &args->self);
    if (!status)
        status = make_keys(run, &keys, items.as.list, &args->bound[1], ap__jarg_bool(args, 0, false));
    if (!status) status = ap__jval_new_list(out, &run->mem, AP__J_LIST, 0);
    if (!status) status = ap__jval_new_dict(&seen, &run->mem);
    for (size_t i = 0; i < (status ? 0 : items.as.list->n) && !status; i++) {
        const char *type = ap__jval_unhashable(&keys[i]);
        if (type) return ap__jrun_fail(run, AP_ETYPE, "a %s cannot be told apart by \"unique\"", type);
        if (ap__jdict_get(seen.as.dict, keys[i])) continue;
        status = ap__jdict_set(seen.as.dict, &run->mem, keys[i], ap__jval_none());
        if (!status) status = ap__jlist_push(out->as.list, &run->mem, items.as.list->items[i]);
    }
    return status;
}

static ap_status filter_unique(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    return make_deferred(run, out, args, make_unique);
}

static ap_status push_group(ap__jrun *run, ap__jlist *groups, ap__jval key, ap__jval **members) {
    ap__jval group, list;
    ap_status status = ap__jval_new_list(&group, &run->mem, AP__J_TUPLE, 2);
    if (!status) status = ap__jval_new_list(&list, &run->mem, AP__J_LIST, 0);
    if (status) return status;
    group.is_markup = true;
    group.as.list->items[0] = key;
    group.as.list->items[1] = list;
    group.as.list->n = 2;
    *members = &group.as.list->items[1];
    return ap__jlist_push(groups, &run->mem, group);
}

static ap_status filter_groupby(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    ap__jval items, own_key, last_key, *members = NULL;
    bool is_case_sensitive = ap__jarg_bool(args, 2, false), is_same = false;
    ap_status status = ap__jiter_list(run, &items, &args->self);
    if (status) return status;
    ap__jlist *list = items.as.list;
    ap__jval *keys = ap__jmem_alloc(&run->mem, list->n, sizeof *keys);
    if (!keys) return run->mem.status;
    for (int is_sorted = 0; is_sorted < 2 && !status; is_sorted++) {
        for (size_t i = 0; i < list->n && !status; i++) {
            status = ap__jget_path(run, &keys[i], &list->items[i], &args->bound[0], &args->bound[1]);
            if (!status && !is_case_sensitive) status = ap__jfold_case(run, &keys[i]);
        }
        if (!status && !is_sorted) status = ap__jsort(run, list, keys, false);
    }
    if (!status) status = ap__jval_new_list(out, &run->mem, AP__J_LIST, 0);
    for (size_t i = 0; i < list->n && !status; i++) {
        if (i) status = ap__jcompare(run, &is_same, AP__J_EQ, &last_key, &keys[i]);
        if (!status && !is_same) {
            status = ap__jget_path(run, &own_key, &list->items[i], &args->bound[0], &args->bound[1]);
            if (!status) status = push_group(run, out->as.list, own_key, &members);
            last_key = keys[i];
        }
        if (!status) status = ap__jlist_push(members->as.list, &run->mem, list->items[i]);
    }
    return status;
}

static ap_status filter_sum(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    ap__jiter *iter;
    ap__jval item, value;
    bool is_end = false;
    ap_status status = ap__jiter_open(run, &iter, &args->self);
    *out = ap__jarg_is_given(args, 1) ? args->bound[1] : ap__jval_int(0);
    if (out->kind == AP__J_STRING) return ap__jrun_fail(run, AP_ETYPE, "\"sum\" does not add up strings");
    while (!status) {
        if ((status = ap__jiter_next(run, iter, &item, &is_end)) || is_end) break;
        status = ap__jget_path(run, &value, &item, &args->bound[0], NULL);
        ap__jval sum = *out;
        if (!status) status = ap__joperate(run, out, AP__J_ADD, &sum, &value);
    }
    return status;
}

const ap__jrow ap__jfilters_list[] = {{"map", filter_map, NULL},
                                      {"select", filter_select, NULL},
                                      {"reject", filter_reject, NULL},
                                      {"selectattr", filter_selectattr, NULL},
                                      {"rejectattr", filter_rejectattr, NULL},
                                      {"batch", filter_batch, "!linecount fill_with"},
                                      {"slice", filter_slice, "!slices fill_with"},
                                      {"items", filter_items, ""},
                                      {"first", filter_first, ""},
                                      {"last", filter_last, ""},
                                      {"list", filter_list, ""},
                                      {"reverse", filter_reverse, ""},
                                      {"sort", filter_sort, "reverse case_sensitive attribute"},
                                      {"dictsort", filter_dictsort, "case_sensitive by reverse"},
                                      {"min", filter_min, "case_sensitive attribute"},
                                      {"max", filter_max, "case_sensitive attribute"},
                                      {"unique", filter_unique, "case_sensitive attribute"},
                                      {"groupby", filter_groupby, "!attribute default case_sensitive"},
                                      {"sum", filter_sum, "attribute start"},
                                      {0}};

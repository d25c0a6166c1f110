/* Functions that every template can call. Source: jinja2@3.1.6 defaults.py, utils.py, sandbox.py
 * safe_range(); transformers@v4.55.4 utils/chat_template_utils.py. */
#include "base/error.h"
#include "generate/chat/arguments.h"
#include "generate/chat/strftime.h"

#include <string.h>

enum { MAX_RANGE = 100000 };

/* -- collections --------------------------------------------------------------------------------------- */

static ap_status global_range(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    int64_t values[3] = {0, 0, 1};
    if (!args->n_positional || args->n_positional > 3 || args->n_keywords)
        return ap__jrun_fail(run, AP_ETYPE, "\"range\" takes one to three numbers");
    for (size_t i = 0; i < args->n_positional; i++)
        if (!ap__jval_is_integer(&args->positional[i], &values[args->n_positional == 1 ? 1 : i]))
            return ap__jrun_fail(run, AP_ETYPE, "\"range\" needs whole numbers, found %s",
                                 ap__jval_type_name(&args->positional[i]));
    if (!values[2]) return ap__jrun_fail(run, AP_EINVAL, "the step of a range is zero");
    ap__jrange *range = ap__jmem_alloc(&run->mem, 1, sizeof *range);
    if (!range) return run->mem.status;
    *range = (ap__jrange){values[0], values[1], values[2], ap__jrange_count(values[0], values[1], values[2])};
    if (range->n > MAX_RANGE)
        return ap__jrun_fail(run, AP_ELIMIT, "a range of %zu numbers; at most %d are allowed", range->n,
                             MAX_RANGE);
    *out = (ap__jval){.kind = AP__J_RANGE, .as.range = range};
    return AP_OK;
}

/* One entry of dict([(key, value), ...]). */
static ap_status set_pair(ap__jrun *run, ap__jdict *dict, const ap__jval *pair) {
    ap__jval list;
    ap_status status = ap__jiter_list(run, &list, pair);
    if (!status && list.as.list->n != 2)
        return ap__jrun_fail(run, AP_EINVAL, "a dict is made of pairs, found %zu values", list.as.list->n);
    if (status) return status;
    const char *type = ap__jval_unhashable(&list.as.list->items[0]);
    if (type) return ap__jrun_fail(run, AP_ETYPE, "a %s cannot be a key of a dict", type);
    return ap__jdict_set(dict, &run->mem, list.as.list->items[0], list.as.list->items[1]);
}

static ap_status set_pairs(ap__jrun *run, ap__jdict *dict, const ap__jval *source) {
    ap__jiter *iter;
    ap__jval pair;
    bool is_end = false;
    if (source->kind == AP__J_UNDEFINED) return ap__jrun_fail_undefined(run, source->as.undefined);
    if (source->kind == AP__J_DICT) return ap__jdict_copy(dict, &run->mem, source->as.dict);
    ap_status status = ap__jiter_open(run, &iter, source);
    while (!status) {
        if ((status = ap__jiter_next(run, iter, &pair, &is_end)) || is_end) break;
        status = set_pair(run, dict, &pair);
    }
    return status;
}

static ap_status global_dict(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    if (args->n_positional > 1)
        return ap__jrun_fail(run, AP_ETYPE, "expected one dict, or names with values");
    ap_status status = ap__jval_new_dict(out, &run->mem);
    if (!status && args->n_positional) status = set_pairs(run, out->as.dict, &args->positional[0]);
    for (size_t i = 0; i < args->n_keywords && !status; i++) {
        const ap__text *name = &args->names[i];
        status =
            ap__jdict_set(out->as.dict, &run->mem, ap__jval_text(name->ptr, name->len), args->keywords[i]);
    }
    return status;
}

static ap_status global_namespace(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    ap_status status = global_dict(run, out, args);
    if (!status) out->kind = AP__J_NAMESPACE;
    return status;
}

static ap_status make_cycler(ap__jrun *run, ap__jval *out, ap__jkind kind, const ap__jval *items, size_t n) {
    ap__jcycler *cycler = ap__jmem_alloc(&run->mem, 1, sizeof *cycler);
    if (!cycler) return run->mem.status;
    ap_status status = AP_OK;
    for (size_t i = 0; i < n && !status; i++) status = ap__jlist_push(&cycler->items, &run->mem, items[i]);
    *out = (ap__jval){.kind = (uint8_t)kind, .as.cycler = cycler};
    return status;
}

static ap_status global_cycler(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    if (!args->n_positional || args->n_keywords)
        return ap__jrun_fail(run, AP_ETYPE, "\"cycler\" needs items");
    return make_cycler(run, out, AP__J_CYCLER, args->positional, args->n_positional);
}

static ap_status global_joiner(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    ap__jval between = ap__jarg_is_given(args, 0) ? args->bound[0] : ap__jval_text(", ", 2);
    return make_cycler(run, out, AP__J_JOINER, &between, 1);
}

/* -- transformers' own --------------------------------------------------------------------------------- */

static ap_status global_raise_exception(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    ap__jval text;
    ap_status status = ap__jval_to_text(run, &text, &args->bound[0]);
    *out = ap__jval_none();
    return status
               ? status
               : ap__jrun_fail(run, AP_EINVAL, "%.*s", (int)(text.len < 400 ? text.len : 400), text.as.text);
}

static ap_status global_strftime_now(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    size_t mark = run->scratch.len;
    ap__text format;
    ap_status status = ap__jarg_text(run, args, 0, NULL, &format);
    if (status) return status;
    if (!run->request->now)
        return ap__jrun_fail(run, AP_EINVAL, "\"strftime_now\" is called, and no time was given");
    status = ap__jstrftime(&run->scratch, format, run->request->now, run->err);
    return status ? status : ap__jrun_take(run, mark, out);
}

static ap_status unsupported_lipsum(ap__jrun *run, ap__jval *out, const ap__jargs *args) {
    (void)out, (void)args;
    return ap__jrun_fail(run, AP_EUNSUPPORTED, "\"lipsum\" is not supported");
}

static const ap__jrow GLOBALS[] = {{"range", global_range, NULL},
                                   {"dict", global_dict, NULL},
                                   {"namespace", global_namespace, NULL},
                                   {"cycler", global_cycler, NULL},
                                   {"joiner", global_joiner, "sep"},
                                   {"lipsum", unsupported_lipsum, NULL},
                                   {"raise_exception", global_raise_exception, "!message"},
                                   {"strftime_now", global_strftime_now, "!format"},
                                   {0}};

const ap__jrow *ap__jglobal_find(const char *name, size_t len) { return ap__jrow_find(GLOBALS, name, len); }

/* The variable `loop`. Source: jinja2@3.1.6 runtime.py LoopContext. */
#include "base/error.h"
#include "generate/chat/run.h"

#include <string.h>

/* The next item is looked at before its time. */
static ap_status peek(ap__jrun *run, ap__jloop *loop) {
    bool is_end = false;
    ap__jval item;
    if (loop->after.kind != AP__J_MISSING) return AP_OK;
    ap_status status = ap__jiter_next(run, loop->iter, &item, &is_end);
    if (!status && !is_end) loop->after = item;
    return status;
}

ap_status ap__jloop_next(ap__jrun *run, ap__jloop *loop, ap__jval *out, bool *is_end) {
    ap_status status = AP_OK;
    *is_end = false;
    if (loop->after.kind != AP__J_MISSING) {
        *out = loop->after;
        loop->after = (ap__jval){0};
    } else {
        status = ap__jiter_next(run, loop->iter, out, is_end);
    }
    if (status || *is_end) return status;
    loop->index0++;
    loop->before = loop->current;
    loop->current = *out;
    return AP_OK;
}

/* Of a generator all that is left is read. */
ap_status ap__jloop_length(ap__jrun *run, ap__jloop *loop, int64_t *out) {
    ap_status status = AP_OK;
    if (loop->length < 0 && loop->iterable.kind == AP__J_ITERATOR) {
        ap__jval rest, source = {.kind = AP__J_ITERATOR, .as.iter = loop->iter};
        status = ap__jiter_list(run, &rest, &source);
        if (!status) status = ap__jiter_open(run, &loop->iter, &rest);
        if (status) return status;
        loop->length = (int64_t)rest.as.list->n + loop->index0 + 1 + (loop->after.kind != AP__J_MISSING);
    } else if (loop->length < 0) {
        status = ap__jval_length(run, &loop->length, &loop->iterable);
    }
    *out = loop->length;
    return status;
}

static ap_status get_index(ap__jrun *run, ap__jval *out, ap__jloop *loop) {
    (void)run;
    *out = ap__jval_int(loop->index0 + 1);
    return AP_OK;
}

static ap_status get_index0(ap__jrun *run, ap__jval *out, ap__jloop *loop) {
    (void)run;
    *out = ap__jval_int(loop->index0);
    return AP_OK;
}

static ap_status get_first(ap__jrun *run, ap__jval *out, ap__jloop *loop) {
    (void)run;
    *out = ap__jval_bool(loop->index0 == 0);
    return AP_OK;
}

static ap_status get_last(ap__jrun *run, ap__jval *out, ap__jloop *loop) {
    ap_status status = peek(run, loop);
    *out = ap__jval_bool(loop->after.kind == AP__J_MISSING);
    return status;
}

static ap_status get_length(ap__jrun *run, ap__jval *out, ap__jloop *loop) {
    int64_t length = 0;
    ap_status status = ap__jloop_length(run, loop, &length);
    *out = ap__jval_int(length);
    return status;
}

static ap_status get_revindex(ap__jrun *run, ap__jval *out, ap__jloop *loop) {
    ap_status status = get_length(run, out, loop);
    out->as.integer -= loop->index0;
    return status;
}

static ap_status get_revindex0(ap__jrun *run, ap__jval *out, ap__jloop *loop) {
    ap_status status = get_revindex(run, out, loop);
    out->as.integer--;
    return status;
}

static ap_status get_previtem(ap__jrun *run, ap__jval *out, ap__jloop *loop) {
    if (loop->index0 == 0) return ap__jrun_undefined(run, out, "there is no previous item");
    *out = loop->before;
    return AP_OK;
}

static ap_status get_nextitem(ap__jrun *run, ap__jval *out, ap__jloop *loop) {
    ap_status status = peek(run, loop);
    if (status) return status;
    if (loop->after.kind == AP__J_MISSING) return ap__jrun_undefined(run, out, "there is no next item");
    *out = loop->after;
    return AP_OK;
}

static ap_status get_depth(ap__jrun *run, ap__jval *out, ap__jloop *loop) {
    (void)run;
    *out = ap__jval_int(loop->depth0 + 1);
    return AP_OK;
}

static ap_status get_depth0(ap__jrun *run, ap__jval *out, ap__jloop *loop) {
    (void)run;
    *out = ap__jval_int(loop->depth0);
    return AP_OK;
}

ap_status ap__jloop_attribute(ap__jrun *run, ap__jval *out, ap__jloop *loop, ap__text name, bool *is_found) {
    static const struct {
        const char *name;
        ap_status (*get)(ap__jrun *run, ap__jval *out, ap__jloop *loop);
    } ATTRIBUTES[] = {{"index", get_index},         {"index0", get_index0},     {"first", get_first},
                      {"last", get_last},           {"length", get_length},     {"revindex", get_revindex},
                      {"revindex0", get_revindex0}, {"previtem", get_previtem}, {"nextitem", get_nextitem},
                      {"depth", get_depth},         {"depth0", get_depth0}};
    for (size_t i = 0; i < sizeof ATTRIBUTES / sizeof *ATTRIBUTES; i++) {
        if (strlen(ATTRIBUTES[i].name) != name.len || memcmp(ATTRIBUTES[i].name, name.ptr, name.len))
            continue;
        *is_found = true;
        return ATTRIBUTES[i].get(run, out, loop);
    }
    return AP_OK;
}

ap_status ap__jloop_recurse(ap__jrun *run, ap__jval *out, ap__jloop *loop, const ap__jval *iterable) {
    if (!loop->def->is_recursive)
        return ap__jrun_fail(run, AP_ETYPE, "\"loop\" is called, and the loop is not marked \"recursive\"");
    ap__jactivation *before = run->activation;
    run->activation = loop->parent;
    size_t mark = ap__jexec_capture(run);
    ap_status status = ap__jexec_loop(run, loop->def, iterable, loop->depth0 + 1);
    run->activation = before;
    return status ? status : ap__jexec_capture_end(run, mark, out);
}

#include "generate/chat/run.h"

#include "base/alloc.h"
#include "base/error.h"
#include "value/value.h"

#include <string.h>

enum { MAX_DEPTH = 900 };

ap_status ap__jrun_fail(ap__jrun *run, ap_status status, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    ap__failv(run->err, status, fmt, args);
    va_end(args);
    return status;
}

static int shown(uint32_t len) { return len < 100 ? (int)len : 100; }

ap_status ap__jrun_fail_undefined(ap__jrun *run, const ap__jundefined *undefined) {
    const ap__jval *name = &undefined->name, *object = &undefined->object;
    if (undefined->is_unsafe)
        return ap__jrun_fail(run, AP_EUNSUPPORTED, "\"%.*s\" of a %s may not be used in a template",
                             shown(name->len), name->as.text, ap__jval_type_name(object));
    if (undefined->hint) return ap__jrun_fail(run, AP_EKEY, "%s", undefined->hint);
    if (object->kind == AP__J_MISSING)
        return ap__jrun_fail(run, AP_EKEY, "\"%.*s\" is undefined", shown(name->len), name->as.text);
    if (name->kind == AP__J_STRING)
        return ap__jrun_fail(run, AP_EKEY, "a %s has no attribute \"%.*s\"", ap__jval_type_name(object),
                             shown(name->len), name->as.text);
    if (name->kind == AP__J_INT)
        return ap__jrun_fail(run, AP_EKEY, "a %s has no item %lld", ap__jval_type_name(object),
                             (long long)name->as.integer);
    return ap__jrun_fail(run, AP_EKEY, "a %s has no item of that key", ap__jval_type_name(object));
}

ap_status ap__jrun_spend(ap__jrun *run, size_t n_steps) {
    if (n_steps < run->fuel) {
        run->fuel -= n_steps;
        return AP_OK;
    }
    run->fuel = 0;
    return ap__jrun_fail(run, AP_ELIMIT, "the template takes too many steps");
}

ap_status ap__jrun_enter(ap__jrun *run) {
    if (run->depth == MAX_DEPTH) return ap__jrun_fail(run, AP_ELIMIT, "calls nest too deep");
    run->depth++;
    return ap__jrun_spend(run, 1);
}

ap_status ap__jrun_copy(ap__jrun *run, ap__jval *out, const char *text, size_t len) {
    if (len > UINT32_MAX) return ap__jrun_fail(run, AP_ELIMIT, "a text is longer than 4 GiB");
    ap_status status = ap__jrun_spend(run, len / 64);
    if (status) return status;
    char *copy = ap__jmem_copy(&run->mem, len ? text : "", len);
    if (!copy) return run->mem.status;
    *out = ap__jval_text(copy, len);
    return AP_OK;
}

ap_status ap__jrun_concat(ap__jrun *run, ap__jval *out, ap__text a, ap__text b) {
    size_t total = a.len + b.len;
    if (total > AP__JINJA_MAX_OUTPUT_BYTES)
        return ap__jrun_fail(run, AP_ELIMIT, "a text is longer than %zu bytes", AP__JINJA_MAX_OUTPUT_BYTES);
    ap__jgrowing *g = NULL;
    for (size_t i = 0; i < AP__J_N_GROWING && a.len && !g; i++) {
        ap__jgrowing *known = &run->growing[i];
        if (known->ptr == a.ptr && known->used == a.len && known->capacity >= total) g = known;
    }
    if (!g) {
        size_t capacity = total < 256 ? total : total * 2;
        char *ptr = ap__jmem_alloc_text(&run->mem, capacity);
        if (!ptr) return run->mem.status;
        g = &run->growing[run->i_growing++ % AP__J_N_GROWING];
        *g = (ap__jgrowing){ptr, a.len, capacity};
        if (a.len) memcpy(ptr, a.ptr, a.len);
    }
    if (b.len) memcpy(g->ptr + a.len, b.ptr, b.len);
    g->used = total;
    *out = ap__jval_text(g->ptr, total);
    return ap__jrun_spend(run, b.len / 64);
}

ap_status ap__jrun_take(ap__jrun *run, size_t mark, ap__jval *out) {
    ap_status status = ap__jrun_copy(run, out, ap__buf_text(&run->scratch) + mark, run->scratch.len - mark);
    run->scratch.len = mark;
    return status;
}

static ap_status make_undefined(ap__jrun *run, ap__jval *out, ap__jundefined undefined) {
    ap__jundefined *copy = ap__jmem_alloc(&run->mem, 1, sizeof *copy);
    if (!copy) return run->mem.status;
    *copy = undefined;
    *out = (ap__jval){.kind = AP__J_UNDEFINED, .as.undefined = copy};
    return AP_OK;
}

ap_status ap__jrun_undefined(ap__jrun *run, ap__jval *out, const char *hint) {
    return make_undefined(run, out, (ap__jundefined){.hint = hint});
}

ap_status ap__jrun_undefined_name(ap__jrun *run, ap__jval *out, const ap__jval *object, ap__jval name) {
    ap__jundefined undefined = {.name = name};
    if (object) undefined.object = *object;
    return make_undefined(run, out, undefined);
}

/* -- rendering ----------------------------------------------------------------------------------------- */

/* What a name means before the template sets it. */
static ap_status set_input(ap__jrun *run, const ap__text *name, ap__jval *out) {
    const ap__jinja_request *request = run->request;
    const ap__jrow *row = ap__jglobal_find(name->ptr, name->len);
    for (size_t i = 0; i < request->n_variables; i++) {
        const ap__jinja_variable *variable = &request->variables[i];
        if (strlen(variable->name) == name->len && !memcmp(variable->name, name->ptr, name->len))
            return ap__jval_from_value(out, &run->mem, variable->value);
    }
    for (int i = 1; i >= 0; i--) {
        bool is_dict = ap_value_kind(request->dicts[i]) == AP_KIND_DICT;
        const ap_value *value = is_dict ? ap__dict_find(request->dicts[i], name->ptr, name->len) : NULL;
        if (value) return ap__jval_from_value(out, &run->mem, value);
    }
    if (row) *out = (ap__jval){.kind = AP__J_FUNCTION, .as.function = row};
    return AP_OK;
}

static ap_status begin(ap__jrun *run) {
    size_t n = run->jinja->n_names;
    run->inputs = ap__jmem_alloc(&run->mem, n, sizeof *run->inputs);
    run->vars = ap__jmem_alloc(&run->mem, n, sizeof *run->vars);
    if (!run->inputs || !run->vars) return run->mem.status;
    ap_status status = AP_OK;
    for (size_t i = 0; i < n && !status; i++)
        status = set_input(run, &run->jinja->names[i].text, &run->inputs[i]);
    return status ? status : ap__jexec_activate(run, &run->jinja->function, NULL);
}

static ap_status finish(ap__jinja_text *out, ap__jrun *run) {
    size_t n_bytes = run->n_spans * sizeof *run->spans;
    if (run->n_spans) {
        if (!(out->generated = ap__malloc(n_bytes))) return ap__fail_nomem(run->err);
        memcpy(out->generated, run->spans, n_bytes);
        out->n_generated = run->n_spans;
    }
    ap_status status = ap__buf_reserve(&run->out, 1, run->err);
    if (status) return status;
    run->out.ptr[run->out.len] = '\0';
    out->ptr = run->out.ptr;
    out->len = run->out.len;
    run->out = (ap__buf){0};
    return AP_OK;
}

ap_status ap__jinja_render(ap__jinja_text *out, const ap__jinja *jinja, const ap__jinja_request *request,
                           ap_error *err) {
    ap_error own = AP_ERROR_INIT;
    ap__jrun run = {.jinja = jinja, .request = request, .err = err ? err : &own, .fuel = request->max_steps};
    if (!run.fuel) run.fuel = AP__JINJA_MAX_STEPS;
    run.mem.err = run.err;
    run.mem.max_bytes = AP__JINJA_MAX_MEMORY_BYTES;
    run.out.max = run.scratch.max = AP__JINJA_MAX_OUTPUT_BYTES;
    *out = (ap__jinja_text){0};
    ap_status status = begin(&run);
    if (!status) status = ap__jexec_enter(&run, &jinja->loads);
    if (!status) status = ap__jexec(&run, &jinja->body);
    if (!status) status = finish(out, &run);
    if (status) ap__jinja_text_clear(out);
    ap__buf_clear(&run.out);
    ap__buf_clear(&run.scratch);
    ap__jmem_clear(&run.mem);
    return status;
}

void ap__jinja_text_clear(ap__jinja_text *text) {
    ap__free(text->ptr);
    ap__free(text->generated);
    *text = (ap__jinja_text){0};
}

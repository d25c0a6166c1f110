/* Compiling a model for a device. */
#include "ov.h"

#include <string.h>

/* The C API takes properties as variable arguments, as many as a number in front says. All are passed in
 * every call: what is behind that number is not looked at. */
#define PAIR(i) p->keys[i], p->values[i]
#define PAIRS4(i) PAIR(i), PAIR((i) + 1), PAIR((i) + 2), PAIR((i) + 3)
#define PAIRS16(i) PAIRS4(i), PAIRS4((i) + 4), PAIRS4((i) + 8), PAIRS4((i) + 12)
#define ALL_PAIRS PAIRS16(0), PAIRS16(16), PAIRS16(32)

_Static_assert(OVP_MAX_PROPERTIES == 48, "ALL_PAIRS has all of them");

/* A failure that names a property of the caller is about that. */
static ap_status fail(const ovp_compile *what, ov_status_e failure, ap_error *err) {
    const ap_model_ref *model = what->model;
    ap_error reason = AP_ERROR_INIT;
    if (!failure) return AP_OK;
    for (size_t i = 0; i < model->n_options; i++) {
        const ap_key_value *option = &model->options[i];
        if (!strstr(ovp_last_message(), option->key)) continue;
        ovp_fail(&reason, failure, "open");
        return ov.host->fail(err, AP_EINVAL, "property %.64s=%.64s: %s", option->key, option->value,
                             reason.message);
    }
    return ovp_fail(err, failure, "open");
}

static ap_status compile_file(ov_compiled_model_t **out, const ovp_compile *what, const ovp_properties *p,
                              ap_error *err) {
    ov_status_e failure = ov.api.core_compile_model_from_file(ov.core, what->model->path, what->device->text,
                                                              2 * p->n, out, ALL_PAIRS);
    return fail(what, failure, err);
}

static ap_status compile_bytes(ov_compiled_model_t **out, const ovp_compile *what, const ovp_properties *p,
                               ap_error *err) {
    ov_model_t *model = NULL;
    const char *bytes = what->external->graph ? what->external->graph : what->model->bytes;
    size_t n_bytes = what->external->graph ? what->external->n_graph : what->model->n_bytes;
    ov_status_e failure = ov.api.core_read_model_from_memory_buffer(ov.core, bytes, n_bytes, NULL, &model);
    ap_status status = ovp_fail(err, failure, "open");
    if (status) return status;
    failure = ov.api.core_compile_model(ov.core, model, what->device->text, 2 * p->n, out, ALL_PAIRS);
    status = fail(what, failure, err);
    ov.api.model_free(model);
    return status;
}

ap_status ovp_compile_model(ov_compiled_model_t **out, const ovp_compile *what, ap_error *err) {
    ovp_properties p = *what->properties;
    *out = NULL;
    ap_status status = what->cache_dir ? ovp_properties_add(&p, "CACHE_DIR", what->cache_dir, err) : AP_OK;
    if (status) return status;
    for (size_t i = p.n; i < OVP_MAX_PROPERTIES; i++) p.keys[i] = p.values[i] = "";
    bool is_file = what->model->path && !what->external->graph;
    return is_file ? compile_file(out, what, &p, err) : compile_bytes(out, what, &p, err);
}

bool ovp_is_from_cache(const ov_compiled_model_t *model) {
    char *text = NULL;
    if (ov.api.compiled_model_get_property(model, "LOADED_FROM_CACHE", &text)) return false;
    bool is_hit = strcmp(text, "YES") == 0 || strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
    ovp_text_free(text);
    return is_hit;
}

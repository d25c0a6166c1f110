/* Opening and closing models. */
#include "common/branches.h"
#include "ov.h"
#include "workers.h"

#include <string.h>

/* From the cache, else into it, else without. */
static ap_status compile(ap_session *session, const ovp_compile *what, const ovp_source *source,
                         ap_error *err) {
    session->model = ovp_cache_open(what);
    if (!session->model) session->model = ovp_cache_write(what, source);
    ap_status status = session->model ? AP_OK : ovp_compile_model(&session->model, what, err);
    if (!status) session->from_cache = ovp_is_from_cache(session->model);
    return status;
}

/* The runtime's passes for int8 arithmetic fail on graphs that ONNX Runtime's quantizer makes (2026.4: a sum
 * of two operands that are dequantized). Such a graph is opened without them, and computed in float32. */
static ap_status compile_plainly(ap_session *session, const ovp_compile *what, ovp_properties *properties,
                                 const ovp_source *source, ap_error *err) {
    static const char key[] = "LP_TRANSFORMS_MODE";
    ap_error first = AP_ERROR_INIT;
    ap_status status = compile(session, what, source, &first);
    const bool is_mended =
        status == AP_EBACKEND && source->onnx.has_quantize && !ovp_properties_have(properties, key) &&
        !ovp_properties_add(properties, key, "NO", NULL) && !compile(session, what, source, NULL);
    if (is_mended) ov.host->log(AP_LOG_INFO, "ov: without int8 arithmetic: %s", first.message);
    if (is_mended) return AP_OK;
    if (status && err) *err = first;
    return status;
}

/* A session for latency has one stream, whose threads are its own. With options of the caller's nobody knows
 * how many there are. */
static int32_t find_run_threads(const ovp_device *device, const ap_model_ref *model) {
    bool is_own = strcmp(device->text, "CPU") == 0 && model->use == AP_USE_LATENCY && !model->n_options;
    return is_own ? model->n_threads : 0;
}

static ap_status open_model(ap_session *session, const ap_model_ref *model, ap_error *err) {
    ovp_device device;
    ovp_properties properties;
    ovp_source source;
    model_bytes bytes;
    const ovp_compile what = {model, &session->external, &device, &properties, NULL};
    ap_status status = ovp_device_find(&device, model->device, err);
    if (status) return status;
    ovp_device_name(session->device, sizeof session->device, &device);
    session->run_threads = find_run_threads(&device, model);
    model_bytes_init(&bytes, model);
    status = ovp_source_look(&source, model, bytes.ptr, bytes.len, err);
    if (!status && source.format == OVP_FORMAT_ONNX)
        status = onnx_branches_fold(ov.host, &session->external.graph, &session->external.n_graph, bytes.ptr,
                                    bytes.len, err);
    if (!status && ovp_external_is_needed(&session->external, model, &source.onnx))
        status = ovp_external_init(&session->external, model, &bytes, &source.onnx, err);
    if (!status) status = ovp_properties_init(&properties, &device, model, err);
    if (!status) status = compile_plainly(session, &what, &properties, &source, err);
    if (!status) status = ovp_ios_read(session, source.format == OVP_FORMAT_ONNX ? &bytes : NULL, err);
    session->is_stateful = source.has_state;
    model_bytes_clear(&bytes);
    return status;
}

ap_status ovp_open(ap_session **out, const ap_host *host, const ap_model_ref *model, ap_error *err) {
    *out = NULL;
    ap_session *session = host->alloc(sizeof *session);
    if (!session) return ovp_fail_nomem(err);
    memset(session, 0, sizeof *session);
    pthread_mutex_init(&session->lock, NULL);
    ap_status status = open_model(session, model, err);
    if (status) {
        ovp_close(session);
        return status;
    }
    *out = session;
    return AP_OK;
}

void ovp_close(ap_session *session) {
    if (!session) return;
    ovp_requests_clear(session);
    ovp_ios_clear(session);
    if (session->model) ov.api.compiled_model_free(session->model);
    ovp_external_clear(&session->external);
    pthread_mutex_destroy(&session->lock);
    ov.host->free(session);
}

void ovp_describe(const ap_session *session, ap_session_info *out) {
    out->n_inputs = session->n_inputs;
    out->n_outputs = session->n_outputs;
    out->from_cache = session->from_cache;
    out->inputs = session->inputs;
    out->outputs = session->outputs;
    out->device = session->device;
    if (AP_HAS(out, run_threads)) out->run_threads = session->run_threads;
    if (AP_HAS(out, run_threads_min)) out->run_threads_min = session->run_threads && ovp_workers_find();
    if (AP_HAS(out, few_lengths)) out->few_lengths = 1;
    if (AP_HAS(out, is_stateful)) out->is_stateful = session->is_stateful;
}

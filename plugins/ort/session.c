/* Opening and closing models, and what they say of themselves. */
#include "cache.h"
#include "common/bytes.h"
#include "fused.h"
#include "providers.h"

#include <string.h>

/* -- inputs and outputs -------------------------------------------------------------------------------- */

/* The runtime's functions that differ between inputs and outputs. */
typedef struct io_side {
    const char *what;
    OrtStatus *(ORT_API_CALL *count)(const OrtSession *, size_t *);
    OrtStatus *(ORT_API_CALL *name)(const OrtSession *, size_t, OrtAllocator *, char **);
    OrtStatus *(ORT_API_CALL *type)(const OrtSession *, size_t, OrtTypeInfo **);
} io_side;

static ap_status read_shape(ap_io *io, const OrtTensorTypeAndShapeInfo *info, ap_error *err) {
    ONNXTensorElementDataType type = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
    size_t rank = 0;
    OrtStatus *failure = ort.api->GetTensorElementType(info, &type);
    if (!failure) failure = ort.api->GetDimensionsCount(info, &rank);
    if (!failure && rank > AP_TENSOR_MAX_RANK)
        return ort.host->fail(err, AP_EUNSUPPORTED, "\"%s\" has rank %zu, over the limit of %d", io->name,
                              rank, AP_TENSOR_MAX_RANK);
    if (!failure) failure = ort.api->GetDimensions(info, io->shape, rank);
    io->dtype = ort_dtype_from(type);
    /* The runtime says 0 of a scalar, and also of a tensor whose rank the model does not tell. */
    io->rank = rank ? (uint32_t)rank : AP_RANK_UNKNOWN;
    return ort_fail(err, failure, "describe");
}

static ap_status read_type(ap_io *io, const OrtTypeInfo *type, ap_error *err) {
    const OrtTensorTypeAndShapeInfo *info = NULL;
    ap_status status = ort_fail(err, ort.api->CastTypeInfoToTensorInfo(type, &info), "describe");
    io->rank = AP_RANK_UNKNOWN;
    return status || !info ? status : read_shape(io, info, err);
}

static ap_status read_io(ap_io *io, const OrtSession *session, const io_side *side, size_t i, ap_error *err) {
    OrtTypeInfo *type = NULL;
    char *name = NULL;
    ap_status status = ort_fail(err, side->name(session, i, ort.allocator, &name), "describe");
    io->name = name;
    if (!status) status = ort_fail(err, side->type(session, i, &type), "describe");
    if (!status) status = read_type(io, type, err);
    if (type) ort.api->ReleaseTypeInfo(type);
    return status;
}

static ap_status read_ios(ap_io **out, uint32_t *n_out, const OrtSession *session, const io_side *side,
                          ap_error *err) {
    size_t n = 0;
    ap_status status = ort_fail(err, side->count(session, &n), "describe");
    if (status) return status;
    if (n >= UINT32_MAX / sizeof(ap_io))
        return ort.host->fail(err, AP_ELIMIT, "the model has %zu %s", n, side->what);
    *out = ort.host->alloc((n ? n : 1) * sizeof **out);
    if (!*out) return ort_fail_nomem(err);
    memset(*out, 0, n * sizeof **out);
    *n_out = (uint32_t)n;
    for (size_t i = 0; !status && i < n; i++) status = read_io(&(*out)[i], session, side, i, err);
    return status;
}

static void free_ios(ap_io *ios, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        if (ios[i].name) ort_ignore(ort.api->AllocatorFree(ort.allocator, (void *)(uintptr_t)ios[i].name));
    ort.host->free(ios);
}

static ap_status read_all_ios(ap_session *session, ap_error *err) {
    const OrtApi *api = ort.api;
    const io_side inputs = {"inputs", api->SessionGetInputCount, api->SessionGetInputName,
                            api->SessionGetInputTypeInfo};
    const io_side outputs = {"outputs", api->SessionGetOutputCount, api->SessionGetOutputName,
                             api->SessionGetOutputTypeInfo};
    ap_status status = read_ios(&session->inputs, &session->n_inputs, session->session, &inputs, err);
    return status ? status
                  : read_ios(&session->outputs, &session->n_outputs, session->session, &outputs, err);
}

/* -- opening ------------------------------------------------------------------------------------------- */

static ap_status create_session(OrtSession **out, const ap_model_ref *model, const OrtSessionOptions *options,
                                ap_error *err) {
    OrtStatus *failure =
        model->path ? ort.api->CreateSession(ort.env, model->path, options, out)
                    : ort.api->CreateSessionFromArray(ort.env, model->bytes, model->n_bytes, options, out);
    return ort_fail(err, failure, "open");
}

static ap_status open_plain(OrtSession **out, const ap_model_ref *model, const onnx_info *onnx,
                            ap_error *err) {
    OrtSessionOptions *options = NULL;
    ap_status status = ort_options_create(&options, model, onnx, err);
    if (!status) status = create_session(out, model, options, err);
    if (options) ort.api->ReleaseSessionOptions(options);
    return status;
}

/* Opens and writes the cache on the way, in one go: the runtime has no call that writes later, and a second
 * session in the background would cost three times as much CPU.
 * @param source what the cache is of.   @return false: not opened. */
static bool open_and_write(OrtSession **out, const ap_model_ref *model, const ap_model_ref *source,
                           const onnx_info *onnx, size_t n_bytes) {
    OrtSessionOptions *options = NULL;
    ap_error ignored = AP_ERROR_INIT;
    if (!model->cache_path || ort_options_create(&options, model, onnx, &ignored)) return false;
    cache_writer *writer = ort_cache_begin(source, onnx, n_bytes, options);
    bool is_open = writer && create_session(out, model, options, &ignored) == AP_OK;
    if (writer && !is_open) ort.host->log(AP_LOG_DEBUG, "ort: cache: not written: %s", ignored.message);
    cache_writer_end(writer, is_open);
    ort.api->ReleaseSessionOptions(options);
    return is_open;
}

/* Releases before those with the operators refuse the model: it is then opened as it is. */
static bool open_fused(OrtSession **out, const ap_model_ref *model, const onnx_info *onnx, onnx_text bytes) {
    fused_model fused;
    ap_error ignored = AP_ERROR_INIT;
    /* Other providers may not have the operators. */
    if (!ort_providers_are_cpu(model) || !fused_model_init(&fused, ort.host, model, onnx, bytes))
        return false;
    bool is_open = open_and_write(out, &fused.ref, model, onnx, bytes.len) ||
                   open_plain(out, &fused.ref, onnx, &ignored) == AP_OK;
    ort.host->log(AP_LOG_DEBUG, "ort: %s: %zu attentions %s %s", model->path, fused.n_fused,
                  is_open ? "are an operator each" : "stay as they are:", ignored.message);
    fused_model_clear(&fused);
    return is_open;
}

static ap_status open_session(ap_session *session, const ap_model_ref *model, ap_error *err) {
    session->session = ort_cache_open(model);
    session->from_cache = session->session != NULL;
    if (session->session) return AP_OK;
    onnx_info onnx;
    model_bytes bytes;
    ap_status status = AP_OK;
    model_bytes_init(&bytes, model);
    onnx_info_scan(&onnx, bytes.ptr, bytes.len);
    if (!open_fused(&session->session, model, &onnx, (onnx_text){bytes.ptr, bytes.len}) &&
        !open_and_write(&session->session, model, model, &onnx, bytes.len))
        status = open_plain(&session->session, model, &onnx, err);
    model_bytes_clear(&bytes);
    return status;
}

ap_status ort_open(ap_session **out, const ap_host *host, const ap_model_ref *model, ap_error *err) {
    *out = NULL;
    ap_session *session = host->alloc(sizeof *session);
    if (!session) return ort_fail_nomem(err);
    memset(session, 0, sizeof *session);
    ap_model_ref plain = *model;
    /* What other providers compile cannot be written to the cache. */
    if (!ort_providers_are_cpu(model)) plain.cache_path = NULL;
    ap_status status = open_session(session, &plain, err);
    ort_providers_describe(session->device, sizeof session->device, model);
    if (!status) status = read_all_ios(session, err);
    if (status) {
        ort_close(session);
        return status;
    }
    *out = session;
    return AP_OK;
}

void ort_close(ap_session *session) {
    if (!session) return;
    free_ios(session->inputs, session->n_inputs);
    free_ios(session->outputs, session->n_outputs);
    if (session->session) ort.api->ReleaseSession(session->session);
    ort.host->free(session);
}

void ort_describe(const ap_session *session, ap_session_info *out) {
    out->n_inputs = session->n_inputs;
    out->n_outputs = session->n_outputs;
    out->from_cache = session->from_cache;
    out->inputs = session->inputs;
    out->outputs = session->outputs;
    out->device = session->device;
}

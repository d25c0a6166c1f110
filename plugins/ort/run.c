/* Running a model. Inputs are not copied: the runtime sees the caller's memory, or a value that it kept
 * itself. Outputs stay values of the runtime until they are released. */
#include "ort.h"

#include <stdatomic.h>
#include <string.h>

/* Runs with at most this many inputs, and as many outputs, need no allocation here. */
enum { N_ON_STACK = 12 };

/* Names and values of one side of a run. */
typedef struct run_buffers {
    size_t n;
    const char **names;
    OrtValue **values;
    const char *names_on_stack[N_ON_STACK];
    OrtValue *values_on_stack[N_ON_STACK];
} run_buffers;

/* Room for `n` names and values, all NULL. */
static ap_status buffers_init(run_buffers *buffers, size_t n, ap_error *err) {
    buffers->n = n;
    buffers->names = buffers->names_on_stack;
    buffers->values = buffers->values_on_stack;
    if (n > N_ON_STACK) {
        void *block = ort.host->alloc(n * (sizeof *buffers->names + sizeof *buffers->values));
        if (!block) return ort_fail_nomem(err);
        buffers->values = block;
        buffers->names = (const char **)(buffers->values + n);
    }
    memset(buffers->values, 0, n * sizeof *buffers->values);
    return AP_OK;
}

static void buffers_clear(run_buffers *buffers) {
    if (buffers->values != buffers->values_on_stack) ort.host->free(buffers->values);
}

/* -- inputs -------------------------------------------------------------------------------------------- */

static OrtStatus *wrap_input(OrtValue **out, const ap_tensor_view *view) {
    /* The runtime wants an address, and writable memory by its type; it writes to no input. */
    static char nothing;
    void *data = view->data ? (void *)(uintptr_t)view->data : &nothing;
    return ort.api->CreateTensorWithDataAsOrtValue(ort.host_memory, data, view->size_bytes, view->shape,
                                                   view->rank, ort_dtype_to(view->dtype), out);
}

static ap_status wrap_inputs(run_buffers *buffers, const ap_run_args *args, ap_error *err) {
    for (uint32_t i = 0; i < args->n_inputs; i++) {
        const ap_named_tensor *input = &args->inputs[i];
        buffers->names[i] = input->name;
        if (input->tensor.handle) {
            buffers->values[i] = input->tensor.handle;
            continue;
        }
        OrtStatus *failure = wrap_input(&buffers->values[i], &input->tensor.view);
        if (failure) return ort_fail(err, failure, input->name);
    }
    return AP_OK;
}

static void release_inputs(const run_buffers *buffers, const ap_run_args *args) {
    for (uint32_t i = 0; i < args->n_inputs; i++)
        if (!args->inputs[i].tensor.handle && buffers->values[i]) ort.api->ReleaseValue(buffers->values[i]);
}

/* -- outputs ------------------------------------------------------------------------------------------- */

static void release_tensor(ap_tensor *tensor) {
    ort.api->ReleaseValue(tensor->handle);
    tensor->handle = NULL;
}

static OrtStatus *read_view(ap_tensor_view *view, OrtValue *value, size_t *n_elements) {
    OrtTensorTypeAndShapeInfo *info = NULL;
    ONNXTensorElementDataType type = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
    size_t rank = 0;
    OrtStatus *failure = ort.api->GetTensorTypeAndShape(value, &info);
    if (failure) return failure;
    failure = ort.api->GetTensorElementType(info, &type);
    if (!failure) failure = ort.api->GetDimensionsCount(info, &rank);
    if (!failure && rank <= AP_TENSOR_MAX_RANK) failure = ort.api->GetDimensions(info, view->shape, rank);
    if (!failure) failure = ort.api->GetTensorShapeElementCount(info, n_elements);
    ort.api->ReleaseTensorTypeAndShapeInfo(info);
    view->dtype = ort_dtype_from(type);
    view->rank = (uint32_t)rank;
    return failure;
}

/* `value` is taken, also on failure. */
static ap_status take_value(ap_tensor *out, OrtValue *value, const char *name, ap_error *err) {
    size_t n_elements = 0;
    void *data = NULL;
    memset(out, 0, sizeof *out);
    OrtStatus *failure = read_view(&out->view, value, &n_elements);
    ap_status status = ort_fail(err, failure, name);
    if (!status && (out->view.dtype == AP_DTYPE_NONE || out->view.rank > AP_TENSOR_MAX_RANK))
        status = ort.host->fail(err, AP_EUNSUPPORTED,
                                "output \"%s\" is no tensor of a type and rank that is supported", name);
    if (!status) status = ort_fail(err, ort.api->GetTensorMutableData(value, &data), name);
    if (status) {
        ort.api->ReleaseValue(value);
        return status;
    }
    out->view.size_bytes = n_elements * ort_dtype_size(out->view.dtype);
    out->view.data = n_elements ? data : NULL;
    out->handle = value;
    out->release = release_tensor;
    return AP_OK;
}

/* Those that are wanted: `n` becomes their number. */
static void name_outputs(run_buffers *buffers, const ap_run_args *args) {
    size_t n = 0;
    for (uint32_t i = 0; i < args->n_outputs; i++) {
        memset(&args->outputs[i].tensor, 0, sizeof args->outputs[i].tensor);
        if (args->outputs[i].flags != AP_TENSOR_SKIP) buffers->names[n++] = args->outputs[i].name;
    }
    buffers->n = n;
}

static ap_status take_outputs(const run_buffers *buffers, const ap_run_args *args, ap_error *err) {
    ap_status status = AP_OK;
    size_t n = 0;
    uint32_t i = 0;
    for (; !status && i < args->n_outputs; i++) {
        if (args->outputs[i].flags == AP_TENSOR_SKIP) continue;
        status = take_value(&args->outputs[i].tensor, buffers->values[n++], args->outputs[i].name, err);
    }
    if (!status) return AP_OK;
    for (; i < args->n_outputs; i++)
        if (args->outputs[i].flags != AP_TENSOR_SKIP) ort.api->ReleaseValue(buffers->values[n++]);
    for (uint32_t k = 0; k < args->n_outputs; k++)
        if (args->outputs[k].tensor.handle) release_tensor(&args->outputs[k].tensor);
    return status;
}

/* -- cancelling ---------------------------------------------------------------------------------------- */

typedef struct canceller {
    OrtRunOptions *options;
    atomic_int is_canceled;
} canceller;

/* Called on the thread that cancels. The runtime looks at the flag between two operators. */
static void on_cancel(void *ctx) {
    canceller *c = ctx;
    atomic_store(&c->is_canceled, 1);
    ort_ignore(ort.api->RunOptionsSetTerminate(c->options));
}

/* -- the run ------------------------------------------------------------------------------------------- */

static OrtStatus *call_run(const ap_session *session, const OrtRunOptions *options, const run_buffers *in,
                           const run_buffers *out) {
    return ort.api->Run(session->session, options, in->names, (const OrtValue *const *)in->values, in->n,
                        out->names, out->n, out->values);
}

static ap_status run_cancellable(const ap_session *session, ap_cancel *cancel, const run_buffers *in,
                                 const run_buffers *out, ap_error *err) {
    canceller c = {.options = NULL};
    atomic_init(&c.is_canceled, 0);
    ap_status status = ort_fail(err, ort.api->CreateRunOptions(&c.options), "run");
    if (status) return status;
    ort.host->cancel_bind(cancel, on_cancel, &c);
    OrtStatus *failure = call_run(session, c.options, in, out);
    ort.host->cancel_unbind(cancel, on_cancel, &c);
    status = ort_fail(err, failure, "run");
    if (status && atomic_load(&c.is_canceled))
        status = ort.host->fail(err, AP_ECANCELED, "the run was cancelled");
    ort.api->ReleaseRunOptions(c.options);
    return status;
}

static ap_status run(const ap_session *session, const ap_run_args *args, run_buffers *in, run_buffers *out,
                     ap_error *err) {
    name_outputs(out, args);
    ap_status status = wrap_inputs(in, args, err);
    if (!status && args->cancel)
        status = run_cancellable(session, args->cancel, in, out, err);
    else if (!status)
        status = ort_fail(err, call_run(session, NULL, in, out), "run");
    release_inputs(in, args);
    return status ? status : take_outputs(out, args, err);
}

ap_status ort_run(ap_session *session, const ap_run_args *args, ap_error *err) {
    run_buffers in, out;
    ap_status status = buffers_init(&in, args->n_inputs, err);
    if (status) return status;
    status = buffers_init(&out, args->n_outputs, err);
    if (!status) {
        status = run(session, args, &in, &out, err);
        buffers_clear(&out);
    }
    buffers_clear(&in);
    return status;
}

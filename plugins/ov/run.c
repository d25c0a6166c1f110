/* Running a model. Inputs are not copied: the runtime sees the caller's memory, or a tensor that it made
 * itself. Every output is written into a tensor of its own, which is the caller's afterwards: a request would
 * write its own tensors again in its next run. */
#include "ov.h"
#include "workers.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

/* The index of `name`, `n` when it is not there; mostly it is `guess`. */
static uint32_t find_io(const ap_io *ios, uint32_t n, const char *name, uint32_t guess) {
    if (guess < n && strcmp(ios[guess].name, name) == 0) return guess;
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(ios[i].name, name) == 0) return i;
    return n;
}

/* -- inputs -------------------------------------------------------------------------------------------- */

/* The runtime computes with integers of 32 bits where the model has 64, and cuts what does not fit. */
static ap_status check_integers(const ap_named_tensor *input, ap_error *err) {
    const ap_tensor_view *view = &input->tensor.view;
    const int64_t *elements = view->data;
    size_t n = view->size_bytes / sizeof *elements;
    uint64_t outside = 0;
    if (view->dtype != AP_DTYPE_I64 && view->dtype != AP_DTYPE_U64) return AP_OK;
    for (size_t i = 0; i < n; i++) outside |= ((uint64_t)elements[i] + 0x80000000u) >> 32;
    if (!outside) return AP_OK;
    return ov.host->fail(
        err, AP_EINVAL,
        "input \"%.64s\" has numbers that need more than 32 bits, with which OpenVINO computes", input->name);
}

static ap_status wrap_input(ov_tensor_t **out, const ap_named_tensor *input, ap_error *err) {
    /* The runtime wants an address, and writable memory by its type; it writes to no input. */
    static char nothing;
    const ap_tensor_view *view = &input->tensor.view;
    void *data = view->data ? (void *)(uintptr_t)view->data : &nothing;
    const ov_shape_t shape = {view->rank, (int64_t *)(uintptr_t)view->shape};
    return ovp_fail(err, ov.api.tensor_create_from_host_ptr(ovp_dtype_to(view->dtype), shape, data, out),
                    input->name);
}

static ap_status set_input(const ap_session *session, ovp_request *request, const ap_named_tensor *input,
                           uint32_t guess, ap_error *err) {
    uint32_t i = find_io(session->inputs, session->n_inputs, input->name, guess);
    ov_tensor_t *tensor = input->tensor.handle;
    if (i == session->n_inputs)
        return ov.host->fail(err, AP_EINVAL, "the model has no input \"%.64s\"", input->name);
    ap_status status = tensor ? AP_OK : check_integers(input, err);
    if (!status && !tensor) status = wrap_input(&tensor, input, err);
    if (status) return status;
    status = ovp_fail(err, ov.api.infer_request_set_input_tensor_by_index(request->handle, i, tensor),
                      input->name);
    /* The request holds it from here on. */
    if (!input->tensor.handle) ov.api.tensor_free(tensor);
    return status;
}

/* -- outputs ------------------------------------------------------------------------------------------- */

static void release_tensor(ap_tensor *tensor) {
    ov.api.tensor_free(tensor->handle);
    tensor->handle = NULL;
}

/* A tensor for an output; extents that are not known begin as none, and the runtime sets them. */
static ap_status bind_output(ov_tensor_t **out, const ap_session *session, ovp_request *request, uint32_t i,
                             ap_error *err) {
    const ap_io *io = &session->outputs[i];
    int64_t dims[AP_TENSOR_MAX_RANK] = {0};
    const ov_shape_t shape = {io->rank == AP_RANK_UNKNOWN ? 1 : io->rank, dims};
    for (uint32_t k = 0; io->rank != AP_RANK_UNKNOWN && k < io->rank; k++)
        dims[k] = io->shape[k] < 0 ? 0 : io->shape[k];
    if (io->dtype == AP_DTYPE_NONE)
        return ov.host->fail(err, AP_EUNSUPPORTED, "output \"%s\" is no tensor of a type that is supported",
                             io->name);
    ap_status status = ovp_fail(err, ov.api.tensor_create(ovp_dtype_to(io->dtype), shape, out), io->name);
    if (!status)
        status = ovp_fail(err, ov.api.infer_request_set_output_tensor_by_index(request->handle, i, *out),
                          io->name);
    return status;
}

static ap_status bind_wanted(const ap_session *session, ovp_request *request, ap_named_tensor *output,
                             uint32_t guess, ap_error *err) {
    ov_tensor_t *tensor = NULL;
    uint32_t i = find_io(session->outputs, session->n_outputs, output->name, guess);
    if (i == session->n_outputs)
        return ov.host->fail(err, AP_EINVAL, "the model has no output \"%.64s\"", output->name);
    if (request->bound[i] == OVP_BOUND_NOW)
        return ov.host->fail(err, AP_EINVAL, "output \"%.64s\" is asked for twice", output->name);
    ap_status status = bind_output(&tensor, session, request, i, err);
    request->bound[i] = OVP_BOUND_NOW;
    output->tensor.view.dtype = session->outputs[i].dtype;
    output->tensor.handle = tensor;
    output->tensor.release = tensor ? release_tensor : NULL;
    return status;
}

/* An output that nobody wants now must not go where the caller of an earlier run has his. */
static ap_status unbind_earlier(const ap_session *session, ovp_request *request, uint32_t i, ap_error *err) {
    ov_tensor_t *tensor = NULL;
    ap_status status = bind_output(&tensor, session, request, i, err);
    if (tensor) ov.api.tensor_free(tensor);
    request->bound[i] = OVP_BOUND_OWN;
    return status;
}

/* Outputs that are wanted get tensors, in args->outputs[].tensor.handle. */
static ap_status bind_outputs(const ap_session *session, ovp_request *request, const ap_run_args *args,
                              ap_error *err) {
    ap_status status = AP_OK;
    for (uint32_t k = 0; !status && k < args->n_outputs; k++)
        if (args->outputs[k].flags != AP_TENSOR_SKIP)
            status = bind_wanted(session, request, &args->outputs[k], k, err);
    for (uint32_t i = 0; !status && i < session->n_outputs; i++) {
        if (request->bound[i] == OVP_BOUND_EARLIER)
            status = unbind_earlier(session, request, i, err);
        else if (request->bound[i] == OVP_BOUND_NOW)
            request->bound[i] = OVP_BOUND_EARLIER;
    }
    return status;
}

static ap_status read_view(ap_tensor *tensor, const char *name, ap_error *err) {
    ov_shape_t shape = {0, NULL};
    void *data = NULL;
    ap_tensor_view *view = &tensor->view;
    ov_status_e failure = ov.api.tensor_get_shape(tensor->handle, &shape);
    /* The C API has no shape for a scalar, and calls it a wrong parameter. */
    ap_status status = failure == OVP_INVALID_PARAMETER ? AP_OK : ovp_fail(err, failure, name);
    if (status) return status;
    if (shape.rank > AP_TENSOR_MAX_RANK)
        status = ov.host->fail(err, AP_EUNSUPPORTED, "output \"%s\" has rank %lld, over the limit of %d",
                               name, (long long)shape.rank, AP_TENSOR_MAX_RANK);
    view->rank = (uint32_t)shape.rank;
    for (uint32_t i = 0; !status && i < view->rank; i++) view->shape[i] = shape.dims[i];
    if (shape.dims) ov.api.shape_free(&shape);
    if (!status) status = ovp_fail(err, ov.api.tensor_get_byte_size(tensor->handle, &view->size_bytes), name);
    if (!status && view->size_bytes) status = ovp_fail(err, ov.api.tensor_data(tensor->handle, &data), name);
    view->data = data;
    return status;
}

static ap_status read_outputs(const ap_run_args *args, ap_error *err) {
    ap_status status = AP_OK;
    for (uint32_t i = 0; !status && i < args->n_outputs; i++)
        if (args->outputs[i].tensor.handle)
            status = read_view(&args->outputs[i].tensor, args->outputs[i].name, err);
    return status;
}

static void release_outputs(const ap_run_args *args) {
    for (uint32_t i = 0; i < args->n_outputs; i++) {
        ap_tensor *tensor = &args->outputs[i].tensor;
        if (tensor->handle) release_tensor(tensor);
        memset(tensor, 0, sizeof *tensor);
    }
}

/* -- cancelling ---------------------------------------------------------------------------------------- */

typedef struct canceller {
    ov_infer_request_t *request;
    pthread_t thread; /* insist() */
    bool has_thread;  /* Guarded by the lock that the host holds while it calls on_cancel(). */
    atomic_int is_canceled, has_ended;
} canceller;

/* The runtime forgets what it is told before the run has begun, and nothing says when that is: the run may be
 * done inside the call that starts it. So it is told until the run has ended. */
static void *insist(void *ctx) {
    static const struct timespec pause = {0, 1000000};
    canceller *c = ctx;
    while (!atomic_load(&c->has_ended)) {
        ov.api.infer_request_cancel(c->request);
        nanosleep(&pause, NULL);
    }
    return NULL;
}

/* Called on the thread that cancels. The runtime looks for it between two operators. */
static void on_cancel(void *ctx) {
    canceller *c = ctx;
    if (atomic_exchange(&c->is_canceled, 1)) return;
    ov.api.infer_request_cancel(c->request);
    c->has_thread = pthread_create(&c->thread, NULL, insist, c) == 0;
}

/* Not ov_infer_request_infer(): with one thread, releases from 2025.1 on say of a run that failed that it
 * went well. In a session for one thread the run is over when the first call returns. */
static ap_status infer(ovp_request *request, ap_error *err) {
    ap_status status = ovp_fail(err, ov.api.infer_request_start_async(request->handle), "run");
    return status ? status : ovp_fail(err, ov.api.infer_request_wait(request->handle), "run");
}

static ap_status infer_cancellable(ovp_request *request, ap_cancel *cancel, ap_error *err) {
    canceller c = {.request = request->handle};
    ap_status status = AP_OK;
    atomic_init(&c.is_canceled, 0);
    atomic_init(&c.has_ended, 0);
    ov.host->cancel_bind(cancel, on_cancel, &c);
    if (!atomic_load(&c.is_canceled)) status = infer(request, err);
    atomic_store(&c.has_ended, 1);
    ov.host->cancel_unbind(cancel, on_cancel, &c);
    if (c.has_thread) pthread_join(c.thread, NULL);
    if (atomic_load(&c.is_canceled)) return ov.host->fail(err, AP_ECANCELED, "the run was cancelled");
    return status;
}

/* -- the run ------------------------------------------------------------------------------------------- */

static ap_status run(const ap_session *session, ovp_request *request, const ap_run_args *args,
                     ap_error *err) {
    ap_status status = AP_OK;
    for (uint32_t i = 0; !status && i < args->n_inputs; i++)
        status = set_input(session, request, &args->inputs[i], i, err);
    if (!status) status = bind_outputs(session, request, args, err);
    if (!status) status = args->cancel ? infer_cancellable(request, args->cancel, err) : infer(request, err);
    return status ? status : read_outputs(args, err);
}

/* The request of a state stays with it, also after a failure: whose it is destroys it. */
static ap_status run_state(ap_session *session, const ap_run_args *args, ap_error *err) {
    ap_status status = run(session, (ovp_request *)args->state, args, err);
    if (status) release_outputs(args);
    return status;
}

static ap_status run_free(ap_session *session, const ap_run_args *args, ap_error *err) {
    ovp_request *request = NULL;
    ap_status status = ovp_request_take(&request, session, err);
    if (status) return status;
    status = run(session, request, args, err);
    if (!status) {
        ovp_request_give_back(session, request);
        return AP_OK;
    }
    /* Who knows in what state a failure leaves it. */
    ovp_request_destroy(request);
    release_outputs(args);
    return status;
}

ap_status ovp_run(ap_session *session, const ap_run_args *args, ap_error *err) {
    for (uint32_t i = 0; i < args->n_outputs; i++)
        memset(&args->outputs[i].tensor, 0, sizeof args->outputs[i].tensor);
    bool has_state = AP_HAS(args, state) && args->state;
    int32_t n_threads = AP_HAS(args, n_threads) ? args->n_threads : 0;
    if (session->is_stateful && !has_state)
        return ov.host->fail(err, AP_EINVAL, "the model is stateful, and the run has no state");
    if (n_threads) ovp_workers_enter(n_threads, session->run_threads);
    ap_status status = has_state ? run_state(session, args, err) : run_free(session, args, err);
    if (n_threads) ovp_workers_leave(n_threads, session->run_threads);
    return status;
}

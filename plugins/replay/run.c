/* Running: the case whose inputs these are, or the functions. */
#include "replay.h"

#include <stddef.h>
#include <string.h>
#include <time.h>

/* Behind the handle of an output. The elements follow it. */
typedef struct owned_tensor {
    const ap_host *host;
    size_t size_bytes;
    _Alignas(max_align_t) unsigned char elements[];
} owned_tensor;

static void release_tensor(ap_tensor *tensor) {
    owned_tensor *owned = tensor->handle;
    tensor->handle = NULL;
    owned->host->free(owned);
}

ap_status replay_read(ap_session *session, const ap_tensor *tensor, void *dst, size_t size_bytes,
                      ap_error *err) {
    const owned_tensor *owned = tensor->handle;
    if (!owned || owned->size_bytes != size_bytes)
        return session->host->fail(err, AP_EINVAL, "replay: read of %zu bytes from a tensor of another size",
                                   size_bytes);
    if (size_bytes) memcpy(dst, owned->elements, size_bytes);
    session->host->log(AP_LOG_DEBUG, "replay: read: %zu bytes", size_bytes);
    return AP_OK;
}

/* -- inputs -------------------------------------------------------------------------------------------- */

/* The views of the inputs in the model's order, with their elements wherever they were kept. */
static ap_status read_inputs(ap_tensor_view *views, const ap_session *session, const ap_run_args *args,
                             ap_error *err) {
    bool is_given[REPLAY_MAX_IOS] = {false};
    for (uint32_t i = 0; i < args->n_inputs; i++) {
        const ap_named_tensor *input = &args->inputs[i];
        const owned_tensor *owned = input->tensor.handle;
        uint32_t at = replay_find_io(session->inputs, session->n_inputs, input->name);
        if (at == session->n_inputs || input->tensor.view.dtype != session->inputs[at].dtype)
            return session->host->fail(err, AP_EINVAL, "replay: input \"%s\" is unknown or of another type",
                                       input->name);
        is_given[at] = true;
        views[at] = input->tensor.view;
        if (owned) views[at].data = owned->elements;
    }
    for (uint32_t i = 0; i < session->n_inputs; i++)
        if (!is_given[i])
            return session->host->fail(err, AP_EINVAL, "replay: input \"%s\" is missing",
                                       session->inputs[i].name);
    return AP_OK;
}

/* -- cases --------------------------------------------------------------------------------------------- */

static bool views_equal(const ap_tensor_view *a, const ap_tensor_view *b) {
    return a->dtype == b->dtype && a->rank == b->rank &&
           memcmp(a->shape, b->shape, a->rank * sizeof *a->shape) == 0 && a->size_bytes == b->size_bytes &&
           (a->size_bytes == 0 || memcmp(a->data, b->data, a->size_bytes) == 0);
}

static const replay_case *find_case(const ap_session *session, const ap_tensor_view *inputs) {
    for (uint32_t i = 0; i < session->n_cases; i++) {
        const replay_case *candidate = session->cases[i];
        uint32_t n_equal = 0;
        while (n_equal < candidate->n_inputs &&
               views_equal(&candidate->inputs[n_equal].view, &inputs[candidate->inputs[n_equal].io]))
            n_equal++;
        if (n_equal == candidate->n_inputs) return candidate;
    }
    return NULL;
}

static const ap_tensor_view *find_recorded(const replay_case *found, uint32_t output) {
    for (uint32_t i = 0; found && i < found->n_outputs; i++)
        if (found->outputs[i].io == output) return &found->outputs[i].view;
    return NULL;
}

/* -- outputs ------------------------------------------------------------------------------------------- */

/* A tensor of view's dtype and shape.   @return where its elements go, NULL when out of memory. */
static void *create_tensor(ap_tensor *out, const ap_session *session, const ap_tensor_view *view) {
    size_t n_bytes = replay_dtype_size(view->dtype);
    for (uint32_t i = 0; i < view->rank; i++) n_bytes *= (size_t)view->shape[i];
    owned_tensor *owned = session->host->alloc(sizeof *owned + n_bytes);
    if (!owned) return NULL;
    owned->host = session->host;
    owned->size_bytes = n_bytes;
    *out = (ap_tensor){.view = *view, .handle = owned, .release = release_tensor};
    out->view.size_bytes = n_bytes;
    out->view.data = n_bytes && !session->settings.elsewhere ? owned->elements : NULL;
    return owned->elements;
}

static ap_status make_recorded(ap_tensor *out, const ap_session *session, const ap_tensor_view *recorded,
                               ap_error *err) {
    void *data = create_tensor(out, session, recorded);
    if (!data) return session->host->fail(err, AP_ENOMEM, "out of memory");
    if (recorded->size_bytes) memcpy(data, recorded->data, recorded->size_bytes);
    return AP_OK;
}

static ap_status make_computed(ap_tensor *out, const ap_session *session, uint32_t output,
                               const ap_tensor_view *inputs, ap_error *err) {
    const replay_compute *compute = &session->computes[output];
    const ap_io *io = &session->outputs[output];
    const ap_tensor_view *args[REPLAY_MAX_ARGS] = {NULL};
    ap_tensor_view view = {.dtype = io->dtype};
    if (!compute->function)
        return session->host->fail(err, AP_EBACKEND,
                                   "replay: no case has these inputs, and output \"%s\" is not computed",
                                   io->name);
    for (uint32_t i = 0; i < compute->n_args; i++) args[i] = &inputs[compute->args[i]];
    if (!compute->function->shape(&view, io, args, compute->n_args))
        return session->host->fail(err, AP_EINVAL, "replay: the shapes do not fit %s for output \"%s\"",
                                   compute->function->name, io->name);
    void *data = create_tensor(out, session, &view);
    if (!data) return session->host->fail(err, AP_ENOMEM, "out of memory");
    compute->function->fill(&out->view, data, args, compute->n_args);
    return AP_OK;
}

static ap_status make_outputs(const ap_session *session, const ap_run_args *args,
                              const ap_tensor_view *inputs, ap_error *err) {
    const replay_case *found = find_case(session, inputs);
    ap_status status = AP_OK;
    uint32_t i = 0;
    for (; !status && i < args->n_outputs; i++) {
        ap_named_tensor *output = &args->outputs[i];
        uint32_t at = replay_find_io(session->outputs, session->n_outputs, output->name);
        memset(&output->tensor, 0, sizeof output->tensor);
        if (output->flags == AP_TENSOR_SKIP) continue;
        if (at == session->n_outputs)
            status = session->host->fail(err, AP_EINVAL, "replay: output \"%s\" is unknown", output->name);
        else if (find_recorded(found, at))
            status = make_recorded(&output->tensor, session, find_recorded(found, at), err);
        else
            status = make_computed(&output->tensor, session, at, inputs, err);
    }
    for (uint32_t k = 0; status && k + 1 < i; k++)
        if (args->outputs[k].tensor.handle) release_tensor(&args->outputs[k].tensor);
    return status;
}

/* -- time and failures --------------------------------------------------------------------------------- */

static void on_cancel(void *ctx) { atomic_store((atomic_int *)ctx, 1); }

/* Takes as long as the model says.   @return AP_ECANCELED */
static ap_status spend_time(const ap_session *session, ap_cancel *cancel, ap_error *err) {
    const ap_host *host = session->host;
    const struct timespec step = {0, 1000000};
    atomic_int is_canceled;
    atomic_init(&is_canceled, 0);
    host->cancel_bind(cancel, on_cancel, &is_canceled);
    for (int64_t ms = 0; ms < session->settings.latency_ms && !atomic_load(&is_canceled); ms++)
        nanosleep(&step, NULL);
    host->cancel_unbind(cancel, on_cancel, &is_canceled);
    return atomic_load(&is_canceled) ? host->fail(err, AP_ECANCELED, "the run was cancelled") : AP_OK;
}

ap_status replay_run(ap_session *session, const ap_run_args *args, ap_error *err) {
    ap_tensor_view inputs[REPLAY_MAX_IOS];
    long long run = atomic_fetch_add(&session->n_runs, 1) + 1;
    ap_status status = read_inputs(inputs, session, args, err);
    if (!status) status = spend_time(session, args->cancel, err);
    if (!status && run == session->settings.fail_run)
        return session->host->fail(err, AP_EBACKEND, "replay: run %lld fails, as it was told to", run);
    return status ? status : make_outputs(session, args, inputs, err);
}

/* Sessions: opening models and running them. Inputs are checked here, against what the model says of itself,
 * so that every backend fails alike; what only a runtime can see is left to it. */
#include "backend/backend.h"

#include "backend/cache.h"
#include "backend/host.h"
#include "backend/lease.h"
#include "backend/loader.h"
#include "base/alloc.h"
#include "base/error.h"
#include "base/path.h"
#include "base/threads.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    /* Runs with at most this many inputs and outputs together need no allocation here. */
    N_TENSORS_ON_STACK = 24,
    MAX_INPUTS = 4096
};

struct ap__session {
    const ap__backend *backend;
    ap_session *handle;
    ap_session_info info;
};

/* -- opening ------------------------------------------------------------------------------------------- */

/* Whether `device` is the name of `len` bytes, or one of several of it ("cuda:1", OpenVINO's "GPU.1"). */
static bool device_is(const char *device, const char *name, size_t len) {
    return strncasecmp(device, name, len) == 0 &&
           (device[len] == '\0' || device[len] == ':' || device[len] == '.');
}

bool ap__backend_has_device(const ap__backend *backend, const char *device) {
    for (const char *name = backend->probe.devices; *name;) {
        size_t len = strcspn(name, " ");
        if (device_is(device, name, len)) return true;
        name += len + strspn(name + len, " ");
    }
    return false;
}

static ap_status check_device(const ap__backend *backend, const char *device, ap_error *err) {
    if (!device || ap__backend_has_device(backend, device)) return AP_OK;
    return ap__fail(err, AP_EINVAL, "device \"%.64s\" is not there; accelerator \"%s\" has here: %s", device,
                    backend->row->name, backend->probe.devices);
}

/* A runtime's words for a file that it cannot read name neither it nor a remedy, or not both. */
static ap_status explain_format(const ap_model_ref *model, ap_error *err) {
    enum { MAX_PATH = 240 };
    static const char REMEDY[] = "; if it is cut short or damaged, download or export it again";
    if (!err) return AP_EFORMAT;
    const ap_error reason = *err;
    size_t len = strlen(reason.message);
    while (len && strchr(". ", reason.message[len - 1])) len--;
    bool has_path = !model->path || strstr(reason.message, model->path);
    const char *path = has_path ? "" : model->path;
    size_t path_len = strlen(path) < MAX_PATH ? strlen(path) : MAX_PATH;
    size_t room = sizeof reason.message - sizeof REMEDY - path_len - 2;
    return ap__fail(err, AP_EFORMAT, "%.*s%s%.*s%s", (int)path_len, path, has_path ? "" : ": ",
                    (int)(len < room ? len : room), reason.message, REMEDY);
}

static ap_status call_open(ap__session *session, const ap_model_ref *model, ap_error *err) {
    const ap__backend *backend = session->backend;
    pthread_mutex_lock(backend->open_lock);
    ap_status status = backend->table->open(&session->handle, ap__host_get(), model, err);
    pthread_mutex_unlock(backend->open_lock);
    if (status) return status == AP_EFORMAT ? explain_format(model, err) : status;
    session->info.size = sizeof session->info;
    backend->table->describe(session->handle, &session->info);
    if (session->info.n_inputs > MAX_INPUTS)
        return ap__fail(err, AP_ELIMIT, "the model has %u inputs, over the limit of %d",
                        session->info.n_inputs, MAX_INPUTS);
    return AP_OK;
}

static ap_status open_handle(ap__session *session, const ap__session_options *options, ap_error *err) {
    ap__cache_entry entry;
    ap__cache_entry_find(&entry, session->backend, options);
    const ap_model_ref model = {
        .size = sizeof model,
        .use = options->use,
        .path = options->path,
        .bytes = options->path ? NULL : options->bytes,
        .n_bytes = options->n_bytes,
        .external_data = options->external_data,
        .device = options->device,
        .dtype = options->dtype ? options->dtype : AP_DTYPE_F32,
        .n_threads = options->n_threads > 0 ? options->n_threads : ap__threads_allowed(),
        .cache_path = entry.path.text[0] ? entry.path.text : NULL,
        .options = options->options,
        .n_options = options->n_options,
    };
    ap_status status = call_open(session, &model, err);
    if (!status) ap__cache_entry_use(&entry, session->info.from_cache);
    return status;
}

/* What would otherwise be found out differently by every plugin. */
static ap_status check_options(const ap__backend *backend, const ap__session_options *options,
                               ap_error *err) {
    if (!options->path && (!options->bytes || !options->n_bytes))
        return ap__fail(err, AP_EINVAL, "there is no model to open: neither a path nor bytes");
    if (options->path && !ap__path_is_file(options->path))
        return ap__fail(err, AP_ENOTFOUND, "%s: no such file", options->path);
    return check_device(backend, options->device, err);
}

ap_status ap__session_open(ap__session **out, const ap__backend *backend, const ap__session_options *options,
                           ap_error *err) {
    *out = NULL;
    ap_status status = check_options(backend, options, err);
    if (status) return status;
    ap__session *session = ap__calloc(1, sizeof *session);
    if (!session) return ap__fail_nomem(err);
    session->backend = backend;
    status = open_handle(session, options, err);
    if (status) {
        ap__session_close(session);
        return status;
    }
    *out = session;
    return AP_OK;
}

void ap__session_close(ap__session *session) {
    if (!session) return;
    if (session->handle) session->backend->table->close(session->handle);
    ap__free(session);
}

/* -- describing ---------------------------------------------------------------------------------------- */

const ap_session_info *ap__session_get_info(const ap__session *session) { return &session->info; }

const ap__backend *ap__session_get_backend(const ap__session *session) { return session->backend; }

const char *const *ap__session_inspect(const ap__session *session) {
    const ap_backend *table = session->backend->table;
    return AP_HAS(table, inspect) && table->inspect ? table->inspect(session->handle) : NULL;
}

/* The index of `name`, `n` when it is not there. Callers mostly keep the model's order, so `guess` is tried
 * first: decoders with a hundred inputs are looked up in one pass. */
static uint32_t find_io(const ap_io *ios, uint32_t n, const char *name, size_t guess) {
    if (guess < n && strcmp(ios[guess].name, name) == 0) return (uint32_t)guess;
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(ios[i].name, name) == 0) return i;
    return n;
}

const ap_io *ap__session_find_input(const ap__session *session, const char *name) {
    const ap_session_info *info = &session->info;
    uint32_t i = find_io(info->inputs, info->n_inputs, name, 0);
    return i < info->n_inputs ? &info->inputs[i] : NULL;
}

const ap_io *ap__session_find_output(const ap__session *session, const char *name) {
    const ap_session_info *info = &session->info;
    uint32_t i = find_io(info->outputs, info->n_outputs, name, 0);
    return i < info->n_outputs ? &info->outputs[i] : NULL;
}

/* -- checking a run ------------------------------------------------------------------------------------ */

/* `"a", "b", "c"`, cut when too long. */
static const char *names_text(char *buf, size_t size, const ap_io *ios, uint32_t n) {
    size_t at = 0;
    buf[0] = '\0';
    for (uint32_t i = 0; i < n && at < size; i++) {
        int len = snprintf(buf + at, size - at, "%s\"%s\"", i ? ", " : "", ios[i].name);
        if (len < 0) break;
        at += (size_t)len;
    }
    if (at >= size) memcpy(buf + size - 4, "...", 4);
    return buf;
}

static ap_status fail_name(const char *kind, const char *name, const ap_io *ios, uint32_t n, ap_error *err) {
    char names[256];
    return ap__fail(err, AP_EINVAL, "the model has no %s \"%.64s\"; it has %s", kind, name,
                    names_text(names, sizeof names, ios, n));
}

static ap_status check_input(const ap_io *io, const ap__feed *feed, ap_error *err) {
    if (!feed->tensor) return ap__fail(err, AP_EINVAL, "input \"%s\" has no tensor", io->name);
    ap_status status = ap__expect_shape(feed->tensor, io->name, io->dtype, io->rank, io->shape, err);
    return status ? ap__error_wrap(err, status, "input") : AP_OK;
}

static ap_status fail_missing(const ap_session_info *info, const unsigned char *is_given, ap_error *err) {
    for (uint32_t i = 0; i < info->n_inputs; i++)
        if (!(is_given[i / 8] >> (i % 8) & 1))
            return ap__fail(err, AP_EINVAL, "input \"%s\" of the model was not given", info->inputs[i].name);
    return AP_OK;
}

static ap_status check_inputs(const ap__session *session, const ap__feed *inputs, size_t n_inputs,
                              ap_error *err) {
    const ap_session_info *info = &session->info;
    unsigned char is_given[MAX_INPUTS / 8] = {0};
    for (size_t i = 0; i < n_inputs; i++) {
        uint32_t at = find_io(info->inputs, info->n_inputs, inputs[i].name, i);
        if (at == info->n_inputs)
            return fail_name("input", inputs[i].name, info->inputs, info->n_inputs, err);
        if (is_given[at / 8] >> (at % 8) & 1)
            return ap__fail(err, AP_EINVAL, "input \"%s\" was given twice", inputs[i].name);
        is_given[at / 8] = (unsigned char)(is_given[at / 8] | 1u << (at % 8));
        ap_status status = check_input(&info->inputs[at], &inputs[i], err);
        if (status) return status;
    }
    return n_inputs == info->n_inputs ? AP_OK : fail_missing(info, is_given, err);
}

static ap_status check_outputs(const ap__session *session, const ap__feed *outputs, size_t n_outputs,
                               ap_error *err) {
    const ap_session_info *info = &session->info;
    bool is_wanted = false;
    for (size_t i = 0; i < n_outputs; i++) {
        if (find_io(info->outputs, info->n_outputs, outputs[i].name, i) == info->n_outputs)
            return fail_name("output", outputs[i].name, info->outputs, info->n_outputs, err);
        is_wanted |= outputs[i].flags != AP_TENSOR_SKIP;
    }
    return is_wanted ? AP_OK : ap__fail(err, AP_EINVAL, "no output is asked for");
}

/* -- running ------------------------------------------------------------------------------------------- */

static void release_all(ap_named_tensor *outputs, size_t n_outputs) {
    for (size_t i = 0; i < n_outputs; i++)
        if (outputs[i].tensor.release) outputs[i].tensor.release(&outputs[i].tensor);
}

/* A copy in host memory of a tensor that is elsewhere; `border` is released. */
static ap_status copy_to_host(ap__tensor **out, const ap__session *session, ap_tensor *border,
                              ap_error *err) {
    const ap_backend *table = session->backend->table;
    const ap_tensor_view *view = &border->view;
    ap_status status = ap__tensor_create(out, view->dtype, view->shape, view->rank, err);
    if (!status && (!AP_HAS(table, read) || !table->read))
        status = ap__fail(err, AP_EBACKEND, "the backend gave a tensor without elements, and cannot read it");
    if (!status) {
        size_t size_bytes = ap__tensor_get_view(*out)->size_bytes;
        status = table->read(session->handle, border, ap__tensor_data(*out), size_bytes, err);
    }
    if (status) {
        ap__tensor_unref(*out);
        *out = NULL;
    }
    if (border->release) border->release(border);
    return status;
}

/* The feed's tensor from the plugin's, which is taken, also on failure. */
static ap_status take_output(ap__feed *feed, const ap__session *session, ap_tensor *border, ap_error *err) {
    bool is_elsewhere = !border->view.data && border->view.size_bytes;
    ap_status status = is_elsewhere && feed->flags == AP_TENSOR_HOST
                           ? copy_to_host(&feed->tensor, session, border, err)
                           : ap__tensor_create_take(&feed->tensor, border, err);
    return status ? ap__error_wrap(err, status, "output \"%s\"", feed->name) : AP_OK;
}

static ap_status take_outputs(ap__feed *feeds, size_t n, const ap__session *session, ap_named_tensor *outputs,
                              ap_error *err) {
    for (size_t i = 0; i < n; i++) {
        if (feeds[i].flags == AP_TENSOR_SKIP) continue;
        ap_status status = take_output(&feeds[i], session, &outputs[i].tensor, err);
        if (!status) continue;
        release_all(outputs + i + 1, n - i - 1);
        for (size_t k = 0; k < i; k++) {
            ap__tensor_unref(feeds[k].tensor);
            feeds[k].tensor = NULL;
        }
        return status;
    }
    return AP_OK;
}

static ap_status call_run(const ap__session *session, ap_run_args *args, ap_error *err) {
    const ap_backend *table = session->backend->table;
    int n_most = session->info.run_threads, n_least = session->info.run_threads_min, n = 0;
    if (n_most <= 0) return table->run(session->handle, args, err);
    if (n_least <= 0) n_least = n_most;
    ap_status status = ap__lease_take(&n, n_least, n_most, args->cancel, err);
    if (status) return status;
    /* Who wants more than the process has gets all of them, and runs on as many as he wants. */
    args->n_threads = n < ap__threads_allowed() ? n : n_most;
    status = table->run(session->handle, args, err);
    ap__lease_give(n);
    return status;
}

/* One run of the plugin; `tensors` has room for all inputs and outputs. */
static ap_status run_with(const ap__session *session, const ap__stateful_run *run, ap_named_tensor *tensors,
                          ap_error *err) {
    ap_named_tensor *outputs = tensors + run->n_inputs;
    for (size_t i = 0; i < run->n_inputs; i++)
        tensors[i] =
            (ap_named_tensor){run->inputs[i].name, AP_TENSOR_HOST, ap__tensor_border(run->inputs[i].tensor)};
    for (size_t i = 0; i < run->n_outputs; i++)
        outputs[i] = (ap_named_tensor){.name = run->outputs[i].name, .flags = run->outputs[i].flags};
    ap_run_args args = {
        .size = sizeof args,
        .n_inputs = (uint32_t)run->n_inputs,
        .n_outputs = (uint32_t)run->n_outputs,
        .inputs = tensors,
        .outputs = outputs,
        .cancel = run->cancel,
        .state = run->state,
    };
    ap_status status = call_run(session, &args, err);
    return status ? status : take_outputs(run->outputs, run->n_outputs, session, outputs, err);
}

static ap_status check_state(const ap__session *session, const ap_state *state, ap_error *err) {
    if (!session->info.is_stateful == !state) return AP_OK;
    return ap__fail(err, state ? AP_EINVAL : AP_EUNSUPPORTED,
                    state ? "a state was given to a model that has none"
                          : "the model is stateful: a run needs a state");
}

ap_status ap__session_run_stateful(ap__session *session, const ap__stateful_run *run, ap_error *err) {
    for (size_t i = 0; i < run->n_outputs; i++) run->outputs[i].tensor = NULL;
    ap_status status = check_state(session, run->state, err);
    if (!status) status = check_inputs(session, run->inputs, run->n_inputs, err);
    if (!status) status = check_outputs(session, run->outputs, run->n_outputs, err);
    if (status) return status;

    ap_named_tensor on_stack[N_TENSORS_ON_STACK], *tensors = on_stack;
    size_t n_tensors = run->n_inputs + run->n_outputs; /* Each is bounded by what the model has. */
    if (n_tensors > N_TENSORS_ON_STACK && !(tensors = ap__malloc(n_tensors * sizeof *tensors)))
        return ap__fail_nomem(err);
    status = run_with(session, run, tensors, err);
    if (tensors != on_stack) ap__free(tensors);
    return status;
}

ap_status ap__session_run(ap__session *session, const ap__feed *inputs, size_t n_inputs, ap__feed *outputs,
                          size_t n_outputs, ap_cancel *cancel, ap_error *err) {
    const ap__stateful_run run = {NULL, inputs, n_inputs, outputs, n_outputs, cancel};
    return ap__session_run_stateful(session, &run, err);
}

/* -- state --------------------------------------------------------------------------------------------- */

ap_status ap__session_state_create(ap_state **out, ap__session *session, ap_error *err) {
    const ap_backend *table = session->backend->table;
    *out = NULL;
    if (!session->info.is_stateful || !AP_HAS(table, destroy_state) || !table->create_state)
        return ap__fail(err, AP_EUNSUPPORTED, "the model has no state");
    return table->create_state(session->handle, out, err);
}

void ap__session_state_destroy(ap__session *session, ap_state *state) {
    if (state) session->backend->table->destroy_state(session->handle, state);
}

/* A plugin in place of one whose runtime this machine does not have, for tests of what the library does with
 * several: compiled once for each FAKE_NAME. Its runtime is any library with the function
 * FAKE_RUNTIME_SYMBOL.
 *
 *   FAKE_PLUGIN_DEVICES   its devices, separated by blanks; "CPU" otherwise
 *   FAKE_PLUGIN_REFUSES   its name: it opens no model, as one that lacks an operator
 *
 * A model of any content has the inputs of an encoder and two logits for each row, which are 0 and the number
 * of the row's tokens. */
#include <accelpipe/sys/backend_plugin.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAKE_RUNTIME_SYMBOL "fake_ort_log"

struct ap_session {
    const ap_host *host;
    char device[64];
};

static const ap_io INPUTS[] = {{"input_ids", AP_DTYPE_I64, 2, {-1, -1}},
                               {"attention_mask", AP_DTYPE_I64, 2, {-1, -1}}};
static const ap_io OUTPUTS[] = {{"logits", AP_DTYPE_F32, 2, {-1, 2}}};

static const char *env_or(const char *name, const char *otherwise) {
    const char *value = getenv(name);
    return value ? value : otherwise;
}

static ap_status probe(const ap_host *host, const char *runtime, ap_probe *out, ap_error *err) {
    void *library = dlopen(runtime, RTLD_NOW | RTLD_LOCAL);
    if (!library) return host->fail(err, AP_ENOTFOUND, "%s", dlerror());
    if (!dlsym(library, FAKE_RUNTIME_SYMBOL))
        return host->fail(err, AP_EFORMAT, "the library has no " FAKE_RUNTIME_SYMBOL "()");
    snprintf(out->version, sizeof out->version, "%s", env_or("FAKE_PLUGIN_VERSION", "9.9"));
    if (out->version[0] == '0')
        return host->fail(err, AP_EUNSUPPORTED, "version %s is too old", out->version);
    snprintf(out->path, sizeof out->path, "%s", runtime);
    snprintf(out->devices, sizeof out->devices, "%s", env_or("FAKE_PLUGIN_DEVICES", "CPU"));
    out->score = 1;
    return AP_OK;
}

static void close_session(ap_session *session) {
    if (session) session->host->free(session);
}

static ap_status open_session(ap_session **out, const ap_host *host, const ap_model_ref *model,
                              ap_error *err) {
    *out = NULL;
    if (strstr(env_or("FAKE_PLUGIN_REFUSES", ""), FAKE_NAME))
        return host->fail(err, AP_EUNSUPPORTED,
                          "operator Fancy of node /fancy is not covered; export the model without it");
    ap_session *session = host->alloc(sizeof *session);
    if (!session) return host->fail(err, AP_ENOMEM, "out of memory");
    memset(session, 0, sizeof *session);
    session->host = host;
    snprintf(session->device, sizeof session->device, "%s", model->device ? model->device : "CPU");
    *out = session;
    return AP_OK;
}

static void describe(const ap_session *session, ap_session_info *out) {
    out->n_inputs = sizeof INPUTS / sizeof *INPUTS;
    out->n_outputs = sizeof OUTPUTS / sizeof *OUTPUTS;
    out->inputs = INPUTS;
    out->outputs = OUTPUTS;
    out->device = session->device;
}

static void release(ap_tensor *tensor) {
    const ap_session *session = tensor->handle;
    session->host->free((void *)(uintptr_t)tensor->view.data);
}

static ap_status run(ap_session *session, const ap_run_args *args, ap_error *err) {
    const ap_tensor_view *in = &args->inputs[0].tensor.view;
    ap_tensor *out = &args->outputs[0].tensor;
    size_t n_rows = (size_t)in->shape[0];
    float *data = session->host->alloc(n_rows * 2 * sizeof *data + 1);
    if (!data) return session->host->fail(err, AP_ENOMEM, "out of memory");
    for (size_t i = 0; i < n_rows; i++) {
        data[2 * i] = 0;
        data[2 * i + 1] = (float)in->shape[1];
    }
    *out = (ap_tensor){.handle = session, .release = release};
    out->view = (ap_tensor_view){.dtype = AP_DTYPE_F32, .rank = 2, .shape = {(int64_t)n_rows, 2}};
    out->view.data = data;
    out->view.size_bytes = n_rows * 2 * sizeof *data;
    return AP_OK;
}

static const ap_backend table = {
    .abi = AP_BACKEND_ABI,
    .size = sizeof(ap_backend),
    .name = FAKE_NAME,
    .probe = probe,
    .open = open_session,
    .describe = describe,
    .run = run,
    .close = close_session,
};

AP_API const ap_backend *ap_backend_entry(uint32_t host_abi);

const ap_backend *ap_backend_entry(uint32_t host_abi) { return host_abi == AP_BACKEND_ABI ? &table : NULL; }

/* Loading ONNX Runtime, and what it says of itself. */
#define _GNU_SOURCE /* dladdr */
#include "ort.h"
#include "providers.h"
#include "weights.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

ort_runtime ort;

/* -- its log ------------------------------------------------------------------------------------------- */

/* The last error of this thread's calls: providers that fail say why here, and nowhere else. */
static _Thread_local char last_error[160];

const char *ort_log_last_error(void) { return last_error; }

void ort_log_forget(void) { last_error[0] = '\0'; }

/* The end of the text has the reason, behind names of files and functions. */
static void keep_error(const char *message) {
    size_t len = strcspn(message, "\n"), room = sizeof last_error - 1;
    const char *start = len > room ? message + len - room : message;
    const char *blank = start > message ? memchr(start, ' ', len - (size_t)(start - message)) : NULL;
    if (blank) start = blank + 1;
    snprintf(last_error, sizeof last_error, "%.*s", (int)(len - (size_t)(start - message)), start);
}

/* Failures are also returned, so that here they are no more than details. */
static void ORT_API_CALL log_line(void *param, OrtLoggingLevel severity, const char *category,
                                  const char *logid, const char *code_location, const char *message) {
    (void)param;
    (void)category;
    (void)logid;
    if (severity < ORT_LOGGING_LEVEL_WARNING) return;
    if (severity >= ORT_LOGGING_LEVEL_ERROR) keep_error(message);
    ort.host->log(AP_LOG_DEBUG, "ort: %s: %s", code_location ? code_location : "", message);
}

/* -- loading ------------------------------------------------------------------------------------------- */

typedef const OrtApiBase *(ORT_API_CALL *base_fn)(void);

static ap_status get_base(const OrtApiBase **out, void *library, ap_error *err) {
    void *symbol = dlsym(library, "OrtGetApiBase");
    base_fn function = NULL;
    if (!symbol)
        return ort.host->fail(err, AP_EFORMAT, "not ONNX Runtime: the library has no OrtGetApiBase()");
    memcpy(&function, &symbol, sizeof function);
    *out = function();
    return *out ? AP_OK : ort.host->fail(err, AP_EFORMAT, "not ONNX Runtime: OrtGetApiBase() gave nothing");
}

/* The API, unless the release is too old. Its version is looked at first: asked for a level that it does not
 * have, the runtime would print a line. */
static ap_status get_api(ap_probe *out, const OrtApiBase *base, ap_error *err) {
    const char *version = base->GetVersionString();
    unsigned major = 0, minor = 0;
    bool is_known = sscanf(version, "%u.%u", &major, &minor) == 2 && major == 1;
    if (!is_known || minor < ORT_API_LEVEL)
        return ort.host->fail(err, AP_EUNSUPPORTED,
                              "ONNX Runtime %.32s is too %s: 1.%d or a later 1.x is needed", version,
                              is_known || major == 0 ? "old" : "new", ORT_API_LEVEL);
    ort.api = base->GetApi(ORT_API_LEVEL);
    if (!ort.api)
        return ort.host->fail(err, AP_EUNSUPPORTED, "ONNX Runtime %.32s does not offer API level %d", version,
                              ORT_API_LEVEL);
    snprintf(out->version, sizeof out->version, "%s", version);
    return AP_OK;
}

/* With a pool of as many threads as the process may use; threads that spin would take them from others. */
static OrtStatus *create_env_with_pool(int n_threads) {
    OrtThreadingOptions *threads = NULL;
    OrtStatus *status = ort.api->CreateThreadingOptions(&threads);
    if (!status) status = ort.api->SetGlobalIntraOpNumThreads(threads, n_threads);
    if (!status) status = ort.api->SetGlobalInterOpNumThreads(threads, 1);
    if (!status) status = ort.api->SetGlobalSpinControl(threads, 0);
    if (!status)
        status = ort.api->CreateEnvWithCustomLoggerAndGlobalThreadPools(
            log_line, NULL, ORT_LOGGING_LEVEL_WARNING, "accelpipe", threads, &ort.env);
    if (threads) ort.api->ReleaseThreadingOptions(threads);
    ort.n_shared_threads = status ? 0 : n_threads;
    return status;
}

static OrtStatus *create_env(void) {
    if (AP_HAS(ort.host, threads_allowed)) return create_env_with_pool(ort.host->threads_allowed());
    return ort.api->CreateEnvWithCustomLogger(log_line, NULL, ORT_LOGGING_LEVEL_WARNING, "accelpipe",
                                              &ort.env);
}

static ap_status create_globals(ap_error *err) {
    OrtStatus *status = create_env();
    if (!status)
        status = ort.api->CreateCpuMemoryInfo(OrtDeviceAllocator, OrtMemTypeDefault, &ort.host_memory);
    if (!status) status = ort.api->GetAllocatorWithDefaultOptions(&ort.allocator);
    if (!status) status = ort.api->GetAvailableProviders(&ort.providers, &ort.n_providers);
    if (!status) ort.has_weights = ort_weights_register(ort.api, ort.env);
    return ort_fail(err, status, "start");
}

static ap_status use_library(ap_probe *out, void *library, ap_error *err) {
    const OrtApiBase *base = NULL;
    Dl_info info;
    ap_status status = get_base(&base, library, err);
    if (!status) status = get_api(out, base, err);
    if (status) return status;
    const char *path = dladdr((const void *)base, &info) && info.dli_fname ? info.dli_fname : "";
    snprintf(out->path, sizeof out->path, "%s", path);
    return AP_OK;
}

ap_status ort_probe(const ap_host *host, const char *runtime, ap_probe *out, ap_error *err) {
    ort.host = host;
    void *library = dlopen(runtime, RTLD_NOW | RTLD_LOCAL);
    if (!library) return host->fail(err, AP_ENOTFOUND, "%s", dlerror());
    ap_status status = use_library(out, library, err);
    if (status) {
        /* Nothing of it has run: it may go, so that another of its name can be tried. */
        dlclose(library);
        return status;
    }
    status = create_globals(err);
    if (status) return status;
    ort_providers_devices(out->devices, sizeof out->devices);
    out->score = 1;
    return AP_OK;
}

/* The table of the plugin: what needs torch is passed on to the second half. */
#include "ipex.h"

const ipex_shim *ipex_shim_loaded;

static ap_status open_model(ap_session **out, const ap_host *host, const ap_model_ref *model, ap_error *err) {
    const char *missing = model->dtype == AP_DTYPE_BF16 ? ipex_cpu_lacks_for_bf16() : NULL;
    *out = NULL;
    if (model->dtype != AP_DTYPE_F32 && model->dtype != AP_DTYPE_BF16)
        return host->fail(err, AP_EUNSUPPORTED,
                          "accelerator \"ipex\" computes in float32 or bfloat16, and not in any other dtype");
    if (missing)
        return host->fail(err, AP_EUNSUPPORTED,
                          "dtype bfloat16 needs a CPU with %s, which this one has not; use float32", missing);
    return ipex_shim_loaded->open(out, host, model, err);
}

static void describe(const ap_session *session, ap_session_info *out) {
    ipex_shim_loaded->describe(session, out);
}

static ap_status run(ap_session *session, const ap_run_args *args, ap_error *err) {
    return ipex_shim_loaded->run(session, args, err);
}

static void close_session(ap_session *session) {
    if (session) ipex_shim_loaded->close(session);
}

static const char *const *inspect(const ap_session *session) { return ipex_shim_loaded->inspect(session); }

static const ap_backend table = {
    .abi = AP_BACKEND_ABI,
    .size = sizeof(ap_backend),
    .name = "ipex",
    .probe = ipex_probe,
    .open = open_model,
    .describe = describe,
    .run = run,
    .close = close_session,
    .read = NULL, /* Outputs are in host memory. */
    .inspect = inspect,
};

AP_API const ap_backend *ap_backend_entry(uint32_t host_abi);

const ap_backend *ap_backend_entry(uint32_t host_abi) { return host_abi == AP_BACKEND_ABI ? &table : NULL; }

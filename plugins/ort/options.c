/* Session options: what we set by default, and the runtime's own by their names. */
#include "ort.h"

#include <onnxruntime_session_options_config_keys.h>

static OrtStatus *set_defaults(OrtSessionOptions *options, const ap_model_ref *model) {
    const OrtApi *api = ort.api;
    OrtStatus *status = api->SetIntraOpNumThreads(options, model->n_threads > 0 ? model->n_threads : 1);
    if (!status) status = api->SetInterOpNumThreads(options, 1);
    if (!status) status = api->SetSessionGraphOptimizationLevel(options, ORT_ENABLE_ALL);
    /* A pattern is kept for every shape that was seen: memory would grow with the number of lengths. */
    if (!status) status = api->DisableMemPattern(options);
    /* Threads that spin between operators cost up to 1.7 times the CPU, and on busy cores twice the time. */
    if (!status)
        status = api->AddSessionConfigEntry(options, kOrtSessionOptionsConfigAllowIntraOpSpinning, "0");
    return status;
}

ap_status ort_options_create(OrtSessionOptions **out, const ap_model_ref *model, ap_error *err) {
    OrtSessionOptions *options = NULL;
    *out = NULL;
    OrtStatus *failure = ort.api->CreateSessionOptions(&options);
    if (!failure) failure = set_defaults(options, model);
    ap_status status = ort_fail(err, failure, "session options");
    if (!status && model->bytes && model->external_data)
        status = ort_fail(
            err,
            ort.api->AddSessionConfigEntry(options, kOrtSessionOptionsModelExternalInitializersFileFolderPath,
                                           model->external_data),
            "session options");
    if (status) {
        ort.api->ReleaseSessionOptions(options);
        return status;
    }
    *out = options;
    return AP_OK;
}

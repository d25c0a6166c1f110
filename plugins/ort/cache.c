/* The start-up cache: a folder holds model.onnx (the optimised graph) and weights.bin (its initializers and
 * what the kernels packed of them, which the runtime maps). */
#include "cache.h"

#include <onnxruntime_session_options_config_keys.h>
#include <stdio.h>

#define MODEL_FILE "model.onnx"
#define WEIGHTS_FILE "weights.bin"

/* The first line of a manifest. Raise the number when the content of the folder means something else. */
#define MANIFEST_HEADER "accelpipe ort cache 2"

/* Initializers below this size stay in the graph, where shape computations look for them. */
#define MIN_EXTERNAL_BYTES "1024"

typedef struct path {
    char text[4096];
} path;

static bool model_path(path *out, const char *folder) {
    int n = snprintf(out->text, sizeof out->text, "%s/" MODEL_FILE, folder);
    return n > 0 && (size_t)n < sizeof out->text;
}

/* -- reading ------------------------------------------------------------------------------------------- */

static OrtSession *open_folder(const ap_model_ref *model, ap_error *err) {
    path file;
    OrtSessionOptions *options = NULL;
    OrtSession *session = NULL;
    if (!model_path(&file, model->cache_path)) return NULL;
    if (ort_options_create(&options, model, NULL, err)) return NULL;
    /* It is optimised already. */
    OrtStatus *failure = ort.api->SetSessionGraphOptimizationLevel(options, ORT_DISABLE_ALL);
    if (!failure) failure = ort.api->CreateSession(ort.env, file.text, options, &session);
    ort.api->ReleaseSessionOptions(options);
    return ort_fail(err, failure, "open") ? NULL : session;
}

OrtSession *ort_cache_open(const ap_model_ref *model) {
    const cache_source source = {.host = ort.host, .header = MANIFEST_HEADER, .model = model};
    ap_error err = AP_ERROR_INIT;
    if (!cache_folder_find(&source)) return NULL;
    OrtSession *session = open_folder(model, &err);
    if (!session) cache_folder_drop(&source, err.message);
    return session;
}

/* -- writing ------------------------------------------------------------------------------------------- */

static OrtStatus *set_options(OrtSessionOptions *options, const char *model_file) {
    static const char *const entries[][2] = {
        {kOrtSessionOptionsOptimizedModelExternalInitializersFileName, WEIGHTS_FILE},
        {kOrtSessionOptionsOptimizedModelExternalInitializersMinSizeInBytes, MIN_EXTERNAL_BYTES},
        {kOrtSessionOptionsSavePrePackedConstantInitializers, "1"},
    };
    OrtStatus *failure = ort.api->SetOptimizedModelFilePath(options, model_file);
    for (size_t i = 0; !failure && i < sizeof entries / sizeof *entries; i++)
        failure = ort.api->AddSessionConfigEntry(options, entries[i][0], entries[i][1]);
    return failure;
}

/* What the folder will take, in sizes of the model: weights twice, as they are and as they are packed, and a
 * byte of a quantized weight becomes four. */
static unsigned size_factor(const onnx_info *onnx) { return onnx_info_folds_weights(onnx) ? 8 : 2; }

cache_writer *ort_cache_begin(const ap_model_ref *model, const onnx_info *onnx, uint64_t model_bytes,
                              OrtSessionOptions *options) {
    const cache_source source = {ort.host, MANIFEST_HEADER, model, onnx->external, onnx->n_external};
    path file;
    if (!onnx->is_onnx || onnx->is_truncated) return NULL;
    cache_writer *writer = cache_writer_begin(&source, model_bytes, size_factor(onnx));
    if (!writer) return NULL;
    OrtStatus *failure = NULL;
    bool is_ready =
        model_path(&file, cache_writer_get_folder(writer)) && !(failure = set_options(options, file.text));
    ort_ignore(failure);
    if (is_ready) return writer;
    cache_writer_end(writer, false);
    return NULL;
}

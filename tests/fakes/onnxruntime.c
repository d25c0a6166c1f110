/* A library that looks like ONNX Runtime to the plugin, for what this machine's real one does not have:
 * execution providers, and releases that are too old. It runs nothing; it writes down what it was asked for.
 *
 *   FAKE_ORT_PROVIDERS   the execution providers it has, separated by blanks; CPUExecutionProvider otherwise
 *   FAKE_ORT_VERSION     its version; 1.21.0 otherwise
 *   FAKE_ORT_REFUSES     the word that makes an appended provider or a model fail when its name has it
 *
 * fake_ort_log() gives what happened, one word after the other: "cuda device_id=1; session;". */
#include <onnxruntime_c_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT const char *fake_ort_log(void);
EXPORT const OrtApiBase *OrtGetApiBase(void);

enum { MAX_PROVIDERS = 16 };

static char log_text[4096];

const char *fake_ort_log(void) { return log_text; }

static void say(const char *word, const char *more) {
    size_t at = strlen(log_text);
    snprintf(log_text + at, sizeof log_text - at, "%s%s; ", word, more);
}

/* -- failures ------------------------------------------------------------------------------------------ */

struct OrtStatus {
    OrtErrorCode code;
    char message[256];
};

static OrtStatus *ORT_API_CALL create_status(OrtErrorCode code, const char *message) {
    OrtStatus *status = calloc(1, sizeof *status);
    if (!status) abort();
    status->code = code;
    snprintf(status->message, sizeof status->message, "%s", message);
    return status;
}

static OrtErrorCode ORT_API_CALL get_code(const OrtStatus *status) { return status->code; }
static const char *ORT_API_CALL get_message(const OrtStatus *status) { return status->message; }
static void ORT_API_CALL release_status(OrtStatus *status) { free(status); }

static OrtLoggingFunction logger;
static void *logger_param;

/* As the real one: the reason is in the log alone. */
static OrtStatus *refuse(const char *name) {
    const char *word = getenv("FAKE_ORT_REFUSES");
    if (!word || !strstr(name, word)) return NULL;
    if (logger)
        logger(logger_param, ORT_LOGGING_LEVEL_ERROR, "", "", "",
               "somewhere: libcudnn.so.9: cannot open\nmore");
    return create_status(ORT_FAIL, "refused");
}

/* -- the environment ----------------------------------------------------------------------------------- */

static char an_object; /* What stands for every object without a state. */

static OrtStatus *ORT_API_CALL create_threading(OrtThreadingOptions **out) {
    *out = (OrtThreadingOptions *)(void *)&an_object;
    return NULL;
}

static OrtStatus *ORT_API_CALL set_global_intra(OrtThreadingOptions *options, int n) {
    char text[32];
    (void)options;
    snprintf(text, sizeof text, " %d", n);
    say("pool", text);
    return NULL;
}

static OrtStatus *ORT_API_CALL set_global_int(OrtThreadingOptions *options, int n) {
    (void)options;
    (void)n;
    return NULL;
}

static void ORT_API_CALL release_threading(OrtThreadingOptions *options) { (void)options; }

static OrtStatus *ORT_API_CALL create_env(OrtLoggingFunction function, void *param, OrtLoggingLevel level,
                                          const char *name, const struct OrtThreadingOptions *options,
                                          OrtEnv **out) {
    logger = function;
    logger_param = param;
    (void)level;
    (void)name;
    (void)options;
    *out = (OrtEnv *)(void *)&an_object;
    return NULL;
}

static OrtStatus *ORT_API_CALL create_memory_info(enum OrtAllocatorType type, enum OrtMemType kind,
                                                  OrtMemoryInfo **out) {
    (void)type;
    (void)kind;
    *out = (OrtMemoryInfo *)(void *)&an_object;
    return NULL;
}

static OrtStatus *ORT_API_CALL get_allocator(OrtAllocator **out) {
    *out = (OrtAllocator *)(void *)&an_object;
    return NULL;
}

static OrtStatus *ORT_API_CALL get_providers(char ***out, int *n) {
    static char text[512], *names[MAX_PROVIDERS];
    const char *given = getenv("FAKE_ORT_PROVIDERS");
    snprintf(text, sizeof text, "%s", given ? given : "CPUExecutionProvider");
    char *rest = NULL;
    *n = 0;
    for (char *name = strtok_r(text, " ", &rest); name && *n < MAX_PROVIDERS;
         name = strtok_r(NULL, " ", &rest))
        names[(*n)++] = name;
    *out = names;
    return NULL;
}

/* -- session options ----------------------------------------------------------------------------------- */

static OrtStatus *ORT_API_CALL create_options(OrtSessionOptions **out) {
    *out = (OrtSessionOptions *)(void *)&an_object;
    return NULL;
}

static void ORT_API_CALL release_options(OrtSessionOptions *options) { (void)options; }

static OrtStatus *ORT_API_CALL set_intra(OrtSessionOptions *options, int n) {
    char text[32];
    (void)options;
    snprintf(text, sizeof text, " %d", n);
    say("threads", text);
    return NULL;
}

static OrtStatus *ORT_API_CALL set_int(OrtSessionOptions *options, int n) {
    (void)options;
    (void)n;
    return NULL;
}

static OrtStatus *ORT_API_CALL set_level(OrtSessionOptions *options, GraphOptimizationLevel level) {
    (void)options;
    (void)level;
    return NULL;
}

static OrtStatus *ORT_API_CALL set_nothing(OrtSessionOptions *options) {
    (void)options;
    return NULL;
}

static OrtStatus *ORT_API_CALL share_threads(OrtSessionOptions *options) {
    (void)options;
    say("shared", "");
    return NULL;
}

static OrtStatus *ORT_API_CALL add_entry(OrtSessionOptions *options, const char *key, const char *value) {
    (void)options;
    (void)key;
    (void)value;
    return NULL;
}

/* -- providers ----------------------------------------------------------------------------------------- */

static OrtStatus *append(const char *name, const char *const *keys, const char *const *values, size_t n) {
    char text[512] = "";
    size_t at = 0;
    for (size_t i = 0; i < n && at < sizeof text; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, " %s=%s", keys[i], values[i]);
    say(name, text);
    return refuse(name);
}

static OrtStatus *ORT_API_CALL append_generic(OrtSessionOptions *options, const char *name,
                                              const char *const *keys, const char *const *values, size_t n) {
    (void)options;
    return append(name, keys, values, n);
}

static OrtStatus *ORT_API_CALL append_openvino(OrtSessionOptions *options, const char *const *keys,
                                               const char *const *values, size_t n) {
    (void)options;
    return append("openvino", keys, values, n);
}

static OrtStatus *ORT_API_CALL create_cuda(OrtCUDAProviderOptionsV2 **out) {
    *out = (OrtCUDAProviderOptionsV2 *)(void *)&an_object;
    return NULL;
}

static OrtStatus *ORT_API_CALL update_cuda(OrtCUDAProviderOptionsV2 *own, const char *const *keys,
                                           const char *const *values, size_t n) {
    (void)own;
    return append("cuda-options", keys, values, n);
}

static OrtStatus *ORT_API_CALL append_cuda(OrtSessionOptions *options, const OrtCUDAProviderOptionsV2 *own) {
    (void)options;
    (void)own;
    return append("cuda", NULL, NULL, 0);
}

static void ORT_API_CALL release_cuda(OrtCUDAProviderOptionsV2 *own) { (void)own; }

static OrtStatus *ORT_API_CALL create_tensorrt(OrtTensorRTProviderOptionsV2 **out) {
    *out = (OrtTensorRTProviderOptionsV2 *)(void *)&an_object;
    return NULL;
}

static OrtStatus *ORT_API_CALL update_tensorrt(OrtTensorRTProviderOptionsV2 *own, const char *const *keys,
                                               const char *const *values, size_t n) {
    (void)own;
    return append("tensorrt-options", keys, values, n);
}

static OrtStatus *ORT_API_CALL append_tensorrt(OrtSessionOptions *options,
                                               const OrtTensorRTProviderOptionsV2 *own) {
    (void)options;
    (void)own;
    return append("tensorrt", NULL, NULL, 0);
}

static void ORT_API_CALL release_tensorrt(OrtTensorRTProviderOptionsV2 *own) { (void)own; }

static OrtStatus *ORT_API_CALL append_migraphx(OrtSessionOptions *options,
                                               const OrtMIGraphXProviderOptions *own) {
    char text[32];
    (void)options;
    snprintf(text, sizeof text, " device_id=%d", own->device_id);
    say("migraphx", text);
    return NULL;
}

/* -- sessions ------------------------------------------------------------------------------------------ */

static OrtStatus *ORT_API_CALL create_session(const OrtEnv *env, const ORTCHAR_T *path,
                                              const OrtSessionOptions *options, OrtSession **out) {
    (void)env;
    (void)options;
    say("session", "");
    *out = (OrtSession *)(void *)&an_object;
    return refuse(path);
}

static void ORT_API_CALL release_session(OrtSession *session) { (void)session; }

/* Without an allocator of the plugin's the runtime has its own. */
static OrtStatus *ORT_API_CALL refuse_allocator(OrtEnv *env, OrtAllocator *allocator) {
    (void)env;
    (void)allocator;
    return create_status(ORT_NOT_IMPLEMENTED, "no allocators");
}

static OrtStatus *ORT_API_CALL count_none(const OrtSession *session, size_t *out) {
    (void)session;
    *out = 0;
    return NULL;
}

/* -- the table ----------------------------------------------------------------------------------------- */

static const OrtApi api = {
    .CreateStatus = create_status,
    .GetErrorCode = get_code,
    .GetErrorMessage = get_message,
    .ReleaseStatus = release_status,
    .CreateThreadingOptions = create_threading,
    .SetGlobalIntraOpNumThreads = set_global_intra,
    .SetGlobalInterOpNumThreads = set_global_int,
    .SetGlobalSpinControl = set_global_int,
    .ReleaseThreadingOptions = release_threading,
    .CreateEnvWithCustomLoggerAndGlobalThreadPools = create_env,
    .CreateCpuMemoryInfo = create_memory_info,
    .GetAllocatorWithDefaultOptions = get_allocator,
    .RegisterAllocator = refuse_allocator,
    .GetAvailableProviders = get_providers,
    .CreateSessionOptions = create_options,
    .ReleaseSessionOptions = release_options,
    .SetIntraOpNumThreads = set_intra,
    .SetInterOpNumThreads = set_int,
    .SetSessionGraphOptimizationLevel = set_level,
    .DisableMemPattern = set_nothing,
    .DisablePerSessionThreads = share_threads,
    .AddSessionConfigEntry = add_entry,
    .SessionOptionsAppendExecutionProvider = append_generic,
    .SessionOptionsAppendExecutionProvider_OpenVINO_V2 = append_openvino,
    .CreateCUDAProviderOptions = create_cuda,
    .UpdateCUDAProviderOptions = update_cuda,
    .SessionOptionsAppendExecutionProvider_CUDA_V2 = append_cuda,
    .ReleaseCUDAProviderOptions = release_cuda,
    .CreateTensorRTProviderOptions = create_tensorrt,
    .UpdateTensorRTProviderOptions = update_tensorrt,
    .SessionOptionsAppendExecutionProvider_TensorRT_V2 = append_tensorrt,
    .ReleaseTensorRTProviderOptions = release_tensorrt,
    .SessionOptionsAppendExecutionProvider_MIGraphX = append_migraphx,
    .CreateSession = create_session,
    .ReleaseSession = release_session,
    .SessionGetInputCount = count_none,
    .SessionGetOutputCount = count_none,
};

static const OrtApi *ORT_API_CALL get_api(uint32_t level) { return level <= 21 ? &api : NULL; }

static const char *ORT_API_CALL get_version(void) {
    const char *version = getenv("FAKE_ORT_VERSION");
    return version ? version : "1.21.0";
}

const OrtApiBase *OrtGetApiBase(void) {
    static const OrtApiBase base = {get_api, get_version};
    return &base;
}

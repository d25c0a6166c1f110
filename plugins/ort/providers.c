/* Execution providers, by name or by device. Which there are is known when the runtime is: this plugin is
 * compiled against none of them.
 *
 * Sources: onnxruntime@1.21 include/onnxruntime/core/session/onnxruntime_c_api.h,
 * session/provider_registration.cc (names of the generic call); optimum-onnx@v0.0.3 onnxruntime/utils.py
 * (which provider a device means). */
#include "providers.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_OPTIONS = 64, DEVICE_NAME_BYTES = 32 };

#define PROVIDER_END "ExecutionProvider"

/* The options of one provider, as the runtime takes them. */
typedef struct option_list {
    const char *keys[MAX_OPTIONS], *values[MAX_OPTIONS];
    size_t n;
    char device_id[16]; /* Where the device's number is put. */
} option_list;

typedef struct provider_row provider_row;

/* One provider that is asked for. */
typedef struct provider {
    const char *name;        /* "CUDAExecutionProvider" */
    const provider_row *row; /* NULL: one that has no row. */
    option_list options;
} provider;

struct provider_row {
    const char *name;   /* Without its end. */
    const char *device; /* NULL: none that users name. */
    const char
        *driver; /* The library of the device's driver, without which there is none; NULL: not looked at. */
    /* NULL: the runtime's generic call, with `generic` for the name. */
    OrtStatus *(*append)(OrtSessionOptions *options, const option_list *list);
    const char *generic;
};

/* -- providers with options of a type of their own ------------------------------------------------------- */

#define DEFINE_APPEND(function, type, create, update, append_function, release)                              \
    static OrtStatus *function(OrtSessionOptions *options, const option_list *list) {                        \
        type *own = NULL;                                                                                    \
        OrtStatus *failure = ort.api->create(&own);                                                          \
        if (!failure && list->n) failure = ort.api->update(own, list->keys, list->values, list->n);          \
        if (!failure) failure = ort.api->append_function(options, own);                                      \
        if (own) ort.api->release(own);                                                                      \
        return failure;                                                                                      \
    }

DEFINE_APPEND(append_cuda, OrtCUDAProviderOptionsV2, CreateCUDAProviderOptions, UpdateCUDAProviderOptions,
              SessionOptionsAppendExecutionProvider_CUDA_V2, ReleaseCUDAProviderOptions)
DEFINE_APPEND(append_tensorrt, OrtTensorRTProviderOptionsV2, CreateTensorRTProviderOptions,
              UpdateTensorRTProviderOptions, SessionOptionsAppendExecutionProvider_TensorRT_V2,
              ReleaseTensorRTProviderOptions)
DEFINE_APPEND(append_rocm, OrtROCMProviderOptions, CreateROCMProviderOptions, UpdateROCMProviderOptions,
              SessionOptionsAppendExecutionProvider_ROCM, ReleaseROCMProviderOptions)
DEFINE_APPEND(append_cann, OrtCANNProviderOptions, CreateCANNProviderOptions, UpdateCANNProviderOptions,
              SessionOptionsAppendExecutionProvider_CANN, ReleaseCANNProviderOptions)
DEFINE_APPEND(append_dnnl, OrtDnnlProviderOptions, CreateDnnlProviderOptions, UpdateDnnlProviderOptions,
              SessionOptionsAppendExecutionProvider_Dnnl, ReleaseDnnlProviderOptions)

#undef DEFINE_APPEND

static OrtStatus *append_openvino(OrtSessionOptions *options, const option_list *list) {
    return ort.api->SessionOptionsAppendExecutionProvider_OpenVINO_V2(options, list->keys, list->values,
                                                                      list->n);
}

static OrtStatus *append_vitisai(OrtSessionOptions *options, const option_list *list) {
    return ort.api->SessionOptionsAppendExecutionProvider_VitisAI(options, list->keys, list->values, list->n);
}

/* A struct without a call that fills it from text; of its members the device's number is enough. */
static OrtStatus *append_migraphx(OrtSessionOptions *options, const option_list *list) {
    OrtMIGraphXProviderOptions own;
    memset(&own, 0, sizeof own);
    for (size_t i = 0; i < list->n; i++) {
        if (strcmp(list->keys[i], "device_id") != 0)
            return ort.api->CreateStatus(ORT_INVALID_ARGUMENT, "only the option device_id can be set");
        own.device_id = (int)strtol(list->values[i], NULL, 10);
    }
    return ort.api->SessionOptionsAppendExecutionProvider_MIGraphX(options, &own);
}

/* Of two for one device the first that the runtime has is taken. */
static const provider_row ROWS[] = {
    {"CPU", "cpu", NULL, NULL, NULL},
    {"CUDA", "cuda", "libcuda.so.1", append_cuda, NULL},
    {"ROCM", "cuda", "libamdhip64.so", append_rocm, NULL}, /* As PyTorch calls it. */
    {"MIGraphX", "cuda", "libamdhip64.so", append_migraphx, NULL},
    {"Tensorrt", "cuda", "libcuda.so.1", append_tensorrt, NULL},
    {"CANN", "npu", NULL, append_cann, NULL},
    {"QNN", "npu", NULL, NULL, "QNN"},
    {"Dml", "dml", NULL, NULL, "DML"},
    {"CoreML", "mps", NULL, NULL, "CoreML"},
    {"OpenVINO", NULL, NULL, append_openvino, NULL},
    {"VitisAI", NULL, NULL, append_vitisai, NULL},
    {"Dnnl", NULL, NULL, append_dnnl, NULL},
    {"Xnnpack", NULL, NULL, NULL, "XNNPACK"},
    {"WebGpu", NULL, NULL, NULL, "WebGPU"},
    {"Azure", NULL, NULL, NULL, "AZURE"},
};

enum { N_ROWS = sizeof ROWS / sizeof *ROWS };

/* -- what the runtime has ------------------------------------------------------------------------------ */

/* Whether `name` is the row's with its end. */
static bool is_named(const provider_row *row, const char *name) {
    size_t len = strlen(row->name);
    return strncmp(name, row->name, len) == 0 && strcmp(name + len, PROVIDER_END) == 0;
}

static const provider_row *find_row(const char *name) {
    for (size_t i = 0; i < N_ROWS; i++)
        if (is_named(&ROWS[i], name)) return &ROWS[i];
    return NULL;
}

/* The runtime's own spelling of a row's name; NULL: it does not have it. */
static const char *available_name(const provider_row *row) {
    for (int i = 0; i < ort.n_providers; i++)
        if (is_named(row, ort.providers[i])) return ort.providers[i];
    return NULL;
}

/* A runtime built for a GPU says that it has its provider also where there is no GPU: then the device is not
 * offered. The driver stays loaded, as the provider would keep it. */
static bool has_driver(const provider_row *row) {
    return !row->driver || dlopen(row->driver, RTLD_LAZY | RTLD_LOCAL) != NULL;
}

static bool is_available(const char *name) {
    for (int i = 0; i < ort.n_providers; i++)
        if (strcmp(name, ort.providers[i]) == 0) return true;
    return false;
}

static void join_providers(char *out, size_t size) {
    size_t at = 0;
    out[0] = '\0';
    for (int i = 0; i < ort.n_providers && at < size; i++) {
        int n = snprintf(out + at, size - at, "%s%s", i ? ", " : "", ort.providers[i]);
        if (n > 0) at += (size_t)n;
    }
}

void ort_providers_devices(char *out, size_t size) {
    size_t at = (size_t)snprintf(out, size, "cpu");
    const char *last = "cpu"; /* Rows of one device stand together. */
    for (size_t i = 0; i < N_ROWS && at < size; i++) {
        const char *device = ROWS[i].device;
        if (!device || strcmp(device, last) == 0 || !available_name(&ROWS[i]) || !has_driver(&ROWS[i]))
            continue;
        int n = snprintf(out + at, size - at, " %s", device);
        if (n > 0) at += (size_t)n;
        last = device;
    }
}

/* -- what is asked for --------------------------------------------------------------------------------- */

/* What the device says, "cuda:1": its name, and its number or -1. */
typedef struct device_name {
    char text[DEVICE_NAME_BYTES];
    int id;
} device_name;

/* @return false: none was given */
static bool device_of(device_name *out, const ap_model_ref *model) {
    if (!model->device) return false;
    size_t len = strcspn(model->device, ":");
    snprintf(out->text, sizeof out->text, "%.*s", (int)(len < sizeof out->text ? len : 0), model->device);
    for (char *p = out->text; *p; p++)
        if (*p >= 'A' && *p <= 'Z') *p = (char)(*p + ('a' - 'A'));
    out->id = model->device[len] ? (int)strtol(model->device + len + 1, NULL, 10) : -1;
    return true;
}

static const char *option_value(const ap_model_ref *model, const char *key) {
    for (size_t i = 0; i < model->n_options; i++)
        if (strcmp(model->options[i].key, key) == 0) return model->options[i].value;
    return NULL;
}

/* The name of provider number `index` that the options give; NULL: none. */
static const char *name_of(const ap_model_ref *model, size_t index) {
    char key[32] = "provider";
    if (index) snprintf(key, sizeof key, "provider_%zu", index);
    return option_value(model, key);
}

static const char *name_for_device(const char *device) {
    for (size_t i = 0; i < N_ROWS; i++)
        if (ROWS[i].device && strcmp(ROWS[i].device, device) == 0 && available_name(&ROWS[i]))
            return available_name(&ROWS[i]);
    return NULL;
}

bool ort_providers_is_option(const char *key) {
    static const char *const starts[] = {"provider_options.", "provider_options_", "provider_"};
    if (strcmp(key, "provider") == 0) return true;
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (strncmp(key, starts[i], strlen(starts[i])) == 0) return true;
    return false;
}

static ap_status collect_options(provider *out, const ap_model_ref *model, size_t index, ap_error *err) {
    char start[48] = "provider_options.";
    if (index) snprintf(start, sizeof start, "provider_options_%zu.", index);
    size_t len = strlen(start);
    for (size_t i = 0; i < model->n_options; i++) {
        const ap_key_value *option = &model->options[i];
        if (strncmp(option->key, start, len) != 0) continue;
        if (out->options.n == MAX_OPTIONS - 1)
            return ort.host->fail(err, AP_ELIMIT, "%s: more than %d options", out->name, MAX_OPTIONS - 1);
        out->options.keys[out->options.n] = option->key + len;
        out->options.values[out->options.n++] = option->value;
    }
    return AP_OK;
}

static ap_status fail_unavailable(const char *name, ap_error *err) {
    char names[256];
    join_providers(names, sizeof names);
    return ort.host->fail(err, AP_EINVAL, "provider \"%.64s\" is not in this ONNX Runtime; it has: %s", name,
                          names);
}

/* The device's number becomes an option, unless it is one already. */
static ap_status set_device_id(provider *out, const device_name *device, ap_error *err) {
    option_list *list = &out->options;
    if (device->id < 0) return AP_OK;
    snprintf(list->device_id, sizeof list->device_id, "%d", device->id);
    for (size_t i = 0; i < list->n; i++) {
        if (strcmp(list->keys[i], "device_id") != 0) continue;
        if (strcmp(list->values[i], list->device_id) == 0) return AP_OK;
        return ort.host->fail(err, AP_EINVAL,
                              "device is number %d and provider_options.device_id is %.16s; give one of them",
                              device->id, list->values[i]);
    }
    list->keys[list->n] = "device_id";
    list->values[list->n++] = list->device_id;
    return AP_OK;
}

/* A device that was named has to be the provider's. */
static ap_status apply_device(provider *out, const device_name *device, const char *given, ap_error *err) {
    const char *own = out->row ? out->row->device : NULL;
    if (!own || strcmp(own, device->text) != 0)
        return ort.host->fail(
            err, AP_EINVAL, "device \"%.32s\" and provider \"%.64s\" contradict each other; give one of them",
            given, out->name);
    return set_device_id(out, device, err);
}

/* Provider number `index`; `out->name` is NULL behind the last. */
static ap_status find_provider(provider *out, const ap_model_ref *model, size_t index, ap_error *err) {
    device_name device;
    bool has_device = index == 0 && device_of(&device, model);
    memset(out, 0, sizeof *out);
    out->name = name_of(model, index);
    if (!out->name && index == 0) out->name = has_device ? name_for_device(device.text) : "CPU" PROVIDER_END;
    if (!out->name && has_device)
        return ort.host->fail(err, AP_EINVAL, "device \"%.32s\": no provider of this ONNX Runtime has it",
                              model->device);
    if (!out->name) return AP_OK;
    if (!is_available(out->name)) return fail_unavailable(out->name, err);
    out->row = find_row(out->name);
    ap_status status = collect_options(out, model, index, err);
    return !status && has_device ? apply_device(out, &device, model->device, err) : status;
}

static bool is_cpu(const provider *p) { return p->row == &ROWS[0]; }

/* -- appending ----------------------------------------------------------------------------------------- */

/* By the provider's own call, or by the generic one with its name. */
static OrtStatus *call_append(OrtSessionOptions *options, const provider *p) {
    char generic[64];
    if (p->row && p->row->append) return p->row->append(options, &p->options);
    size_t len = strlen(p->name), end = strlen(PROVIDER_END);
    bool has_end = len > end && strcmp(p->name + len - end, PROVIDER_END) == 0;
    snprintf(generic, sizeof generic, "%.*s", (int)(has_end ? len - end : len), p->name);
    return ort.api->SessionOptionsAppendExecutionProvider(
        options, p->row && p->row->generic ? p->row->generic : generic, p->options.keys, p->options.values,
        p->options.n);
}

/* A provider is a library of its own: of one that cannot be loaded, or refuses, only the log has the reason.
 */
static ap_status append(OrtSessionOptions *options, const provider *p, ap_error *err) {
    ap_error why = AP_ERROR_INIT;
    ort_log_forget();
    ap_status status = ort_fail(&why, call_append(options, p), p->name);
    const char *more = ort_log_last_error();
    if (!status) return AP_OK;
    if (!more[0]) return ort.host->fail(err, status, "%s", why.message);
    return ort.host->fail(err, status, "%.320s: %s", why.message, more);
}

ap_status ort_providers_append(OrtSessionOptions *options, const ap_model_ref *model, ap_error *err) {
    provider p;
    for (size_t i = 0;; i++) {
        ap_status status = find_provider(&p, model, i, err);
        if (status || !p.name) return status;
        if (is_cpu(&p)) { /* It takes all that is left, so that none behind it would get anything. */
            if (!p.options.n) return AP_OK;
            return ort.host->fail(err, AP_EINVAL, "\"provider_options.%.64s\": %s takes no options",
                                  p.options.keys[0], p.name);
        }
        if ((status = append(options, &p, err))) return status;
    }
}

bool ort_providers_are_cpu(const ap_model_ref *model) {
    provider p;
    return find_provider(&p, model, 0, NULL) == AP_OK && is_cpu(&p);
}

void ort_providers_describe(char *out, size_t size, const ap_model_ref *model) {
    provider p;
    const char *id = "0";
    snprintf(out, size, "cpu");
    if (find_provider(&p, model, 0, NULL) || is_cpu(&p)) return;
    for (size_t i = 0; i < p.options.n; i++)
        if (strcmp(p.options.keys[i], "device_id") == 0) id = p.options.values[i];
    if (p.row && p.row->device)
        snprintf(out, size, "%s:%s", p.row->device, id);
    else /* The provider says more than "cpu" would. */
        snprintf(out, size, "%s", p.name);
}

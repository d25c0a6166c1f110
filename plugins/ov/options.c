/* Properties to compile with: what we set by default, and the caller's, by the names that OpenVINO (and
 * ov_config of optimum-intel) has for them. Source: openvino@2026.4
 * src/inference/include/openvino/runtime/properties.hpp. */
#include "ov.h"

#include <stdio.h>
#include <string.h>

#define SUPPORTED_PROPERTIES "SUPPORTED_PROPERTIES"
#define INFERENCE_PRECISION "INFERENCE_PRECISION_HINT"

bool ovp_properties_have(const ovp_properties *properties, const char *key) {
    for (size_t i = 0; i < properties->n; i++)
        if (strcmp(properties->keys[i], key) == 0) return true;
    return false;
}

ap_status ovp_properties_add(ovp_properties *properties, const char *key, const char *value, ap_error *err) {
    if (ovp_properties_have(properties, key)) return AP_OK;
    if (properties->n == OVP_MAX_PROPERTIES)
        return ov.host->fail(err, AP_ELIMIT, "more than %d properties for OpenVINO", OVP_MAX_PROPERTIES);
    properties->keys[properties->n] = key;
    properties->values[properties->n++] = value;
    return AP_OK;
}

/* -- of the caller ------------------------------------------------------------------------------------- */

/* What the core takes, and no device lists. */
static const char *const core_keys[] = {"CACHE_DIR", "CACHE_MODE", "DEVICE_PROPERTIES", "ENABLE_MMAP",
                                        "FORCE_TBB_TERMINATE"};

static bool device_takes(const ovp_device *device, const char *key) {
    char *keys = ovp_device_get(device, SUPPORTED_PROPERTIES);
    bool found = ovp_has_word(keys, key);
    ovp_text_free(keys);
    return found;
}

/* AUTO says nothing of a property that nobody knows, so it is looked for here. */
static ap_status check_auto_key(const char *key, ap_error *err) {
    ovp_device device;
    for (size_t i = 0; i < sizeof core_keys / sizeof *core_keys; i++)
        if (strcmp(key, core_keys[i]) == 0) return AP_OK;
    for (const char *at = ov.devices; ovp_device_next(&device, &at);)
        if (device_takes(&device, key)) return AP_OK;
    return ov.host->fail(err, AP_EINVAL, "OpenVINO: no device here has a property \"%.64s\"", key);
}

static ap_status add_callers(ovp_properties *out, const ovp_device *device, const ap_model_ref *model,
                             ap_error *err) {
    ap_status status = AP_OK;
    for (size_t i = 0; !status && i < model->n_options; i++) {
        const ap_key_value *option = &model->options[i];
        if (ovp_device_is_auto(device)) status = check_auto_key(option->key, err);
        if (!status) status = ovp_properties_add(out, option->key, option->value, err);
    }
    return status;
}

/* -- precision ----------------------------------------------------------------------------------------- */

typedef struct precision {
    ap_dtype dtype;
    const char *value, *capability, *name;
} precision;

/* In float32 nothing needs to be looked for: every device has it. */
static const precision precisions[] = {
    {AP_DTYPE_F32, "f32", NULL, "float32"},
    {AP_DTYPE_BF16, "bf16", "BF16", "bfloat16"},
    {AP_DTYPE_F16, "f16", "FP16", "float16"},
};

static ap_status find_precision(const precision **out, const ovp_device *device, ap_dtype dtype,
                                ap_error *err) {
    for (size_t i = 0; i < sizeof precisions / sizeof *precisions; i++) {
        *out = &precisions[i];
        if ((*out)->dtype != dtype) continue;
        if (!(*out)->capability) return AP_OK;
        char *capabilities = ovp_device_get(device, "OPTIMIZATION_CAPABILITIES");
        bool found = ovp_has_word(capabilities, (*out)->capability);
        ap_status status = AP_OK;
        if (!found)
            status = ov.host->fail(err, AP_EUNSUPPORTED,
                                   "device %s has no arithmetic in %s; OpenVINO says that it has: %s",
                                   device->text, (*out)->name, capabilities ? capabilities : "nothing");
        ovp_text_free(capabilities);
        return status;
    }
    return ov.host->fail(err, AP_EUNSUPPORTED, "OpenVINO has no arithmetic in the dtype that is asked for");
}

/* -- all of them --------------------------------------------------------------------------------------- */

/* Those of ours that the device knows. */
static ap_status add_defaults(ovp_properties *out, const ovp_device *device, const char *const (*rows)[2],
                              size_t n_rows, ap_error *err) {
    char *known = ovp_device_is_auto(device) ? NULL : ovp_device_get(device, SUPPORTED_PROPERTIES);
    ap_status status = AP_OK;
    for (size_t i = 0; !status && i < n_rows; i++)
        if (ovp_device_is_auto(device) || ovp_has_word(known, rows[i][0]))
            status = ovp_properties_add(out, rows[i][0], rows[i][1], err);
    ovp_text_free(known);
    return status;
}

/* Left alone, the runtime rounds to bfloat16 where the CPU has it, quantizes activations in front of weights
 * that are stored as int8, and keeps decoders' caches in uint8. */
static ap_status add_precision(ovp_properties *out, const ovp_device *device, const ap_model_ref *model,
                               ap_error *err) {
    static const char *const exact[][2] = {{"DYNAMIC_QUANTIZATION_GROUP_SIZE", "0"},
                                           {"KV_CACHE_PRECISION", "f32"}};
    const precision *found = NULL;
    if (ovp_properties_have(out, INFERENCE_PRECISION)) return AP_OK;
    ap_status status = find_precision(&found, device, model->dtype ? model->dtype : AP_DTYPE_F32, err);
    if (status) return status;
    const char *const row[][2] = {{INFERENCE_PRECISION, found->value}};
    status = add_defaults(out, device, row, 1, err);
    if (status || found->dtype != AP_DTYPE_F32) return status;
    return add_defaults(out, device, exact, sizeof exact / sizeof *exact, err);
}

/* Without a stream, a run is done on the thread that starts it, by that thread alone: waking another one
 * costs as much as a twentieth of a small run. Not where the caller has a say in it. */
static bool is_for_one_thread(const ovp_properties *callers, const ovp_device *device,
                              const ap_model_ref *model) {
    static const char *const keys[] = {"NUM_STREAMS", "PERFORMANCE_HINT", "INFERENCE_NUM_THREADS"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (ovp_properties_have(callers, keys[i])) return false;
    return strcmp(device->text, "CPU") == 0 && model->use == AP_USE_LATENCY && model->n_threads <= 1;
}

ap_status ovp_properties_init(ovp_properties *out, const ovp_device *device, const ap_model_ref *model,
                              ap_error *err) {
    out->n = 0;
    snprintf(out->n_threads, sizeof out->n_threads, "%d", model->n_threads > 0 ? model->n_threads : 1);
    const char *const rows[][2] = {
        {"PERFORMANCE_HINT", model->use == AP_USE_THROUGHPUT ? "THROUGHPUT" : "LATENCY"},
        {"INFERENCE_NUM_THREADS", out->n_threads},
        /* Pinned threads of two sessions, or of two processes, would share cores while others are idle. */
        {"ENABLE_CPU_PINNING", "NO"},
    };
    static const char *const no_streams[][2] = {{"NUM_STREAMS", "0"}};
    ap_status status = add_callers(out, device, model, err);
    if (!status && is_for_one_thread(out, device, model))
        status = add_defaults(out, device, no_streams, 1, err);
    if (!status) status = add_defaults(out, device, rows, sizeof rows / sizeof *rows, err);
    return status ? status : add_precision(out, device, model, err);
}

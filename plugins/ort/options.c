/* Session options: what we set by default, and the runtime's own by their names. */
#include "common/onnx.h"
#include "ort.h"
#include "providers.h"
#include "weights.h"

#include <errno.h>
#include <onnxruntime_session_options_config_keys.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "session.qdq_matmulnbits_accuracy_level": 1 is float32. Not in the headers of the oldest release we serve.
 */
#define MATMULNBITS_ACCURACY_LEVEL "session.qdq_matmulnbits_accuracy_level"

/* Options that say how the threads of a session are to be: such a session has threads of its own. */
static bool has_thread_options(const ap_model_ref *model) {
    static const char *const keys[] = {"execution_mode", "inter_op_num_threads", "intra_op_num_threads"};
    static const char *const starts[] = {"session.intra_op", "session.inter_op", "session.dynamic_block"};
    for (size_t i = 0; i < model->n_options; i++)
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
            if (strcmp(model->options[i].key, keys[k]) == 0 ||
                strncmp(model->options[i].key, starts[k], strlen(starts[k])) == 0)
                return true;
    return false;
}

/* Sessions with as many threads as the process may use share one pool, so that two of them do not run on
 * twice as many threads as there are cores; a caller whose helpers are busy does the work himself. */
static OrtStatus *set_threads(OrtSessionOptions *options, const ap_model_ref *model) {
    int n = model->n_threads > 0 ? model->n_threads : 1;
    if (n == ort.n_shared_threads && !has_thread_options(model))
        return ort.api->DisablePerSessionThreads(options);
    OrtStatus *failure = ort.api->SetIntraOpNumThreads(options, n);
    return failure ? failure : ort.api->SetInterOpNumThreads(options, 1);
}

static OrtStatus *set_defaults(OrtSessionOptions *options, const ap_model_ref *model) {
    const OrtApi *api = ort.api;
    OrtStatus *failure = set_threads(options, model);
    if (!failure) failure = api->SetSessionGraphOptimizationLevel(options, ORT_ENABLE_ALL);
    /* A pattern is kept for every shape that was seen: memory would grow with the number of lengths. */
    if (!failure) failure = api->DisableMemPattern(options);
    /* Threads that spin between operators cost up to 1.7 times the CPU, and on busy cores twice the time. */
    if (!failure)
        failure = api->AddSessionConfigEntry(options, kOrtSessionOptionsConfigAllowIntraOpSpinning, "0");
    if (!failure && model->bytes && model->external_data)
        failure = api->AddSessionConfigEntry(
            options, kOrtSessionOptionsModelExternalInitializersFileFolderPath, model->external_data);
    return failure;
}

/* Weights that are stored as int8 and computed with in float32. By default the runtime would quantize the
 * activations too, to use a kernel for int8: faster for large batches, but not what the model says (scores
 * move by 1e-2). */
static OrtStatus *set_exact(OrtSessionOptions *options, const onnx_info *onnx) {
    OrtStatus *failure = ort.api->AddSessionConfigEntry(options, MATMULNBITS_ACCURACY_LEVEL, "1");
    if (!failure && onnx_info_folds_weights(onnx))
        failure = ort.api->AddSessionConfigEntry(options, kOrtSessionOptionsDisableQuantQDQ, "1");
    return failure;
}

/* -- options of the caller ----------------------------------------------------------------------------- */

typedef struct option_row {
    const char *name; /* Of onnxruntime.SessionOptions in Python. */
    OrtStatus *(*set)(OrtSessionOptions *options, int value);
    const char *const *values; /* Names of the values, NULL at the end; NULL: a number. */
    const int *numbers;        /* Of those values. */
} option_row;

static OrtStatus *set_level(OrtSessionOptions *options, int level) {
    return ort.api->SetSessionGraphOptimizationLevel(options, (GraphOptimizationLevel)level);
}

static OrtStatus *set_mode(OrtSessionOptions *options, int mode) {
    return ort.api->SetSessionExecutionMode(options, (ExecutionMode)mode);
}

static OrtStatus *set_intra(OrtSessionOptions *options, int n) {
    return ort.api->SetIntraOpNumThreads(options, n);
}

static OrtStatus *set_inter(OrtSessionOptions *options, int n) {
    return ort.api->SetInterOpNumThreads(options, n);
}

static OrtStatus *set_arena(OrtSessionOptions *options, int on) {
    return on ? ort.api->EnableCpuMemArena(options) : ort.api->DisableCpuMemArena(options);
}

static OrtStatus *set_pattern(OrtSessionOptions *options, int on) {
    return on ? ort.api->EnableMemPattern(options) : ort.api->DisableMemPattern(options);
}

static const char *const switch_names[] = {"true", "True", "1", "false", "False", "0", NULL};
static const int switch_numbers[] = {1, 1, 1, 0, 0, 0};
static const char *const level_names[] = {"ORT_DISABLE_ALL",
                                          "ORT_ENABLE_BASIC",
                                          "ORT_ENABLE_EXTENDED",
                                          "ORT_ENABLE_ALL",
                                          "0",
                                          "1",
                                          "2",
                                          "99",
                                          NULL};
static const int level_numbers[] = {0, 1, 2, 99, 0, 1, 2, 99};
static const char *const mode_names[] = {"ORT_SEQUENTIAL", "ORT_PARALLEL", "0", "1", NULL};
static const int mode_numbers[] = {0, 1, 0, 1};

static const option_row rows[] = {
    {"enable_cpu_mem_arena", set_arena, switch_names, switch_numbers},
    {"enable_mem_pattern", set_pattern, switch_names, switch_numbers},
    {"execution_mode", set_mode, mode_names, mode_numbers},
    {"graph_optimization_level", set_level, level_names, level_numbers},
    {"inter_op_num_threads", set_inter, NULL, NULL},
    {"intra_op_num_threads", set_intra, NULL, NULL},
};

enum { N_ROWS = sizeof rows / sizeof *rows };

/* Keys of configuration entries begin with one of these; the runtime takes any key and knows no list of them.
 */
static const char *const entry_prefixes[] = {"session.", "optimization.", "ep.", "mlas."};

static bool is_entry(const char *key) {
    for (size_t i = 0; i < sizeof entry_prefixes / sizeof *entry_prefixes; i++)
        if (strncmp(key, entry_prefixes[i], strlen(entry_prefixes[i])) == 0) return true;
    return false;
}

static bool parse_value(int *out, const option_row *row, const char *text) {
    char *end = NULL;
    if (row->values) {
        for (size_t i = 0; row->values[i]; i++) {
            *out = row->numbers[i];
            if (strcmp(text, row->values[i]) == 0) return true;
        }
        return false;
    }
    errno = 0;
    long number = strtol(text, &end, 10);
    *out = (int)number;
    return errno == 0 && end != text && *end == '\0' && number >= 0 && number <= 4096;
}

static ap_status set_row(OrtSessionOptions *options, const option_row *row, const char *text, ap_error *err) {
    int value = 0;
    if (!parse_value(&value, row, text))
        return ort.host->fail(err, AP_EINVAL, "session option \"%s\" is \"%.64s\"; it must be %s%s",
                              row->name, text, row->values ? "one like " : "a number from 0 to 4096",
                              row->values ? row->values[0] : "");
    return ort_fail(err, row->set(options, value), row->name);
}

static ap_status fail_option(const char *key, ap_error *err) {
    char names[256] = "";
    size_t at = 0;
    for (size_t i = 0; i < N_ROWS && at < sizeof names; i++) {
        int n = snprintf(names + at, sizeof names - at, "%s, ", rows[i].name);
        if (n > 0) at += (size_t)n;
    }
    return ort.host->fail(
        err, AP_EINVAL,
        "session option \"%.64s\" is not known; known are provider, %sand keys that begin with "
        "session., optimization., ep. or mlas.",
        key, names);
}

static ap_status set_option(OrtSessionOptions *options, const ap_key_value *option, ap_error *err) {
    if (ort_providers_is_option(option->key)) return AP_OK;
    for (size_t i = 0; i < N_ROWS; i++)
        if (strcmp(option->key, rows[i].name) == 0) return set_row(options, &rows[i], option->value, err);
    if (!is_entry(option->key)) return fail_option(option->key, err);
    return ort_fail(err, ort.api->AddSessionConfigEntry(options, option->key, option->value), option->key);
}

/* -- all of them --------------------------------------------------------------------------------------- */

ap_status ort_options_create(OrtSessionOptions **out, const ap_model_ref *model, const onnx_info *onnx,
                             ap_error *err) {
    OrtSessionOptions *options = NULL;
    *out = NULL;
    OrtStatus *failure = ort.api->CreateSessionOptions(&options);
    if (!failure) failure = set_defaults(options, model);
    if (!failure && onnx) failure = set_exact(options, onnx);
    if (!failure && onnx && onnx->has_past && ort.has_weights && ort_providers_are_cpu(model))
        failure = ort_weights_use(options);
    ap_status status = ort_fail(err, failure, "session options");
    for (size_t i = 0; !status && i < model->n_options; i++)
        status = set_option(options, &model->options[i], err);
    if (!status) status = ort_providers_append(options, model, err);
    if (status) {
        if (options) ort.api->ReleaseSessionOptions(options);
        return status;
    }
    *out = options;
    return AP_OK;
}

/* Execution providers, with a library in place of ONNX Runtime that has those that this machine lacks. Each
 * case in a process of its own: what is loaded stays loaded. */
#define _GNU_SOURCE /* setenv */
#include "backend/backend.h"
#include "unit/support/check.h"
#include "unit/support/process.h"
#include "unit/support/tempdir.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FAKE AP_TEST_BUILD_DIR "/tests/fakes/libfake_onnxruntime.so"

static ap__path folder, model;
static bool has_drivers;

/* What a child found. */
typedef struct finding {
    ap_status status;
    ap_error error;
    char devices[128], device[64], log[1024];
} finding;

int test_setup(void **state) {
    (void)state;
    tempdir_create(&folder);
    model = tempdir_write_text(&folder, "model.onnx", "not looked at");
    setenv("ACCELPIPE_PLUGIN_DIR", AP_TEST_PLUGIN_DIR, 1);
    setenv("ACCELPIPE_ORT_LIBRARY", FAKE, 1);
    setenv("ACCELPIPE_NUM_THREADS", "3", 1);
    setenv("FAKE_ORT_PROVIDERS", "TensorrtExecutionProvider CUDAExecutionProvider CPUExecutionProvider", 1);
    unsetenv("FAKE_ORT_REFUSES");
    unsetenv("FAKE_ORT_VERSION");
    has_drivers = true;
    return 0;
}

int test_teardown(void **state) {
    (void)state;
    tempdir_remove(&folder);
    return 0;
}

/* Loaded first, these are what a driver of that soname would be. */
static void load_drivers(void) {
    static const char *const drivers[] = {"fake_libcuda.so.1.so", "fake_libamdhip64.so.so"};
    for (size_t i = 0; has_drivers && i < sizeof drivers / sizeof *drivers; i++) {
        ap__path path;
        ap__path_format(&path, NULL, "%s/tests/fakes/%s", AP_TEST_BUILD_DIR, drivers[i]);
        if (!dlopen(path.text, RTLD_NOW | RTLD_LOCAL)) abort();
    }
}

static void look(void *result, const void *ctx) {
    finding *out = result;
    const ap__session_options *options = ctx;
    const ap__backend *backend = NULL;
    load_drivers();
    ap__session *session = NULL;
    out->status = ap__backend_get(&backend, "ort", &out->error);
    if (out->status) return;
    snprintf(out->devices, sizeof out->devices, "%s", ap__backend_get_probe(backend)->devices);
    out->status = ap__session_open(&session, backend, options, &out->error);
    if (session) snprintf(out->device, sizeof out->device, "%s", ap__session_get_info(session)->device);
    ap__session_close(session);
    const char *(*get_log)(void) = NULL;
    void *library = dlopen(FAKE, RTLD_NOW | RTLD_NOLOAD),
         *symbol = library ? dlsym(library, "fake_ort_log") : NULL;
    memcpy(&get_log, &symbol, sizeof symbol);
    if (get_log) snprintf(out->log, sizeof out->log, "%s", get_log());
}

static finding open_with(const ap__session_options *options) {
    finding found = {.status = AP_EBUG};
    if (access(FAKE, R_OK) != 0) skip();
    process_run(&found, sizeof found, look, options);
    return found;
}

/* `pairs` are keys and values, NULL behind the last. */
static finding open_on(const char *device, const char *const *pairs) {
    ap_key_value options[8];
    size_t n = 0;
    for (; pairs && pairs[2 * n]; n++) options[n] = (ap_key_value){pairs[2 * n], pairs[2 * n + 1]};
    return open_with(&(ap__session_options){
        .path = model.text, .device = device, .no_cache = true, .options = options, .n_options = n});
}

static void assert_log(const finding *found, const char *expected) {
    char whole[1100];
    assert_ok(found->status, &found->error);
    snprintf(whole, sizeof whole, "pool 3; %s", expected);
    assert_string_equal(whole, found->log);
}

/* -- devices ------------------------------------------------------------------------------------------- */

void test_devices_of_the_runtime(void **state) {
    (void)state;
    assert_string_equal("cpu cuda", open_on(NULL, NULL).devices);
    setenv("FAKE_ORT_PROVIDERS", "CoreMLExecutionProvider CPUExecutionProvider", 1);
    assert_string_equal("cpu mps", open_on(NULL, NULL).devices);
    setenv("FAKE_ORT_PROVIDERS", "ROCMExecutionProvider MIGraphXExecutionProvider OpenVINOExecutionProvider",
           1);
    assert_string_equal("cpu cuda", open_on(NULL, NULL).devices);
    setenv("FAKE_ORT_PROVIDERS", "XxExecutionProvider QNNExecutionProvider DmlExecutionProvider", 1);
    assert_string_equal("cpu npu dml", open_on(NULL, NULL).devices);
}

/* A runtime that was built for GPUs, on a machine without one. */
void test_devices_without_a_driver(void **state) {
    (void)state;
    has_drivers = false;
    if (dlopen("libcuda.so.1", RTLD_LAZY)) skip(); /* This machine has one. */
    finding found = open_on("cuda", NULL);
    assert_fails(found.status, AP_EINVAL, &found.error, "device \"cuda\" is not there");
    assert_string_equal("cpu", open_on("cpu", NULL).devices);
    static const char *const pairs[] = {"provider", "CUDAExecutionProvider", NULL};
    found = open_on(NULL, pairs); /* Who names it sees what the runtime says. */
    assert_log(&found, "shared; cuda; session; ");
}

void test_the_cpu_is_the_default(void **state) {
    (void)state;
    finding found = open_on(NULL, NULL);
    assert_log(&found, "shared; session; ");
    assert_string_equal("cpu", found.device);
    found = open_on("cpu", NULL);
    assert_log(&found, "shared; session; ");
}

void test_device_means_a_provider(void **state) {
    (void)state;
    finding found = open_on("cuda:1", NULL);
    assert_log(&found, "shared; cuda-options device_id=1; cuda; session; ");
    assert_string_equal("cuda:1", found.device);
    found = open_on("CUDA", NULL);
    assert_log(&found, "shared; cuda; session; ");
    assert_string_equal("cuda:0", found.device);
    setenv("FAKE_ORT_PROVIDERS", "CPUExecutionProvider MIGraphXExecutionProvider", 1);
    found = open_on("cuda:2", NULL);
    assert_log(&found, "shared; migraphx device_id=2; session; ");
}

void test_device_that_is_not_there(void **state) {
    (void)state;
    finding found = open_on("npu", NULL);
    assert_fails(found.status, AP_EINVAL, &found.error, "device \"npu\" is not there");
    assert_says(&found.error, "has here: cpu cuda");
}

/* -- providers ----------------------------------------------------------------------------------------- */

void test_provider_and_its_options(void **state) {
    (void)state;
    static const char *const pairs[] = {"provider_options.device_id",
                                        "2",
                                        "provider",
                                        "CUDAExecutionProvider",
                                        "provider_options.arena_extend_strategy",
                                        "kSameAsRequested",
                                        NULL};
    finding found = open_on(NULL, pairs);
    assert_log(&found,
               "shared; cuda-options device_id=2 arena_extend_strategy=kSameAsRequested; cuda; session; ");
    assert_string_equal("cuda:2", found.device);
}

void test_several_providers_in_order(void **state) {
    (void)state;
    static const char *const pairs[] = {"provider",
                                        "TensorrtExecutionProvider",
                                        "provider_1",
                                        "CUDAExecutionProvider",
                                        "provider_2",
                                        "CPUExecutionProvider",
                                        "provider_options.trt_fp16_enable",
                                        "1",
                                        "provider_options_1.device_id",
                                        "1",
                                        NULL};
    finding found = open_on(NULL, pairs);
    assert_log(&found,
               "shared; tensorrt-options trt_fp16_enable=1; tensorrt; cuda-options device_id=1; cuda; "
               "session; ");
}

void test_provider_beside_its_device(void **state) {
    (void)state;
    static const char *const tensorrt[] = {"provider", "TensorrtExecutionProvider", NULL};
    finding found = open_on("cuda:3", tensorrt);
    assert_log(&found, "shared; tensorrt-options device_id=3; tensorrt; session; ");
    assert_string_equal("cuda:3", found.device);
    found = open_on("cpu", tensorrt);
    assert_fails(found.status, AP_EINVAL, &found.error,
                 "device \"cpu\" and provider \"TensorrtExecutionProvider\" contradict each other");
    static const char *const id[] = {"provider_options.device_id", "1", NULL};
    found = open_on("cuda:1", id);
    assert_log(&found, "shared; cuda-options device_id=1; cuda; session; ");
    found = open_on("cuda:0", id);
    assert_fails(found.status, AP_EINVAL, &found.error,
                 "device is number 0 and provider_options.device_id is 1; give one of them");
}

void test_providers_by_the_generic_call(void **state) {
    (void)state;
    static const char *const rows[][3] = {
        {"XnnpackExecutionProvider", "XNNPACK", "XnnpackExecutionProvider"},
        {"QNNExecutionProvider", "QNN", "npu:0"},
        {"DmlExecutionProvider", "DML", "dml:0"},
        {"CoreMLExecutionProvider", "CoreML", "mps:0"},
        {"OpenVINOExecutionProvider", "openvino", "OpenVINOExecutionProvider"},
        {"BrandNewExecutionProvider", "BrandNew", "BrandNewExecutionProvider"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char expected[128];
        const char *const pairs[] = {"provider", rows[i][0], "provider_options.a", "b", NULL};
        setenv("FAKE_ORT_PROVIDERS", rows[i][0], 1);
        finding found = open_on(NULL, pairs);
        snprintf(expected, sizeof expected, "shared; %s a=b; session; ", rows[i][1]);
        assert_log(&found, expected);
        assert_string_equal(rows[i][2], found.device);
    }
}

void test_provider_that_is_not_there(void **state) {
    (void)state;
    static const char *const rocm[] = {"provider", "ROCMExecutionProvider", NULL};
    finding found = open_on(NULL, rocm);
    assert_fails(found.status, AP_EINVAL, &found.error,
                 "provider \"ROCMExecutionProvider\" is not in this ONNX");
    assert_says(&found.error,
                "it has: TensorrtExecutionProvider, CUDAExecutionProvider, CPUExecutionProvider");
    static const char *const second[] = {"provider", "CUDAExecutionProvider", "provider_1", "Nonsense", NULL};
    found = open_on(NULL, second);
    assert_fails(found.status, AP_EINVAL, &found.error, "provider \"Nonsense\"");
}

void test_provider_that_refuses(void **state) {
    (void)state;
    setenv("FAKE_ORT_REFUSES", "cuda", 1);
    finding found = open_on("cuda", NULL);
    assert_fails(found.status, AP_EBACKEND, &found.error,
                 "ONNX Runtime: CUDAExecutionProvider: refused: somewhere: libcudnn.so.9: cannot open");
    static const char *const cpu[] = {"provider_options.device_id", "0", NULL};
    found = open_on(NULL, cpu);
    assert_fails(found.status, AP_EINVAL, &found.error, "CPUExecutionProvider takes no options");
}

/* -- threads ------------------------------------------------------------------------------------------- */

void test_threads_of_their_own(void **state) {
    (void)state;
    finding found = open_with(&(ap__session_options){.path = model.text, .no_cache = true, .n_threads = 2});
    assert_log(&found, "threads 2; session; ");
    found = open_with(&(ap__session_options){.path = model.text, .no_cache = true, .n_threads = 3});
    assert_log(&found, "shared; session; ");
    static const char *const pairs[] = {"intra_op_num_threads", "1", NULL};
    found = open_on(NULL, pairs);
    assert_log(&found, "threads 3; threads 1; session; ");
    static const char *const spin[] = {"session.intra_op.allow_spinning", "1", NULL};
    found = open_on(NULL, spin);
    assert_log(&found, "threads 3; session; ");
}

/* -- releases ------------------------------------------------------------------------------------------ */

void test_release_that_is_too_old(void **state) {
    (void)state;
    setenv("FAKE_ORT_VERSION", "1.20.1", 1);
    finding found = open_on(NULL, NULL);
    assert_fails(found.status, AP_ENOBACKEND, &found.error, "ONNX Runtime 1.20.1 is too old: 1.21");
    setenv("FAKE_ORT_VERSION", "2.0.0", 1);
    found = open_on(NULL, NULL);
    assert_fails(found.status, AP_ENOBACKEND, &found.error, "ONNX Runtime 2.0.0 is too new");
}

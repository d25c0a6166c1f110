/* The choice of the backend among three that are there: ONNX Runtime and two of the tests' own. Each case in
 * a process of its own: what is loaded stays loaded. */
#define _GNU_SOURCE /* setenv */
#include "base/path.h"
#include "unit/support/check.h"
#include "unit/support/pipelines.h"
#include "unit/support/process.h"
#include "unit/support/tempdir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FAKES AP_TEST_BUILD_DIR "/tests/fakes/"
#define MODEL AP_TEST_DATA_DIR "/parity/models/bert-sst2"

static ap__path folder, plugins, model;

/* What a child found: its explanation, as JSON, or the failure. */
typedef struct finding {
    ap_status status;
    ap_error error;
    char backend[16], why[256], json[4096];
} finding;

static void link_plugin(const char *dir, const char *name) {
    ap__path target, link;
    ap__path_format(&target, NULL, "%s/accelpipe_%s.so", dir, name);
    ap__path_format(&link, NULL, "%s/accelpipe_%s.so", plugins.text, name);
    assert_int_equal(0, symlink(target.text, link.text));
}

int test_setup(void **state) {
    (void)state;
    tempdir_create(&folder);
    plugins = tempdir_make_dir(&folder, "plugins");
    link_plugin(AP_TEST_PLUGIN_DIR, "ort");
    link_plugin(FAKES, "ov");
    link_plugin(FAKES, "ipex");
    setenv("ACCELPIPE_PLUGIN_DIR", plugins.text, 1);
    setenv("ACCELPIPE_OV_LIBRARY", FAKES "libfake_onnxruntime.so", 1);
    setenv("ACCELPIPE_IPEX_LIBRARY", FAKES "libfake_onnxruntime.so", 1);
    unsetenv("ACCELPIPE_ORT_LIBRARY");
    unsetenv("FAKE_PLUGIN_REFUSES");
    unsetenv("FAKE_PLUGIN_DEVICES");
    ap__path_format(&model, NULL, "%s", MODEL);
    return access(FAKES "libfake_onnxruntime.so", R_OK); /* Nothing here works without it. */
}

int test_teardown(void **state) {
    (void)state;
    tempdir_remove(&folder);
    return 0;
}

static void hide(const char *variable) { setenv(variable, "/no/such/library.so", 1); }

/* A copy of the model with none of its graphs, but these files. */
static void make_model(const char *const *files) {
    static const char *const parts[] = {"config.json", "tokenizer.json", "tokenizer_config.json"};
    model = tempdir_make_dir(&folder, "model");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        ap__path from, to;
        ap__path_format(&from, NULL, "%s/%s", MODEL, parts[i]);
        ap__path_format(&to, NULL, "%s/%s", model.text, parts[i]);
        if (ap__path_is_file(from.text) && !ap__path_is_file(to.text))
            assert_int_equal(0, symlink(from.text, to.text));
    }
    for (; *files; files++) {
        ap__path name;
        ap__path_format(&name, NULL, "model/%s", *files);
        tempdir_write_text(&folder, name.text, "a graph");
    }
}

static void look(void *result, const void *ctx) {
    finding *out = result;
    const char *more = ctx;
    char init[4400], *json = NULL;
    ap_value *value = NULL, *record = NULL;
    ap_pipeline *pipe = NULL;
    snprintf(init, sizeof init, "{\"model\": \"%s\", \"cache\": false%s%s}", model.text, more ? ", " : "",
             more ? more : "");
    out->status = ap_value_from_json(&value, init, AP_NUL_TERMINATED, &out->error);
    if (!out->status) out->status = ap_pipeline_create_from_value(&pipe, value, &out->error);
    if (!out->status) out->status = ap_pipeline_describe(&record, pipe, &out->error);
    const char *backend = ap_value_get_string(ap_value_dict_get(record, "accelerator"), NULL);
    const char *why = ap_value_get_string(ap_value_dict_get(record, "accelerator_reason"), NULL);
    snprintf(out->backend, sizeof out->backend, "%s", backend ? backend : "");
    snprintf(out->why, sizeof out->why, "%s", why ? why : "");
    ap_value_destroy(record);
    record = NULL;
    ap_pipeline_destroy(pipe);
    ap_error ignored;
    if (!ap_explain(&record, value, &ignored) &&
        !ap_value_to_json(&json, NULL, record, AP_JSON_COMPACT, &ignored))
        snprintf(out->json, sizeof out->json, "%s", json);
    ap_string_destroy(json);
    ap_value_destroy(record);
    ap_value_destroy(value);
}

/* A pipeline with these parameters (JSON, without braces), in a process of its own. */
static finding create(const char *more) {
    finding found = {.status = AP_EBUG};
    process_run(&found, sizeof found, look, more);
    return found;
}

static finding assert_chooses(const char *backend, const char *more) {
    finding found = create(more);
    assert_ok(found.status, &found.error);
    assert_string_equal(backend, found.backend);
    return found;
}

static void assert_explains(const finding *found, const char *text) {
    if (!strstr(found->json, text)) fail_msg("no %s in %s", text, found->json);
}

/* -- automatic ----------------------------------------------------------------------------------------- */

void test_the_order(void **state) {
    (void)state;
    finding found = assert_chooses("ov", NULL);
    assert_string_equal("the first of ov, ort, ipex that can run it", found.why);
    assert_explains(&found, "\"passed_over\":[]");
    hide("ACCELPIPE_OV_LIBRARY");
    found = assert_chooses("ort", NULL);
    assert_non_null(strstr(found.why, "; ov: not available"));
    assert_explains(&found,
                    "{\"what\":\"backend\",\"choice\":\"ov\",\"why\":\"not available: ACCELPIPE_OV_LIBRARY");
    assert_explains(&found, "install it with: pip install openvino");
    hide("ACCELPIPE_ORT_LIBRARY");
    assert_chooses("ipex", NULL);
    hide("ACCELPIPE_IPEX_LIBRARY");
    found = create(NULL);
    assert_fails(found.status, AP_ENOBACKEND, &found.error, "no backend is available; ov: ");
    assert_explains(&found, "\"error\":{\"code\":\"AP_ENOBACKEND\"");
    assert_explains(&found, "\"what\":\"tokenizer\""); /* What was decided before. */
}

void test_a_model_that_the_first_refuses(void **state) {
    (void)state;
    setenv("FAKE_PLUGIN_REFUSES", "ov", 1);
    finding found = assert_chooses("ort", NULL);
    assert_non_null(strstr(found.why, "; ov: refuses the model"));
    assert_explains(&found, "operator Fancy of node /fancy is not covered");
    setenv("FAKE_PLUGIN_REFUSES", "ov ipex", 1);
    hide("ACCELPIPE_ORT_LIBRARY");
    found = create(NULL);
    assert_fails(found.status, AP_EUNSUPPORTED, &found.error, "no accelerator can run " MODEL "; ov: ");
    assert_says(&found.error, "; ov: operator Fancy of node /fancy is not covered; ort: not available; ipex: "
                              "operator Fancy of node /fancy is not covered; export the model without it");
    hide("ACCELPIPE_IPEX_LIBRARY");
    found = create(NULL);
    assert_fails(found.status, AP_EUNSUPPORTED, &found.error, "operator Fancy of node /fancy is not covered");
}

void test_a_folder_for_one_backend_alone(void **state) {
    (void)state;
    static const char *const ir[] = {"openvino_model.xml", "openvino_model.bin", NULL};
    make_model(ir);
    finding found = assert_chooses("ov", NULL);
    assert_explains(&found, "{\"what\":\"file\",\"choice\":\"openvino_model.xml\"");
    hide("ACCELPIPE_OV_LIBRARY");
    found = create(NULL);
    assert_fails(found.status, AP_ENOBACKEND, &found.error, "accelerator \"ov\" could run ");
    assert_says(&found.error, "install it with: pip install openvino");
    assert_explains(&found, "holds no ONNX file");
    found = create("\"accelerator\": \"ort\"");
    assert_fails(found.status, AP_EUNSUPPORTED, &found.error, "holds no ONNX file");
}

void test_a_folder_for_the_last_alone(void **state) {
    (void)state;
    static const char *const torchscript[] = {"model.pt", NULL};
    make_model(torchscript);
    finding found = assert_chooses("ipex", NULL);
    assert_explains(&found, "\"choice\":\"ov\",\"why\":");
    assert_non_null(strstr(found.why, "ov: reads no file of it; ort: reads no file of it"));
}

void test_a_folder_without_a_model(void **state) {
    (void)state;
    static const char *const none[] = {NULL}, *const weights[] = {"model.safetensors", NULL};
    make_model(none);
    finding found = create(NULL);
    assert_fails(found.status, AP_ENOTFOUND, &found.error, "has no openvino_model.xml or model.onnx");
    make_model(weights);
    found = create("\"accelerator\": \"ort\"");
    assert_fails(found.status, AP_EUNSUPPORTED, &found.error, "holds no ONNX file, only model.safetensors");
}

void test_a_device_that_only_one_has(void **state) {
    (void)state;
    setenv("FAKE_PLUGIN_DEVICES", "CPU GPU", 1);
    finding found = assert_chooses("ov", "\"device\": \"GPU.1\"");
    assert_explains(&found, "{\"what\":\"device\",\"choice\":\"GPU.1\",\"why\":\"named\"}");
    found = assert_chooses("ov", "\"device\": 0");
    assert_explains(&found, "{\"what\":\"device\",\"choice\":\"gpu:0\",\"why\":\"the GPU of that number\"}");
    hide("ACCELPIPE_OV_LIBRARY");
    found = assert_chooses("ipex", "\"device\": \"gpu\"");
    assert_non_null(strstr(found.why, "ort: has no such device"));
    hide("ACCELPIPE_IPEX_LIBRARY");
    found = create("\"device\": \"gpu\"");
    assert_fails(found.status, AP_EINVAL, &found.error,
                 "device \"gpu\" is not there; accelerator \"ort\" has here: cpu");
}

void test_a_device_that_none_has(void **state) {
    (void)state;
    finding found = create("\"device\": \"gpu\"");
    assert_fails(found.status, AP_EINVAL, &found.error,
                 "no accelerator can run " MODEL "; ov: device \"gpu\" is not there");
    assert_says(&found.error, "; ort: device \"gpu\" is not there");
    assert_says(&found.error, "; ipex: device \"gpu\" is not there");
}

void test_options_of_one_backend(void **state) {
    (void)state;
    finding found =
        assert_chooses("ort", "\"model_kwargs\": {\"session_options\": {\"enable_mem_pattern\": true}}");
    assert_explains(&found, "\"choice\":\"ov\",\"why\":\"model_kwargs.session_options is for ort\"");
    assert_chooses("ov", "\"model_kwargs\": {\"ov_config\": {\"NUM_STREAMS\": 1}}");
    hide("ACCELPIPE_OV_LIBRARY");
    found = create("\"model_kwargs\": {\"ov_config\": {\"NUM_STREAMS\": 1}}");
    assert_fails(found.status, AP_ENOBACKEND, &found.error, "accelerator \"ov\" is not available");
}

void test_mistakes_end_the_search(void **state) {
    (void)state;
    finding found = create("\"torch_dtype\": \"float31\"");
    assert_fails(found.status, AP_EINVAL, &found.error, "torch_dtype \"float31\" is not one of");
    found = create("\"model_kwargs\": {\"session_options\": {\"colour\": 1}}");
    assert_fails(found.status, AP_EINVAL, &found.error, "session option \"colour\" is not known");
}

/* -- named --------------------------------------------------------------------------------------------- */

void test_named_is_never_replaced(void **state) {
    (void)state;
    finding found = assert_chooses("ipex", "\"accelerator\": \"ipex\"");
    assert_string_equal("named by accelerator", found.why);
    setenv("FAKE_PLUGIN_REFUSES", "ipex", 1);
    found = create("\"accelerator\": \"ipex\"");
    assert_fails(found.status, AP_EUNSUPPORTED, &found.error, "operator Fancy");
    hide("ACCELPIPE_OV_LIBRARY");
    found = create("\"accelerator\": \"ov\"");
    assert_fails(found.status, AP_ENOBACKEND, &found.error, "accelerator \"ov\" is not available");
    found = create("\"accelerator\": \"ort\", \"model_kwargs\": {\"ov_config\": {}}");
    assert_fails(found.status, AP_EINVAL, &found.error,
                 "ov_config is for accelerator \"ov\", and accelerator is \"ort\"");
}

/* -- advice -------------------------------------------------------------------------------------------- */

void test_advice(void **state) {
    (void)state;
    setenv("ACCELPIPE_NUM_THREADS", "2", 1);
    finding found = assert_chooses("ort", "\"accelerator\": \"ort\", \"num_threads\": 1");
    assert_explains(&found,
                    "{\"what\":\"threads\",\"choice\":\"2\",\"why\":\"num_threads=1 leaves cores idle");
    assert_explains(&found, "{\"what\":\"start-up cache\",\"choice\":\"on\"");
    assert_explains(
        &found, "{\"what\":\"backend\",\"choice\":\"ov\",\"why\":\"accelerator=\\\"ov\\\" is available too");
    found = assert_chooses("ort", "\"accelerator\": \"ort\", \"num_threads\": 1000");
    assert_explains(&found, "1000 threads share ");
    static const char *const variants[] = {"onnx/model.onnx", "onnx/model_quantized.onnx", NULL};
    make_model(variants);
    hide("ACCELPIPE_OV_LIBRARY");
    found = create("\"accelerator\": \"ort\"");
    assert_explains(&found, "\"error\":{\"code\":\"AP_EFORMAT\""); /* "a graph" is none. */
    found = assert_chooses("ipex", "\"accelerator\": \"ipex\"");
    assert_null(strstr(found.json, "torch_dtype=\\\"q8\\\"")); /* It is not faster there. */
    assert_explains(
        &found, "{\"what\":\"file\",\"choice\":\"onnx/model_quantized.onnx\",\"why\":\"not what was asked");
    unsetenv("ACCELPIPE_NUM_THREADS");
}

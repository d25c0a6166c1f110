#include "api/model_kwargs.h"

#include "unit/support/check.h"
#include "unit/support/values.h"

#include <stdio.h>
#include <string.h>

static ap_error err;
static ap__model_kwargs kwargs;
static ap_value *dict;

int test_setup(void **state) {
    (void)state;
    err = (ap_error)AP_ERROR_INIT;
    return 0;
}

int test_teardown(void **state) {
    (void)state;
    ap_value_destroy(dict);
    dict = NULL;
    return 0;
}

static ap_status read(const char *json) {
    ap_value_destroy(dict);
    dict = value_of(json);
    memset(&kwargs, 0, sizeof kwargs);
    return ap__model_kwargs_read(&kwargs, dict, &err);
}

static void assert_refuses(const char *json, ap_status status, const char *text) {
    assert_fails(read(json), status, &err, text);
}

static void assert_options(const char *json, const char *expected) {
    char text[1024] = "";
    assert_ok(read(json), &err);
    for (size_t i = 0; i < kwargs.options.n; i++) {
        strcat(text, kwargs.options.pairs[i].key);
        strcat(text, "=");
        strcat(text, kwargs.options.pairs[i].value);
        strcat(text, " ");
    }
    assert_string_equal(expected, text);
}

void test_nothing(void **state) {
    (void)state;
    assert_ok(ap__model_kwargs_read(&kwargs, NULL, &err), &err);
    assert_ok(read("{}"), &err);
    assert_refuses("[1]", AP_ETYPE, "parameter model_kwargs: expected a dict, found list");
    assert_null(kwargs.accelerator);
    assert_int_equal(0, kwargs.options.n);
}

void test_files(void **state) {
    (void)state;
    assert_ok(read("{\"file_name\": \"a.onnx\", \"subfolder\": \"\"}"), &err);
    assert_string_equal("a.onnx", kwargs.file_name);
    assert_string_equal("", kwargs.subfolder);
    assert_ok(read("{\"file_name\": null, \"provider\": null, \"ov_config\": null}"), &err);
    assert_null(kwargs.file_name);
    assert_null(kwargs.accelerator); /* null counts as absent. */
    assert_refuses("{\"file_name\": \"a\\u0000b\"}", AP_ETYPE, "file_name: expected a string");
    assert_refuses("{\"file_name\": 3}", AP_ETYPE, "model_kwargs: file_name: expected a string, found int");
}

void test_options_of_onnx_runtime(void **state) {
    (void)state;
    assert_options(
        "{\"provider\": \"CUDAExecutionProvider\", \"provider_options\": {\"device_id\": 1}, "
        "\"session_options\": {\"enable_mem_pattern\": true, \"session.x\": \"y\"}, "
        "\"use_io_binding\": false}",
        "provider=CUDAExecutionProvider provider_options.device_id=1 enable_mem_pattern=1 session.x=y ");
    assert_string_equal("ort", kwargs.accelerator);
    assert_string_equal("CUDAExecutionProvider", kwargs.provider);
    assert_options("{\"providers\": [\"A\", \"B\"], \"provider_options\": [{\"a\": \"1\"}, {\"b\": \"2\"}]}",
                   "provider=A provider_1=B provider_options.a=1 provider_options_1.b=2 ");
    assert_string_equal("A", kwargs.provider);
    assert_ok(read("{\"use_io_binding\": true}"), &err);
    assert_null(kwargs.accelerator); /* It says nothing about the backend. */
}

void test_options_of_openvino(void **state) {
    (void)state;
    assert_options(
        "{\"ov_config\": {\"NUM_STREAMS\": 2, \"ENABLE_CPU_PINNING\": false, \"CACHE_DIR\": \"/tmp\"}}",
        "NUM_STREAMS=2 ENABLE_CPU_PINNING=NO CACHE_DIR=/tmp ");
    assert_string_equal("ov", kwargs.accelerator);
    assert_string_equal("ov_config", kwargs.accelerator_entry);
}

void test_options_that_are_wrong(void **state) {
    (void)state;
    assert_refuses("{\"ov_config\": [1]}", AP_ETYPE, "model_kwargs: ov_config: expected a dict, found list");
    assert_refuses("{\"ov_config\": {\"A\": [1]}}", AP_EINVAL, "model_kwargs: A: expected a short string");
    assert_refuses("{\"session_options\": {\"a\": 0.5}}", AP_EINVAL, "found float");
    assert_refuses("{\"provider\": 3}", AP_ETYPE, "provider: expected a string, found int");
    assert_refuses("{\"providers\": []}", AP_ETYPE, "providers: expected a list of names");
    assert_refuses("{\"providers\": [3]}", AP_ETYPE, "provider: expected a string");
    assert_refuses("{\"provider\": \"A\", \"providers\": [\"A\"]}", AP_EINVAL,
                   "provider and providers are both");
    assert_refuses("{\"provider_options\": \"x\"}", AP_ETYPE, "provider_options: expected a dict");
    assert_refuses("{\"use_io_binding\": 3}", AP_ETYPE, "use_io_binding: expected a bool");
    assert_refuses("{\"provider\": \"A\", \"ov_config\": {}}", AP_EINVAL,
                   "provider is for accelerator \"ort\" and ov_config for \"ov\"");
}

void test_limits(void **state) {
    (void)state;
    char json[4096] = "{\"ov_config\": {";
    for (int i = 0; i < 65; i++) {
        char entry[32];
        snprintf(entry, sizeof entry, "%s\"k%d\": 1", i ? ", " : "", i);
        strcat(json, entry);
    }
    strcat(json, "}}");
    assert_refuses(json, AP_ELIMIT, "more than 64 runtime options");
    memset(json, 0, sizeof json);
    strcpy(json, "{\"ov_config\": {\"");
    memset(json + strlen(json), 'x', 300);
    strcat(json, "\": 1}}");
    assert_refuses(json, AP_ELIMIT, "is too long");
    memset(json, 0, sizeof json);
    strcpy(json, "{\"ov_config\": {\"a\": \"");
    memset(json + strlen(json), 'x', 600);
    strcat(json, "\"}}");
    assert_refuses(json, AP_EINVAL, "a: expected a short string");
}

void test_dtypes(void **state) {
    (void)state;
    assert_ok(read("{\"torch_dtype\": \"float16\"}"), &err);
    assert_string_equal("float16", kwargs.torch_dtype);
    assert_ok(read("{\"load_in_8bit\": true, \"load_in_4bit\": false}"), &err);
    assert_string_equal("int8", kwargs.torch_dtype);
    assert_string_equal("load_in_8bit", kwargs.torch_dtype_entry);
    assert_ok(read("{\"load_in_4bit\": true}"), &err);
    assert_string_equal("q4", kwargs.torch_dtype);
    assert_refuses("{\"load_in_4bit\": true, \"load_in_8bit\": true}", AP_EINVAL,
                   "load_in_4bit and load_in_8bit contradict each other");
    assert_refuses("{\"dtype\": 3}", AP_ETYPE, "dtype: expected a string");
    assert_refuses("{\"load_in_8bit\": 1}", AP_ETYPE, "load_in_8bit: expected a bool");
}

void test_what_optimum_users_pass(void **state) {
    (void)state;
    assert_ok(
        read(
            "{\"export\": false, \"compile\": true, \"compile_only\": false, \"dynamic_shapes\": true, "
            "\"from_onnx\": true, \"revision\": \"main\", \"cache_dir\": \"/x\", \"local_files_only\": true, "
            "\"force_download\": false, \"low_cpu_mem_usage\": true, \"attn_implementation\": \"sdpa\", "
            "\"trust_remote_code\": false, \"use_auth_token\": \"secret\"}"),
        &err);
    assert_non_null(kwargs.token);
    assert_refuses("{\"export\": true}", AP_EUNSUPPORTED,
                   "model_kwargs: export: models are not exported here");
    assert_refuses("{\"dynamic_shapes\": false}", AP_EUNSUPPORTED, "dynamic_shapes: only true");
    assert_refuses("{\"quantization_config\": {\"bits\": 4}}", AP_EUNSUPPORTED, "torch_dtype");
}

static ap_status configure(ap__config **config, const char *json) {
    ap_value *kwargs_dict = value_of(json);
    ap_status status = ap__model_kwargs_configure(config, kwargs_dict, &err);
    ap_value_destroy(kwargs_dict);
    return status;
}

void test_attributes_of_the_configuration(void **state) {
    (void)state;
    ap__config *config = NULL;
    ap_value *json = value_of("{\"id2label\": {\"0\": \"no\", \"1\": \"yes\"}, \"hidden_size\": 8}");
    assert_ok(ap__config_from_value(&config, json, &err), &err);
    ap_value_destroy(json);
    assert_ok(configure(&config, "{\"file_name\": \"a.onnx\", \"hidden_size\": 9}"), &err);
    assert_int_equal(9, ap_value_get_int(ap_value_dict_get(config->json, "hidden_size")));
    assert_null(ap_value_dict_get(config->json, "file_name"));
    assert_ok(configure(&config, "{\"id2label\": {\"0\": \"a\", \"1\": \"b\"}, \"num_labels\": 2}"), &err);
    assert_json("\"b\"", config->labels[1]);
    assert_ok(configure(&config, "{\"num_labels\": 3}"), &err);
    assert_int_equal(3, config->n_labels);
    assert_json("\"LABEL_2\"", config->labels[2]);
    assert_fails(configure(&config, "{\"ov_confg\": {}}"), AP_ETYPE, &err,
                 "no such attribute; did you mean \"ov_config\"?");
    assert_fails(configure(&config, "{\"problem_type\": \"odd\"}"), AP_EINVAL, &err, "problem_type");
    assert_int_equal(3, config->n_labels);
    ap__config_destroy(config);
}

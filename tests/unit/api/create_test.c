/* Creating pipelines: parameters, contradictions, what a model folder lacks. */
#define _GNU_SOURCE /* mkdtemp, setenv */
#include "unit/support/pipelines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

int group_setup(void **state) {
    (void)state;
    support_use_build_plugins();
    setenv("ACCELPIPE_MODELS", AP_TEST_SOURCE_DIR "/models", 1);
    return 0;
}

static void expect_failure(const char *init_json, ap_status status, const char *message) {
    ap_error err = AP_ERROR_INIT;
    ap_pipeline *pipe = NULL;
    ap_value *init = support_json(init_json);
    ap_status got = ap_pipeline_create_from_value(&pipe, init, &err);
    if (got != status || !strstr(err.message, message))
        fail_msg("%s: %s: %s", init_json, ap_status_name(got), err.message);
    assert_null(pipe);
    ap_value_destroy(init);
}

static void expect_model_failure(const char *more, ap_status status, const char *message) {
    ap_error err = AP_ERROR_INIT;
    ap_status got = support_pipeline_fails("bert-sst2", more, &err);
    if (got != status || !strstr(err.message, message))
        fail_msg("%s: %s: %s", more, ap_status_name(got), err.message);
}

void test_names_that_are_not_known(void **state) {
    (void)state;
    expect_failure("{\"task\": \"text-classifikation\"}", AP_EKEY, "did you mean \"text-classification\"?");
    expect_failure("{\"task\": \"xyz\"}", AP_EKEY, "available tasks are text-classification");
    expect_failure("{\"task\": \"text-classification\", \"accelerator\": \"onnx\"}", AP_EINVAL, "ort");
    expect_failure("{\"task\": \"text-classification\", \"modl\": \"x\"}", AP_EINVAL,
                   "did you mean \"model\"?");
    expect_failure("{\"task\": \"text-classification\", \"topk\": 1}", AP_EINVAL, "did you mean \"top_k\"?");
    expect_failure("{}", AP_EINVAL, "neither a task nor a model");
    expect_failure("[]", AP_ETYPE, "expected a dict, found list");
    expect_failure("{\"model\": \"no/such\"}", AP_ENOTFOUND, "no/such: no such folder");
    expect_failure("{\"model\": \"\"}", AP_EINVAL, "empty string");
    expect_failure("{\"model\": 3}", AP_ETYPE, "parameter model: expected string, found int");
}

void test_contradictions_name_both(void **state) {
    (void)state;
    expect_model_failure("{\"device\": \"cpu\", \"device_map\": \"auto\"}", AP_EINVAL,
                         "device and device_map");
    expect_model_failure("{\"torch_dtype\": \"float32\", \"dtype\": \"float16\"}", AP_EINVAL, "contradict");
    expect_model_failure("{\"framework\": \"tf\"}", AP_EINVAL, "only \"pt\"");
    expect_model_failure("{\"torch_dtype\": \"float31\"}", AP_EINVAL, "did you mean \"float32\"?");
    expect_model_failure("{\"torch_dtype\": \"float16\"}", AP_ENOTFOUND, "has no model_fp16.onnx");
    expect_model_failure("{\"device\": \"npu\"}", AP_EINVAL, "cpu");
    expect_model_failure("{\"batch_size\": -1}", AP_EINVAL, "batch_size");
    expect_model_failure("{\"batch_size\": 0}", AP_EINVAL, "batch_size: 0 is below 1");
    expect_model_failure("{\"torch_dtype\": \"auto\", \"dtype\": \"float16\"}", AP_ENOTFOUND,
                         "model_fp16.onnx");
    expect_model_failure("{\"torch_dtype\": \"float16\", \"dtype\": \"auto\"}", AP_ENOTFOUND,
                         "model_fp16.onnx");
    expect_model_failure("{\"config\": \"no/such\"}", AP_ENOTFOUND,
                         "parameter config, which names a config.json");
    expect_model_failure("{\"model_kwargs\": {\"file_nam\": \"x\"}}", AP_ETYPE,
                         "did you mean \"file_name\"?");
    expect_model_failure("{\"model_kwargs\": {\"file_name\": \"../x.onnx\"}}", AP_EINVAL,
                         "inside the model folder");
    expect_model_failure("{\"model_kwargs\": {\"file_name\": \"other.onnx\"}}", AP_ENOTFOUND,
                         "onnx/model.onnx");
    expect_model_failure("{\"model_kwargs\": []}", AP_ETYPE, "model_kwargs: expected a dict");
    expect_model_failure("{\"tokenizer\": \"no/such\"}", AP_ENOTFOUND, "tokenizer no/such");
}

void test_everything_that_is_accepted(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline(
        "bert-sst2",
        "{\"device\": -1, \"torch_dtype\": \"auto\", \"framework\": \"pt\", \"revision\": \"main\", "
        "\"token\": \"t\", "
        "\"trust_remote_code\": true, \"use_fast\": true, \"num_workers\": 2, \"batch_size\": 4, "
        "\"num_threads\": 1, "
        "\"model_kwargs\": {\"file_name\": \"model.onnx\", \"subfolder\": \"onnx\"}, \"cache\": false}");
    ap_value *info = NULL;
    assert_int_equal(ap_pipeline_describe(&info, pipe, NULL), AP_OK);
    assert_int_equal(ap_value_get_int(ap_value_dict_get(info, "batch_size")), 4);
    assert_int_equal(ap_value_get_int(ap_value_dict_get(info, "num_threads")), 1);
    assert_string_equal(ap_value_get_string(ap_value_dict_get(info, "accelerator"), NULL), "ort");
    ap_value_destroy(info);
    ap_pipeline_destroy(pipe);
}

void test_task_is_inferred(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("bert-sst2", "{\"task\": null}");
    ap_value *info = NULL;
    assert_int_equal(ap_pipeline_describe(&info, pipe, NULL), AP_OK);
    assert_string_equal(ap_value_get_string(ap_value_dict_get(info, "task"), NULL), "text-classification");
    ap_value_destroy(info);
    ap_pipeline_destroy(pipe);
}

void test_config_in_place_of_the_models(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline(
        "bert-sst2",
        "{\"config\": {\"architectures\": [\"BertForSequenceClassification\"], \"id2label\": {\"0\": \"no\", "
        "\"1\": \"yes\"}}}");
    ap_value *out = support_call(pipe, "\"I loved it\"", NULL);
    const char *label = ap_value_get_string(ap_value_dict_get(ap_value_list_get(out, 0), "label"), NULL);
    assert_true(strcmp(label, "yes") == 0 || strcmp(label, "no") == 0);
    ap_value_destroy(out);
    ap_pipeline_destroy(pipe);
    expect_model_failure("{\"config\": {\"id2label\": {\"0\": \"a\", \"1\": \"b\", \"2\": \"c\"}}}",
                         AP_EINVAL, "id2label has 3 entries, logits have 2 columns");
    expect_model_failure("{\"config\": {\"problem_type\": \"ranking\"}}", AP_EINVAL,
                         "problem_type is \"ranking\"");
    expect_model_failure("{\"config\": 3}", AP_ETYPE, "expected a path or a dict");
}

void test_bundled_model(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap_pipeline_options options = AP_PIPELINE_OPTIONS_INIT;
    ap_pipeline *pipe = NULL;
    options.task = "sentiment-analysis";
    options.accelerator = "ort";
    if (ap_pipeline_create(&pipe, &options, &err)) fail_msg("%s", err.message);
    ap_value *out = support_call(pipe, "\"I loved every minute of it.\"", NULL);
    const ap_value *best = ap_value_list_get(out, 0);
    assert_string_equal(ap_value_get_string(ap_value_dict_get(best, "label"), NULL), "POSITIVE");
    ap_value_destroy(out);
    ap_pipeline_destroy(pipe);
}

void test_options_of_another_version(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap_pipeline_options options = AP_PIPELINE_OPTIONS_INIT;
    ap_pipeline *pipe = NULL;
    options.struct_size = 8;
    assert_int_equal(ap_pipeline_create(&pipe, &options, &err), AP_EINVAL);
    assert_non_null(strstr(err.message, "AP_PIPELINE_OPTIONS_INIT"));
    assert_int_equal(ap_pipeline_create(&pipe, NULL, &err), AP_EINVAL);
    assert_int_equal(ap_pipeline_create(NULL, &options, &err), AP_EINVAL);
}

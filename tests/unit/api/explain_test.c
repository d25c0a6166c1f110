#define _GNU_SOURCE /* setenv */
#include "unit/support/check.h"
#include "unit/support/pipelines.h"
#include "unit/support/torture.h"
#include "unit/support/values.h"

#include <string.h>

static ap_error err;

int group_setup(void **state) {
    (void)state;
    support_use_build_plugins();
    return 0;
}

/* The row of `list` that is about `what`; the test fails when there is none. */
static const ap_value *find(const ap_value *record, const char *list, const char *what) {
    const ap_value *rows = ap_value_dict_get(record, list);
    for (size_t i = 0; i < ap_value_len(rows); i++) {
        const ap_value *row = ap_value_list_get(rows, i);
        if (strcmp(ap_value_get_string(ap_value_dict_get(row, "what"), NULL), what) == 0) return row;
    }
    fail_msg("%s has no %s", list, what);
    return NULL;
}

static void assert_row(const ap_value *record, const char *list, const char *what, const char *choice,
                       const char *why) {
    const ap_value *row = find(record, list, what);
    assert_string_equal(choice, ap_value_get_string(ap_value_dict_get(row, "choice"), NULL));
    assert_non_null(strstr(ap_value_get_string(ap_value_dict_get(row, "why"), NULL), why));
}

static ap_value *explain(const char *more) {
    ap_value *record = NULL, *init = support_init("bert-sst2", more);
    assert_ok(ap_explain(&record, init, &err), &err);
    ap_value_destroy(init);
    return record;
}

void test_everything_that_is_decided(void **state) {
    (void)state;
    ap_value *record = explain("{\"num_threads\": 1, \"cache\": false}");
    assert_row(record, "decisions", "task", "text-classification", "named by task");
    assert_row(record, "decisions", "backend", "ort", "named by accelerator");
    assert_row(record, "decisions", "file", "onnx/model.onnx", "float32");
    assert_row(record, "decisions", "device", "cpu", "default");
    assert_row(record, "decisions", "precision", "float32", "unless torch_dtype");
    assert_row(record, "decisions", "threads", "1", "num_threads");
    assert_row(record, "decisions", "start-up cache", "off", "cache is false");
    assert_row(record, "decisions", "processor", "none", "takes none");
    find(record, "decisions", "model");
    find(record, "decisions", "config");
    find(record, "decisions", "tokenizer");
    assert_row(record, "faster", "start-up cache", "on", "every start");
    assert_int_equal(AP_KIND_NULL, ap_value_kind(ap_value_dict_get(record, "error")));
    ap_value_destroy(record);
}

void test_reasons_follow_the_parameters(void **state) {
    (void)state;
    ap_value *record =
        explain("{\"task\": null, \"device\": -1, \"torch_dtype\": \"float32\", \"cache\": false, "
                "\"image_processor\": \"x\", \"revision\": \"main\", \"model_kwargs\": {\"file_name\": "
                "\"model.onnx\"}}");
    assert_row(record, "decisions", "task", "text-classification", "inferred from the architecture Bert");
    assert_row(record, "decisions", "device", "cpu", "-1 is the CPU");
    assert_row(record, "decisions", "file", "onnx/model.onnx", "file_name names it");
    assert_row(record, "decisions", "precision", "float32", "torch_dtype");
    assert_row(record, "passed_over", "image_processor", "x", "takes none");
    assert_row(record, "passed_over", "revision", "main", "has none");
    ap_value_destroy(record);
}

void test_the_same_of_a_pipeline(void **state) {
    (void)state;
    ap_value *record = NULL, *other = explain("{\"cache\": false}");
    ap_pipeline *pipe = support_pipeline("bert-sst2", "{\"cache\": false}");
    assert_ok(ap_pipeline_explain(&record, pipe, &err), &err);
    assert_true(ap_value_equal(record, other));
    ap_value_destroy(record);
    ap_value_destroy(other);
    ap_pipeline_destroy(pipe);
}

void test_findings_and_mistakes(void **state) {
    (void)state;
    ap_value *record = explain("{\"model_kwargs\": {\"file_name\": \"other.onnx\"}}");
    const ap_value *error = ap_value_dict_get(record, "error");
    assert_string_equal("AP_ENOTFOUND", ap_value_get_string(ap_value_dict_get(error, "code"), NULL));
    assert_non_null(strstr(ap_value_get_string(ap_value_dict_get(error, "message"), NULL), "other.onnx"));
    find(record, "decisions", "threads");
    ap_value_destroy(record);

    ap_value *init = support_init("bert-sst2", "{\"batch_size\": -1}");
    assert_fails(ap_explain(&record, init, &err), AP_EINVAL, &err, "batch_size");
    assert_null(record);
    ap_value_destroy(init);
    init = value_of("3");
    assert_fails(ap_explain(&record, init, &err), AP_ETYPE, &err, "init: expected a dict, found int");
    assert_fails(ap_explain(NULL, init, &err), AP_EINVAL, &err, "out is NULL");
    assert_fails(ap_pipeline_explain(&record, NULL, &err), AP_EINVAL, &err, "pipe is NULL");
    assert_fails(ap_pipeline_explain(NULL, NULL, &err), AP_EINVAL, &err, "out is NULL");
    ap_value_destroy(init);
}

/* A token must not appear in anything that is shown. */
void test_a_token_is_not_told(void **state) {
    (void)state;
    ap_value *record = explain("{\"token\": \"hf_secret\", \"revision\": \"main\", \"cache\": false}");
    char *json = json_of(record);
    assert_null(strstr(json, "hf_secret"));
    ap_string_destroy(json);
    ap_value_destroy(record);
}

static ap_status explain_all(void *ctx, ap_error *error) {
    ap_value *record = NULL;
    ap_status status = ap_explain(&record, ctx, error);
    if (status) assert_null(record);
    ap_value_destroy(record);
    return status;
}

/* Of a model that is not there: the whole life of a pipeline has its own torture. */
void test_torture(void **state) {
    (void)state;
    ap_value *init = support_init("bert-sst2", "{\"model_kwargs\": {\"file_name\": \"other.onnx\"}}");
    assert_true(torture_graceful(explain_all, init) > 50); /* A message with fewer names is one. */
    ap_value_destroy(init);
}

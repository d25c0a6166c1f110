/* Inputs, labels, templates and errors of zero-shot-classification. The numbers are checked by the parity
 * cases. */
#include "unit/support/check.h"
#include "unit/support/pipelines.h"
#include "unit/support/random.h"
#include "unit/support/torture.h"

#include <stdio.h>
#include <string.h>

#define TASK "\"task\": \"zero-shot-classification\""
#define TEXT "\"The team won the cup.\""
#define LABELS "\"candidate_labels\": [\"sport\", \"music\", \"rain\"]"

int group_setup(void **state) {
    (void)state;
    support_use_build_plugins();
    return 0;
}

static ap_pipeline *pipeline(const char *more) {
    char json[1024];
    snprintf(json, sizeof json, "{" TASK "%s%s}", more ? ", " : "", more ? more : "");
    return support_pipeline("bert-mnli", json);
}

/* Two calls that have to give the same. */
static void expect_same(const ap_pipeline *pipe, const char *inputs, const char *params,
                        const char *other_inputs, const char *other_params) {
    ap_value *a = support_call(pipe, inputs, params), *b = support_call(pipe, other_inputs, other_params);
    double difference = support_difference(a, b);
    if (difference > 1e-6) fail_msg("%s and %s: %g", params, other_params, difference);
    ap_value_destroy(a);
    ap_value_destroy(b);
}

void test_shape(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline(NULL);
    ap_value *one = support_call(pipe, TEXT, "{" LABELS "}"),
             *list = support_call(pipe, "[" TEXT "]", "{" LABELS "}");
    const char *key;
    assert_int_equal(ap_value_kind(list), AP_KIND_LIST);
    assert_true(support_difference(one, ap_value_list_get(list, 0)) < 1e-6);
    const char *const keys[] = {"sequence", "labels", "scores"};
    for (size_t i = 0; i < 3; i++) {
        ap_value_dict_at(one, i, &key);
        assert_string_equal(key, keys[i]);
    }
    assert_string_equal(ap_value_get_string(ap_value_dict_get(one, "sequence"), NULL),
                        "The team won the cup.");
    ap_value_destroy(one);
    ap_value_destroy(list);
    ap_pipeline_destroy(pipe);
}

void test_scores_sum_to_one_and_fall(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline(NULL);
    ap_value *out = support_call(pipe, TEXT, "{" LABELS "}");
    const ap_value *scores = ap_value_dict_get(out, "scores");
    double sum = 0, last = 2;
    assert_int_equal(ap_value_len(scores), 3);
    for (size_t i = 0; i < 3; i++) {
        double score = ap_value_get_float(ap_value_list_get(scores, i));
        assert_true(score <= last);
        sum += last = score;
    }
    assert_true(sum > 1 - 1e-5 && sum < 1 + 1e-5);
    ap_value_destroy(out);
    ap_pipeline_destroy(pipe);
}

void test_forms_of_labels(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline(NULL);
    expect_same(pipe, TEXT, "{\"candidate_labels\": \"sport, music ,rain,,\\u3000\"}", TEXT, "{" LABELS "}");
    expect_same(pipe, TEXT, "{\"candidate_labels\": \"music\"}", TEXT, "{\"candidate_labels\": [\"music\"]}");
    ap_value *kept = support_call(pipe, TEXT, "{\"candidate_labels\": [7]}");
    ap_value *text = support_call(pipe, TEXT, "{\"candidate_labels\": [\"7\"]}");
    assert_int_equal(ap_value_get_int(ap_value_list_get(ap_value_dict_get(kept, "labels"), 0)), 7);
    assert_true(support_difference(ap_value_dict_get(kept, "scores"), ap_value_dict_get(text, "scores")) <
                1e-6);
    ap_value_destroy(kept);
    ap_value_destroy(text);
    ap_pipeline_destroy(pipe);
}

void test_labels_and_template_of_the_creation(void **state) {
    (void)state;
    ap_pipeline *plain = pipeline(NULL),
                *created = pipeline(LABELS ", \"hypothesis_template\": \"about {0}\"");
    ap_value *a = support_call(created, TEXT, NULL);
    ap_value *b = support_call(plain, TEXT, "{" LABELS ", \"hypothesis_template\": \"about {}\"}");
    assert_true(support_difference(a, b) < 1e-6);
    ap_value_destroy(a);
    ap_value_destroy(b);
    ap_pipeline_destroy(created);
    ap_pipeline_destroy(plain);
}

void test_multi_label(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline(NULL), *multi = pipeline("\"multi_class\": true");
    expect_same(pipe, TEXT, "{" LABELS ", \"multi_class\": true}", TEXT,
                "{" LABELS ", \"multi_label\": true}");
    expect_same(pipe, TEXT, "{" LABELS ", \"multi_class\": true, \"multi_label\": false}", TEXT,
                "{" LABELS ", \"multi_label\": true}");
    expect_same(pipe, TEXT, "{" LABELS ", \"multi_label\": null}", TEXT, "{" LABELS "}");
    expect_same(
        pipe, TEXT, "{\"candidate_labels\": [\"a\"]}", TEXT,
        "{\"candidate_labels\": [\"a\"], \"multi_label\": true}"); /* One label is always by itself. */
    ap_value *by_creation = support_call(multi, TEXT, "{" LABELS "}");
    ap_value *by_call = support_call(pipe, TEXT, "{" LABELS ", \"multi_label\": true}");
    ap_value *switched_off = support_call(multi, TEXT, "{" LABELS ", \"multi_label\": false}");
    assert_true(support_difference(by_creation, by_call) < 1e-6);
    assert_true(support_difference(by_creation, switched_off) > 1e-6);
    ap_value_destroy(by_creation);
    ap_value_destroy(by_call);
    ap_value_destroy(switched_off);
    ap_pipeline_destroy(multi);
    ap_pipeline_destroy(pipe);
}

void test_sequences_by_keyword(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline(NULL);
    ap_value *params = support_json("{\"sequences\": [" TEXT ", \"x\"], " LABELS "}"), *out = NULL;
    ap_error err = AP_ERROR_INIT;
    assert_ok(ap_pipeline_call(&out, pipe, NULL, params, &err), &err);
    ap_value *positional = support_call(pipe, "[" TEXT ", \"x\"]", "{" LABELS "}");
    assert_true(support_difference(out, positional) < 1e-5);
    ap_value_destroy(positional);
    ap_value_destroy(out);
    ap_value_destroy(params);
    support_call_fails(pipe, NULL, "{" LABELS "}", AP_ETYPE, "no sequences are given");
    support_call_fails(pipe, TEXT, "{\"sequences\": \"x\", " LABELS "}", AP_ETYPE, "both given");
    ap_pipeline_destroy(pipe);
}

/* In a list of lists, the first text of each counts. */
void test_nested_sequences(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline(NULL);
    expect_same(pipe, "[[" TEXT ", \"another\"]]", "{" LABELS "}", "[" TEXT "]", "{" LABELS "}");
    ap_pipeline_destroy(pipe);
}

/* The premise is cut at the model's limit, the hypothesis never. */
void test_long_texts(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline(NULL);
    char text[4096], longer[4200];
    support_sentence(text, sizeof text / 2, 7, 300);
    snprintf(longer, sizeof longer, "\"%s and more\"", text);
    memmove(text + 1, text, strlen(text) + 1);
    text[0] = '"';
    strcat(text, "\"");
    ap_value *a = support_call(pipe, text, "{" LABELS "}"), *b = support_call(pipe, longer, "{" LABELS "}");
    assert_true(support_difference(ap_value_dict_get(a, "scores"), ap_value_dict_get(b, "scores")) < 1e-6);
    ap_value_destroy(a);
    ap_value_destroy(b);
    ap_pipeline_destroy(pipe);
}

void test_errors(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline(NULL);
    support_call_fails(pipe, TEXT, NULL, AP_ETYPE, "candidate_labels: expected a list or text, found null");
    support_call_fails(pipe, TEXT, "{\"candidate_labels\": 7}", AP_ETYPE, "found int");
    support_call_fails(pipe, TEXT, "{\"candidate_labels\": []}", AP_EINVAL, "candidate_labels is empty");
    support_call_fails(pipe, TEXT, "{\"candidate_labels\": \" , \"}", AP_EINVAL, "candidate_labels is empty");
    support_call_fails(pipe, TEXT, "{\"candidate_labels\": [\"a\", []]}", AP_ETYPE, "label 1: expected text");
    support_call_fails(pipe, "\"\"", "{" LABELS "}", AP_EINVAL, "the sequence is empty");
    support_call_fails(pipe, "[" TEXT ", \"\"]", "{" LABELS "}", AP_EINVAL, "input 1: there has to be");
    support_call_fails(pipe, "[[]]", "{" LABELS "}", AP_EINVAL, "the sequence is empty");
    support_call_fails(pipe, "7", "{" LABELS "}", AP_ETYPE, "sequence: expected a string, found int");
    support_call_fails(pipe, "[[7]]", "{" LABELS "}", AP_EINVAL, "sequence: expected a string, found int");
    support_call_fails(pipe, "{\"a\": 1}", "{" LABELS "}", AP_ETYPE, "found dict");
    support_call_fails(pipe, TEXT, "{" LABELS ", \"hypothesis_template\": \"no slot\"}", AP_EINVAL,
                       "\"no slot\" stays the same");
    support_call_fails(pipe, TEXT, "{" LABELS ", \"hypothesis_template\": \"{} {}\"}", AP_EINVAL,
                       "hypothesis_template: format field \"{}\": there is one argument only");
    support_call_fails(pipe, TEXT, "{" LABELS ", \"hypothesis_template\": \"{label}\"}", AP_EKEY,
                       "of that name");
    support_call_fails(pipe, TEXT, "{" LABELS ", \"hypothesis_template\": null}", AP_ETYPE, "found null");
    support_call_fails(pipe, TEXT, "{" LABELS ", \"multilabel\": true}", AP_EINVAL,
                       "did you mean \"multi_label\"?");
    ap_value *none = support_call(pipe, "[]", NULL); /* Nothing is asked, so nothing is missing. */
    assert_int_equal(ap_value_len(none), 0);
    ap_value_destroy(none);
    ap_pipeline_destroy(pipe);
}

/* A pipeline whose config has another label2id. */
static ap_status create_with_labels(ap_pipeline **out, const char *label2id, ap_error *err) {
    char json[1024];
    snprintf(
        json, sizeof json,
        "{" TASK
        ", \"config\": {\"model_type\": \"bert\", \"id2label\": {\"0\": \"a\", \"1\": \"b\", \"2\": \"c\"}, "
        "\"label2id\": %s}}",
        label2id);
    ap_value *init = support_init("bert-mnli", json);
    ap_status status = ap_pipeline_create_from_value(out, init, err);
    ap_value_destroy(init);
    return status;
}

static ap_value *call_with_labels(const char *label2id) {
    ap_pipeline *pipe = NULL;
    ap_error err = AP_ERROR_INIT;
    assert_ok(create_with_labels(&pipe, label2id, &err), &err);
    ap_value *out = support_call(pipe, TEXT, "{" LABELS ", \"multi_label\": true}");
    ap_pipeline_destroy(pipe);
    return out;
}

void test_which_label_is_entailment(void **state) {
    (void)state;
    ap_value *last = call_with_labels("{\"x\": 0}"), *second = call_with_labels("{\"x\": 0, \"Entails\": 2}");
    ap_value *first = call_with_labels("{\"ENTAILMENT\": 0, \"entail\": 2}");
    assert_true(support_difference(last, second) < 1e-6); /* Without one, the last column. */
    assert_true(support_difference(last, first) > 1e-6);
    ap_value_destroy(last);
    ap_value_destroy(second);
    ap_value_destroy(first);
}

void test_entailment_labels_that_cannot_be(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap_pipeline *pipe = NULL;
    assert_fails(create_with_labels(&pipe, "null", &err), AP_EINVAL, &err, "label2id: expected a dict");
    assert_fails(create_with_labels(&pipe, "{\"entail\": \"2\"}", &err), AP_EINVAL, &err, "expected an int");
    assert_fails(create_with_labels(&pipe, "{\"entail\": 3}", &err), AP_EINVAL, &err,
                 "the id 3, but the logits have 3 columns");
    assert_null(pipe);
}

void test_batches_equal_singles(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline(NULL);
    uint64_t seed = 11;
    for (size_t round = 0; round < 25; round++) {
        char text[512], params[128];
        ap_value *list = NULL;
        ap_value_create_list(&list, NULL);
        for (size_t i = 0, n = 1 + random_below(&seed, 6); i < n; i++) {
            ap_value *item = NULL;
            support_sentence(text, sizeof text, (unsigned)random_bits(&seed),
                             1 + (unsigned)random_below(&seed, 20));
            ap_value_create_string(&item, text, AP_NUL_TERMINATED, NULL);
            ap_value_list_append_take(list, item, NULL);
        }
        const char *multi = round % 2 ? "true" : "false";
        char single[128];
        snprintf(single, sizeof single, "{" LABELS ", \"multi_label\": %s, \"batch_size\": 1}", multi);
        snprintf(params, sizeof params, "{" LABELS ", \"multi_label\": %s%s%s}", multi,
                 round % 3 ? ", \"batch_size\": " : "",
                 round % 3 == 1   ? "2"
                 : round % 3 == 2 ? "7"
                                  : "");
        support_check_batches(pipe, list, params, single);
        ap_value_destroy(list);
    }
    ap_pipeline_destroy(pipe);
}

static ap_status call_in_torture(void *pipe, ap_error *err) {
    return support_try_call(pipe, "[" TEXT ", \"b c\"]", "{\"candidate_labels\": \"a, b\"}", err);
}

void test_torture(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline("\"num_threads\": 1");
    torture_graceful(call_in_torture, pipe); /* A batch that fails is tried again one feed at a time. */
    ap_pipeline_destroy(pipe);
}

/* Forms of inputs and results of feature-extraction. The numbers are checked by the parity cases; here it is
 * what pooling, padding and lists do to them. */
#include "unit/support/check.h"
#include "unit/support/pipelines.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define FE "\"task\": \"feature-extraction\""

int group_setup(void **state) {
    (void)state;
    support_use_build_plugins();
    return 0;
}

/* "[2,13,12]": the extents of nested lists, or of a tensor. */
static const char *shape_of(const ap_value *v) {
    static char text[64];
    ap_tensor_view view;
    size_t at = 0;
    text[at++] = '[';
    if (ap_value_get_tensor(v, &view)) {
        for (uint32_t i = 0; i < view.rank; i++)
            at += (size_t)snprintf(text + at, 16, "%s%lld", i ? "," : "", (long long)view.shape[i]);
    } else {
        for (bool first = true; ap_value_kind(v) == AP_KIND_LIST; v = ap_value_list_get(v, 0), first = false)
            at += (size_t)snprintf(text + at, 16, "%s%zu", first ? "" : ",", ap_value_len(v));
    }
    strcpy(text + at, "]");
    return text;
}

static void expect_shape(const ap_pipeline *pipe, const char *inputs, const char *params,
                         const char *expected) {
    ap_value *out = support_call(pipe, inputs, params);
    if (strcmp(shape_of(out), expected) != 0)
        fail_msg("%s with %s: %s, not %s", inputs, params ? params : "{}", shape_of(out), expected);
    ap_value_destroy(out);
}

void test_shapes(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("minilm-embed", "{" FE "}");
    expect_shape(pipe, "\"a b\"", NULL, "[1,4,12]");
    expect_shape(pipe, "\"\"", NULL, "[1,2,12]");
    expect_shape(pipe, "[\"a b\"]", NULL, "[1,1,4,12]");
    expect_shape(pipe, "[\"a b\", \"c\", \"\"]", NULL, "[3,1,4,12]");
    expect_shape(pipe, "[]", NULL, "[0]");
    expect_shape(pipe, "[[\"a b\", \"c d\"]]", NULL, "[1,2,4,12]");
    expect_shape(pipe, "[[[\"a\", \"b\"]]]", NULL, "[1,1,5,12]"); /* A pair. */
    expect_shape(pipe, "[\"a b\", \"c\"]", "{\"return_tensors\": true}", "[2]");
    expect_shape(pipe, "\"a b\"", "{\"return_tensors\": true}", "[1,4,12]");
    expect_shape(pipe, "\"a b\"", "{\"tokenize_kwargs\": {\"text_pair\": \"c\"}}", "[1,6,12]");
    ap_pipeline_destroy(pipe);
}

void test_shapes_of_pooling(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("minilm-embed", "{" FE ", \"pooling\": \"mean\"}");
    expect_shape(pipe, "\"a b\"", NULL, "[12]");
    expect_shape(pipe, "[\"a b\", \"c\"]", NULL, "[2,12]");
    expect_shape(pipe, "[[\"a b\", \"c d\"]]", "{\"pooling\": \"CLS\"}", "[1,2,12]");
    expect_shape(pipe, "[[\"a b\"]]", NULL, "[1,1,12]");
    expect_shape(pipe, "\"a b\"", "{\"return_tensors\": true}", "[12]");
    expect_shape(pipe, "\"a b\"", "{\"pooling\": \"none\"}", "[1,4,12]");
    ap_pipeline_destroy(pipe);
}

static double number_at(const ap_value *list, size_t i) {
    return ap_value_get_float(ap_value_list_get(list, i));
}

/* Each way by hand from the vectors of the tokens. */
void test_pooling_is_what_it_says(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("minilm-embed", "{" FE "}");
    ap_value *all = support_call(pipe, "\"the old film\"", NULL);
    ap_value *mean = support_call(pipe, "\"the old film\"", "{\"pooling\": \"mean\"}");
    ap_value *cls = support_call(pipe, "\"the old film\"", "{\"pooling\": \"cls\"}");
    ap_value *max = support_call(pipe, "\"the old film\"", "{\"pooling\": \"max\"}");
    const ap_value *rows = ap_value_list_get(all, 0);
    for (size_t k = 0; k < ap_value_len(mean); k++) {
        double sum = 0, largest = -INFINITY;
        for (size_t i = 0; i < ap_value_len(rows); i++) {
            double x = number_at(ap_value_list_get(rows, i), k);
            sum += x;
            largest = x > largest ? x : largest;
        }
        assert_true(fabs(sum / (double)ap_value_len(rows) - number_at(mean, k)) < 1e-5);
        assert_true(fabs(largest - number_at(max, k)) < 1e-6);
        assert_true(fabs(number_at(ap_value_list_get(rows, 0), k) - number_at(cls, k)) < 1e-6);
    }
    ap_value_destroy(all);
    ap_value_destroy(mean);
    ap_value_destroy(cls);
    ap_value_destroy(max);
    ap_pipeline_destroy(pipe);
}

/* Padding that the caller asks for is no part of a text's vector. */
void test_pooling_leaves_padding_out(void **state) {
    static const char *const ways[] = {"mean", "cls", "max"};
    (void)state;
    ap_pipeline *pipe = support_pipeline("minilm-embed", "{" FE "}");
    for (size_t i = 0; i < 3; i++) {
        char plain[128], padded[256];
        snprintf(plain, sizeof plain, "{\"pooling\": \"%s\"}", ways[i]);
        for (int is_left = 0; is_left < 2; is_left++) {
            snprintf(padded, sizeof padded,
                     "{\"pooling\": \"%s\", \"tokenize_kwargs\": {\"padding\": \"max_length\", "
                     "\"max_length\": 20, "
                     "\"padding_side\": \"%s\"}}",
                     ways[i], is_left ? "left" : "right");
            ap_value *a = support_call(pipe, "\"the old film\"", plain);
            ap_value *b = support_call(pipe, "\"the old film\"", padded);
            /* On the left padding moves the tokens to other positions: the model itself sees a difference. */
            assert_true(support_difference(a, b) < (is_left ? 10 : 1e-5));
            ap_value_destroy(a);
            ap_value_destroy(b);
        }
    }
    ap_pipeline_destroy(pipe);
}

static double length_of(const ap_value *list) {
    double sum = 0;
    for (size_t i = 0; i < ap_value_len(list); i++) sum += number_at(list, i) * number_at(list, i);
    return sqrt(sum);
}

void test_normalize(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("minilm-embed", "{" FE ", \"normalize\": true}");
    ap_value *pooled = support_call(pipe, "\"a b\"", "{\"pooling\": \"mean\"}");
    assert_true(fabs(length_of(pooled) - 1) < 1e-5);
    ap_value *tokens = support_call(pipe, "\"a b\"", NULL);
    for (size_t i = 0; i < 4; i++)
        assert_true(fabs(length_of(ap_value_list_get(ap_value_list_get(tokens, 0), i)) - 1) < 1e-5);
    ap_value_destroy(pooled);
    ap_value_destroy(tokens);
    ap_pipeline_destroy(pipe);
}

/* Batches that nobody asked for show no padding; those of a batch_size do, as in transformers. */
void test_padding_of_batches(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("minilm-embed", "{" FE "}");
    ap_value *own = support_call(pipe, "[\"a\", \"a b c d\", \"a b\"]", NULL);
    ap_value *asked = support_call(pipe, "[\"a\", \"a b c d\", \"a b\"]", "{\"batch_size\": 2}");
    ap_value *by_one = support_call(pipe, "[\"a\", \"a b c d\", \"a b\"]", "{\"batch_size\": 1}");
    ap_value *single = support_call(pipe, "\"a\"", NULL);
    assert_string_equal(shape_of(ap_value_list_get(own, 0)), "[1,3,12]");
    assert_string_equal(shape_of(ap_value_list_get(own, 2)), "[1,4,12]");
    assert_string_equal(shape_of(ap_value_list_get(asked, 0)), "[1,6,12]");
    assert_string_equal(shape_of(ap_value_list_get(asked, 2)), "[1,4,12]"); /* A batch of its own. */
    assert_true(support_difference(ap_value_list_get(own, 0), single) < 1e-5);
    assert_true(support_difference(by_one, own) < 1e-5);
    ap_value_destroy(own);
    ap_value_destroy(asked);
    ap_value_destroy(by_one);
    ap_value_destroy(single);
    ap_pipeline_destroy(pipe);
}

/* Batches of a given size go on across windows: the input at 1,028 is the last of the batch that begins at
 * 1,022. */
void test_batches_across_windows(void **state) {
    ap_error err = AP_ERROR_INIT;
    ap_value *list, *item, *out, *params = support_json("{\"batch_size\": 7}");
    (void)state;
    ap_pipeline *pipe = support_pipeline("minilm-embed", "{" FE "}");
    assert_ok(ap_value_create_list(&list, &err), &err);
    for (int i = 0; i < 1035; i++) {
        assert_ok(ap_value_create_string(&item, i == 1028 ? "a b c d" : "a", AP_NUL_TERMINATED, &err), &err);
        assert_ok(ap_value_list_append_take(list, item, &err), &err);
    }
    assert_ok(ap_pipeline_call(&out, pipe, list, params, &err), &err);
    assert_int_equal(ap_value_len(out), 1035);
    assert_string_equal(shape_of(ap_value_list_get(out, 1021)), "[1,3,12]");
    assert_string_equal(shape_of(ap_value_list_get(out, 1022)), "[1,6,12]");
    assert_string_equal(shape_of(ap_value_list_get(out, 1028)), "[1,6,12]");
    assert_string_equal(shape_of(ap_value_list_get(out, 1029)), "[1,3,12]");
    ap_value_destroy(out);
    ap_value_destroy(list);
    ap_value_destroy(params);
    ap_pipeline_destroy(pipe);
}

void test_truncation_of_creation_and_call(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline(
        "minilm-embed", "{" FE ", \"truncation\": true, \"tokenize_kwargs\": {\"max_length\": 6}}");
    expect_shape(pipe, "\"a b c d e f\"", NULL, "[1,6,12]");
    expect_shape(pipe, "\"a b c d e f\"", "{\"tokenize_kwargs\": {\"max_length\": 4}}", "[1,4,12]");
    expect_shape(pipe, "\"a b c d e f\"", "{\"tokenize_kwargs\": {\"max_length\": 4}, \"truncation\": true}",
                 "[1,4,12]");
    expect_shape(pipe, "\"a b\"", "{\"tokenize_kwargs\": {\"padding\": \"max_length\"}}", "[1,6,12]");
    expect_shape(pipe, "[[\"a\", \"b c d\"]]", "{\"tokenize_kwargs\": {\"padding\": true}}", "[1,2,5,12]");
    ap_pipeline_destroy(pipe);
}

void test_failures(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("minilm-embed", "{" FE "}");
    support_call_fails(pipe, "3", NULL, AP_EINVAL, "text input: expected a string, found int");
    support_call_fails(pipe, "null", NULL, AP_EINVAL, "expected a string, found null");
    support_call_fails(pipe, "{\"text\": \"a\"}", NULL, AP_EINVAL, "expected a string, found dict");
    support_call_fails(pipe, "[[]]", NULL, AP_EINVAL, "the list in the list is empty");
    support_call_fails(pipe, "[[1]]", NULL, AP_EINVAL, "expected a string, found int");
    support_call_fails(pipe, "[[\"a\", \"b c d\"]]", NULL, AP_EINVAL, "text 0 has 3 tokens and text 1 has 5");
    support_call_fails(pipe, "\"a\"", "{\"truncation\": true, \"tokenize_kwargs\": {\"truncation\": true}}",
                       AP_EINVAL, "truncation is given twice");
    support_call_fails(pipe, "\"a\"", "{\"tokenize_kwargs\": 3}", AP_ETYPE, "expected a dict, found int");
    support_call_fails(pipe, "\"a\"", "{\"tokenize_kwargs\": {\"max_lenth\": 3}}", AP_EINVAL,
                       "did you mean \"max_length\"?");
    support_call_fails(pipe, "\"a\"", "{\"pooling\": \"median\"}", AP_EINVAL, "none, mean, cls, max");
    ap_pipeline_destroy(pipe);
}

void test_failures_at_creation(void **state) {
    ap_error err = AP_ERROR_INIT;
    (void)state;
    assert_int_equal(support_pipeline_fails("bert-mlm", "{" FE "}", &err), AP_EINVAL);
    assert_non_null(strstr(err.message, "gives logits and no last_hidden_state"));
    assert_int_equal(support_pipeline_fails(
                         "minilm-embed",
                         "{" FE ", \"truncation\": true, \"tokenize_kwargs\": {\"truncation\": true}}", &err),
                     AP_EINVAL);
    assert_non_null(strstr(err.message, "truncation is given twice"));
}

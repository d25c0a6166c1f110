/* Measures, forms and errors of sentence-similarity, against the vectors of feature-extraction. */
#include "unit/support/check.h"
#include "unit/support/pipelines.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SIM "\"task\": \"sentence-similarity\""
#define INPUT                                                                                                \
    "{\"source_sentence\": \"a cold soup\", \"sentences\": [\"the soup was cold\", \"cats\", \"a cold "      \
    "soup\"]}"

int group_setup(void **state) {
    (void)state;
    support_use_build_plugins();
    return 0;
}

static double number(const ap_value *list, size_t i) {
    return ap_value_get_float(ap_value_list_get(list, i));
}

static double measure(const char *how, const ap_value *a, const ap_value *b) {
    double dot = 0, aa = 0, bb = 0, squares = 0, sum = 0;
    for (size_t i = 0; i < ap_value_len(a); i++) {
        double x = number(a, i), y = number(b, i);
        dot += x * y;
        aa += x * x;
        bb += y * y;
        squares += (x - y) * (x - y);
        sum += fabs(x - y);
    }
    return !strcmp(how, "dot")         ? dot
           : !strcmp(how, "euclidean") ? -sqrt(squares)
           : !strcmp(how, "manhattan") ? -sum
                                       : dot / sqrt(aa) / sqrt(bb);
}

void test_measures(void **state) {
    static const char *const measures[] = {"cosine", "dot", "euclidean", "manhattan"};
    static const char *const poolings[] = {"mean", "cls", "max"};
    (void)state;
    ap_pipeline *pipe = support_pipeline("minilm-embed", "{" SIM "}");
    ap_pipeline *vectors = support_pipeline("minilm-embed", "{\"task\": \"feature-extraction\"}");
    for (size_t m = 0; m < 4; m++) {
        for (size_t p = 0; p < 3; p++) {
            char params[96];
            snprintf(params, sizeof params, "{\"pooling\": \"%s\"}", poolings[p]);
            ap_value *v = support_call(vectors, "[\"a cold soup\", \"the soup was cold\", \"cats\"]", params);
            snprintf(params, sizeof params, "{\"pooling\": \"%s\", \"similarity\": \"%s\"}", poolings[p],
                     measures[m]);
            ap_value *out = support_call(pipe, INPUT, params);
            const ap_value *source = ap_value_list_get(v, 0);
            for (size_t i = 0; i < 2; i++)
                assert_true(fabs(number(out, i) - measure(measures[m], source, ap_value_list_get(v, i + 1))) <
                            1e-4);
            ap_value_destroy(out);
            ap_value_destroy(v);
        }
    }
    ap_pipeline_destroy(vectors);
    ap_pipeline_destroy(pipe);
}

void test_forms(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("minilm-embed", "{" SIM "}");
    ap_value *one = support_call(pipe, INPUT, NULL);
    assert_int_equal(ap_value_len(one), 3);
    assert_true(fabs(number(one, 2) - 1) < 1e-5); /* The sentence itself. */
    ap_value *list = support_call(pipe, "[" INPUT ", {\"sentences\": [], \"source_sentence\": \"\"}]",
                                  "{\"batch_size\": 2}");
    assert_true(support_difference(one, ap_value_list_get(list, 0)) < 1e-5);
    assert_int_equal(ap_value_len(ap_value_list_get(list, 1)), 0);
    ap_value_destroy(list);
    ap_value_destroy(one);
    ap_pipeline_destroy(pipe);
}

void test_failures(void **state) {
    ap_error err = AP_ERROR_INIT;
    (void)state;
    ap_pipeline *pipe = support_pipeline("minilm-embed", "{" SIM "}");
    support_call_fails(pipe, "\"a\"", NULL, AP_EINVAL,
                       "{\"source_sentence\": ..., \"sentences\": [...]}, found string");
    support_call_fails(pipe, "{\"source_sentence\": 1, \"sentences\": []}", NULL, AP_EINVAL, "found int");
    support_call_fails(pipe, "{\"source_sentence\": \"a\", \"sentences\": \"b\"}", NULL, AP_EINVAL,
                       "expected a list of strings, found string");
    support_call_fails(pipe, INPUT, "{\"pooling\": \"none\"}", AP_EINVAL, "mean, cls, max");
    support_call_fails(pipe, INPUT, "{\"similarity\": \"cosin\"}", AP_EINVAL, "did you mean \"cosine\"?");
    ap_pipeline_destroy(pipe);
    assert_int_equal(support_pipeline_fails("bert-mlm", "{" SIM "}", &err), AP_EINVAL);
    assert_non_null(strstr(err.message, "sentence-similarity needs the model without its head"));
}

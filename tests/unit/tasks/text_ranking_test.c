/* Forms, parameters and errors of text-ranking. Its scores are those of text-classification over the same
 * pairs. */
#include "unit/support/check.h"
#include "unit/support/pipelines.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define RANK "\"task\": \"text-ranking\""
#define INPUT "{\"query\": \"soup\", \"documents\": [\"The soup was cold.\", \"cats\", \"soup soup\"]}"

int group_setup(void **state) {
    (void)state;
    support_use_build_plugins();
    return 0;
}

static double score_of(const ap_value *ranked, size_t i) {
    return ap_value_get_float(ap_value_dict_get(ap_value_list_get(ranked, i), "score"));
}

static size_t index_of(const ap_value *ranked, size_t i) {
    return (size_t)ap_value_get_int(ap_value_dict_get(ap_value_list_get(ranked, i), "index"));
}

/* The score of the second label that text-classification gives the pair. */
static double classified(const ap_pipeline *classifier, const char *document) {
    char input[256];
    snprintf(input, sizeof input, "{\"text\": \"soup\", \"text_pair\": \"%s\"}", document);
    ap_value *labels = support_call(classifier, input, "{\"return_all_scores\": true}");
    double score = score_of(labels, 1);
    ap_value_destroy(labels);
    return score;
}

void test_ranks_as_text_classification_scores(void **state) {
    static const char *const documents[] = {"The soup was cold.", "cats", "soup soup"};
    (void)state;
    ap_pipeline *pipe = support_pipeline("electra-pairs", "{" RANK "}");
    ap_pipeline *classifier = support_pipeline("electra-pairs", NULL);
    ap_value *ranked = support_call(pipe, INPUT, NULL);
    assert_int_equal(ap_value_len(ranked), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_true(fabs(score_of(ranked, i) - classified(classifier, documents[index_of(ranked, i)])) <
                    1e-5);
        if (i) assert_true(score_of(ranked, i) <= score_of(ranked, i - 1));
    }
    ap_value_destroy(ranked);
    ap_pipeline_destroy(classifier);
    ap_pipeline_destroy(pipe);
}

void test_forms(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("electra-pairs", "{" RANK "}");
    ap_value *best = support_call(pipe, INPUT, "{\"top_k\": 1, \"return_documents\": true}");
    assert_int_equal(ap_value_len(best), 1);
    static const char *const texts[] = {"The soup was cold.", "cats", "soup soup"};
    const char *text = ap_value_get_string(ap_value_dict_get(ap_value_list_get(best, 0), "text"), NULL);
    assert_string_equal(text, texts[index_of(best, 0)]);
    ap_value_destroy(best);
    ap_value *list =
        support_call(pipe, "[" INPUT ", {\"query\": \"a\", \"documents\": []}]", "{\"top_k\": 2}");
    assert_int_equal(ap_value_len(list), 2);
    assert_int_equal(ap_value_len(ap_value_list_get(list, 0)), 2);
    assert_int_equal(ap_value_len(ap_value_list_get(list, 1)), 0);
    ap_value_destroy(list);
    ap_value *none = support_call(pipe, INPUT, "{\"top_k\": 0}");
    assert_int_equal(ap_value_len(none), 0);
    ap_value_destroy(none);
    ap_pipeline_destroy(pipe);
}

/* Two labels: by their softmax the scores of both are 1 together. */
void test_label_and_function(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline(
        "electra-pairs",
        "{" RANK ", \"config\": {\"model_type\": \"electra\", \"id2label\": {\"0\": \"no\", \"1\": "
        "\"yes\"}}, \"top_k\": null}");
    ap_value *yes = support_call(pipe, INPUT, "{\"label\": \"yes\"}");
    ap_value *no = support_call(pipe, INPUT, "{\"label\": \"no\"}");
    ap_value *plain = support_call(pipe, INPUT, NULL),
             *raw = support_call(pipe, INPUT, "{\"function_to_apply\": \"none\"}");
    assert_true(ap_value_equal(yes, plain));
    assert_true(fabs(score_of(yes, 0) + score_of(no, 2) - 1) < 1e-5);
    assert_int_equal(index_of(yes, 0), index_of(no, 2));
    assert_true(support_difference(raw, plain) > 1e-6);
    ap_value_destroy(yes);
    ap_value_destroy(no);
    ap_value_destroy(plain);
    ap_value_destroy(raw);
    support_call_fails(pipe, INPUT, "{\"label\": \"maybe\"}", AP_EKEY, "id2label has no label \"maybe\"");
    ap_pipeline_destroy(pipe);
}

/* Long documents are cut unless somebody says otherwise. */
void test_truncation(void **state) {
    char input[8192] = "{\"query\": \"soup\", \"documents\": [\"";
    (void)state;
    for (int i = 0; i < 300; i++) strcat(input, "cold soup ");
    strcat(input, "\"]}");
    ap_pipeline *pipe = support_pipeline("electra-pairs", "{" RANK "}");
    ap_value *out = support_call(pipe, input, NULL);
    assert_int_equal(ap_value_len(out), 1);
    ap_value_destroy(out);
    support_call_fails(pipe, input, "{\"truncation\": false}", AP_EBACKEND, "truncation=true cuts it");
    support_call_fails(pipe, input, "{\"truncation\": true, \"tokenize_kwargs\": {\"truncation\": true}}",
                       AP_EINVAL, "truncation is given twice");
    ap_pipeline_destroy(pipe);
}

void test_failures(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("electra-pairs", "{" RANK "}");
    support_call_fails(pipe, "\"soup\"", NULL, AP_EINVAL,
                       "expected a dict {\"query\": ..., \"documents\": [...]}");
    support_call_fails(pipe, "{\"documents\": []}", NULL, AP_EINVAL, "query: expected a string, found null");
    support_call_fails(pipe, "{\"query\": \"a\"}", NULL, AP_EINVAL,
                       "\"documents\": expected a list of strings");
    support_call_fails(pipe, "{\"query\": \"a\", \"documents\": [\"b\", 1]}", NULL, AP_EINVAL,
                       "item 1: documents: expected a string, found int");
    support_call_fails(pipe, "{\"query\": \"a\", \"documents\": [], \"k\": 1}", NULL, AP_EINVAL,
                       "\"k\" is neither \"query\" nor \"documents\"");
    support_call_fails(pipe, INPUT, "{\"top_k\": -1}", AP_EINVAL, "top_k: -1 is negative");
    ap_pipeline_destroy(pipe);
    ap_pipeline *stars = support_pipeline("distilbert-stars", "{" RANK "}");
    support_call_fails(stars, INPUT, NULL, AP_EINVAL,
                       "5 labels; parameter label has to name the one that ranks");
    ap_value *out = support_call(stars, INPUT, "{\"label\": \"5 stars\"}");
    assert_int_equal(ap_value_len(out), 3);
    ap_value_destroy(out);
    ap_pipeline_destroy(stars);
}

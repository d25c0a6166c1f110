/* Forms of inputs, windows, parameters and errors of question-answering. The numbers are checked by the
 * parity cases. */
#include "unit/support/check.h"
#include "unit/support/pipelines.h"
#include "unit/support/random.h"
#include "unit/support/torture.h"

#include <stdio.h>
#include <string.h>

#define TASK "\"task\": \"question-answering\""
#define CONTEXT "Anna was born in Hamburg. She moved to Paris, and works for a caf\\u00e9."
#define PAIR "{\"question\": \"Where?\", \"context\": \"" CONTEXT "\"}"
#define OTHER "{\"question\": \"Who works for whom?\", \"context\": \"Rome is in Italy.\"}"

int group_setup(void **state) {
    (void)state;
    support_use_build_plugins();
    return 0;
}

static ap_pipeline *pipeline_of(const char *model, const char *more) {
    char json[1024];
    snprintf(json, sizeof json, "{" TASK "%s%s}", more ? ", " : "", more ? more : "");
    return support_pipeline(model, json);
}

static ap_pipeline *pipeline(const char *more) { return pipeline_of("bert-squad", more); }

/* A call by keyword alone. */
static ap_value *call_by_keyword(const ap_pipeline *pipe, const char *params) {
    ap_error err = AP_ERROR_INIT;
    ap_value *more = support_json(params), *out = NULL;
    assert_ok(ap_pipeline_call(&out, pipe, NULL, more, &err), &err);
    ap_value_destroy(more);
    return out;
}

static void expect_equal(ap_value *a, ap_value *b) {
    assert_true(support_difference(a, b) < 1e-5);
    ap_value_destroy(a);
    ap_value_destroy(b);
}

void test_forms_of_one_pair(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline(NULL);
    ap_value *plain = support_call(pipe, PAIR, NULL);
    assert_int_equal(ap_value_kind(plain), AP_KIND_DICT);
    ap_value *list =
        support_call(pipe, "[" PAIR "]", NULL); /* A list of one is that one, as in the reference. */
    ap_value *named = call_by_keyword(pipe, "{\"question\": \"Where?\", \"context\": \"" CONTEXT "\"}");
    ap_value *data = call_by_keyword(pipe, "{\"data\": " PAIR "}");
    ap_value *x = call_by_keyword(pipe, "{\"X\": [" PAIR "]}");
    ap_value *lists =
        support_call(pipe, "{\"question\": [\"Where?\"], \"context\": [\"" CONTEXT "\"]}", NULL);
    assert_true(support_difference(plain, list) < 1e-6);
    assert_true(support_difference(plain, named) < 1e-6);
    assert_true(support_difference(plain, data) < 1e-6);
    assert_true(support_difference(plain, x) < 1e-6);
    assert_int_equal(ap_value_kind(lists), AP_KIND_LIST);
    assert_true(support_difference(plain, ap_value_list_get(lists, 0)) < 1e-6);
    ap_value_destroy(plain);
    ap_value_destroy(list);
    ap_value_destroy(named);
    ap_value_destroy(data);
    ap_value_destroy(x);
    ap_value_destroy(lists);
    ap_pipeline_destroy(pipe);
}

void test_forms_of_several_pairs(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline(NULL);
    const char *one_context = "{\"question\": [\"Where?\", \"Who?\"], \"context\": \"" CONTEXT "\"}";
    const char *pairs = "[" PAIR ", {\"question\": \"Who?\", \"context\": \"" CONTEXT "\"}]";
    expect_equal(call_by_keyword(pipe, one_context), support_call(pipe, pairs, NULL));
    expect_equal(
        call_by_keyword(pipe, "{\"question\": [\"Where?\", \"Who works for whom?\"], \"context\": [\"" CONTEXT
                              "\", \"Rome is in Italy.\"]}"),
        support_call(pipe, "[" PAIR ", " OTHER "]", NULL));
    /* Python's zip() takes text apart: "ab" are the contexts "a" and "b". */
    expect_equal(
        support_call(pipe, "{\"question\": [\"x\", \"y\", \"z\"], \"context\": \"a\\u00e9\"}", NULL),
        support_call(pipe,
                     "[{\"question\": \"x\", \"context\": \"a\"}, {\"question\": \"y\", \"context\": "
                     "\"\\u00e9\"}]",
                     NULL));
    expect_equal(support_call(pipe, "[]", NULL), support_json("[]"));
    expect_equal(support_call(pipe, "\"\"", NULL), support_json("[]"));
    expect_equal(call_by_keyword(pipe, "{\"question\": [], \"context\": \"x\"}"), support_json("[]"));
    ap_pipeline_destroy(pipe);
}

void test_number_of_answers(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline(NULL), *three = pipeline("\"top_k\": 3"), *old = pipeline("\"topk\": 3");
    ap_value *list = support_call(three, PAIR, NULL);
    assert_int_equal(ap_value_len(list), 3);
    expect_equal(support_call(pipe, PAIR, "{\"top_k\": 3}"), list);
    expect_equal(support_call(pipe, PAIR, "{\"topk\": 3}"), support_call(old, PAIR, NULL));
    expect_equal(support_call(pipe, PAIR, "{\"topk\": 3, \"top_k\": 1}"), support_call(pipe, PAIR, NULL));
    expect_equal(support_call(three, PAIR, "{\"topk\": 1}"), support_call(pipe, PAIR, NULL));
    expect_equal(support_call(three, PAIR, "{\"top_k\": null}"), support_call(three, PAIR, NULL));
    ap_pipeline_destroy(pipe);
    ap_pipeline_destroy(three);
    ap_pipeline_destroy(old);
}

/* Characters [start, end) of the context are the answer, whatever is in it. */
static void check_answer(const ap_value *answer, const char *context) {
    size_t len, at = 0;
    const char *text = ap_value_get_string(ap_value_dict_get(answer, "answer"), &len);
    int64_t start = ap_value_get_int(ap_value_dict_get(answer, "start"));
    int64_t end = ap_value_get_int(ap_value_dict_get(answer, "end"));
    for (int64_t n = start; n > 0; n--)
        for (at++; ((unsigned char)context[at] & 0xC0) == 0x80;) at++;
    if (start >= end) {
        assert_int_equal(len, 0);
        return;
    }
    assert_memory_equal(context + at, text, len);
    for (int64_t n = end - start; n > 0; n--)
        for (at++; ((unsigned char)context[at] & 0xC0) == 0x80;) at++;
    assert_true(strlen(context + at) + at == strlen(context));
}

void test_offsets_are_characters_of_the_context(void **state) {
    (void)state;
    const char *const models[] = {"bert-squad", "roberta-squad2", "distilbert-squad"};
    for (size_t m = 0; m < 3; m++) {
        ap_pipeline *pipe = pipeline_of(models[m], NULL);
        for (unsigned seed = 0; seed < 10; seed++) {
            char context[2048];
            support_sentence(context, sizeof context, seed, 5 + 10 * seed);
            ap_value *pair = support_json("{\"question\": \"Where?\"}"), *text = NULL, *out = NULL;
            ap_value *params = support_json("{\"top_k\": 8, \"max_seq_len\": 40, \"doc_stride\": 10}");
            ap_error err = AP_ERROR_INIT;
            ap_value_create_string(&text, context, AP_NUL_TERMINATED, NULL);
            ap_value_dict_set_take(pair, "context", text, NULL);
            assert_ok(ap_pipeline_call(&out, pipe, pair, params, &err), &err);
            for (size_t i = 0; i < ap_value_len(out); i++) check_answer(ap_value_list_get(out, i), context);
            ap_value_destroy(out);
            ap_value_destroy(params);
            ap_value_destroy(pair);
        }
        ap_pipeline_destroy(pipe);
    }
}

void test_answers_that_cannot_be(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline(NULL);
    ap_value *all = support_call(pipe, PAIR, "{\"handle_impossible_answer\": true, \"top_k\": 50}");
    int found = 0;
    for (size_t i = 0; i < ap_value_len(all); i++) {
        const ap_value *answer = ap_value_dict_get(ap_value_list_get(all, i), "answer");
        size_t len = 1;
        ap_value_get_string(answer, &len);
        found |= len == 0;
    }
    assert_true(found);
    ap_value_destroy(all);
    ap_pipeline_destroy(pipe);
}

void test_inputs_that_are_no_pairs(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline(NULL);
    support_call_fails(pipe, "\"just text\"", NULL, AP_EINVAL, "expected a dict");
    support_call_fails(pipe, "7", NULL, AP_EINVAL, "found int");
    support_call_fails(pipe, "null", NULL, AP_EINVAL, "found null");
    support_call_fails(pipe, "[" PAIR ", 7]", NULL, AP_EINVAL, "input 1: input: expected a dict");
    support_call_fails(pipe, "{\"question\": \"x\"}", NULL, AP_EKEY, "it has no \"context\"");
    support_call_fails(pipe, "{\"context\": \"x\"}", NULL, AP_EKEY, "it has no \"question\"");
    support_call_fails(pipe, "{\"question\": null, \"context\": \"x\"}", NULL, AP_EINVAL,
                       "question: it cannot be null");
    support_call_fails(pipe, "{\"question\": \"x\", \"context\": null}", NULL, AP_EINVAL,
                       "context: it cannot be null");
    support_call_fails(pipe, "{\"question\": \"\", \"context\": \"x\"}", NULL, AP_EINVAL,
                       "question: it cannot be empty");
    support_call_fails(pipe, "{\"question\": \"x\", \"context\": \"\"}", NULL, AP_EINVAL,
                       "context: it cannot be empty");
    support_call_fails(pipe, "{\"question\": 7, \"context\": \"x\"}", NULL, AP_EINVAL,
                       "question: expected a string");
    support_call_fails(pipe, "{\"question\": \"x\", \"context\": []}", NULL, AP_EINVAL,
                       "context: expected a string");
    support_call_fails(pipe, "{\"question\": \"x\", \"context\": \"y\", \"top_k\": 2}", NULL, AP_ETYPE,
                       "\"top_k\" is neither question nor context");
    ap_pipeline_destroy(pipe);
}

void test_keywords_that_cannot_be(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline(NULL);
    support_call_fails(pipe, NULL, NULL, AP_EINVAL, "have to be given");
    support_call_fails(pipe, NULL, "{\"question\": \"x\"}", AP_EINVAL, "have to be given");
    support_call_fails(pipe, NULL, "{\"question\": \"x\", \"context\": [\"y\"]}", AP_EINVAL,
                       "found string and list");
    support_call_fails(pipe, NULL, "{\"question\": 1, \"context\": \"y\"}", AP_EINVAL,
                       "found int and string");
    support_call_fails(pipe, NULL, "{\"question\": [\"x\"], \"context\": [\"y\", \"z\"]}", AP_EINVAL,
                       "1 questions and 2 contexts");
    support_call_fails(pipe, NULL, "{\"question\": [\"x\", null], \"context\": \"y\"}", AP_EINVAL,
                       "input 1: question: it cannot be null");
    support_call_fails(pipe, NULL, "{\"data\": null}", AP_EINVAL, "found null");
    ap_pipeline_destroy(pipe);
}

void test_parameters_that_cannot_be(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap_pipeline *pipe = pipeline(NULL);
    support_call_fails(pipe, PAIR, "{\"top_k\": 0}", AP_EINVAL, "top_k: 0 is below 1");
    support_call_fails(pipe, PAIR, "{\"max_answer_len\": 0}", AP_EINVAL, "max_answer_len: 0 is below 1");
    support_call_fails(pipe, PAIR, "{\"max_seq_len\": 16, \"doc_stride\": 17}", AP_EINVAL,
                       "larger than max_seq_len 16");
    support_call_fails(pipe, PAIR, "{\"max_seq_len\": 16, \"doc_stride\": 15}", AP_EINVAL, "stride");
    support_call_fails(pipe, PAIR, "{\"doc_stride\": -1}", AP_EINVAL, "doc_stride: -1 is negative");
    support_call_fails(pipe, PAIR, "{\"max_seq_len\": -5, \"doc_stride\": -6}", AP_EINVAL, "negative");
    support_call_fails(pipe, PAIR, "{\"padding\": \"left\"}", AP_EINVAL, "parameter padding");
    assert_int_equal(support_pipeline_fails("bert-squad", "{" TASK ", \"top_k\": 0}", &err), AP_EINVAL);
    ap_pipeline_destroy(pipe);
}

/* The context has no room beside the question, and only the context is cut. */
void test_a_context_that_is_shorter_than_the_question(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline(NULL);
    support_call_fails(
        pipe,
        "{\"question\": \"one two three four five six seven eight nine ten eleven twelve thirteen "
        "fourteen\", \"context\": \"x\"}",
        "{\"max_seq_len\": 12, \"doc_stride\": 2}", AP_EINVAL, "only_second");
    ap_pipeline_destroy(pipe);
}

void test_windows_change_with_the_stride(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline(NULL);
    ap_error err = AP_ERROR_INIT;
    ap_value *pair = support_json(PAIR), *narrow = support_json("{\"max_seq_len\": 16, \"doc_stride\": 4}");
    ap_value *feeds = NULL, *one = NULL;
    assert_ok(ap_pipeline_preprocess(&feeds, pipe, pair, narrow, &err), &err);
    assert_ok(ap_pipeline_preprocess(&one, pipe, pair, NULL, &err), &err);
    assert_true(ap_value_len(feeds) > 1);
    assert_int_equal(ap_value_len(one), 1);
    ap_value_destroy(one);
    ap_value_destroy(feeds);
    ap_value_destroy(narrow);
    ap_value_destroy(pair);
    ap_pipeline_destroy(pipe);
}

void test_phases_give_the_same(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline(NULL);
    ap_error err = AP_ERROR_INIT;
    ap_value *pair = support_json(PAIR), *params = support_json("{\"max_seq_len\": 20, \"doc_stride\": 4}");
    ap_value *feeds = NULL, *outputs = NULL, *result = NULL;
    assert_ok(ap_pipeline_preprocess(&feeds, pipe, pair, params, &err), &err);
    assert_ok(ap_pipeline_forward(&outputs, pipe, feeds, params, &err), &err);
    assert_ok(ap_pipeline_postprocess(&result, pipe, outputs, params, &err), &err);
    expect_equal(support_call(pipe, PAIR, "{\"max_seq_len\": 20, \"doc_stride\": 4}"), result);
    ap_value *none = support_json("[]"), *nothing = support_json("[{}]"), *out = NULL;
    assert_fails(ap_pipeline_postprocess(&out, pipe, none, NULL, &err), AP_EINVAL, &err, "no \"context\"");
    assert_fails(ap_pipeline_postprocess(&out, pipe, nothing, NULL, &err), AP_EINVAL, &err, "no \"context\"");
    assert_null(out);
    ap_value_destroy(none);
    ap_value_destroy(nothing);
    ap_value_destroy(outputs);
    ap_value_destroy(feeds);
    ap_value_destroy(params);
    ap_value_destroy(pair);
    ap_pipeline_destroy(pipe);
}

static ap_value *random_pair(uint64_t *seed) {
    char text[2048];
    ap_value *pair = support_json("{\"question\": \"Where is it?\"}"), *context = NULL;
    support_sentence(text, sizeof text, (unsigned)random_bits(seed), 1 + (unsigned)random_below(seed, 80));
    ap_value_create_string(&context, text, AP_NUL_TERMINATED, NULL);
    ap_value_dict_set_take(pair, "context", context, NULL);
    return pair;
}

void test_batches_equal_singles(void **state) {
    (void)state;
    static const char *const sizes[] = {"", ", \"batch_size\": 2", ", \"batch_size\": 5"};
    ap_pipeline *pipe = pipeline(NULL);
    uint64_t seed = 5;
    for (size_t round = 0; round < 24; round++) {
        char params[160], single[160];
        ap_value *list = support_json("[]");
        for (size_t i = 0, n = 2 + random_below(&seed, 4); i < n; i++)
            ap_value_list_append_take(list, random_pair(&seed), NULL);
        snprintf(single, sizeof single,
                 "{\"max_seq_len\": %d, \"doc_stride\": %d, \"top_k\": 2, \"batch_size\": 1}",
                 24 + (int)random_below(&seed, 40), (int)random_below(&seed, 10));
        snprintf(params, sizeof params, "%.*s%s}", (int)(strlen(single) - strlen(", \"batch_size\": 1}")),
                 single, sizes[round % 3]);
        support_check_batches(pipe, list, params, single);
        ap_value_destroy(list);
    }
    ap_pipeline_destroy(pipe);
}

static ap_status call_in_torture(void *pipe, ap_error *err) {
    ap_status status = support_try_call(pipe, "[" PAIR ", " OTHER "]",
                                        "{\"top_k\": 2, \"max_seq_len\": 16, \"doc_stride\": 2, "
                                        "\"handle_impossible_answer\": true}",
                                        err);
    if (status) return status;
    return support_try_call(pipe, NULL, "{\"question\": [\"a\", \"b\"], \"context\": [\"c d\", \"e\"]}", err);
}

void test_torture(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline("\"num_threads\": 1");
    torture_graceful(call_in_torture, pipe); /* A batch that fails is tried again one feed at a time. */
    ap_pipeline_destroy(pipe);
}

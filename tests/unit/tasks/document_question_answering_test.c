/* Forms of inputs, parameters and errors of document-question-answering. The numbers are checked by the
 * parity cases. */
#define _GNU_SOURCE /* setenv */
#include "unit/support/check.h"
#include "unit/support/pipelines.h"
#include "unit/support/random.h"
#include "unit/support/tempdir.h"
#include "unit/support/torture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TASK "\"task\": \"document-question-answering\""
#define PICTURE "\"" AP_TEST_DATA_DIR "/parity/inputs/images/invoice_160x120.png\""
#define BOXES                                                                                                \
    "[[\"Invoice\", [50, 60, 300, 130]], [\"1042\", [320, 60, 460, 130]], [\"Total:\", [50, 460, 220, "      \
    "530]]]"
#define PAGE "{\"image\": null, \"question\": \"What is the total?\", \"word_boxes\": " BOXES "}"

int group_setup(void **state) {
    (void)state;
    support_use_build_plugins();
    return 0;
}

static ap_pipeline *pipeline(const char *more) {
    char json[1024];
    snprintf(json, sizeof json, "{" TASK "%s%s}", more ? ", " : "", more ? more : "");
    return support_pipeline("layoutlm-docvqa", json);
}

static void expect_equal(ap_value *a, ap_value *b) {
    assert_true(support_difference(a, b) < 1e-5);
    ap_value_destroy(a);
    ap_value_destroy(b);
}

static ap_value *call_by_keyword(const ap_pipeline *pipe, const char *inputs, const char *params) {
    ap_error err = AP_ERROR_INIT;
    ap_value *more = support_json(params), *in = inputs ? support_json(inputs) : NULL, *out = NULL;
    assert_ok(ap_pipeline_call(&out, pipe, in, more, &err), &err);
    ap_value_destroy(in);
    ap_value_destroy(more);
    return out;
}

void test_forms(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline(NULL);
    ap_value *plain = support_call(pipe, PAGE, NULL);
    const char *key, *const keys[] = {"score", "answer", "start", "end"};
    assert_int_equal(ap_value_len(plain), 1); /* Always a list. */
    for (size_t i = 0; i < 4; i++) {
        ap_value_dict_at(ap_value_list_get(plain, 0), i, &key);
        assert_string_equal(key, keys[i]);
    }
    ap_value_destroy(plain);
    const char *named = "{\"question\": \"What is the total?\", \"word_boxes\": " BOXES "}";
    expect_equal(call_by_keyword(pipe, PICTURE, named), support_call(pipe, PAGE, NULL));
    expect_equal(call_by_keyword(pipe, "null", named), support_call(pipe, PAGE, NULL));
    expect_equal(call_by_keyword(pipe, NULL, "{\"image\": " PAGE "}"), support_call(pipe, PAGE, NULL));
    expect_equal(
        call_by_keyword(pipe, NULL,
                        "{\"image\": null, \"question\": \"What is the total?\", \"word_boxes\": " BOXES "}"),
        support_call(pipe, PAGE, NULL));
    ap_value *list = support_call(pipe, "[" PAGE "]", NULL), *one = support_call(pipe, PAGE, NULL);
    assert_int_equal(ap_value_len(list), 1);
    assert_true(support_difference(one, ap_value_list_get(list, 0)) < 1e-6);
    ap_value_destroy(list);
    ap_value_destroy(one);
    ap_pipeline_destroy(pipe);
}

void test_number_of_answers(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline(NULL), *two = pipeline("\"top_k\": 2");
    expect_equal(support_call(two, PAGE, NULL), support_call(pipe, PAGE, "{\"top_k\": 2}"));
    ap_value *none = support_call(pipe, "{\"image\": null, \"question\": \"x\", \"word_boxes\": []}", NULL);
    ap_value *null = support_call(pipe, "{\"image\": null, \"question\": \"x\", \"word_boxes\": []}",
                                  "{\"handle_impossible_answer\": true}");
    assert_int_equal(ap_value_len(none), 0);
    assert_int_equal(ap_value_len(null), 1);
    ap_value_destroy(none);
    ap_value_destroy(null);
    ap_pipeline_destroy(two);
    ap_pipeline_destroy(pipe);
}

void test_inputs_that_cannot_be(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline(NULL);
    support_call_fails(pipe, "\"x.png\"", NULL, AP_EINVAL, "expected a dict");
    support_call_fails(pipe, "7", NULL, AP_EINVAL, "found int");
    support_call_fails(pipe, "{\"word_boxes\": " BOXES "}", NULL, AP_EKEY, "no \"question\"");
    support_call_fails(pipe, "{\"question\": 7, \"word_boxes\": " BOXES "}", NULL, AP_EINVAL,
                       "question: expected a string");
    support_call_fails(pipe, "{\"question\": \"x\"}", NULL, AP_EINVAL, "an image or word_boxes are needed");
    support_call_fails(pipe, "{\"question\": \"x\", \"word_boxes\": null}", NULL, AP_ETYPE, "found null");
    support_call_fails(pipe, NULL, "{\"question\": \"x\"}", AP_ETYPE, "no image is given");
    support_call_fails(pipe, PAGE, "{\"image\": \"x\"}", AP_ETYPE, "both given");
    ap_pipeline_destroy(pipe);
}

static void image_fails(const ap_pipeline *pipe, const char *image, ap_status status, const char *message) {
    char input[1024];
    snprintf(input, sizeof input, "{\"image\": %s, \"question\": \"x\", \"word_boxes\": " BOXES "}", image);
    support_call_fails(pipe, input, NULL, status, message);
}

void test_images_that_cannot_be(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline(NULL);
    image_fails(pipe, "\"no/such.png\"", AP_EINVAL, "image: there is no file no/such.png");
    image_fails(pipe, "7", AP_EUNSUPPORTED, "found int");
    image_fails(pipe, "\"https://x/y.png\"", AP_EUNSUPPORTED, "no URL");
    image_fails(pipe, "\"data:image/png;base64,AA\"", AP_EUNSUPPORTED, "no encoded picture");
    image_fails(pipe, "\"" AP_TEST_DATA_DIR "/parity/inputs/images/corrupt.png\"", AP_EIO, "cut short");
    image_fails(pipe, "\"" AP_TEST_DATA_DIR "/parity/cases/document-question-answering.jsonl\"", AP_EIO,
                "not a picture");
    ap_pipeline_destroy(pipe);
}

void test_a_picture_without_words(void **state) {
    (void)state;
    ap__path folder;
    ap_pipeline *pipe = pipeline(NULL);
    tempdir_create(&folder);
    char *before = strdup(getenv("PATH"));
    setenv("PATH", folder.text, 1);
    support_call_fails(pipe, "{\"image\": " PICTURE ", \"question\": \"x\"}", NULL, AP_EUNSUPPORTED,
                       "tesseract, which is not installed");
    setenv("PATH", before, 1);
    free(before);
    tempdir_remove(&folder);
    ap_pipeline_destroy(pipe);
}

static void boxes_fail(const ap_pipeline *pipe, const char *boxes, ap_status status, const char *message) {
    char input[1024];
    snprintf(input, sizeof input, "{\"image\": null, \"question\": \"x\", \"word_boxes\": %s}", boxes);
    support_call_fails(pipe, input, NULL, status, message);
}

void test_boxes_that_cannot_be(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline(NULL);
    boxes_fail(pipe, "[[\"a\", [1, 2, 3]]]", AP_ETYPE, "four whole numbers");
    boxes_fail(pipe, "[[\"a\", [10, 0, 5, 5]]]", AP_EINVAL, "word \"a\": its box [10, 0, 5, 5]");
    boxes_fail(pipe, "[[\"a\", [0, 0, 5, 5000]]]", AP_EINVAL, "from 0 to 1000");
    boxes_fail(pipe, "[[\"a\", [-1, 0, 5, 5]]]", AP_EINVAL, "from 0 to 1000");
    ap_pipeline_destroy(pipe);
}

void test_parameters_that_cannot_be(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap_pipeline *pipe = pipeline(NULL);
    support_call_fails(pipe, PAGE, "{\"top_k\": 0}", AP_EINVAL, "top_k: 0 is below 1");
    support_call_fails(pipe, PAGE, "{\"max_answer_len\": 0}", AP_EINVAL, "max_answer_len: 0 is below 1");
    support_call_fails(pipe, PAGE, "{\"max_question_len\": 8}", AP_ETYPE, "does not cut questions");
    support_call_fails(pipe, PAGE, "{\"doc_stride\": -1}", AP_EINVAL, "negative");
    support_call_fails(pipe, PAGE, "{\"max_seq_len\": 8, \"doc_stride\": 7}", AP_EINVAL, "stride");
    support_call_fails(pipe, PAGE, "{\"max_seq_len\": 4, \"doc_stride\": 0}", AP_EINVAL, "only_second");
    assert_int_equal(support_pipeline_fails("layoutlm-docvqa", "{" TASK ", \"top_k\": 0}", &err), AP_EINVAL);
    ap_pipeline_destroy(pipe);
}

void test_models_that_cannot_be(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    assert_int_equal(support_pipeline_fails("layoutlm-docvqa",
                                            "{" TASK ", \"config\": {\"model_type\": \"layoutlmv3\"}}", &err),
                     AP_EUNSUPPORTED);
    assert_says(&err, "model_type layoutlmv3: document-question-answering supports layoutlm");
}

void test_phases_give_the_same(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline(NULL);
    ap_error err = AP_ERROR_INIT;
    ap_value *page = support_json(PAGE),
             *params = support_json("{\"max_seq_len\": 14, \"doc_stride\": 2, \"top_k\": 3}");
    ap_value *feeds = NULL, *outputs = NULL, *result = NULL, *nothing = support_json("[{}]"), *out = NULL;
    assert_ok(ap_pipeline_preprocess(&feeds, pipe, page, params, &err), &err);
    assert_true(ap_value_len(feeds) > 1);
    assert_ok(ap_pipeline_forward(&outputs, pipe, feeds, params, &err), &err);
    assert_ok(ap_pipeline_postprocess(&result, pipe, outputs, params, &err), &err);
    expect_equal(support_call(pipe, PAGE, "{\"max_seq_len\": 14, \"doc_stride\": 2, \"top_k\": 3}"), result);
    assert_fails(ap_pipeline_postprocess(&out, pipe, nothing, NULL, &err), AP_EINVAL, &err, "no \"words\"");
    ap_value_destroy(nothing);
    ap_value_destroy(outputs);
    ap_value_destroy(feeds);
    ap_value_destroy(params);
    ap_value_destroy(page);
    ap_pipeline_destroy(pipe);
}

/* A page of `n` words in a row. */
static ap_value *random_page(uint64_t *seed) {
    char json[4096];
    size_t n = 1 + random_below(seed, 40), at = 0;
    at += (size_t)snprintf(json, sizeof json,
                           "{\"image\": null, \"question\": \"What is it?\", \"word_boxes\": [");
    for (size_t i = 0; i < n; i++) {
        char word[64];
        support_sentence(word, sizeof word, (unsigned)random_bits(seed), 1);
        at += (size_t)snprintf(json + at, sizeof json - at, "%s[\"%s\", [%zu, 10, %zu, 20]]", i ? ", " : "",
                               word, 10 * i, 10 * i + 9);
    }
    snprintf(json + at, sizeof json - at, "]}");
    return support_json(json);
}

void test_batches_equal_singles(void **state) {
    (void)state;
    static const char *const sizes[] = {"", ", \"batch_size\": 2", ", \"batch_size\": 5"};
    ap_pipeline *pipe = pipeline(NULL);
    uint64_t seed = 17;
    for (size_t round = 0; round < 24; round++) {
        char params[160], single[128];
        ap_value *list = support_json("[]");
        for (size_t i = 0, n = 2 + random_below(&seed, 4); i < n; i++)
            ap_value_list_append_take(list, random_page(&seed), NULL);
        snprintf(single, sizeof single, "{\"max_seq_len\": %d, \"doc_stride\": 3, \"top_k\": 2",
                 20 + (int)random_below(&seed, 60));
        snprintf(params, sizeof params, "%s%s}", single, sizes[round % 3]);
        strcat(single, ", \"batch_size\": 1}");
        support_check_batches(pipe, list, params, single);
        ap_value_destroy(list);
    }
    ap_pipeline_destroy(pipe);
}

static ap_status call_in_torture(void *pipe, ap_error *err) {
    return support_try_call(pipe, "[" PAGE ", " PAGE "]",
                            "{\"max_seq_len\": 14, \"doc_stride\": 2, \"top_k\": 2, "
                            "\"handle_impossible_answer\": true}",
                            err);
}

void test_torture(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline("\"num_threads\": 1");
    torture_graceful(call_in_torture, pipe);
    ap_pipeline_destroy(pipe);
}

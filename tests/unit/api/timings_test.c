/* What a call tells of itself, and how it is stopped from another thread. */
#include "unit/support/check.h"
#include "unit/support/pipelines.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

int group_setup(void **state) {
    (void)state;
    support_use_build_plugins();
    return 0;
}

static ap_timings measure(const ap_pipeline *pipe, const char *inputs, const char *params) {
    ap_error err = AP_ERROR_INIT;
    ap_timings timings = AP_TIMINGS_INIT;
    ap_call_options options = AP_CALL_OPTIONS_INIT;
    ap_value *in = support_json(inputs), *more = params ? support_json(params) : NULL, *out;
    options.timings = &timings;
    assert_ok(ap_pipeline_call_with(&out, pipe, in, more, &options, &err), &err);
    ap_value_destroy(out);
    ap_value_destroy(more);
    ap_value_destroy(in);
    return timings;
}

static void check_phases(const ap_timings *t) {
    assert_true(t->preprocess_ns && t->collate_ns && t->forward_ns && t->unbatch_ns && t->postprocess_ns);
    /* On one thread, they are parts of the whole. */
    assert_true(t->preprocess_ns + t->collate_ns + t->forward_ns + t->unbatch_ns + t->postprocess_ns <=
                t->total_ns);
}

void test_one_input(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("bert-sst2", NULL);
    ap_timings t = measure(pipe, "\"the the\"", NULL);
    check_phases(&t);
    assert_int_equal(t.n_inputs, 1);
    assert_int_equal(t.n_feeds, 1);
    assert_int_equal(t.n_batches, 1);
    assert_int_equal(t.n_tokens, 4);
    assert_int_equal(t.n_padding_tokens, 0);
    /* Padding of the input's own is padding too. */
    t = measure(pipe, "\"the the\"",
                "{\"padding\": \"max_length\", \"max_length\": 10, \"truncation\": true}");
    assert_int_equal(t.n_tokens, 4);
    assert_int_equal(t.n_padding_tokens, 6);
    ap_pipeline_destroy(pipe);
}

void test_a_batch_and_its_padding(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("bert-sst2", NULL);
    ap_timings t = measure(pipe, "[\"the the\", \"\", \"the the the\"]", "{\"batch_size\": 3}");
    check_phases(&t);
    assert_int_equal(t.n_inputs, 3);
    assert_int_equal(t.n_batches, 1);
    assert_int_equal(t.n_tokens, 4 + 2 + 5);
    assert_int_equal(t.n_padding_tokens, 15 - 11);
    t = measure(pipe, "[\"the the\", \"\", \"the the the\"]", "{\"batch_size\": 1}");
    assert_int_equal(t.n_batches, 3);
    assert_int_equal(t.n_padding_tokens, 0);
    t = measure(pipe, "[]", NULL);
    assert_int_equal(t.n_inputs, 0);
    assert_int_equal(t.n_batches, 0);
    assert_true(t.total_ns > 0);
    ap_pipeline_destroy(pipe);
}

/* -- large batches run in parts ------------------------------------------------------------------------ */

enum { N_TEXTS = 40, N_TOKENS = 64 };

/* Sentences of 1 to 40 words, as a JSON list. */
static void make_texts(char *buf, size_t size) {
    char sentence[1024];
    size_t n = 0;
    for (unsigned i = 0; i < N_TEXTS; i++) {
        support_sentence(sentence, sizeof sentence, i, 1 + i);
        n += (size_t)snprintf(buf + n, size - n, "%s\"%s\"", i ? ", " : "[", sentence);
    }
    snprintf(buf + n, size - n, "]");
}

#define SAME_LENGTH "\"padding\": \"max_length\", \"max_length\": 64, \"truncation\": true, \"top_k\": 2"

/* Results are those of one text at a time; 40 x 64 tokens run in so many parts. */
static void check_parts(const ap_pipeline *pipe, uint64_t n_expected) {
    static char texts[N_TEXTS * 1024];
    make_texts(texts, sizeof texts);
    ap_value *list = support_json(texts);
    ap_timings t = measure(pipe, texts, "{" SAME_LENGTH ", \"batch_size\": 40}");
    assert_int_equal(t.n_batches, n_expected);
    assert_int_equal(t.n_tokens + t.n_padding_tokens, N_TEXTS * N_TOKENS);
    support_check_batches(pipe, list, "{" SAME_LENGTH ", \"batch_size\": 40}", "{" SAME_LENGTH "}");
    ap_value_destroy(list);
}

void test_a_large_batch_runs_in_parts(void **state) {
    (void)state;
    static const struct {
        const char *more;
        uint64_t n_parts;
    } cases[] = {{"{\"num_threads\": 1}", 5}, {"{\"num_threads\": 2}", 2}, {"{\"num_threads\": 4}", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ap_pipeline *pipe = support_pipeline("bert-sst2", cases[i].more);
        check_parts(pipe, cases[i].n_parts);
        ap_pipeline_destroy(pipe);
    }
}

/* What keeps its padding keeps that of the batch, not of its part. */
void test_parts_keep_the_padding_of_their_batch(void **state) {
    (void)state;
    static char texts[N_TEXTS * 1024];
    make_texts(texts, sizeof texts);
    ap_pipeline *pipe =
        support_pipeline("minilm-embed", "{\"task\": \"feature-extraction\", \"num_threads\": 1}");
    ap_timings t = measure(pipe, texts, "{\"batch_size\": 40}");
    assert_true(t.n_batches > 1);
    ap_value *all = support_call(pipe, texts, "{\"batch_size\": 40}");
    assert_int_equal(ap_value_len(all), N_TEXTS);
    size_t n = ap_value_len(ap_value_list_get(ap_value_list_get(all, N_TEXTS - 1), 0));
    for (size_t i = 0; i < N_TEXTS; i++)
        assert_int_equal(ap_value_len(ap_value_list_get(ap_value_list_get(all, i), 0)), n);
    ap_value_destroy(all);
    ap_pipeline_destroy(pipe);
}

void test_feeds_of_one_input(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("bert-mnli", "{\"task\": \"zero-shot-classification\"}");
    ap_timings t = measure(pipe, "\"the the\"", "{\"candidate_labels\": [\"red\", \"blue\", \"green\"]}");
    check_phases(&t);
    assert_int_equal(t.n_inputs, 1);
    assert_int_equal(t.n_feeds, 3);
    ap_pipeline_destroy(pipe);
}

typedef struct source {
    size_t n;
} source;

static ap_status next_text(ap_value **out, void *ctx, ap_error *err) {
    source *s = ctx;
    if (!s->n) return AP_OK;
    s->n--;
    return ap_value_create_string(out, "the the", AP_NUL_TERMINATED, err);
}

static int drop(size_t index, ap_value *result, const ap_error *err, void *ctx) {
    (void)index, (void)err, (void)ctx;
    ap_value_destroy(result);
    return 0;
}

void test_a_stream(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap_timings t = AP_TIMINGS_INIT;
    ap_call_options options = AP_CALL_OPTIONS_INIT;
    ap_pipeline *pipe = support_pipeline("bert-sst2", "{\"num_workers\": 3}");
    source s = {2500};
    options.timings = &t;
    assert_ok(ap_pipeline_stream(pipe, next_text, drop, &s, NULL, &options, &err), &err);
    assert_int_equal(t.n_inputs, 2500);
    assert_int_equal(t.n_tokens, 10000);
    assert_true(t.preprocess_ns && t.forward_ns && t.total_ns);
    ap_pipeline_destroy(pipe);
}

void test_a_call_that_fails(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap_timings t = AP_TIMINGS_INIT;
    ap_call_options options = AP_CALL_OPTIONS_INIT;
    ap_pipeline *pipe = support_pipeline("bert-sst2", NULL);
    ap_value *in = support_json("[\"the the\", 42]"), *bad = support_json("{\"no\": 1}"), *out;
    options.timings = &t;
    assert_int_equal(ap_pipeline_call_with(&out, pipe, in, NULL, &options, &err), AP_EINVAL);
    assert_int_equal(t.n_inputs, 2);
    assert_true(t.total_ns > 0);
    assert_int_equal(ap_pipeline_call_with(&out, pipe, in, bad, &options, &err), AP_EINVAL);
    assert_int_equal(t.n_inputs, 0); /* Nothing of the call before is left. */
    t.struct_size = 8;
    assert_fails(ap_pipeline_call_with(&out, pipe, in, NULL, &options, &err), AP_EINVAL, &err,
                 "ap_timings: struct_size is 8");
    options.struct_size = 8;
    assert_fails(ap_pipeline_call_with(&out, pipe, in, NULL, &options, &err), AP_EINVAL, &err,
                 "ap_call_options: struct_size is 8");
    ap_value_destroy(bad);
    ap_value_destroy(in);
    ap_pipeline_destroy(pipe);
}

/* -- cancelling ---------------------------------------------------------------------------------------- */

static void *trigger_soon(void *arg) {
    const struct timespec a_while = {.tv_nsec = 30000000};
    nanosleep(&a_while, NULL);
    ap_cancel_trigger(arg);
    return NULL;
}

/* A list that would take far longer, with and without threads that preprocess; `n_done` may not reach its
 * end. */
static void check_cancelled(const ap_pipeline *pipe, const ap_value *in) {
    pthread_t thread;
    ap_error err = AP_ERROR_INIT;
    ap_timings t = AP_TIMINGS_INIT;
    ap_call_options options = AP_CALL_OPTIONS_INIT;
    ap_value *out;
    options.timings = &t;
    assert_ok(ap_cancel_create(&options.cancel, &err), &err);
    assert_int_equal(pthread_create(&thread, NULL, trigger_soon, options.cancel), 0);
    assert_fails(ap_pipeline_call_with(&out, pipe, in, NULL, &options, &err), AP_ECANCELED, &err,
                 "cancelled");
    pthread_join(thread, NULL);
    assert_null(out);
    assert_true(t.n_inputs < ap_value_len(in));
    ap_cancel_destroy(options.cancel);
}

void test_another_thread_cancels_a_call(void **state) {
    (void)state;
    enum { N = 200000 };
    ap_pipeline *pipe = support_pipeline("bert-sst2", NULL);
    ap_pipeline *crew = support_pipeline("bert-sst2", "{\"num_workers\": 3}");
    ap_value *in, *item;
    char text[1024];
    assert_int_equal(ap_value_create_list(&in, NULL), AP_OK);
    for (unsigned i = 0; i < N; i++) {
        support_sentence(text, sizeof text, i, i % 12);
        assert_int_equal(ap_value_create_string(&item, text, AP_NUL_TERMINATED, NULL), AP_OK);
        assert_int_equal(ap_value_list_append_take(in, item, NULL), AP_OK);
    }
    check_cancelled(pipe, in);
    check_cancelled(crew, in);
    ap_value_destroy(in);
    ap_pipeline_destroy(crew);
    ap_pipeline_destroy(pipe);
}

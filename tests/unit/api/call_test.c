/* Calling pipelines on a real runtime: order, batches, streams, phases, cancellation, threads. */
#include "unit/support/pipelines.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

int group_setup(void **state) {
    (void)state;
    support_use_build_plugins();
    return 0;
}

/* A list of sentences of 0 to 12 words: the tiny models take no more than 64 tokens. */
static ap_value *sentences(size_t n, unsigned seed) {
    ap_value *list = NULL;
    char text[1024];
    ap_value_create_list(&list, NULL);
    for (size_t i = 0; i < n; i++) {
        ap_value *item = NULL;
        support_sentence(text, sizeof text, seed + (unsigned)i * 7919u, (seed + (unsigned)i * 31u) % 13u);
        assert_int_equal(ap_value_create_string(&item, text, AP_NUL_TERMINATED, NULL), AP_OK);
        assert_int_equal(ap_value_list_append_take(list, item, NULL), AP_OK);
    }
    return list;
}

/* The result of each item of a list, called one by one. */
static ap_value *call_singly(const ap_pipeline *pipe, const ap_value *list, const ap_value *params) {
    ap_value *results = NULL;
    ap_value_create_list(&results, NULL);
    for (size_t i = 0; i < ap_value_len(list); i++) {
        ap_value *out = NULL;
        assert_int_equal(ap_pipeline_call(&out, pipe, ap_value_list_get(list, i), params, NULL), AP_OK);
        assert_int_equal(ap_value_list_append_take(results, out, NULL), AP_OK);
    }
    return results;
}

static void check_batches_equal_singles(const char *model, size_t n, unsigned seed, const char *params_json) {
    ap_error err = AP_ERROR_INIT;
    ap_pipeline *pipe = support_pipeline(model, NULL);
    ap_value *list = sentences(n, seed), *single_params = support_json("{\"top_k\": null}");
    ap_value *params = support_json(params_json), *batched = NULL;
    ap_value *singly = call_singly(pipe, list, single_params);
    if (ap_pipeline_call(&batched, pipe, list, params, &err)) fail_msg("%s", err.message);
    double difference = support_difference(singly, batched);
    if (difference > 1e-5)
        fail_msg("%s, %zu inputs, seed %u, %s: %g", model, n, seed, params_json, difference);
    ap_value_destroy(singly);
    ap_value_destroy(batched);
    ap_value_destroy(params);
    ap_value_destroy(single_params);
    ap_value_destroy(list);
    ap_pipeline_destroy(pipe);
}

void test_batches_equal_singles(void **state) {
    static const char *const models[] = {"bert-sst2", "distilbert-stars", "roberta-multilabel",
                                         "electra-pairs", "mpnet-cls"};
    static const char *const params[] = {"{\"top_k\": null}", "{\"top_k\": null, \"batch_size\": 1}",
                                         "{\"top_k\": null, \"batch_size\": 7}",
                                         "{\"top_k\": null, \"batch_size\": 64}"};
    (void)state;
    for (size_t m = 0; m < sizeof models / sizeof *models; m++)
        for (size_t p = 0; p < sizeof params / sizeof *params; p++)
            check_batches_equal_singles(models[m], 40 + p, (unsigned)(m * 100 + p), params[p]);
}

/* More than one window: the reader thread takes part. */
void test_long_lists_keep_their_order(void **state) {
    (void)state;
    check_batches_equal_singles("bert-sst2", 2600, 5, "{\"top_k\": null}");
}

/* Workers change who preprocesses, and neither order nor batches: results are the same to the last bit. */
void test_workers_change_nothing(void **state) {
    (void)state;
    static const size_t counts[] = {2, 100, 1024, 2500};
    ap_pipeline *pipe = support_pipeline("bert-sst2", "{\"num_workers\": 3}");
    ap_value *one = support_json("{\"num_workers\": 1, \"top_k\": null}"),
             *many = support_json("{\"num_workers\": 4, \"top_k\": null}"),
             *own = support_json("{\"top_k\": null}");
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        ap_value *list = sentences(counts[i], (unsigned)i), *a = NULL, *b = NULL, *c = NULL;
        assert_int_equal(ap_pipeline_call(&a, pipe, list, one, NULL), AP_OK);
        assert_int_equal(ap_pipeline_call(&b, pipe, list, many, NULL), AP_OK);
        assert_int_equal(ap_pipeline_call(&c, pipe, list, own, NULL), AP_OK);
        assert_true(ap_value_equal(a, b));
        assert_true(ap_value_equal(a, c));
        ap_value_destroy(a);
        ap_value_destroy(b);
        ap_value_destroy(c);
        ap_value_destroy(list);
    }
    ap_value_destroy(own);
    ap_value_destroy(many);
    ap_value_destroy(one);
    ap_pipeline_destroy(pipe);
}

void test_padding_does_not_change_results(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("distilbert-stars", NULL);
    ap_value *plain = support_call(pipe, "\"The soup was cold.\"", NULL);
    ap_value *padded =
        support_call(pipe, "\"The soup was cold.\"",
                     "{\"padding\": \"max_length\", \"max_length\": 20, \"truncation\": true}");
    assert_true(support_difference(plain, padded) < 1e-5);
    ap_value_destroy(plain);
    ap_value_destroy(padded);
    ap_pipeline_destroy(pipe);
}

/* -- failures of single inputs ------------------------------------------------------------------------- */

void test_first_bad_input_fails_a_list_with_its_index(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap_pipeline *pipe = support_pipeline("bert-sst2", NULL);
    ap_value *in = support_json("[\"a\", \"b\", 42, \"c\", null]"), *out = NULL;
    assert_int_equal(ap_pipeline_call(&out, pipe, in, NULL, &err), AP_EINVAL);
    assert_null(out);
    assert_string_equal(err.message, "input 2: text input: expected a string, found int");
    ap_value_destroy(in);
    ap_pipeline_destroy(pipe);
}

void test_input_too_long_for_the_model_fails_alone(void **state) {
    (void)state;
    char *text = malloc(40000);
    ap_error err = AP_ERROR_INIT;
    ap_pipeline *pipe = support_pipeline("bert-sst2", NULL);
    ap_value *list = sentences(20, 3), *item = NULL, *out = NULL;
    assert_non_null(text);
    support_sentence(text, 40000, 1, 3000);
    assert_int_equal(ap_value_create_string(&item, text, AP_NUL_TERMINATED, NULL), AP_OK);
    assert_int_equal(ap_value_list_append_take(list, item, NULL), AP_OK);
    assert_int_equal(ap_pipeline_call(&out, pipe, list, NULL, &err), AP_EBACKEND);
    assert_null(out);
    assert_int_equal(strncmp(err.message, "input 20: ", 10), 0);
    assert_non_null(strstr(err.message, "64 positions; truncation=true"));
    ap_value *params = support_json("{\"truncation\": true}");
    if (ap_pipeline_call(&out, pipe, list, params, &err)) fail_msg("%s", err.message);
    assert_int_equal(ap_value_len(out), 21);
    ap_value_destroy(out);
    ap_value_destroy(params);
    ap_value_destroy(list);
    ap_pipeline_destroy(pipe);
    free(text);
}

/* -- streams ------------------------------------------------------------------------------------------- */

typedef struct feeder {
    size_t next, n, n_emitted, n_failed, stop_after;
    ap_cancel *cancel;
} feeder;

/* Every tenth input is none. */
static ap_status feed(ap_value **out, void *ctx, ap_error *err) {
    feeder *f = ctx;
    char text[1024];
    if (f->next == f->n) return AP_OK;
    size_t i = f->next++;
    if (i % 10 == 9) {
        if (err) snprintf(err->message, sizeof err->message, "line %zu", i);
        return AP_EFORMAT;
    }
    support_sentence(text, sizeof text, (unsigned)i, (unsigned)i % 20 + 1);
    return ap_value_create_string(out, text, AP_NUL_TERMINATED, err);
}

static int take(size_t index, ap_value *result, const ap_error *err, void *ctx) {
    feeder *f = ctx;
    assert_int_equal(index, f->n_emitted);
    f->n_emitted++;
    if (index % 10 == 9) {
        char expected[64];
        snprintf(expected, sizeof expected, "line %zu", index);
        assert_null(result);
        assert_int_equal(err->status, AP_EFORMAT);
        assert_string_equal(err->message, expected);
        f->n_failed++;
    } else {
        assert_non_null(result);
        assert_int_equal(err->status, AP_OK);
    }
    ap_value_destroy(result);
    if (f->cancel && f->n_emitted == 50) ap_cancel_trigger(f->cancel);
    return f->n_emitted == f->stop_after;
}

/* Creation parameters that streams are tested with: one thread that reads and preprocesses, and several. */
static const char *const crews[] = {NULL, "{\"num_workers\": 4}"};

enum { N_CREWS = 2 };

void test_stream_goes_on_after_bad_inputs(void **state) {
    (void)state;
    for (int i = 0; i < N_CREWS; i++) {
        feeder f = {.n = 3000};
        ap_pipeline *pipe = support_pipeline("bert-sst2", crews[i]);
        assert_int_equal(ap_pipeline_stream(pipe, feed, take, &f, NULL, NULL, NULL), AP_OK);
        assert_int_equal(f.n_emitted, 3000);
        assert_int_equal(f.n_failed, 300);
        ap_pipeline_destroy(pipe);
    }
}

void test_stream_of_nothing(void **state) {
    (void)state;
    for (int i = 0; i < N_CREWS; i++) {
        feeder f = {.n = 0};
        ap_pipeline *pipe = support_pipeline("bert-sst2", crews[i]);
        assert_int_equal(ap_pipeline_stream(pipe, feed, take, &f, NULL, NULL, NULL), AP_OK);
        assert_int_equal(f.n_emitted, 0);
        ap_pipeline_destroy(pipe);
    }
}

void test_stream_stops_when_asked(void **state) {
    (void)state;
    for (int i = 0; i < N_CREWS; i++) {
        feeder f = {.n = 100000, .stop_after = 100};
        ap_pipeline *pipe = support_pipeline("bert-sst2", crews[i]);
        assert_int_equal(ap_pipeline_stream(pipe, feed, take, &f, NULL, NULL, NULL), AP_OK);
        assert_int_equal(f.n_emitted, 100);
        ap_pipeline_destroy(pipe);
    }
}

void test_stream_is_cancelled(void **state) {
    (void)state;
    for (int i = 0; i < N_CREWS; i++) {
        feeder f = {.n = 100000};
        ap_call_options options = AP_CALL_OPTIONS_INIT;
        ap_pipeline *pipe = support_pipeline("bert-sst2", crews[i]);
        assert_int_equal(ap_cancel_create(&f.cancel, NULL), AP_OK);
        options.cancel = f.cancel;
        assert_int_equal(ap_pipeline_stream(pipe, feed, take, &f, NULL, &options, NULL), AP_ECANCELED);
        assert_in_range(f.n_emitted, 50, 1024);
        ap_cancel_destroy(f.cancel);
        ap_pipeline_destroy(pipe);
    }
}

static pthread_mutex_t slow_lock = PTHREAD_MUTEX_INITIALIZER; /* Guards n_emitted. */

/* A source that waits before its last input gets the answers to those before it. */
static ap_status feed_slowly(ap_value **out, void *ctx, ap_error *err) {
    feeder *f = ctx;
    const struct timespec a_while = {.tv_nsec = 5000000};
    for (int i = 0; f->next == f->n - 1 && i < 2000; i++) {
        pthread_mutex_lock(&slow_lock);
        bool is_answered = f->n_emitted == f->n - 1;
        pthread_mutex_unlock(&slow_lock);
        if (is_answered) break;
        nanosleep(&a_while, NULL);
        if (i == 1999) f->n_failed = 1;
    }
    return feed(out, ctx, err);
}

static int take_slowly(size_t index, ap_value *result, const ap_error *err, void *ctx) {
    pthread_mutex_lock(&slow_lock);
    int stop = take(index, result, err, ctx);
    pthread_mutex_unlock(&slow_lock);
    return stop;
}

void test_stream_answers_while_its_source_waits(void **state) {
    (void)state;
    for (int i = 0; i < N_CREWS; i++) {
        feeder f = {.n = 7};
        ap_pipeline *pipe = support_pipeline("bert-sst2", crews[i]);
        assert_int_equal(ap_pipeline_stream(pipe, feed_slowly, take_slowly, &f, NULL, NULL, NULL), AP_OK);
        assert_int_equal(f.n_emitted, 7);
        assert_int_equal(f.n_failed, 0);
        ap_pipeline_destroy(pipe);
    }
}

void test_cancelled_call_gives_nothing(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap_call_options options = AP_CALL_OPTIONS_INIT;
    ap_pipeline *pipe = support_pipeline("bert-sst2", NULL);
    ap_value *in = support_json("[\"a\", \"b\"]"), *out = NULL;
    assert_int_equal(ap_cancel_create(&options.cancel, NULL), AP_OK);
    ap_cancel_trigger(options.cancel);
    assert_int_equal(ap_pipeline_call_with(&out, pipe, in, NULL, &options, &err), AP_ECANCELED);
    assert_null(out);
    ap_value_destroy(in);
    ap_cancel_destroy(options.cancel);
    ap_pipeline_destroy(pipe);
}

static void count_progress(size_t n_done, size_t n_total, void *ctx) {
    size_t *last = ctx;
    assert_int_equal(n_done, *last + 1);
    assert_int_equal(n_total, 30);
    *last = n_done;
}

void test_progress_counts_to_the_end(void **state) {
    (void)state;
    size_t last = 0;
    ap_call_options options = AP_CALL_OPTIONS_INIT;
    ap_pipeline *pipe = support_pipeline("bert-sst2", NULL);
    ap_value *in = sentences(30, 8), *out = NULL;
    options.progress = count_progress;
    options.progress_ctx = &last;
    assert_int_equal(ap_pipeline_call_with(&out, pipe, in, NULL, &options, NULL), AP_OK);
    assert_int_equal(last, 30);
    ap_value_destroy(out);
    ap_value_destroy(in);
    ap_pipeline_destroy(pipe);
}

/* -- phases -------------------------------------------------------------------------------------------- */

void test_three_phases_give_what_a_call_gives(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("electra-pairs", NULL);
    const char *text = "{\"text\": \"a b\", \"text_pair\": \"c d\"}";
    ap_value *in = support_json(text), *feeds = NULL, *outputs = NULL, *result = NULL;
    ap_value *called = support_call(pipe, text, NULL);
    assert_int_equal(ap_pipeline_preprocess(&feeds, pipe, in, NULL, NULL), AP_OK);
    assert_int_equal(ap_value_len(feeds), 1);
    ap_tensor_view view;
    assert_true(ap_value_get_tensor(ap_value_dict_get(ap_value_list_get(feeds, 0), "input_ids"), &view));
    assert_int_equal(view.dtype, AP_DTYPE_I64);
    assert_int_equal(view.rank, 2);
    assert_int_equal(ap_pipeline_forward(&outputs, pipe, feeds, NULL, NULL), AP_OK);
    assert_int_equal(ap_pipeline_postprocess(&result, pipe, outputs, NULL, NULL), AP_OK);
    assert_true(support_difference(called, result) < 1e-6);
    ap_value_destroy(result);
    ap_value_destroy(outputs);
    ap_value_destroy(feeds);
    ap_value_destroy(called);
    ap_value_destroy(in);
    ap_pipeline_destroy(pipe);
}

void test_phases_refuse_what_they_cannot_take(void **state) {
    (void)state;
    static const char *const bad_feeds[] = {"42", "[42]", "[{}]", "[{\"input_ids\": [1, 2]}]"};
    static const char *const bad_outputs[] = {"42", "[42]", "[{}]", "[]", "[{\"logits\": 1}]"};
    ap_pipeline *pipe = support_pipeline("bert-sst2", NULL);
    for (size_t i = 0; i < sizeof bad_feeds / sizeof *bad_feeds; i++) {
        ap_value *in = support_json(bad_feeds[i]), *out = NULL;
        assert_int_not_equal(ap_pipeline_forward(&out, pipe, in, NULL, NULL), AP_OK);
        assert_null(out);
        ap_value_destroy(in);
    }
    for (size_t i = 0; i < sizeof bad_outputs / sizeof *bad_outputs; i++) {
        ap_value *in = support_json(bad_outputs[i]), *out = NULL;
        assert_int_not_equal(ap_pipeline_postprocess(&out, pipe, in, NULL, NULL), AP_OK);
        assert_null(out);
        ap_value_destroy(in);
    }
    ap_pipeline_destroy(pipe);
}

/* -- threads ------------------------------------------------------------------------------------------- */

typedef struct caller {
    const ap_pipeline *pipe;
    const ap_value *inputs, *expected;
    double difference;
} caller;

static void *call_often(void *arg) {
    caller *c = arg;
    for (int round = 0; round < 5; round++) {
        ap_value *out = NULL;
        double difference = 1e9;
        if (!ap_pipeline_call(&out, c->pipe, c->inputs, NULL, NULL))
            difference = support_difference(c->expected, out);
        if (difference > c->difference) c->difference = difference;
        ap_value_destroy(out);
    }
    return NULL;
}

void test_many_threads_share_a_pipeline(void **state) {
    (void)state;
    enum { N = 4 };
    pthread_t threads[N];
    caller callers[N];
    ap_pipeline *pipe = support_pipeline("bert-sst2", "{\"num_threads\": 1}");
    for (int i = 0; i < N; i++) {
        ap_value *inputs = sentences(30, (unsigned)i), *expected = NULL;
        assert_int_equal(ap_pipeline_call(&expected, pipe, inputs, NULL, NULL), AP_OK);
        callers[i] = (caller){pipe, inputs, expected, 0};
    }
    for (int i = 0; i < N; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, &callers[i]), 0);
    for (int i = 0; i < N; i++) {
        pthread_join(threads[i], NULL);
        assert_true(callers[i].difference < 1e-6);
        ap_value_destroy((ap_value *)(uintptr_t)callers[i].inputs);
        ap_value_destroy((ap_value *)(uintptr_t)callers[i].expected);
    }
    ap_pipeline_destroy(pipe);
}

/* -- threads of the process ---------------------------------------------------------------------------- */

static int count_threads(void) {
    char line[256];
    int n = 0;
    FILE *file = fopen("/proc/self/status", "re");
    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        if (strncmp(line, "Threads:", 8) == 0) n = (int)strtol(line + 8, NULL, 10);
    fclose(file);
    return n;
}

void test_pipelines_share_the_threads_of_the_process(void **state) {
    (void)state;
    enum { N_PIPES = 5 };
    ap_pipeline *pipes[N_PIPES];
    int n_threads = 0;
    for (int i = 0; i < N_PIPES; i++) {
        pipes[i] = support_pipeline("bert-sst2", NULL);
        ap_value_destroy(support_call(pipes[i], "\"Fine.\"", NULL));
        if (i == 0) n_threads = count_threads();
    }
    assert_int_equal(count_threads(), n_threads);
    /* One that asks for another number has its own. */
    ap_pipeline *own = support_pipeline("bert-sst2", "{\"num_threads\": 7}");
    ap_value_destroy(support_call(own, "\"Fine.\"", NULL));
    assert_int_equal(count_threads(), n_threads + 6);
    ap_pipeline_destroy(own);
    for (int i = 0; i < N_PIPES; i++) ap_pipeline_destroy(pipes[i]);
}

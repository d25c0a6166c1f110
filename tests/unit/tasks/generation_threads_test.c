/* Eight threads generate for a while with one pipeline for text-generation and one for text2text-generation:
 * prompts, lengths, searches and ends of all kinds meet in one decode loop, some calls are stopped by what
 * receives their pieces, and others by another thread. Whoever comes to an end has the result that he has
 * alone; who is stopped has seen a beginning of it.
 *
 * AP_TEST_SECONDS says how long, by default a few seconds; `make stress` is two minutes each under
 * ThreadSanitizer and AddressSanitizer. */
#include "unit/support/check.h"
#include "unit/support/pipelines.h"
#include "unit/support/random.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { N_THREADS = 8, DEFAULT_SECONDS = 4, MAX_JOBS = 128, MAX_TEXTS = 8, MAX_TEXT = 1024 };
enum { STRAY_PIECES = 97 }; /* Of that many pieces, one stops a call of another thread. */

int group_setup(void **state) {
    (void)state;
    support_use_build_plugins();
    return 0;
}

/* -- what is called ------------------------------------------------------------------------------------ */

typedef struct kind {
    const char *task, *model, *init;
    const char *inputs[6], *params[9];
} kind;

static const kind kinds[] = {
    {"text-generation",
     "qwen2-chat",
     "\"return_full_text\": false",
     {"\"x\"", "\"The capital of France is\"", "\"the cat and the cat and the cat sat on the mat and the\"",
      "[\"a b c d e f g\", \"Light\", \"Der Zug nach M\\u00fcnchen f\\u00e4hrt heute nicht\"]",
      "[{\"role\": \"user\", \"content\": \"Hi, who are you?\"}]"},
     {"\"do_sample\": false, \"max_new_tokens\": 12",
      "\"do_sample\": false, \"max_new_tokens\": 30, \"stop_strings\": [\"e\", \"zz\"]",
      "\"do_sample\": true, \"seed\": 3, \"max_new_tokens\": 9, \"num_return_sequences\": 2",
      "\"do_sample\": false, \"num_beams\": 3, \"max_new_tokens\": 6",
      "\"do_sample\": false, \"prompt_lookup_num_tokens\": 3, \"max_new_tokens\": 16",
      "\"do_sample\": false, \"max_new_tokens\": 25, \"eos_token_id\": [2, 300, 310, 320, 330, 340, 350]",
      "\"do_sample\": false, \"guidance_scale\": 1.5, \"max_new_tokens\": 5",
      "\"do_sample\": false, \"batch_size\": 2, \"max_new_tokens\": 4"}},
    {"text2text-generation",
     "t5-mini",
     "\"num_beams\": 1",
     {"\"No.\"", "\"Thank you for all of the good things that you have done!\"",
      "[\"translate English to German: The house is wonderful.\", \"a\", \"one two three\"]"},
     {"\"max_new_tokens\": 10", "\"num_beams\": 4, \"num_return_sequences\": 2, \"max_new_tokens\": 6",
      "\"do_sample\": true, \"seed\": 1, \"max_new_tokens\": 8",
      "\"max_new_tokens\": 20, \"stop_strings\": \"e\"", "\"max_new_tokens\": 14, \"batch_size\": 2"}}};

enum { N_KINDS = sizeof kinds / sizeof *kinds };

/* A call, and what comes of it where nothing else runs. */
typedef struct job {
    const ap_pipeline *pipe;
    const char *input_text, *params_text;
    ap_value *input, *params, *result;
    size_t n_sequences; /* Of each input. */
    size_t n_texts;
    const char *texts[MAX_TEXTS]; /* In the order of inputs and sequences. */
} job;

static void list_texts(job *j, const ap_value *value) {
    const ap_value *text =
        ap_value_kind(value) == AP_KIND_DICT ? ap_value_dict_get(value, "generated_text") : NULL;
    if (text) {
        assert_true(j->n_texts < MAX_TEXTS);
        j->texts[j->n_texts] = ap_value_get_string(text, NULL);
        assert_non_null(j->texts[j->n_texts++]);
        return;
    }
    for (size_t i = 0; i < ap_value_len(value); i++) list_texts(j, ap_value_list_get(value, i));
}

static void make_job(job *j, const ap_pipeline *pipe, const char *input, const char *params) {
    char text[512];
    snprintf(text, sizeof text, "{%s}", params);
    *j = (job){.pipe = pipe, .input_text = input, .params_text = params};
    j->input = support_json(input);
    j->params = support_json(text);
    j->result = support_call(pipe, input, text);
    j->n_sequences = ap_value_dict_get(j->params, "num_return_sequences") ? 2 : 1;
    list_texts(j, j->result);
}

static void destroy_job(job *j) {
    ap_value_destroy(j->input);
    ap_value_destroy(j->params);
    ap_value_destroy(j->result);
}

/* -- a crowd ------------------------------------------------------------------------------------------- */

/* Where a thread leaves the cancel of its call for others. */
typedef struct seat {
    pthread_mutex_t lock; /* Guards the rest; nothing is locked under it. */
    ap_cancel *cancel;    /* NULL: no call. */
    bool is_triggered;
} seat;

typedef struct crowd {
    ap_pipeline *pipes[N_KINDS];
    job jobs[MAX_JOBS];
    size_t n_jobs;
    seat seats[N_THREADS];
    struct timespec end;
    atomic_size_t n_whole, n_stopped;
    atomic_int is_failed;
    pthread_mutex_t lock; /* Guards `message`. */
    char message[1024];
} crowd;

static void fail_in_crowd(crowd *c, const job *j, const char *why) {
    pthread_mutex_lock(&c->lock);
    if (!atomic_exchange(&c->is_failed, 1))
        snprintf(c->message, sizeof c->message, "%s with %s: %s", j->input_text, j->params_text, why);
    pthread_mutex_unlock(&c->lock);
}

static void stop_call(seat *s) {
    pthread_mutex_lock(&s->lock);
    if (s->cancel) {
        s->is_triggered = true;
        ap_cancel_trigger(s->cancel);
    }
    pthread_mutex_unlock(&s->lock);
}

static void take_seat(seat *s, ap_cancel *cancel) {
    pthread_mutex_lock(&s->lock);
    s->cancel = cancel;
    s->is_triggered = false;
    pthread_mutex_unlock(&s->lock);
}

/* @return whether somebody has stopped the call */
static bool leave_seat(seat *s) {
    pthread_mutex_lock(&s->lock);
    s->cancel = NULL;
    bool is_triggered = s->is_triggered;
    pthread_mutex_unlock(&s->lock);
    return is_triggered;
}

/* -- calls --------------------------------------------------------------------------------------------- */

/* One call on its way: what its thread has, and the texts that came. */
typedef struct listener {
    crowd *crowd;
    const job *job;
    size_t i_seat;
    uint64_t *seed;
    size_t n_pieces, stops_after; /* 0: it does not stop. */
    size_t lens[MAX_TEXTS];
    char texts[MAX_TEXTS][MAX_TEXT];
    bool is_wrong;
} listener;

static void take_piece(size_t input, size_t sequence, const char *text, size_t len, void *ctx) {
    listener *l = ctx;
    size_t i = input * l->job->n_sequences + sequence;
    if (i >= l->job->n_texts || l->lens[i] + len >= MAX_TEXT) {
        l->is_wrong = true;
        return;
    }
    if (len) memcpy(l->texts[i] + l->lens[i], text, len);
    l->lens[i] += len;
    if (++l->n_pieces == l->stops_after) stop_call(&l->crowd->seats[l->i_seat]);
    if (random_below(l->seed, STRAY_PIECES) == 0)
        stop_call(&l->crowd->seats[random_below(l->seed, N_THREADS)]);
}

static bool is_beginning(const listener *l, bool is_whole) {
    for (size_t i = 0; i < l->job->n_texts; i++) {
        size_t len = strlen(l->job->texts[i]);
        if (l->lens[i] > len || (is_whole && l->lens[i] != len)) return false;
        if (memcmp(l->texts[i], l->job->texts[i], l->lens[i]) != 0) return false;
    }
    return !l->is_wrong;
}

static void judge(listener *l, ap_status status, bool is_stopped, const ap_value *result, bool has_pieces,
                  const char *message) {
    crowd *c = l->crowd;
    if (status == AP_ECANCELED && is_stopped) {
        atomic_fetch_add(&c->n_stopped, 1);
        if (!is_beginning(l, false)) fail_in_crowd(c, l->job, "pieces of a call that was stopped differ");
        return;
    }
    if (status) {
        fail_in_crowd(c, l->job, message);
        return;
    }
    atomic_fetch_add(&c->n_whole, 1);
    if (support_difference(l->job->result, result) > 1e-4)
        fail_in_crowd(c, l->job, "the result differs from that alone");
    if (has_pieces && !is_beginning(l, true)) fail_in_crowd(c, l->job, "pieces differ from the text alone");
}

static void call_job(listener *l) {
    ap_error err = AP_ERROR_INIT;
    ap_call_options options = AP_CALL_OPTIONS_INIT;
    ap_value *result = NULL;
    bool has_pieces = random_below(l->seed, 4) != 0;
    l->stops_after = random_below(l->seed, 3) ? 0 : 1 + random_below(l->seed, 12);
    if (has_pieces) options.piece = take_piece;
    options.piece_ctx = l;
    ap_status status = ap_cancel_create(&options.cancel, &err);
    if (!status) {
        take_seat(&l->crowd->seats[l->i_seat], options.cancel);
        status = ap_pipeline_call_with(&result, l->job->pipe, l->job->input, l->job->params, &options, &err);
    }
    bool is_stopped = leave_seat(&l->crowd->seats[l->i_seat]);
    judge(l, status, is_stopped, result, has_pieces, err.message);
    ap_cancel_destroy(options.cancel);
    ap_value_destroy(result);
}

static bool is_over(const struct timespec *end) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec > end->tv_sec || (now.tv_sec == end->tv_sec && now.tv_nsec >= end->tv_nsec);
}

typedef struct worker {
    pthread_t thread;
    crowd *crowd;
    size_t i;
    uint64_t seed;
} worker;

static void *work(void *arg) {
    worker *w = arg;
    crowd *c = w->crowd;
    listener *l = calloc(1, sizeof *l);
    while (l && !is_over(&c->end) && !atomic_load(&c->is_failed)) {
        *l = (listener){.crowd = c, .i_seat = w->i, .seed = &w->seed};
        l->job = &c->jobs[random_below(&w->seed, c->n_jobs)];
        call_job(l);
    }
    free(l);
    return NULL;
}

/* -- the test ------------------------------------------------------------------------------------------ */

static int seconds(void) {
    const char *text = getenv("AP_TEST_SECONDS");
    long n = text ? strtol(text, NULL, 10) : DEFAULT_SECONDS;
    return n > 0 && n < 86400 ? (int)n : DEFAULT_SECONDS;
}

static void make_jobs(crowd *c, const kind *k, ap_pipeline **pipe) {
    char init[512];
    snprintf(init, sizeof init, "{\"task\": \"%s\", \"num_threads\": 1, %s}", k->task, k->init);
    *pipe = support_pipeline(k->model, init);
    for (size_t i = 0; k->inputs[i]; i++)
        for (size_t p = 0; k->params[p]; p++) {
            assert_true(c->n_jobs < MAX_JOBS);
            make_job(&c->jobs[c->n_jobs++], *pipe, k->inputs[i], k->params[p]);
        }
}

static void run_crowd(crowd *c) {
    worker workers[N_THREADS];
    clock_gettime(CLOCK_MONOTONIC, &c->end);
    c->end.tv_sec += seconds();
    for (size_t i = 0; i < N_THREADS; i++) {
        workers[i] = (worker){.crowd = c, .i = i, .seed = 100 + i};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < N_THREADS; i++) pthread_join(workers[i].thread, NULL);
    if (atomic_load(&c->is_failed)) fail_msg("%s", c->message);
}

void test_threads_generate_together(void **state) {
    (void)state;
    crowd *c = calloc(1, sizeof *c);
    assert_non_null(c);
    pthread_mutex_init(&c->lock, NULL);
    for (size_t i = 0; i < N_THREADS; i++) pthread_mutex_init(&c->seats[i].lock, NULL);
    for (size_t i = 0; i < N_KINDS; i++) make_jobs(c, &kinds[i], &c->pipes[i]);
    run_crowd(c);
    print_message("%zu calls by %d threads to their end, %zu stopped\n", atomic_load(&c->n_whole), N_THREADS,
                  atomic_load(&c->n_stopped));
    assert_true(atomic_load(&c->n_whole) > N_THREADS && atomic_load(&c->n_stopped) > 0);
    for (size_t i = 0; i < c->n_jobs; i++) destroy_job(&c->jobs[i]);
    for (size_t i = 0; i < N_KINDS; i++) ap_pipeline_destroy(c->pipes[i]);
    for (size_t i = 0; i < N_THREADS; i++) pthread_mutex_destroy(&c->seats[i].lock);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

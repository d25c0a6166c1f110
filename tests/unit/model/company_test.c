/* Decodings of several threads in company: each gets what it gets alone. */
#include "model/company.h"

#include "model/decoder.h"
#include "unit/backend/sessions.h"
#include "unit/support/check.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { N_THREADS = 8, N_NEW = 24, N_ROUNDS = 3, MAX_PROMPT = 16 };

static ap__path cache;
static ap_error err;
static const ap__backend *backend;
static ap__decoder *decoder;

int group_setup(void **state) {
    (void)state;
    sessions_setup(&cache);
    backend = sessions_backend("ort");
    if (!backend) return 0;
    const char *folder = AP_TEST_DATA_DIR "/parity/models/llama-chat";
    const ap__file_request file = {.kind = AP_MODEL_CAUSAL_LM};
    const ap__session_options options = {.n_threads = 1, .no_cache = true};
    ap__config *config;
    assert_ok(ap__config_load(&config, folder, &err), &err);
    assert_ok(ap__decoder_open(&decoder, folder, config, backend, &file, &options, &err), &err);
    ap__config_destroy(config);
    return 0;
}

int group_teardown(void **state) {
    (void)state;
    ap__decoder_close(decoder);
    sessions_teardown(&cache);
    return 0;
}

/* One thread's generation: the most likely token each time. */
typedef struct writer {
    pthread_t thread;
    unsigned seed;
    bool swaps_rows;     /* Has two rows, and exchanges them after every token. */
    bool reads_in_pairs; /* Reads its tokens two at a time. */
    bool fails;          /* Reads a token that is not there, at last. */
    int64_t tokens[N_NEW];
    ap_status status;
} writer;

static size_t prompt_len(unsigned seed) { return 1 + (seed * 5) % MAX_PROMPT; }

static int64_t prompt_token(unsigned seed, size_t i) { return (int64_t)(5 + (seed * 101 + i * 37) % 600); }

static int64_t largest(const float *logits, size_t n) {
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (logits[i] > logits[best]) best = i;
    return (int64_t)best;
}

static ap_status begin(ap__decoding **d, float **logits, const writer *w, size_t n_rows, ap_error *error) {
    int64_t prompt[2 * MAX_PROMPT];
    size_t n = prompt_len(w->seed);
    for (size_t i = 0; i < n_rows * n; i++) prompt[i] = prompt_token(w->seed, i % n);
    ap_status status = ap__decoding_begin(d, decoder, n_rows, NULL, NULL, error);
    const ap__step step = {.tokens = prompt, .n_tokens = n, .n_logits = 1};
    return status ? status : (*d)->ops->step(*d, &step, logits, error);
}

static ap_status write_tokens(writer *w, ap_error *error) {
    static const uint32_t swapped[] = {1, 0};
    size_t n_rows = w->swaps_rows ? 2 : 1;
    ap__decoding *d = NULL;
    float *logits = NULL;
    ap_status status = begin(&d, &logits, w, n_rows, error);
    for (size_t i = 0; !status && i < N_NEW; i++) {
        int64_t next[2];
        for (size_t k = 0; k < n_rows; k++) next[k] = largest(logits + k * d->vocab_size, d->vocab_size);
        w->tokens[i] = next[n_rows - 1];
        if (w->swaps_rows) status = d->ops->select(d, swapped, 2, error);
        const ap__step step = {.tokens = next, .n_tokens = 1, .n_logits = 1};
        if (w->fails && i + 1 == N_NEW) next[0] = 1 << 20;
        if (!status) status = d->ops->step(d, &step, &logits, error);
        if (!status &&
            w->reads_in_pairs) { /* Takes the last token back, and reads it again with a wrong one. */
            const int64_t pair[] = {next[0], 9};
            const ap__step guess = {.tokens = pair, .n_tokens = 2, .n_logits = 2};
            status = d->ops->crop(d, d->n_tokens - 1, error);
            if (!status) status = d->ops->step(d, &guess, &logits, error);
            if (!status) status = d->ops->crop(d, d->n_tokens - 1, error);
        }
    }
    if (d) d->ops->end(d);
    return status;
}

static void *run_writer(void *ctx) {
    writer *w = ctx;
    ap_error error = AP_ERROR_INIT;
    w->status = write_tokens(w, &error);
    return NULL;
}

static void run_together(writer *writers, size_t n) {
    for (size_t i = 0; i < n; i++)
        assert_int_equal(0, pthread_create(&writers[i].thread, NULL, run_writer, &writers[i]));
    for (size_t i = 0; i < n; i++) pthread_join(writers[i].thread, NULL);
}

static void check_writers(writer *writers, size_t n) {
    run_together(writers, n);
    for (size_t i = 0; i < n; i++) {
        writer alone = {.seed = writers[i].seed};
        run_writer(&alone);
        assert_int_equal(AP_OK, alone.status);
        assert_int_equal(writers[i].fails ? AP_EINVAL : AP_OK, writers[i].status);
        assert_memory_equal(alone.tokens, writers[i].tokens, sizeof alone.tokens);
    }
}

static writer *make_writers(void) {
    static writer writers[N_THREADS];
    memset(writers, 0, sizeof writers);
    for (unsigned i = 0; i < N_THREADS; i++) writers[i].seed = i;
    return writers;
}

void test_one_row_each(void **state) {
    (void)state;
    if (!backend) skip();
    for (size_t round = 0; round < N_ROUNDS; round++) check_writers(make_writers(), N_THREADS);
}

void test_rows_that_are_selected(void **state) {
    (void)state;
    if (!backend) skip();
    writer *writers = make_writers();
    for (size_t i = 0; i < N_THREADS; i += 2) writers[i].swaps_rows = true;
    check_writers(writers, N_THREADS);
}

void test_guesses(void **state) {
    (void)state;
    if (!backend) skip();
    writer *writers = make_writers();
    for (size_t i = 0; i < N_THREADS; i += 3) writers[i].reads_in_pairs = true;
    check_writers(writers, N_THREADS);
}

/* A token that the model has not fails its own decoding alone. */
void test_failures(void **state) {
    (void)state;
    if (!backend) skip();
    writer *writers = make_writers();
    writers[2].fails = writers[5].fails = true;
    check_writers(writers, N_THREADS);
}

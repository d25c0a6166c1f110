/* Generation through the library's models that generate: opened, prompt read, token by token.
 *
 * Without --cache-dir there is no start-up cache. With --callers, a call is that many generations: one after
 * the other, or with --at-once on a thread each.
 */
#include "common.h"
#include "decode.h"
#include "model/decoder.h"

#include <pthread.h>
#include <string.h>

typedef struct bench {
    bench_generation g;
    ap__decoder *decoder;
    int64_t *prompt, *next, *written;
    pthread_t thread;
} bench;

typedef struct bench_callers {
    bench *bench; /* [n] */
    size_t n;
    long at_once;
} bench_callers;

static void check(ap_status status, const ap_error *err) {
    if (status) bench_die("%s [%s]", err->message, ap_status_name(status));
}

static ap__decoder *open_model(int threads) {
    ap_error err = AP_ERROR_INIT;
    const char *folder = bench_option("--model");
    const ap__backend *backend;
    ap__config *config;
    ap__decoder *decoder;
    check(ap__backend_get(&backend, bench_option("--accelerator"), &err), &err);
    check(ap__config_load(&config, folder, &err), &err);
    const ap__file_request file = {
        .kind = AP_MODEL_CAUSAL_LM, .torch_dtype = bench_option("--dtype"), .reads = bench_option("--reads")};
    const char *cache_dir = bench_option("--cache-dir");
    const ap__session_options options = {
        .n_threads = threads, .no_cache = !*cache_dir, .cache_dir = cache_dir};
    check(ap__decoder_open(&decoder, folder, config, backend, &file, &options, &err), &err);
    ap__config_destroy(config);
    return decoder;
}

static void step(ap__decoding *d, const bench *b, const int64_t *tokens, size_t n) {
    ap_error err = AP_ERROR_INIT;
    float *logits;
    const ap__step s = {.tokens = tokens, .n_tokens = n, .n_logits = 1};
    check(d->ops->step(d, &s, &logits, &err), &err);
    for (size_t i = 0; i < b->g.n_rows; i++)
        b->next[i] = bench_argmax(logits + i * d->vocab_size, d->vocab_size);
}

static void generate(void *ctx) {
    bench *b = ctx;
    ap_error err = AP_ERROR_INIT;
    ap__decoding *d;
    check(ap__decoding_begin(&d, b->decoder, b->g.n_rows, NULL, NULL, &err), &err);
    for (size_t i = 0; i < b->g.n_new; i++) {
        step(d, b, i ? b->next : b->prompt, i ? 1 : b->g.n_prompt);
        memcpy(b->written + i * b->g.n_rows, b->next, b->g.n_rows * sizeof *b->next);
    }
    d->ops->end(d);
}

static void *generate_on_thread(void *ctx) {
    generate(ctx);
    return NULL;
}

static void call_all(void *ctx) {
    const bench_callers *callers = ctx;
    for (size_t i = 0; i < callers->n; i++)
        if (!callers->at_once)
            generate(&callers->bench[i]);
        else if (pthread_create(&callers->bench[i].thread, NULL, generate_on_thread, &callers->bench[i]))
            bench_die("no thread");
    for (size_t i = 0; callers->at_once && i < callers->n; i++) pthread_join(callers->bench[i].thread, NULL);
}

static const bench_row OPTIONS[] = {
    {"--model", "FOLDER", NULL},
    {"--accelerator", "ort|ov|ipex", "ort"},
    {"--dtype", "NAME", "float32"},
    {"--reads", "onnx|xml", "onnx"},
    {"--callers", "N", "1"},
    {"--at-once", "0|1", "0"},
    {"--cache-dir", "DIR", ""},
    BENCH_GENERATION_OPTIONS,
    {NULL, NULL, NULL},
};

int main(int argc, char **argv) {
    bench_options(argc, argv, OPTIONS);
    const bench_generation g = bench_generation_options();
    bench_callers callers = {.n = (size_t)bench_option_number("--callers"),
                             .at_once = bench_option_number("--at-once")};
    callers.bench = bench_alloc(callers.n * sizeof *callers.bench);
    ap__decoder *decoder = open_model(g.threads);
    for (size_t i = 0; i < callers.n; i++) {
        bench *b = &callers.bench[i];
        *b = (bench){.g = g, .decoder = decoder, .prompt = bench_prompt(&g)};
        b->next = bench_alloc(g.n_rows * sizeof *b->next);
        b->written = bench_alloc(g.n_rows * g.n_new * sizeof *b->written);
    }
    bench_serve_generation(call_all, &callers, callers.bench[0].written, g.n_rows * g.n_new);
    ap__decoder_close(decoder);
    return 0;
}

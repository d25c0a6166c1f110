/* Generation through the library's models that generate: opened, prompt read, token by token.
 *
 *   bench_decode --model FOLDER --accelerator ort|ov|ipex [--rows N] [--prompt N] [--new N] [--threads N] */
#include "common.h"
#include "decode.h"
#include "model/decoder.h"

#include <string.h>

typedef struct bench {
    bench_generation g;
    ap__decoder *decoder;
    int64_t *prompt, *next, *written;
} bench;

static void check(ap_status status, const ap_error *err) {
    if (status) bench_die("%s [%s]", err->message, ap_status_name(status));
}

static ap__decoder *open_model(int argc, char **argv, int threads) {
    ap_error err = AP_ERROR_INIT;
    const char *folder = bench_option(argc, argv, "--model", NULL);
    const ap__backend *backend;
    ap__config *config;
    ap__decoder *decoder;
    check(ap__backend_get(&backend, bench_option(argc, argv, "--accelerator", "ort"), &err), &err);
    check(ap__config_load(&config, folder, &err), &err);
    const ap__file_request file = {.kind = AP_MODEL_CAUSAL_LM,
                                   .reads = bench_option(argc, argv, "--reads", "onnx")};
    const ap__session_options options = {.n_threads = threads, .no_cache = true};
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

int main(int argc, char **argv) {
    bench b = {.g = bench_generation_options(argc, argv)};
    b.decoder = open_model(argc, argv, b.g.threads);
    b.prompt = bench_prompt(&b.g);
    b.next = bench_alloc(b.g.n_rows * sizeof *b.next);
    b.written = bench_alloc(b.g.n_rows * b.g.n_new * sizeof *b.written);
    bench_serve_generation(generate, &b, b.written, b.g.n_rows * b.g.n_new);
    ap__decoder_close(b.decoder);
    return 0;
}

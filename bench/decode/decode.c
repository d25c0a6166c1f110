#include "decode.h"

#include "common.h"

#include <stdio.h>

bench_generation bench_generation_options(void) {
    return (bench_generation){
        .n_rows = (size_t)bench_option_number("--rows"),
        .n_prompt = (size_t)bench_option_number("--prompt"),
        .n_new = (size_t)bench_option_number("--new"),
        .threads = (int)bench_option_number("--threads"),
    };
}

int64_t *bench_prompt(const bench_generation *g) {
    int64_t *tokens = bench_alloc(g->n_rows * g->n_prompt * sizeof *tokens);
    for (size_t i = 0; i < g->n_rows * g->n_prompt; i++) tokens[i] = (int64_t)(11 + i * 37 % 20000);
    return tokens;
}

int64_t bench_argmax(const float *logits, size_t n) {
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (logits[i] > logits[best]) best = i;
    return (int64_t)best;
}

void bench_serve_generation(void (*call)(void *ctx), void *ctx, const int64_t *tokens, size_t n) {
    call(ctx);
    for (size_t i = 0; i < n; i++) fprintf(stderr, "%lld ", (long long)tokens[i]);
    fputc('\n', stderr);
    bench_serve_turns(call, ctx);
}

/* What the programs that measure generation share. A call is one generation: a prompt of --prompt tokens,
 * and then --new tokens, each the most likely one, for --rows rows at once. */
#ifndef ACCELPIPE_BENCH_DECODE_H
#define ACCELPIPE_BENCH_DECODE_H

#include <stddef.h>
#include <stdint.h>

typedef struct bench_generation {
    size_t n_rows, n_prompt, n_new;
    int threads;
} bench_generation;

/* Rows of the table of a program that generates. */
#define BENCH_GENERATION_OPTIONS                                                                             \
    {"--rows", "N", "1"}, {"--prompt", "N", "16"}, {"--new", "N", "32"}, { "--threads", "N", "1" }

/* As those options say. */
bench_generation bench_generation_options(void);

/* The tokens of the prompt, [n_rows, n_prompt]. */
int64_t *bench_prompt(const bench_generation *g);

int64_t bench_argmax(const float *logits, size_t n);

/* Prints what a generation wrote, so that two programs can be compared; then serves turns. */
void bench_serve_generation(void (*call)(void *ctx), void *ctx, const int64_t *tokens, size_t n);

#endif

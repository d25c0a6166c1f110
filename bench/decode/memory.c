/* How fast the machine's memory is read, in huge pages: what bounds models that read all their weights for a
 * token. A call reads --mb of float32 once, with --threads threads, each its part from the front to the end.
 * Prints the most GB/s of --rounds calls.
 */
#define _GNU_SOURCE /* MADV_HUGEPAGE */
#include "common.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { N_SUMS = 64, HUGE_BYTES = 2 << 20 };

typedef struct part {
    const float *from;
    size_t n;
    float sum; /* So that nothing is left out. */
    pthread_t thread;
} part;

static void *read_part(void *ctx) {
    part *p = ctx;
    float sums[N_SUMS] = {0};
    for (size_t i = 0; i + N_SUMS <= p->n; i += N_SUMS)
        for (size_t k = 0; k < N_SUMS; k++) sums[k] += p->from[i + k];
    for (size_t k = 0; k < N_SUMS; k++) p->sum += sums[k];
    return NULL;
}

static double read_all(part *parts, size_t n_parts) {
    double before = bench_wall_s();
    for (size_t i = 0; i < n_parts; i++)
        if (pthread_create(&parts[i].thread, NULL, read_part, &parts[i])) bench_die("no thread");
    for (size_t i = 0; i < n_parts; i++) pthread_join(parts[i].thread, NULL);
    return bench_wall_s() - before;
}

static const bench_row OPTIONS[] = {
    {"--mb", "N", "1024"},
    {"--threads", "N", "2"},
    {"--rounds", "N", "20"},
    {NULL, NULL, NULL},
};

int main(int argc, char **argv) {
    bench_options(argc, argv, OPTIONS);
    size_t n_bytes = (size_t)bench_option_number("--mb") << 20;
    size_t n_parts = (size_t)bench_option_number("--threads");
    long n_rounds = bench_option_number("--rounds");
    double best = 0, sum = 0;
    if (!n_parts || !n_bytes) bench_die("nothing to read");
    float *memory = aligned_alloc(HUGE_BYTES, n_bytes);
    if (!memory) bench_die("out of memory");
    madvise(memory, n_bytes, MADV_HUGEPAGE);
    memset(memory, 0, n_bytes);
    part *parts = bench_alloc(n_parts * sizeof *parts);
    size_t n_each = n_bytes / sizeof *memory / n_parts;
    for (size_t i = 0; i < n_parts; i++) parts[i] = (part){.from = memory + i * n_each, .n = n_each};
    for (long round = 0; round < n_rounds; round++) {
        double gb_s = (double)n_bytes / 1e9 / read_all(parts, n_parts);
        if (gb_s > best) best = gb_s;
    }
    for (size_t i = 0; i < n_parts; i++) sum += (double)parts[i].sum;
    printf("%.1f GB/s%s\n", best, sum == 0 ? "" : " of something else");
    free(memory);
    return 0;
}

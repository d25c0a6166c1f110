/* Inputs of floors: ready-made token ids, one sentence a line, as the batches of one pass. */
#ifndef ACCELPIPE_BENCH_FEEDS_H
#define ACCELPIPE_BENCH_FEEDS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A batch, padded to its longest sentence: ids with 0, the mask 1 over them, token types 0. Never freed. */
typedef struct bench_feed {
    size_t n_rows, n_columns;
    int64_t *ids, *mask, *types; /* [n_rows][n_columns] */
} bench_feed;

/* @return how many; `*out` is theirs. */
size_t bench_feeds_read(bench_feed **out, const char *path, size_t batch_size);

/* The elements of an input by its name; the program ends for one that is not known. */
int64_t *bench_feed_input(const bench_feed *feed, const char *name);

#ifdef __cplusplus
}
#endif

#endif

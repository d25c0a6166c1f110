/* A process that holds one pipeline and calls it when it is told to. Each accelerator that is compared has
 * one, so that they take turns without sharing threads or memory, and the peak of each is its own. */
#ifndef CLI_BENCH_WORKER_H
#define CLI_BENCH_WORKER_H

#include "bench_inputs.h"

#include <accelpipe/pipeline.h>
#include <stdbool.h>
#include <sys/types.h>

/* What is measured together: calls on so many inputs of such a length. */
typedef struct bench_cell {
    size_t n_words;    /* 0: inputs were given. */
    size_t batch_size; /* 0: as the pipeline forms batches, on BENCH_AUTO_INPUTS inputs. */
} bench_cell;

enum { BENCH_AUTO_INPUTS = 64, BENCH_MAX_CELLS = 256 };

size_t bench_cell_n_inputs(const bench_cell *cell);

/* What every worker is given. All of it is borrowed. */
typedef struct bench_plan {
    const ap_value *init, *params; /* Of the creation, but for the accelerator; of the calls. */
    const ap_value *given;         /* Inputs, a list; NULL: they are made. */
    bench_maker maker;
    const bench_cell *cells;
    size_t n_cells;
    bool is_verbose; /* Also what the library says of each call. */
} bench_plan;

/* Of one cell in one worker; all zero at the beginning. */
typedef struct bench_samples {
    uint64_t *ns; /* [n] wall time of each call; owned: free(). */
    size_t n;
    ap_timings sum; /* Of all calls; struct_size is of no interest. */
} bench_samples;

typedef struct bench_worker {
    const char *accelerator; /* NULL: the one that the library chooses. */
    char chosen[16];         /* Its name, once it is ready. */
    pid_t pid;
    int to, from;
    uint64_t load_ns;
    int64_t peak_kb;        /* Of its memory so far. */
    bench_samples *samples; /* [n_cells] */
} bench_worker;

/* Starts the process and waits until its pipeline is there.   @return also what creating the pipeline fails
 * with */
ap_status bench_worker_start(bench_worker *worker, const bench_plan *plan, ap_error *err);

/* Lets it work on a cell for a while, at least for one call; its samples are added. */
ap_status bench_worker_turn(bench_worker *worker, size_t cell, int64_t slice_ms, ap_error *err);

/* Ends the process. Also for one that never started. */
void bench_worker_stop(bench_worker *worker, const bench_plan *plan);

#endif

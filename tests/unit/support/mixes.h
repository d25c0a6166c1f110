/* Inputs of every task with the result of each alone, and lists of them in any order and size. */
#ifndef AP_TESTS_UNIT_SUPPORT_MIXES_H
#define AP_TESTS_UNIT_SUPPORT_MIXES_H

#include <accelpipe/accelpipe.h>
#include <stdbool.h>

enum { MIX_N_INPUTS = 48, MIX_MAX = 12 };

/* A task, and what it is called on. */
typedef struct mix_kind {
    const char *task, *model, *init; /* `init` is a JSON object without its braces. */
    void (*write_input)(char *out, size_t size, unsigned seed); /* One input as JSON. */
    bool has_sizes; /* A batch_size may be given: without, padding stays in the result. */
} mix_kind;

/* At least one row for every task; `task` NULL ends them. */
extern const mix_kind mix_kinds[];

/* Of one kind: its inputs, and the result of each alone. */
typedef struct mix_pool {
    const mix_kind *kind;
    ap_pipeline *pipe;
    ap_value *inputs[MIX_N_INPUTS], *results[MIX_N_INPUTS];
} mix_pool;

/* @param more added to the parameters of the creation: a JSON object without its braces, or NULL. */
void mix_pool_create(mix_pool *pool, const mix_kind *kind, const char *more);
void mix_pool_destroy(mix_pool *pool);

/* Calls the pipeline on some of the inputs in any order; fails the test unless each has its result, within
 * 1e-4. */
void mix_check(const mix_pool *pool, uint64_t *seed);

#endif

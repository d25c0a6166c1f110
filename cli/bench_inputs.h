/* Made-up inputs for measuring: ordinary words in random order, in the form that a task takes. */
#ifndef CLI_BENCH_INPUTS_H
#define CLI_BENCH_INPUTS_H

#include <accelpipe/value.h>
#include <stddef.h>
#include <stdint.h>

/* What inputs are made for. */
typedef struct bench_maker {
    const char *task;       /* Its name, not an alias. */
    const char *mask_token; /* Of the tokenizer; NULL: not known. */
    uint64_t seed;          /* Changes with each input. */
} bench_maker;

/* One input, whose longest text has from half of `n_words` words to half as many again. */
ap_status bench_input_make(ap_value **out, bench_maker *maker, size_t n_words, ap_error *err);

/* Parameters without which the task cannot be called, as a dict: the labels of zero-shot-classification.
 * NULL: there are none. */
ap_status bench_params_make(ap_value **out, const char *task, ap_error *err);

#endif

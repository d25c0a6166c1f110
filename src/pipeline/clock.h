/* What a call measures of itself, where it was asked to. A clock that is NULL measures nothing, and costs
 * nothing.
 *
 * Threading: threads of one call may count at once. */
#ifndef AP_PIPELINE_CLOCK_H
#define AP_PIPELINE_CLOCK_H

#include <accelpipe/pipeline.h>
#include <stdatomic.h>

/* One counter for each member of ap_timings, in its order. */
typedef enum ap__measure {
    AP__MEASURE_TOTAL_NS,
    AP__MEASURE_PREPROCESS_NS,
    AP__MEASURE_COLLATE_NS,
    AP__MEASURE_FORWARD_NS,
    AP__MEASURE_UNBATCH_NS,
    AP__MEASURE_POSTPROCESS_NS,
    AP__MEASURE_INPUTS,
    AP__MEASURE_FEEDS,
    AP__MEASURE_BATCHES,
    AP__MEASURE_TOKENS,
    AP__MEASURE_PADDING_TOKENS,
    AP__N_MEASURES
} ap__measure;

typedef struct ap__clock {
    atomic_uint_least64_t counts[AP__N_MEASURES];
} ap__clock;

/* Now, for ap__clock_stop(). */
uint64_t ap__clock_start(const ap__clock *clock);

/* Adds the time since then. */
void ap__clock_stop(ap__clock *clock, ap__measure what, uint64_t start);

void ap__clock_count(ap__clock *clock, ap__measure what, size_t n);

/* Everything but struct_size. */
void ap__clock_read(ap_timings *out, const ap__clock *clock);

#endif

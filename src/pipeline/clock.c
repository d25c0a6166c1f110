/* Counters of one call. */
#include "pipeline/clock.h"

#include "base/now.h"

uint64_t ap__clock_start(const ap__clock *clock) { return clock ? (uint64_t)ap__now_ns() : 0; }

static void add(ap__clock *clock, ap__measure what, uint64_t n) {
    atomic_fetch_add_explicit(&clock->counts[what], n, memory_order_relaxed);
}

void ap__clock_stop(ap__clock *clock, ap__measure what, uint64_t start) {
    if (clock) add(clock, what, (uint64_t)ap__now_ns() - start);
}

void ap__clock_count(ap__clock *clock, ap__measure what, size_t n) {
    if (clock) add(clock, what, n);
}

void ap__clock_read(ap_timings *out, const ap__clock *clock) {
    uint64_t *const members[AP__N_MEASURES] = {&out->total_ns,   &out->preprocess_ns,   &out->collate_ns,
                                               &out->forward_ns, &out->unbatch_ns,      &out->postprocess_ns,
                                               &out->n_inputs,   &out->n_feeds,         &out->n_batches,
                                               &out->n_tokens,   &out->n_padding_tokens};
    for (int i = 0; i < AP__N_MEASURES; i++) *members[i] = atomic_load(&clock->counts[i]);
}

/* Any number of inputs through the engine: the next window is read and preprocessed while this one runs. */
#ifndef AP_PIPELINE_STREAM_H
#define AP_PIPELINE_STREAM_H

#include "pipeline/engine.h"

/* Where inputs come from: fills item->owned or item->input; *end at the end. A failure belongs to the item.
 */
typedef ap_status (*ap__read_item)(ap__item *item, bool *end, void *ctx, ap_error *err);

/* Reads, runs and emits until the inputs end, `emit` stops, or the call is cancelled.
 * @param n_known how many inputs there are; SIZE_MAX: not known. What fits into one window runs on the
 * caller's thread alone, unless the call asks for workers.
 * @return AP_ECANCELED, AP_ENOMEM; failures of single inputs go to `emit`. */
ap_status ap__stream_run(const ap__call *call, ap__read_item read, void *read_ctx, size_t n_known,
                         ap__emit_item emit, void *emit_ctx, ap_error *err);

#endif

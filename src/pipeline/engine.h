/* The engine: preprocess -> batch -> forward -> unbatch -> postprocess, for any number of inputs.
 *
 * It works on windows: some inputs are preprocessed, batches are formed among all their feeds, run, and
 * results go out in the order of the inputs. Memory is bounded by the window. */
#ifndef AP_PIPELINE_ENGINE_H
#define AP_PIPELINE_ENGINE_H

#include "pipeline/clock.h"
#include "pipeline/context.h"

/* One call while it runs. */
typedef struct ap__call {
    const ap_pipeline *pipe;
    const void *opts;    /* The task's parameters, bound for this call. */
    int64_t batch_size;  /* 0: by length. */
    int64_t num_workers; /* Threads that preprocess; 0 and 1: one where it pays. */
    ap_cancel *cancel;   /* Or NULL. */
    ap_piece_fn piece;   /* Or NULL. */
    void *piece_ctx;
    ap__clock *clock; /* NULL: nothing is measured. */
} ap__call;

/* What forward_feeds() of a task may ask. */
struct ap_task_run {
    const ap__call *call;
    const size_t *indexes; /* [n] Of the input that each feed is of. */
};

/* One input on its way. */
typedef struct ap__item {
    ap_value *owned; /* The input, when the item has to free it. */
    const ap_value *input;
    size_t index;       /* Among those of the call. */
    ap_value feeds;     /* List of dicts: what preprocess() gave. */
    size_t n_tokens;    /* Of all feeds. */
    ap_value **outputs; /* [n_feeds] */
    size_t n_outputs;   /* How many have come. */
    ap_value *result;
    ap_error error; /* AP_OK, or why there is no result. */
} ap__item;

/* The feeds of one input, in item->feeds; a failure is in item->error. Nothing is done for a call that was
 * cancelled. */
void ap__item_preprocess(ap__item *item, const ap__call *call);
void ap__item_clear(ap__item *item);

/* Called with the results of a window in order; takes item->result.   @return 0 to go on. */
typedef int (*ap__emit_item)(ap__item *item, void *ctx);

/* Runs preprocessed items to their results. Items that fail carry their error; only a failure that concerns
 * all of them (AP_ENOMEM of the engine itself, AP_ECANCELED) is returned.
 * @param[out] stopped whether `emit` asked to end. */
ap_status ap__window_run(bool *stopped, const ap__call *call, ap__item *items, size_t n_items,
                         ap__emit_item emit, void *ctx, ap_error *err);

/* One batch: collates the feeds, runs the model, gives one dict of outputs for each feed.
 * @param indexes [n_feeds] of their inputs.
 * @param[out] outputs [n_feeds] owned; none on failure. */
ap_status ap__batch_run(ap_value **outputs, const ap__call *call, ap_value *const *feeds,
                        const size_t *indexes, size_t n_feeds, ap_error *err);

#endif

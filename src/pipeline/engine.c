/* Windows and batches. */
#include "pipeline/engine.h"

#include "base/alloc.h"
#include "base/cancel.h"
#include "base/error.h"
#include "pipeline/collate.h"
#include "pipeline/feeds.h"
#include "pipeline/lengths.h"
#include "pipeline/phases.h"
#include "pipeline/plan.h"
#include "tensor/convert.h"

#include <string.h>

static ap_status check_cancel(const ap__call *call, ap_error *err) {
    if (!ap__cancel_is_triggered(call->cancel)) return AP_OK;
    return ap__fail(err, AP_ECANCELED, "the call was cancelled");
}

/* -- items --------------------------------------------------------------------------------------------- */

void ap__item_preprocess(ap__item *item, const ap__call *call) {
    const ap_task_context *ctx = &call->pipe->ctx;
    ap_feeds feeds = {&item->feeds};
    if ((item->error.status = check_cancel(call, &item->error))) return;
    ap__value_set_list(&item->feeds);
    uint64_t start = ap__clock_start(call->clock);
    ap_status status = ap__phase_preprocess(&feeds, call, item->input, &item->error);
    ap__clock_stop(call->clock, AP__MEASURE_PREPROCESS_NS, start);
    size_t n_feeds = ap_value_len(&item->feeds);
    ap__clock_count(call->clock, AP__MEASURE_INPUTS, 1);
    ap__clock_count(call->clock, AP__MEASURE_FEEDS, n_feeds);
    if (!status && n_feeds && !(item->outputs = ap__calloc(n_feeds, sizeof *item->outputs)))
        status = ap__fail_nomem(&item->error);
    for (size_t i = 0; !status && i < n_feeds; i++)
        item->n_tokens += ap__feed_length(ctx, ap__list_item(&item->feeds, i));
    item->error.status = status; /* Also where the task gave a code and no message. */
}

static void clear_outputs(ap__item *item) {
    for (size_t i = 0; item->outputs && i < ap_value_len(&item->feeds); i++)
        ap_value_destroy(item->outputs[i]);
    ap__free(item->outputs);
    item->outputs = NULL;
}

void ap__item_clear(ap__item *item) {
    clear_outputs(item);
    ap__value_clear(&item->feeds);
    ap_value_destroy(item->owned);
    ap_value_destroy(item->result);
    memset(item, 0, sizeof *item);
}

static void postprocess(ap__item *item, const ap__call *call) {
    uint64_t start = ap__clock_start(call->clock);
    item->error.status =
        ap__phase_postprocess(&item->result, call, item->outputs, item->n_outputs, &item->error);
    ap__clock_stop(call->clock, AP__MEASURE_POSTPROCESS_NS, start);
    if (!item->error.status && !item->result)
        ap__fail(&item->error, AP_EBUG, "task %s gave no result", call->pipe->ctx.task->name);
    clear_outputs(item);
    ap__value_clear(&item->feeds);
}

/* -- one batch ----------------------------------------------------------------------------------------- */

/* Some feeds of a batch, which the model runs together. */
typedef struct run {
    ap_value *const *feeds;
    size_t n_feeds;
    size_t length, kept_length; /* Of the batch: to which it is padded, and what of that its outputs keep. */
} run;

/* The outputs of a run to those of its feeds. */
static ap_status unbatch(ap_value **outputs, const ap__call *call, const ap_value *batch, const run *r,
                         size_t padded_length, ap_error *err) {
    const ap_task_context *ctx = &call->pipe->ctx;
    ap_status status = AP_OK;
    for (size_t i = 0; !status && i < r->n_feeds; i++) {
        ap__batch_place place = {i, r->n_feeds, padded_length, r->kept_length};
        status = ap__uncollate(&outputs[i], ctx, batch, r->feeds[i], &place, err);
    }
    for (size_t i = 0; !status && i < r->n_feeds; i++)
        ap__uncollate_carry(outputs[i], ctx, batch, r->feeds[i]);
    return status;
}

/* What the model reads: a mask says it best, since feeds may hold padding of their own. */
static void count_tokens(const ap__call *call, const ap_value *inputs, ap_value *const *feeds,
                         size_t n_feeds) {
    const ap_task_context *ctx = &call->pipe->ctx;
    const ap__tensor *mask = ap__value_tensor(ap_value_dict_get(inputs, "attention_mask"));
    size_t n = 0, n_all = n_feeds * ap__feed_length(ctx, inputs);
    if (!call->clock) return;
    ap__clock_count(call->clock, AP__MEASURE_BATCHES, 1);
    if (mask) {
        n_all = ap__tensor_n_elements(mask);
        for (size_t i = 0; i < n_all; i++) n += ap__element_as_double(ap__tensor_get_view(mask), i) != 0;
    } else {
        for (size_t i = 0; i < n_feeds; i++) n += ap__feed_length(ctx, feeds[i]);
    }
    ap__clock_count(call->clock, AP__MEASURE_TOKENS, n);
    ap__clock_count(call->clock, AP__MEASURE_PADDING_TOKENS, n_all - n);
}

/* A task that runs batches by itself takes the feeds as they are. */
static ap_status run_feeds(ap_value **outputs, const ap__call *call, ap_value *const *feeds,
                           const size_t *indexes, size_t n_feeds, ap_error *err) {
    uint64_t start = ap__clock_start(call->clock);
    ap_status status = ap__phase_forward_feeds(outputs, call, feeds, indexes, n_feeds, err);
    ap__clock_stop(call->clock, AP__MEASURE_FORWARD_NS, start);
    if (!call->clock) return status;
    ap__clock_count(call->clock, AP__MEASURE_BATCHES, 1);
    for (size_t i = 0; i < n_feeds; i++)
        ap__clock_count(call->clock, AP__MEASURE_TOKENS, ap__feed_length(&call->pipe->ctx, feeds[i]));
    return status;
}

static ap_status run_model(ap_value **outputs, const ap__call *call, const run *r, ap_error *err) {
    const ap_task_context *ctx = &call->pipe->ctx;
    ap_value *inputs = NULL, *batch = NULL;
    uint64_t start = ap__clock_start(call->clock);
    ap_status status = ap__collate(&inputs, ctx, r->feeds, r->n_feeds, r->length, err);
    ap__clock_stop(call->clock, AP__MEASURE_COLLATE_NS, start);
    if (!status) {
        count_tokens(call, inputs, r->feeds, r->n_feeds);
        start = ap__clock_start(call->clock);
        status = ap__phase_forward(&batch, call, inputs, err);
        ap__clock_stop(call->clock, AP__MEASURE_FORWARD_NS, start);
    }
    if (!status) {
        start = ap__clock_start(call->clock);
        status = unbatch(outputs, call, batch, r, ap__feed_length(ctx, inputs), err);
        ap__clock_stop(call->clock, AP__MEASURE_UNBATCH_NS, start);
    }
    ap_value_destroy(batch);
    ap_value_destroy(inputs);
    return status;
}

/* Whether rows of a batch may run in several parts: each is what it would be alone, on a CPU whose caches
 * make that pay, and nobody's own forward() sees it. */
static bool may_split(const ap_task_context *ctx) {
    const ap_session_info *info = ap__session_get_info(ap__model_get_session(ctx->model));
    return strcmp(info->device, "cpu") == 0 && !ap__phase_has_forward(ctx) &&
           ap__model_takes_any_rows(ctx->model);
}

/* A backend that keeps memory for each shape. */
static bool wants_few_shapes(const ap_task_context *ctx) {
    return ap__session_get_info(ap__model_get_session(ctx->model))->few_lengths;
}

/* How many of the rows that are left run together; `n_runs`: what the whole batch is worth. */
static size_t count_rows(const ap_task_context *ctx, size_t n_left, size_t n_feeds, size_t n_runs) {
    if (n_feeds == 1 || !may_split(ctx)) return n_left;
    size_t n_rows = n_runs > 1 ? (n_feeds + n_runs - 1) / n_runs : n_feeds;
    if (n_rows > n_left) n_rows = n_left;
    return wants_few_shapes(ctx) ? ap__plan_run_rows(n_rows) : n_rows;
}

ap_status ap__batch_run(ap_value **outputs, const ap__call *call, ap_value *const *feeds,
                        const size_t *indexes, size_t n_feeds, ap_error *err) {
    const ap_task_context *ctx = &call->pipe->ctx;
    memset(outputs, 0, n_feeds * sizeof *outputs);
    if (ap__phase_runs_feeds(ctx)) return run_feeds(outputs, call, feeds, indexes, n_feeds, err);
    bool keeps_padding = ctx->task->flags & AP_TASK_KEEPS_PADDING && call->batch_size > 0;
    size_t longest = ap__feeds_longest(ctx, feeds, n_feeds);
    run r = {.length = ap__lengths_choose(ctx, longest, n_feeds), .kept_length = keeps_padding ? longest : 0};
    size_t n_runs = n_feeds * r.length / ap__plan_run_tokens(call->pipe->num_threads);
    ap_status status = AP_OK;
    for (size_t at = 0; !status && at < n_feeds; at += r.n_feeds) {
        r.feeds = feeds + at;
        r.n_feeds = count_rows(ctx, n_feeds - at, n_feeds, n_runs);
        if (at) status = check_cancel(call, err);
        if (!status) status = run_model(outputs + at, call, &r, err);
    }
    if (status) {
        for (size_t i = 0; i < n_feeds; i++) ap_value_destroy(outputs[i]);
        memset(outputs, 0, n_feeds * sizeof *outputs);
    }
    return status;
}

/* -- one window ---------------------------------------------------------------------------------------- */

/* A feed of a window, and whose it is. */
typedef struct feed_ref {
    ap__item *item;
    size_t i_feed;
} feed_ref;

/* The feeds of a window and their batches; all arrays have room for n_feeds. */
typedef struct window {
    const ap__call *call;
    size_t n_feeds, n_batches;
    feed_ref *refs;
    size_t *lengths, *order, *ends, *tmp;
    ap_value **feeds, **outputs; /* Of the batch that runs. */
    size_t *indexes;             /* The same. */
    void *memory;
} window;

static ap_status window_alloc(window *w, const ap__item *items, size_t n_items, ap_error *err) {
    for (size_t i = 0; i < n_items; i++)
        if (!items[i].error.status) w->n_feeds += ap_value_len(&items[i].feeds);
    size_t row = sizeof(feed_ref) + 5 * sizeof(size_t) + 2 * sizeof(ap_value *);
    char *at = w->memory = ap__calloc(w->n_feeds, row);
    if (!at) return ap__fail_nomem(err);
    w->refs = (feed_ref *)(void *)at;
    w->lengths = (size_t *)(void *)(w->refs + w->n_feeds);
    w->order = w->lengths + w->n_feeds;
    w->ends = w->order + w->n_feeds;
    w->tmp = w->ends + w->n_feeds;
    w->indexes = w->tmp + w->n_feeds;
    w->feeds = (ap_value **)(void *)(w->indexes + w->n_feeds);
    w->outputs = w->feeds + w->n_feeds;
    return AP_OK;
}

/* What may share a batch. A task that runs batches by itself gets many feeds at once: prompts take turns in
 * it. */
static void make_rule(ap__plan_rule *rule, const ap_task_context *ctx) {
    enum { GENERATED_TOGETHER = 32 };
    const ap__tokenizer_config *config = ap__context_tokenizer_config(ctx);
    const ap__decoder *decoder = ap__model_get_decoder(ctx->model);
    rule->batching = ap__model_get_batching(ctx->model);
    rule->can_pad = config && config->pad_token_id != AP__TOKEN_NONE;
    /* Half of what a run may hold: smaller batches have less padding. A backend that keeps memory for each
     * shape would keep it for more of them. */
    rule->few_shapes = !ap__phase_runs_feeds(ctx) && wants_few_shapes(ctx);
    rule->run_tokens = ap__plan_run_tokens(rule->few_shapes ? 1 : ctx->pipe->num_threads / 2);
    if (ctx->task->flags & AP_TASK_RUNS_ALONE) rule->batch_size = 1;
    if (!ap__phase_runs_feeds(ctx) || !decoder) return;
    if (rule->batching != AP__BATCHING_SINGLE)
        rule->batching = ap__decoder_takes_mask(decoder) ? AP__BATCHING_PADDED : AP__BATCHING_EQUAL;
    /* A batch that was asked for is filled up with pad tokens; without, masked places need none. */
    if (rule->batch_size > 0) return;
    rule->n_rows = GENERATED_TOGETHER;
    rule->can_pad = true;
}

static void window_plan(window *w, ap__item *items, size_t n_items) {
    const ap_task_context *ctx = &w->call->pipe->ctx;
    size_t k = 0;
    for (size_t i = 0; i < n_items; i++) {
        for (size_t f = 0; !items[i].error.status && f < ap_value_len(&items[i].feeds); f++, k++) {
            w->refs[k] = (feed_ref){&items[i], f};
            w->lengths[k] = ap__feed_length(ctx, ap__list_item(&items[i].feeds, f));
        }
    }
    ap__plan_rule rule = {.batch_size = w->call->batch_size, .batching = AP__BATCHING_SINGLE};
    if (w->n_feeds > 1) make_rule(&rule, ctx); /* Else there is nothing to look up. */
    w->n_batches = ap__plan_batches(w->order, w->ends, w->tmp, w->lengths, w->n_feeds, &rule);
}

static void give_output(window *w, size_t position, ap_value *output) {
    feed_ref *ref = &w->refs[w->order[position]];
    ref->item->outputs[ref->i_feed] = output;
    ref->item->n_outputs++;
    if (ref->item->n_outputs == ap_value_len(&ref->item->feeds) && !ref->item->error.status)
        postprocess(ref->item, w->call);
}

/* A runtime's words for a text that is too long are about axes; the reason is in config.json. */
static void explain_failure(ap_error *err, const ap_task_context *ctx, size_t length) {
    int64_t positions = ap_value_get_int(ap_value_dict_get(ctx->config->json, "max_position_embeddings"));
    if (ap__phase_runs_feeds(ctx)) return; /* It knows which positions there are. */
    if (positions <= 0 || length <= (size_t)positions) return;
    ap__error_wrap(err, err->status,
                   "the input has %zu tokens and the model %lld positions; truncation=true cuts it", length,
                   (long long)positions);
}

/* One batch; an input that fails in company is tried again alone, so that it fails alone. */
static ap_status run_range(window *w, size_t start, size_t end, ap_error *err) {
    size_t n = 0;
    for (size_t k = start; k < end; k++) {
        feed_ref *ref = &w->refs[w->order[k]];
        if (ref->item->error.status) continue; /* Another of its feeds failed. */
        w->order[start + n] = w->order[k];
        w->indexes[n] = ref->item->index;
        w->feeds[n++] = ap__list_item(&ref->item->feeds, ref->i_feed);
    }
    if (!n) return AP_OK;
    ap_error why = AP_ERROR_INIT;
    ap_status status = check_cancel(w->call, &why);
    if (!status) status = ap__batch_run(w->outputs, w->call, w->feeds, w->indexes, n, &why);
    if (status == AP_ECANCELED) {
        if (err) *err = why;
        return status;
    }
    if (!status) {
        for (size_t k = 0; k < n; k++) give_output(w, start + k, w->outputs[k]);
    } else if (n == 1) {
        why.status = status;
        explain_failure(&why, &w->call->pipe->ctx, w->lengths[w->order[start]]);
        w->refs[w->order[start]].item->error = why;
    } else if (w->call->piece) { /* Somebody has seen what was written: it cannot be written again. */
        why.status = status;
        for (size_t k = 0; k < n; k++) w->refs[w->order[start + k]].item->error = why;
    } else {
        status = AP_OK;
        for (size_t k = 0; !status && k < n; k++) status = run_range(w, start + k, start + k + 1, err);
        return status;
    }
    return AP_OK;
}

static bool is_done(const ap__item *item) {
    return item->error.status || item->result || item->n_outputs == ap_value_len(&item->feeds);
}

/* An input without any feed has a result too. */
static void finish_empty(const ap__call *call, ap__item *item) {
    if (!item->error.status && !item->result) postprocess(item, call);
}

ap_status ap__window_run(bool *stopped, const ap__call *call, ap__item *items, size_t n_items,
                         ap__emit_item emit, void *ctx, ap_error *err) {
    window w = {.call = call};
    size_t n_emitted = 0;
    *stopped = false;
    ap_status status = check_cancel(call, err);
    if (!status) status = window_alloc(&w, items, n_items, err);
    if (!status) window_plan(&w, items, n_items);
    for (size_t b = 0; !status && !*stopped && b <= w.n_batches; b++) {
        if (b < w.n_batches) status = run_range(&w, b ? w.ends[b - 1] : 0, w.ends[b], err);
        while (!status && !*stopped && n_emitted < n_items && is_done(&items[n_emitted])) {
            finish_empty(call, &items[n_emitted]);
            *stopped = emit(&items[n_emitted++], ctx) != 0;
        }
    }
    ap__free(w.memory);
    return status;
}

/* Calling a pipeline: one input, a list, a stream, or one phase. */
#include "api/init_params.h"
#include "base/alloc.h"
#include "base/cancel.h"
#include "base/error.h"
#include "pipeline/engine.h"
#include "pipeline/feeds.h"
#include "pipeline/phases.h"
#include "pipeline/stream.h"
#include "value/params.h"

#include <string.h>

/* Parameters of every call beside the task's own; creation values are in the pipeline. */
typedef struct call_opts {
    ap_opt batch_size, num_workers;
} call_opts;

static const ap_param CALL_PARAMS[] = {
    AP_PARAM(batch_size, INT, FORWARD, call_opts, 0, NULL, NULL, "Inputs per batch."),
    AP_PARAM(num_workers, INT, PREPROCESS, call_opts, 0, NULL, NULL,
             "Threads for preprocessing, at most 64; 0 and 1: one where it pays."),
    AP_PARAM_END};

static ap_status fail_unknown(const char *name, const ap_task *task, ap_error *err) {
    char hint[96];
    if (ap__params_find(ap__init_params, name))
        return ap__fail(err, AP_EINVAL, "parameter %s is one of pipeline(), and none of a call", name);
    ap__suggestion suggestion = {0};
    ap__params_suggest(&suggestion, task->params, name);
    ap__params_suggest(&suggestion, CALL_PARAMS, name);
    return ap__fail(err, AP_EINVAL, "task %s has no parameter \"%.64s\"%s", task->name, name,
                    ap__suggestion_text(&suggestion, hint, sizeof hint));
}

static ap_status bind_all(void *opts, call_opts *own, const ap_task *task, const ap_value *params,
                          ap_error *err) {
    ap_status status = AP_OK;
    if (ap_value_kind(params) != AP_KIND_DICT && ap_value_kind(params) != AP_KIND_NULL)
        return ap__fail(err, AP_ETYPE, "params: expected a dict, found %s",
                        ap_kind_name(ap_value_kind(params)));
    for (size_t i = 0; !status && i < ap_value_len(params); i++) {
        const char *name;
        bool found;
        const ap_value *value = ap_value_dict_at(params, i, &name);
        status = ap__params_bind_one(&found, task->params, opts, name, value, AP_ORIGIN_CALL, err);
        if (!status && !found)
            status = ap__params_bind_one(&found, CALL_PARAMS, own, name, value, AP_ORIGIN_CALL, err);
        if (!status && !found) status = fail_unknown(name, task, err);
    }
    return status;
}

static ap_status check_counts(const call_opts *own, ap_error *err) {
    if (ap__opt_is_set(&own->batch_size) && own->batch_size.as.integer < 1)
        return ap__fail(err, AP_EINVAL, "parameter batch_size: %lld is below 1",
                        (long long)own->batch_size.as.integer);
    if (ap__opt_is_set(&own->num_workers) && own->num_workers.as.integer < 0)
        return ap__fail(err, AP_EINVAL, "parameter num_workers: %lld is negative",
                        (long long)own->num_workers.as.integer);
    return AP_OK;
}

static void call_clear(ap__call *call) {
    void *opts = (void *)(uintptr_t)call->opts;
    ap__phase_clear_opts(call->pipe->ctx.layer, opts, call->pipe->opts);
    ap__free(opts);
}

/* Binds the parameters of one call over those of the creation.
 * @param[out] call its opts are owned: call_clear(). */
static ap_status call_begin(ap__call *call, const ap_pipeline *pipe, const ap_value *params,
                            const ap_call_options *options, ap_error *err) {
    const ap_task *task = pipe->ctx.task;
    call_opts own = {0};
    memset(call, 0, sizeof *call);
    if (options && options->struct_size != sizeof *options)
        return ap__fail(err, AP_EINVAL,
                        "ap_call_options: struct_size is %zu, this version has %zu; start from "
                        "AP_CALL_OPTIONS_INIT",
                        options->struct_size, sizeof *options);
    if (options && options->timings && options->timings->struct_size != sizeof *options->timings)
        return ap__fail(err, AP_EINVAL,
                        "ap_timings: struct_size is %zu, this version has %zu; start from AP_TIMINGS_INIT",
                        options->timings->struct_size, sizeof *options->timings);
    void *opts = ap__malloc(task->opts_size);
    if (!opts) return ap__fail_nomem(err);
    memcpy(opts, pipe->opts, task->opts_size);
    ap_status status = bind_all(opts, &own, task, params, err);
    if (!status) status = check_counts(&own, err);
    call->pipe = pipe;
    call->opts = opts;
    call->batch_size = ap__opt_integer(&own.batch_size, pipe->batch_size);
    call->num_workers = ap__opt_integer(&own.num_workers, pipe->num_workers);
    call->cancel = options ? options->cancel : NULL;
    call->piece = options ? options->piece : NULL;
    call->piece_ctx = options ? options->piece_ctx : NULL;
    if (!status) status = ap__phase_sanitize(&pipe->ctx, call, opts, err);
    if (status) call_clear(call);
    return status;
}

/* -- lists --------------------------------------------------------------------------------------------- */

typedef struct list_source {
    const ap_value *list;
    size_t next;
} list_source;

static ap_status list_read(ap__item *item, bool *end, void *ctx, ap_error *err) {
    list_source *source = ctx;
    (void)err;
    item->index = source->next;
    item->input = ap_value_list_get(source->list, source->next++);
    *end = item->input == NULL;
    return AP_OK;
}

/* Gathers results; the first failure ends the call. */
typedef struct list_sink {
    ap_value *list;
    size_t n_total;
    ap_status status;
    ap_error *err;
    const ap_call_options *options;
} list_sink;

static int list_emit(ap__item *item, void *ctx) {
    list_sink *sink = ctx;
    size_t index = ap_value_len(sink->list);
    if (item->error.status) {
        sink->status = item->error.status;
        if (sink->err) *sink->err = item->error;
        if (sink->n_total > 1) ap__error_wrap(sink->err, sink->status, "input %zu", index);
        return 1;
    }
    sink->status = ap_value_list_append_take(sink->list, item->result, sink->err);
    item->result = NULL;
    const ap_call_options *options = sink->options;
    if (!sink->status && options && options->progress)
        options->progress(index + 1, sink->n_total, options->progress_ctx);
    return sink->status != AP_OK;
}

static ap_status call_list(ap_value **out, const ap__call *call, const ap_value *inputs,
                           const ap_call_options *options, ap_error *err) {
    list_source source = {.list = inputs};
    list_sink sink = {.n_total = ap_value_len(inputs), .err = err, .options = options};
    ap_status status = ap_value_create_list(&sink.list, err);
    if (status) return status;
    status = ap__stream_run(call, list_read, &source, sink.n_total, list_emit, &sink, err);
    if (!status) status = sink.status;
    if (status)
        ap_value_destroy(sink.list);
    else
        *out = sink.list;
    return status;
}

/* -- one input ----------------------------------------------------------------------------------------- */

static int take_result(ap__item *item, void *ctx) {
    ap_value **out = ctx;
    *out = item->result;
    item->result = NULL;
    return 0;
}

static ap_status call_single(ap_value **out, const ap__call *call, const ap_value *input,
                             const ap_call_options *options, ap_error *err) {
    ap__item item = {.input = input};
    bool stopped;
    ap__item_preprocess(&item, call);
    ap_status status = ap__window_run(&stopped, call, &item, 1, take_result, out, err);
    if (!status && (status = item.error.status) && err) *err = item.error;
    ap__item_clear(&item);
    if (status) {
        ap_value_destroy(*out);
        *out = NULL;
    } else if (options && options->progress) {
        options->progress(1, 1, options->progress_ctx);
    }
    return status;
}

/* What `inputs` are for the task; *normalized owns them where they are not the caller's. */
static ap_status normalize(ap_value **normalized, const ap_value **inputs, const ap__call *call,
                           ap_error *err) {
    ap_status status = ap__phase_normalize_inputs(normalized, call, *inputs, err);
    if (*normalized) *inputs = *normalized;
    return status;
}

/* -- with options -------------------------------------------------------------------------------------- */

/* The clock of a call, when one is asked for; times from now on. */
static ap__clock *start_clock(ap__clock *clock, uint64_t *start, const ap_call_options *options) {
    if (!options || options->struct_size != sizeof *options || !options->timings) return NULL;
    *start = ap__clock_start(clock);
    return clock;
}

static void report_timings(const ap_call_options *options, ap__clock *clock, uint64_t start) {
    if (!clock || options->timings->struct_size != sizeof *options->timings) return;
    ap__clock_stop(clock, AP__MEASURE_TOTAL_NS, start);
    ap__clock_read(options->timings, clock);
}

static ap_status call_any(ap_value **out, const ap__call *call, const ap_value *inputs,
                          const ap_call_options *options, ap_error *err) {
    ap_value *normalized = NULL;
    ap_status status = normalize(&normalized, &inputs, call, err);
    if (!status && ap_value_kind(inputs) == AP_KIND_LIST)
        status = call_list(out, call, inputs, options, err);
    else if (!status)
        status = call_single(out, call, inputs, options, err);
    if (!status) status = ap__phase_shape_result(out, call, inputs, err);
    ap_value_destroy(normalized);
    return status;
}

ap_status ap_pipeline_call_with(ap_value **out, const ap_pipeline *pipe, const ap_value *inputs,
                                const ap_value *params, const ap_call_options *options, ap_error *err) {
    ap__call call;
    ap__clock clock = {0};
    uint64_t start = 0;
    if (!out || !pipe) return ap__fail(err, AP_EINVAL, "ap_pipeline_call: %s is NULL", out ? "pipe" : "out");
    *out = NULL;
    ap__clock *running = start_clock(&clock, &start, options);
    ap_status status = call_begin(&call, pipe, params, options, err);
    if (!status) {
        call.clock = running;
        status = call_any(out, &call, inputs, options, err);
        call_clear(&call);
    }
    report_timings(options, running, start);
    return status;
}

ap_status ap_pipeline_call(ap_value **out, const ap_pipeline *pipe, const ap_value *inputs,
                           const ap_value *params, ap_error *err) {
    return ap_pipeline_call_with(out, pipe, inputs, params, NULL, err);
}

/* -- streams ------------------------------------------------------------------------------------------- */

typedef struct stream_ends {
    ap_next_fn next;
    ap_emit_fn emit;
    void *ctx;
    size_t n_read, n_emitted;
    const ap_call_options *options;
} stream_ends;

static ap_status stream_read(ap__item *item, bool *end, void *ctx, ap_error *err) {
    stream_ends *ends = ctx;
    ap_status status = ends->next(&item->owned, ends->ctx, err);
    item->index = ends->n_read++;
    item->input = item->owned;
    *end = !status && !item->owned;
    return status;
}

static int stream_emit(ap__item *item, void *ctx) {
    stream_ends *ends = ctx;
    ap_value *result = item->result;
    item->result = NULL;
    int stop = ends->emit(ends->n_emitted++, result, &item->error, ends->ctx);
    const ap_call_options *options = ends->options;
    if (!stop && options && options->progress) options->progress(ends->n_emitted, 0, options->progress_ctx);
    return stop;
}

ap_status ap_pipeline_stream(const ap_pipeline *pipe, ap_next_fn next, ap_emit_fn emit, void *ctx,
                             const ap_value *params, const ap_call_options *options, ap_error *err) {
    ap__call call;
    ap__clock clock = {0};
    uint64_t start = 0;
    if (!pipe || !next || !emit)
        return ap__fail(err, AP_EINVAL, "ap_pipeline_stream: %s is NULL",
                        !pipe   ? "pipe"
                        : !next ? "next"
                                : "emit");
    ap__clock *running = start_clock(&clock, &start, options);
    ap_status status = call_begin(&call, pipe, params, options, err);
    if (!status) {
        stream_ends ends = {.next = next, .emit = emit, .ctx = ctx, .options = options};
        call.clock = running;
        status = ap__stream_run(&call, stream_read, &ends, SIZE_MAX, stream_emit, &ends, err);
        call_clear(&call);
    }
    report_timings(options, running, start);
    return status;
}

/* -- phases -------------------------------------------------------------------------------------------- */

ap_status ap_pipeline_preprocess(ap_value **out, const ap_pipeline *pipe, const ap_value *input,
                                 const ap_value *params, ap_error *err) {
    ap__call call;
    if (!out || !pipe)
        return ap__fail(err, AP_EINVAL, "ap_pipeline_preprocess: %s is NULL", out ? "pipe" : "out");
    *out = NULL;
    ap_status status = call_begin(&call, pipe, params, NULL, err);
    if (status) return status;
    if (!(status = ap_value_create_list(out, err))) {
        ap_feeds feeds = {*out};
        status = ap__phase_preprocess(&feeds, &call, input, err);
    }
    if (status) {
        ap_value_destroy(*out);
        *out = NULL;
    }
    call_clear(&call);
    return status;
}

/* The engine moves things out of feeds, so the caller's stay whole: a copy, whose tensors are shared. */
static ap_status forward_copies(ap_value *list, const ap__call *call, ap_value *feeds, ap_error *err) {
    size_t n = ap_value_len(feeds);
    ap_value **rows = ap__calloc(n, 2 * sizeof *rows + sizeof(size_t));
    if (!rows) return ap__fail_nomem(err);
    ap_value **outputs = rows + n;
    size_t *indexes = (size_t *)(void *)(outputs + n);
    for (size_t i = 0; i < n; i++) indexes[i] = i;
    ap_status status = AP_OK;
    for (size_t i = 0; i < n; i++) {
        rows[i] = ap__list_item(feeds, i);
        if (ap_value_kind(rows[i]) != AP_KIND_DICT)
            status = ap__fail(err, AP_ETYPE, "feed %zu: expected a dict, found %s", i,
                              ap_kind_name(ap_value_kind(rows[i])));
    }
    size_t n_together = call->pipe->ctx.task->flags & AP_TASK_RUNS_ALONE ? 1 : n;
    for (size_t i = 0; i < n && !status; i += n_together)
        status = ap__batch_run(outputs + i, call, rows + i, indexes + i, n_together, err);
    for (size_t i = 0; i < n; i++) {
        if (!outputs[i]) continue;
        if (status)
            ap_value_destroy(outputs[i]);
        else
            status = ap_value_list_append_take(list, outputs[i], err);
    }
    ap__free(rows);
    return status;
}

ap_status ap_pipeline_forward(ap_value **out, const ap_pipeline *pipe, const ap_value *feeds,
                              const ap_value *params, ap_error *err) {
    ap__call call;
    ap_value *copy = NULL;
    if (!out || !pipe)
        return ap__fail(err, AP_EINVAL, "ap_pipeline_forward: %s is NULL", out ? "pipe" : "out");
    *out = NULL;
    if (ap_value_kind(feeds) != AP_KIND_LIST)
        return ap__fail(err, AP_ETYPE, "feeds: expected a list of dicts, found %s",
                        ap_kind_name(ap_value_kind(feeds)));
    ap_status status = call_begin(&call, pipe, params, NULL, err);
    if (status) return status;
    status = ap_value_copy(&copy, feeds, err);
    if (!status) status = ap_value_create_list(out, err);
    if (!status) status = forward_copies(*out, &call, copy, err);
    if (status) {
        ap_value_destroy(*out);
        *out = NULL;
    }
    ap_value_destroy(copy);
    call_clear(&call);
    return status;
}

ap_status ap_pipeline_postprocess(ap_value **out, const ap_pipeline *pipe, const ap_value *model_outputs,
                                  const ap_value *params, ap_error *err) {
    ap__call call;
    if (!out || !pipe)
        return ap__fail(err, AP_EINVAL, "ap_pipeline_postprocess: %s is NULL", out ? "pipe" : "out");
    *out = NULL;
    if (ap_value_kind(model_outputs) != AP_KIND_LIST)
        return ap__fail(err, AP_ETYPE, "model outputs: expected a list of dicts, found %s",
                        ap_kind_name(ap_value_kind(model_outputs)));
    ap_status status = call_begin(&call, pipe, params, NULL, err);
    if (status) return status;
    size_t n = ap_value_len(model_outputs);
    ap_value **rows = ap__calloc(n, sizeof *rows);
    if (!rows) status = ap__fail_nomem(err);
    for (size_t i = 0; !status && i < n; i++) {
        rows[i] = ap__list_item(model_outputs, i);
        if (ap_value_kind(rows[i]) != AP_KIND_DICT)
            status = ap__fail(err, AP_ETYPE, "model output %zu: expected a dict, found %s", i,
                              ap_kind_name(ap_value_kind(rows[i])));
    }
    if (!status) status = ap__phase_postprocess(out, &call, rows, n, err);
    ap__free(rows);
    call_clear(&call);
    return status;
}

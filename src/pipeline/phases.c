/* A row that overrides another has some functions of its own; the others are looked for below it. Each is
 * called with the context of its row, so that it finds there what its author put there, whoever calls. */
#include "pipeline/phases.h"

#include "base/error.h"
#include "pipeline/collate.h"

/* From a context down, the first whose row has that function, or NULL. */
#define OWNER(found, start, function)                                                                        \
    const ap_task_context *found = (start);                                                                  \
    while (found && !found->layer->own->function) found = found->base

/* The context as a function of its row gets it. */
static ap_task_context enter(const ap_task_context *ctx, const ap__call *call) {
    ap_task_context entered = *ctx;
    entered.call = call;
    return entered;
}

static const void *part_of(const void *opts, const ap_task_context *ctx) {
    return (const char *)opts + ctx->layer->opts_offset;
}

/* Back from the part that a function was given. */
static const void *whole_of(const void *part, const ap_task_context *ctx) {
    return (const char *)part - ctx->layer->opts_offset;
}

/* -- the model ----------------------------------------------------------------------------------------- */

ap_status ap__context_run_model(ap_value **out, const ap_task_context *ctx, const ap_value *inputs,
                                ap_error *err) {
    const ap_task *task = ctx->call ? ctx->call->pipe->ctx.task : ctx->task;
    return ap__model_run(out, ctx->model, inputs, task->outputs, ap__context_get_cancel(ctx), err);
}

ap_status ap_task_context_run(const ap_task_context *ctx, ap_value **out, const ap_value *inputs,
                              ap_error *err) {
    ap_value *feed = NULL, *complete = NULL;
    if (!ctx || !out) return ap__fail(err, AP_EINVAL, "ap_task_context_run: %s is NULL", out ? "ctx" : "out");
    *out = NULL;
    if (ap_value_kind(inputs) != AP_KIND_DICT)
        return ap__fail(err, AP_ETYPE, "model inputs: expected a dict of tensors, found %s",
                        ap_kind_name(ap_value_kind(inputs)));
    ap_status status = ap_value_copy(&feed, inputs, err);
    if (!status) status = ap__collate(&complete, ctx, &feed, 1, 0, err);
    if (!status) status = ap__context_run_model(out, ctx, complete, err);
    ap_value_destroy(complete);
    ap_value_destroy(feed);
    return status;
}

/* -- at creation --------------------------------------------------------------------------------------- */

static ap_status check_model(const ap_task_context *start, ap_error *err) {
    OWNER(at, start, check_model);
    return at ? at->layer->own->check_model(at, err) : AP_OK;
}

ap_status ap__phase_check_model(const ap_task_context *ctx, ap_error *err) { return check_model(ctx, err); }

/* That of the base first: what is made of its parameters is made whatever stands above it. */
ap_status ap__phase_sanitize(const ap_task_context *ctx, const ap__call *call, void *opts, ap_error *err) {
    ap_status status = ctx->base ? ap__phase_sanitize(ctx->base, call, opts, err) : AP_OK;
    if (status || !ctx->layer->own->sanitize) return status;
    ap_task_context entered = enter(ctx, call);
    return ctx->layer->own->sanitize(&entered, (char *)opts + ctx->layer->opts_offset, err);
}

void ap__phase_clear_opts(const ap__task_layer *layer, void *opts, void *created) {
    for (; layer; layer = layer->base)
        if (layer->own->clear_opts)
            layer->own->clear_opts((char *)opts + layer->opts_offset,
                                   created ? (char *)created + layer->opts_offset : NULL);
}

/* -- of a call ----------------------------------------------------------------------------------------- */

static ap_status normalize_inputs(const ap_task_context *start, const ap__call *call, const void *opts,
                                  ap_value **out, const ap_value *inputs, ap_error *err) {
    OWNER(at, start, normalize_inputs);
    *out = NULL;
    if (!at) return AP_OK;
    ap_task_context entered = enter(at, call);
    return at->layer->own->normalize_inputs(&entered, part_of(opts, at), out, inputs, err);
}

ap_status ap__phase_normalize_inputs(ap_value **out, const ap__call *call, const ap_value *inputs,
                                     ap_error *err) {
    return normalize_inputs(&call->pipe->ctx, call, call->opts, out, inputs, err);
}

static ap_status preprocess(const ap_task_context *start, const ap__call *call, const void *opts,
                            const ap_value *input, ap_feeds *feeds, ap_error *err) {
    OWNER(at, start, preprocess);
    ap_task_context entered = enter(at, call);
    return at->layer->own->preprocess(&entered, part_of(opts, at), input, feeds, err);
}

ap_status ap__phase_preprocess(ap_feeds *feeds, const ap__call *call, const ap_value *input, ap_error *err) {
    return preprocess(&call->pipe->ctx, call, call->opts, input, feeds, err);
}

static ap_status forward(const ap_task_context *start, const ap__call *call, const void *opts, ap_value **out,
                         const ap_value *inputs, ap_error *err) {
    OWNER(at, start, forward);
    *out = NULL;
    if (at) {
        ap_task_context entered = enter(at, call);
        ap_status status = at->layer->own->forward(&entered, part_of(opts, at), out, inputs, err);
        if (status || *out) return status;
    }
    ap_task_context entered = enter(start, call);
    return ap__context_run_model(out, &entered, inputs, err);
}

ap_status ap__phase_forward(ap_value **out, const ap__call *call, const ap_value *inputs, ap_error *err) {
    return forward(&call->pipe->ctx, call, call->opts, out, inputs, err);
}

bool ap__phase_has_forward(const ap_task_context *ctx) {
    OWNER(at, ctx, forward);
    return at != NULL;
}

static const ap_task_context *feeds_owner(const ap_task_context *at) {
    while (at && !at->layer->own->forward && !at->layer->own->forward_feeds) at = at->base;
    return at && at->layer->own->forward_feeds ? at : NULL;
}

bool ap__phase_runs_feeds(const ap_task_context *ctx) { return feeds_owner(ctx) != NULL; }

ap_status ap__phase_forward_feeds(ap_value **outputs, const ap__call *call, ap_value *const *feeds,
                                  const size_t *indexes, size_t n_feeds, ap_error *err) {
    const ap_task_context *at = feeds_owner(&call->pipe->ctx);
    AP_INVARIANT(at, err);
    ap_task_context entered = enter(at, call);
    ap_task_run run = {call, indexes};
    return at->layer->own->forward_feeds(&entered, part_of(call->opts, at), outputs, feeds, n_feeds, &run,
                                         err);
}

static ap_status postprocess(const ap_task_context *start, const ap__call *call, const void *opts,
                             ap_value **out, ap_value *const *outputs, size_t n_outputs, ap_error *err) {
    OWNER(at, start, postprocess);
    *out = NULL;
    ap_task_context entered = enter(at, call);
    return at->layer->own->postprocess(&entered, part_of(opts, at), out, outputs, n_outputs, err);
}

ap_status ap__phase_postprocess(ap_value **out, const ap__call *call, ap_value *const *outputs,
                                size_t n_outputs, ap_error *err) {
    return postprocess(&call->pipe->ctx, call, call->opts, out, outputs, n_outputs, err);
}

static ap_status shape_result(const ap_task_context *start, const ap__call *call, const void *opts,
                              const ap_value *inputs, ap_value **result, ap_error *err) {
    OWNER(at, start, shape_result);
    if (!at) return AP_OK;
    ap_task_context entered = enter(at, call);
    return at->layer->own->shape_result(&entered, part_of(opts, at), inputs, result, err);
}

ap_status ap__phase_shape_result(ap_value **result, const ap__call *call, const ap_value *inputs,
                                 ap_error *err) {
    return shape_result(&call->pipe->ctx, call, call->opts, inputs, result, err);
}

/* -- from an override to its base ---------------------------------------------------------------------- */

static ap_status fail_no_base(const ap_task_context *ctx, ap_error *err) {
    return ap__fail(err, AP_EINVAL, "task %s overrides none, so it has no base to call",
                    ctx ? ctx->task->name : "(NULL)");
}

ap_status ap_task_base_check_model(const ap_task_context *ctx, ap_error *err) {
    return ctx && ctx->base ? check_model(ctx->base, err) : fail_no_base(ctx, err);
}

ap_status ap_task_base_preprocess(const ap_task_context *ctx, const void *opts, const ap_value *input,
                                  ap_feeds *feeds, ap_error *err) {
    if (!ctx || !ctx->base) return fail_no_base(ctx, err);
    return preprocess(ctx->base, ctx->call, whole_of(opts, ctx), input, feeds, err);
}

ap_status ap_task_base_forward(const ap_task_context *ctx, const void *opts, ap_value **out,
                               const ap_value *inputs, ap_error *err) {
    if (!ctx || !ctx->base) return fail_no_base(ctx, err);
    return forward(ctx->base, ctx->call, whole_of(opts, ctx), out, inputs, err);
}

ap_status ap_task_base_forward_feeds(const ap_task_context *ctx, const void *opts, ap_value **outputs,
                                     ap_value *const *feeds, size_t n, const ap_task_run *run,
                                     ap_error *err) {
    if (!ctx || !ctx->base) return fail_no_base(ctx, err);
    const ap_task_context *at = feeds_owner(ctx->base);
    if (!at) return ap__fail(err, AP_EINVAL, "task %s has no forward_feeds() to call", ctx->base->task->name);
    ap_task_context entered = enter(at, ctx->call);
    return at->layer->own->forward_feeds(&entered, part_of(whole_of(opts, ctx), at), outputs, feeds, n, run,
                                         err);
}

ap_status ap_task_base_postprocess(const ap_task_context *ctx, const void *opts, ap_value **out,
                                   ap_value *const *outputs, size_t n_outputs, ap_error *err) {
    if (!ctx || !ctx->base) return fail_no_base(ctx, err);
    return postprocess(ctx->base, ctx->call, whole_of(opts, ctx), out, outputs, n_outputs, err);
}

ap_status ap_task_base_shape_result(const ap_task_context *ctx, const void *opts, const ap_value *inputs,
                                    ap_value **result, ap_error *err) {
    if (!ctx || !ctx->base) return fail_no_base(ctx, err);
    return shape_result(ctx->base, ctx->call, whole_of(opts, ctx), inputs, result, err);
}

ap_status ap_task_base_normalize_inputs(const ap_task_context *ctx, const void *opts, ap_value **out,
                                        const ap_value *inputs, ap_error *err) {
    if (!ctx || !ctx->base) return fail_no_base(ctx, err);
    return normalize_inputs(ctx->base, ctx->call, whole_of(opts, ctx), out, inputs, err);
}

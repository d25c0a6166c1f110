/* What a task's functions may ask of their pipeline. */
#include "pipeline/context.h"

#include "base/cancel.h"
#include "pipeline/engine.h"

const ap__tokenizer_config *ap__context_tokenizer_config(const ap_task_context *ctx) {
    if (ctx->tapas) return ap__tapas_get_config(ctx->tapas);
    return ctx->tokenizer ? ap__tokenizer_get_config(ctx->tokenizer) : NULL;
}

const ap_value *ap_task_context_get_config(const ap_task_context *ctx) { return ctx->config->json; }

const ap_value *ap_task_context_get_label(const ap_task_context *ctx, size_t index) {
    return index < ctx->config->n_labels ? ctx->config->labels[index] : NULL;
}

size_t ap_task_context_get_n_labels(const ap_task_context *ctx) { return ctx->config->n_labels; }

void *ap_task_context_get_user(const ap_task_context *ctx) { return ctx->layer->own->user; }

const ap_pipeline *ap_task_context_get_pipeline(const ap_task_context *ctx) { return ctx->pipe; }

const ap_tokenizer *ap_task_context_get_tokenizer(const ap_task_context *ctx) { return ctx->lent_tokenizer; }

ap_cancel *ap__context_get_cancel(const ap_task_context *ctx) { return ctx->call ? ctx->call->cancel : NULL; }

int ap_task_context_is_cancelled(const ap_task_context *ctx) {
    return ap__cancel_is_triggered(ap__context_get_cancel(ctx));
}

/* What a task's functions may ask of their pipeline. */
#include "pipeline/context.h"

const ap__tokenizer_config *ap__context_tokenizer_config(const ap_task_context *ctx) {
    if (ctx->tapas) return ap__tapas_get_config(ctx->tapas);
    return ctx->tokenizer ? ap__tokenizer_get_config(ctx->tokenizer) : NULL;
}

const ap_value *ap_task_context_get_config(const ap_task_context *ctx) { return ctx->config->json; }

const ap_value *ap_task_context_get_label(const ap_task_context *ctx, size_t index) {
    return index < ctx->config->n_labels ? ctx->config->labels[index] : NULL;
}

size_t ap_task_context_get_n_labels(const ap_task_context *ctx) { return ctx->config->n_labels; }

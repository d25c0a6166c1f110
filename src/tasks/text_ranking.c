/* text-ranking: documents by how well they answer a query, from a model that reads both together.
 * Source: UKPLab/sentence-transformers@v5.1.0 sentence_transformers/cross_encoder/CrossEncoder.py rank; names
 * of keys as Hugging Face's services have them. transformers has no such pipeline. */
#include "base/alloc.h"
#include "base/error.h"
#include "pipeline/context.h"
#include "pipeline/feeds.h"
#include "tasks/logits.h"
#include "tasks/text_group.h"
#include "tensor/convert.h"
#include "tensor/topk.h"
#include "value/params.h"
#include "value/value.h"

#include <string.h>

typedef struct opts {
    ap_opt top_k, return_documents, function_to_apply, label;
    ap__text_group_opts texts;
    size_t label_index; /* Of the logit that ranks, or LABEL_NONE. */
} opts;

#define LABEL_NONE SIZE_MAX

static const ap_param params[] = {
    AP_PARAM(top_k, INT, POSTPROCESS, opts, AP_PARAM_NULL_OK, NULL, "null",
             "How many documents to return, best first; null: all."),
    AP_PARAM(return_documents, BOOL, POSTPROCESS, opts, 0, NULL, "false",
             "Give each document's text as well."),
    AP_PARAM(function_to_apply, CHOICE, POSTPROCESS, opts, AP_PARAM_ANY_CASE | AP_PARAM_KEY,
             ap__activation_choices, NULL,
             "Applied to the logits; absent: by problem_type and number of labels."),
    AP_PARAM(label, STRING, POSTPROCESS, opts, 0, NULL, NULL,
             "The label whose score ranks, for models of several; absent: the second of two."),
    AP_PARAM_INCLUDE(ap__text_group_params, opts, texts),
    AP_PARAM_END};

static ap_status check_model(const ap_task_context *ctx, ap_error *err) {
    return ap__logits_check(ctx, 2, "[batch_size, num_labels]", ctx->config->n_labels, err);
}

/* -- parameters ---------------------------------------------------------------------------------------- */

/* Nothing is chosen as long as nobody says which of many labels ranks. */
static ap_status find_label(size_t *out, const ap_task_context *ctx, const char *label, ap_error *err) {
    size_t n = ctx->config->n_labels;
    *out = n > 2 ? LABEL_NONE : n - (n > 0);
    if (!label) return AP_OK;
    for (*out = 0; *out < n; ++*out)
        if (ap__value_is_text(ap_task_context_get_label(ctx, *out), label)) return AP_OK;
    return ap__fail(err, AP_EKEY, "parameter label: %s: id2label has no label \"%.64s\"", ctx->config->source,
                    label);
}

static ap_status sanitize(const ap_task_context *ctx, void *bound, ap_error *err) {
    opts *o = bound;
    int64_t top_k = ap__opt_integer(&o->top_k, 0);
    if (top_k < 0) return ap__fail(err, AP_EINVAL, "parameter top_k: %lld is negative", (long long)top_k);
    ap_status status = find_label(&o->label_index, ctx, ap__opt_string(&o->label, NULL), err);
    return status ? status : ap__text_group_sanitize(&o->texts, err);
}

/* -- preprocess ---------------------------------------------------------------------------------------- */

/* A feed for each pair of query and document; it carries the document where that is wanted. */
static ap_status add_pair(ap_feeds *feeds, const ap_task_context *ctx, const opts *o, ap__text query,
                          const ap_value *document, ap_error *err) {
    ap__text_input input = {.text = query, .has_pair = true};
    ap_value *feed, *slot;
    input.pair.ptr = ap_value_get_string(document, &input.pair.len);
    ap_status status = ap__feeds_add(&feed, feeds, err);
    if (!status) status = ap__tokenize(feed, ctx->tokenizer, &input, &o->texts.tokenizer, err);
    if (status || !ap__opt_boolean(&o->return_documents, false)) return status;
    status = ap__dict_add(&slot, feed, "text", 4, err);
    return status ? status : ap__value_assign(slot, document, err);
}

static ap_status preprocess(const ap_task_context *ctx, const void *bound, const ap_value *input,
                            ap_feeds *feeds, ap_error *err) {
    ap__text_group group;
    if (((const opts *)bound)->label_index == LABEL_NONE)
        return ap__fail(err, AP_EINVAL,
                        "%s: the model has %zu labels; parameter label has to name the one that ranks",
                        ctx->config->source, ctx->config->n_labels);
    ap_status status = ap__text_group_read(&group, input, "query", "documents", err);
    for (size_t i = 0; !status && i < ap_value_len(group.list); i++)
        status = add_pair(feeds, ctx, bound, group.head, ap_value_list_get(group.list, i), err);
    return status;
}

/* -- postprocess --------------------------------------------------------------------------------------- */

static ap_status read_score(float *out, const ap_task_context *ctx, const opts *o, const ap_value *outputs,
                            ap_error *err) {
    const ap_tensor_view *logits;
    ap_status status = ap__logits_get(&logits, ctx, outputs, 2, ctx->config->n_labels, err);
    if (status) return status;
    size_t n = (size_t)logits->shape[1];
    float *scores = ap__calloc(n, sizeof *scores);
    if (!scores) return ap__fail_nomem(err);
    ap__elements_as_float(scores, logits, 0, n);
    ap__activation_apply(ap__activation_choose(ctx, &o->function_to_apply), scores, n);
    *out = scores[o->label_index < n ? o->label_index : 0];
    ap__free(scores);
    return AP_OK;
}

static ap_status set_ranked(ap_value *dict, size_t index, float score, const ap_value *outputs,
                            ap_error *err) {
    ap_value *slot;
    const ap_value *text = ap_value_dict_get(outputs, "text");
    ap__value_set_dict(dict);
    ap_status status = ap__dict_set_int(dict, "index", (int64_t)index, err);
    if (!status) status = ap__dict_add(&slot, dict, "score", 5, err);
    if (!status) ap__value_set_float(slot, (double)score);
    if (status || !text) return status;
    status = ap__dict_add(&slot, dict, "text", 4, err);
    return status ? status : ap__value_assign(slot, text, err);
}

/* @param order [n] scratch */
static ap_status list_ranked(ap_value *list, const opts *o, const float *scores, size_t *order,
                             ap_value *const *outputs, size_t n, ap_error *err) {
    ap_status status = AP_OK;
    size_t top_k = n;
    if (ap__opt_is_set(&o->top_k) && (uint64_t)o->top_k.as.integer < n) top_k = (size_t)o->top_k.as.integer;
    ap__top_k(order, top_k, scores, n);
    for (size_t i = 0; !status && i < top_k; i++) {
        ap_value *slot;
        if (!(status = ap__list_add(&slot, list, err)))
            status = set_ranked(slot, order[i], scores[order[i]], outputs[order[i]], err);
    }
    return status;
}

static ap_status postprocess(const ap_task_context *ctx, const void *bound, ap_value **out,
                             ap_value *const *outputs, size_t n_outputs, ap_error *err) {
    size_t *order = ap__calloc(n_outputs, sizeof *order + sizeof(float));
    if (!order) return ap__fail_nomem(err);
    float *scores = (float *)(void *)(order + n_outputs);
    ap_status status = ap_value_create_list(out, err);
    for (size_t i = 0; !status && i < n_outputs; i++)
        status = read_score(&scores[i], ctx, bound, outputs[i], err);
    if (!status) status = list_ranked(*out, bound, scores, order, outputs, n_outputs, err);
    ap__free(order);
    if (!status) return AP_OK;
    ap_value_destroy(*out);
    *out = NULL;
    return status;
}

const ap_task ap__task_text_ranking = {
    .abi = AP_TASK_ABI,
    .size = sizeof(ap_task),
    .name = "text-ranking",
    .aliases = "reranking",
    .doc = "Ranks documents by how well they answer a query.",
    .input = AP_INPUT_TEXT,
    .components = AP_COMPONENT_TOKENIZER,
    .model_kind = AP_MODEL_SINGLE_GRAPH,
    .architectures = "ForSequenceClassification",
    .outputs = "logits",
    .params = params,
    .opts_size = sizeof(opts),
    .check_model = check_model,
    .sanitize = sanitize,
    .preprocess = preprocess,
    .postprocess = postprocess,
};

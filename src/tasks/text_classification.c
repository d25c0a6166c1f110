/* text-classification: a text, or a pair of texts, to labels with scores.
 * Source: transformers@v4.55.4 pipelines/text_classification.py TextClassificationPipeline. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/log.h"
#include "pipeline/context.h"
#include "pipeline/feeds.h"
#include "pipeline/tokenize.h"
#include "tasks/logits.h"
#include "tensor/convert.h"
#include "tensor/math.h"
#include "value/params.h"

#include <string.h>

typedef struct opts {
    ap_opt top_k, function_to_apply, return_all_scores;
    ap__tokenizer_opts tokenizer;
} opts;

static const ap_param params[] = {
    AP_PARAM(top_k, INT, POSTPROCESS, opts, AP_PARAM_NULL_OK | AP_PARAM_LENIENT, NULL, NULL,
             "How many labels to return, best first; null: all. Absent: the best one, as a bare dict."),
    AP_PARAM(function_to_apply, CHOICE, POSTPROCESS, opts, AP_PARAM_ANY_CASE | AP_PARAM_KEY,
             ap__activation_choices, NULL,
             "Applied to the logits; absent: by problem_type and number of labels."),
    AP_PARAM(return_all_scores, BOOL, POSTPROCESS, opts, 0, NULL, "false",
             "Deprecated: top_k=null in the order of the labels."),
    AP_PARAM_INCLUDE(ap__tokenizer_params, opts, tokenizer), AP_PARAM_END};

/* -- creation ------------------------------------------------------------------------------------------ */

static ap_status check_model(const ap_task_context *ctx, ap_error *err) {
    return ap__logits_check(ctx, 2, "[batch_size, num_labels]", ctx->config->n_labels, err);
}

/* -- parameters ---------------------------------------------------------------------------------------- */

/* return_all_scores counts only where the same call (or the creation) does not give top_k. It leaves the old
 * form of the result on: labels in their own order. */
static ap_status sanitize(const ap_task_context *ctx, void *bound, ap_error *err) {
    opts *o = bound;
    (void)err;
    const ap_value *in_config = ap_value_dict_get(ctx->config->json, "return_all_scores");
    if (o->return_all_scores.origin == AP_ORIGIN_ABSENT && ap_value_kind(in_config) == AP_KIND_BOOL) {
        o->return_all_scores.origin = AP_ORIGIN_CALL; /* The reference reads it anew for every call. */
        o->return_all_scores.as.boolean = ap_value_get_bool(in_config);
    }
    if (o->return_all_scores.origin && o->top_k.origin < o->return_all_scores.origin)
        ap__log(AP_LOG_WARNING,
                "text-classification: return_all_scores is deprecated: use top_k=null or top_k=1");
    return AP_OK;
}

/* What the reference's top_k and _legacy come to after merging creation and call. */
typedef struct shape {
    bool is_legacy; /* The old form: no sorting; a bare dict for one label. */
    bool is_all;    /* top_k=None */
    int64_t top_k;
} shape;

static shape result_shape(const opts *o) {
    shape s = {.is_legacy = true, .top_k = 1};
    for (ap_origin origin = AP_ORIGIN_INIT; origin <= AP_ORIGIN_CALL; origin++) {
        if (o->top_k.origin == origin) {
            s = (shape){false, o->top_k.is_null != 0, o->top_k.as.integer};
        } else if (o->return_all_scores.origin == origin) {
            s.is_all = o->return_all_scores.as.boolean;
            s.top_k = 1;
        }
    }
    return s;
}

/* -- preprocess ---------------------------------------------------------------------------------------- */

static bool is_old_pair(const ap_value *input) {
    const ap_value *inner = ap_value_list_get(input, 0);
    return ap_value_kind(input) == AP_KIND_LIST && ap_value_len(input) == 1 &&
           ap_value_kind(inner) == AP_KIND_LIST && ap_value_len(inner) == 2;
}

static ap_status set_pair(ap__text_input *out, const ap_value *value, const char *what, ap_error *err) {
    if (ap_value_kind(value) == AP_KIND_NULL) return AP_OK;
    out->has_pair = true;
    return ap__text_of_value(&out->pair, value, what, err);
}

/* {"text": ..., "text_pair": ...}: the entries are the tokenizer's own parameters. */
static ap_status read_dict(ap__text_input *out, ap__tokenizer_opts *o, const ap_value *input, ap_error *err) {
    ap_status status = AP_OK;
    for (size_t i = 0; !status && i < ap_value_len(input); i++) {
        const char *key;
        bool found = true;
        const ap_value *value = ap_value_dict_at(input, i, &key);
        if (strcmp(key, "text") == 0)
            status = ap__text_of_value(&out->text, value, "text input \"text\"", err);
        else if (strcmp(key, "text_pair") == 0)
            status = set_pair(out, value, "text input \"text_pair\"", err);
        else
            status = ap__params_bind_one(&found, ap__tokenizer_params, o, key, value, AP_ORIGIN_CALL, err);
        if (!status && !found)
            status = ap__fail(err, AP_EINVAL,
                              "text input: \"%.64s\" is not one of text, text_pair and the "
                              "tokenizer's parameters",
                              key);
    }
    if (!status && !out->text.ptr)
        status = ap__fail(err, AP_EINVAL,
                          "text input: the dict has no \"text\"; give {\"text\": ..., \"text_pair\": ...}");
    return status;
}

static ap_status read_input(ap__text_input *out, ap__tokenizer_opts *o, const ap_value *input,
                            ap_error *err) {
    ap_status status;
    if (is_old_pair(input)) {
        const ap_value *pair = ap_value_list_get(input, 0);
        status = ap__text_of_value(&out->text, ap_value_list_get(pair, 0), "text input", err);
        return status ? status : set_pair(out, ap_value_list_get(pair, 1), "text input", err);
    }
    switch (ap_value_kind(input)) {
    case AP_KIND_DICT:
        return read_dict(out, o, input, err);
    case AP_KIND_LIST:
        return ap__fail(err, AP_EINVAL,
                        "text input: found a list in a list; a pair of texts is a dict "
                        "{\"text\": ..., \"text_pair\": ...}");
    default:
        return ap__text_of_value(&out->text, input, "text input", err);
    }
}

static ap_status preprocess(const ap_task_context *ctx, const void *bound, const ap_value *input,
                            ap_feeds *feeds, ap_error *err) {
    ap__tokenizer_opts tokenizer = ((const opts *)bound)->tokenizer;
    ap__text_input text = {0};
    ap_value *feed;
    ap_status status = read_input(&text, &tokenizer, input, err);
    if (!status && ap__opt_is_set(&tokenizer.text_pair) && !text.has_pair) {
        text.pair = (ap__text){tokenizer.text_pair.as.string, strlen(tokenizer.text_pair.as.string)};
        text.has_pair = true;
    }
    if (!status) status = ap__feeds_add(&feed, feeds, err);
    if (!status) status = ap__tokenize(feed, ctx->tokenizer, &text, &tokenizer, err);
    return status;
}

/* -- postprocess --------------------------------------------------------------------------------------- */

static ap_status set_label_score(ap_value *dict, const ap_task_context *ctx, size_t index, float score,
                                 ap_error *err) {
    ap_value *slot;
    const ap_value *label = ap_task_context_get_label(ctx, index);
    ap__value_set_dict(dict);
    if (!label) return ap__fail(err, AP_EKEY, "%s: id2label has no label %zu", ctx->config->source, index);
    ap_status status = ap__dict_add(&slot, dict, "label", 5, err);
    if (!status) status = ap__value_assign(slot, label, err);
    if (!status) status = ap__dict_add(&slot, dict, "score", 5, err);
    if (!status) ap__value_set_float(slot, (double)score);
    return status;
}

/* Python's list[:top_k]. */
static size_t slice_end(const shape *s, size_t n) {
    if (s->is_all || s->top_k >= (int64_t)n) return n;
    if (s->top_k >= 0) return (size_t)s->top_k;
    return s->top_k < -(int64_t)n ? 0 : n - (size_t)-s->top_k;
}

static ap_status list_scores(ap_value *out, const ap_task_context *ctx, const shape *s, const float *scores,
                             const size_t *order, size_t n, ap_error *err) {
    ap_status status = AP_OK;
    size_t end = s->is_legacy ? n : slice_end(s, n);
    ap__value_set_list(out);
    for (size_t i = 0; !status && i < end; i++) {
        ap_value *slot;
        if (!(status = ap__list_add(&slot, out, err)))
            status = set_label_score(slot, ctx, order[i], scores[order[i]], err);
    }
    return status;
}

/* `scores` holds the logits; `order` has room for 2 * n. */
static ap_status make_result(ap_value *out, const ap_task_context *ctx, const opts *o, float *scores,
                             size_t *order, size_t n, ap_error *err) {
    shape s = result_shape(o);
    ap__activation_apply(ap__activation_choose(ctx, &o->function_to_apply), scores, n);
    if (s.is_legacy && !s.is_all) {
        size_t best = ap__argmax(scores, n);
        return set_label_score(out, ctx, best, scores[best], err);
    }
    if (s.is_legacy)
        for (size_t i = 0; i < n; i++) order[i] = i;
    else
        ap__argsort_descending(order, order + n, scores, n);
    return list_scores(out, ctx, &s, scores, order, n, err);
}

static ap_status postprocess(const ap_task_context *ctx, const void *bound, ap_value **out,
                             ap_value *const *outputs, size_t n_outputs, ap_error *err) {
    const ap_tensor_view *view;
    *out = NULL;
    ap_status status =
        ap__logits_get(&view, ctx, n_outputs ? outputs[0] : NULL, 2, ctx->config->n_labels, err);
    if (status) return status;
    size_t n = (size_t)view->shape[1];
    size_t *order = ap__calloc(n, 2 * sizeof *order + sizeof(float));
    if (!order) return ap__fail_nomem(err);
    float *scores = (float *)(void *)(order + 2 * n);
    ap__elements_as_float(scores, view, 0, n);
    if (!(status = ap_value_create_null(out, err)) &&
        (status = make_result(*out, ctx, bound, scores, order, n, err))) {
        ap_value_destroy(*out);
        *out = NULL;
    }
    ap__free(order);
    return status;
}

/* "This pipeline is odd": one string without top_k gives its dict in a list. */
static ap_status shape_result(const ap_task_context *ctx, const void *bound, const ap_value *inputs,
                              ap_value **result, ap_error *err) {
    const opts *o = bound;
    ap_value *list = NULL;
    (void)ctx;
    if (ap_value_kind(inputs) != AP_KIND_STRING || o->top_k.origin == AP_ORIGIN_CALL) return AP_OK;
    ap_status status = ap_value_create_list(&list, err);
    if (!status) {
        status = ap_value_list_append_take(list, *result, err);
        *result = NULL;
    }
    if (status) {
        ap_value_destroy(*result);
        ap_value_destroy(list);
        list = NULL;
    }
    *result = list;
    return status;
}

const ap_task ap__task_text_classification = {
    .abi = AP_TASK_ABI,
    .size = sizeof(ap_task),
    .name = "text-classification",
    .aliases = "sentiment-analysis",
    .doc = "Assigns labels with scores to a text or a pair of texts.",
    .input = AP_INPUT_TEXT,
    .components = AP_COMPONENT_TOKENIZER,
    .model_kind = AP_MODEL_SINGLE_GRAPH,
    .default_model = "minilm-sst2",
    .architectures = "ForSequenceClassification",
    .outputs = "logits",
    .params = params,
    .opts_size = sizeof(opts),
    .check_model = check_model,
    .sanitize = sanitize,
    .preprocess = preprocess,
    .postprocess = postprocess,
    .shape_result = shape_result,
};

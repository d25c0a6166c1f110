/* zero-shot-classification: a text and labels that the call names, by way of a model that tells whether one
 * text follows from another: "This example is LABEL." for each of the labels. Source: transformers@v4.55.4
 * pipelines/zero_shot_classification.py ZeroShotClassificationPipeline. */
#include "base/alloc.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "pipeline/context.h"
#include "pipeline/feeds.h"
#include "pipeline/tokenize.h"
#include "tasks/logits.h"
#include "tensor/convert.h"
#include "tensor/math.h"
#include "tokenizer/python_text.h"
#include "value/params.h"
#include "value/str_format.h"

#include <math.h>
#include <string.h>

typedef struct opts {
    ap_opt sequences, candidate_labels, hypothesis_template, multi_label, multi_class;
} opts;

static const ap_param params[] = {
    AP_PARAM(sequences, VALUE, INPUT, opts, AP_PARAM_NULL_OK, NULL, NULL,
             "A text, or a list of them, in place of inputs."),
    AP_PARAM(candidate_labels, VALUE, PREPROCESS, opts, AP_PARAM_NULL_OK, NULL, NULL,
             "The labels: a list, or text with commas between them."),
    AP_PARAM(hypothesis_template, STRING, PREPROCESS, opts, AP_PARAM_NULL_OK, NULL, "\"This example is {}.\"",
             "What is asked of the text; the label stands for {}."),
    AP_PARAM(multi_label, BOOL, POSTPROCESS, opts, AP_PARAM_NULL_OK, NULL, "false",
             "Score each label by itself; else the scores of all labels sum to 1."),
    AP_PARAM(multi_class, BOOL, POSTPROCESS, opts, 0, NULL, NULL, "Deprecated: multi_label."),
    AP_PARAM_END};

/* -- the entailment label ------------------------------------------------------------------------------ */

static bool begins_with_entail(const char *label) { return ap__ascii_begins_any_case(label, "entail"); }

/* The first label that begins with "entail", in the order of label2id; -1, as in the reference, without one.
 * Labels are looked up in label2id only where id2label is there too; else they are LABEL_0, ... */
static ap_status find_entailment(int64_t *out, const ap_task_context *ctx, ap_error *err) {
    const ap_value *labels = ap_value_dict_get(ctx->config->json, "label2id");
    *out = -1;
    if (ap_value_kind(ap_value_dict_get(ctx->config->json, "id2label")) != AP_KIND_DICT) return AP_OK;
    if (ap_value_kind(labels) != AP_KIND_DICT)
        return ap__fail(err, AP_EINVAL, "%s: label2id: expected a dict of labels to ids, found %s",
                        ctx->config->source, ap_kind_name(ap_value_kind(labels)));
    for (size_t i = 0; i < ap_value_len(labels); i++) {
        const char *label;
        const ap_value *id = ap_value_dict_at(labels, i, &label);
        if (!begins_with_entail(label)) continue;
        if (ap_value_kind(id) != AP_KIND_INT)
            return ap__fail(err, AP_EINVAL, "%s: label2id: \"%.64s\": expected an int, found %s",
                            ctx->config->source, label, ap_kind_name(ap_value_kind(id)));
        *out = ap_value_get_int(id);
        return AP_OK;
    }
    return AP_OK;
}

/* A column of the logits as in numpy: from the end when negative. */
static ap_status get_column(size_t *out, int64_t id, int64_t n_columns, ap_error *err) {
    if (id < -n_columns || id >= n_columns)
        return ap__fail(err, AP_EINVAL,
                        "the entailment label has the id %lld, but the logits have %lld columns",
                        (long long)id, (long long)n_columns);
    *out = (size_t)(id < 0 ? id + n_columns : id);
    return AP_OK;
}

/* The label has a column, where the graph tells how many there are. */
static ap_status check_column(const ap_task_context *ctx, int64_t id, ap_error *err) {
    size_t column;
    const ap__session *session = ap__model_get_session(ctx->model);
    const ap_io *logits = ap__session_find_output(session, "logits");
    if (!logits) logits = &ap__session_get_info(session)->outputs[0];
    int64_t n = logits->rank == 2 ? logits->shape[1] : -1;
    return n > 0 ? get_column(&column, id, n, err) : AP_OK;
}

static ap_status check_model(const ap_task_context *ctx, ap_error *err) {
    int64_t id;
    ap_status status = ap__logits_check(ctx, 2, "[batch_size, num_labels]", 0, err);
    if (!status) status = find_entailment(&id, ctx, err);
    if (!status) status = check_column(ctx, id, err);
    if (!status && id == -1)
        ap__log(
            AP_LOG_WARNING,
            "zero-shot-classification: %s: no label of label2id begins with \"entail\"; the last column of "
            "the logits is taken for it",
            ctx->config->source);
    if (!status && ap__tokenizer_get_config(ctx->tokenizer)->pad_token_id == AP__TOKEN_NONE)
        ap__log(AP_LOG_WARNING,
                "zero-shot-classification: the tokenizer has no pad token; texts of different "
                "lengths run one by one");
    return status;
}

/* -- parameters ---------------------------------------------------------------------------------------- */

static ap_status sanitize(const ap_task_context *ctx, void *bound, ap_error *err) {
    opts *o = bound;
    (void)ctx, (void)err;
    if (!ap__opt_is_set(&o->multi_class)) return AP_OK;
    ap__log(AP_LOG_WARNING, "zero-shot-classification: multi_class is deprecated: use multi_label");
    if (o->multi_class.origin >= o->multi_label.origin) o->multi_label = o->multi_class;
    o->multi_class = (ap_opt){0}; /* Of the creation: said once. */
    return AP_OK;
}

/* The inputs are positional or named; there have to be some. */
static ap_status normalize_inputs(const ap_task_context *ctx, const void *bound, ap_value **out,
                                  const ap_value *inputs, ap_error *err) {
    const opts *o = bound;
    (void)ctx;
    bool is_named = o->sequences.origin == AP_ORIGIN_CALL;
    if (inputs && is_named)
        return ap__fail(err, AP_ETYPE,
                        "zero-shot-classification: inputs and sequences are both given; give one of them");
    if (inputs) return AP_OK;
    if (!is_named) return ap__fail(err, AP_ETYPE, "zero-shot-classification: no sequences are given");
    return o->sequences.is_null ? ap_value_create_null(out, err)
                                : ap_value_copy(out, o->sequences.as.value, err);
}

/* -- labels -------------------------------------------------------------------------------------------- */

/* Appends the parts of "a, b" without the blanks around them; empty ones are none. */
static ap_status split_labels(ap_value *list, const char *text, size_t len, ap_error *err) {
    ap_status status = AP_OK;
    for (size_t start = 0; start <= len && !status;) {
        const char *comma = start < len ? memchr(text + start, ',', len - start) : NULL;
        size_t end = comma ? (size_t)(comma - text) : len;
        ap__text part = ap__py_strip((ap__text){text + start, end - start});
        if (part.len) status = ap__list_add_text(list, part.ptr, part.len, err);
        start = end + 1;
    }
    return status;
}

/* The labels as a list: `split` (owned by the caller, holding nothing) where they come as text. */
static ap_status get_labels(const ap_value **out, ap_value *split, const opts *o, ap_error *err) {
    const ap_value *given = ap__opt_is_set(&o->candidate_labels) ? o->candidate_labels.as.value : NULL;
    size_t len;
    const char *text = ap_value_get_string(given, &len);
    *out = text ? split : given;
    if (text) {
        ap__value_set_list(split);
        ap_status status = split_labels(split, text, len, err);
        if (status) return status;
    }
    if (ap_value_kind(*out) != AP_KIND_LIST)
        return ap__fail(err, AP_ETYPE, "parameter candidate_labels: expected a list or text, found %s",
                        ap_kind_name(ap_value_kind(given)));
    if (ap_value_len(*out)) return AP_OK;
    return ap__fail(err, AP_EINVAL,
                    "there has to be at least one label and at least one sequence; "
                    "candidate_labels is empty");
}

/* -- preprocess ---------------------------------------------------------------------------------------- */

/* Of a list of texts the first counts, as in the reference. */
static ap_status get_sequence(ap__text *out, const ap_value *input, ap_error *err) {
    ap_kind kind = ap_value_kind(input);
    if (kind != AP_KIND_STRING && kind != AP_KIND_LIST)
        return ap__fail(err, AP_ETYPE, "sequence: expected a string, found %s", ap_kind_name(kind));
    const ap_value *first = kind == AP_KIND_LIST ? ap_value_list_get(input, 0) : input;
    bool is_empty = kind == AP_KIND_LIST && !first;
    ap_status status = is_empty ? AP_OK : ap__text_of_value(out, first, "sequence", err);
    if (status || (!is_empty && (out->len || kind == AP_KIND_LIST))) return status;
    return ap__fail(err, AP_EINVAL,
                    "there has to be at least one label and at least one sequence; the sequence is empty");
}

/* The template has to say something else once a label is in it. */
static ap_status check_template(ap__buf *hypothesis, ap__text format, const ap_value *label, ap_error *err) {
    ap_status status = ap__str_format(hypothesis, format.ptr, format.len, label, err);
    if (status) return ap__error_wrap(err, status, "parameter hypothesis_template");
    if (hypothesis->len != format.len || memcmp(ap__buf_text(hypothesis), format.ptr, format.len) != 0)
        return AP_OK;
    return ap__fail(
        err, AP_EINVAL,
        "parameter hypothesis_template: \"%.128s\" stays the same with a label in it; write {} where "
        "the label should go",
        format.ptr);
}

/* Only the premise is cut. One that is too short for that is left whole. */
static ap_status tokenize_pair(ap_value *feed, const ap_task_context *ctx, const ap__text_input *pair,
                               ap_error *err) {
    ap__tokenizer_opts o = {0};
    o.truncation = (ap_opt){.origin = AP_ORIGIN_CALL, .as.integer = AP__TRUNCATION_ONLY_FIRST};
    ap_status status = ap__tokenize(feed, ctx->tokenizer, pair, &o, err);
    if (status != AP_EINVAL) return status;
    ap__error_clear(err);
    o.truncation.as.integer = AP__TRUNCATION_OFF;
    return ap__tokenize(feed, ctx->tokenizer, pair, &o, err);
}

/* A feed holds its label; the first one also the sequence, which is the same for all. */
static ap_status carry(ap_value *feed, const ap_value *label, const ap__text *sequence, ap_error *err) {
    ap_value *slot;
    ap_status status = ap__dict_add(&slot, feed, "candidate_label", 15, err);
    if (!status) status = ap__value_assign(slot, label, err);
    if (status || !sequence) return status;
    status = ap__dict_add(&slot, feed, "sequence", 8, err);
    return status ? status : ap__value_set_string(slot, sequence->ptr, sequence->len, err);
}

static ap_status add_feed(const ap_task_context *ctx, const ap__text *sequence, const ap_value *label,
                          ap__buf *hypothesis, ap_feeds *feeds, ap_error *err) {
    ap_value *feed;
    ap__text_input pair = {*sequence, {ap__buf_text(hypothesis), hypothesis->len}, true};
    bool is_first = ap_value_len(feeds->list) == 0;
    ap_status status = ap__feeds_add(&feed, feeds, err);
    if (!status) status = tokenize_pair(feed, ctx, &pair, err);
    return status ? status : carry(feed, label, is_first ? sequence : NULL, err);
}

static ap__text get_template(const opts *o) {
    const char *text = ap__opt_string(&o->hypothesis_template, "This example is {}.");
    return (ap__text){text, strlen(text)};
}

static ap_status add_feeds(const ap_task_context *ctx, const opts *o, const ap_value *labels,
                           const ap__text *sequence, ap_feeds *feeds, ap_error *err) {
    ap__text format = get_template(o);
    ap__buf hypothesis = {0};
    ap_status status = check_template(&hypothesis, format, ap_value_list_get(labels, 0), err);
    for (size_t i = 0; i < ap_value_len(labels) && !status; i++) {
        const ap_value *label = ap_value_list_get(labels, i);
        ap__buf_reset(&hypothesis);
        status = ap__str_format(&hypothesis, format.ptr, format.len, label, err);
        if (status)
            ap__error_wrap(err, status, "label %zu", i);
        else
            status = add_feed(ctx, sequence, label, &hypothesis, feeds, err);
    }
    ap__buf_clear(&hypothesis);
    return status;
}

static ap_status preprocess(const ap_task_context *ctx, const void *bound, const ap_value *input,
                            ap_feeds *feeds, ap_error *err) {
    const opts *o = bound;
    const ap_value *labels;
    ap_value split = {0};
    ap__text sequence = {0};
    ap_status status = get_labels(&labels, &split, o, err);
    if (!status) status = get_sequence(&sequence, input, err);
    if (!status && o->hypothesis_template.is_null)
        status = ap__fail(err, AP_ETYPE, "parameter hypothesis_template: expected string, found null");
    if (!status) status = add_feeds(ctx, o, labels, &sequence, feeds, err);
    ap__value_clear(&split);
    return status;
}

/* -- postprocess --------------------------------------------------------------------------------------- */

/* The logits of entailment and contradiction of one label. */
static ap_status read_logits(float *entailment, float *contradiction, const ap_value *output, int64_t id,
                             ap_error *err) {
    static const int64_t expected[2] = {1, -1};
    ap__tensor *logits = ap__value_tensor(ap_value_dict_get(output, "logits"));
    size_t column = 0, other = 0;
    if (!logits) return ap__fail(err, AP_EINVAL, "model outputs: expected a tensor \"logits\", found none");
    ap_status status = ap__expect_shape(logits, "logits", AP_DTYPE_NONE, 2, expected, err);
    if (status) return status;
    const ap_tensor_view *view = ap__tensor_get_view(logits);
    status = get_column(&column, id, view->shape[1], err);
    if (!status) status = get_column(&other, id == 0 ? -1 : 0, view->shape[1], err);
    if (status) return status;
    ap__elements_as_float(entailment, view, column, 1);
    ap__elements_as_float(contradiction, view, other, 1);
    return AP_OK;
}

/* exp(x) / sum(exp(x)) in float32 without taking the largest out, as the reference has it. */
static void score_together(float *scores, size_t n) {
    float sum = 0;
    for (size_t i = 0; i < n; i++) sum += scores[i] = expf(scores[i]);
    for (size_t i = 0; i < n; i++) scores[i] /= sum;
}

static float score_alone(float entailment, float contradiction) {
    float e = expf(entailment), c = expf(contradiction);
    return e / (c + e);
}

static ap_status compute_scores(const ap_task_context *ctx, const opts *o, float *scores,
                                ap_value *const *outputs, size_t n, ap_error *err) {
    int64_t id;
    bool is_multi = n == 1 || ap__opt_boolean(&o->multi_label, false);
    ap_status status = find_entailment(&id, ctx, err);
    for (size_t i = 0; i < n && !status; i++) {
        float contradiction;
        status = read_logits(&scores[i], &contradiction, outputs[i], id, err);
        if (!status && is_multi) scores[i] = score_alone(scores[i], contradiction);
    }
    if (!status && !is_multi) score_together(scores, n);
    return status;
}

/* The order of reversed(scores.argsort()): of equal scores the last comes first. */
static void order_labels(size_t *order, size_t *tmp, float *reversed, const float *scores, size_t n) {
    for (size_t i = 0; i < n; i++) reversed[i] = scores[n - 1 - i];
    ap__argsort_descending(order, tmp, reversed, n);
    for (size_t i = 0; i < n; i++) order[i] = n - 1 - order[i];
}

static ap_status set_result(ap_value *dict, ap_value *const *outputs, const float *scores,
                            const size_t *order, size_t n, ap_error *err) {
    ap_value *labels = NULL, *numbers = NULL, *slot;
    const ap_value *sequence = ap_value_dict_get(outputs[0], "sequence");
    ap__value_set_dict(dict);
    ap_status status = ap__dict_add(&slot, dict, "sequence", 8, err);
    if (!status && sequence) status = ap__value_assign(slot, sequence, err);
    if (!status) status = ap__dict_set_list(&labels, dict, "labels", err);
    for (size_t i = 0; i < n && !status; i++) {
        const ap_value *label = ap_value_dict_get(outputs[order[i]], "candidate_label");
        if (!(status = ap__list_add(&slot, labels, err)) && label)
            status = ap__value_assign(slot, label, err);
    }
    if (!status) status = ap__dict_set_list(&numbers, dict, "scores", err);
    for (size_t i = 0; i < n && !status; i++)
        if (!(status = ap__list_add(&slot, numbers, err)))
            ap__value_set_float(slot, (double)scores[order[i]]);
    return status;
}

static ap_status postprocess(const ap_task_context *ctx, const void *bound, ap_value **out,
                             ap_value *const *outputs, size_t n, ap_error *err) {
    *out = NULL;
    if (!n) return ap__fail(err, AP_EINVAL, "model outputs: there are none");
    size_t *order = ap__calloc(n, 2 * sizeof *order + 2 * sizeof(float));
    if (!order) return ap__fail_nomem(err);
    float *scores = (float *)(void *)(order + 2 * n);
    ap_status status = compute_scores(ctx, bound, scores, outputs, n, err);
    if (!status) status = ap_value_create_null(out, err);
    if (!status) {
        order_labels(order, order + n, scores + n, scores, n);
        status = set_result(*out, outputs, scores, order, n, err);
    }
    if (status) {
        ap_value_destroy(*out);
        *out = NULL;
    }
    ap__free(order);
    return status;
}

const ap_task ap__task_zero_shot_classification = {
    .abi = AP_TASK_ABI,
    .size = sizeof(ap_task),
    .name = "zero-shot-classification",
    .doc = "Assigns labels that the call names, with scores, to a text.",
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
    .normalize_inputs = normalize_inputs,
};

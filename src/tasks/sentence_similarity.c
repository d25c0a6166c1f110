/* sentence-similarity: how near sentences are to another one, by the angle or distance of their vectors.
 * Source: UKPLab/sentence-transformers@v5.1.0 sentence_transformers/util/similarity.py; input and result as
 * Hugging Face's services have them. transformers has no such pipeline. */
#include "base/alloc.h"
#include "base/error.h"
#include "pipeline/context.h"
#include "pipeline/feeds.h"
#include "tasks/sentence_modules.h"
#include "tasks/text_group.h"
#include "tasks/text_vectors.h"
#include "value/params.h"
#include "value/value.h"

#include <math.h>

typedef enum similarity {
    SIMILARITY_COSINE = 0,
    SIMILARITY_DOT = 1,
    SIMILARITY_EUCLIDEAN = 2, /* Distances are negative: nearer is larger. */
    SIMILARITY_MANHATTAN = 3
} similarity;

typedef struct opts {
    ap_opt pooling, similarity;
    ap__text_group_opts texts;
    ap__pooling model_pooling; /* As the model's files say. */
    bool is_created;
} opts;

static const ap_param_choice SIMILARITIES[] = {{"cosine", SIMILARITY_COSINE, 0},
                                               {"dot", SIMILARITY_DOT, 0},
                                               {"euclidean", SIMILARITY_EUCLIDEAN, 0},
                                               {"manhattan", SIMILARITY_MANHATTAN, 0},
                                               {NULL, 0, 0}};

static const ap_param params[] = {
    AP_PARAM(
        pooling, CHOICE, POSTPROCESS, opts, AP_PARAM_ANY_CASE, ap__pooling_choices + 1, NULL,
        "How the vectors of tokens become that of a sentence; absent: as the model's files say, else mean."),
    AP_PARAM(similarity, CHOICE, POSTPROCESS, opts, AP_PARAM_ANY_CASE, SIMILARITIES, "\"cosine\"",
             "What is measured; distances (euclidean, manhattan) are negative."),
    AP_PARAM_INCLUDE(ap__text_group_params, opts, texts), AP_PARAM_END};

/* The model's own way of pooling is looked up once, and only where nobody chose another. */
static ap_status sanitize(const ap_task_context *ctx, void *bound, ap_error *err) {
    opts *o = bound;
    ap_status status = AP_OK;
    if (!o->is_created && !ap__opt_is_set(&o->pooling))
        status = ap__sentence_modules_read(&o->model_pooling, ap__model_get_file(ctx->model), err);
    o->is_created = true;
    return status ? status : ap__text_group_sanitize(&o->texts, err);
}

static ap__pooling choose_pooling(const opts *o) {
    int64_t otherwise = o->model_pooling ? o->model_pooling : AP__POOLING_MEAN;
    return (ap__pooling)ap__opt_integer(&o->pooling, otherwise);
}

static ap_status add_text(ap_feeds *feeds, const ap_task_context *ctx, const opts *o, ap__text text,
                          ap_error *err) {
    const ap__text_input input = {.text = text};
    ap_value *feed;
    ap_status status = ap__feeds_add(&feed, feeds, err);
    return status ? status : ap__tokenize(feed, ctx->tokenizer, &input, &o->texts.tokenizer, err);
}

/* The source first. */
static ap_status preprocess(const ap_task_context *ctx, const void *bound, const ap_value *input,
                            ap_feeds *feeds, ap_error *err) {
    ap__text_group group;
    ap_status status = ap__text_group_read(&group, input, "source_sentence", "sentences", err);
    if (!status) status = add_text(feeds, ctx, bound, group.head, err);
    for (size_t i = 0; !status && i < ap_value_len(group.list); i++) {
        ap__text text;
        text.ptr = ap_value_get_string(ap_value_list_get(group.list, i), &text.len);
        status = add_text(feeds, ctx, bound, text, err);
    }
    return status;
}

static double distance(const float *a, const float *b, size_t n, bool is_squared) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double d = (double)a[i] - (double)b[i];
        sum += is_squared ? d * d : fabs(d);
    }
    return is_squared ? sqrt(sum) : sum;
}

/* In place: the cosine brings both to length 1. */
static double measure(similarity how, float *a, float *b, size_t n) {
    switch (how) {
    case SIMILARITY_DOT:
        return ap__dot(a, b, n);
    case SIMILARITY_EUCLIDEAN:
        return -distance(a, b, n, true);
    case SIMILARITY_MANHATTAN:
        return -distance(a, b, n, false);
    default:
        ap__normalize(a, n);
        ap__normalize(b, n);
        return ap__dot(a, b, n);
    }
}

static ap_status add_similarity(ap_value *list, const ap_task_context *ctx, const opts *o, float *source,
                                size_t width, const ap_value *outputs, ap_error *err) {
    float *vector;
    size_t own;
    ap_value *slot;
    ap_status status = ap__text_vector_create(&vector, &own, choose_pooling(o), ctx, outputs, err);
    if (!status && own != width)
        status = ap__fail(err, AP_EINVAL, "model outputs: vectors of %zu and of %zu numbers", width, own);
    if (!status) status = ap__list_add(&slot, list, err);
    similarity how = (similarity)ap__opt_integer(&o->similarity, SIMILARITY_COSINE);
    if (!status) ap__value_set_float(slot, (double)(float)measure(how, source, vector, width));
    ap__free(vector);
    return status;
}

static ap_status postprocess(const ap_task_context *ctx, const void *bound, ap_value **out,
                             ap_value *const *outputs, size_t n_outputs, ap_error *err) {
    const opts *o = bound;
    float *source;
    size_t width;
    *out = NULL;
    if (!n_outputs) return ap__fail(err, AP_EINVAL, "model outputs: expected at least one, found none");
    ap_status status = ap__text_vector_create(&source, &width, choose_pooling(o), ctx, outputs[0], err);
    if (status) return status;
    status = ap_value_create_list(out, err);
    for (size_t i = 1; !status && i < n_outputs; i++)
        status = add_similarity(*out, ctx, o, source, width, outputs[i], err);
    ap__free(source);
    if (!status) return AP_OK;
    ap_value_destroy(*out);
    *out = NULL;
    return status;
}

const ap_task ap__task_sentence_similarity = {
    .abi = AP_TASK_ABI,
    .size = sizeof(ap_task),
    .name = "sentence-similarity",
    .doc = "Tells how near each of some sentences is to another one.",
    .input = AP_INPUT_TEXT,
    .components = AP_COMPONENT_TOKENIZER,
    .model_kind = AP_MODEL_SINGLE_GRAPH,
    .architectures = "Model",
    .outputs = AP__TOKEN_VECTORS_OUTPUT,
    .params = params,
    .opts_size = sizeof(opts),
    .check_model = ap__token_vectors_check,
    .sanitize = sanitize,
    .preprocess = preprocess,
    .postprocess = postprocess,
    .token_outputs = AP__TOKEN_VECTORS,
    .kept_inputs = "attention_mask",
};

/* feature-extraction: a text to the vectors of its tokens, or to one vector.
 * Source: transformers@v4.55.4 pipelines/feature_extraction.py FeatureExtractionPipeline. `pooling` and
 * `normalize` are additions. */
#include "base/alloc.h"
#include "base/error.h"
#include "pipeline/context.h"
#include "pipeline/feeds.h"
#include "pipeline/tokenize.h"
#include "tasks/text_vectors.h"
#include "tensor/convert.h"
#include "value/params.h"
#include "value/value.h"

#include <string.h>

typedef struct opts {
    ap_opt truncation, tokenize_kwargs, return_tensors, pooling, normalize;
    ap__tokenizer_opts tokenizer; /* What truncation and tokenize_kwargs come to. */
} opts;

static const ap_param params[] = {
    AP_PARAM(truncation, CHOICE, PREPROCESS, opts, 0, ap__truncation_choices, NULL,
             "Cut texts that are longer than the model takes."),
    AP_PARAM(tokenize_kwargs, VALUE, PREPROCESS, opts, 0, NULL, NULL,
             "Parameters of the tokenizer, as a dict: padding, truncation, max_length, ..."),
    AP_PARAM(return_tensors, BOOL, POSTPROCESS, opts, 0, NULL, "false", "Give a tensor, not nested lists."),
    AP_PARAM(pooling, CHOICE, POSTPROCESS, opts, AP_PARAM_ANY_CASE, ap__pooling_choices, "\"none\"",
             "One vector for each text: the mean or max of its tokens' vectors, or the first token's (cls)."),
    AP_PARAM(normalize, BOOL, POSTPROCESS, opts, 0, NULL, "false", "Bring every vector to length 1."),
    AP_PARAM_END};

static ap_status sanitize(const ap_task_context *ctx, void *bound, ap_error *err) {
    opts *o = bound;
    (void)ctx;
    return ap__tokenizer_opts_bind(&o->tokenizer, &o->tokenize_kwargs, "tokenize_kwargs", &o->truncation,
                                   err);
}

static ap_status preprocess(const ap_task_context *ctx, const void *bound, const ap_value *input,
                            ap_feeds *feeds, ap_error *err) {
    const ap__tokenizer_opts *tokenizer = &((const opts *)bound)->tokenizer;
    ap__texts texts;
    ap_status status = ap__texts_create(&texts, input, tokenizer, err);
    if (status) return status;
    status = ap__tokenize_texts(feeds, ctx->tokenizer, &texts, tokenizer, err);
    if (!status && texts.is_list)
        status = ap__dict_set_bool(ap__list_item(feeds->list, 0), "is_list", true, err);
    ap__texts_clear(&texts);
    return status;
}

/* -- postprocess --------------------------------------------------------------------------------------- */

/* The vectors of all feeds one behind the other: texts of one input have equal lengths. */
static ap_status stack_tokens(ap__tensor **out, ap_value *const *outputs, size_t n, ap_error *err) {
    ap__tensor *first, *tensor;
    ap_status status = ap__token_vectors_get(&first, outputs[0], err);
    if (status) return status;
    const ap_tensor_view *like = ap__tensor_get_view(first);
    int64_t shape[AP_TENSOR_MAX_RANK];
    memcpy(shape, like->shape, sizeof shape);
    if (n > 1 && like->rank) shape[0] = (int64_t)n;
    if ((status = ap__tensor_create(out, like->dtype, shape, like->rank, err))) return status;
    char *to = ap__tensor_data(*out);
    for (size_t i = 0; !status && i < n; i++) {
        status = ap__token_vectors_get(&tensor, outputs[i], err);
        if (!status)
            status = ap__expect_shape(tensor, AP__TOKEN_VECTORS, like->dtype, like->rank, like->shape, err);
        if (status) break;
        if (like->size_bytes) memcpy(to, ap__tensor_get_view(tensor)->data, like->size_bytes);
        to += like->size_bytes;
    }
    if (!status) return AP_OK;
    ap__tensor_unref(*out);
    *out = NULL;
    return status;
}

/* One vector for each text; of a single text that is the vector itself. */
static ap_status stack_texts(ap__tensor **out, const ap_task_context *ctx, ap__pooling how,
                             ap_value *const *outputs, size_t n, ap_error *err) {
    bool is_list = ap_value_get_bool(ap_value_dict_get(outputs[0], "is_list"));
    size_t width = 0, own;
    ap_status status = AP_OK;
    *out = NULL;
    for (size_t i = 0; !status && i < n; i++) {
        float *vector;
        if ((status = ap__text_vector_create(&vector, &own, how, ctx, outputs[i], err))) break;
        if (i == 0) {
            width = own;
            int64_t shape[2] = {(int64_t)n, (int64_t)width};
            status = ap__tensor_create(out, AP_DTYPE_F32, is_list ? shape : shape + 1, is_list ? 2 : 1, err);
        }
        if (!status && own != width)
            status = ap__fail(err, AP_EINVAL, "text %zu has a vector of %zu numbers, text 0 of %zu", i, own,
                              width);
        if (!status) memcpy((float *)ap__tensor_data(*out) + i * width, vector, width * sizeof *vector);
        ap__free(vector);
    }
    if (!status) return AP_OK;
    ap__tensor_unref(*out);
    *out = NULL;
    return status;
}

/* Vectors lie along the last dimension. */
static ap_status normalize(ap__tensor **tensor, ap_error *err) {
    const ap_tensor_view *view = ap__tensor_get_view(*tensor);
    ap__tensor *floats;
    size_t width = view->rank ? (size_t)view->shape[view->rank - 1] : 1;
    ap_status status = ap__tensor_create(&floats, AP_DTYPE_F32, view->shape, view->rank, err);
    if (status) return status;
    size_t n = ap__tensor_n_elements(floats);
    float *x = ap__tensor_data(floats);
    ap__elements_as_float(x, view, 0, n);
    for (size_t at = 0; at < n; at += width) ap__normalize(x + at, width);
    ap__tensor_unref(*tensor);
    *tensor = floats;
    return AP_OK;
}

static ap_status make_result(ap_value *out, const opts *o, ap__tensor *tensor, ap_error *err) {
    if (!ap__opt_boolean(&o->return_tensors, false))
        return ap__value_set_nested(out, ap__tensor_get_view(tensor), err);
    ap__value_set_tensor_take(out, ap__tensor_ref(tensor));
    return AP_OK;
}

static ap_status postprocess(const ap_task_context *ctx, const void *bound, ap_value **out,
                             ap_value *const *outputs, size_t n_outputs, ap_error *err) {
    const opts *o = bound;
    ap__pooling how = (ap__pooling)ap__opt_integer(&o->pooling, AP__POOLING_NONE);
    ap__tensor *tensor = NULL;
    *out = NULL;
    if (!n_outputs) return ap__fail(err, AP_EINVAL, "model outputs: expected at least one, found none");
    ap_status status = how ? stack_texts(&tensor, ctx, how, outputs, n_outputs, err)
                           : stack_tokens(&tensor, outputs, n_outputs, err);
    if (!status && ap__opt_boolean(&o->normalize, false)) status = normalize(&tensor, err);
    if (!status) status = ap_value_create_null(out, err);
    if (!status && (status = make_result(*out, o, tensor, err))) {
        ap_value_destroy(*out);
        *out = NULL;
    }
    ap__tensor_unref(tensor);
    return status;
}

const ap_task ap__task_feature_extraction = {
    .abi = AP_TASK_ABI,
    .size = sizeof(ap_task),
    .name = "feature-extraction",
    .doc = "Gives the vectors of a text's tokens, or one vector of the text.",
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
    .flags = AP_TASK_KEEPS_PADDING,
};

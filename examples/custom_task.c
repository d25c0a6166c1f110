/* Two tasks of an application: one of its own, and one that overrides a phase of the library's.
 *
 *     custom_task FOLDER "The acting was superb. The ending was a letdown."
 *
 * FOLDER is a model for text-classification; models/minilm-sst2 is one.
 */
#include <accelpipe/accelpipe.h>
#include <accelpipe/sys/task.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* -- a task of its own: "review-verdict" --------------------------------------------------------------- */

/* A review to the scores of its sentences. Each sentence is a feed of its own, so that the engine batches
 * those of all reviews of a call; postprocess() gets the sentences of one review together. */

static ap_status fail(ap_error *err, ap_status status, const char *message) {
    if (err) {
        err->status = status;
        snprintf(err->message, sizeof err->message, "%s", message);
    }
    return status;
}

static ap_status add_ids(ap_value *feed, const ap_encoding *encoding, ap_error *err) {
    ap_value *tensor;
    size_t n;
    const uint32_t *ids = ap_encoding_get_ids(encoding, &n);
    int64_t wide[512], shape[2] = {1, (int64_t)n};
    if (n > sizeof wide / sizeof *wide) return fail(err, AP_EINVAL, "a sentence has more than 512 tokens");
    for (size_t i = 0; i < n; i++) wide[i] = ids[i];
    /* token_type_ids and attention_mask are made by the engine where the model asks for them. */
    ap_status status = ap_value_create_tensor(&tensor, AP_DTYPE_I64, shape, 2, wide, err);
    return status ? status : ap_value_dict_set_take(feed, "input_ids", tensor, err);
}

static ap_status add_sentence(const ap_task_context *ctx, const char *text, size_t len, ap_feeds *feeds,
                              ap_error *err) {
    ap_encoding *encoding = NULL;
    ap_value *feed = NULL, *sentence = NULL;
    ap_status status =
        ap_tokenizer_encode(&encoding, ap_task_context_get_tokenizer(ctx), text, len, NULL, err);
    if (!status) status = ap_value_create_dict(&feed, err);
    if (!status) status = add_ids(feed, encoding, err);
    if (!status) status = ap_value_create_string(&sentence, text, len, err);
    if (!status) status = ap_value_dict_set_take(feed, "sentence", sentence, err); /* For postprocess(). */
    ap_encoding_destroy(encoding);
    if (!status) return ap_feeds_add_take(feeds, feed, err);
    ap_value_destroy(feed);
    return status;
}

static ap_status split(const ap_task_context *ctx, const void *opts, const ap_value *input, ap_feeds *feeds,
                       ap_error *err) {
    const char *text = ap_value_get_string(input, NULL);
    ap_status status = AP_OK;
    (void)opts;
    if (!text) return fail(err, AP_EINVAL, "review-verdict: a review is a string");
    while (*(text += strspn(text, " ")) && !status) {
        size_t len = strcspn(text, ".!?");
        len += text[len] != '\0';
        status = add_sentence(ctx, text, len, feeds, err);
        text += len;
    }
    return status;
}

/* The probability of the second label, POSITIVE. */
static ap_status score(double *out, const ap_value *output, ap_error *err) {
    ap_tensor_view logits;
    if (!ap_value_get_tensor(ap_value_dict_get(output, "logits"), &logits) || logits.dtype != AP_DTYPE_F32 ||
        logits.size_bytes != 2 * sizeof(float))
        return fail(err, AP_EINVAL, "review-verdict: expected logits of two labels");
    const float *x = logits.data;
    *out = 1 / (1 + exp((double)x[0] - (double)x[1]));
    return AP_OK;
}

static ap_status add_score(ap_value *verdict, const ap_value *output, ap_error *err) {
    double number = 0;
    ap_value *value;
    const char *sentence = ap_value_get_string(ap_value_dict_get(output, "sentence"), NULL);
    ap_status status = score(&number, output, err);
    if (!status) status = ap_value_create_float(&value, number, err);
    return status ? status : ap_value_dict_set_take(verdict, sentence, value, err);
}

static ap_status judge(const ap_task_context *ctx, const void *opts, ap_value **out, ap_value *const *outputs,
                       size_t n_outputs, ap_error *err) {
    (void)ctx, (void)opts;
    ap_status status = ap_value_create_dict(out, err);
    for (size_t i = 0; i < n_outputs && !status; i++) status = add_score(*out, outputs[i], err);
    if (!status) return AP_OK;
    ap_value_destroy(*out);
    *out = NULL;
    return status;
}

static ap_status register_verdict(ap_error *err) {
    ap_task row = AP_TASK_INIT;
    row.name = "review-verdict";
    row.doc = "Scores each sentence of a review.";
    row.input = AP_INPUT_TEXT;
    row.components = AP_COMPONENT_TOKENIZER;
    row.model_kind = AP_MODEL_SINGLE_GRAPH;
    row.outputs = "logits";
    row.preprocess = split;
    row.postprocess = judge;
    return ap_task_register(&row, err);
}

/* -- an override: text-classification that says when it is not sure ------------------------------------ */

typedef struct unsure_opts {
    ap_opt threshold;
} unsure_opts;

static const ap_param UNSURE_PARAMS[] = {
    AP_PARAM(threshold, FLOAT, POSTPROCESS, unsure_opts, 0, NULL, "0.9", "Labels below it become UNSURE."),
    AP_PARAM_END};

/* The base's result is a dict {"label", "score"}: nothing here asks for several labels. */
static ap_status doubt(const ap_task_context *ctx, const void *opts, ap_value **out, ap_value *const *outputs,
                       size_t n_outputs, ap_error *err) {
    const unsure_opts *o = opts;
    ap_value *label;
    double threshold = o->threshold.origin != AP_ORIGIN_ABSENT ? o->threshold.as.number : 0.9;
    ap_status status = ap_task_base_postprocess(ctx, opts, out, outputs, n_outputs, err);
    if (status || ap_value_get_float(ap_value_dict_get(*out, "score")) >= threshold) return status;
    status = ap_value_create_string(&label, "UNSURE", AP_NUL_TERMINATED, err);
    return status ? status : ap_value_dict_set_take(*out, "label", label, err);
}

static ap_status create_unsure(ap_pipeline **out, const char *model, ap_error *err) {
    ap_pipeline_options options = AP_PIPELINE_OPTIONS_INIT;
    ap_task row = AP_TASK_INIT;
    row.base = "text-classification";
    row.params = UNSURE_PARAMS;
    row.opts_size = sizeof(unsure_opts);
    row.postprocess = doubt;
    options.model = model;
    options.custom_task = &row;
    return ap_pipeline_create(out, &options, err);
}

/* -- both ---------------------------------------------------------------------------------------------- */

static ap_status call_and_print(const ap_pipeline *pipe, const ap_value *text, const char *params_json,
                                ap_error *err) {
    ap_value *params = NULL, *result = NULL;
    char *json = NULL;
    ap_status status = ap_value_from_json(&params, params_json, AP_NUL_TERMINATED, err);
    if (!status) status = ap_pipeline_call(&result, pipe, text, params, err);
    if (!status) status = ap_value_to_json(&json, NULL, result, AP_JSON_COMPACT, err);
    if (!status) puts(json);
    ap_string_destroy(json);
    ap_value_destroy(result);
    ap_value_destroy(params);
    return status;
}

static ap_status run(const char *model, const char *text, ap_error *err) {
    ap_pipeline *verdict = NULL, *unsure = NULL;
    ap_pipeline_options options = AP_PIPELINE_OPTIONS_INIT;
    ap_value *input = NULL;
    options.task = "review-verdict";
    options.model = model;
    ap_status status = ap_value_create_string(&input, text, AP_NUL_TERMINATED, err);
    if (!status) status = register_verdict(err);
    if (!status) status = ap_pipeline_create(&verdict, &options, err);
    if (!status) status = create_unsure(&unsure, model, err);
    if (!status) status = call_and_print(verdict, input, "{}", err);
    if (!status) status = call_and_print(unsure, input, "{\"threshold\": 0.5}", err);
    if (!status) status = call_and_print(unsure, input, "{\"threshold\": 1.0}", err);
    ap_pipeline_destroy(unsure);
    ap_pipeline_destroy(verdict);
    ap_value_destroy(input);
    return status;
}

int main(int argc, char **argv) {
    ap_error err = AP_ERROR_INIT;
    if (argc != 3) {
        fprintf(stderr, "usage: custom_task FOLDER TEXT\n");
        return 2;
    }
    if (run(argv[1], argv[2], &err)) fprintf(stderr, "custom_task: %s\n", err.message);
    return err.status != AP_OK;
}

/* text2text-generation: a text to a text, by an encoder-decoder.
 * Source: transformers@v4.55.4 pipelines/text2text_generation.py Text2TextGenerationPipeline. */
#include "tasks/text2text.h"

static const ap_param params[] = {AP__TEXT2TEXT_PARAMS, AP_PARAM_END};

static ap_status sanitize(const ap_task_context *ctx, void *opts, ap_error *err) {
    return ap__text2text_sanitize(ctx, opts, ap__task_name(ctx), err);
}

static ap_status preprocess(const ap_task_context *ctx, const void *opts, const ap_value *input,
                            ap_feeds *feeds, ap_error *err) {
    size_t n_tokens;
    return ap__text2text_preprocess(&n_tokens, ctx, opts, input, feeds, err);
}

static ap_status postprocess(const ap_task_context *ctx, const void *opts, ap_value **out,
                             ap_value *const *outputs, size_t n_outputs, ap_error *err) {
    return ap__text2text_postprocess(ctx, opts, "generated", out, outputs, n_outputs, err);
}

const ap_task ap__task_text2text_generation = {
    .abi = AP_TASK_ABI,
    .size = sizeof(ap_task),
    .name = "text2text-generation",
    .doc = "Writes a text about a text, as the model was trained to.",
    .input = AP_INPUT_TEXT,
    .components = AP_COMPONENT_TOKENIZER,
    .model_kind = AP_MODEL_ENCODER_DECODER,
    .architectures = AP__TEXT2TEXT_ARCHITECTURES,
    .params = params,
    .opts_size = sizeof(ap__text2text_opts),
    .check_model = ap__text2text_check_model,
    .sanitize = sanitize,
    .preprocess = preprocess,
    .postprocess = postprocess,
    .shape_result = ap__text2text_shape_result,
    .clear_opts = ap__text2text_clear_opts,
    .forward_feeds = ap__text2text_forward,
};

/* text2text-generation: a text to a text, by an encoder-decoder.
 * Source: transformers@v4.55.4 pipelines/text2text_generation.py Text2TextGenerationPipeline. */
#include "tasks/text2text.h"

static const ap_param params[] = {AP__TEXT2TEXT_PARAMS, AP_PARAM_END};

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
    AP__TEXT2TEXT_ROW,
    .name = "text2text-generation",
    .doc = "Writes a text about a text, as the model was trained to.",
    .params = params,
    .sanitize = ap__text2text_sanitize_named,
    .preprocess = preprocess,
    .postprocess = postprocess,
};

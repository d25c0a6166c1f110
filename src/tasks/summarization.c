/* summarization: a text to a shorter one.
 * Source: transformers@v4.55.4 pipelines/text2text_generation.py SummarizationPipeline. */
#include "tasks/text2text.h"

#include "base/log.h"

static const ap_param params[] = {AP__TEXT2TEXT_PARAMS, AP_PARAM_END};

static ap_status preprocess(const ap_task_context *ctx, const void *opts, const ap_value *input,
                            ap_feeds *feeds, ap_error *err) {
    size_t n_tokens;
    int64_t max = ap__text2text_max_length(opts), min = ap__text2text_min_length(opts);
    ap_status status = ap__text2text_preprocess(&n_tokens, ctx, opts, input, feeds, err);
    if (status) return status;
    if (max < min)
        ap__log(AP_LOG_WARNING, "summarization: min_length %lld is above max_length %lld", (long long)min,
                (long long)max);
    if ((int64_t)n_tokens < max)
        ap__log(AP_LOG_WARNING,
                "summarization: max_length is %lld, but the input has %zu tokens: a summary is expected to "
                "be shorter; "
                "try max_length=%zu",
                (long long)max, n_tokens, n_tokens / 2);
    return AP_OK;
}

static ap_status postprocess(const ap_task_context *ctx, const void *opts, ap_value **out,
                             ap_value *const *outputs, size_t n_outputs, ap_error *err) {
    return ap__text2text_postprocess(ctx, opts, "summary", out, outputs, n_outputs, err);
}

const ap_task ap__task_summarization = {
    AP__TEXT2TEXT_ROW,
    .name = "summarization",
    .doc = "Sums a text up.",
    .params = params,
    .sanitize = ap__text2text_sanitize_named,
    .preprocess = preprocess,
    .postprocess = postprocess,
};

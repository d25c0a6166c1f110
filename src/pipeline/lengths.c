/* Few lengths for backends that keep memory for each one they see (ap_session_info.few_lengths).
 *
 * A batch is padded anyway, to its longest feed; here it is padded a little further. That is done where a
 * batch of several lengths would be as good: behind the tokens, with a mask, where the model reads no
 * position by its distance from the end. A single text has no padding in transformers, so all that could make
 * a difference to it rules the rounding out. */
#include "pipeline/lengths.h"

#include "base/words.h"
#include "value/value.h"

#include <string.h>

/* Up to the first, every length stands for itself; from there on they are a step apart, of an eighth at most
 * where texts are long enough for it to count. Of one row, which makes no pairs with lengths, short ones are
 * exact for longer. */
typedef struct steps {
    size_t exact_max, smallest, n;
} steps;

static const steps one_row = {16, 4, 8}, more_rows = {8, 4, 8};

size_t ap__lengths_round(size_t length, size_t n_rows) {
    const steps *s = n_rows == 1 ? &one_row : &more_rows;
    size_t step = s->smallest;
    if (length <= s->exact_max) return length;
    while (length / step >= 2 * s->n) step *= 2;
    size_t excess = length % step;
    return excess && length <= SIZE_MAX - step ? length + step - excess : length;
}

/* Positions that the model has; 0: not known. */
static size_t count_positions(const ap_task_context *ctx) {
    static const char *const keys[] = {"max_position_embeddings", "n_positions"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        int64_t n = ap_value_get_int(ap_value_dict_get(ctx->config->json, keys[i]));
        if (n > 0) return (size_t)n;
    }
    return 0;
}

/* Padding goes behind the tokens, and the model knows the token that it consists of: some look for it, to
 * find the last token of a text. */
static bool can_pad(const ap_task_context *ctx) {
    const ap__tokenizer_config *config = ap__context_tokenizer_config(ctx);
    return config && config->pad_token_id != AP__TOKEN_NONE && config->padding_side == AP__SIDE_RIGHT &&
           ap_value_kind(ap_value_dict_get(ctx->config->json, "pad_token_id")) == AP_KIND_INT;
}

/* Outputs whose second extent may be tokens, and that the task does not name as such, would keep the padding.
 */
static bool has_other_token_outputs(const ap_task_context *ctx, const ap_session_info *info) {
    for (uint32_t i = 0; i < info->n_outputs; i++) {
        const ap_io *io = &info->outputs[i];
        bool may_have = io->rank == AP_RANK_UNKNOWN || (io->rank > 1 && io->shape[1] < 0);
        if (may_have && !ap__words_have(ctx->task->token_outputs, io->name)) return true;
    }
    return false;
}

size_t ap__lengths_choose(const ap_task_context *ctx, size_t longest, size_t n_rows) {
    const ap_session_info *info = ap__session_get_info(ap__model_get_session(ctx->model));
    size_t rounded = ap__lengths_round(longest, n_rows), n_positions;
    if (!info->few_lengths || rounded == longest || ctx->task->flags & AP_TASK_RUNS_ALONE ||
        ap__model_get_decoder(ctx->model))
        return longest;
    if (!can_pad(ctx) || ap__model_get_batching(ctx->model) != AP__BATCHING_PADDED ||
        has_other_token_outputs(ctx, info))
        return longest;
    n_positions = count_positions(ctx);
    if (rounded > n_positions) rounded = n_positions;
    return rounded > longest ? rounded : longest;
}

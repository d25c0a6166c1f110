/* Guidance: two decodings take the same steps, one behind the prompt, one behind a negative prompt, or else
 * behind the prompt's last token alone; what the prompt adds to the scores is multiplied.
 *
 * The second decoding has rows of its own, which only follow the last tokens of the search: where beams
 * change places, its rows do not, and groups of beams read through the same rows, one behind the other. That
 * is what the reference does. Source: transformers@v4.55.4 generation/logits_process.py
 * UnbatchedClassifierFreeGuidanceLogitsProcessor. */
#include "base/alloc.h"
#include "base/cancel.h"
#include "base/error.h"
#include "generate/generate.h"
#include "generate/negative.h"

typedef struct guided {
    const ap__generation *g;
    const ap__rules *rules;
    const ap__prompt *prompt;
    ap__negative_prompt negative;
    ap__decoding *with, *without; /* The prompt. */
    ap__search *search;
    ap__scratch scratch;
    size_t n_prompt, n_read; /* Tokens that are not masked. */
} guided;

/* -- without the prompt -------------------------------------------------------------------------------- */

static ap_status check_negative(const guided *d, ap_error *err) {
    ap__ids ids = ap__tokens_ids(&d->negative.tokens);
    for (size_t i = 0; i < ids.n; i++)
        if ((size_t)ids.ptr[i] >= d->scratch.n)
            return ap__fail(err, AP_EINVAL,
                            "parameter negative_prompt_ids: the model has %zu tokens, %lld is none of them",
                            d->scratch.n, (long long)ids.ptr[i]);
    return AP_OK;
}

static ap_status widen(ap__decoding *decoding, size_t n_rows, ap_error *err) {
    if (decoding->n_rows >= n_rows) return AP_OK;
    uint32_t *rows = ap__calloc(n_rows, sizeof *rows); /* They are all the same so far. */
    if (!rows) return ap__fail_nomem(err);
    ap_status status = decoding->ops->select(decoding, rows, n_rows, err);
    ap__free(rows);
    return status;
}

/* Reads the negative prompt the first time, and behind it the last tokens of the rows. */
static ap_status read_without(guided *d, float **logits, size_t n_rows, const int64_t *last, ap_error *err) {
    const ap__ids *tokens = &d->prompt->tokens;
    ap__step step = {.tokens = last, .n_tokens = 1, .n_logits = 1, .cancel = d->g->cancel};
    bool is_first = !d->without->n_tokens;
    ap_status status = is_first ? AP_OK : widen(d->without, n_rows, err);
    if (is_first) step.tokens = tokens->ptr + tokens->n - 1;
    if (is_first && d->negative.tokens.n) {
        step.tokens = d->negative.tokens.ptr;
        step.mask = d->negative.mask;
        step.n_tokens = d->negative.tokens.n;
    }
    if (status) return status;
    size_t n = d->without->n_tokens + step.n_tokens, limit = d->g->position_limit;
    if (limit && n > limit)
        return ap__fail(err, AP_EINVAL,
                        "guidance_scale: the negative prompt and what follows it have %zu tokens, and the "
                        "model has %zu positions",
                        n, limit);
    return d->without->ops->step(d->without, &step, logits, err);
}

static ap_status guide(void *ctx, float *scores, size_t n_rows, const int64_t *last, ap_error *err) {
    guided *d = ctx;
    float *logits, scale = (float)d->rules->guidance;
    size_t n = d->scratch.n;
    ap_status status = read_without(d, &logits, n_rows, last, err);
    if (status) return status;
    for (size_t i = 0; i < d->without->n_rows; i++) ap__log_softmax(logits + i * n, n);
    for (size_t i = 0; i < n_rows; i++) {
        float *with = scores + i * n, *without = logits + (d->without->n_rows > 1 ? i * n : 0);
        ap__log_softmax(with, n);
        for (size_t k = 0; k < n; k++) with[k] = scale * (with[k] - without[k]) + without[k];
    }
    return AP_OK;
}

/* -- the loop ------------------------------------------------------------------------------------------ */

static ap_status read_with(guided *d, const ap__step *step, float **logits, ap_error *err) {
    if (ap__cancel_is_triggered(d->g->cancel)) return ap__fail(err, AP_ECANCELED, "the call was cancelled");
    ap_status status = ap__generate_check_positions(d->g, d->n_read, d->n_prompt, err);
    return status ? status : d->with->ops->step(d->with, step, logits, err);
}

static ap_status begin(guided *d, size_t i_prompt, float **logits, ap_error *err) {
    const ap__ids *tokens = &d->prompt->tokens;
    ap__step step = {.tokens = tokens->ptr,
                     .mask = d->prompt->mask,
                     .n_tokens = tokens->n,
                     .n_logits = 1,
                     .cancel = d->g->cancel};
    ap_status status = ap__negative_prompt_read(&d->negative, d->g, i_prompt, err);
    if (!status) status = d->g->begin(&d->with, d->g->begin_ctx, i_prompt, 1, err);
    if (!status) status = d->g->begin(&d->without, d->g->begin_ctx, i_prompt, 1, err);
    for (size_t i = 0; i < tokens->n; i++) d->n_prompt += !d->prompt->mask || d->prompt->mask[i];
    d->n_read = d->n_prompt;
    if (!status) status = read_with(d, &step, logits, err);
    if (!status) status = ap__rules_prepare(d->rules, &d->scratch, d->with->vocab_size, err);
    return status ? status : check_negative(d, err);
}

static ap_status step(guided *d, float **logits, ap_error *err) {
    ap__search *search = d->search;
    ap_status status = search->ops->advance(search, *logits, &d->scratch, err);
    if (status || !search->n_rows) return status;
    status = d->with->ops->select(d->with, search->parents, search->n_rows, err);
    if (!status && d->rules->mode == AP__MODE_SAMPLE) /* Rows that are done leave. */
        status = d->without->ops->select(d->without, search->parents, search->n_rows, err);
    ap__step next = {.tokens = search->next, .n_tokens = 1, .n_logits = 1, .cancel = d->g->cancel};
    d->n_read++;
    return status ? status : read_with(d, &next, logits, err);
}

ap_status ap__generate_guided(ap__generated *out, const ap__generation *g, size_t i_prompt,
                              const ap__rules *rules, ap_error *err) {
    guided d = {.g = g, .rules = rules, .prompt = &g->prompts[i_prompt]};
    float *logits = NULL;
    ap__guide guide_rows = {guide, &d};
    ap__search_maker maker = {.rules = rules,
                              .prompt = d.prompt->tokens,
                              .input = d.prompt->index,
                              .sink = g->sink,
                              .guide = &guide_rows};
    ap_status status = ap__search_create(&d.search, &maker, err);
    if (!status) status = begin(&d, i_prompt, &logits, err);
    while (!status && d.search->n_rows) status = step(&d, &logits, err);
    if (!status) status = ap__generated_take(out, d.search, err);
    ap__search_destroy(d.search);
    if (d.with) d.with->ops->end(d.with);
    if (d.without) d.without->ops->end(d.without);
    ap__scratch_clear(&d.scratch);
    ap__negative_prompt_clear(&d.negative);
    return status;
}

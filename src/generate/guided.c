/* Guidance: two decodings take the same steps, one behind the prompt, one behind its last token alone; what
 * the prompt adds to the scores is multiplied. Source: transformers@v4.55.4 generation/logits_process.py
 * UnbatchedClassifierFreeGuidanceLogitsProcessor. */
#include "base/cancel.h"
#include "base/error.h"
#include "generate/generate.h"

typedef struct guided {
    const ap__generation *g;
    const ap__prompt *prompt;
    ap__decoding *with, *without; /* The prompt. */
    ap__search *search;
    ap__scratch scratch;
    size_t n_prompt, n_read; /* Tokens that are not masked. */
} guided;

static ap_status read_both(guided *d, const ap__step *with, const ap__step *without, float *logits[2],
                           ap_error *err) {
    if (ap__cancel_is_triggered(d->g->cancel)) return ap__fail(err, AP_ECANCELED, "the call was cancelled");
    ap_status status = ap__generate_check_positions(d->g, d->n_read, d->n_prompt, err);
    if (!status) status = d->with->ops->step(d->with, with, &logits[0], err);
    return status ? status : d->without->ops->step(d->without, without, &logits[1], err);
}

static ap_status begin(guided *d, size_t i_prompt, float *logits[2], ap_error *err) {
    const ap__ids *tokens = &d->prompt->tokens;
    ap__step with = {.tokens = tokens->ptr,
                     .mask = d->prompt->mask,
                     .n_tokens = tokens->n,
                     .n_logits = 1,
                     .cancel = d->g->cancel};
    ap__step without = {
        .tokens = tokens->ptr + tokens->n - 1, .n_tokens = 1, .n_logits = 1, .cancel = d->g->cancel};
    ap_status status = d->g->begin(&d->with, d->g->begin_ctx, i_prompt, 1, err);
    if (!status) status = d->g->begin(&d->without, d->g->begin_ctx, i_prompt, 1, err);
    for (size_t i = 0; i < tokens->n; i++) d->n_prompt += !d->prompt->mask || d->prompt->mask[i];
    d->n_read = d->n_prompt;
    if (!status) status = read_both(d, &with, &without, logits, err);
    if (!status) status = ap__scratch_create(&d->scratch, d->with->vocab_size, err);
    return status ? status : ap__rules_check_vocab(d->search->rules, d->scratch.n, err);
}

static void guide(const guided *d, float *logits[2], size_t n_rows) {
    float scale = (float)d->search->rules->guidance;
    size_t n = d->scratch.n;
    for (size_t i = 0; i < n_rows; i++) {
        float *with = logits[0] + i * n, *without = logits[1] + i * n;
        ap__log_softmax(with, n);
        ap__log_softmax(without, n);
        for (size_t k = 0; k < n; k++) with[k] = scale * (with[k] - without[k]) + without[k];
    }
}

static ap_status step(guided *d, float *logits[2], ap_error *err) {
    ap__search *search = d->search;
    guide(d, logits, search->n_rows);
    ap_status status = search->ops->advance(search, logits[0], &d->scratch, err);
    if (status || !search->n_rows) return status;
    status = d->with->ops->select(d->with, search->parents, search->n_rows, err);
    if (!status) status = d->without->ops->select(d->without, search->parents, search->n_rows, err);
    ap__step next = {.tokens = search->next, .n_tokens = 1, .n_logits = 1, .cancel = d->g->cancel};
    d->n_read++;
    return status ? status : read_both(d, &next, &next, logits, err);
}

ap_status ap__generate_guided(ap__generated *out, const ap__generation *g, size_t i_prompt,
                              const ap__rules *rules, ap_error *err) {
    guided d = {.g = g, .prompt = &g->prompts[i_prompt]};
    float *logits[2] = {NULL, NULL};
    ap__search_maker maker = {
        .rules = rules, .prompt = d.prompt->tokens, .input = d.prompt->index, .sink = g->sink};
    ap_status status = ap__search_create(&d.search, &maker, err);
    if (!status) status = begin(&d, i_prompt, logits, err);
    while (!status && d.search->n_rows) status = step(&d, logits, err);
    if (!status) status = ap__generated_take(out, d.search, err);
    ap__search_destroy(d.search);
    if (d.with) d.with->ops->end(d.with);
    if (d.without) d.without->ops->end(d.without);
    ap__scratch_clear(&d.scratch);
    return status;
}

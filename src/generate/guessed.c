/* Decoding with guesses: one step of the model checks all of a guess; what it would have chosen otherwise is
 * dropped, so that the result is that of decoding without. Source: transformers@v4.55.4 generation/utils.py
 * _assisted_decoding. */
#include "base/alloc.h"
#include "base/cancel.h"
#include "base/error.h"
#include "generate/guess.h"

#include <string.h>

typedef struct guessed {
    const ap__generation *g;
    const ap__rules *rules;
    const ap__prompt *prompt;
    ap__guesser *guesser;
    ap__decoding *decoding;
    ap__scratch scratch;
    ap__tokens tokens; /* Chosen so far, and behind them a guess. */
    size_t n_chosen;   /* Without the guess. */
    size_t n_read;     /* By the model. */
    uint8_t *mask;     /* Of the first step, where something is masked. */
    ap__random random;
    bool is_done;
} guessed;

/* -- checking ------------------------------------------------------------------------------------------ */

/* The first step reads the prompt, of which tokens may be masked, and a guess. */
static ap_status make_mask(guessed *d, ap_error *err) {
    const ap__prompt *prompt = d->prompt;
    if (d->n_read || !prompt->mask) return AP_OK;
    if (!(d->mask = ap__calloc(d->tokens.n, 1))) return ap__fail_nomem(err);
    memcpy(d->mask, prompt->mask, prompt->tokens.n);
    memset(d->mask + prompt->tokens.n, 1, d->tokens.n - prompt->tokens.n);
    return AP_OK;
}

static ap_status read_ahead(guessed *d, float **logits, ap_error *err) {
    size_t n = d->tokens.n - d->n_read;
    ap_status status = make_mask(d, err);
    ap__step step = {.tokens = d->tokens.ptr + d->n_read,
                     .mask = d->n_read ? NULL : d->mask,
                     .n_tokens = n,
                     .n_logits = d->tokens.n - d->n_chosen + 1,
                     .cancel = d->g->cancel};
    if (!status) status = ap__generate_check_positions(d->g, d->tokens.n, d->prompt->tokens.n, err);
    if (!status) status = d->decoding->ops->step(d->decoding, &step, logits, err);
    d->n_read = d->tokens.n;
    return status;
}

/* Takes the model's tokens as long as they are the guessed ones, and the one behind. */
static ap_status accept(guessed *d, float *logits, ap_error *err) {
    size_t n_guessed = d->tokens.n - d->n_chosen, n_right = 0;
    ap_status status = AP_OK;
    bool is_right = true;
    for (size_t i = 0; !status && i <= n_guessed && is_right && !d->is_done; i++) {
        ap__row row = {.scores = logits + i * d->scratch.n,
                       .tokens = {d->tokens.ptr, d->n_chosen},
                       .scratch = &d->scratch};
        int64_t token;
        ap__rules_apply(d->rules, &row);
        status = ap__search_choose(&token, d->rules, row.scores, &d->scratch, &d->random, err);
        if (status) break;
        is_right = i < n_guessed && d->tokens.ptr[d->n_chosen] == token;
        n_right += is_right;
        if (i < n_guessed)
            d->tokens.ptr[d->n_chosen] = token;
        else
            status = ap__tokens_add(&d->tokens, token, err);
        d->n_chosen++;
        if (!status)
            status = ap__rules_stop(&d->is_done, d->rules, (ap__ids){d->tokens.ptr, d->n_chosen}, err);
        ap__token_news news = {d->prompt->index, 0, token, d->is_done};
        if (!status && d->g->sink) status = d->g->sink->take(d->g->sink->ctx, &news, err);
    }
    d->tokens.n = d->n_chosen;
    d->guesser->ops->learn(d->guesser, n_guessed, n_right);
    return status;
}

/* A guess ends in front of max_length, and where the model has no more positions. */
static ap_status guess(guessed *d, ap_error *err) {
    size_t n = d->tokens.n, limit = d->g->position_limit;
    if (n + 1 >= d->rules->max_length || (limit && n >= limit)) return AP_OK;
    size_t most = d->rules->max_length - n - 1;
    if (limit && most > limit - n) most = limit - n;
    return d->guesser->ops->guess(d->guesser, &d->tokens, most, d->random, err);
}

static ap_status step(guessed *d, ap_error *err) {
    float *logits = NULL;
    if (ap__cancel_is_triggered(d->g->cancel)) return ap__fail(err, AP_ECANCELED, "the call was cancelled");
    ap_status status = guess(d, err);
    if (!status) status = read_ahead(d, &logits, err);
    if (!status) status = ap__rules_prepare(d->rules, &d->scratch, d->decoding->vocab_size, err);
    if (!status) status = accept(d, logits, err);
    if (status || d->is_done || d->n_read < d->n_chosen) return status;
    d->n_read = d->n_chosen - 1; /* The last one was not read yet. */
    return d->decoding->ops->crop(d->decoding, d->n_read, err);
}

static ap_status begin(guessed *d, size_t i_prompt, ap_error *err) {
    d->random = ap__random_begin(d->rules->seed, d->prompt->index, 0);
    d->n_chosen = d->prompt->tokens.n;
    ap_status status = ap__tokens_assign(&d->tokens, d->prompt->tokens, err);
    bool looks_up = ap__opt_is_set(&d->rules->config->prompt_lookup_num_tokens);
    if (!status)
        status = looks_up ? ap__guesser_create_lookup(&d->guesser, d->rules, err)
                          : ap__guesser_create_assistant(&d->guesser, d->g, i_prompt, d->rules, err);
    return status ? status : d->g->begin(&d->decoding, d->g->begin_ctx, i_prompt, 1, err);
}

ap_status ap__generate_guessed(ap__generated *out, const ap__generation *g, size_t i_prompt,
                               const ap__rules *rules, ap_error *err) {
    guessed d = {.g = g, .rules = rules, .prompt = &g->prompts[i_prompt]};
    ap_status status = begin(&d, i_prompt, err);
    while (!status && !d.is_done) status = step(&d, err);
    if (!status && !(out->sequences = ap__tokens_create_array(1, err))) status = AP_ENOMEM;
    if (!status) {
        *out = (ap__generated){out->sequences, 1, rules->pad};
        out->sequences[0] = d.tokens;
        d.tokens = (ap__tokens){0};
    }
    if (d.decoding) d.decoding->ops->end(d.decoding);
    if (d.guesser) d.guesser->ops->destroy(d.guesser);
    ap__tokens_clear(&d.tokens);
    ap__scratch_clear(&d.scratch);
    ap__free(d.mask);
    return status;
}

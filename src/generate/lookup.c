/* Guesses from the text itself: what followed the last few tokens before may follow again. One step checks
 * all of a guess; what the model would have chosen otherwise is dropped, so that the result is that of
 * decoding without. Source: transformers@v4.55.4 generation/candidate_generator.py
 * PromptLookupCandidateGenerator, generation/utils.py _assisted_decoding. */
#include "base/alloc.h"
#include "base/cancel.h"
#include "base/error.h"
#include "generate/generate.h"

#include <string.h>

typedef struct lookup {
    const ap__generation *g;
    const ap__rules *rules;
    const ap__prompt *prompt;
    ap__decoding *decoding;
    ap__scratch scratch;
    ap__tokens tokens; /* Chosen so far, and behind them a guess. */
    size_t n_chosen;   /* Without the guess. */
    size_t n_read;     /* By the model. */
    uint8_t *mask;     /* [prompt] */
    ap__random random;
    bool is_done;
} lookup;

/* -- guessing ------------------------------------------------------------------------------------------ */

/* The first place behind which something follows, where the text has its last n tokens. */
static bool find_ngram(size_t *start, ap__ids tokens, size_t n) {
    const int64_t *last = tokens.ptr + tokens.n - n;
    for (size_t i = 0; i + n < tokens.n; i++)
        if (memcmp(tokens.ptr + i, last, n * sizeof *last) == 0) {
            *start = i + n;
            return true;
        }
    return false;
}

/* Appends a guess; it ends in front of an end token and of max_length. */
static ap_status guess(lookup *l, ap_error *err) {
    const ap__generate_opts *c = l->rules->config;
    int64_t longest = ap__opt_integer(&c->max_matching_ngram_size, 0),
            most = c->prompt_lookup_num_tokens.as.integer;
    size_t n = longest > 0 ? (size_t)longest : 2, start = 0;
    ap__ids tokens = ap__tokens_ids(&l->tokens);
    ap_status status = AP_OK;
    if (tokens.n + 1 >= l->rules->max_length) return AP_OK;
    if (n > tokens.n - 1) n = tokens.n - 1;
    while (n && !find_ngram(&start, tokens, n)) n--;
    for (size_t i = start; !status && n && i < tokens.n && (int64_t)(i - start) < most; i++) {
        int64_t id = l->tokens.ptr[i];
        if (ap__ids_have(l->rules->eos, id) || l->tokens.n + 1 >= l->rules->max_length) break;
        status = ap__tokens_add(&l->tokens, id, err);
    }
    return status;
}

/* -- checking ------------------------------------------------------------------------------------------ */

static ap_status read_ahead(lookup *l, float **logits, ap_error *err) {
    size_t n = l->tokens.n - l->n_read;
    ap__step step = {.tokens = l->tokens.ptr + l->n_read,
                     .mask = l->n_read ? NULL : l->mask,
                     .n_tokens = n,
                     .n_logits = l->tokens.n - l->n_chosen + 1,
                     .cancel = l->g->cancel};
    ap_status status = ap__generate_check_positions(l->g, l->tokens.n, l->prompt->tokens.n, err);
    if (!status) status = l->decoding->ops->step(l->decoding, &step, logits, err);
    l->n_read = l->tokens.n;
    return status;
}

/* Takes the model's tokens as long as they are the guessed ones, and the one behind. */
static ap_status accept(lookup *l, float *logits, ap_error *err) {
    size_t n_guessed = l->tokens.n - l->n_chosen;
    ap_status status = AP_OK;
    bool is_right = true;
    for (size_t i = 0; !status && i <= n_guessed && is_right && !l->is_done; i++) {
        ap__row row = {.scores = logits + i * l->scratch.n,
                       .tokens = {l->tokens.ptr, l->n_chosen},
                       .scratch = &l->scratch};
        int64_t token;
        ap__rules_apply(l->rules, &row);
        status = ap__search_choose(&token, l->rules, row.scores, &l->scratch, &l->random, err);
        if (status) break;
        is_right = i < n_guessed && l->tokens.ptr[l->n_chosen] == token;
        if (i < n_guessed)
            l->tokens.ptr[l->n_chosen] = token;
        else
            status = ap__tokens_add(&l->tokens, token, err);
        l->n_chosen++;
        if (!status)
            status = ap__rules_stop(&l->is_done, l->rules, (ap__ids){l->tokens.ptr, l->n_chosen}, err);
        ap__token_news news = {l->prompt->index, 0, token, l->is_done};
        if (!status && l->g->sink) status = l->g->sink->take(l->g->sink->ctx, &news, err);
    }
    l->tokens.n = l->n_chosen;
    return status;
}

static ap_status step(lookup *l, ap_error *err) {
    float *logits = NULL;
    if (ap__cancel_is_triggered(l->g->cancel)) return ap__fail(err, AP_ECANCELED, "the call was cancelled");
    ap_status status = guess(l, err);
    if (!status) status = read_ahead(l, &logits, err);
    if (!status && !l->scratch.n) {
        status = ap__scratch_create(&l->scratch, l->decoding->vocab_size, err);
        if (!status) status = ap__rules_check_vocab(l->rules, l->scratch.n, err);
    }
    if (!status) status = accept(l, logits, err);
    if (status || l->is_done || l->n_read < l->n_chosen) return status;
    l->n_read = l->n_chosen - 1; /* The last one was not read yet. */
    return l->decoding->ops->crop(l->decoding, l->n_read, err);
}

static ap_status begin(lookup *l, size_t i_prompt, ap_error *err) {
    l->random = ap__random_begin(l->rules->seed, l->prompt->index, 0);
    l->n_chosen = l->prompt->tokens.n;
    ap_status status = ap__tokens_assign(&l->tokens, l->prompt->tokens, err);
    if (status) return status;
    if (l->prompt->mask) { /* As long as the longest first step. */
        size_t n = 2 * l->n_chosen;
        if (!(l->mask = ap__calloc(n, 1))) return ap__fail_nomem(err);
        memset(l->mask, 1, n);
        memcpy(l->mask, l->prompt->mask, l->n_chosen);
    }
    return l->g->begin(&l->decoding, l->g->begin_ctx, i_prompt, 1, err);
}

ap_status ap__generate_lookup(ap__generated *out, const ap__generation *g, size_t i_prompt,
                              const ap__rules *rules, ap_error *err) {
    lookup l = {.g = g, .rules = rules, .prompt = &g->prompts[i_prompt]};
    ap_status status = begin(&l, i_prompt, err);
    while (!status && !l.is_done) status = step(&l, err);
    if (!status && !(out->sequences = ap__tokens_create_array(1, err))) status = AP_ENOMEM;
    if (!status) {
        *out = (ap__generated){out->sequences, 1, rules->pad};
        out->sequences[0] = l.tokens;
        l.tokens = (ap__tokens){0};
    }
    if (l.decoding) l.decoding->ops->end(l.decoding);
    ap__tokens_clear(&l.tokens);
    ap__scratch_clear(&l.scratch);
    ap__free(l.mask);
    return status;
}

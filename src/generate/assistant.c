/* Guesses of a smaller model: it writes a few tokens ahead, by the same rules and, where tokens are drawn, by
 * the same random numbers.
 *
 * How many it writes follows from its own generation_config.json, as in the reference, and from the call's
 * values before that; the reference also adapts assistant_confidence_threshold where it finds scikit-learn.
 * None of it changes what is generated. Source: transformers@v4.55.4 generation/candidate_generator.py
 * AssistedCandidateGenerator, generation/stopping_criteria.py ConfidenceCriteria. */
#include "base/alloc.h"
#include "base/error.h"
#include "generate/guess.h"

#include <string.h>

typedef struct assistant {
    ap__guesser base;
    const ap__generation *g;
    const ap__rules *rules;
    const ap__prompt *prompt;
    ap__decoding *decoding;
    ap__scratch scratch;
    ap__tokens read;     /* By the assistant. */
    int64_t n_ahead;     /* Tokens of the next guess. */
    bool adapts;         /* `n_ahead`, to how good guesses were. */
    double least_likely; /* Of a token that another may follow; 0: any. */
} assistant;

/* -- values -------------------------------------------------------------------------------------------- */

/* Of the call or the creation, where it is not the default; else of the assistant's files. */
static const ap_opt *choose(const ap__generation *g, size_t offset) {
    const ap_param *row = ap__generate_param_at(offset);
    const ap_opt *given = ap__generate_opt_const(g->config, row);
    bool is_given = given->origin == AP_ORIGIN_CALL || !ap__generate_opt_is_default(row, given);
    return is_given || !g->assistant ? given : ap__generate_opt_const(g->assistant, row);
}

static void read_values(assistant *a) {
    const ap_opt *schedule = choose(a->g, offsetof(ap__generate_opts, num_assistant_tokens_schedule));
    a->n_ahead = ap__opt_integer(choose(a->g, offsetof(ap__generate_opts, num_assistant_tokens)), 20);
    a->adapts = strncmp(ap__opt_string(schedule, ""), "heuristic", 9) == 0;
    a->least_likely =
        ap__opt_number(choose(a->g, offsetof(ap__generate_opts, assistant_confidence_threshold)), 0);
}

/* -- reading ------------------------------------------------------------------------------------------- */

/* Forgets what turned out to be wrong; one token at least stays to be read. */
static ap_status go_back(assistant *a, ap__ids text, ap_error *err) {
    size_t n = 0, most = a->read.n < text.n ? a->read.n : text.n - 1;
    while (n < most && a->read.ptr[n] == text.ptr[n]) n++;
    if (n == a->read.n) return AP_OK;
    a->read.n = n;
    return a->decoding->ops->crop(a->decoding, n, err);
}

/* Reads what is new of the text. The mask is one of the prompt, which is all there is the first time. */
static ap_status read_text(assistant *a, float **logits, ap__ids text, ap_error *err) {
    ap_status status = go_back(a, text, err);
    ap__step step = {.tokens = text.ptr + a->read.n,
                     .mask = a->read.n ? NULL : a->prompt->mask,
                     .n_tokens = text.n - a->read.n,
                     .n_logits = 1,
                     .cancel = a->g->cancel};
    if (!status) status = a->decoding->ops->step(a->decoding, &step, logits, err);
    if (!status) status = ap__tokens_append(&a->read, (ap__ids){step.tokens, step.n_tokens}, err);
    return status ? status : ap__rules_prepare(a->rules, &a->scratch, a->decoding->vocab_size, err);
}

/* -- guessing ------------------------------------------------------------------------------------------ */

/* Where nothing can be chosen the guess ends: an assistant that fails is none, and no failure. */
static ap_status choose_token(int64_t *token, assistant *a, float *logits, ap__ids text, ap__random *random,
                              ap_error *err) {
    ap__row row = {.scores = logits, .tokens = text, .scratch = &a->scratch};
    ap__rules_apply(a->rules, &row);
    ap_status status = ap__search_choose(token, a->rules, row.scores, &a->scratch, random, err);
    if (status != AP_EINVAL) return status;
    ap__error_clear(err);
    *token = -1;
    return AP_OK;
}

static bool is_likely(assistant *a, const float *scores, int64_t token) {
    if (!(a->least_likely > 0)) return true;
    ap__softmax_to(a->scratch.probs, scores, a->scratch.n);
    return (double)a->scratch.probs[token] >= a->least_likely;
}

static size_t limit_guess(const assistant *a, size_t n_text, size_t most) {
    size_t limit = a->g->assistant_positions;
    if (a->n_ahead < (int64_t)most) most = a->n_ahead > 0 ? (size_t)a->n_ahead : 0;
    if (limit && n_text > limit) return 0;
    return limit && most > limit - n_text + 1 ? limit - n_text + 1 : most;
}

static ap_status guess(ap__guesser *self, ap__tokens *text, size_t most, ap__random random, ap_error *err) {
    assistant *a = (assistant *)self;
    size_t n = limit_guess(a, text->n, most);
    bool goes_on = true;
    ap_status status = AP_OK;
    for (size_t i = 0; !status && goes_on && i < n; i++) {
        float *logits;
        int64_t token = -1;
        status = read_text(a, &logits, ap__tokens_ids(text), err);
        if (!status) status = choose_token(&token, a, logits, ap__tokens_ids(text), &random, err);
        if (status || token < 0 || ap__ids_have(a->rules->eos, token)) break;
        goes_on = is_likely(a, logits, token);
        status = ap__tokens_add(text, token, err);
    }
    return status;
}

static void learn(ap__guesser *self, size_t n_guessed, size_t n_right) {
    assistant *a = (assistant *)self;
    if (!a->adapts) return;
    if (n_guessed == n_right)
        a->n_ahead += a->n_ahead < INT32_MAX ? 2 : 0;
    else if (a->n_ahead > 1)
        a->n_ahead--;
}

/* -- beginning and end --------------------------------------------------------------------------------- */

static void destroy(ap__guesser *self) {
    assistant *a = (assistant *)self;
    if (a->decoding) a->decoding->ops->end(a->decoding);
    ap__tokens_clear(&a->read);
    ap__scratch_clear(&a->scratch);
    ap__free(a);
}

static const ap__guesser_ops OPS = {guess, learn, destroy};

ap_status ap__guesser_create_assistant(ap__guesser **out, const ap__generation *g, size_t i_prompt,
                                       const ap__rules *rules, ap_error *err) {
    assistant *a = ap__calloc(1, sizeof *a);
    *out = NULL;
    if (!a) return ap__fail_nomem(err);
    a->base.ops = &OPS;
    a->g = g;
    a->rules = rules;
    a->prompt = &g->prompts[i_prompt];
    read_values(a);
    ap_status status = g->begin_assistant(&a->decoding, g->begin_ctx, i_prompt, 1, err);
    if (status)
        destroy(&a->base);
    else
        *out = &a->base;
    return status;
}

/* Beam search, and beams that are drawn. Scores are float32, as in the reference, where an offset of -1e9
 * takes candidates out. Source: transformers@v4.55.4 generation/utils.py _beam_search and its helpers. */
#include "base/alloc.h"
#include "base/error.h"
#include "generate/search.h"
#include "tensor/topk.h"
#include "value/value.h"

#include <math.h>
#include <string.h>

static const float OUT = -1.0e9f;

/* A sequence that is finished, or the place for one. */
typedef struct hypothesis {
    ap__tokens tokens;
    float score;
    bool is_finished;
    size_t n_generated;
} hypothesis;

/* What a beam could become. */
typedef struct candidate {
    float score;
    uint32_t beam;
    int64_t token;
    bool stops;
} candidate;

typedef struct beams {
    ap__search base;
    size_t n, n_candidates;      /* Beams; what is looked at in each step. */
    ap__tokens *running, *spare; /* [n] */
    float *scores;               /* [n] Of the running ones. */
    hypothesis *best, *merged;   /* [n] */
    candidate *candidates;       /* [n_candidates] */
    float *numbers;              /* [n + n_candidates] */
    size_t *order;               /* [n + n_candidates] */
    float *wide;                 /* [n * vocab_size] Room for the first step, and for drawing. */
    size_t n_wide;
    bool can_improve;
    bool stops_early, never_early; /* early_stopping: true, "never". */
    ap__random random;
} beams;

static size_t current_len(const beams *b) { return b->running[0].n; }

/* -- candidates ---------------------------------------------------------------------------------------- */

static ap_status make_wide(beams *b, size_t n, ap_error *err) {
    if (b->n_wide >= n) return AP_OK;
    ap__free(b->wide);
    b->wide = ap__calloc(n, sizeof *b->wide);
    b->n_wide = b->wide ? n : 0;
    return b->wide ? AP_OK : ap__fail_nomem(err);
}

/* Log-probabilities of each beam, processed and added to the beam's own: [n, vocab_size]. In the first step
 * all beams are the same row. */
static ap_status accumulate(beams *b, float **out, float *logits, ap__scratch *scratch, ap_error *err) {
    size_t size = scratch->n, n_rows = b->base.has_begun ? b->n : 1;
    for (size_t i = 0; i < n_rows; i++) ap__log_softmax(logits + i * size, size);
    ap_status status = ap__search_guide(&b->base, logits, 0, n_rows, err);
    if (status) return status;
    for (size_t i = 0; i < n_rows; i++) {
        ap__row row = {.scores = logits + i * size,
                       .tokens = ap__tokens_ids(&b->running[i]),
                       .i_row = i,
                       .scratch = scratch};
        ap__rules_apply(b->base.rules, &row);
    }
    *out = logits;
    if (!b->base.has_begun) {
        if ((status = make_wide(b, b->n * size, err))) return status;
        for (size_t i = 0; i < b->n; i++) memcpy(b->wide + i * size, logits, size * sizeof *logits);
        *out = b->wide;
    }
    for (size_t i = 0; i < b->n; i++)
        for (size_t k = 0; k < size; k++) (*out)[i * size + k] += b->scores[i];
    return AP_OK;
}

/* Draws without replacement; where nothing with a probability is left, what comes first is taken. */
static ap_status draw_many(size_t *out, beams *b, const float *scores, size_t n, ap_error *err) {
    float *probs = ap__calloc(n, sizeof *probs);
    if (!probs) return ap__fail_nomem(err);
    ap__softmax_to(probs, scores, n);
    for (size_t k = 0; k < b->n_candidates; k++) {
        double total = 0, sum = 0;
        size_t chosen = n;
        for (size_t i = 0; i < n; i++)
            if (probs[i] > 0) total += (double)probs[i];
        double target = ap__random_next(&b->random) * total;
        for (size_t i = 0; i < n && !(sum > target); i++) {
            if (!(probs[i] > 0)) continue;
            chosen = i;
            sum += (double)probs[i];
        }
        for (size_t i = 0; chosen == n && i < n; i++)
            if (probs[i] == 0) chosen = i;
        if (chosen == n) {
            ap__free(probs);
            return ap__fail(err, AP_EINVAL, "no token can be drawn: the scores are not numbers");
        }
        out[k] = chosen;
        probs[chosen] = -1;
    }
    ap__free(probs);
    return AP_OK;
}

static ap_status choose_candidates(beams *b, const float *scores, size_t vocab_size, ap_error *err) {
    size_t n = b->n * vocab_size;
    ap_status status = AP_OK;
    if (n < b->n_candidates)
        return ap__fail(err, AP_EINVAL,
                        "%zu beams need %zu candidates in each step, and the model has %zu tokens", b->n,
                        b->n_candidates, vocab_size);
    if (b->base.rules->draws)
        status = draw_many(b->order, b, scores, n, err);
    else
        ap__top_k(b->order, b->n_candidates, scores, n);
    for (size_t k = 0; !status && k < b->n_candidates; k++)
        b->candidates[k] = (candidate){scores[b->order[k]], (uint32_t)(b->order[k] / vocab_size),
                                       (int64_t)(b->order[k] % vocab_size), false};
    return status;
}

/* Which candidates end. */
static ap_status check_stops(beams *b, ap_error *err) {
    ap_status status = AP_OK;
    for (size_t k = 0; !status && k < b->n_candidates; k++) {
        candidate *c = &b->candidates[k];
        ap__tokens *tokens = &b->running[c->beam];
        if (!(status = ap__tokens_add(tokens, c->token, err)))
            status = ap__rules_stop(&c->stops, b->base.rules, ap__tokens_ids(tokens), err);
        if (!status) tokens->n--;
    }
    return status;
}

/* -- finished ones ------------------------------------------------------------------------------------- */

static bool all_finished(const beams *b) {
    for (size_t i = 0; i < b->n; i++)
        if (!b->best[i].is_finished) return false;
    return true;
}

static float divide_by_length(const beams *b, float score, size_t n) {
    double penalty = ap__opt_number(&b->base.rules->config->length_penalty, 1);
    return score / (float)pow((double)n, penalty);
}

/* The scores that finished ones compete with; what did not finish now, or comes too late, is out. */
static void score_candidates(beams *b) {
    bool is_full = all_finished(b) && b->stops_early;
    size_t n_generated = current_len(b) + 1 - b->base.rules->prompt_len;
    for (size_t i = 0; i < b->n; i++) b->numbers[i] = b->best[i].score;
    for (size_t k = 0; k < b->n_candidates; k++) {
        const candidate *c = &b->candidates[k];
        float score = divide_by_length(b, c->score, n_generated);
        score += is_full ? OUT : 0;
        score += b->can_improve ? 0 : OUT;
        score += c->stops && k < b->n ? 0 : OUT;
        b->numbers[b->n + k] = score;
    }
}

static ap_status take_candidate(beams *b, hypothesis *to, size_t k, ap_error *err) {
    const candidate *c = &b->candidates[k];
    to->score = b->numbers[b->n + k];
    to->is_finished = c->stops && k < b->n;
    to->n_generated = current_len(b) + 1 - b->base.rules->prompt_len;
    ap_status status = ap__tokens_assign(&to->tokens, ap__tokens_ids(&b->running[c->beam]), err);
    return status ? status : ap__tokens_add(&to->tokens, c->token, err);
}

/* The best n of what was there and of what came. Those that fall out lend their memory to the new ones. */
static ap_status update_finished(beams *b, ap_error *err) {
    size_t n_spare = 0;
    score_candidates(b);
    ap__top_k(b->order, b->n, b->numbers, b->n + b->n_candidates);
    for (size_t i = 0; i < b->n; i++) b->merged[i] = (hypothesis){0};
    for (size_t i = 0; i < b->n; i++) {
        if (b->order[i] >= b->n) continue;
        b->merged[i] = b->best[b->order[i]];
        b->best[b->order[i]] = (hypothesis){0};
    }
    ap_status status = AP_OK;
    for (size_t i = 0; i < b->n; i++) {
        if (b->order[i] < b->n) continue;
        while (n_spare < b->n && !b->best[n_spare].tokens.ptr) n_spare++;
        if (n_spare < b->n) {
            b->merged[i].tokens = b->best[n_spare].tokens;
            b->best[n_spare].tokens = (ap__tokens){0};
        }
        if (!status) status = take_candidate(b, &b->merged[i], b->order[i] - b->n, err);
    }
    for (size_t i = 0; i < b->n; i++) ap__tokens_clear(&b->best[i].tokens);
    hypothesis *best = b->best;
    b->best = b->merged;
    b->merged = best;
    return status;
}

/* -- going on ------------------------------------------------------------------------------------------ */

/* The n best that do not end become the beams. */
static ap_status update_running(beams *b, ap_error *err) {
    ap_status status = AP_OK;
    for (size_t k = 0; k < b->n_candidates; k++)
        b->numbers[k] = b->candidates[k].score + (b->candidates[k].stops ? OUT : 0);
    ap__top_k(b->order, b->n, b->numbers, b->n_candidates);
    for (size_t i = 0; !status && i < b->n; i++) {
        const candidate *c = &b->candidates[b->order[i]];
        status = ap__tokens_assign(&b->spare[i], ap__tokens_ids(&b->running[c->beam]), err);
        if (!status) status = ap__tokens_add(&b->spare[i], c->token, err);
        b->scores[i] = b->numbers[b->order[i]];
        b->base.parents[i] = b->base.has_begun ? c->beam : 0;
        b->base.next[i] = c->token;
    }
    ap__tokens *running = b->running;
    b->running = b->spare;
    b->spare = running;
    return status;
}

/* Whether a running beam could still become better than the worst finished one. */
static bool could_improve(const beams *b) {
    const ap__rules *r = b->base.rules;
    bool uses_max = b->never_early && ap__opt_number(&r->config->length_penalty, 1) > 0;
    size_t len = (uses_max ? r->max_length : current_len(b)) - r->prompt_len;
    float hoped = divide_by_length(b, b->scores[0], len), worst = b->best[0].score;
    for (size_t i = 1; i < b->n; i++) worst = b->best[i].score < worst ? b->best[i].score : worst;
    for (size_t i = 0; i < b->n; i++)
        if (hoped > (b->best[i].is_finished ? worst : OUT)) return true;
    return false;
}

static bool all_stop(const beams *b) {
    for (size_t k = 0; k < b->n_candidates; k++)
        if (!b->candidates[k].stops) return false;
    return true;
}

static ap_status advance(ap__search *self, float *logits, ap__scratch *scratch, ap_error *err) {
    beams *b = (beams *)self;
    float *scores;
    ap_status status = accumulate(b, &scores, logits, scratch, err);
    if (!status) status = choose_candidates(b, scores, scratch->n, err);
    if (!status) status = check_stops(b, err);
    if (!status) status = update_finished(b, err);
    if (!status) status = update_running(b, err);
    if (status) return status;
    self->has_begun = true;
    b->can_improve = b->can_improve && could_improve(b);
    bool goes_on = b->can_improve && !(all_finished(b) && b->stops_early) && !all_stop(b);
    self->n_rows = goes_on ? b->n : 0;
    return AP_OK;
}

/* As long as the longest of those that are asked for. The reference fills with the pad token unless that is
 * 0. */
static ap_status finish(ap__search *self, ap__tokens **out, ap_error *err) {
    beams *b = (beams *)self;
    const ap__rules *r = self->rules;
    size_t n = (size_t)r->n_sequences, longest = 0;
    int64_t fill = r->pad > 0 || !r->eos.n ? r->pad : r->eos.ptr[0];
    ap_status status = AP_OK;
    for (size_t i = 0; i < n; i++)
        if (b->best[i].n_generated > longest) longest = b->best[i].n_generated;
    for (size_t i = 0; !status && i < n; i++) {
        status = ap__tokens_assign(&b->spare[i], ap__tokens_ids(&b->best[i].tokens), err);
        if (!status) status = ap__tokens_fill(&b->spare[i], r->prompt_len + longest, fill, err);
    }
    *out = b->spare;
    return status;
}

/* -- beginning and end --------------------------------------------------------------------------------- */

static void destroy(ap__search *self) {
    beams *b = (beams *)self;
    ap__tokens_destroy_array(b->running, b->n);
    ap__tokens_destroy_array(b->spare, b->n);
    for (size_t i = 0; b->best && i < b->n; i++) ap__tokens_clear(&b->best[i].tokens);
    ap__free(b->best);
    ap__free(b->merged);
    ap__free(b->scores);
    ap__free(b->candidates);
    ap__free(b->numbers);
    ap__free(b->order);
    ap__free(b->wide);
    ap__free(b);
}

static ap_status allocate(beams *b, ap_error *err) {
    size_t n = b->n, n_all = b->n + b->n_candidates;
    b->running = ap__tokens_create_array(n, err);
    b->spare = ap__tokens_create_array(n, err);
    b->best = ap__calloc(n, sizeof *b->best);
    b->merged = ap__calloc(n, sizeof *b->merged);
    b->scores = ap__calloc(n, sizeof *b->scores);
    b->candidates = ap__calloc(b->n_candidates, sizeof *b->candidates);
    b->numbers = ap__calloc(n_all, sizeof *b->numbers);
    b->order = ap__calloc(n_all, sizeof *b->order);
    bool is_there = b->running && b->spare && b->best && b->merged && b->scores && b->candidates &&
                    b->numbers && b->order;
    return is_there ? AP_OK : ap__fail_nomem(err);
}

/* Only the first beam counts at first, so that they come to differ. */
static ap_status begin(beams *b, const ap__search_maker *maker, ap_error *err) {
    ap_status status = AP_OK;
    const ap_opt *early = &maker->rules->config->early_stopping;
    for (size_t i = 0; !status && i < b->n; i++) {
        b->scores[i] = i ? OUT : 0;
        b->best[i].score = OUT;
        status = ap__tokens_assign(&b->running[i], maker->prompt, err);
        if (!status) status = ap__tokens_assign(&b->best[i].tokens, maker->prompt, err);
    }
    b->stops_early = ap__opt_is_set(early) && ap_value_get_bool(early->as.value);
    b->never_early = ap__opt_is_set(early) && ap__value_is_text(early->as.value, "never");
    b->can_improve = true;
    b->random = ap__random_begin(maker->rules->seed, maker->input, 0);
    return status;
}

static const ap__search_ops OPS = {advance, finish, destroy};

ap_status ap__search_create_beams(ap__search **out, const ap__search_maker *maker, ap_error *err) {
    beams *b = ap__calloc(1, sizeof *b);
    *out = NULL;
    if (!b) return ap__fail_nomem(err);
    b->n = (size_t)maker->rules->n_beams;
    b->n_candidates = (maker->rules->eos.n > 1 ? 1 + maker->rules->eos.n : 2) * b->n;
    ap_status status = ap__search_init(&b->base, &OPS, maker, b->n, err);
    if (!status) status = allocate(b, err);
    if (!status) status = begin(b, maker, err);
    if (status)
        ap__search_destroy(&b->base);
    else
        *out = &b->base;
    return status;
}

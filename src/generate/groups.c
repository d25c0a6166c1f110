/* Beams in groups that avoid what the groups before them chose.
 * Source: transformers@v4.55.4 generation/utils.py _group_beam_search, generation/beam_search.py
 * BeamSearchScorer, BeamHypotheses. */
#include "base/alloc.h"
#include "base/error.h"
#include "generate/search.h"
#include "tensor/topk.h"
#include "value/value.h"

#include <math.h>
#include <string.h>

/* A finished sequence without its end token. */
typedef struct hypothesis {
    ap__tokens tokens;
    double score;
} hypothesis;

/* The finished sequences of a group; at most as many as it has beams, and one more while it is sorted. */
typedef struct group {
    hypothesis *found; /* [size + 1] */
    size_t n;
    double worst;
    bool is_done;
} group;

typedef struct groups {
    ap__search base;
    size_t n, n_groups, size;      /* Beams, groups, beams of a group. */
    ap__tokens *running, *spare;   /* [n] */
    float *scores, *next_scores;   /* [n], [size] */
    group *groups;                 /* [n_groups] */
    size_t *order;                 /* [n_candidates] */
    size_t n_candidates;           /* Of a group. */
    float *wide;                   /* [n * vocab_size] Of the first step. */
    ap__tokens *results;           /* [n_sequences] */
    bool stops_early, never_early; /* early_stopping: true, "never". */
} groups;

static double divide_by_length(const groups *g, double score, size_t n) {
    return score / pow((double)n, ap__opt_number(&g->base.rules->config->length_penalty, 1));
}

/* -- finished ones ------------------------------------------------------------------------------------- */

static void drop_worst(group *to) {
    size_t worst = 0;
    for (size_t i = 1; i < to->n; i++)
        if (to->found[i].score < to->found[worst].score) worst = i;
    ap__tokens_clear(&to->found[worst].tokens);
    for (size_t i = worst; i + 1 < to->n; i++) to->found[i] = to->found[i + 1];
    to->n--;
    to->found[to->n] = (hypothesis){0};
    to->worst = to->found[0].score;
    for (size_t i = 1; i < to->n; i++)
        if (to->found[i].score < to->worst) to->worst = to->found[i].score;
}

static ap_status add_hypothesis(const groups *g, group *to, ap__ids tokens, double sum, size_t n_generated,
                                ap_error *err) {
    double score = divide_by_length(g, sum, n_generated);
    if (to->n >= g->size && !(score > to->worst)) return AP_OK;
    hypothesis *h = &to->found[to->n];
    h->score = score;
    ap_status status = ap__tokens_assign(&h->tokens, tokens, err);
    if (status) return status;
    to->n++;
    if (to->n > g->size)
        drop_worst(to);
    else if (score < to->worst)
        to->worst = score;
    return AP_OK;
}

/* @param best the highest score of the step.   @param len of the sequences behind it. */
static bool is_group_done(const groups *g, const group *of, float best, size_t len) {
    const ap__rules *r = g->base.rules;
    if (of->n < g->size) return false;
    if (g->stops_early) return true;
    bool uses_max = g->never_early && ap__opt_number(&r->config->length_penalty, 1) > 0;
    return of->worst >= divide_by_length(g, (double)best, (uses_max ? r->max_length : len) - r->prompt_len);
}

/* -- one step of a group ------------------------------------------------------------------------------- */

/* Log-probabilities of the group's beams, [size, vocab_size], processed and added to the beams' own. */
static void accumulate(groups *g, size_t i_group, float *scores, ap__scratch *scratch) {
    size_t n = scratch->n, start = i_group * g->size;
    for (size_t i = 0; i < g->size; i++) {
        ap__row row = {.scores = scores + i * n,
                       .tokens = ap__tokens_ids(&g->running[start + i]),
                       .others = {g->base.next, start},
                       .i_row = i, /* Of the group: the reference processes each for itself. */
                       .scratch = scratch};
        ap__rules_apply(g->base.rules, &row);
        for (size_t k = 0; k < n; k++) row.scores[k] += g->scores[start + i];
    }
}

/* Candidates from the best: those that end are kept, the others go on until there are as many as beams. */
static ap_status share_out(groups *g, size_t i_group, const float *scores, size_t vocab_size, ap_error *err) {
    const ap__rules *r = g->base.rules;
    size_t start = i_group * g->size, n_next = 0, len = g->running[0].n + 1;
    ap_status status = AP_OK;
    for (size_t k = 0; !status && k < g->n_candidates && n_next < g->size; k++) {
        size_t at = g->order[k], from = start + at / vocab_size;
        int64_t token = (int64_t)(at % vocab_size);
        if (!ap__ids_have(r->eos, token)) {
            g->next_scores[n_next] = scores[at];
            g->base.next[start + n_next] = token;
            g->base.parents[start + n_next++] = (uint32_t)from;
        } else if (k < g->size) {
            status = add_hypothesis(g, &g->groups[i_group], ap__tokens_ids(&g->running[from]),
                                    (double)scores[at], len - r->prompt_len, err);
        }
    }
    if (!status && n_next < g->size)
        return ap__fail(err, AP_EINVAL,
                        "group beam search: too few tokens are left that do not end a sequence");
    for (size_t i = 0; !status && i < g->size; i++) g->scores[start + i] = g->next_scores[i];
    return status;
}

static ap_status step_group(groups *g, size_t i_group, float *logits, ap__scratch *scratch, ap_error *err) {
    group *of = &g->groups[i_group];
    size_t start = i_group * g->size;
    float *scores = logits + start * scratch->n;
    for (size_t i = 0; i < g->size; i++) ap__log_softmax(scores + i * scratch->n, scratch->n);
    ap_status status = ap__search_guide(&g->base, scores, start, g->size, err);
    if (status) return status;
    if (of->is_done) { /* Its rows go along as padding. */
        for (size_t i = start; i < start + g->size; i++) {
            g->scores[i] = 0;
            g->base.next[i] = g->base.rules->pad;
            g->base.parents[i] = (uint32_t)start;
        }
        return AP_OK;
    }
    if (g->size * scratch->n < g->n_candidates)
        return ap__fail(err, AP_EINVAL,
                        "%zu beams need %zu candidates in each step, and the model has %zu tokens", g->size,
                        g->n_candidates, scratch->n);
    accumulate(g, i_group, scores, scratch);
    ap__top_k(g->order, g->n_candidates, scores, g->size * scratch->n);
    float best = scores[g->order[0]];
    status = share_out(g, i_group, scores, scratch->n, err);
    if (!status) of->is_done = is_group_done(g, of, best, g->running[0].n + 1);
    return status;
}

static ap_status extend(groups *g, ap_error *err) {
    ap_status status = AP_OK;
    for (size_t i = 0; !status && i < g->n; i++) {
        status = ap__tokens_assign(&g->spare[i], ap__tokens_ids(&g->running[g->base.parents[i]]), err);
        if (!status) status = ap__tokens_add(&g->spare[i], g->base.next[i], err);
        if (!g->base.has_begun) g->base.parents[i] = 0;
    }
    ap__tokens *running = g->running;
    g->running = g->spare;
    g->spare = running;
    return status;
}

/* Whether all groups are done, or all rows have to stop. */
static ap_status check_end(groups *g, bool *ends, ap_error *err) {
    bool all_done = true, all_stop = true;
    ap_status status = AP_OK;
    for (size_t i = 0; i < g->n_groups; i++) all_done = all_done && g->groups[i].is_done;
    for (size_t i = 0; !status && !all_done && i < g->n; i++) {
        bool stops;
        status = ap__rules_stop(&stops, g->base.rules, ap__tokens_ids(&g->running[i]), err);
        all_stop = all_stop && !status && stops;
    }
    *ends = all_done || all_stop;
    return status;
}

static ap_status advance(ap__search *self, float *logits, ap__scratch *scratch, ap_error *err) {
    groups *g = (groups *)self;
    bool ends = false;
    ap_status status = AP_OK;
    if (!self->has_begun) { /* All beams are the same row. */
        size_t n = scratch->n;
        if (!(g->wide = ap__calloc(g->n * n, sizeof *g->wide))) return ap__fail_nomem(err);
        for (size_t i = 0; i < g->n; i++) memcpy(g->wide + i * n, logits, n * sizeof *logits);
        logits = g->wide;
    }
    for (size_t i = 0; !status && i < g->n_groups; i++) status = step_group(g, i, logits, scratch, err);
    if (!status) status = extend(g, err);
    if (!status) status = check_end(g, &ends, err);
    ap__free(g->wide);
    g->wide = NULL;
    self->has_begun = true;
    self->n_rows = ends ? 0 : g->n;
    return status;
}

/* -- the end ------------------------------------------------------------------------------------------- */

/* What is still open counts as it is. */
static ap_status close_groups(groups *g, ap_error *err) {
    ap_status status = AP_OK;
    for (size_t i = 0; i < g->n_groups; i++) {
        if (g->groups[i].is_done) continue;
        for (size_t k = i * g->size; !status && k < (i + 1) * g->size; k++)
            status = add_hypothesis(g, &g->groups[i], ap__tokens_ids(&g->running[k]), (double)g->scores[k],
                                    g->running[k].n - g->base.rules->prompt_len, err);
    }
    return status;
}

/* The best that was not taken; of equal ones the last, as a sorted list gives them from its end. */
static hypothesis *take_best(groups *g) {
    hypothesis *best = NULL;
    for (size_t i = 0; i < g->n_groups; i++)
        for (size_t k = 0; k < g->groups[i].n; k++) {
            hypothesis *h = &g->groups[i].found[k];
            if (h->tokens.ptr && (!best || h->score >= best->score)) best = h;
        }
    return best;
}

static ap_status finish(ap__search *self, ap__tokens **out, ap_error *err) {
    groups *g = (groups *)self;
    const ap__rules *r = self->rules;
    size_t n = (size_t)r->n_sequences, longest = 0;
    ap_status status = close_groups(g, err);
    for (size_t i = 0; !status && i < n; i++) {
        hypothesis *best = take_best(g);
        if (!best) return ap__fail(err, AP_EINVAL, "group beam search found %zu of %zu sequences", i, n);
        g->results[i] = best->tokens;
        best->tokens = (ap__tokens){0};
        if (g->results[i].n > longest) longest = g->results[i].n;
    }
    size_t len = longest + 1 < r->max_length ? longest + 1 : r->max_length;
    for (size_t i = 0; !status && i < n; i++) {
        if (g->results[i].n < len && r->eos.n) status = ap__tokens_add(&g->results[i], r->eos.ptr[0], err);
        if (!status) status = ap__tokens_fill(&g->results[i], len, r->pad, err);
    }
    *out = g->results;
    return status;
}

static void destroy(ap__search *self) {
    groups *g = (groups *)self;
    ap__tokens_destroy_array(g->running, g->n);
    ap__tokens_destroy_array(g->spare, g->n);
    ap__tokens_destroy_array(g->results, (size_t)self->rules->n_sequences);
    for (size_t i = 0; g->groups && i < g->n_groups; i++) {
        for (size_t k = 0; g->groups[i].found && k <= g->size; k++)
            ap__tokens_clear(&g->groups[i].found[k].tokens);
        ap__free(g->groups[i].found);
    }
    ap__free(g->groups);
    ap__free(g->scores);
    ap__free(g->next_scores);
    ap__free(g->order);
    ap__free(g->wide);
    ap__free(g);
}

static ap_status allocate(groups *g, ap_error *err) {
    g->running = ap__tokens_create_array(g->n, err);
    g->spare = ap__tokens_create_array(g->n, err);
    g->results = ap__tokens_create_array((size_t)g->base.rules->n_sequences, err);
    g->groups = ap__calloc(g->n_groups, sizeof *g->groups);
    g->scores = ap__calloc(g->n, sizeof *g->scores);
    g->next_scores = ap__calloc(g->size, sizeof *g->next_scores);
    g->order = ap__calloc(g->n_candidates, sizeof *g->order);
    if (!g->running || !g->spare || !g->results || !g->groups || !g->scores || !g->next_scores || !g->order)
        return ap__fail_nomem(err);
    for (size_t i = 0; i < g->n_groups; i++)
        if (!(g->groups[i].found = ap__calloc(g->size + 1, sizeof *g->groups[i].found)))
            return ap__fail_nomem(err);
    return AP_OK;
}

static ap_status begin(groups *g, const ap__search_maker *maker, ap_error *err) {
    ap_status status = AP_OK;
    const ap_opt *early = &maker->rules->config->early_stopping;
    for (size_t i = 0; !status && i < g->n; i++) {
        g->scores[i] = i % g->size ? -1e9f : 0;
        status = ap__tokens_assign(&g->running[i], maker->prompt, err);
    }
    for (size_t i = 0; i < g->n_groups; i++) g->groups[i].worst = 1e9;
    g->stops_early = ap__opt_is_set(early) && ap_value_get_bool(early->as.value);
    g->never_early = ap__opt_is_set(early) && ap__value_is_text(early->as.value, "never");
    return status;
}

static const ap__search_ops OPS = {advance, finish, destroy};

ap_status ap__search_create_groups(ap__search **out, const ap__search_maker *maker, ap_error *err) {
    groups *g = ap__calloc(1, sizeof *g);
    *out = NULL;
    if (!g) return ap__fail_nomem(err);
    g->n = (size_t)maker->rules->n_beams;
    g->n_groups = (size_t)maker->rules->n_groups;
    g->size = g->n / g->n_groups;
    g->n_candidates = (maker->rules->eos.n > 1 ? 1 + maker->rules->eos.n : 2) * g->size;
    ap_status status = ap__search_init(&g->base, &OPS, maker, g->n, err);
    if (!status) status = allocate(g, err);
    if (!status) status = begin(g, maker, err);
    if (status)
        ap__search_destroy(&g->base);
    else
        *out = &g->base;
    return status;
}

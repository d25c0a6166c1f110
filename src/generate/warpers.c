/* Temperature, top_k, top_p and the like. Thresholds are compared in float32, sums of probabilities are made
 * in double and rounded, as torch does both. */
#include "generate/warpers.h"

#include "tensor/topk.h"

#include <float.h>
#include <math.h>

void ap__warp_temperature(const ap__rules *rules, ap__row *row) {
    float temperature = (float)rules->config->temperature.as.number;
    for (size_t i = 0; i < row->scratch->n; i++) row->scores[i] /= temperature;
}

/* The k-th largest score. */
static float kth_score(ap__row *row, size_t k) {
    size_t n = row->scratch->n;
    if (k > n) k = n;
    ap__top_k(row->scratch->order, k, row->scores, n);
    return row->scores[row->scratch->order[k - 1]];
}

void ap__warp_top_k(const ap__rules *rules, ap__row *row) {
    size_t k = (size_t)rules->config->top_k.as.integer;
    float least = kth_score(row, k > rules->min_kept ? k : rules->min_kept);
    for (size_t i = 0; i < row->scratch->n; i++)
        if (row->scores[i] < least) row->scores[i] = -INFINITY;
}

void ap__warp_top_p(const ap__rules *rules, ap__row *row) {
    ap__scratch *scratch = row->scratch;
    float least = (float)(1 - rules->config->top_p.as.number);
    size_t n = 0;
    double sum = 0;
    ap__softmax_to(scratch->probs, row->scores, scratch->n);
    for (size_t i = 0; i < scratch->n; i++) /* The others are out already, and add nothing. */
        if (row->scores[i] != -INFINITY) scratch->places[n++] = (uint32_t)i;
    const uint32_t *order = ap__sort_ascending(scratch, row->scores, n);
    for (size_t i = 0; i + rules->min_kept < n; i++) {
        sum += (double)scratch->probs[order[i]];
        if ((float)sum > least) break;
        row->scores[order[i]] = -INFINITY;
    }
}

void ap__warp_min_p(const ap__rules *rules, ap__row *row) {
    ap__scratch *scratch = row->scratch;
    size_t n = scratch->n, n_kept = rules->min_kept < n ? rules->min_kept : n;
    ap__softmax_to(scratch->probs, row->scores, n);
    ap__top_k(scratch->order, n_kept, row->scores, n);
    float least = (float)rules->config->min_p.as.number * scratch->probs[scratch->order[0]];
    ap__scratch_begin_round(scratch);
    for (size_t i = 0; i < n_kept; i++) ap__scratch_see(scratch, scratch->order[i]);
    for (size_t i = 0; i < n; i++)
        if (scratch->probs[i] < least && ap__scratch_see(scratch, i)) row->scores[i] = -INFINITY;
}

/* How far each token's surprise is from the one to be expected, to `scratch->keys` in front of the sort: kept
 * as floats in `far`. */
static void measure_surprise(float *far, const float *scores, size_t n) {
    double entropy = 0;
    for (size_t i = 0; i < n; i++) far[i] = scores[i];
    ap__log_softmax(far, n);
    for (size_t i = 0; i < n; i++) {
        float term = far[i] * expf(far[i]); /* -inf * 0 is left out. */
        if (!isnan(term)) entropy += (double)term;
    }
    float expected = -(float)entropy;
    for (size_t i = 0; i < n; i++) far[i] = fabsf(-far[i] - expected);
}

void ap__warp_typical_p(const ap__rules *rules, ap__row *row) {
    ap__scratch *scratch = row->scratch;
    size_t n = scratch->n, last = 0;
    float *far = scratch->probs, mass = (float)rules->config->typical_p.as.number;
    double sum = 0, total = 0;
    measure_surprise(far, row->scores, n);
    for (size_t i = 0; i < n; i++) scratch->places[i] = (uint32_t)i;
    const uint32_t *order = ap__sort_ascending(scratch, far, n);
    float max = -INFINITY;
    for (size_t i = 0; i < n; i++) max = row->scores[i] > max ? row->scores[i] : max;
    for (size_t i = 0; i < n; i++) total += (double)expf(row->scores[i] - max);
    for (; last < n; last++) {
        sum += (double)(expf(row->scores[order[last]] - max) / (float)total);
        if (!((float)sum < mass)) break;
    }
    float limit = far[order[last < n ? last : n - 1]];
    for (size_t i = rules->min_kept; i < n; i++)
        if (far[order[i]] > limit) row->scores[order[i]] = -INFINITY;
}

/* Takes out what is below a probability, but for the most likely. */
static void cut_off(const ap__rules *rules, ap__row *row, float least) {
    ap__softmax_to(row->scratch->probs, row->scores, row->scratch->n);
    float kept = kth_score(row, rules->min_kept);
    for (size_t i = 0; i < row->scratch->n; i++)
        if (row->scratch->probs[i] < least && row->scores[i] < kept) row->scores[i] = -INFINITY;
}

void ap__warp_epsilon(const ap__rules *rules, ap__row *row) {
    cut_off(rules, row, (float)rules->config->epsilon_cutoff.as.number);
}

void ap__warp_eta(const ap__rules *rules, ap__row *row) {
    float epsilon = (float)rules->config->eta_cutoff.as.number, *logs = row->scratch->probs;
    double entropy = 0;
    for (size_t i = 0; i < row->scratch->n; i++) logs[i] = row->scores[i];
    ap__log_softmax(logs, row->scratch->n);
    for (size_t i = 0; i < row->scratch->n; i++) {
        float log = logs[i] < -FLT_MAX ? -FLT_MAX : logs[i];
        entropy -= (double)(log * expf(log));
    }
    float least = sqrtf(epsilon) * expf(-(float)entropy);
    cut_off(rules, row, epsilon < least ? epsilon : least);
}

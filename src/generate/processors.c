/* Rules about which tokens may come, and the order of all rules. */
#include "base/error.h"
#include "generate/rules.h"
#include "generate/warpers.h"

#include <float.h>
#include <math.h>
#include <string.h>

static void ban(ap__row *row, int64_t id) {
    if (id >= 0 && (size_t)id < row->scratch->n) row->scores[id] = -INFINITY;
}

static void ban_all(ap__row *row, ap__ids ids) {
    for (size_t i = 0; i < ids.n; i++) ban(row, ids.ptr[i]);
}

/* -- biases -------------------------------------------------------------------------------------------- */

/* Whether the row ends with all but the last id of a sequence. */
static bool is_next(ap__ids tokens, ap__ids ids) {
    size_t n = ids.n - 1;
    if (ids.n == 1) return true;
    return ids.n <= tokens.n && memcmp(tokens.ptr + tokens.n - n, ids.ptr, n * sizeof *ids.ptr) == 0;
}

/* Several sequences may end with one token: their numbers are added before they are added to its score. */
static void add_biases(ap__row *row, const ap__bias *biases, size_t n) {
    float *sums = row->scratch->probs;
    ap__scratch_begin_round(row->scratch);
    for (int has_many = 0; has_many < 2; has_many++)
        for (size_t i = 0; i < n; i++) {
            size_t last = (size_t)biases[i].ids.ptr[biases[i].ids.n - 1];
            if ((biases[i].ids.n > 1) != has_many || !is_next(row->tokens, biases[i].ids)) continue;
            if (ap__scratch_see(row->scratch, last)) sums[last] = 0;
            sums[last] += biases[i].number;
        }
    ap__scratch_begin_round(row->scratch);
    for (size_t i = 0; i < n; i++) {
        size_t last = (size_t)biases[i].ids.ptr[biases[i].ids.n - 1];
        if (is_next(row->tokens, biases[i].ids) && ap__scratch_see(row->scratch, last))
            row->scores[last] += sums[last];
    }
}

static void apply_sequence_bias(const ap__rules *r, ap__row *row) { add_biases(row, r->biases, r->n_biases); }

static void apply_bad_words(const ap__rules *r, ap__row *row) {
    add_biases(row, r->bad_words, r->n_bad_words);
}

static void apply_diversity(const ap__rules *r, ap__row *row) {
    float penalty = (float)r->config->diversity_penalty.as.number;
    for (size_t i = 0; i < row->others.n; i++) {
        size_t count = 0, first = row->others.n;
        for (size_t k = row->others.n; k-- > 0;)
            if (row->others.ptr[k] == row->others.ptr[i]) {
                count++;
                first = k;
            }
        int64_t id = row->others.ptr[i];
        if (first == i && id >= 0 && (size_t)id < row->scratch->n) row->scores[id] -= penalty * (float)count;
    }
}

/* -- repetition ---------------------------------------------------------------------------------------- */

static void penalize(ap__row *row, ap__ids ids, float penalty) {
    ap__scratch_begin_round(row->scratch);
    for (size_t i = 0; i < ids.n; i++) {
        size_t id = (size_t)ids.ptr[i];
        if (id >= row->scratch->n || !ap__scratch_see(row->scratch, id)) continue;
        float *x = &row->scores[id];
        *x = *x < 0 ? *x * penalty : *x / penalty;
    }
}

/* The reference has the input's tokens once, and so reaches the first row of scores alone. */
static void apply_encoder_repetition(const ap__rules *r, ap__row *row) {
    if (row->i_row) return;
    penalize(row, r->input, (float)(1 / r->config->encoder_repetition_penalty.as.number));
}

static void apply_repetition(const ap__rules *r, ap__row *row) {
    penalize(row, row->tokens, (float)r->config->repetition_penalty.as.number);
}

/* Bans what would complete an n-gram of `in` behind the row's last n - 1 tokens. */
static void ban_ngrams(ap__row *row, ap__ids in, size_t n) {
    if (n > row->tokens.n + 1 || n > in.n) return;
    const int64_t *last = row->tokens.ptr + row->tokens.n + 1 - n;
    for (size_t i = 0; i + n <= in.n; i++)
        if (n == 1 || memcmp(in.ptr + i, last, (n - 1) * sizeof *last) == 0) ban(row, in.ptr[i + n - 1]);
}

static void apply_ngrams(const ap__rules *r, ap__row *row) {
    ban_ngrams(row, row->tokens, (size_t)r->config->no_repeat_ngram_size.as.integer);
}

static void apply_encoder_ngrams(const ap__rules *r, ap__row *row) {
    ban_ngrams(row, r->input, (size_t)r->config->encoder_no_repeat_ngram_size.as.integer);
}

/* -- ends and beginnings ------------------------------------------------------------------------------- */

static void apply_min_length(const ap__rules *r, ap__row *row) {
    if (row->tokens.n < r->min_length) ban_all(row, r->eos);
}

static void force(ap__row *row, ap__ids ids) {
    for (size_t i = 0; i < row->scratch->n; i++) row->scores[i] = -INFINITY;
    for (size_t i = 0; i < ids.n; i++) row->scores[ids.ptr[i]] = 0;
}

static void apply_forced_bos(const ap__rules *r, ap__row *row) {
    int64_t id = r->config->forced_bos_token_id.as.integer;
    if (row->tokens.n == 1) force(row, (ap__ids){&id, 1});
}

static void apply_forced_eos(const ap__rules *r, ap__row *row) {
    if (row->tokens.n == r->max_length - 1) force(row, r->forced_eos);
}

static void apply_remove_invalid(const ap__rules *r, ap__row *row) {
    (void)r;
    for (size_t i = 0; i < row->scratch->n; i++) {
        float *x = &row->scores[i];
        *x = isnan(*x) ? 0 : *x == INFINITY ? FLT_MAX : *x == -INFINITY ? -FLT_MAX : *x;
    }
}

/* The penalty is of the absolute value, so that it also raises logits below 0. */
static void apply_decay(const ap__rules *r, ap__row *row) {
    if (row->tokens.n <= r->decay_start) return;
    float factor = (float)(pow(r->decay_factor, (double)(row->tokens.n - r->decay_start)) - 1);
    for (size_t i = 0; i < r->eos.n; i++)
        if ((size_t)r->eos.ptr[i] < row->scratch->n) {
            float *x = &row->scores[r->eos.ptr[i]];
            *x += fabsf(*x) * factor;
        }
}

static void apply_suppressed(const ap__rules *r, ap__row *row) { ban_all(row, r->suppressed); }

static void apply_suppressed_first(const ap__rules *r, ap__row *row) {
    if (row->tokens.n == r->first_index) ban_all(row, r->suppressed_first);
}

static void apply_watermark(const ap__rules *r, ap__row *row) {
    ap__watermark_apply(r->watermark, row->scores, row->tokens.ptr, row->tokens.n, row->scratch);
}

static void apply_renormalize(const ap__rules *r, ap__row *row) {
    (void)r;
    ap__log_softmax(row->scores, row->scratch->n);
}

/* -- which are active ---------------------------------------------------------------------------------- */

static bool is_above(const ap_opt *opt, double least) { return ap__opt_number(opt, least) > least; }

static bool is_not_1(const ap_opt *opt) { return ap__opt_number(opt, 1) != 1; }

static bool has_biases(const ap__rules *r) { return r->n_biases > 0; }
static bool has_bad_words(const ap__rules *r) { return r->n_bad_words > 0; }
static bool has_diversity(const ap__rules *r) {
    return r->mode == AP__MODE_GROUPS && is_above(&r->config->diversity_penalty, 0);
}
static bool has_encoder_repetition(const ap__rules *r) {
    return is_not_1(&r->config->encoder_repetition_penalty);
}
static bool has_repetition(const ap__rules *r) { return is_not_1(&r->config->repetition_penalty); }
static bool has_ngrams(const ap__rules *r) {
    return ap__opt_integer(&r->config->no_repeat_ngram_size, 0) > 0;
}
static bool has_encoder_ngrams(const ap__rules *r) {
    return ap__opt_integer(&r->config->encoder_no_repeat_ngram_size, 0) > 0;
}
static bool has_min_length(const ap__rules *r) { return r->min_length > 0 && r->eos.n; }
static bool has_forced_bos(const ap__rules *r) { return ap__opt_is_set(&r->config->forced_bos_token_id); }
static bool has_forced_eos(const ap__rules *r) { return r->forced_eos.n > 0; }
static bool removes_invalid(const ap__rules *r) {
    return ap__opt_boolean(&r->config->remove_invalid_values, false);
}
static bool has_decay(const ap__rules *r) {
    return ap__opt_is_set(&r->config->exponential_decay_length_penalty);
}
static bool has_suppressed(const ap__rules *r) { return r->suppressed.n > 0; }
static bool has_suppressed_first(const ap__rules *r) { return r->suppressed_first.n > 0; }
static bool has_watermark(const ap__rules *r) { return r->watermark != NULL; }
static bool renormalizes(const ap__rules *r) {
    return ap__opt_boolean(&r->config->renormalize_logits, false);
}
static bool has_temperature(const ap__rules *r) { return r->draws && is_not_1(&r->config->temperature); }
static bool has_top_k(const ap__rules *r) { return r->draws && ap__opt_integer(&r->config->top_k, 0) != 0; }
static bool has_top_p(const ap__rules *r) { return r->draws && ap__opt_number(&r->config->top_p, 1) < 1; }
static bool has_min_p(const ap__rules *r) { return r->draws && ap__opt_is_set(&r->config->min_p); }
static bool has_typical_p(const ap__rules *r) {
    return r->draws && ap__opt_number(&r->config->typical_p, 1) < 1;
}
static bool is_cutoff(const ap_opt *opt) { return ap__opt_number(opt, 0) > 0 && opt->as.number < 1; }
static bool has_epsilon(const ap__rules *r) { return r->draws && is_cutoff(&r->config->epsilon_cutoff); }
static bool has_eta(const ap__rules *r) { return r->draws && is_cutoff(&r->config->eta_cutoff); }

/* In the order of the reference. */
static const struct {
    bool (*is_active)(const ap__rules *rules);
    ap__rule_fn apply;
} RULES[] = {
    {has_biases, apply_sequence_bias},
    {has_diversity, apply_diversity},
    {has_encoder_repetition, apply_encoder_repetition},
    {has_repetition, apply_repetition},
    {has_ngrams, apply_ngrams},
    {has_encoder_ngrams, apply_encoder_ngrams},
    {has_bad_words, apply_bad_words},
    {has_min_length, apply_min_length},
    {has_forced_bos, apply_forced_bos},
    {has_forced_eos, apply_forced_eos},
    {removes_invalid, apply_remove_invalid},
    {has_decay, apply_decay},
    {has_suppressed, apply_suppressed},
    {has_suppressed_first, apply_suppressed_first},
    {has_temperature, ap__warp_temperature},
    {has_top_k, ap__warp_top_k},
    {has_top_p, ap__warp_top_p},
    {has_min_p, ap__warp_min_p},
    {has_typical_p, ap__warp_typical_p},
    {has_epsilon, ap__warp_epsilon},
    {has_eta, ap__warp_eta},
    {has_watermark, apply_watermark},
    {renormalizes, apply_renormalize},
};
_Static_assert(sizeof RULES / sizeof *RULES <= AP__RULES_MAX, "ap__rules.active has no room");

/* -- values that a rule cannot have -------------------------------------------------------------------- */

static ap_status check_range(const char *name, bool is_right, const char *expected, ap_error *err) {
    return is_right ? AP_OK : ap__fail(err, AP_EINVAL, "parameter %s: expected %s", name, expected);
}

static ap_status check_values(const ap__rules *r, ap_error *err) {
    const ap__generate_opts *c = r->config;
    double min_p = ap__opt_number(&c->min_p, 0);
    const struct {
        const char *name;
        bool is_right, is_of_drawing;
        const char *expected;
    } rows[] = {
        {"repetition_penalty", ap__opt_number(&c->repetition_penalty, 1) > 0, false, "a number above 0"},
        {"encoder_repetition_penalty", ap__opt_number(&c->encoder_repetition_penalty, 1) > 0, false,
         "a number above 0"},
        {"temperature", ap__opt_number(&c->temperature, 1) > 0, true,
         "a number above 0; do_sample=false takes the most likely token"},
        {"top_k", ap__opt_integer(&c->top_k, 0) >= 0, true, "an int of at least 0"},
        {"top_p", ap__opt_number(&c->top_p, 1) >= 0, true, "a number from 0 to 1"},
        {"min_p", min_p >= 0 && min_p <= 1, true, "a number from 0 to 1"},
        {"typical_p", ap__opt_number(&c->typical_p, 1) > 0, true, "a number above 0"},
    };
    ap_status status = AP_OK;
    for (size_t i = 0; !status && i < sizeof rows / sizeof *rows; i++)
        if (r->draws || !rows[i].is_of_drawing)
            status = check_range(rows[i].name, rows[i].is_right, rows[i].expected, err);
    return status;
}

ap_status ap__rules_choose(ap__rules *rules, ap_error *err) {
    ap_status status = check_values(rules, err);
    for (size_t i = 0; !status && i < sizeof RULES / sizeof *RULES; i++)
        if (RULES[i].is_active(rules)) rules->active[rules->n_active++] = RULES[i].apply;
    return status;
}

static ap_status check_id(int64_t id, const char *name, size_t n, ap_error *err) {
    if (id >= 0 && (size_t)id < n) return AP_OK;
    return ap__fail(err, AP_EINVAL, "parameter %s: the model has %zu tokens, %lld is none of them", name, n,
                    (long long)id);
}

static ap_status check_biases(const ap__bias *biases, size_t n, const char *name, size_t vocab_size,
                              ap_error *err) {
    ap_status status = AP_OK;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; !status && k < biases[i].ids.n; k++)
            status = check_id(biases[i].ids.ptr[k], name, vocab_size, err);
    return status;
}

ap_status ap__rules_check_vocab(const ap__rules *rules, size_t vocab_size, ap_error *err) {
    const ap_opt *bos = &rules->config->forced_bos_token_id;
    ap_status status = check_biases(rules->biases, rules->n_biases, "sequence_bias", vocab_size, err);
    if (!status)
        status = check_biases(rules->bad_words, rules->n_bad_words, "bad_words_ids", vocab_size, err);
    if (!status && ap__opt_is_set(bos))
        status = check_id(bos->as.integer, "forced_bos_token_id", vocab_size, err);
    for (size_t i = 0; !status && i < rules->forced_eos.n; i++)
        status = check_id(rules->forced_eos.ptr[i], "forced_eos_token_id", vocab_size, err);
    return status;
}

ap_status ap__rules_prepare(const ap__rules *rules, ap__scratch *scratch, size_t vocab_size, ap_error *err) {
    if (scratch->n) return AP_OK;
    ap_status status = ap__scratch_create(scratch, vocab_size, err);
    return status ? status : ap__rules_check_vocab(rules, vocab_size, err);
}

void ap__rules_apply(const ap__rules *rules, ap__row *row) {
    for (size_t i = 0; i < rules->n_active; i++) rules->active[i](rules, row);
}

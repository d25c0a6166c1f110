/* Values that cannot be, and values that do nothing. */
#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "base/words.h"
#include "generate/config.h"
#include "value/value.h"

/* -- what is not supported ----------------------------------------------------------------------------- */

/* What a refused parameter would do. */
static const struct {
    size_t offset;
    const char *name, *what;
} REFUSED[] = {
#define REFUSED(NAME, WHAT)                                                                                  \
    { offsetof(ap__generate_opts, NAME), #NAME, WHAT }
    REFUSED(penalty_alpha, "contrastive search, which needs hidden states that exported models do not give,"),
    REFUSED(dola_layers, "DoLa decoding, which needs hidden states that exported models do not give,"),
    REFUSED(constraints, "constrained beam search"),
    REFUSED(force_words_ids, "constrained beam search"),
    REFUSED(token_healing, "token healing"),
    REFUSED(assistant_early_exit, "decoding with an early exit"),
    REFUSED(prefix_allowed_tokens_fn, "a function of the caller"),
    REFUSED(logits_processor, "a function of the caller"),
    REFUSED(stopping_criteria, "a function of the caller"),
    REFUSED(streamer, "a streamer object; the C API has a callback, the program --stream: it"),
    REFUSED(custom_generate, "code from a model folder"),
#undef REFUSED
};

/* Values with which the reference does what it does without the parameter. */
static bool is_idle(const ap_value *value) {
    switch (ap_value_kind(value)) {
    case AP_KIND_NULL:
        return true;
    case AP_KIND_BOOL:
        return !ap_value_get_bool(value);
    case AP_KIND_INT:
    case AP_KIND_FLOAT:
        return ap_value_get_float(value) == 0;
    default:
        return false;
    }
}

static ap_status check_supported(const ap__generate_opts *c, ap_error *err) {
    for (size_t i = 0; i < sizeof REFUSED / sizeof *REFUSED; i++) {
        const ap_opt *opt = (const ap_opt *)(const void *)((const char *)c + REFUSED[i].offset);
        if (ap__opt_is_set(opt) && !is_idle(opt->as.value))
            return ap__fail(err, AP_EUNSUPPORTED, "parameter %s: %s is not supported", REFUSED[i].name,
                            REFUSED[i].what);
    }
    return AP_OK;
}

/* -- values that cannot be ----------------------------------------------------------------------------- */

static ap_status check_early_stopping(const ap_opt *opt, ap_error *err) {
    const ap_value *value = ap__opt_is_set(opt) ? opt->as.value : NULL;
    if (ap_value_kind(value) == AP_KIND_BOOL || ap__value_is_text(value, "never")) return AP_OK;
    return ap__fail(err, AP_EINVAL, "parameter early_stopping: expected true, false or \"never\", found %s",
                    ap_kind_name(ap_value_kind(value)));
}

static ap_status check_counts(const ap__generate_opts *c, ap_error *err) {
    const struct {
        const ap_opt *opt;
        const char *name;
        int64_t least;
    } counts[] = {{&c->max_new_tokens, "max_new_tokens", 1},
                  {&c->num_beams, "num_beams", 1},
                  {&c->num_beam_groups, "num_beam_groups", 1},
                  {&c->num_return_sequences, "num_return_sequences", 1},
                  {&c->min_length, "min_length", 0},
                  {&c->min_new_tokens, "min_new_tokens", 0},
                  {&c->prompt_lookup_num_tokens, "prompt_lookup_num_tokens", 1},
                  {&c->max_matching_ngram_size, "max_matching_ngram_size", 0},
                  {&c->num_assistant_tokens, "num_assistant_tokens", 0}};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (ap__opt_integer(counts[i].opt, counts[i].least) < counts[i].least)
            return ap__fail(err, AP_EINVAL, "parameter %s: %lld is below %lld", counts[i].name,
                            (long long)counts[i].opt->as.integer, (long long)counts[i].least);
    return AP_OK;
}

static ap_status check_schedule(const ap_opt *opt, ap_error *err) {
    const char *text = ap__opt_string(opt, "constant");
    if (ap__words_have("constant heuristic heuristic_transient", text)) return AP_OK;
    return ap__fail(err, AP_EINVAL,
                    "parameter num_assistant_tokens_schedule: expected constant, heuristic or "
                    "heuristic_transient, found \"%.32s\"",
                    text);
}

static ap_status check_memory(const ap__generate_opts *c, int64_t n_beams, ap_error *err) {
    if (n_beams == 1 || ap__opt_integer(&c->num_beam_groups, 1) > 1) return AP_OK;
    if (!ap__opt_boolean(&c->low_memory, false)) return AP_OK;
    return ap__fail(err, AP_EINVAL,
                    "parameter low_memory: transformers has no beam search of that kind any more");
}

/* The names that transformers has; all caches give the same tokens. */
static ap_status check_cache(const ap_opt *opt, ap_error *err) {
    static const char known[] =
        "static offloaded_static sliding_window hybrid hybrid_chunked offloaded_hybrid "
        "offloaded_hybrid_chunked offloaded dynamic quantized";
    const char *text = ap__opt_string(opt, NULL);
    if (!text || ap__words_have(known, text)) return AP_OK;
    return ap__fail(err, AP_EINVAL, "parameter cache_implementation: transformers has none named \"%.32s\"",
                    text);
}

static ap_status check_groups(const ap__generate_opts *c, int64_t n_beams, ap_error *err) {
    int64_t n_groups = ap__opt_integer(&c->num_beam_groups, 1);
    double penalty = ap__opt_number(&c->diversity_penalty, 0);
    if (n_beams == 1 || (penalty == 0 && n_groups == 1)) return AP_OK;
    if (ap__opt_boolean(&c->do_sample, false))
        return ap__fail(err, AP_EINVAL,
                        "num_beam_groups or diversity_penalty asks for groups of beams, which do not go "
                        "together with do_sample=true");
    if (n_beams % n_groups)
        return ap__fail(err, AP_EINVAL, "num_beams %lld is no multiple of num_beam_groups %lld",
                        (long long)n_beams, (long long)n_groups);
    if (n_groups < 2)
        return ap__fail(err, AP_EINVAL,
                        "diversity_penalty is given and num_beam_groups is 1; it needs at least 2");
    if (penalty == 0)
        return ap__fail(
            err, AP_EINVAL,
            "num_beam_groups is %lld and diversity_penalty 0: the groups would be identical; give "
            "diversity_penalty above 0",
            (long long)n_groups);
    return AP_OK;
}

static ap_status check_sequences(const ap__generate_opts *c, int64_t n_beams, ap_error *err) {
    int64_t n = ap__opt_integer(&c->num_return_sequences, 1);
    if (n == 1) return AP_OK;
    if (n_beams == 1 && !ap__opt_boolean(&c->do_sample, false))
        return ap__fail(err, AP_EINVAL,
                        "num_return_sequences is %lld, but without beams or sampling there is one sequence; "
                        "give num_beams or do_sample=true",
                        (long long)n);
    if (n_beams > 1 && n > n_beams)
        return ap__fail(err, AP_EINVAL, "num_return_sequences %lld is above num_beams %lld", (long long)n,
                        (long long)n_beams);
    return AP_OK;
}

/* -- values that do nothing ---------------------------------------------------------------------------- */

#define ROW(NAME)                                                                                            \
    { offsetof(ap__generate_opts, NAME), #NAME }

static const struct idle_row {
    size_t offset;
    const char *name;
} SAMPLING_ROWS[] = {ROW(temperature), ROW(top_p),          ROW(min_p),     ROW(typical_p),
                     ROW(top_k),       ROW(epsilon_cutoff), ROW(eta_cutoff)},
  BEAM_ROWS[] = {ROW(early_stopping), ROW(num_beam_groups), ROW(diversity_penalty), ROW(length_penalty)},
  NEGATIVE_ROWS[] = {ROW(negative_prompt_ids), ROW(negative_prompt_attention_mask)};

#undef ROW

static bool is_idle_row(const ap__generate_opts *c, size_t offset, ap_origin asked) {
    const ap_param *row = ap__generate_param_at(offset);
    const ap_opt *opt = ap__generate_opt_const(c, row);
    return opt->origin == asked && ap__opt_is_set(opt) && !ap__generate_opt_is_default(row, opt);
}

static void list_idle(ap__buf *names, const ap__generate_opts *c, const struct idle_row *rows, size_t n,
                      ap_origin asked, const char *because) {
    size_t before = names->len;
    for (size_t i = 0; i < n; i++)
        if (is_idle_row(c, rows[i].offset, asked))
            ap__buf_printf(names, NULL, "%s%s", names->len ? ", " : "", rows[i].name);
    if (names->len > before) ap__buf_printf(names, NULL, " (%s)", because);
}

static void warn_of_idle(const ap__generate_opts *c, int64_t n_beams, ap_origin asked) {
    ap__buf names = {0};
    if (!ap__log_enabled(AP_LOG_WARNING)) return;
    if (!ap__opt_boolean(&c->do_sample, false))
        list_idle(&names, c, SAMPLING_ROWS, sizeof SAMPLING_ROWS / sizeof *SAMPLING_ROWS, asked,
                  "do_sample is false");
    if (n_beams == 1)
        list_idle(&names, c, BEAM_ROWS, sizeof BEAM_ROWS / sizeof *BEAM_ROWS, asked, "num_beams is 1");
    if (ap__opt_number(&c->guidance_scale, 1) == 1)
        list_idle(&names, c, NEGATIVE_ROWS, sizeof NEGATIVE_ROWS / sizeof *NEGATIVE_ROWS, asked,
                  "guidance_scale is 1");
    if (names.len)
        ap__log(AP_LOG_WARNING, "generate: these parameters change nothing: %s", ap__buf_text(&names));
    ap__buf_clear(&names);
    if (ap__opt_integer(&c->pad_token_id, 0) < 0)
        ap__log(AP_LOG_WARNING, "generate: pad_token_id is %lld; it should not be negative",
                (long long)c->pad_token_id.as.integer);
}

ap_status ap__generation_validate(const ap__generate_opts *c, ap_origin asked, ap_error *err) {
    int64_t n_beams = ap__opt_integer(&c->num_beams, 1);
    ap_status status = check_supported(c, err);
    if (!status) status = check_early_stopping(&c->early_stopping, err);
    if (!status) status = check_counts(c, err);
    if (!status) status = check_schedule(&c->num_assistant_tokens_schedule, err);
    if (!status) status = check_cache(&c->cache_implementation, err);
    if (!status) status = check_memory(c, n_beams, err);
    if (!status) status = check_groups(c, n_beams, err);
    if (!status) status = check_sequences(c, n_beams, err);
    if (!status) warn_of_idle(c, n_beams, asked);
    return status;
}

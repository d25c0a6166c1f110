/* From parameters to rules. */
#include "generate/rules.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/log.h"
#include "base/words.h"
#include "value/value.h"

#include <math.h>
#include <string.h>

/* -- reading ids --------------------------------------------------------------------------------------- */

bool ap__ids_have(ap__ids ids, int64_t id) {
    for (size_t i = 0; i < ids.n; i++)
        if (ids.ptr[i] == id) return true;
    return false;
}

static ap_status fail_ids(const char *name, const ap_value *found, ap_error *err) {
    return ap__fail(err, AP_EINVAL, "parameter %s: expected token ids, ints of at least 0, found %s", name,
                    ap_kind_name(ap_value_kind(found)));
}

static ap_status read_id(int64_t *out, const ap_value *value, const char *name, ap_error *err) {
    *out = ap_value_get_int(value);
    if (ap_value_kind(value) != AP_KIND_INT) return fail_ids(name, value, err);
    if (*out >= 0) return AP_OK;
    return ap__fail(err, AP_EINVAL, "parameter %s: %lld is no token id", name, (long long)*out);
}

/* A list of ids, or one. */
static ap_status read_ids(ap__ids *out, ap__arena *arena, const ap_value *value, const char *name,
                          ap_error *err) {
    bool is_list = ap_value_kind(value) == AP_KIND_LIST;
    size_t n = is_list ? ap_value_len(value) : 1;
    if (n > AP__IDS_MAX) return ap__fail(err, AP_ELIMIT, "parameter %s: %zu ids are too many", name, n);
    int64_t *ids = ap__arena_calloc(arena, n + !n, sizeof *ids);
    if (!ids) return ap__fail_nomem(err);
    *out = (ap__ids){ids, n};
    ap_status status = AP_OK;
    for (size_t i = 0; !status && i < n; i++)
        status = read_id(&ids[i], is_list ? ap_value_list_get(value, i) : value, name, err);
    return status;
}

static ap_status read_opt_ids(ap__ids *out, ap__arena *arena, const ap_opt *opt, const char *name,
                              ap_error *err) {
    return ap__opt_is_set(opt) ? read_ids(out, arena, opt->as.value, name, err) : AP_OK;
}

/* A list that must not be empty, of entries of a size. */
static ap_status make_list(void **out, size_t *n, ap__arena *arena, const ap_opt *opt, const char *name,
                           size_t entry_bytes, ap_error *err) {
    const ap_value *list = opt->as.value;
    *n = ap_value_len(list);
    if (ap_value_kind(list) != AP_KIND_LIST || !*n)
        return ap__fail(err, AP_EINVAL, "parameter %s: expected a list that is not empty, found %s", name,
                        ap_value_kind(list) == AP_KIND_LIST ? "an empty one"
                                                            : ap_kind_name(ap_value_kind(list)));
    if (*n > AP__IDS_MAX) return ap__fail(err, AP_ELIMIT, "parameter %s: %zu entries are too many", name, *n);
    *out = ap__arena_calloc(arena, *n, entry_bytes);
    return *out ? AP_OK : ap__fail_nomem(err);
}

static bool is_same(ap__ids a, ap__ids b) {
    return a.n == b.n && (!a.n || memcmp(a.ptr, b.ptr, a.n * sizeof *a.ptr) == 0);
}

/* Words that are an end token may come all the same, as in the reference. */
static ap_status read_bad_words(ap__rules *r, ap_error *err) {
    const ap_opt *opt = &r->config->bad_words_ids;
    void *list;
    size_t n;
    ap_status status = make_list(&list, &n, &r->arena, opt, "bad_words_ids", sizeof *r->bad_words, err);
    if (status) return status;
    r->bad_words = list;
    for (size_t i = 0; !status && i < n; i++) {
        ap__bias *bias = &r->bad_words[r->n_bad_words];
        const ap_value *word = ap_value_list_get(opt->as.value, i);
        if (ap_value_kind(word) != AP_KIND_LIST || !ap_value_len(word))
            return ap__fail(err, AP_EINVAL,
                            "parameter bad_words_ids: expected a list of lists of ids, entry %zu is %s", i,
                            ap_value_len(word) ? ap_kind_name(ap_value_kind(word)) : "empty");
        status = read_ids(&bias->ids, &r->arena, word, "bad_words_ids", err);
        bias->number = -INFINITY;
        bool is_end = !status && bias->ids.n == 1 && ap__ids_have(r->eos, bias->ids.ptr[0]);
        if (!is_end) r->n_bad_words++;
    }
    return status;
}

/* [[ids, number], ...]; of equal sequences the last counts. */
static ap_status read_biases(ap__rules *r, ap_error *err) {
    enum { BIASES_MAX = 8192 };
    const ap_opt *opt = &r->config->sequence_bias;
    void *list;
    size_t n;
    ap_status status = make_list(&list, &n, &r->arena, opt, "sequence_bias", sizeof *r->biases, err);
    if (status) return status;
    if (n > BIASES_MAX)
        return ap__fail(err, AP_ELIMIT, "parameter sequence_bias: %zu entries are too many", n);
    r->biases = list;
    for (size_t i = 0; !status && i < n; i++) {
        const ap_value *pair = ap_value_list_get(opt->as.value, i);
        const ap_value *ids = ap_value_list_get(pair, 0), *number = ap_value_list_get(pair, 1);
        ap_kind kind = ap_value_kind(number);
        if (ap_value_kind(pair) != AP_KIND_LIST || ap_value_kind(ids) != AP_KIND_LIST || !ap_value_len(ids) ||
            (kind != AP_KIND_FLOAT && kind != AP_KIND_INT))
            return ap__fail(err, AP_EINVAL,
                            "parameter sequence_bias: expected [[ids, number], ...], entry %zu is not so", i);
        ap__bias bias = {.number = (float)ap_value_get_float(number)};
        size_t at = 0;
        status = read_ids(&bias.ids, &r->arena, ids, "sequence_bias", err);
        while (!status && at < r->n_biases && !is_same(r->biases[at].ids, bias.ids)) at++;
        r->biases[at] = bias;
        if (at == r->n_biases) r->n_biases++;
    }
    return status;
}

static ap_status read_decay(ap__rules *r, ap_error *err) {
    const ap_value *pair = r->config->exponential_decay_length_penalty.as.value;
    const ap_value *start = ap_value_list_get(pair, 0), *factor = ap_value_list_get(pair, 1);
    ap_kind kind = ap_value_kind(factor);
    if (ap_value_kind(pair) != AP_KIND_LIST || ap_value_kind(start) != AP_KIND_INT ||
        ap_value_get_int(start) < 0 || (kind != AP_KIND_FLOAT && kind != AP_KIND_INT))
        return ap__fail(
            err, AP_EINVAL,
            "parameter exponential_decay_length_penalty: expected [start, factor], an int of at least 0 and "
            "a number");
    if (!r->eos.n)
        return ap__fail(err, AP_EINVAL,
                        "exponential_decay_length_penalty makes the end more likely, but there is no "
                        "eos_token_id");
    r->decay_start = (size_t)ap_value_get_int(start) + r->prompt_len;
    r->decay_factor = ap_value_get_float(factor);
    return AP_OK;
}

static ap_status read_tokens(ap__rules *r, const ap__rules_maker *maker, ap_error *err) {
    const ap__generate_opts *c = r->config;
    ap__arena *arena = &r->arena;
    ap_status status = read_opt_ids(&r->eos, arena, &c->eos_token_id, "eos_token_id", err);
    if (!status) status = read_opt_ids(&r->suppressed, arena, &c->suppress_tokens, "suppress_tokens", err);
    if (!status)
        status = read_opt_ids(&r->suppressed_first, arena, &c->begin_suppress_tokens, "begin_suppress_tokens",
                              err);
    if (!status)
        status = read_opt_ids(&r->forced_eos, arena, &c->forced_eos_token_id, "forced_eos_token_id", err);
    if (!status && ap__opt_is_set(&c->bad_words_ids)) status = read_bad_words(r, err);
    if (!status && ap__opt_is_set(&c->sequence_bias)) status = read_biases(r, err);
    if (!status && ap__opt_is_set(&c->watermarking_config))
        status = ap__watermark_read(&r->watermark, arena, c->watermarking_config.as.value, err);
    if (!status && ap__opt_is_set(&c->exponential_decay_length_penalty)) status = read_decay(r, err);
    if (status) return status;
    r->pad = ap__opt_integer(&c->pad_token_id, r->eos.n ? r->eos.ptr[0] : -1);
    r->input = maker->input;
    bool is_forced = ap__opt_is_set(&c->forced_bos_token_id);
    r->first_index = r->prompt_len + (r->prompt_len > 1 || !is_forced ? 0 : 1);
    return AP_OK;
}

/* -- stop strings -------------------------------------------------------------------------------------- */

static size_t count_chars(const char *text, size_t len) {
    size_t n = 0;
    for (size_t i = 0; i < len; i++) n += ((unsigned char)text[i] & 0xC0) != 0x80;
    return n;
}

static ap_status read_stop_strings(ap__rules *r, ap_error *err) {
    enum { STOP_STRINGS_MAX = 1024, STOP_CHARS_MAX = 4096 };
    const ap_opt *opt = &r->config->stop_strings;
    if (!ap__opt_is_set(opt)) return AP_OK;
    bool is_list = ap_value_kind(opt->as.value) == AP_KIND_LIST;
    size_t n = is_list ? ap_value_len(opt->as.value) : 1;
    if (!r->tokenizer) return ap__fail(err, AP_EINVAL, "stop_strings needs a tokenizer, and there is none");
    if (n > STOP_STRINGS_MAX)
        return ap__fail(err, AP_ELIMIT, "parameter stop_strings: %zu texts are too many", n);
    ap__text *texts = ap__arena_calloc(&r->arena, n + !n, sizeof *texts);
    if (!texts) return ap__fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        const ap_value *item = is_list ? ap_value_list_get(opt->as.value, i) : opt->as.value;
        texts[i].ptr = ap_value_get_string(item, &texts[i].len);
        if (!texts[i].ptr || !texts[i].len)
            return ap__fail(err, AP_EINVAL,
                            "parameter stop_strings: expected texts that are not empty, found %s",
                            texts[i].ptr ? "an empty one" : ap_kind_name(ap_value_kind(item)));
        size_t n_chars = count_chars(texts[i].ptr, texts[i].len);
        if (n_chars > STOP_CHARS_MAX)
            return ap__fail(err, AP_ELIMIT, "parameter stop_strings: a text of %zu characters is too long",
                            n_chars);
        if (n_chars > r->stop_window) r->stop_window = n_chars;
    }
    r->stop_strings = texts;
    r->n_stop_strings = n;
    return AP_OK;
}

/* -- lengths ------------------------------------------------------------------------------------------- */

static void warn_of_min(const ap__rules *r, int64_t min_new) {
    if (r->min_length > r->max_length)
        ap__log(
            AP_LOG_WARNING,
            "generate: min_length %zu is above the longest possible length %zu, at which generation stops",
            r->min_length, r->max_length);
    if (min_new >= 0 && (size_t)min_new + r->prompt_len > r->max_length)
        ap__log(AP_LOG_WARNING,
                "generate: min_new_tokens %lld and a prompt of %zu tokens are above the longest possible "
                "length %zu, "
                "at which generation stops",
                (long long)min_new, r->prompt_len, r->max_length);
}

/* Source: generation/utils.py _prepare_generated_length, _validate_generated_length. */
static ap_status read_lengths(ap__rules *r, const ap__rules_maker *maker, ap_error *err) {
    const ap__generate_opts *c = r->config;
    int64_t max_new = ap__opt_integer(&c->max_new_tokens, -1), max = ap__opt_integer(&c->max_length, -1);
    int64_t min_new = ap__opt_integer(&c->min_new_tokens, -1);
    if (max_new >= 0) {
        if (maker->gives_max_length)
            ap__log(AP_LOG_WARNING,
                    "generate: max_new_tokens %lld and max_length %lld are both set; max_new_tokens counts",
                    (long long)max_new, (long long)max);
        max = max_new > INT32_MAX ? INT32_MAX : max_new + (int64_t)r->prompt_len;
    } else if (max == 20 && !maker->gives_max_length) {
        max += (int64_t)r->prompt_len;
        if (maker->max_positions > 0 && max > maker->max_positions) max = maker->max_positions;
    }
    if (max < 0)
        return ap__fail(err, AP_EINVAL,
                        "neither max_length nor max_new_tokens says where generation ends; give one");
    if (max <= (int64_t)r->prompt_len)
        return ap__fail(err, AP_EINVAL,
                        "%s has %zu tokens already, and max_length is %lld; give a larger max_length, or "
                        "max_new_tokens",
                        maker->is_encoder_decoder ? "the decoder's prompt" : "the prompt", r->prompt_len,
                        (long long)max);
    r->max_length = (size_t)(max > INT32_MAX ? INT32_MAX : max);
    if (min_new >= 0 && maker->gives_min_length)
        ap__log(AP_LOG_WARNING,
                "generate: min_new_tokens and min_length are both set; min_new_tokens counts");
    r->min_length = (size_t)ap__opt_integer(&c->min_length, 0);
    if (min_new >= 0) r->min_length = (size_t)min_new + r->prompt_len;
    warn_of_min(r, min_new);
    return AP_OK;
}

/* -- all of it ----------------------------------------------------------------------------------------- */

/* What decoding with guesses does not go together with. */
static ap_status check_guessed(const ap__rules *r, const char *guesser, ap_error *err) {
    const char *cache = ap__opt_string(&r->config->cache_implementation, "");
    if (r->n_sequences > 1)
        return ap__fail(err, AP_EINVAL, "%s gives one sequence, and num_return_sequences is %lld", guesser,
                        (long long)r->n_sequences);
    if (!ap__opt_boolean(&r->config->use_cache, true))
        return ap__fail(err, AP_EINVAL, "%s needs a cache, and use_cache is false", guesser);
    if (ap__words_have("static hybrid sliding_window", cache))
        return ap__fail(err, AP_EINVAL, "%s does not go together with cache_implementation \"%s\"", guesser,
                        cache);
    return AP_OK;
}

/* Source: generation/configuration_utils.py get_generation_mode. */
static ap_status choose_mode(ap__rules *r, const ap__rules_maker *maker, ap_error *err) {
    const ap__generate_opts *c = r->config;
    bool looks_up = ap__opt_is_set(&c->prompt_lookup_num_tokens);
    bool guesses = looks_up || maker->has_assistant;
    const char *guesser = looks_up ? "prompt_lookup_num_tokens" : "assistant_model";
    r->draws = ap__opt_boolean(&c->do_sample, false);
    r->n_beams = ap__opt_integer(&c->num_beams, 1);
    r->n_groups = ap__opt_integer(&c->num_beam_groups, 1);
    r->n_sequences = ap__opt_integer(&c->num_return_sequences, 1);
    if (r->n_beams > 1024 || r->n_sequences > 1024)
        return ap__fail(err, AP_ELIMIT,
                        "num_beams %lld, num_return_sequences %lld: at most 1024 are possible",
                        (long long)r->n_beams, (long long)r->n_sequences);
    r->mode = r->n_beams > 1 ? (r->n_groups > 1 ? AP__MODE_GROUPS : AP__MODE_BEAMS)
                             : (guesses ? AP__MODE_GUESSED : AP__MODE_SAMPLE);
    if (guesses && r->n_beams > 1)
        ap__log(AP_LOG_WARNING, "generate: %s changes nothing: num_beams is above 1", guesser);
    ap_status status = r->mode == AP__MODE_GUESSED ? check_guessed(r, guesser, err) : AP_OK;
    if (status) return status;
    r->guidance = ap__opt_number(&c->guidance_scale, 1);
    if (r->guidance != 1 && (maker->is_encoder_decoder || r->mode == AP__MODE_GUESSED))
        return ap__fail(err, AP_EUNSUPPORTED, "parameter guidance_scale: not supported with %s",
                        maker->is_encoder_decoder ? "an encoder-decoder" : guesser);
    /* Of beams, one that does not end must be among what is drawn from. */
    r->min_kept = r->n_beams > 1 ? (r->eos.n ? r->eos.n + 1 : 2) : 1;
    return AP_OK;
}

static ap_status make(ap__rules *r, const ap__rules_maker *maker, ap_error *err) {
    r->config = maker->config;
    r->tokenizer = maker->tokenizer;
    r->prompt_len = maker->prompt_len;
    r->seed = maker->seed;
    ap_status status = read_tokens(r, maker, err);
    if (!status) status = read_lengths(r, maker, err);
    if (!status) status = choose_mode(r, maker, err);
    if (!status) status = read_stop_strings(r, err);
    if (!status) status = ap__rules_choose(r, err);
    if (ap__opt_is_set(&r->config->max_time)) r->deadline_s = ap__clock_s() + r->config->max_time.as.number;
    return status;
}

ap_status ap__rules_create(ap__rules **out, const ap__rules_maker *maker, ap_error *err) {
    ap__rules *rules = ap__calloc(1, sizeof *rules);
    *out = NULL;
    if (!rules) return ap__fail_nomem(err);
    ap_status status = make(rules, maker, err);
    if (status)
        ap__rules_destroy(rules);
    else
        *out = rules;
    return status;
}

void ap__rules_destroy(ap__rules *rules) {
    if (!rules) return;
    ap__arena_clear(&rules->arena);
    ap__free(rules);
}

/* The parameters of generate(): one table, read by the binder of calls, by the reader of
 * generation_config.json and by the rules that lay one over the other. Source: transformers@v4.55.4
 * generation/configuration_utils.py GenerationConfig.__init__. */
#ifndef AP_GENERATE_PARAMS_H
#define AP_GENERATE_PARAMS_H

#include "value/params.h"

typedef struct ap__generate_opts {
    /* Length. */
    ap_opt max_length, max_new_tokens, min_length, min_new_tokens, early_stopping, max_time, stop_strings;
    /* Strategy. */
    ap_opt do_sample, num_beams, num_beam_groups, num_return_sequences, prompt_lookup_num_tokens,
        max_matching_ngram_size, use_cache, seed;
    /* What is done to the logits. */
    ap_opt guidance_scale, temperature, top_k, top_p, min_p, typical_p, epsilon_cutoff, eta_cutoff,
        diversity_penalty, repetition_penalty, encoder_repetition_penalty, length_penalty,
        no_repeat_ngram_size, encoder_no_repeat_ngram_size, bad_words_ids, renormalize_logits,
        forced_bos_token_id, forced_eos_token_id, remove_invalid_values, exponential_decay_length_penalty,
        suppress_tokens, begin_suppress_tokens, sequence_bias, watermarking_config;
    /* Tokens. */
    ap_opt pad_token_id, bos_token_id, eos_token_id, decoder_start_token_id;
    /* Of an assistant model. */
    ap_opt num_assistant_tokens, num_assistant_tokens_schedule, assistant_confidence_threshold;
    /* What generate() takes beside a configuration. */
    ap_opt generation_config, use_model_defaults, negative_prompt_ids, negative_prompt_attention_mask;
    /* What is known and not done: given, it is refused. */
    ap_opt penalty_alpha, dola_layers, constraints, force_words_ids, token_healing, assistant_early_exit,
        prefix_allowed_tokens_fn, logits_processor, stopping_criteria, streamer, custom_generate;
    /* What changes nothing here: how the reference keeps its cache, and what it returns beside the tokens. */
    ap_opt low_memory, cache_implementation, cache_config, return_legacy_cache, prefill_chunk_size,
        disable_compile, compile_config, output_attentions, output_hidden_states, output_scores,
        output_logits, return_dict_in_generate, assistant_lookbehind, target_lookbehind;
} ap__generate_opts;

extern const ap_param ap__generate_params[];

/* Of a row of the table, its place in the struct. */
static inline ap_opt *ap__generate_opt(ap__generate_opts *opts, const ap_param *row) {
    return (ap_opt *)(void *)((char *)opts + row->offset);
}

static inline const ap_opt *ap__generate_opt_const(const ap__generate_opts *opts, const ap_param *row) {
    return (const ap_opt *)(const void *)((const char *)opts + row->offset);
}

/* The row at that place in the struct. */
const ap_param *ap__generate_param_at(size_t offset);

/* Whether a row is no member of a GenerationConfig, but given to generate() beside one. */
bool ap__generate_param_is_argument(const ap_param *row);

/* Fills every row with its default: GenerationConfig(). */
void ap__generate_opts_set_defaults(ap__generate_opts *opts);

/* Whether a row has the default; an absent one counts as null, as all that are not in the table do. */
bool ap__generate_opt_is_default(const ap_param *row, const ap_opt *opt);

/* A number of a row that is set, or `otherwise`. */
double ap__opt_number(const ap_opt *opt, double otherwise);

#endif

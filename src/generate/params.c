/* The table of generate()'s parameters. */
#include "generate/params.h"

#include "value/value.h"

#include <stdlib.h>
#include <string.h>

#define ROW(NAME, TYPE, DEFAULT, DOC)                                                                        \
    AP_PARAM(NAME, TYPE, FORWARD, ap__generate_opts, AP_PARAM_NULL_OK, NULL, DEFAULT, DOC)
#define REFUSED(NAME) ROW(NAME, VALUE, NULL, "Of transformers' generate(); not supported: null only.")
#define WITHOUT_EFFECT(NAME, TYPE) ROW(NAME, TYPE, NULL, "Of transformers' generate(); changes nothing here.")

/* Defaults are those of the reference's GenerationConfig; a pipeline's own and the model's files come before
 * them. */
const ap_param ap__generate_params[] = {
    ROW(max_length, INT, "20", "Longest sequence in tokens, prompt included; max_new_tokens goes before it."),
    ROW(max_new_tokens, INT, NULL, "Most tokens to generate."),
    ROW(min_length, INT, "0", "Shortest sequence in tokens, prompt included."),
    ROW(min_new_tokens, INT, NULL, "Fewest tokens to generate."),
    ROW(early_stopping, VALUE, "false",
        "Of beams: true: stop with num_beams finished ones; false: when better ones are unlikely; \"never\": "
        "when they are "
        "impossible."),
    ROW(guidance_scale, FLOAT, NULL,
        "Above 1: tokens that follow from the prompt, and not from its last token alone, become more "
        "likely."),
    ROW(max_time, FLOAT, NULL, "Seconds after which generation stops."),
    ROW(stop_strings, VALUE, NULL, "Text, or a list of texts, at which generation stops."),
    ROW(do_sample, BOOL, "false", "Draw tokens by their probability; false: take the most likely."),
    ROW(num_beams, INT, "1", "Beams of beam search; 1: none."),
    ROW(num_beam_groups, INT, "1", "Groups of beams that are to differ from each other."),
    ROW(num_return_sequences, INT, "1", "Sequences to return for each input."),
    ROW(prompt_lookup_num_tokens, INT, NULL,
        "Guess so many tokens from the prompt and check them in one step; the result stays the same."),
    ROW(max_matching_ngram_size, INT, NULL,
        "Of prompt_lookup_num_tokens: longest n-gram looked up; null: 2."),
    ROW(use_cache, BOOL, "true", "Changes nothing here: keys and values are kept wherever the model can."),
    ROW(seed, INT, NULL, "Of do_sample: the same number gives the same draws; null: others every time."),
    ROW(temperature, FLOAT, "1.0", "Of do_sample: the logits are divided by it."),
    ROW(top_k, INT, "50", "Of do_sample: keep so many of the most likely tokens; 0: all."),
    ROW(top_p, FLOAT, "1.0",
        "Of do_sample: keep the most likely tokens that together have this probability."),
    ROW(min_p, FLOAT, NULL, "Of do_sample: keep tokens of at least this part of the highest probability."),
    ROW(typical_p, FLOAT, "1.0",
        "Of do_sample: keep the most typical tokens that together have this probability."),
    ROW(epsilon_cutoff, FLOAT, "0.0", "Of do_sample: keep tokens of at least this probability."),
    ROW(eta_cutoff, FLOAT, "0.0", "Of do_sample: the same, less strict where probabilities are spread out."),
    ROW(diversity_penalty, FLOAT, "0.0", "Of num_beam_groups: taken off tokens that other groups chose."),
    ROW(repetition_penalty, FLOAT, "1.0", "Above 1: tokens that are there already become less likely."),
    ROW(encoder_repetition_penalty, FLOAT, "1.0",
        "Above 1: tokens that are not in the input become less likely."),
    ROW(length_penalty, FLOAT, "1.0", "Of beams: exponent of the length that scores are divided by."),
    ROW(no_repeat_ngram_size, INT, "0", "No n-gram of this size comes twice; 0: any may."),
    ROW(encoder_no_repeat_ngram_size, INT, "0", "No n-gram of this size of the input comes; 0: any may."),
    ROW(bad_words_ids, VALUE, NULL, "List of lists of ids that must not come."),
    ROW(renormalize_logits, BOOL, "false",
        "Make probabilities of the scores again after all that was done to them."),
    ROW(forced_bos_token_id, INT, NULL, "The first token to generate, behind decoder_start_token_id."),
    ROW(forced_eos_token_id, VALUE, NULL, "The last token (or list of them) when max_length is reached."),
    ROW(remove_invalid_values, BOOL, "false", "Replace nan and inf in the model's output."),
    ROW(exponential_decay_length_penalty, VALUE, NULL,
        "[start, factor]: the end becomes more likely after `start` tokens."),
    ROW(suppress_tokens, VALUE, NULL, "List of ids that never come."),
    ROW(begin_suppress_tokens, VALUE, NULL, "List of ids that do not come first."),
    ROW(sequence_bias, VALUE, NULL,
        "List of [ids, number]: the number is added to the score of the sequence."),
    ROW(watermarking_config, VALUE, NULL,
        "Dict of a WatermarkingConfig (greenlist_ratio, bias, hashing_key, seeding_scheme, context_width): "
        "marks the text by tokens that become more likely."),
    ROW(pad_token_id, INT, NULL, "Fills finished sequences; null: the first end token."),
    ROW(bos_token_id, INT, NULL, "Begins a sequence that has no prompt."),
    ROW(eos_token_id, VALUE, NULL, "The id, or list of ids, that ends a sequence."),
    ROW(decoder_start_token_id, INT, NULL, "Of encoder-decoders: the first token; null: bos_token_id."),
    ROW(num_assistant_tokens, INT, "20",
        "Of assistant_model: guess so many tokens before the model checks them; absent: what its "
        "generation_config.json says."),
    ROW(num_assistant_tokens_schedule, STRING, "\"constant\"",
        "Of assistant_model: \"heuristic\" and \"heuristic_transient\" guess more behind guesses that were "
        "right, and fewer behind others; \"constant\": as many every time."),
    ROW(assistant_confidence_threshold, FLOAT, "0.4",
        "Of assistant_model: stop to guess behind a token of less probability; 0: never."),
    ROW(generation_config, VALUE, NULL,
        "Dict, or a GenerationConfig: takes the place of the pipeline's own values and of those it was "
        "created with; parameters of the call go before it."),
    ROW(use_model_defaults, BOOL, NULL,
        "Whether the model's generation_config.json gives what is left at its default; null: when it was "
        "written by transformers 4.50 or later."),
    ROW(negative_prompt_ids, VALUE, NULL,
        "Of guidance_scale: ids of a prompt to be guided away from, in place of the prompt's last token; of "
        "a batch, a list for each input."),
    ROW(negative_prompt_attention_mask, VALUE, NULL,
        "Of negative_prompt_ids: 0 for those that do not count, 1 for the others."),
    REFUSED(penalty_alpha),
    REFUSED(dola_layers),
    REFUSED(constraints),
    REFUSED(force_words_ids),
    REFUSED(token_healing),
    REFUSED(assistant_early_exit),
    REFUSED(prefix_allowed_tokens_fn),
    REFUSED(logits_processor),
    REFUSED(stopping_criteria),
    REFUSED(streamer),
    REFUSED(custom_generate),
    WITHOUT_EFFECT(low_memory, BOOL),
    WITHOUT_EFFECT(cache_implementation, STRING),
    WITHOUT_EFFECT(cache_config, VALUE),
    WITHOUT_EFFECT(return_legacy_cache, BOOL),
    WITHOUT_EFFECT(prefill_chunk_size, INT),
    WITHOUT_EFFECT(disable_compile, BOOL),
    WITHOUT_EFFECT(compile_config, VALUE),
    WITHOUT_EFFECT(output_attentions, BOOL),
    WITHOUT_EFFECT(output_hidden_states, BOOL),
    WITHOUT_EFFECT(output_scores, BOOL),
    WITHOUT_EFFECT(output_logits, BOOL),
    WITHOUT_EFFECT(return_dict_in_generate, BOOL),
    WITHOUT_EFFECT(assistant_lookbehind, INT),
    WITHOUT_EFFECT(target_lookbehind, INT),
    AP_PARAM_END};

#undef ROW
#undef REFUSED
#undef WITHOUT_EFFECT

const ap_param *ap__generate_param_at(size_t offset) {
    const ap_param *row = ap__generate_params;
    while (row->name && row->offset != offset) row++;
    return row;
}

bool ap__generate_param_is_argument(const ap_param *row) {
    static const size_t places[] = {
        offsetof(ap__generate_opts, seed),
        offsetof(ap__generate_opts, generation_config),
        offsetof(ap__generate_opts, use_model_defaults),
        offsetof(ap__generate_opts, negative_prompt_ids),
        offsetof(ap__generate_opts, negative_prompt_attention_mask),
        offsetof(ap__generate_opts, prefix_allowed_tokens_fn),
        offsetof(ap__generate_opts, logits_processor),
        offsetof(ap__generate_opts, stopping_criteria),
        offsetof(ap__generate_opts, streamer),
        offsetof(ap__generate_opts, custom_generate),
    };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (row->offset == places[i]) return true;
    return false;
}

/* The one default that is no number, bool, text or null of a row of that type. */
static const ap_value FALSE_VALUE = {.kind = AP_KIND_BOOL};
/* The one default that is a text. */
static const char CONSTANT[] = "constant";

/* A number of the table: digits, and maybe a point and one digit behind it. */
static double default_number(const char *text) {
    char *end;
    double whole = (double)strtol(text, &end, 10);
    return *end == '.' ? whole + (double)(end[1] - '0') / 10 : whole;
}

static ap_opt default_of(const ap_param *row) {
    ap_opt opt = {.origin = AP_ORIGIN_INIT, .is_null = !row->default_json};
    const char *text = row->default_json;
    if (!text) return opt;
    switch (row->type) {
    case AP_PARAM_TYPE_INT:
        opt.as.integer = strtol(text, NULL, 10);
        break;
    case AP_PARAM_TYPE_FLOAT:
        opt.as.number = default_number(text);
        break;
    case AP_PARAM_TYPE_STRING:
        opt.as.string = CONSTANT;
        break;
    case AP_PARAM_TYPE_BOOL:
        opt.as.boolean = strcmp(text, "true") == 0;
        break;
    default:
        opt.as.value = &FALSE_VALUE;
        break;
    }
    return opt;
}

void ap__generate_opts_set_defaults(ap__generate_opts *opts) {
    for (const ap_param *row = ap__generate_params; row->name; row++)
        *ap__generate_opt(opts, row) = default_of(row);
}

bool ap__generate_opt_is_default(const ap_param *row, const ap_opt *opt) {
    ap_opt expected = default_of(row);
    if (!ap__opt_is_set(opt) || expected.is_null) return !ap__opt_is_set(opt) && expected.is_null;
    switch (row->type) {
    case AP_PARAM_TYPE_INT:
        return opt->as.integer == expected.as.integer;
    case AP_PARAM_TYPE_FLOAT:
        return opt->as.number == expected.as.number;
    case AP_PARAM_TYPE_BOOL:
        return !opt->as.boolean == !expected.as.boolean;
    case AP_PARAM_TYPE_STRING:
        return strcmp(opt->as.string, expected.as.string) == 0;
    default:
        return ap_value_kind(opt->as.value) == AP_KIND_BOOL && !ap_value_get_bool(opt->as.value);
    }
}

double ap__opt_number(const ap_opt *opt, double otherwise) {
    return ap__opt_is_set(opt) ? opt->as.number : otherwise;
}

/* tokenizer(text, ...) as transformers calls it. */
#include "pipeline/tokenize.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/log.h"
#include "pipeline/feeds.h"
#include "value/params.h"
#include "value/value.h"

#include <string.h>

/* transformers' LARGE_INTEGER: a longer model_max_length counts as none. */
static const double LARGE_INTEGER = 1e20;

const ap_param_choice ap__padding_choices[] = {
    {"true", AP__PADDING_LONGEST, 1},    {"false", AP__PADDING_OFF, 1},
    {"longest", AP__PADDING_LONGEST, 0}, {"max_length", AP__PADDING_FIXED, 0},
    {"do_not_pad", AP__PADDING_OFF, 0},  {NULL, 0, 0}};

const ap_param_choice ap__truncation_choices[] = {{"true", AP__TRUNCATION_LONGEST_FIRST, 1},
                                                  {"false", AP__TRUNCATION_OFF, 1},
                                                  {"longest_first", AP__TRUNCATION_LONGEST_FIRST, 0},
                                                  {"only_first", AP__TRUNCATION_ONLY_FIRST, 0},
                                                  {"only_second", AP__TRUNCATION_ONLY_SECOND, 0},
                                                  {"do_not_truncate", AP__TRUNCATION_OFF, 0},
                                                  {NULL, 0, 0}};

static const ap_param_choice SIDE_CHOICES[] = {
    {"right", AP__SIDE_RIGHT, 0}, {"left", AP__SIDE_LEFT, 0}, {NULL, 0, 0}};

#define ROW(NAME, TYPE, CHOICES, DEFAULT, DOC)                                                               \
    AP_PARAM(NAME, TYPE, PREPROCESS, ap__tokenizer_opts, AP_PARAM_NULL_OK, CHOICES, DEFAULT, DOC)

const ap_param ap__tokenizer_params[] = {
    ROW(text_pair, STRING, NULL, NULL, "A second text for every input."),
    ROW(add_special_tokens, BOOL, NULL, "true", "Add the special tokens of the model."),
    ROW(padding, CHOICE, ap__padding_choices, "false", "Pad to the longest of a batch, or to max_length."),
    ROW(truncation, CHOICE, ap__truncation_choices, "false", "Cut texts that are longer than max_length."),
    ROW(max_length, INT, NULL, NULL, "Longest input in tokens; absent: the model's own limit."),
    ROW(stride, INT, NULL, "0", "Tokens that parts of a cut text share."),
    ROW(pad_to_multiple_of, INT, NULL, NULL, "Pad to a multiple of this many tokens."),
    ROW(padding_side, CHOICE, SIDE_CHOICES, NULL, "Where padding goes; absent: as the tokenizer has it."),
    ROW(return_token_type_ids, BOOL, NULL, NULL,
        "Give token_type_ids to the model; absent: as its class does."),
    ROW(return_attention_mask, BOOL, NULL, NULL,
        "Give attention_mask to the model; absent: as its class does."),
    ROW(verbose, BOOL, NULL, "true", "Log warnings about lengths."),
    AP_PARAM_END};

#undef ROW

static bool has_limit(const ap__tokenizer_config *config) {
    return config->model_max_length != SIZE_MAX && (double)config->model_max_length <= LARGE_INTEGER;
}

ap_status ap__tokenizer_opts_bind(ap__tokenizer_opts *out, const ap_opt *kwargs, const char *name,
                                  const ap_opt *truncation, ap_error *err) {
    for (ap_origin origin = AP_ORIGIN_INIT; origin <= AP_ORIGIN_CALL; origin++) {
        const ap_value *dict = kwargs->origin == origin ? kwargs->as.value : NULL;
        bool has_truncation = truncation && truncation->origin == origin;
        if (has_truncation && ap_value_dict_get(dict, "truncation"))
            return ap__fail(err, AP_EINVAL,
                            "truncation is given twice: as a parameter and in %s; leave one out", name);
        ap_status status = ap__params_bind(ap__tokenizer_params, out, dict, origin, name, err);
        if (status) return status;
        if (has_truncation) out->truncation = *truncation;
    }
    return AP_OK;
}

/* A count that must not be negative.   @return AP_EINVAL */
static ap_status get_count(size_t *out, const ap_opt *opt, const char *name, ap_error *err) {
    int64_t value = ap__opt_integer(opt, 0);
    if (value < 0) return ap__fail(err, AP_EINVAL, "parameter %s: %lld is negative", name, (long long)value);
    *out = (size_t)value;
    return AP_OK;
}

static void warn(const ap__tokenizer_opts *opts, const char *text) {
    if (ap__opt_boolean(&opts->verbose, true)) ap__log(AP_LOG_WARNING, "tokenizer: %s", text);
}

/* max_length alone switches truncation on, as it always did in the reference. */
static void resolve_strategies(ap__encode_options *out, const ap__tokenizer_opts *opts) {
    out->padding = (ap__padding)ap__opt_integer(&opts->padding, AP__PADDING_OFF);
    out->truncation = (ap__truncation)ap__opt_integer(&opts->truncation, AP__TRUNCATION_OFF);
    bool is_max_set = ap__opt_is_set(&opts->max_length);
    bool is_padding_off = !ap__opt_is_set(&opts->padding) || opts->padding.as.integer == AP__PADDING_OFF;
    if (is_max_set && is_padding_off && !ap__opt_is_set(&opts->truncation)) {
        warn(opts, "max_length without truncation=True: truncating to it, longest_first");
        out->truncation = AP__TRUNCATION_LONGEST_FIRST;
    }
}

/* Without max_length, the model's own limit takes its place, if it has one. */
static void resolve_limit(ap__encode_options *out, size_t *pad_length, const ap__tokenizer_config *config,
                          const ap__tokenizer_opts *opts) {
    bool is_max_set = ap__opt_is_set(&opts->max_length);
    if (!is_max_set && !has_limit(config)) {
        if (out->padding == AP__PADDING_FIXED) {
            warn(opts, "padding to max_length, but the model has no predefined one: not padding");
            out->padding = AP__PADDING_OFF;
        }
        if (out->truncation != AP__TRUNCATION_OFF) {
            warn(opts, "truncating to max_length, but the model has no predefined one: not truncating");
            out->truncation = AP__TRUNCATION_OFF;
        }
    }
    if (!is_max_set) out->max_length = has_limit(config) ? config->model_max_length : 0;
    *pad_length = out->max_length;
}

static ap_status check_combination(const ap__encode_options *o, const ap__tokenizer_config *config,
                                   ap_error *err) {
    if (o->padding != AP__PADDING_OFF && config->pad_token_id == AP__TOKEN_NONE)
        return ap__fail(
            err, AP_EINVAL,
            "parameter padding: the tokenizer has no pad token; name one in tokenizer_config.json "
            "(pad_token)");
    bool both = o->padding != AP__PADDING_OFF && o->truncation != AP__TRUNCATION_OFF;
    if (both && o->pad_to_multiple_of && o->max_length % o->pad_to_multiple_of)
        return ap__fail(err, AP_EINVAL,
                        "truncation and padding are both on, but max_length %zu is not a multiple of "
                        "pad_to_multiple_of %zu",
                        o->max_length, o->pad_to_multiple_of);
    return AP_OK;
}

ap_status ap__tokenize_resolve(ap__encode_options *out, const ap__tokenizer *tokenizer,
                               const ap__tokenizer_opts *opts, ap_error *err) {
    const ap__tokenizer_config *config = ap__tokenizer_get_config(tokenizer);
    memset(out, 0, sizeof *out);
    out->add_special_tokens = ap__opt_boolean(&opts->add_special_tokens, true);
    out->truncation_side = config->truncation_side;
    out->padding_side = (ap__side)ap__opt_integer(&opts->padding_side, config->padding_side);
    out->pad_id = config->pad_token_id;
    out->pad_type_id = config->pad_token_type_id;
    out->pad_token = config->pad_token;
    ap_status status = get_count(&out->max_length, &opts->max_length, "max_length", err);
    if (!status) status = get_count(&out->stride, &opts->stride, "stride", err);
    if (!status)
        status = get_count(&out->pad_to_multiple_of, &opts->pad_to_multiple_of, "pad_to_multiple_of", err);
    if (status) return status;
    resolve_strategies(out, opts);
    resolve_limit(out, &out->pad_length, config, opts);
    if (out->padding != AP__PADDING_OFF && out->pad_length > AP__TEXT_MAX_BYTES)
        return ap__fail(err, AP_ELIMIT,
                        "parameter max_length: padding to %zu tokens is over the limit of %zu",
                        out->pad_length, AP__TEXT_MAX_BYTES);
    return check_combination(out, config, err);
}

ap_status ap__feed_add_ints(int64_t **out, ap_value *feed, const char *name, size_t n, size_t width,
                            ap_error *err) {
    ap__tensor *tensor;
    const int64_t shape[3] = {1, (int64_t)n, (int64_t)width};
    ap_status status = ap__tensor_create(&tensor, AP_DTYPE_I64, shape, width > 1 ? 3 : 2, err);
    if (status) return status;
    *out = ap__tensor_data(tensor);
    return ap__dict_set_tensor_take(feed, name, tensor, err);
}

static ap_status add_ids(ap_value *feed, const char *name, const uint32_t *ids, size_t n, ap_error *err) {
    int64_t *to = NULL;
    ap_status status = ap__feed_add_ints(&to, feed, name, n, 1, err);
    for (size_t i = 0; !status && i < n; i++) to[i] = ids[i];
    return status;
}

ap_status ap__feed_add_mask(ap_value *feed, const char *name, const uint8_t *mask, size_t n, ap_error *err) {
    int64_t *to = NULL;
    ap_status status = ap__feed_add_ints(&to, feed, name, n, 1, err);
    for (size_t i = 0; !status && i < n; i++) to[i] = mask[i];
    return status;
}

ap_status ap__feed_add_encoding(ap_value *feed, const ap__encoding *encoding, const ap__tokenizer *tokenizer,
                                const ap__tokenizer_opts *opts, ap_error *err) {
    const ap__tokenizer_config *config = ap__tokenizer_get_config(tokenizer);
    size_t n = encoding->n;
    ap_status status = add_ids(feed, "input_ids", encoding->ids, n, err);
    if (!status && ap__opt_boolean(&opts->return_token_type_ids, config->has_token_type_ids))
        status = add_ids(feed, "token_type_ids", encoding->type_ids, n, err);
    if (!status && ap__opt_boolean(&opts->return_attention_mask, config->has_attention_mask))
        status = ap__feed_add_mask(feed, "attention_mask", encoding->attention_mask, n, err);
    return status;
}

static void warn_if_too_long(size_t n, const ap__tokenizer_config *config, const ap__tokenizer_opts *opts) {
    if (ap__opt_is_set(&opts->max_length) || n <= config->model_max_length) return;
    if (!ap__opt_boolean(&opts->verbose, true)) return;
    ap__log(AP_LOG_WARNING,
            "tokenizer: the input has %zu tokens, over the model's limit of %zu: running it may fail; "
            "truncation=true cuts it",
            n, config->model_max_length);
}

/* Encodes texts and pads them together; `encodings` are to be cleared, also after a failure. */
static ap_status encode_all(ap__encoding *encodings, const ap__tokenizer *tokenizer,
                            const ap__text_input *inputs, size_t n, const ap__tokenizer_opts *opts,
                            ap_error *err) {
    const ap__tokenizer_config *config = ap__tokenizer_get_config(tokenizer);
    ap__encode_options options;
    ap_status status = ap__tokenize_resolve(&options, tokenizer, opts, err);
    options.skip_overflowing = options.skip_offsets = true; /* A feed has neither. */
    ap__encode_options unpadded = options;
    unpadded.padding = AP__PADDING_OFF;
    for (size_t i = 0; !status && i < n; i++) {
        /* The reference asks `if text_pair`: an empty second text is no pair. */
        const ap__text *pair = inputs[i].has_pair && inputs[i].pair.len ? &inputs[i].pair : NULL;
        status = ap__tokenizer_encode(&encodings[i], tokenizer, inputs[i].text, pair, &unpadded, err);
    }
    if (!status) status = ap__encodings_pad(encodings, n, &options, err);
    for (size_t i = 0; !status && i < n; i++) warn_if_too_long(encodings[i].n, config, opts);
    return status;
}

ap_status ap__tokenize(ap_value *feed, const ap__tokenizer *tokenizer, const ap__text_input *input,
                       const ap__tokenizer_opts *opts, ap_error *err) {
    ap__encoding encoding = {0};
    ap_status status = encode_all(&encoding, tokenizer, input, 1, opts, err);
    if (!status) {
        ap__value_set_dict(feed);
        status = ap__feed_add_encoding(feed, &encoding, tokenizer, opts, err);
        if (status) ap__value_clear(feed);
    }
    ap__encoding_clear(&encoding);
    return status;
}

/* -- texts as values ----------------------------------------------------------------------------------- */

ap_status ap__text_of_value(ap__text *out, const ap_value *value, const char *what, ap_error *err) {
    out->ptr = ap_value_get_string(value, &out->len);
    if (out->ptr) return AP_OK;
    return ap__fail(err, AP_EINVAL, "%s: expected a string, found %s", what,
                    ap_kind_name(ap_value_kind(value)));
}

/* A text, or a list of two of them where a pair may stand. */
static ap_status read_text(ap__text_input *out, const ap_value *value, ap_error *err) {
    bool is_pair = ap_value_kind(value) == AP_KIND_LIST && ap_value_len(value) == 2;
    *out = (ap__text_input){.has_pair = is_pair};
    if (!is_pair) return ap__text_of_value(&out->text, value, "text input", err);
    ap_status status = ap__text_of_value(&out->text, ap_value_list_get(value, 0), "text input", err);
    return status ? status : ap__text_of_value(&out->pair, ap_value_list_get(value, 1), "text input", err);
}

ap_status ap__texts_create(ap__texts *out, const ap_value *value, const ap__tokenizer_opts *opts,
                           ap_error *err) {
    const char *pair = ap__opt_string(&opts->text_pair, NULL);
    *out = (ap__texts){.is_list = ap_value_kind(value) == AP_KIND_LIST};
    size_t n = out->is_list ? ap_value_len(value) : 1;
    if (!n) return ap__fail(err, AP_EINVAL, "text input: the list in the list is empty");
    out->ptr = ap__calloc(n, sizeof *out->ptr);
    if (!out->ptr) return ap__fail_nomem(err);
    out->n = n;
    ap_status status = AP_OK;
    for (size_t i = 0; !status && i < n; i++) {
        const ap_value *item = out->is_list ? ap_value_list_get(value, i) : value;
        status = out->is_list ? read_text(&out->ptr[i], item, err)
                              : ap__text_of_value(&out->ptr[i].text, item, "text input", err);
        if (pair && !out->ptr[i].has_pair) {
            out->ptr[i].pair = (ap__text){pair, strlen(pair)};
            out->ptr[i].has_pair = true;
        }
    }
    if (status) ap__texts_clear(out);
    return status;
}

void ap__texts_clear(ap__texts *texts) {
    ap__free(texts->ptr);
    *texts = (ap__texts){0};
}

/* Texts of one input are rows of one tensor. */
static ap_status check_equal(const ap__encoding *encodings, size_t n, ap_error *err) {
    for (size_t i = 1; i < n; i++)
        if (encodings[i].n != encodings[0].n)
            return ap__fail(err, AP_EINVAL,
                            "texts in a list of their own become one tensor, but text 0 has %zu tokens and "
                            "text %zu has %zu; padding=true and truncation=true make them equal",
                            encodings[0].n, i, encodings[i].n);
    return AP_OK;
}

ap_status ap__tokenize_texts(ap_feeds *feeds, const ap__tokenizer *tokenizer, const ap__texts *texts,
                             const ap__tokenizer_opts *opts, ap_error *err) {
    ap__encoding *encodings = ap__calloc(texts->n, sizeof *encodings);
    if (!encodings) return ap__fail_nomem(err);
    ap_status status = encode_all(encodings, tokenizer, texts->ptr, texts->n, opts, err);
    if (!status) status = check_equal(encodings, texts->n, err);
    for (size_t i = 0; i < texts->n; i++) {
        ap_value *feed;
        if (!status) status = ap__feeds_add(&feed, feeds, err);
        if (!status) status = ap__feed_add_encoding(feed, &encodings[i], tokenizer, opts, err);
        ap__encoding_clear(&encodings[i]);
    }
    ap__free(encodings);
    return status;
}

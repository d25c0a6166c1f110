/* Calling a tokenizer as transformers does: tokenizer(text, text_pair, padding=..., truncation=..., ...).
 * Source: transformers@v4.55.4 tokenization_utils_base.py __call__, _get_padding_truncation_strategies;
 * tokenization_utils_fast.py _batch_encode_plus. */
#ifndef AP_PIPELINE_TOKENIZE_H
#define AP_PIPELINE_TOKENIZE_H

#include "tokenizer/tokenizer.h"

#include <accelpipe/sys/task.h>
#include <accelpipe/value.h>

/* The tokenizer's own parameters; a task includes the table in its own (AP_PARAM_INCLUDE). */
typedef struct ap__tokenizer_opts {
    ap_opt text_pair, add_special_tokens, padding, truncation, max_length, stride, pad_to_multiple_of,
        padding_side, return_token_type_ids, return_attention_mask, verbose;
} ap__tokenizer_opts;

extern const ap_param ap__tokenizer_params[];
extern const ap_param_choice ap__padding_choices[]; /* Numbers of ap__padding. */

/* Of the tokenizer's `truncation`, for tasks that have a parameter of that name themselves. */
extern const ap_param_choice ap__truncation_choices[];

/* Binds what a task's own parameters say to the tokenizer: first those of the creation, then those of the
 * call over them.
 * @param kwargs a dict of the tokenizer's parameters, called `name`.   @param truncation or NULL.
 * @return also AP_EINVAL when both say how to truncate. */
ap_status ap__tokenizer_opts_bind(ap__tokenizer_opts *out, const ap_opt *kwargs, const char *name,
                                  const ap_opt *truncation, ap_error *err);

/* The first text, or the pair, of one call. */
typedef struct ap__text_input {
    ap__text text, pair;
    bool has_pair;
} ap__text_input;

/* What the options mean for this tokenizer: strategies, limits, sides.
 * @return AP_EINVAL as the reference's ValueError: padding without a pad token, ... */
ap_status ap__tokenize_resolve(ap__encode_options *out, const ap__tokenizer *tokenizer,
                               const ap__tokenizer_opts *opts, ap_error *err);

/* Encodes into a feed: a dict of int64 tensors [1, n] input_ids, token_type_ids, attention_mask, as the
 * tokenizer's class returns them.
 * @param[out] feed a value that holds nothing. */
ap_status ap__tokenize(ap_value *feed, const ap__tokenizer *tokenizer, const ap__text_input *input,
                       const ap__tokenizer_opts *opts, ap_error *err);

/* The parts of that, for tasks that encode for themselves. A feed gets a tensor [1, n], or with a width over
 * 1 [1, n, width], to fill; a mask; the ids and masks of an encoding. */
ap_status ap__feed_add_ints(int64_t **out, ap_value *feed, const char *name, size_t n, size_t width,
                            ap_error *err);
ap_status ap__feed_add_mask(ap_value *feed, const char *name, const uint8_t *mask, size_t n, ap_error *err);
ap_status ap__feed_add_encoding(ap_value *feed, const ap__encoding *encoding, const ap__tokenizer *tokenizer,
                                const ap__tokenizer_opts *opts, ap_error *err);

/* What tokenizer(input) takes as one input: a text, or a list of texts and of pairs of them. */
typedef struct ap__texts {
    ap__text_input *ptr; /* Texts are borrowed from the value, a text_pair from the options. */
    size_t n;
    bool is_list;
} ap__texts;

/* @return AP_EINVAL as the reference's ValueError: anything else, or an empty list. */
ap_status ap__texts_create(ap__texts *out, const ap_value *value, const ap__tokenizer_opts *opts,
                           ap_error *err);
void ap__texts_clear(ap__texts *texts);

/* Encodes them together, a feed for each.
 * @return AP_EINVAL also when they do not come to the same length. */
ap_status ap__tokenize_texts(ap_feeds *feeds, const ap__tokenizer *tokenizer, const ap__texts *texts,
                             const ap__tokenizer_opts *opts, ap_error *err);

/* The text of a value.   @return AP_EINVAL with `what` when it is no string, as the reference's ValueError.
 */
ap_status ap__text_of_value(ap__text *out, const ap_value *value, const char *what, ap_error *err);

#endif

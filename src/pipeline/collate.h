/* From the feeds of a batch to the model's inputs, and from its outputs back.
 * Source: transformers@v4.55.4 pipelines/base.py pad_collate_fn, _pad; pt_utils.py PipelineIterator. */
#ifndef AP_PIPELINE_COLLATE_H
#define AP_PIPELINE_COLLATE_H

#include "pipeline/context.h"

/* Length of a feed in tokens: the second extent of its first model input that has one; 1 otherwise. */
size_t ap__feed_length(const ap_task_context *ctx, const ap_value *feed);

/* Stacks the feeds along the first dimension, padding the second one where they differ: input_ids with the
 * pad token, masks of special tokens with 1, all else with 0, on the tokenizer's side. Inputs that the graph
 * asks for and the feeds lack are made where their meaning is known (token_type_ids, position_ids,
 * attention_mask).
 * @param[out] out owned: a dict of tensors, one for each input of the graph, in the graph's dtypes.
 * @return AP_EINVAL an input is missing, or extents other than the second differ. */
ap_status ap__collate(ap_value **out, const ap_task_context *ctx, ap_value *const *feeds, size_t n_feeds,
                      ap_error *err);

/* Row `i_feed` of `n_feeds` of every output, as slices, in a dict; and what the feed carried beside the
 * model's inputs, which is moved out of it.
 * @param[out] out owned. */
ap_status ap__uncollate(ap_value **out, const ap_task_context *ctx, const ap_value *outputs, ap_value *feed,
                        size_t i_feed, size_t n_feeds, ap_error *err);

#endif

/* From the feeds of a batch to the model's inputs, and from its outputs back.
 * Source: transformers@v4.55.4 pipelines/base.py pad_collate_fn, _pad; pt_utils.py PipelineIterator. */
#ifndef AP_PIPELINE_COLLATE_H
#define AP_PIPELINE_COLLATE_H

#include "pipeline/context.h"

/* Length of a feed in tokens: the second extent of its first model input that has one; 1 otherwise. */
size_t ap__feed_length(const ap_task_context *ctx, const ap_value *feed);

/* Of the longest feed. */
size_t ap__feeds_longest(const ap_task_context *ctx, ap_value *const *feeds, size_t n_feeds);

/* Stacks the feeds along the first dimension, padding the second one where they differ: input_ids with the
 * pad token, masks of special tokens with 1, all else with 0, on the tokenizer's side. Inputs that the graph
 * asks for and the feeds lack are made where their meaning is known (token_type_ids, position_ids,
 * attention_mask).
 * @param length tokens to pad to, where that is more than the longest feed has; 0: as the longest feed.
 * @param[out] out owned: a dict of tensors, one for each input of the graph, in the graph's dtypes.
 * @return AP_EINVAL an input is missing, or extents other than the second differ. */
ap_status ap__collate(ap_value **out, const ap_task_context *ctx, ap_value *const *feeds, size_t n_feeds,
                      size_t length, ap_error *err);

/* One feed of a batch that has run. */
typedef struct ap__batch_place {
    size_t i_feed, n_feeds;
    size_t padded_length; /* In tokens, of the batch. */
    size_t kept_length;   /* To which padding stays in the outputs; 0: none stays. */
} ap__batch_place;

/* The feed's row of every output, as slices, in a dict, with the entries that the feed carries beside the
 * model's inputs or that the task keeps of those, which are null until ap__uncollate_carry().
 * @param[out] out owned. */
ap_status ap__uncollate(ap_value **out, const ap_task_context *ctx, const ap_value *outputs,
                        const ap_value *feed, const ap__batch_place *place, ap_error *err);

/* Moves what the feed carries into its outputs. A feed that this was not called for can run again. */
void ap__uncollate_carry(ap_value *output, const ap_task_context *ctx, const ap_value *outputs,
                         ap_value *feed);

#endif

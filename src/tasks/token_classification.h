/* token-classification: what its two halves share. */
#ifndef AP_TASKS_TOKEN_CLASSIFICATION_H
#define AP_TASKS_TOKEN_CLASSIFICATION_H

#include <accelpipe/sys/task.h>

/* How tokens become entities. */
typedef enum ap__aggregation {
    AP__AGGREGATION_NONE = 0,    /* A token is an entity. */
    AP__AGGREGATION_SIMPLE = 1,  /* Neighbours with one tag are one. */
    AP__AGGREGATION_FIRST = 2,   /* The same over words, with the label of a word's first token, */
    AP__AGGREGATION_AVERAGE = 3, /* with that of the mean of its tokens' scores, */
    AP__AGGREGATION_MAX = 4      /* with that of the token with the largest score. */
} ap__aggregation;

/* The outputs of a text's windows to its list of entities.
 * @param outputs of each window logits [1, n, n_labels], input_ids and special_tokens_mask [1, n],
 * offset_mapping [1, n, 2] in characters of the sentence; of the first one also the sentence.
 * @param ignore_labels a list; NULL: ["O"]. */
ap_status ap__entities_create(ap_value **out, const ap_task_context *ctx, ap__aggregation aggregation,
                              const ap_value *ignore_labels, ap_value *const *outputs, size_t n_outputs,
                              ap_error *err);

#endif

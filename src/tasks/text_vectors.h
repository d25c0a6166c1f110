/* Vectors of texts: what feature-extraction and sentence-similarity share. */
#ifndef AP_TASKS_TEXT_VECTORS_H
#define AP_TASKS_TEXT_VECTORS_H

#include "tensor/pooling.h"
#include "tensor/tensor.h"

#include <accelpipe/sys/task.h>

/* The wanted output of a model that gives a vector for each token; it goes by the first name. The reference
 * takes the first output of the model. */
#define AP__TOKEN_VECTORS "last_hidden_state"
#define AP__TOKEN_VECTORS_OUTPUT AP__TOKEN_VECTORS "|token_embeddings|*"

extern const ap_param_choice ap__pooling_choices[];

/* Runs at creation: refuses a model that has a head on top, whose hidden states it does not give. */
ap_status ap__token_vectors_check(const ap_task_context *ctx, ap_error *err);

/* The model's vectors in the outputs of a feed.   @return AP_EINVAL when there are none. */
ap_status ap__token_vectors_get(ap__tensor **out, const ap_value *outputs, ap_error *err);

/* One vector of the text of a feed.
 * @param[out] out owned: ap__free(); [*width]. */
ap_status ap__text_vector_create(float **out, size_t *width, ap__pooling how, const ap_task_context *ctx,
                                 const ap_value *outputs, ap_error *err);

#endif

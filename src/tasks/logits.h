/* The output "logits" of a model with a head: asked for at creation, and found in the outputs of a call. */
#ifndef AP_TASKS_LOGITS_H
#define AP_TASKS_LOGITS_H

#include "tensor/tensor.h"

#include <accelpipe/sys/task.h>

/* At creation: whether the graph gives logits of that rank, and as many columns as there are labels where it
 * tells (n_columns 0: any).
 * @param form of the tensor, for the message: "[batch_size, num_labels]".   @return AP_EINVAL */
ap_status ap__logits_check(const ap_task_context *ctx, uint32_t rank, const char *form, size_t n_columns,
                           ap_error *err);

/* In the outputs of one feed: [1, ...].
 * @param n_columns 0: any, but at least 1.   @return AP_EINVAL */
ap_status ap__logits_get(const ap_tensor_view **out, const ap_task_context *ctx, const ap_value *outputs,
                         uint32_t rank, size_t n_columns, ap_error *err);

#endif

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

/* At creation: whether the graph says where an answer starts and ends, for each token.   @return AP_EINVAL */
ap_status ap__span_logits_check(const ap_task_context *ctx, ap_error *err);

/* In the outputs of one feed: [1, ...].
 * @param n_columns 0: any, but at least 1.   @return AP_EINVAL */
ap_status ap__logits_get(const ap_tensor_view **out, const ap_task_context *ctx, const ap_value *outputs,
                         uint32_t rank, size_t n_columns, ap_error *err);

/* What is applied to the logits of a sequence classifier. */
typedef enum ap__activation {
    AP__ACTIVATION_NONE = 1,
    AP__ACTIVATION_SOFTMAX = 2,
    AP__ACTIVATION_SIGMOID = 3
} ap__activation;

/* Of a parameter function_to_apply. The reference looks the name up in an enumeration: "default" is not in
 * it.
 */
extern const ap_param_choice ap__activation_choices[];

/* By problem_type and the number of labels; a parameter that is set goes first. */
ap__activation ap__activation_choose(const ap_task_context *ctx, const ap_opt *function_to_apply);

/* In place. */
void ap__activation_apply(ap__activation activation, float *scores, size_t n);

#endif

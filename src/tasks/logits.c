/* Logits of models with a head. */
#include "tasks/logits.h"

#include "base/error.h"
#include "pipeline/context.h"
#include "tensor/math.h"
#include "value/params.h"
#include "value/value.h"

#include <string.h>

static ap_status fail_columns(const ap_task_context *ctx, size_t n_columns, int64_t n_logits, ap_error *err) {
    return ap__fail(err, AP_EINVAL,
                    "%s: id2label has %zu entries, logits have %lld columns; config.json and the "
                    "model file must belong together",
                    ctx->config->source, n_columns, (long long)n_logits);
}

ap_status ap__logits_check(const ap_task_context *ctx, uint32_t rank, const char *form, size_t n_columns,
                           ap_error *err) {
    ap__session *session = ap__model_get_session(ctx->model);
    const ap_session_info *info = ap__session_get_info(session);
    const char *file = ap__model_get_file(ctx->model), *task = ctx->task->name;
    const ap_io *logits = ap__session_find_output(session, "logits");
    if (!logits && info->n_outputs == 1) logits = &info->outputs[0];
    if (!logits)
        return ap__fail(err, AP_EINVAL, "%s has no output \"logits\"; it is no model for %s", file, task);
    if (logits->rank != AP_RANK_UNKNOWN && logits->rank != rank)
        return ap__fail(err, AP_EINVAL,
                        "%s: output %s has rank %u, %s needs %s; it is a model for another task", file,
                        logits->name, logits->rank, task, form);
    int64_t n = logits->rank == rank ? logits->shape[rank - 1] : -1;
    if (n > 0 && n_columns && (size_t)n != n_columns) return fail_columns(ctx, n_columns, n, err);
    return AP_OK;
}

ap_status ap__span_logits_check(const ap_task_context *ctx, ap_error *err) {
    static const char *const names[] = {"start_logits", "end_logits"};
    ap__session *session = ap__model_get_session(ctx->model);
    const char *file = ap__model_get_file(ctx->model), *task = ctx->task->name;
    for (size_t i = 0; i < 2; i++) {
        const ap_io *logits = ap__session_find_output(session, names[i]);
        if (!logits)
            return ap__fail(err, AP_EINVAL, "%s has no output \"%s\"; it is no model for %s", file, names[i],
                            task);
        if (logits->rank != AP_RANK_UNKNOWN && logits->rank != 2)
            return ap__fail(
                err, AP_EINVAL,
                "%s: output %s has rank %u, %s needs [batch_size, sequence_length]; it is a model for "
                "another task",
                file, logits->name, logits->rank, task);
    }
    return AP_OK;
}

ap_status ap__logits_get(const ap_tensor_view **out, const ap_task_context *ctx, const ap_value *outputs,
                         uint32_t rank, size_t n_columns, ap_error *err) {
    static const int64_t expected[AP_TENSOR_MAX_RANK] = {1, -1, -1, -1, -1, -1, -1, -1};
    ap__tensor *logits = ap__value_tensor(ap_value_dict_get(outputs, "logits"));
    if (!logits) return ap__fail(err, AP_EINVAL, "model outputs: expected a tensor \"logits\", found none");
    ap_status status = ap__expect_shape(logits, "logits", AP_DTYPE_NONE, rank, expected, err);
    if (status) return status;
    *out = ap__tensor_get_view(logits);
    int64_t n = (*out)->shape[rank - 1];
    if (n_columns && (size_t)n != n_columns) return fail_columns(ctx, n_columns, n, err);
    if (n == 0) return ap__fail(err, AP_EINVAL, "model outputs: logits have no columns");
    return AP_OK;
}

/* -- activations --------------------------------------------------------------------------------------- */

const ap_param_choice ap__activation_choices[] = {{"none", AP__ACTIVATION_NONE, 0},
                                                  {"softmax", AP__ACTIVATION_SOFTMAX, 0},
                                                  {"sigmoid", AP__ACTIVATION_SIGMOID, 0},
                                                  {NULL, 0, 0}};

ap__activation ap__activation_choose(const ap_task_context *ctx, const ap_opt *function_to_apply) {
    const char *problem = ctx->config->problem_type ? ctx->config->problem_type : "";
    size_t n_labels = ctx->config->n_labels;
    if (ap__opt_is_set(function_to_apply)) return (ap__activation)function_to_apply->as.integer;
    if (strcmp(problem, "regression") == 0) return AP__ACTIVATION_NONE;
    if (strcmp(problem, "multi_label_classification") == 0 || n_labels == 1) return AP__ACTIVATION_SIGMOID;
    if (strcmp(problem, "single_label_classification") == 0 || n_labels > 1) return AP__ACTIVATION_SOFTMAX;
    return AP__ACTIVATION_NONE;
}

void ap__activation_apply(ap__activation activation, float *scores, size_t n) {
    if (activation == AP__ACTIVATION_SOFTMAX) ap__softmax(scores, n);
    if (activation == AP__ACTIVATION_SIGMOID) ap__sigmoid(scores, n);
}

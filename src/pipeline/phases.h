/* Calling the functions of a task: of the row that has one, with its own part of the parameters.
 *
 * `opts` is the block of all parameters of the task, as of ap_pipeline and ap__call. */
#ifndef AP_PIPELINE_PHASES_H
#define AP_PIPELINE_PHASES_H

#include "pipeline/engine.h"

/* -- at creation --------------------------------------------------------------------------------------- */

ap_status ap__phase_check_model(const ap_task_context *ctx, ap_error *err);

/* @param call NULL at creation. */
ap_status ap__phase_sanitize(const ap_task_context *ctx, const ap__call *call, void *opts, ap_error *err);

/* @param created as clear_opts() of ap_task has it. */
void ap__phase_clear_opts(const ap__task_layer *layer, void *opts, void *created);

/* -- of a call ----------------------------------------------------------------------------------------- */

ap_status ap__phase_normalize_inputs(ap_value **out, const ap__call *call, const ap_value *inputs,
                                     ap_error *err);
ap_status ap__phase_preprocess(ap_feeds *feeds, const ap__call *call, const ap_value *input, ap_error *err);
ap_status ap__phase_forward(ap_value **out, const ap__call *call, const ap_value *inputs, ap_error *err);

/* Whether a row has a forward() in place of the model's run. */
bool ap__phase_has_forward(const ap_task_context *ctx);

/* Whether the task runs batches by itself: forward_feeds(), and nothing above it that runs the model
 * otherwise. */
bool ap__phase_runs_feeds(const ap_task_context *ctx);
ap_status ap__phase_forward_feeds(ap_value **outputs, const ap__call *call, ap_value *const *feeds,
                                  const size_t *indexes, size_t n_feeds, ap_error *err);

ap_status ap__phase_postprocess(ap_value **out, const ap__call *call, ap_value *const *outputs,
                                size_t n_outputs, ap_error *err);
ap_status ap__phase_shape_result(ap_value **result, const ap__call *call, const ap_value *inputs,
                                 ap_error *err);

#endif

/**
 * @file
 * Which tasks there are, and their parameters.
 *
 * Threading: may be called from any thread at any time.
 */
#ifndef ACCELPIPE_TASK_H
#define ACCELPIPE_TASK_H

#include <accelpipe/status.h>
#include <accelpipe/value.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A list of all tasks, each as ap_task_describe() gives it. Owned by the caller. Since 0.1. */
AP_API ap_status ap_tasks_describe(ap_value **out, ap_error *err);

/** One task: {"name", "aliases", "doc", "input", "default_model", "params": [{"name", "type", "phase",
 * "default", "null_ok", "choices", "doc"}, ...]}; "default" is JSON text, missing where absence has its own
 * meaning; "base" is there too where an application overrides a task (<accelpipe/sys/task.h>).
 * @param name a task or an alias.   @return AP_EKEY, with the nearest name. Since 0.1. */
AP_API ap_status ap_task_describe(ap_value **out, const char *name, ap_error *err);

/** The parameters of pipeline() itself, in the form of "params" above. Since 0.1. */
AP_API ap_status ap_pipeline_describe_params(ap_value **out, ap_error *err);

#ifdef __cplusplus
}
#endif
#endif

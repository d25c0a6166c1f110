/* The tasks by name, and which task a model is for. */
#ifndef AP_TASKS_REGISTRY_H
#define AP_TASKS_REGISTRY_H

#include "pipeline/context.h"

/* @param name a task or an alias.   @return AP_EKEY with the nearest name and the list. */
ap_status ap__task_find(const ap__task_layer **out, const char *name, ap_error *err);

/* The task that a model's architectures are for; one that names no architectures is for none.
 * @return AP_EINVAL when none of ours is: the message names the architectures. */
ap_status ap__task_infer(const ap__task_layer **out, const ap__config *config, ap_error *err);

/* Whether one of the model's architectures serves the task; a config without any counts as fitting. */
bool ap__task_fits(const ap_task *task, const ap__config *config);

#endif

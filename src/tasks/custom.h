/* Tasks of the application: from its row to a layer, alone or over a task that it overrides. */
#ifndef AP_TASKS_CUSTOM_H
#define AP_TASKS_CUSTOM_H

#include "pipeline/context.h"

/* Checks a row and adds what it inherits.
 * @param[out] out owned: ap__free() it; the row is copied into it, what that points to is borrowed.
 * @return as ap_task_register(), but for names that are taken. */
ap_status ap__task_layer_create(ap__task_layer **out, const ap_task *row, ap_error *err);

#endif

/* The router's parts: from the parameters of pipeline() to a loaded pipeline. */
#ifndef AP_API_ROUTER_H
#define AP_API_ROUTER_H

#include "api/decisions.h"
#include "api/device.h"
#include "api/init_params.h"
#include "api/model_kwargs.h"
#include "pipeline/context.h"

/* What is known so far of a pipeline that is being made. */
typedef struct ap__router {
    const ap__init_opts *init;
    const ap_value *params; /* The task's own parameters; NULL: none. */
    ap_pipeline *pipe;      /* Holds the record of decisions. */
    ap__path folder;
    ap__config *config; /* Until the model takes it. */
    ap__model_kwargs kwargs;
    ap__device_request device;
    const char *torch_dtype; /* NULL: not asked for. */
} ap__router;

/* From parameters to a pipeline.
 * @param[out] out the caller's to destroy, also after a failure: its record then says how far it came. NULL
 * only when there was no memory for it. */
ap_status ap__router_create(ap_pipeline **out, const ap__init_opts *init, const ap_value *params,
                            ap_error *err);

/* Reads config.json, or what was given in its place. A backend that refuses a model has taken it. */
ap_status ap__router_load_config(ap__router *r, ap_error *err);

/* Opens the model in the backend that was named, or in the first of those that are available, read a file of
 * the folder and take the model. A backend that was named is never replaced. */
ap_status ap__router_open_model(ap__router *r, ap_error *err);

/* Adds to the record what would make the pipeline faster in the backend that it has. */
ap_status ap__router_advise(ap__router *r, ap_error *err);

/* Parts a dict into pipeline()'s own parameters and the task's. */
ap_status ap__init_split(ap__init_opts *init, ap_value *params, const ap_value *dict, ap_error *err);

#endif

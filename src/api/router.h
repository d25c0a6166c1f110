/* The router's parts: from the parameters of pipeline() to a loaded pipeline. */
#ifndef AP_API_ROUTER_H
#define AP_API_ROUTER_H

#include "api/decisions.h"
#include "api/device.h"
#include "api/init_params.h"
#include "api/model_kwargs.h"
#include "backend/loader.h"
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
    const char *torch_dtype;    /* NULL: not asked for. */
    const ap__backend *backend; /* That the model was opened in. */
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

/* How a model is opened in a backend.
 * @param[out] device_why, and `device`, of AP__OPTION_NAME_BYTES: what the session's device is chosen by, and
 * its name. */
ap__file_request ap__router_file_request(const ap__router *r, const ap__known_backend *row);
ap__session_options ap__router_session_options(const char **device_why, char *device, const ap__router *r,
                                               const ap__backend *backend);

/* Opens the assistant model, if one is asked for, in the backend that the model has. */
ap_status ap__router_open_assistant(ap__router *r, ap_error *err);

/* Adds to the record what would make the pipeline faster in the backend that it has. */
ap_status ap__router_advise(ap__router *r, ap_error *err);

/* Parts a dict into pipeline()'s own parameters and the task's. */
ap_status ap__init_split(ap__init_opts *init, ap_value *params, const ap_value *dict, ap_error *err);

#endif

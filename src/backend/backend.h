/* Backends: finding their plugins and runtimes, and running models in them.
 *
 * Threading: everything here may be called from any thread; sessions as the plugin border says. */
#ifndef AP_BACKEND_BACKEND_H
#define AP_BACKEND_BACKEND_H

#include "tensor/tensor.h"

#include <stdbool.h>

/* A backend that is loaded and usable; lives until the process ends. */
typedef struct ap__backend ap__backend;

/* The backend of that name (NULL: the first available in order of priority).
 * @return AP_EINVAL another name than those in known_backends.def (the message names them); AP_ENOBACKEND
 * not available, with the reason and the install command; of NULL: with those of every one. */
ap_status ap__backend_get(const ap__backend **out, const char *name, ap_error *err);

const char *ap__backend_get_name(const ap__backend *backend);
const ap_probe *ap__backend_get_probe(const ap__backend *backend);

/* Whether the backend offers the device: a name that it has, also as one of several ("cuda:1"). */
bool ap__backend_has_device(const ap__backend *backend, const char *device);

/* -- sessions ------------------------------------------------------------------------------------------ */

typedef struct ap__session ap__session;

/* How to open a model; zero or NULL means the default. Borrowed for the call. */
typedef struct ap__session_options {
    ap_use use;
    const char *path;  /* The model's file; NULL when `bytes` holds it. */
    const void *bytes; /* The model in memory, kept by the caller until close; such a model is not cached. */
    size_t n_bytes;
    const char *external_data; /* With `bytes`: real folder of its external data; NULL: it has none. */
    const char *device;
    ap_dtype dtype;    /* AP_DTYPE_NONE: float32. */
    int32_t n_threads; /* 0: ap__threads_allowed(). */
    bool no_cache;
    const char *cache_dir; /* NULL: the user's cache folder. */
    const ap_key_value *options;
    size_t n_options;
} ap__session_options;

ap_status ap__session_open(ap__session **out, const ap__backend *backend, const ap__session_options *options,
                           ap_error *err);
void ap__session_close(ap__session *session); /* NULL is fine. */

const ap_session_info *ap__session_get_info(const ap__session *session);
const ap__backend *ap__session_get_backend(const ap__session *session);

/* What the runtime made of the model, as lines of text with NULL behind the last; NULL when the backend does
 * not tell. Borrowed from the session. */
const char *const *ap__session_inspect(const ap__session *session);

/* The input or output of that name; NULL when there is none. */
const ap_io *ap__session_find_input(const ap__session *session, const char *name);
const ap_io *ap__session_find_output(const ap__session *session, const char *name);

/* One input or wanted output of a run. */
typedef struct ap__feed {
    const char *name;
    ap_tensor_flags flags; /* Of outputs. */
    ap__tensor *tensor;    /* Of inputs: borrowed. Of outputs: filled, the caller's to unref. */
} ap__feed;

/* Runs the model. On failure no output is filled. Outputs flagged AP_TENSOR_HOST are in host memory
 * afterwards.   @return as ap_backend.run */
ap_status ap__session_run(ap__session *session, const ap__feed *inputs, size_t n_inputs, ap__feed *outputs,
                          size_t n_outputs, ap_cancel *cancel, ap_error *err);

/* The same of a stateful model (ap_session_info.is_stateful). */
typedef struct ap__stateful_run {
    ap_state *state; /* Of the session; one run at a time. */
    const ap__feed *inputs;
    size_t n_inputs;
    ap__feed *outputs;
    size_t n_outputs;
    ap_cancel *cancel; /* Or NULL. */
} ap__stateful_run;

ap_status ap__session_run_stateful(ap__session *session, const ap__stateful_run *run, ap_error *err);

/* A state that holds what the model begins with.   @return AP_EUNSUPPORTED the model has none */
ap_status ap__session_state_create(ap_state **out, ap__session *session, ap_error *err);
void ap__session_state_destroy(ap__session *session, ap_state *state); /* NULL is fine. */

#endif

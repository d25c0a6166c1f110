/* The plugin for ONNX Runtime: what its files share.
 *
 * The runtime's C API is a table of functions, append-only since its first release; the plugin asks for
 * an old level, so that it runs on every release since. Nothing is linked: the library is opened by probe()
 * and stays loaded. */
#ifndef ORT_ORT_H
#define ORT_ORT_H

#include <accelpipe/sys/backend_plugin.h>

#include <onnxruntime_c_api.h>
#include <stdbool.h>

/* The level of the API, which is the minor version of the release that brought it. The functions that are
 * used are older; but 1.20 does not find the external data of a model in memory. */
#define ORT_API_LEVEL 21

/* What the process has of the runtime. Written by probe(), one call at a time, before any session is opened;
 * read-only from then on. */
typedef struct ort_runtime {
    const ap_host *host;
    const OrtApi *api;
    OrtEnv *env;
    OrtMemoryInfo *host_memory; /* For tensors around memory of the host. */
    OrtAllocator *allocator;    /* Of the strings that the runtime gives. */
    char **providers;           /* Execution providers of this build; never freed. */
    int n_providers;
    bool has_weights;     /* There is an allocator for weights (weights.h). */
    int n_shared_threads; /* Of the pool that sessions share; 0: there is none. */
} ort_runtime;

extern ort_runtime ort;

struct ap_session {
    OrtSession *session;
    ap_io *inputs, *outputs; /* Names are the runtime's, from ort.allocator. */
    uint32_t n_inputs, n_outputs;
    int32_t from_cache;
    char device[64];
};

/* runtime.c */
ap_status ort_probe(const ap_host *host, const char *runtime, ap_probe *out, ap_error *err);

/* The end of the last line that the runtime logged as an error on this thread; "": none since it was
 * forgotten. */
const char *ort_log_last_error(void);
void ort_log_forget(void);

/* status.c: the runtime's failure as ours. `status` is taken; NULL is AP_OK.
 * @param what names what failed, "run"; put in front of the runtime's message. */
ap_status ort_fail(ap_error *err, OrtStatus *status, const char *what);
ap_status ort_fail_nomem(ap_error *err);

/* Drops a failure that does not matter. */
void ort_ignore(OrtStatus *status);

/* dtype.c: element types. */
ap_dtype ort_dtype_from(ONNXTensorElementDataType type); /* AP_DTYPE_NONE: not a type of ours. */
ONNXTensorElementDataType ort_dtype_to(ap_dtype dtype);
size_t ort_dtype_size(ap_dtype dtype);

/* options.c: the session options for a model.
 * @param[out] out to be released with ReleaseSessionOptions.
 * @param onnx what the model's file holds; NULL: it has been optimised already. */
struct onnx_info;
ap_status ort_options_create(OrtSessionOptions **out, const ap_model_ref *model, const struct onnx_info *onnx,
                             ap_error *err);

/* session.c */
ap_status ort_open(ap_session **out, const ap_host *host, const ap_model_ref *model, ap_error *err);
void ort_describe(const ap_session *session, ap_session_info *out);
void ort_close(ap_session *session);

/* run.c */
ap_status ort_run(ap_session *session, const ap_run_args *args, ap_error *err);

#endif

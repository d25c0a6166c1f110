/* The plugin for OpenVINO: what its files share.
 *
 * Nothing is linked: the runtime's C library is opened by probe() and stays loaded. Its version is read
 * first, because the numbers of the element types depend on it. The plugin's own names begin with "ovp_". */
#ifndef OV_OV_H
#define OV_OV_H

#include "api_types.h"

#include "api.h"
#include "common/bytes.h"
#include "common/onnx.h"

#include <accelpipe/sys/backend_plugin.h>
#include <pthread.h>

/* Older releases are refused. Up to 2025.3 an output that is an input passed on, written to a tensor of the
 * caller's, makes all results wrong, and weights in memory are not taken. */
#define OVP_MIN_YEAR 2025
#define OVP_MIN_RELEASE 4

/* What the process has of the runtime. Written by probe(), one call at a time, before any session is opened;
 * read-only from then on. */
typedef struct ovp_runtime {
    const ap_host *host;
    ov_functions api;
    ov_core_t *core;
    char devices[1024]; /* By the runtime's names, separated by blanks, the default first. */
} ovp_runtime;

extern ovp_runtime ov;

/* Whose the tensor is that an output of a request is written to. */
enum ovp_bound { OVP_BOUND_OWN, OVP_BOUND_EARLIER, OVP_BOUND_NOW };

/* An infer request, which serves one run at a time. Requests are in a list of those that are free, or belong
 * to the run that took them. */
typedef struct ovp_request {
    struct ovp_request *next;
    ov_infer_request_t *handle;
    unsigned char bound[]; /* Of each output: ovp_bound. */
} ovp_request;

typedef struct ovp_mapping {
    void *ptr;
    size_t len;
} ovp_mapping;

/* See external.c. */
typedef struct ovp_external {
    ovp_mapping mappings[ONNX_MAX_EXTERNAL];
    size_t n_mappings;
    char *graph; /* Written anew; NULL: the model is taken as it is. */
    size_t n_graph;
} ovp_external;

struct ap_session {
    ov_compiled_model_t *model;
    ovp_external external;   /* May be in use for as long as `model` is. */
    ap_io *inputs, *outputs; /* Names are owned. */
    uint32_t n_inputs, n_outputs;
    int32_t from_cache;
    int32_t run_threads;
    int32_t is_stateful;
    char device[64];      /* As in the probe's devices. */
    pthread_mutex_t lock; /* Guards `free_requests`; nothing else is locked while it is held. */
    ovp_request *free_requests;
};

/* runtime.c */
ap_status ovp_probe(const ap_host *host, const char *runtime, ap_probe *out, ap_error *err);

/* device.c: devices by our names ("gpu:1") and the runtime's ("GPU.1"). */
typedef struct ovp_device {
    char text[64]; /* The runtime's name. */
} ovp_device;

/* Fills ov.devices. */
void ovp_devices_init(void);

/* Our names of all of them. */
void ovp_devices_list(char *buf, size_t size);

/* The device at `*at` in ov.devices, which moves to the next; false at the end. */
bool ovp_device_next(ovp_device *out, const char **at);

/* @param name either name, or "auto:" with several and commas between; NULL: the default.   @return AP_EINVAL
 */
ap_status ovp_device_find(ovp_device *out, const char *name, ap_error *err);
bool ovp_device_is_auto(const ovp_device *device); /* Also with a list of devices. */
void ovp_device_name(char *buf, size_t size, const ovp_device *device);

/* A property of a device as text, to be freed with ovp_text_free(); NULL when it has none of that name. */
char *ovp_device_get(const ovp_device *device, const char *key);
void ovp_text_free(char *text);

/* Whether the words of `list`, separated by blanks, have `word`. NULL has none. */
bool ovp_has_word(const char *list, const char *word);

/* A failure of the C layer itself: it leaves no message. */
enum { OVP_INVALID_PARAMETER = -14 };

/* status.c: the runtime's failure as ours; 0 is AP_OK.
 * @param what names what failed, "run"; put in front of the last line of the runtime's message. */
ap_status ovp_fail(ap_error *err, ov_status_e status, const char *what);
ap_status ovp_fail_nomem(ap_error *err);

/* The runtime's last message, which may be of many lines; borrowed until its next call. */
const char *ovp_last_message(void);

/* dtype.c: element types. */
ap_status ovp_dtype_check(ap_error *err);        /* That the runtime numbers them as we do. */
ap_dtype ovp_dtype_from(ov_element_type_e type); /* AP_DTYPE_NONE: not a type of ours. */
ov_element_type_e ovp_dtype_to(ap_dtype dtype);

/* source.c: what the model's bytes are. */
typedef enum ovp_format { OVP_FORMAT_NONE, OVP_FORMAT_ONNX, OVP_FORMAT_IR } ovp_format;

typedef struct ovp_source {
    ovp_format format;
    uint64_t n_bytes;
    onnx_info onnx;         /* Of ONNX; its names are borrowed from the bytes. */
    bool has_state;         /* Of IR: it keeps values between runs. */
    char weights_name[256]; /* Of IR in a file: the file beside it with the weights; "": none. */
} ovp_source;

ap_status ovp_source_look(ovp_source *out, const ap_model_ref *model, const void *bytes, size_t n_bytes,
                          ap_error *err);

/* options.c: properties to compile with. */
enum { OVP_MAX_PROPERTIES = 48 };

typedef struct ovp_properties {
    size_t n;
    const char *keys[OVP_MAX_PROPERTIES], *values[OVP_MAX_PROPERTIES]; /* Borrowed, or in `n_threads`. */
    char n_threads[16];
} ovp_properties;

ap_status ovp_properties_init(ovp_properties *out, const ovp_device *device, const ap_model_ref *model,
                              ap_error *err);

/* Adds one, unless it is there. */
ap_status ovp_properties_add(ovp_properties *properties, const char *key, const char *value, ap_error *err);
bool ovp_properties_have(const ovp_properties *properties, const char *key);

/* external.c: weights in files that the runtime would not find. `out` begins as zeros but for a graph that
 * takes the place of the model's own, and is cleared also after a failure. */
bool ovp_external_is_needed(const ovp_external *external, const ap_model_ref *model, const onnx_info *onnx);
ap_status ovp_external_init(ovp_external *out, const ap_model_ref *model, const model_bytes *bytes,
                            const onnx_info *onnx, ap_error *err);
void ovp_external_clear(ovp_external *external);

/* compile.c */
typedef struct ovp_compile {
    const ap_model_ref *model;
    const ovp_external *external;
    const ovp_device *device;
    const ovp_properties *properties;
    const char *cache_dir; /* NULL: none. */
} ovp_compile;

/* Compiles the model from its file or its bytes. */
ap_status ovp_compile_model(ov_compiled_model_t **out, const ovp_compile *what, ap_error *err);

/* Whether the runtime took it from its cache. */
bool ovp_is_from_cache(const ov_compiled_model_t *model);

/* cache.c: the start-up cache; both give NULL when the model has to be opened without. */
ov_compiled_model_t *ovp_cache_open(const ovp_compile *what);
ov_compiled_model_t *ovp_cache_write(const ovp_compile *what, const ovp_source *source);

/* io.c: inputs and outputs of session->model.
 * @param onnx the model's bytes when it is ONNX: names are those of its graph. */
ap_status ovp_ios_read(ap_session *session, const model_bytes *onnx, ap_error *err);
void ovp_ios_clear(ap_session *session);

/* session.c */
ap_status ovp_open(ap_session **out, const ap_host *host, const ap_model_ref *model, ap_error *err);
void ovp_describe(const ap_session *session, ap_session_info *out);
void ovp_close(ap_session *session);

/* request.c: the free list. */
ap_status ovp_request_take(ovp_request **out, ap_session *session, ap_error *err);
void ovp_request_give_back(ap_session *session, ovp_request *request);
void ovp_request_destroy(ovp_request *request); /* One that cannot be used again. */
void ovp_requests_clear(ap_session *session);

/* A state is a request of its own: only a new one holds what the model begins with. */
ap_status ovp_create_state(ap_session *session, ap_state **out, ap_error *err);
void ovp_destroy_state(ap_session *session, ap_state *state);

/* run.c */
ap_status ovp_run(ap_session *session, const ap_run_args *args, ap_error *err);

#endif

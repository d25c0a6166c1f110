/* The plugin for tests: a model without a runtime. Its outputs are recorded, or simple functions of the
 * inputs.
 *
 * The model is a text file; its first line is "accelpipe-replay 1". Each other line is one of these, words
 * separated by blanks; "#" begins a comment:
 *
 *   input NAME DTYPE [EXTENT...]      an input; extents may be -1; "*" in place of them: any rank
 *   output NAME DTYPE [EXTENT...]     an output
 *   compute OUTPUT FUNCTION INPUT...  how it is made; see functions.c
 *   case                              begins a recorded run
 *   in NAME EXTENT... = HEX           an input of the case: its bytes, little endian
 *   out NAME EXTENT... = HEX          an output of the case
 *   latency_ms N                      every run takes that long
 *   fail_run N                        the N-th run of a session fails, counting from 1
 *   elsewhere 1                       outputs are not in host memory: read() has to be used
 *   cache_bytes N                     opening writes N bytes into the start-up cache
 *   run_threads N                     each run has N threads of the process's budget for itself
 *   run_threads_min N                 and can do with so few
 *
 * The settings (the last six) are also options of a session, which win over the file.
 *
 * Threading: as the plugin border says; a session is read-only while it is open, but for its count of runs.
 */
#ifndef REPLAY_REPLAY_H
#define REPLAY_REPLAY_H

#include <accelpipe/sys/backend_plugin.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { REPLAY_MAX_IOS = 256, REPLAY_MAX_CASES = 4096, REPLAY_MAX_CASE_TENSORS = 16, REPLAY_MAX_ARGS = 3 };

/* How an output is made of inputs. */
typedef struct replay_function replay_function;

typedef struct replay_compute {
    const replay_function *function; /* NULL: only cases give this output. */
    uint32_t args[REPLAY_MAX_ARGS];  /* Indexes of inputs. */
    uint32_t n_args;
} replay_compute;

/* A tensor of a case. `view.data` is one allocation. */
typedef struct replay_tensor {
    uint32_t io; /* Index of its input or output. */
    ap_tensor_view view;
} replay_tensor;

typedef struct replay_case {
    replay_tensor inputs[REPLAY_MAX_CASE_TENSORS], outputs[REPLAY_MAX_CASE_TENSORS];
    uint32_t n_inputs, n_outputs;
} replay_case;

typedef struct replay_settings {
    int64_t latency_ms, fail_run, elsewhere, cache_bytes, run_threads, run_threads_min;
} replay_settings;

struct ap_session {
    const ap_host *host;
    ap_io inputs[REPLAY_MAX_IOS], outputs[REPLAY_MAX_IOS]; /* Names are allocated. */
    uint32_t n_inputs, n_outputs;
    replay_compute computes[REPLAY_MAX_IOS]; /* Of the outputs. */
    replay_case **cases;                     /* REPLAY_MAX_CASES pointers. */
    uint32_t n_cases;
    replay_settings settings;
    int32_t from_cache;
    atomic_llong n_runs;
};

/* model.c: reads the model's text into a session that is all zero but for `host`. */
ap_status replay_model_parse(ap_session *session, const char *text, size_t len, ap_error *err);
void replay_model_clear(ap_session *session);

/* Sets one of the settings.   @return AP_EINVAL unknown, or no number. */
ap_status replay_setting_set(ap_session *session, const char *name, const char *value, ap_error *err);

/* The index of a name, `n` when there is none. */
uint32_t replay_find_io(const ap_io *ios, uint32_t n, const char *name);

/* functions.c */
struct replay_function {
    const char *name;
    uint32_t min_args, max_args;
    /* Fills view->rank and shape of an output from the views of its arguments; false when they do not fit. */
    bool (*shape)(ap_tensor_view *view, const ap_io *io, const ap_tensor_view *const *args, uint32_t n_args);
    void (*fill)(const ap_tensor_view *view, void *data, const ap_tensor_view *const *args, uint32_t n_args);
};
const replay_function *replay_function_find(const char *name);
size_t replay_dtype_size(ap_dtype dtype);
ap_dtype replay_dtype_find(const char *name);

/* run.c */
ap_status replay_run(ap_session *session, const ap_run_args *args, ap_error *err);
ap_status replay_read(ap_session *session, const ap_tensor *tensor, void *dst, size_t size_bytes,
                      ap_error *err);

/* cache.c: opens from, or writes, the start-up cache. Failures are no failures. */
void replay_cache_use(ap_session *session, const char *cache_path, const void *bytes, size_t n_bytes);

#endif

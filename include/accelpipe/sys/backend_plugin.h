/**
 * @file
 * The border between the library and a backend plugin.
 *
 * A plugin is one shared object with one exported function:
 *
 *     const ap_backend *ap_backend_entry(uint32_t host_abi);
 *
 * It returns its table, or NULL when it cannot serve that ABI. The library loads it with
 * RTLD_NOW | RTLD_LOCAL and never unloads it. The plugin itself loads its runtime (dlopen), so that a
 * missing runtime is a reason in probe() and not a failure to load the plugin.
 *
 * Rules for the table: `abi` must equal AP_BACKEND_ABI; members are only ever appended, and a member is
 * used only if AP_HAS() says that it is there. No C++ type, no exception and no exit crosses the border.
 *
 * Threading: probe() and open() are called one at a time for each plugin; run(), read() and a tensor's
 * release() from many threads at once, on one session too; close() when nothing else runs on the session.
 */
#ifndef ACCELPIPE_SYS_BACKEND_PLUGIN_H
#define ACCELPIPE_SYS_BACKEND_PLUGIN_H

#include <accelpipe/sys/host.h>
#include <accelpipe/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AP_BACKEND_ABI 1u
#define AP_BACKEND_ENTRY "ap_backend_entry"

/** Whether `table` (a pointer to a struct with a `size` member) is new enough to hold `member`. */
#define AP_HAS(table, member)                                                                                \
    ((table)->size >=                                                                                        \
     (size_t)((const char *)&(table)->member - (const char *)(table)) + sizeof(table)->member)

/** A model opened in a backend; the plugin's own. */
typedef struct ap_session ap_session;

/** What a stateful model keeps from one run to the next; the plugin's own. */
typedef struct ap_state ap_state;

/** What probe() found. */
typedef struct ap_probe {
    uint32_t size;      /**< sizeof(ap_probe) as the library saw it. */
    int32_t score;      /**< 0: cannot be used here, and err says why; higher is better. */
    char version[64];   /**< Of the runtime. */
    char path[1024];    /**< The runtime's file as it was loaded. */
    char devices[1024]; /**< Names for ap_model_ref.device, separated by blanks, the default first. */
} ap_probe;

/** A name and its value, both strings: an option that is passed through to the runtime. */
typedef struct ap_key_value {
    const char *key;
    const char *value;
} ap_key_value;

/** How a session will be used; a backend may choose its threads and streams by it. */
typedef enum ap_use { AP_USE_LATENCY = 0, AP_USE_THROUGHPUT = 1 } ap_use;

/** Which model to open, and how. Everything is borrowed until open() returns, but for `bytes`. */
typedef struct ap_model_ref {
    uint32_t size;             /**< sizeof(ap_model_ref) as the library saw it. */
    ap_use use;                /**< What it is opened for. */
    const char *path;          /**< The model's file; NULL when `bytes` holds it. */
    const void *bytes;         /**< The model in memory, kept by the caller until close(). */
    size_t n_bytes;            /**< Length of `bytes`. */
    const char *external_data; /**< With `bytes`: real folder of its external data; NULL: it has none. */
    const char *device;     /**< One of the probe's names, with ":N" for one of several. NULL: the default. */
    ap_dtype dtype;         /**< Arithmetic; AP_DTYPE_F32 unless asked otherwise. */
    int32_t n_threads;      /**< For one operator; at least 1. */
    const char *cache_path; /**< Folder for this session's start-up cache; NULL: none. See below. */
    const ap_key_value *options; /**< Runtime options by the runtime's own names. */
    size_t n_options;
} ap_model_ref;

/*
 * The start-up cache. `cache_path` names a folder that belongs to this model, runtime version, CPU and
 * set of options alone (the library makes the name from all of them). A plugin that finds the folder reads
 * from it; one that does not may write a folder beside it, whose name begins with `cache_path` and ".tmp.",
 * and rename it to `cache_path`: so several processes never see half of one. A folder that cannot be
 * read is as good as none. The library counts sizes and removes what was used longest ago.
 */

/** Rank of an input or output that may have any. */
#define AP_RANK_UNKNOWN UINT32_MAX

/** An input or output of the model. */
typedef struct ap_io {
    const char *name;
    ap_dtype dtype; /**< AP_DTYPE_NONE: not a type of ours (strings, sequences). */
    uint32_t rank;
    int64_t shape[AP_TENSOR_MAX_RANK]; /**< -1: any. */
} ap_io;

/** What describe() tells of a session; borrowed until close(). */
typedef struct ap_session_info {
    uint32_t size; /**< sizeof(ap_session_info) as the library saw it. */
    uint32_t n_inputs;
    uint32_t n_outputs;
    int32_t from_cache; /**< 1: opened from cache_path. */
    const ap_io *inputs;
    const ap_io *outputs;
    const char *device; /**< The device that was chosen. */
    int32_t
        run_threads; /**< Threads that a run has for itself: runs wait until so many of the process's budget
                        are free. 0: it shares threads with other runs, and they may go on at once. */
    int32_t few_lengths; /**< 1: it keeps memory for each length of texts it sees: where masked tokens at the
                            end change nothing for others, texts are padded, so that there are few lengths. */
    int32_t is_stateful; /**< 1: the model keeps values between runs, and each run needs a state. */
    /** Of `run_threads`: so few will do while others want threads, too; ap_run_args.n_threads says how many a
     * run has. 0: it needs all of them. */
    int32_t run_threads_min;
    /** Of files that the library does not look into itself (it does into ONNX and OpenVINO IR). 1: operators
     * in which the neighbours of a position count, masked or not, so that padding changes results. */
    int32_t has_neighbours;
} ap_session_info;

/** A tensor that crosses the border. */
typedef struct ap_tensor {
    ap_tensor_view view; /**< view.data is NULL while the elements are not in host memory. */
    void *handle;        /**< The plugin's object behind it; NULL for plain host memory. */
    /** Gives the tensor back to its plugin; NULL: nothing to give back. Called once. */
    void (*release)(struct ap_tensor *tensor);
} ap_tensor;

typedef enum ap_tensor_flags {
    AP_TENSOR_HOST = 0,            /**< The elements are wanted in host memory. */
    AP_TENSOR_KEEP_IN_BACKEND = 1, /**< They stay where they are: an input of a later run (a KV cache). */
    AP_TENSOR_SKIP = 2             /**< An output nobody wants; it need not be computed. */
} ap_tensor_flags;

typedef struct ap_named_tensor {
    const char *name;
    ap_tensor_flags flags; /**< Of outputs. */
    ap_tensor tensor;
} ap_named_tensor;

/** One run. */
typedef struct ap_run_args {
    uint32_t size; /**< sizeof(ap_run_args) as the library saw it. */
    uint32_t n_inputs;
    uint32_t n_outputs;
    uint32_t reserved; /**< 0. */
    /** Each by name; host memory, borrowed for the run, or a tensor that an earlier run on the same backend
     * kept (`handle` is set): that one is not consumed and can be given again. */
    const ap_named_tensor *inputs;
    /** Names and flags are the caller's; run() fills `tensor`, the caller releases it. On failure none is
     * filled. */
    ap_named_tensor *outputs;
    ap_cancel *cancel; /**< May be NULL. */
    /** Of a stateful model: a state of the session, which the run reads and writes; one run at a time. After
     * a failure it can only be destroyed. Other models: NULL. */
    ap_state *state;
    /** Threads that the run has for itself: all that the session wants (`run_threads`), or fewer, but no
     * fewer than it can do with. 0: it did not say. */
    int32_t n_threads;
} ap_run_args;

/** The table. */
typedef struct ap_backend {
    uint32_t abi;     /**< AP_BACKEND_ABI. */
    uint32_t size;    /**< sizeof(ap_backend) as the plugin saw it. */
    const char *name; /**< "ort", "ov", "ipex" or "replay". */

    /** Tries the runtime in one file.
     * @param runtime path or soname to dlopen; NULL: the plugin needs none. Called again with other
     * candidates until one gives a score; that one stays loaded and serves all sessions.
     * @return AP_OK with a score, or a failure whose message is the reason, without the plugin's name. */
    ap_status (*probe)(const ap_host *host, const char *runtime, ap_probe *out, ap_error *err);

    /** Opens a model with the runtime that the last good probe() loaded.
     * @return AP_EFORMAT the file is no model; AP_EUNSUPPORTED it needs what is not there; AP_EINVAL a device
     * or option is not known; AP_EBACKEND the runtime's own failure; AP_ENOMEM. */
    ap_status (*open)(ap_session **out, const ap_host *host, const ap_model_ref *model, ap_error *err);

    /** Cannot fail: what it tells was read by open(). */
    void (*describe)(const ap_session *session, ap_session_info *out);

    /** @return AP_EINVAL a name, dtype or shape the model does not take; AP_ECANCELED; AP_EBACKEND. */
    ap_status (*run)(ap_session *session, const ap_run_args *args, ap_error *err);

    /** NULL is fine. Tensors of the session must have been released. */
    void (*close)(ap_session *session);

    /** optional. Copies the elements of a tensor that is not in host memory; without it every tensor is. */
    ap_status (*read)(ap_session *session, const ap_tensor *tensor, void *dst, size_t size_bytes,
                      ap_error *err);

    /** optional. What the runtime made of the model, for people: lines of text, the last followed by NULL;
     * borrowed until close(). Cannot fail. */
    const char *const *(*inspect)(const ap_session *session);

    /** optional; needed where describe() says that a model is stateful. A state that holds what the model
     * begins with. */
    ap_status (*create_state)(ap_session *session, ap_state **out, ap_error *err);
    /** NULL is fine. */
    void (*destroy_state)(ap_session *session, ap_state *state);
} ap_backend;

typedef const ap_backend *(*ap_backend_entry_fn)(uint32_t host_abi);

#ifdef __cplusplus
}
#endif
#endif

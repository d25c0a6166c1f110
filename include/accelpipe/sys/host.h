/**
 * @file
 * What the library offers to a plugin. A plugin links nothing of ours: all it needs comes through this
 * table, which is given to every function that may need it and stays valid until the process ends.
 *
 * Threading: every function may be called from any thread.
 */
#ifndef ACCELPIPE_SYS_HOST_H
#define ACCELPIPE_SYS_HOST_H

#include <accelpipe/log.h>
#include <accelpipe/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ap_cancel ap_cancel;

/** Called on the thread that cancels, with a lock held: must be short and must not call the host. */
typedef void (*ap_cancel_fn)(void *ctx);

/** Members are only ever appended; `size` says how many there are. */
typedef struct ap_host {
    uint32_t abi;  /**< AP_BACKEND_ABI of the library. */
    uint32_t size; /**< sizeof(ap_host) as the library saw it. */

    /** As malloc, realloc and free; every one may fail with NULL. */
    void *(*alloc)(size_t size_bytes);
    void *(*realloc)(void *ptr, size_t size_bytes);
    void (*free)(void *ptr);

    /** Fills `err` (which may be NULL) and returns `status`: `return host->fail(err, AP_EBACKEND, ...)`. */
    ap_status (*fail)(ap_error *err, ap_status status, const char *fmt, ...) AP_PRINTF(3, 4);

    /** One log line, without the newline. */
    void (*log)(ap_log_level level, const char *fmt, ...) AP_PRINTF(2, 3);

    /** Has `fn(ctx)` called when `cancel` is triggered, at once when it already was; `cancel` may be NULL.
     * One function at a time for each call: cancel_unbind() with the same arguments takes it back, and after
     * it has returned `fn` is not running and will not run. @return 1 when cancelled already, else 0. */
    int (*cancel_bind)(ap_cancel *cancel, ap_cancel_fn fn, void *ctx);
    void (*cancel_unbind)(ap_cancel *cancel, ap_cancel_fn fn, void *ctx);

    /** Removes a folder and the files in it, and files only: for what a plugin wrote below `cache_path`. */
    void (*remove_folder)(const char *path);

    /** How many threads this process may use, at least 1: one budget for all that runs in it. A runtime whose
     * sessions can share threads should have no more than these. */
    int (*threads_allowed)(void);
} ap_host;

#ifdef __cplusplus
}
#endif
#endif

/**
 * @file
 * Logging: one callback for the process, off by default.
 *
 *     static void to_stderr(ap_log_level level, const char *line, void *ctx) {
 *         (void)ctx;
 *         fprintf(stderr, "%s: %s\n", ap_log_level_name(level), line);
 *     }
 *     ap_log_set(to_stderr, AP_LOG_INFO, NULL);
 *
 * A line reads `component: noun: fact`, has no newline and never holds a token or a secret.
 *
 * Threading: ap_log_set() may be called at any time; the callback is called from any thread, one at a
 * time, and must not call into the library.
 */
#ifndef ACCELPIPE_LOG_H
#define ACCELPIPE_LOG_H

#include <accelpipe/api.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ap_log_level {
    AP_LOG_ERROR = 0,   /**< Something failed that no return value reports. */
    AP_LOG_WARNING = 1, /**< What transformers would warn about. */
    AP_LOG_INFO = 2,    /**< A choice was made: which model, which backend. */
    AP_LOG_DEBUG = 3    /**< Details for whoever looks for a fault. */
} ap_log_level;

/** @param line borrowed for the call. */
typedef void (*ap_log_fn)(ap_log_level level, const char *line, void *ctx);

/** Sends lines up to and including `level` to `fn`; NULL turns logging off. Since 0.1. */
AP_API void ap_log_set(ap_log_fn fn, ap_log_level level, void *ctx);

/** "error", "warning", "info" or "debug". Static storage. Since 0.1. */
AP_API const char *ap_log_level_name(ap_log_level level);

#ifdef __cplusplus
}
#endif
#endif

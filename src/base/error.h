/* Filling the caller-owned error. Who detects a failure writes the message; a caller that knows a new noun
 * (file, task, backend, input) puts it in front. */
#ifndef AP_BASE_ERROR_H
#define AP_BASE_ERROR_H

#include <accelpipe/status.h>
#include <stdarg.h>

/* Writes the message and returns `status`, so that a failure is one line: return ap__fail(err, ...). */
ap_status ap__fail(ap_error *err, ap_status status, const char *fmt, ...) AP_PRINTF(3, 4);
ap_status ap__failv(ap_error *err, ap_status status, const char *fmt, va_list args) AP_PRINTF(3, 0);

/* The one message for a failed allocation. */
ap_status ap__fail_nomem(ap_error *err);

/* Puts "context: " in front of the message and returns the status that is there. */
ap_status ap__error_wrap(ap_error *err, ap_status status, const char *fmt, ...) AP_PRINTF(3, 4);

/* No error. */
void ap__error_clear(ap_error *err);

/* A condition that only our own fault can break: stops a debug build, fails a release build's call. */
#ifdef NDEBUG
#define AP_INVARIANT(condition, err)                                                                         \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            return ap__fail((err), AP_EBUG, "internal: %s:%d: %s does not hold; please report it", __FILE__, \
                            __LINE__, #condition);                                                           \
    } while (0)
#else
#define AP_INVARIANT(condition, err)                                                                         \
    do {                                                                                                     \
        (void)(err);                                                                                         \
        if (!(condition)) __builtin_trap();                                                                  \
    } while (0)
#endif

#endif

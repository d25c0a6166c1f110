/**
 * @file
 * Status codes and the caller-owned error.
 *
 *     ap_error err = AP_ERROR_INIT;
 *     ap_pipeline *pipe = NULL;
 *     if (ap_pipeline_create(&pipe, &options, &err) != AP_OK)
 *         fprintf(stderr, "%s: %s\n", ap_status_name(err.status), err.message);
 *
 * Every function that can fail returns an ap_status and fills an ap_error that the caller owns; it may be
 * NULL. The message has a fixed size, so an error needs no memory and can cross threads by copying.
 *
 * Threading: the functions here are pure; an ap_error belongs to one thread at a time.
 */
#ifndef ACCELPIPE_STATUS_H
#define ACCELPIPE_STATUS_H

#include <accelpipe/api.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The one list of codes: X(name, number, class of the exception in Python, meaning).
 * Numbers are stable; new ones are added at the end. */
#define AP_STATUS_MAP(X)                                                                                     \
    X(OK, 0, "", "success")                                                                                  \
    X(EINVAL, 1, "ValueError", "a value is not allowed")                                                     \
    X(ETYPE, 2, "TypeError", "a value has the wrong type")                                                   \
    X(EKEY, 3, "KeyError", "a name is not known")                                                            \
    X(ENOTFOUND, 4, "OSError", "a model, file or folder is missing")                                         \
    X(EIO, 5, "OSError", "a file could not be read or written")                                              \
    X(EFORMAT, 6, "ValueError", "a file is corrupt or not of its format")                                    \
    X(EUTF8, 7, "UnicodeDecodeError", "text is not UTF-8")                                                   \
    X(ELIMIT, 8, "ValueError", "something is larger than its limit")                                         \
    X(ENOMEM, 9, "MemoryError", "out of memory")                                                             \
    X(ENOBACKEND, 10, "ImportError", "no backend is available")                                              \
    X(EBACKEND, 11, "RuntimeError", "the backend failed")                                                    \
    X(EUNSUPPORTED, 12, "NotImplementedError", "a feature is not supported")                                 \
    X(ECANCELED, 13, "KeyboardInterrupt", "the call was cancelled")                                          \
    X(EABI, 14, "ImportError", "a plugin was built for another version")                                     \
    X(EBUG, 15, "RuntimeError", "an internal invariant does not hold")

typedef enum ap_status {
#define AP_STATUS_ENUMERATOR(name, number, python, text) AP_##name = (number),
    AP_STATUS_MAP(AP_STATUS_ENUMERATOR)
#undef AP_STATUS_ENUMERATOR
} ap_status;

#define AP_ERROR_MESSAGE_SIZE 512

/** What went wrong: the code, and one line that says what, where and what to do. */
typedef struct ap_error {
    ap_status status;
    char message[AP_ERROR_MESSAGE_SIZE]; /**< UTF-8, NUL-terminated, cut at the end when too long. */
} ap_error;

#define AP_ERROR_INIT                                                                                        \
    {                                                                                                        \
        AP_OK, { 0 }                                                                                         \
    }

/** "AP_EINVAL" and so on; "AP_UNKNOWN" for a number that is not in the list. Static storage. Since 0.1. */
AP_API const char *ap_status_name(ap_status status);

/** One phrase for the code, "a value is not allowed". Static storage. Since 0.1. */
AP_API const char *ap_status_text(ap_status status);

/** The class of the exception that Python users see, "ValueError". Static storage. Since 0.1. */
AP_API const char *ap_status_python_class(ap_status status);

#ifdef __cplusplus
}
#endif
#endif

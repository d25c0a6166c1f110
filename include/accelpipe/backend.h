/**
 * @file
 * Which backends there are, and whether this machine has them.
 *
 * Threading: may be called from any thread at any time; the first call loads plugins and runtimes, which
 * stay loaded until the process ends.
 */
#ifndef ACCELPIPE_BACKEND_H
#define ACCELPIPE_BACKEND_H

#include <accelpipe/status.h>
#include <accelpipe/value.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A list of all backends in the order in which they are tried: [{"name", "available", "runtime",
 * "version", "path", "devices", "threads", "threads_reason", "cache_dir", "reason", "install"}, ...];
 * "reason" only where not available. "threads" is what the process may use and is shared by all backends;
 * "cache_dir" is null where the user has no place for a start-up cache. Owned by the caller. Since 0.1. */
AP_API ap_status ap_backends_describe(ap_value **out, ap_error *err);

/** Names a folder with the layout of Python's site-packages (onnxruntime/capi/libonnxruntime.so.1.2) in which
 * runtimes are looked for too, before those of $VIRTUAL_ENV and $CONDA_PREFIX: for applications that know
 * better where packages are, such as an interpreter. The colon-separated folders of $ACCELPIPE_PACKAGES come
 * before. A runtime that was looked for already stays where it was found.
 * @return AP_ELIMIT too long, or more than 16 folders. Since 0.1. */
AP_API ap_status ap_backends_add_packages(const char *folder, ap_error *err);

#ifdef __cplusplus
}
#endif
#endif

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

#ifdef __cplusplus
}
#endif
#endif

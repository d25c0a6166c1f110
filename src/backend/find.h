/* Where plugins and runtimes may be. Source of the order: docs/design/backend.md. */
#ifndef AP_BACKEND_FIND_H
#define AP_BACKEND_FIND_H

#include "backend/known.h"
#include "base/path.h"

/* The file of the backend's plugin.
 * @return AP_ENOTFOUND; `out` is then where it was looked for first. */
ap_status ap__plugin_find(ap__path *out, const ap__known_backend *row);

/* The library that an environment variable names; NULL when it names none. Then no other may be tried. */
const char *ap__runtime_explicit(const ap__known_backend *row);

/* @param candidate a path, or a name for the system's loader (no slash in it); borrowed for the call.
 * @return true to stop. */
typedef bool (*ap__runtime_visit_fn)(void *ctx, const char *candidate);

/* Calls `visit` for every library that may be the runtime, best first: files that exist, then names for the
 * system's loader.   @return whether a visit stopped it. */
bool ap__runtime_candidates(const ap__known_backend *row, ap__runtime_visit_fn visit, void *ctx);

#endif

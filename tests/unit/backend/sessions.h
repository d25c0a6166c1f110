/* Backends and sessions for tests: the tiny models of tests/data/onnx and tests/data/replay. */
#ifndef AP_TESTS_UNIT_BACKEND_SESSIONS_H
#define AP_TESTS_UNIT_BACKEND_SESSIONS_H

#include "backend/backend.h"
#include "base/path.h"

#include <stdbool.h>

/* Points the library at this build's plugins, and its cache at a folder of the test's own. */
void sessions_setup(ap__path *folder);
void sessions_teardown(const ap__path *folder);

/* An empty cache for what comes, in a new folder below it. */
void sessions_renew_cache(const ap__path *folder);

/* The backend; NULL, after a line that says why, when this machine has not got it. */
const ap__backend *sessions_backend(const char *name);

/* The file of the model NAME in the backend's format. */
ap__path sessions_model(const char *backend, const char *name);

/* Opens without the start-up cache, with one thread. Fails the test when that fails. */
ap__session *sessions_open(const ap__backend *backend, const char *path);

/* The same with options of the test's choice. */
ap__session *sessions_open_with(const ap__backend *backend, const ap__session_options *options);

/* A tensor of these extents; its bytes are copied from `data` (NULL: 0, 1, 2, ...). */
ap__tensor *sessions_tensor(ap_dtype dtype, const int64_t *shape, uint32_t rank, const void *data);

#endif

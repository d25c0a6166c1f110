#define _GNU_SOURCE /* setenv */
#include "unit/backend/sessions.h"

#include "unit/support/check.h"
#include "unit/support/tempdir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sessions_setup(ap__path *folder) {
    tempdir_create(folder);
    setenv("ACCELPIPE_PLUGIN_DIR", AP_TEST_PLUGIN_DIR, 1);
    setenv("ACCELPIPE_CACHE", folder->text, 1);
    unsetenv("ACCELPIPE_CACHE_MAX_BYTES");
}

void sessions_teardown(const ap__path *folder) { tempdir_remove(folder); }

void sessions_renew_cache(const ap__path *folder) {
    static int n;
    ap__path cache;
    assert_int_equal(AP_OK, ap__path_format(&cache, NULL, "%s/cache%d", folder->text, n++));
    setenv("ACCELPIPE_CACHE", cache.text, 1);
}

const ap__backend *sessions_backend(const char *name) {
    const ap__backend *backend = NULL;
    ap_error err = AP_ERROR_INIT;
    if (ap__backend_get(&backend, name, &err)) print_message("left out: %s\n", err.message);
    return backend;
}

ap__path sessions_model(const char *backend, const char *name) {
    ap__path path;
    const char *format = strcmp(backend, "replay") == 0 ? "replay" : "onnx";
    assert_int_equal(AP_OK,
                     ap__path_format(&path, NULL, "%s/%s/%s.%s", AP_TEST_DATA_DIR, format, name, format));
    return path;
}

ap__session *sessions_open_with(const ap__backend *backend, const ap__session_options *options) {
    ap_error err = AP_ERROR_INIT;
    ap__session *session = NULL;
    assert_ok(ap__session_open(&session, backend, options, &err), &err);
    return session;
}

ap__session *sessions_open(const ap__backend *backend, const char *path) {
    return sessions_open_with(backend,
                              &(ap__session_options){.path = path, .n_threads = 1, .no_cache = true});
}

ap__tensor *sessions_tensor(ap_dtype dtype, const int64_t *shape, uint32_t rank, const void *data) {
    ap_error err = AP_ERROR_INIT;
    ap__tensor *tensor = NULL;
    assert_ok(ap__tensor_create(&tensor, dtype, shape, rank, &err), &err);
    unsigned char *to = ap__tensor_data(tensor);
    for (size_t i = 0; i < ap__tensor_get_view(tensor)->size_bytes; i++)
        to[i] = data ? ((const unsigned char *)data)[i] : (unsigned char)(dtype == AP_DTYPE_BOOL ? i % 2 : i);
    return tensor;
}

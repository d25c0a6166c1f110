/* Loading plugins and their runtimes, each once, when it is first asked for. */
#ifndef AP_BACKEND_LOADER_H
#define AP_BACKEND_LOADER_H

#include "backend/backend.h"
#include "backend/known.h"

#include <pthread.h>

struct ap__backend {
    const ap__known_backend *row;
    const ap_backend *table;
    ap_probe probe;
    pthread_mutex_t *open_lock; /* Held for the table's open(), which is called one at a time. */
};

/* Loads the backend of a row, or tells why that failed when it was tried first: both are kept until the
 * process ends.
 * @param[out] install the command that would help, NULL when none would; may be NULL.
 * @return AP_ENOBACKEND; `err` then holds the reason alone. */
ap_status ap__backend_load(const ap__backend **out, const ap__known_backend *row, const char **install,
                           ap_error *err);

#endif

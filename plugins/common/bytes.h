/* A model's bytes for a look at them before the runtime opens it: the caller's, or the file, mapped. */
#ifndef COMMON_BYTES_H
#define COMMON_BYTES_H

#include <accelpipe/sys/backend_plugin.h>

typedef struct model_bytes {
    const void *ptr; /* NULL: there are none, the file cannot be mapped; the runtime says why. */
    size_t len;
    void *mapping; /* NULL: the caller's. */
} model_bytes;

void model_bytes_init(model_bytes *out, const ap_model_ref *model);
void model_bytes_clear(model_bytes *bytes);

#endif

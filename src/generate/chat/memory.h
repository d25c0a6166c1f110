/* Memory of a template and of a rendering: an arena with a maximum, which remembers why it gave none. */
#ifndef AP_GENERATE_CHAT_MEMORY_H
#define AP_GENERATE_CHAT_MEMORY_H

#include "base/arena.h"

#include <accelpipe/status.h>

typedef struct ap__jmem {
    ap__arena arena;
    size_t used_bytes, max_bytes;
    ap_error *err;
    ap_status status; /* Why ap__jmem_alloc() gave NULL. */
} ap__jmem;

/* Zeroed memory for `count` elements; NULL, with `status` and the message set, when there is none. */
void *ap__jmem_alloc(ap__jmem *mem, size_t count, size_t size_bytes);

/* Memory for text, not initialised. */
char *ap__jmem_alloc_text(ap__jmem *mem, size_t len);

/* A copy with a NUL behind it. */
char *ap__jmem_copy(ap__jmem *mem, const char *text, size_t len);

/* Makes room for one more element of an array that grows in the arena; what it had before stays there.
 * @return NULL when there is none; else the array, at a new place or the old one. */
void *ap__jmem_grow(ap__jmem *mem, void *array, size_t n, size_t *capacity, size_t size_bytes);

void ap__jmem_clear(ap__jmem *mem);

#endif

/* An arena: many allocations, one release. For what is made together and dies together: a loaded model's
 * tables, the scratch of one call. Belongs to one thread at a time. */
#ifndef AP_BASE_ARENA_H
#define AP_BASE_ARENA_H

#include <stddef.h>

typedef struct ap__arena_chunk ap__arena_chunk;

/* All zero is an empty arena. */
typedef struct ap__arena {
    ap__arena_chunk *chunk; /* The newest; each knows the one before it. */
    size_t used_bytes;      /* Of the newest chunk. */
    ap__arena_chunk *spare; /* A chunk that is not in use. */
} ap__arena;

/* Where an arena stood. */
typedef struct ap__arena_mark {
    ap__arena_chunk *chunk;
    size_t used_bytes;
} ap__arena_mark;

/* Memory for any type, not initialised; NULL when out of memory. */
void *ap__arena_alloc(ap__arena *arena, size_t size_bytes);

/* The same for `count` elements, zeroed. */
void *ap__arena_calloc(ap__arena *arena, size_t count, size_t size_bytes);

/* A copy of `len` bytes with a NUL behind it. */
char *ap__arena_strndup(ap__arena *arena, const char *text, size_t len);

ap__arena_mark ap__arena_get_mark(const ap__arena *arena);

/* Frees what came after the mark. The largest of these chunks is kept as the spare, so that a loop that marks
 * and rewinds comes to need no more allocations. */
void ap__arena_rewind(ap__arena *arena, ap__arena_mark mark);

/* Frees everything; the arena can be used again. */
void ap__arena_clear(ap__arena *arena);

#endif

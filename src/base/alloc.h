/* Every allocation of the library goes through here: the application's allocator, and sizes that cannot
 * overflow. All of it may be called from many threads at once. */
#ifndef AP_BASE_ALLOC_H
#define AP_BASE_ALLOC_H

#include <accelpipe/api.h>
#include <stdbool.h>
#include <stddef.h>

/* As their namesakes in <stdlib.h>. A size of 0 gives a pointer to free all the same. */
void *ap__malloc(size_t size_bytes);
void *ap__calloc(size_t count, size_t size_bytes);
void *ap__realloc(void *ptr, size_t size_bytes);
void ap__free(void *ptr);

/* Copies of `len` bytes, with a NUL behind them. */
char *ap__strndup(const char *text, size_t len);
char *ap__strdup(const char *text);

/* Sizes: false on overflow, and *out is then not set. */
bool ap__mul_size(size_t *out, size_t a, size_t b);
bool ap__add_size(size_t *out, size_t a, size_t b);

/* A table that is read in no order lies on cache lines, and a large one on large pages, where the system has
 * them: what to allocate for one of that size, and where in that memory it is. It is to be filled then. */
size_t ap__table_room(size_t size_bytes);
void *ap__table_place(void *memory, size_t size_bytes);

/* Makes room for `need` elements in a growing array: *ptr, *capacity in elements. Grows by half.
 * False when out of memory or over `max` elements; nothing is changed then. */
bool ap__grow(void **ptr, size_t *capacity, size_t need, size_t element_bytes, size_t max);

#endif

/* The allocator of the process and size arithmetic. */
#include "base/alloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static void *default_malloc(size_t size_bytes, void *ctx) {
    (void)ctx;
    return malloc(size_bytes);
}

static void *default_realloc(void *ptr, size_t size_bytes, void *ctx) {
    (void)ctx;
    return realloc(ptr, size_bytes);
}

static void default_free(void *ptr, void *ctx) {
    (void)ctx;
    free(ptr);
}

static const ap_allocator DEFAULT_ALLOCATOR = {sizeof(ap_allocator), default_malloc, default_realloc,
                                               default_free, NULL};

/* Written by ap_allocator_set() only, which must come before any other call. */
static ap_allocator current = {sizeof(ap_allocator), default_malloc, default_realloc, default_free, NULL};

int ap_allocator_set(const ap_allocator *allocator) {
    if (!allocator) allocator = &DEFAULT_ALLOCATOR;
    if (allocator->struct_size != sizeof *allocator) return -1;
    if (!allocator->malloc_fn || !allocator->realloc_fn || !allocator->free_fn) return -1;
    current = *allocator;
    return 0;
}

void *ap__malloc(size_t size_bytes) { return current.malloc_fn(size_bytes ? size_bytes : 1, current.ctx); }

void *ap__calloc(size_t count, size_t size_bytes) {
    size_t total;
    if (!ap__mul_size(&total, count, size_bytes)) return NULL;
    void *ptr = ap__malloc(total);
    if (ptr) memset(ptr, 0, total);
    return ptr;
}

void *ap__realloc(void *ptr, size_t size_bytes) {
    if (!ptr) return ap__malloc(size_bytes);
    return current.realloc_fn(ptr, size_bytes ? size_bytes : 1, current.ctx);
}

void ap__free(void *ptr) {
    if (ptr) current.free_fn(ptr, current.ctx);
}

char *ap__strndup(const char *text, size_t len) {
    size_t total;
    if (!ap__add_size(&total, len, 1)) return NULL;
    char *copy = ap__malloc(total);
    if (!copy) return NULL;
    if (len) memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *ap__strdup(const char *text) { return ap__strndup(text, strlen(text)); }

bool ap__mul_size(size_t *out, size_t a, size_t b) { return !__builtin_mul_overflow(a, b, out); }

bool ap__add_size(size_t *out, size_t a, size_t b) { return !__builtin_add_overflow(a, b, out); }

enum { CACHE_LINE_BYTES = 64, LARGE_PAGE_BYTES = 1 << 21 };

static size_t table_alignment(size_t size_bytes) {
    return size_bytes < LARGE_PAGE_BYTES ? CACHE_LINE_BYTES : LARGE_PAGE_BYTES;
}

size_t ap__table_room(size_t size_bytes) {
    size_t room;
    return ap__add_size(&room, size_bytes, table_alignment(size_bytes)) ? room : SIZE_MAX;
}

void *ap__table_place(void *memory, size_t size_bytes) {
    size_t alignment = table_alignment(size_bytes), misplaced = (uintptr_t)memory % alignment;
    char *table = (char *)memory + (misplaced ? alignment - misplaced : 0);
#ifdef MADV_HUGEPAGE /* Whole pages only: the rest of the last one may be anybody's. */
    if (alignment == LARGE_PAGE_BYTES)
        madvise(table, size_bytes / LARGE_PAGE_BYTES * LARGE_PAGE_BYTES, MADV_HUGEPAGE);
#endif
    return table;
}

bool ap__grow(void **ptr, size_t *capacity, size_t need, size_t element_bytes, size_t max) {
    if (need <= *capacity) return true;
    if (need > max) return false;
    size_t wanted = *capacity + *capacity / 2;
    if (wanted < need) wanted = need;
    if (wanted < 8) wanted = 8;
    if (wanted > max) wanted = max;
    size_t total;
    if (!ap__mul_size(&total, wanted, element_bytes)) return false;
    void *grown = ap__realloc(*ptr, total);
    if (!grown) return false;
    *ptr = grown;
    *capacity = wanted;
    return true;
}

#include "generate/chat/memory.h"

#include "base/alloc.h"
#include "base/error.h"

#include <string.h>

static bool charge(ap__jmem *mem, size_t size_bytes) {
    size_t used;
    if (ap__add_size(&used, mem->used_bytes, size_bytes) && used <= mem->max_bytes) {
        mem->used_bytes = used;
        return true;
    }
    mem->status = ap__fail(mem->err, AP_ELIMIT, "it needs more than %zu MiB of memory", mem->max_bytes >> 20);
    return false;
}

void *ap__jmem_alloc(ap__jmem *mem, size_t count, size_t size_bytes) {
    size_t total;
    if (!ap__mul_size(&total, count, size_bytes)) total = SIZE_MAX;
    if (!charge(mem, total)) return NULL;
    void *ptr = ap__arena_alloc(&mem->arena, total ? total : 1);
    if (!ptr) {
        mem->status = ap__fail_nomem(mem->err);
        return NULL;
    }
    return memset(ptr, 0, total);
}

char *ap__jmem_alloc_text(ap__jmem *mem, size_t len) {
    if (!charge(mem, len + 1)) return NULL;
    char *text = ap__arena_alloc(&mem->arena, len + 1);
    if (!text) mem->status = ap__fail_nomem(mem->err);
    return text;
}

char *ap__jmem_copy(ap__jmem *mem, const char *text, size_t len) {
    if (!charge(mem, len + 1)) return NULL;
    char *copy = ap__arena_strndup(&mem->arena, text, len);
    if (!copy) mem->status = ap__fail_nomem(mem->err);
    return copy;
}

void *ap__jmem_grow(ap__jmem *mem, void *array, size_t n, size_t *capacity, size_t size_bytes) {
    if (n < *capacity) return array;
    size_t larger = *capacity ? *capacity * 2 : 4;
    void *grown = ap__jmem_alloc(mem, larger, size_bytes);
    if (!grown) return NULL;
    if (n) memcpy(grown, array, n * size_bytes);
    *capacity = larger;
    return grown;
}

void ap__jmem_clear(ap__jmem *mem) {
    ap__arena_clear(&mem->arena);
    mem->used_bytes = 0;
}

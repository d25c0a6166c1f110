/* Chunked arena: chunks double up to 1 MiB, a larger request gets a chunk of its own size. */
#include "base/arena.h"

#include "base/alloc.h"

#include <stdalign.h>
#include <stdbool.h>
#include <string.h>

enum { FIRST_CHUNK_BYTES = 4096, LAST_CHUNK_BYTES = 1 << 20, ALIGNMENT = alignof(max_align_t) };

struct ap__arena_chunk {
    ap__arena_chunk *before;
    size_t size_bytes; /* Of `data`. */
    alignas(max_align_t) unsigned char data[];
};

static ap__arena_chunk *chunk_take_spare(ap__arena *arena, size_t need_bytes) {
    ap__arena_chunk *chunk = arena->spare;
    if (!chunk || chunk->size_bytes < need_bytes) return NULL;
    arena->spare = NULL;
    return chunk;
}

static ap__arena_chunk *chunk_create(const ap__arena *arena, size_t need_bytes) {
    size_t size = arena->chunk ? arena->chunk->size_bytes * 2 : FIRST_CHUNK_BYTES;
    if (size > LAST_CHUNK_BYTES) size = LAST_CHUNK_BYTES;
    if (size < need_bytes) size = need_bytes;
    size_t total;
    if (!ap__add_size(&total, size, sizeof(ap__arena_chunk))) return NULL;
    ap__arena_chunk *chunk = ap__malloc(total);
    if (chunk) chunk->size_bytes = size;
    return chunk;
}

/* Frees a chunk, or keeps it in place of a smaller spare. One of a single large request is not kept. */
static void chunk_drop(ap__arena *arena, ap__arena_chunk *chunk) {
    bool is_better = !arena->spare || arena->spare->size_bytes < chunk->size_bytes;
    if (is_better && chunk->size_bytes <= LAST_CHUNK_BYTES) {
        ap__arena_chunk *worse = arena->spare;
        arena->spare = chunk;
        chunk = worse;
    }
    ap__free(chunk);
}

void *ap__arena_alloc(ap__arena *arena, size_t size_bytes) {
    size_t size;
    if (!ap__add_size(&size, size_bytes, ALIGNMENT - 1)) return NULL;
    size &= ~(size_t)(ALIGNMENT - 1);
    if (!arena->chunk || arena->chunk->size_bytes - arena->used_bytes < size) {
        ap__arena_chunk *chunk = chunk_take_spare(arena, size);
        if (!chunk && !(chunk = chunk_create(arena, size))) return NULL;
        chunk->before = arena->chunk;
        arena->chunk = chunk;
        arena->used_bytes = 0;
    }
    void *ptr = arena->chunk->data + arena->used_bytes;
    arena->used_bytes += size;
    return ptr;
}

void *ap__arena_calloc(ap__arena *arena, size_t count, size_t size_bytes) {
    size_t total;
    if (!ap__mul_size(&total, count, size_bytes)) return NULL;
    void *ptr = ap__arena_alloc(arena, total);
    if (ptr) memset(ptr, 0, total);
    return ptr;
}

char *ap__arena_strndup(ap__arena *arena, const char *text, size_t len) {
    size_t total;
    if (!ap__add_size(&total, len, 1)) return NULL;
    char *copy = ap__arena_alloc(arena, total);
    if (!copy) return NULL;
    if (len) memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

ap__arena_mark ap__arena_get_mark(const ap__arena *arena) {
    ap__arena_mark mark = {arena->chunk, arena->used_bytes};
    return mark;
}

void ap__arena_rewind(ap__arena *arena, ap__arena_mark mark) {
    while (arena->chunk != mark.chunk) {
        ap__arena_chunk *chunk = arena->chunk;
        arena->chunk = chunk->before;
        chunk_drop(arena, chunk);
    }
    arena->used_bytes = mark.used_bytes;
}

void ap__arena_clear(ap__arena *arena) {
    while (arena->chunk) {
        ap__arena_chunk *before = arena->chunk->before;
        ap__free(arena->chunk);
        arena->chunk = before;
    }
    ap__free(arena->spare);
    arena->spare = NULL;
    arena->used_bytes = 0;
}

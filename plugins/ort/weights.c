/* An allocator for the runtime. What it takes while a session is opened, which are the weights as the kernels
 * have prepared them, lies in regions that the system is asked to back with huge pages; what it takes in a
 * run comes from malloc().
 *
 * Threading: the runtime calls from any thread. The lock guards the regions. */
#define _GNU_SOURCE /* MADV_HUGEPAGE */
#include "weights.h"

#include <onnxruntime_session_options_config_keys.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

enum {
    ALIGNMENT = 64,          /* What kernels want. */
    HUGE_BYTES = 2 << 20,    /* A huge page. */
    REGION_BYTES = 64 << 20, /* Of which only what is written takes memory. */
    LARGE_BYTES = 256 << 10  /* What is smaller is from malloc(). */
};

/* Mapped memory from which is taken from the front on; it goes when all that was taken is given back. */
typedef struct region {
    char *base;
    size_t size, used;
    size_t n_taken;
} region;

/* In front of all that is given out. */
typedef struct header {
    region *from; /* NULL: of malloc(). */
    void *block;  /* Which malloc() gave. */
} header;

static OrtAllocator allocator;
static OrtMemoryInfo *info;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static region *current; /* Where the next one is taken from; NULL: a new one is needed. It counts as taken. */

static header *header_of(void *ptr) { return (header *)((char *)ptr - sizeof(header)); }

static char *align(char *ptr, size_t to) { return ptr + (to - (uintptr_t)ptr % to) % to; }

static void *ORT_API_CALL take(OrtAllocator *self, size_t size) {
    (void)self;
    if (!size || size > SIZE_MAX / 2) return NULL;
    char *block = malloc(size + sizeof(header) + ALIGNMENT);
    if (!block) return NULL;
    char *ptr = align(block + sizeof(header), ALIGNMENT);
    *header_of(ptr) = (header){NULL, block};
    return ptr;
}

/* -- regions ------------------------------------------------------------------------------------------- */

static region *region_create(size_t size) {
    region *r = malloc(sizeof *r);
    size_t whole = size + HUGE_BYTES;
    char *mapped =
        r ? mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) : MAP_FAILED;
    if (mapped == MAP_FAILED) {
        free(r);
        return NULL;
    }
    char *base = align(mapped, HUGE_BYTES);
    if (base > mapped) munmap(mapped, (size_t)(base - mapped));
    size_t behind = whole - (size_t)(base - mapped) - size;
    if (behind) munmap(base + size, behind);
    madvise(base, size, MADV_HUGEPAGE); /* A system that has none of them gives small ones. */
    *r = (region){base, size, 0, 1};
    return r;
}

static void region_release(region *r) {
    if (--r->n_taken) return;
    munmap(r->base, r->size);
    free(r);
}

/* With the lock held. */
static region *region_with(size_t need) {
    if (current && current->size - current->used >= need) return current;
    size_t size = (need + HUGE_BYTES - 1) / HUGE_BYTES * HUGE_BYTES;
    region *r = region_create(size > REGION_BYTES ? size : REGION_BYTES);
    if (!r) return NULL;
    if (current) region_release(current);
    return current = r;
}

static void *ORT_API_CALL reserve(OrtAllocator *self, size_t size) {
    char *ptr = NULL;
    if (size < LARGE_BYTES || size > SIZE_MAX / 2) return take(self, size);
    size_t need = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT + ALIGNMENT;
    pthread_mutex_lock(&lock);
    region *r = region_with(need);
    if (r) {
        ptr = r->base + r->used + ALIGNMENT;
        r->used += need;
        r->n_taken++;
        *header_of(ptr) = (header){r, NULL};
    }
    pthread_mutex_unlock(&lock);
    return ptr ? ptr : take(self, size);
}

static void ORT_API_CALL give_back(OrtAllocator *self, void *ptr) {
    (void)self;
    if (!ptr) return;
    header *h = header_of(ptr);
    if (!h->from) {
        free(h->block);
        return;
    }
    pthread_mutex_lock(&lock);
    region_release(h->from);
    pthread_mutex_unlock(&lock);
}

static const OrtMemoryInfo *ORT_API_CALL get_info(const OrtAllocator *self) {
    (void)self;
    return info;
}

/* -- use ----------------------------------------------------------------------------------------------- */

bool ort_weights_register(const OrtApi *api, OrtEnv *env) {
    allocator = (OrtAllocator){
        .version = ORT_API_LEVEL, .Alloc = take, .Free = give_back, .Info = get_info, .Reserve = reserve};
    OrtStatus *failure = api->CreateCpuMemoryInfo(OrtDeviceAllocator, OrtMemTypeDefault, &info);
    if (!failure) failure = api->RegisterAllocator(env, &allocator);
    if (!failure) return true;
    api->ReleaseStatus(failure);
    return false;
}

/* A session does not share regions with the one before, so that its weights go with it. */
OrtStatus *ort_weights_use(OrtSessionOptions *options) {
    pthread_mutex_lock(&lock);
    if (current) region_release(current);
    current = NULL;
    pthread_mutex_unlock(&lock);
    return ort.api->AddSessionConfigEntry(options, kOrtSessionOptionsConfigUseEnvAllocators, "1");
}

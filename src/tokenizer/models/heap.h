/* Numbers of which the lowest is taken first: places where merges may be done, as rank << 32 | index. */
#ifndef AP_TOKENIZER_MODELS_HEAP_H
#define AP_TOKENIZER_MODELS_HEAP_H

#include <stddef.h>
#include <stdint.h>

typedef struct ap__heap {
    uint64_t *ptr; /* The owner's, with room for all that are pushed. */
    size_t n;
} ap__heap;

static inline void ap__heap_push(ap__heap *h, uint64_t value) {
    size_t i = h->n++;
    for (size_t parent; i > 0 && h->ptr[parent = (i - 1) / 2] > value; i = parent) h->ptr[i] = h->ptr[parent];
    h->ptr[i] = value;
}

/* Of a heap that is not empty. */
static inline uint64_t ap__heap_pop(ap__heap *h) {
    uint64_t top = h->ptr[0], value = h->ptr[--h->n];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < h->n; i = child) {
        if (child + 1 < h->n && h->ptr[child + 1] < h->ptr[child]) child++;
        if (h->ptr[child] >= value) break;
        h->ptr[i] = h->ptr[child];
    }
    h->ptr[i] = value;
    return top;
}

#endif

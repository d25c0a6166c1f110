/* A heap of the k largest so far, the smallest of them on top. */
#include "tensor/topk.h"

#include <math.h>
#include <stdbool.h>

/* Whether number a comes before number b. */
static bool is_before(const float *x, size_t a, size_t b) {
    if (isnan(x[a]) || isnan(x[b])) return isnan(x[a]) && (!isnan(x[b]) || a < b);
    return x[a] > x[b] || (x[a] >= x[b] && a < b);
}

/* Lets the entry at `at` sink below those that come after it. */
static void sink(size_t *heap, size_t n, size_t at, const float *x) {
    size_t entry = heap[at];
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && is_before(x, heap[child], heap[child + 1])) child++;
        if (!is_before(x, entry, heap[child])) break;
        heap[at] = heap[child];
    }
    heap[at] = entry;
}

void ap__top_k(size_t *out, size_t k, const float *x, size_t n) {
    if (!k) return;
    for (size_t i = 0; i < k; i++) out[i] = i;
    for (size_t i = k / 2; i-- > 0;) sink(out, k, i, x);
    for (size_t i = k; i < n; i++) {
        if (!is_before(x, i, out[0])) continue;
        out[0] = i;
        sink(out, k, 0, x);
    }
    for (size_t end = k - 1; end > 0; end--) { /* The last of the rest goes to its end. */
        size_t last = out[0];
        out[0] = out[end];
        out[end] = last;
        sink(out, end, 0, x);
    }
}

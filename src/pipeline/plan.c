/* Forming batches.
 *
 * On a CPU a batch pays as long as its matrices stay in the caches, and padding never pays: so feeds are
 * sorted by length and cut where a batch holds enough tokens. Sorting is stable and depends on nothing but
 * the lengths, so the same inputs always share the same batches. */
#include "pipeline/plan.h"

/* Tokens of one run for each of its threads, and rows of a batch when nobody asked for a size. Measured with
 * bench/ on two cores: smaller runs lose, and the activations of larger ones leave the core's own cache. */
enum { THREAD_TOKENS = 512, BATCH_ROWS = 64 };

size_t ap__plan_run_tokens(int32_t n_threads) {
    return THREAD_TOKENS * (size_t)(n_threads > 1 ? n_threads : 1);
}

size_t ap__plan_run_rows(size_t n) {
    while (n & (n - 1)) n &= n - 1;
    return n;
}

/* Merges two sorted runs; equal lengths keep their order. */
static void merge(size_t *out, const size_t *a, size_t n_a, const size_t *b, size_t n_b,
                  const size_t *lengths) {
    size_t i = 0, j = 0, k = 0;
    while (i < n_a && j < n_b) out[k++] = lengths[b[j]] < lengths[a[i]] ? b[j++] : a[i++];
    while (i < n_a) out[k++] = a[i++];
    while (j < n_b) out[k++] = b[j++];
}

/* Sorts from the bottom up: no recursion, whatever comes in. */
static void sort_by_length(size_t *order, size_t *tmp, const size_t *lengths, size_t n) {
    for (size_t width = 1; width < n; width *= 2) {
        for (size_t start = 0; start < n; start += 2 * width) {
            size_t middle = start + width < n ? start + width : n;
            size_t end = middle + width < n ? middle + width : n;
            merge(tmp + start, order + start, middle - start, order + middle, end - middle, lengths);
        }
        for (size_t i = 0; i < n; i++) order[i] = tmp[i];
    }
}

/* Whether one more feed of this length fits into a batch that began with a feed of length `first`. Sorted
 * feeds only grow, so the newest is the longest. */
static bool fits(const ap__plan_rule *rule, size_t rows, size_t first, size_t length) {
    bool is_masked = rule->batching == AP__BATCHING_PADDED ||
                     (rule->batching == AP__BATCHING_ASKED && rule->batch_size > 0);
    bool is_padded = is_masked && rule->can_pad;
    if (!is_padded && length != first) return false;
    if (rule->batch_size > 0) return rows < (size_t)rule->batch_size;
    if (rule->batching == AP__BATCHING_SINGLE) return false;
    if (rule->n_rows) return rows < rule->n_rows;
    return rows < BATCH_ROWS && (rows + 1) * length <= rule->run_tokens;
}

size_t ap__plan_batches(size_t *order, size_t *ends, size_t *tmp, const size_t *lengths, size_t n,
                        const ap__plan_rule *rule) {
    size_t n_batches = 0;
    for (size_t i = 0; i < n; i++) order[i] = i;
    if (rule->batch_size <= 0) sort_by_length(order, tmp, lengths, n);
    for (size_t start = 0; start < n;) {
        size_t end = start + 1;
        while (end < n && fits(rule, end - start, lengths[order[start]], lengths[order[end]])) end++;
        if (rule->few_shapes && rule->batch_size <= 0) end = start + ap__plan_run_rows(end - start);
        ends[n_batches++] = end;
        start = end;
    }
    return n_batches;
}

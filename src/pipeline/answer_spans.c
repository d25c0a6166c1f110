/* The reference makes a matrix of all pairs. Only a band of it can have scores above 0 (end not before start,
 * at most max_answer_len tokens), so the best are kept in a heap over that band, and pairs of score 0 are
 * taken in their order where more are asked for than the band has. */
#include "pipeline/answer_spans.h"

#include "base/alloc.h"
#include "base/error.h"
#include "tensor/convert.h"

#include <math.h>

/* What takes a token out of the softmax. */
static const float MASKED = -10000.0f;

ap_status ap__answer_logits(float **start, float **end, size_t n, const ap_value *output, ap_error *err) {
    static const char *const names[] = {"start_logits", "end_logits"};
    const int64_t expected[2] = {1, (int64_t)n};
    *start = NULL;
    float *block = ap__calloc(n + !n, 2 * sizeof *block);
    if (!block) return ap__fail_nomem(err);
    ap_status status = AP_OK;
    for (size_t i = 0; i < 2 && !status; i++) {
        ap__tensor *tensor = ap__value_tensor(ap_value_dict_get(output, names[i]));
        status = tensor ? ap__expect_shape(tensor, names[i], AP_DTYPE_NONE, 2, expected, err)
                        : ap__fail(err, AP_EINVAL, "model outputs: expected a tensor \"%s\", found none",
                                   names[i]);
        if (!status) ap__elements_as_float(block + i * n, ap__tensor_get_view(tensor), 0, n);
    }
    if (status) {
        ap__free(block);
        return status;
    }
    *start = block;
    *end = block + n;
    return AP_OK;
}

static void masked_softmax(float *x, const ap__answer_query *query) {
    float max = -INFINITY;
    double sum = 0;
    for (size_t i = 0; i < query->n; i++) {
        if (!query->is_allowed[i]) x[i] = MASKED;
        if (x[i] > max) max = x[i];
    }
    for (size_t i = 0; i < query->n; i++) sum += (double)(x[i] = expf(x[i] - max));
    for (size_t i = 0; i < query->n; i++) x[i] /= (float)sum;
}

/* -- the best of the band ------------------------------------------------------------------------------ */

/* A heap whose root is the worst span that is kept. */
typedef struct heap {
    ap__answer_span *ptr;
    size_t n, capacity, max;
} heap;

static bool is_worse(const ap__answer_span *a, const ap__answer_span *b) {
    if (a->score != b->score) return a->score < b->score;
    return a->start != b->start ? a->start > b->start : a->end > b->end;
}

static void swap(heap *h, size_t a, size_t b) {
    ap__answer_span span = h->ptr[a];
    h->ptr[a] = h->ptr[b];
    h->ptr[b] = span;
}

static void sift_down(heap *h, size_t n) {
    for (size_t at = 0;;) {
        size_t worst = at, left = 2 * at + 1, right = left + 1;
        if (left < n && is_worse(&h->ptr[left], &h->ptr[worst])) worst = left;
        if (right < n && is_worse(&h->ptr[right], &h->ptr[worst])) worst = right;
        if (worst == at) return;
        swap(h, at, worst);
        at = worst;
    }
}

static ap_status heap_push(heap *h, const ap__answer_span *span, ap_error *err) {
    if (h->n == h->max) {
        if (is_worse(span, &h->ptr[0])) return AP_OK;
        h->ptr[0] = *span;
        sift_down(h, h->n);
        return AP_OK;
    }
    void *ptr = h->ptr;
    if (!ap__grow(&ptr, &h->capacity, h->n + 1, sizeof *h->ptr, h->max)) return ap__fail_nomem(err);
    h->ptr = ptr;
    h->ptr[h->n] = *span;
    for (size_t at = h->n++; at && is_worse(&h->ptr[at], &h->ptr[(at - 1) / 2]); at = (at - 1) / 2)
        swap(h, at, (at - 1) / 2);
    return AP_OK;
}

/* From the best to the worst. */
static void heap_sort(heap *h) {
    for (size_t n = h->n; n > 1; n--) {
        swap(h, 0, n - 1);
        sift_down(h, n - 1);
    }
}

/* Behind the last token that an answer may end with when it begins at `start`. */
static size_t band_end(const ap__answer_query *query, size_t start) {
    size_t room = query->n - start;
    return start + ((uint64_t)query->max_answer_len < room ? (size_t)query->max_answer_len : room);
}

static ap_status push_band(heap *h, const float *start, const float *end, const ap__answer_query *query,
                           ap_error *err) {
    ap_status status = AP_OK;
    for (size_t i = 0; i < query->n && !status; i++) {
        if (!(start[i] > 0)) continue;
        for (size_t k = i, stop = band_end(query, i); k < stop && !status; k++) {
            ap__answer_span span = {(uint32_t)i, (uint32_t)k, start[i] * end[k]};
            if (span.score > 0) status = heap_push(h, &span, err);
        }
    }
    return status;
}

/* -- pairs of score 0 ---------------------------------------------------------------------------------- */

static bool is_zero(const float *start, const float *end, const ap__answer_query *query, size_t i, size_t k) {
    return k < i || k >= band_end(query, i) || !(start[i] * end[k] > 0);
}

static bool is_wanted(const ap__answer_query *query, const ap__answer_span *span) {
    return query->is_allowed[span->start] && query->is_allowed[span->end];
}

/* Takes the first pairs of score 0 until `max` are there; those that are not wanted count, but are not kept.
 */
static ap_status add_zeros(heap *h, size_t n_taken, const float *start, const float *end,
                           const ap__answer_query *query, ap_error *err) {
    for (size_t i = 0; i < query->n; i++) {
        for (size_t k = 0; k < query->n; k++) {
            ap__answer_span span = {(uint32_t)i, (uint32_t)k, 0};
            if (n_taken == h->max) return AP_OK;
            if (!is_zero(start, end, query, i, k)) continue;
            n_taken++;
            if (!is_wanted(query, &span)) continue;
            void *ptr = h->ptr;
            if (!ap__grow(&ptr, &h->capacity, h->n + 1, sizeof *h->ptr, h->max)) return ap__fail_nomem(err);
            h->ptr = ptr;
            h->ptr[h->n++] = span;
        }
    }
    return AP_OK;
}

static void drop_unwanted(heap *h, const ap__answer_query *query) {
    size_t n = 0;
    for (size_t i = 0; i < h->n; i++)
        if (is_wanted(query, &h->ptr[i])) h->ptr[n++] = h->ptr[i];
    h->n = n;
}

ap_status ap__answer_spans_find(ap__answer_spans *out, float *start, float *end,
                                const ap__answer_query *query, ap_error *err) {
    heap h = {0};
    size_t n = query->n, n_pairs;
    *out = (ap__answer_spans){0};
    if (!n) return AP_OK;
    if (n > UINT32_MAX || !ap__mul_size(&n_pairs, n, n))
        return ap__fail(err, AP_ELIMIT, "a window of %zu tokens is too long", n);
    h.max = (uint64_t)query->top_k < n_pairs ? (size_t)query->top_k : n_pairs;
    masked_softmax(start, query);
    masked_softmax(end, query);
    out->null_score = start[0] * end[0];
    start[0] = end[0] = 0;
    ap_status status = push_band(&h, start, end, query, err);
    if (!status) {
        size_t n_positive = h.n;
        heap_sort(&h);
        drop_unwanted(&h, query);
        status = add_zeros(&h, n_positive, start, end, query, err);
    }
    out->ptr = h.ptr;
    out->n = h.n;
    if (status) ap__answer_spans_clear(out);
    return status;
}

void ap__answer_spans_clear(ap__answer_spans *spans) {
    ap__free(spans->ptr);
    *spans = (ap__answer_spans){0};
}

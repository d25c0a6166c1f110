/* Softmax, sorting and drawing. */
#include "generate/scores.h"

#include "base/alloc.h"
#include "base/error.h"
#include "tensor/math.h"

#include <math.h>
#include <string.h>

ap_status ap__scratch_create(ap__scratch *out, size_t n, ap_error *err) {
    *out = (ap__scratch){.n = n};
    if (n > INT32_MAX) return ap__fail(err, AP_ELIMIT, "the model gives logits of %zu tokens", n);
    char *at = ap__calloc(n + !n, sizeof(size_t) + sizeof(float) + 5 * sizeof(uint32_t));
    if (!at) return ap__fail_nomem(err);
    out->order = (size_t *)(void *)at;
    out->probs = (float *)(void *)(out->order + n);
    out->keys = (uint32_t *)(void *)(out->probs + n);
    out->places = out->keys + 2 * n;
    out->stamps = out->places + 2 * n;
    return AP_OK;
}

void ap__scratch_clear(ap__scratch *scratch) {
    ap__free(scratch->order);
    *scratch = (ap__scratch){0};
}

void ap__scratch_begin_round(ap__scratch *scratch) {
    if (++scratch->stamp) return;
    memset(scratch->stamps, 0, scratch->n * sizeof *scratch->stamps); /* After 2^32 rounds. */
    scratch->stamp = 1;
}

/* -- softmax ------------------------------------------------------------------------------------------- */

/* The sum is a double: torch adds in many lanes, which comes closer to it than one float would. */
void ap__log_softmax(float *x, size_t n) {
    if (!n) return;
    float max = x[ap__argmax(x, n)];
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)expf(x[i] - max);
    float log_sum = logf((float)sum);
    for (size_t i = 0; i < n; i++) x[i] = x[i] - max - log_sum;
}

void ap__softmax_to(float *probs, const float *x, size_t n) {
    if (!n) return;
    float max = x[ap__argmax(x, n)];
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        probs[i] = expf(x[i] - max);
        sum += (double)probs[i];
    }
    float total = (float)sum;
    for (size_t i = 0; i < n; i++) probs[i] /= total;
}

/* -- sorting ------------------------------------------------------------------------------------------- */

enum { DIGIT_BITS = 11, N_DIGITS = 1 << DIGIT_BITS, N_PASSES = 3 };

/* Numbers in the order of floats: those below 0 backwards, below those above. */
static uint32_t sort_key(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if (bits == 0x80000000u) bits = 0; /* -0 and 0 are equal. */
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

/* One pass of a radix sort, stable. */
static void sort_by_digit(uint32_t *keys, uint32_t *places, size_t n, size_t stride, int pass) {
    uint32_t starts[N_DIGITS] = {0};
    size_t from = pass % 2 ? stride : 0, to = stride - from;
    int shift = pass * DIGIT_BITS;
    for (size_t i = 0; i < n; i++) starts[keys[from + i] >> shift & (N_DIGITS - 1)]++;
    for (uint32_t d = 0, sum = 0; d < N_DIGITS; d++) {
        uint32_t count = starts[d];
        starts[d] = sum;
        sum += count;
    }
    for (size_t i = 0; i < n; i++) {
        uint32_t at = starts[keys[from + i] >> shift & (N_DIGITS - 1)]++;
        keys[to + at] = keys[from + i];
        places[to + at] = places[from + i];
    }
}

const uint32_t *ap__sort_ascending(ap__scratch *scratch, const float *x, size_t n) {
    for (size_t i = 0; i < n; i++) scratch->keys[i] = sort_key(x[scratch->places[i]]);
    for (int pass = 0; pass < N_PASSES; pass++)
        sort_by_digit(scratch->keys, scratch->places, n, scratch->n, pass);
    return scratch->places + scratch->n; /* After an odd number of passes. */
}

/* -- drawing ------------------------------------------------------------------------------------------- */

ap_status ap__draw(size_t *out, const float *x, ap__scratch *scratch, ap__random *random, ap_error *err) {
    double total = 0, sum = 0;
    float *probs = scratch->probs;
    ap__softmax_to(probs, x, scratch->n);
    for (size_t i = 0; i < scratch->n; i++) total += (double)probs[i];
    if (!(total > 0) || isinf(total))
        return ap__fail(err, AP_EINVAL,
                        "no token can be drawn: its scores are all -inf, or one is not a number; "
                        "remove_invalid_values=true replaces these");
    double target = ap__random_next(random) * total;
    for (size_t i = 0; i < scratch->n; i++) {
        if (probs[i] > 0) *out = i;
        sum += (double)probs[i];
        if (sum > target) break;
    }
    return AP_OK;
}

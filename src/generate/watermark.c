/* Watermarks, with the permutations that torch makes: its generator for the CPU is MT19937 (Matsumoto,
 * Nishimura, "Mersenne Twister", 1998), and its randperm() a shuffle from the front.
 * Source: pytorch@v2.8.0 ATen/core/MT19937RNGEngine.h, ATen/native/TensorFactories.cpp randperm_cpu. */
#include "generate/watermark.h"

#include "base/error.h"
#include "tensor/topk.h"
#include "value/value.h"

#include <string.h>

/* Entries of the table of selfhash, and how many candidates it looks at. */
enum { TABLE_SIZE = 1000003, N_LOOKED_AT = 40 };

/* -- random numbers ------------------------------------------------------------------------------------ */

enum { N_STATE = 624, N_SHIFT = 397 };

typedef struct twister {
    uint32_t state[N_STATE];
    size_t next;
} twister;

static void seed_twister(twister *t, uint64_t seed) {
    t->state[0] = (uint32_t)seed;
    for (uint32_t i = 1; i < N_STATE; i++)
        t->state[i] = 1812433253u * (t->state[i - 1] ^ (t->state[i - 1] >> 30)) + i;
    t->next = N_STATE;
}

static void twist(twister *t) {
    for (size_t i = 0; i < N_STATE; i++) {
        uint32_t y = (t->state[i] & 0x80000000u) | (t->state[(i + 1) % N_STATE] & 0x7fffffffu);
        t->state[i] = t->state[(i + N_SHIFT) % N_STATE] ^ (y >> 1) ^ (y & 1 ? 0x9908b0dfu : 0);
    }
    t->next = 0;
}

static uint32_t next_number(twister *t) {
    if (t->next == N_STATE) twist(t);
    uint32_t y = t->state[t->next++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

/* The first `n_wanted` of a permutation of `n`. */
static void permute(uint32_t *out, size_t n, size_t n_wanted, uint64_t seed) {
    twister t;
    seed_twister(&t, seed);
    for (size_t i = 0; i < n; i++) out[i] = (uint32_t)i;
    for (size_t i = 0; i < n_wanted && i + 1 < n; i++) {
        size_t at = i + next_number(&t) % (n - i);
        uint32_t other = out[i];
        out[i] = out[at];
        out[at] = other;
    }
}

/* -- seeds --------------------------------------------------------------------------------------------- */

/* key * id modulo 2^64 - 1, as Python has it: never below 0. */
static uint64_t seed_of_token(int64_t key, uint64_t id) {
    uint64_t size = key < 0 ? 0 - (uint64_t)key : (uint64_t)key;
    uint64_t low = size * id;
    uint64_t high = ((size >> 32) * id + ((size & 0xffffffffu) * id >> 32)) >> 32;
    uint64_t sum = low + high;
    if (sum < low) sum++;
    if (sum == UINT64_MAX) sum = 0;
    return key < 0 && sum ? UINT64_MAX - sum : sum;
}

/* The least product of the key and of the table's entries of a token before, and of the candidate. Products
 * overflow, as in int64 tensors. */
static uint64_t seed_of_context(const ap__watermark *m, const int64_t *tokens, size_t n, int64_t candidate) {
    uint64_t own = (uint64_t)m->table[(uint64_t)candidate % TABLE_SIZE] + 1;
    size_t n_before = m->context_width - 1 < n ? m->context_width - 1 : n;
    int64_t least = (int64_t)((uint64_t)m->hashing_key * own * own);
    for (size_t i = n - n_before; i < n; i++) {
        uint64_t other = (uint64_t)m->table[(uint64_t)tokens[i] % TABLE_SIZE] + 1;
        int64_t product = (int64_t)((uint64_t)m->hashing_key * other * own);
        if (product < least) least = product;
    }
    return least < 0 ? (uint64_t)least - 1 : (uint64_t)least; /* Modulo 2^64 - 1. */
}

/* -- marking ------------------------------------------------------------------------------------------- */

static void mark_by_last(const ap__watermark *m, float *scores, int64_t last, size_t n_green,
                         ap__scratch *scratch) {
    permute(scratch->places, scratch->n, n_green, seed_of_token(m->hashing_key, (uint64_t)last));
    for (size_t i = 0; i < n_green; i++) scores[scratch->places[i]] += m->bias;
}

/* Those of the best candidates that are among their own. */
static void mark_by_themselves(const ap__watermark *m, float *scores, const int64_t *tokens, size_t n_tokens,
                               size_t n_green, ap__scratch *scratch) {
    size_t n = scratch->n < N_LOOKED_AT ? scratch->n : N_LOOKED_AT;
    ap__top_k(scratch->order, n, scores, scratch->n);
    for (size_t k = 0; k < n; k++) {
        size_t candidate = scratch->order[k], at = 0;
        permute(scratch->places, scratch->n, n_green,
                seed_of_context(m, tokens, n_tokens, (int64_t)candidate));
        while (at < n_green && scratch->places[at] != candidate) at++;
        if (at < n_green) scores[candidate] += m->bias;
    }
}

void ap__watermark_apply(const ap__watermark *mark, float *scores, const int64_t *tokens, size_t n_tokens,
                         ap__scratch *scratch) {
    size_t n_green = (size_t)((double)scratch->n * mark->greenlist_ratio);
    if (n_tokens < mark->context_width) return;
    if (mark->is_selfhash)
        mark_by_themselves(mark, scores, tokens, n_tokens, n_green, scratch);
    else
        mark_by_last(mark, scores, tokens[n_tokens - 1], n_green, scratch);
}

/* -- the parameter ------------------------------------------------------------------------------------- */

static ap_status fail_entry(const char *name, const char *expected, ap_error *err) {
    return ap__fail(err, AP_EINVAL, "parameter watermarking_config: %s: expected %s", name, expected);
}

static ap_status read_entry(ap__watermark *m, const char *name, const ap_value *value, ap_error *err) {
    ap_kind kind = ap_value_kind(value);
    bool is_number = kind == AP_KIND_INT || kind == AP_KIND_FLOAT;
    if (strcmp(name, "greenlist_ratio") == 0) {
        m->greenlist_ratio = ap_value_get_float(value);
        bool fits = is_number && m->greenlist_ratio > 0 && m->greenlist_ratio < 1;
        return fits ? AP_OK : fail_entry(name, "a number between 0 and 1", err);
    }
    if (strcmp(name, "bias") == 0) {
        m->bias = (float)ap_value_get_float(value);
        return is_number ? AP_OK : fail_entry(name, "a number", err);
    }
    if (strcmp(name, "hashing_key") == 0) {
        m->hashing_key = ap_value_get_int(value);
        return kind == AP_KIND_INT ? AP_OK : fail_entry(name, "an int", err);
    }
    if (strcmp(name, "context_width") == 0) {
        int64_t n = ap_value_get_int(value);
        m->context_width = (size_t)n;
        return kind == AP_KIND_INT && n >= 1 ? AP_OK : fail_entry(name, "an int of at least 1", err);
    }
    if (strcmp(name, "seeding_scheme") == 0) {
        m->is_selfhash = ap__value_is_text(value, "selfhash");
        bool is_known = m->is_selfhash || ap__value_is_text(value, "lefthash");
        return is_known ? AP_OK : fail_entry(name, "\"lefthash\" or \"selfhash\"", err);
    }
    return ap__fail(
        err, AP_EUNSUPPORTED,
        "parameter watermarking_config: %.64s is no entry of a WatermarkingConfig; other kinds of "
        "watermarks are not supported",
        name);
}

ap_status ap__watermark_read(ap__watermark **out, ap__arena *arena, const ap_value *config, ap_error *err) {
    ap__watermark *m = ap__arena_calloc(arena, 1, sizeof *m);
    ap_status status = AP_OK;
    *out = m;
    if (!m) return ap__fail_nomem(err);
    *m = (ap__watermark){.greenlist_ratio = 0.25, .bias = 2, .hashing_key = 15485863, .context_width = 1};
    if (ap_value_kind(config) != AP_KIND_DICT)
        return ap__fail(err, AP_ETYPE, "parameter watermarking_config: expected a dict, found %s",
                        ap_kind_name(ap_value_kind(config)));
    for (size_t i = 0; !status && i < ap_value_len(config); i++) {
        const char *name;
        const ap_value *value = ap_value_dict_at(config, i, &name);
        status = read_entry(m, name, value, err);
    }
    if (status || !m->is_selfhash) return status;
    m->table = ap__arena_calloc(arena, TABLE_SIZE, sizeof *m->table);
    if (!m->table) return ap__fail_nomem(err);
    permute(m->table, TABLE_SIZE, TABLE_SIZE, (uint64_t)m->hashing_key);
    return AP_OK;
}

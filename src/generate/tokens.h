/* Token ids that are appended one by one. */
#ifndef AP_GENERATE_TOKENS_H
#define AP_GENERATE_TOKENS_H

#include "generate/rules.h"

/* All zero is empty. */
typedef struct ap__tokens {
    int64_t *ptr;
    size_t n, capacity;
} ap__tokens;

/* @return AP_ENOMEM */
ap_status ap__tokens_append(ap__tokens *tokens, ap__ids ids, ap_error *err);
ap_status ap__tokens_add(ap__tokens *tokens, int64_t id, ap_error *err);

/* Becomes a copy. */
ap_status ap__tokens_assign(ap__tokens *tokens, ap__ids ids, ap_error *err);

/* Appends `id` until there are `n`. */
ap_status ap__tokens_fill(ap__tokens *tokens, size_t n, int64_t id, ap_error *err);

void ap__tokens_clear(ap__tokens *tokens);

static inline ap__ids ap__tokens_ids(const ap__tokens *tokens) { return (ap__ids){tokens->ptr, tokens->n}; }

/* Arrays of them; NULL is fine. */
ap__tokens *ap__tokens_create_array(size_t n, ap_error *err);
void ap__tokens_destroy_array(ap__tokens *tokens, size_t n);

#endif

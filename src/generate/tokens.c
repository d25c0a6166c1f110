/* Growing lists of ids. */
#include "generate/tokens.h"

#include "base/alloc.h"
#include "base/error.h"

#include <string.h>

ap_status ap__tokens_append(ap__tokens *tokens, ap__ids ids, ap_error *err) {
    void *ptr = tokens->ptr;
    if (!ap__grow(&ptr, &tokens->capacity, tokens->n + ids.n, sizeof *tokens->ptr, (size_t)1 << 40))
        return ap__fail_nomem(err);
    tokens->ptr = ptr;
    if (ids.n) memcpy(tokens->ptr + tokens->n, ids.ptr, ids.n * sizeof *ids.ptr);
    tokens->n += ids.n;
    return AP_OK;
}

ap_status ap__tokens_add(ap__tokens *tokens, int64_t id, ap_error *err) {
    return ap__tokens_append(tokens, (ap__ids){&id, 1}, err);
}

ap_status ap__tokens_assign(ap__tokens *tokens, ap__ids ids, ap_error *err) {
    tokens->n = 0;
    return ap__tokens_append(tokens, ids, err);
}

ap_status ap__tokens_fill(ap__tokens *tokens, size_t n, int64_t id, ap_error *err) {
    ap_status status = AP_OK;
    while (!status && tokens->n < n) status = ap__tokens_add(tokens, id, err);
    return status;
}

void ap__tokens_clear(ap__tokens *tokens) {
    ap__free(tokens->ptr);
    *tokens = (ap__tokens){0};
}

ap__tokens *ap__tokens_create_array(size_t n, ap_error *err) {
    ap__tokens *tokens = ap__calloc(n, sizeof *tokens);
    if (!tokens) ap__fail_nomem(err);
    return tokens;
}

void ap__tokens_destroy_array(ap__tokens *tokens, size_t n) {
    for (size_t i = 0; tokens && i < n; i++) ap__tokens_clear(&tokens[i]);
    ap__free(tokens);
}

/* Rows of tokens with a common capacity. */
#include "model/token_rows.h"

#include "base/alloc.h"
#include "base/error.h"
#include "model/decoder.h"

#include <string.h>

/* Tokens of all rows together: more than any cache of them would fit into memory. */
#define TOKENS_MAX ((size_t)1 << 31)

void ap__token_rows_clear(ap__token_rows *rows) {
    ap__free(rows->tokens);
    ap__free(rows->mask);
    memset(rows, 0, sizeof *rows);
}

/* New arrays for that many rows and columns; the old ones stay. */
static ap_status make(ap__token_rows *out, size_t n_rows, size_t capacity, ap_error *err) {
    size_t n;
    memset(out, 0, sizeof *out);
    if (!ap__mul_size(&n, n_rows, capacity) || n > TOKENS_MAX)
        return ap__fail(err, AP_ELIMIT, "%zu rows of %zu tokens are over the limit of %zu tokens", n_rows,
                        capacity, TOKENS_MAX);
    out->n_rows = n_rows;
    out->capacity = capacity;
    out->tokens = ap__calloc(n, sizeof *out->tokens);
    out->mask = ap__calloc(n, sizeof *out->mask);
    if (out->tokens && out->mask) return AP_OK;
    ap__token_rows_clear(out);
    return ap__fail_nomem(err);
}

/* Copies `n` columns of a row. */
static void copy_row(ap__token_rows *to, size_t to_row, size_t to_column, const ap__token_rows *from,
                     size_t from_row, size_t from_column, size_t n) {
    size_t a = to_row * to->capacity + to_column, b = from_row * from->capacity + from_column;
    if (!n) return;
    memcpy(to->tokens + a, from->tokens + b, n * sizeof *to->tokens);
    memcpy(to->mask + a, from->mask + b, n * sizeof *to->mask);
}

static void count_masked(ap__token_rows *rows) {
    rows->n_masked = 0;
    for (size_t i = 0; i < rows->n_rows; i++)
        for (size_t k = 0; k < rows->n_tokens; k++) rows->n_masked += !rows->mask[i * rows->capacity + k];
}

static void replace(ap__token_rows *rows, ap__token_rows *by) {
    ap__free(rows->tokens);
    ap__free(rows->mask);
    *rows = *by;
}

static ap_status reserve(ap__token_rows *rows, size_t n, ap_error *err) {
    ap__token_rows larger;
    if (n <= rows->capacity) return AP_OK;
    ap_status status = make(&larger, rows->n_rows, n + n / 2 + 32, err);
    if (status) return status;
    larger.n_tokens = rows->n_tokens;
    larger.n_masked = rows->n_masked;
    for (size_t i = 0; i < rows->n_rows; i++) copy_row(&larger, i, 0, rows, i, 0, rows->n_tokens);
    replace(rows, &larger);
    return AP_OK;
}

ap_status ap__token_rows_copy(ap__token_rows *out, const ap__token_rows *from, ap_error *err) {
    ap_status status = make(out, from->n_rows, from->capacity, err);
    if (status) return status;
    out->n_tokens = from->n_tokens;
    out->n_masked = from->n_masked;
    for (size_t i = 0; i < from->n_rows; i++) copy_row(out, i, 0, from, i, 0, from->n_tokens);
    return AP_OK;
}

ap_status ap__token_rows_append(ap__token_rows *rows, const int64_t *tokens, const uint8_t *mask, size_t n,
                                ap_error *err) {
    ap_status status = reserve(rows, rows->n_tokens + n, err);
    for (size_t i = 0; !status && i < rows->n_rows; i++) {
        size_t at = i * rows->capacity + rows->n_tokens;
        memcpy(rows->tokens + at, tokens + i * n, n * sizeof *tokens);
        for (size_t k = 0; k < n; k++) {
            rows->mask[at + k] = mask ? mask[i * n + k] : AP__MASK_IN;
            rows->n_masked += !rows->mask[at + k];
        }
    }
    if (!status) rows->n_tokens += n;
    return status;
}

ap_status ap__token_rows_select(ap__token_rows *rows, const uint32_t *from, size_t n, ap_error *err) {
    ap__token_rows chosen;
    ap_status status = make(&chosen, n, rows->capacity, err);
    if (status) return status;
    chosen.n_tokens = rows->n_tokens;
    for (size_t i = 0; i < n; i++) copy_row(&chosen, i, 0, rows, from[i], 0, rows->n_tokens);
    count_masked(&chosen);
    replace(rows, &chosen);
    return AP_OK;
}

void ap__token_rows_slice(ap__token_rows *rows, size_t start, size_t end) {
    for (size_t i = 0; start && i < rows->n_rows; i++) {
        size_t at = i * rows->capacity;
        memmove(rows->tokens + at, rows->tokens + at + start, (end - start) * sizeof *rows->tokens);
        memmove(rows->mask + at, rows->mask + at + start, (end - start) * sizeof *rows->mask);
    }
    rows->n_tokens = end - start;
    count_masked(rows);
}

ap_status ap__token_rows_join(ap__token_rows *rows, const ap__token_rows *others, ap_error *err) {
    ap__token_rows joined;
    size_t n_rows, n_tokens = rows->n_tokens > others->n_tokens ? rows->n_tokens : others->n_tokens;
    if (!ap__add_size(&n_rows, rows->n_rows, others->n_rows)) return ap__fail_nomem(err);
    ap_status status =
        make(&joined, n_rows, rows->capacity > others->capacity ? rows->capacity : others->capacity, err);
    if (status) return status;
    joined.n_tokens = n_tokens;
    for (size_t i = 0; i < rows->n_rows; i++)
        copy_row(&joined, i, n_tokens - rows->n_tokens, rows, i, 0, rows->n_tokens);
    for (size_t i = 0; i < others->n_rows; i++)
        copy_row(&joined, rows->n_rows + i, n_tokens - others->n_tokens, others, i, 0, others->n_tokens);
    count_masked(&joined);
    replace(rows, &joined);
    return AP_OK;
}

size_t ap__token_rows_blank(const ap__token_rows *rows) {
    size_t n = rows->n_masked ? rows->n_tokens : 0;
    for (size_t i = 0; i < rows->n_rows; i++)
        for (size_t k = 0; k < n; k++)
            if (rows->mask[i * rows->capacity + k]) n = k;
    return n;
}

void ap__token_rows_positions(int64_t *out, const ap__token_rows *rows, size_t n) {
    for (size_t i = 0; i < rows->n_rows; i++) {
        const uint8_t *mask = rows->mask + i * rows->capacity;
        int64_t n_before = 0;
        size_t first = rows->n_tokens - n;
        for (size_t k = 0; k < first; k++) n_before += mask[k] != AP__MASK_OUT;
        for (size_t k = first; k < rows->n_tokens; k++) {
            n_before += mask[k] != AP__MASK_OUT;
            *out++ = mask[k] != AP__MASK_OUT ? n_before - 1 : 1;
        }
    }
}

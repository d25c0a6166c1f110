/* The tokens that the rows of a decoding have read, on the host: what masks, positions and second readings
 * are made from. */
#ifndef AP_MODEL_TOKEN_ROWS_H
#define AP_MODEL_TOKEN_ROWS_H

#include <accelpipe/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ap__token_rows {
    size_t n_rows, n_tokens; /* Masked tokens count. */
    size_t capacity;         /* Of each row. */
    int64_t *tokens;         /* [n_rows, capacity] */
    uint8_t *mask;           /* [n_rows, capacity] AP__MASK_... of model/decoder.h. */
    size_t n_masked;         /* AP__MASK_OUT in `mask`. */
} ap__token_rows;

/* All zero but for n_rows is rows without a token. */
void ap__token_rows_clear(ap__token_rows *rows);

ap_status ap__token_rows_copy(ap__token_rows *out, const ap__token_rows *from, ap_error *err);

/* Appends columns.   @param mask NULL: all are in. */
ap_status ap__token_rows_append(ap__token_rows *rows, const int64_t *tokens, const uint8_t *mask, size_t n,
                                ap_error *err);

/* Row i becomes row `from[i]`, which is one that is there. */
ap_status ap__token_rows_select(ap__token_rows *rows, const uint32_t *from, size_t n, ap_error *err);

/* Keeps the columns [start, end). */
void ap__token_rows_slice(ap__token_rows *rows, size_t start, size_t end);

/* Appends the rows of `others`; the shorter ones are filled up with masked tokens on the left. */
ap_status ap__token_rows_join(ap__token_rows *rows, const ap__token_rows *others, ap_error *err);

/* How many columns at the front have no token in any row. */
size_t ap__token_rows_blank(const ap__token_rows *rows);

/* Positions of the last `n` columns, [n_rows, n]: a token's number among the tokens of its row, 1 for what is
 * masked. Source: transformers@v4.55.4 generation/utils.py prepare_inputs_for_generation() (cumsum - 1,
 * masked_fill 1). */
void ap__token_rows_positions(int64_t *out, const ap__token_rows *rows, size_t n);

#endif

#include "model/token_rows.h"

#include "model/decoder.h"
#include "unit/support/check.h"
#include "unit/support/torture.h"

#include <string.h>

static ap_error err;

/* Rows as text: a digit for each token, "." for what is masked, " " between rows. */
static void assert_rows(const char *expected, const ap__token_rows *rows) {
    char text[200];
    size_t at = 0, n_masked = 0;
    for (size_t i = 0; i < rows->n_rows; i++) {
        if (i) text[at++] = ' ';
        for (size_t k = 0; k < rows->n_tokens; k++) {
            bool is_masked = !rows->mask[i * rows->capacity + k];
            text[at++] = is_masked ? '.' : (char)('0' + rows->tokens[i * rows->capacity + k]);
            n_masked += is_masked;
        }
    }
    text[at] = '\0';
    assert_string_equal(expected, text);
    assert_int_equal(n_masked, rows->n_masked);
}

static ap__token_rows make(size_t n_rows, const char *columns) {
    ap__token_rows rows = {.n_rows = n_rows};
    size_t n = strlen(columns) / n_rows;
    int64_t tokens[64];
    uint8_t mask[64];
    for (size_t i = 0; i < n_rows * n; i++) {
        tokens[i] = columns[i] - '0';
        mask[i] = columns[i] != '.';
    }
    assert_ok(ap__token_rows_append(&rows, tokens, mask, n, &err), &err);
    return rows;
}

void test_append(void **state) {
    (void)state;
    ap__token_rows rows = make(2, ".1234567");
    assert_rows(".123 4567", &rows);
    assert_ok(ap__token_rows_append(&rows, (const int64_t[]){8, 9}, NULL, 1, &err), &err);
    assert_rows(".1238 45679", &rows);
    for (size_t i = 0; i < 100; i++)
        assert_ok(ap__token_rows_append(&rows, (const int64_t[]){0, 0}, NULL, 1, &err), &err);
    assert_int_equal(105, rows.n_tokens);
    assert_int_equal(1, rows.n_masked);
    ap__token_rows_clear(&rows);
}

void test_select(void **state) {
    (void)state;
    ap__token_rows rows = make(3, ".1.2.3");
    assert_ok(ap__token_rows_select(&rows, (const uint32_t[]){2, 0, 0, 1}, 4, &err), &err);
    assert_rows(".3 .1 .1 .2", &rows);
    assert_int_equal(1, ap__token_rows_blank(&rows));
    ap__token_rows_clear(&rows);
}

void test_slice(void **state) {
    (void)state;
    ap__token_rows rows = make(2, "..345678");
    ap__token_rows_slice(&rows, 1, 4);
    assert_rows(".34 678", &rows);
    ap__token_rows_slice(&rows, 0, 2);
    assert_rows(".3 67", &rows);
    ap__token_rows_slice(&rows, 0, 0);
    assert_rows(" ", &rows);
    ap__token_rows_clear(&rows);
}

void test_join(void **state) {
    (void)state;
    ap__token_rows rows = make(2, "1234"), longer = make(1, "567"), shorter = make(1, "8");
    assert_ok(ap__token_rows_join(&rows, &longer, &err), &err);
    assert_rows(".12 .34 567", &rows);
    assert_ok(ap__token_rows_join(&rows, &shorter, &err), &err);
    assert_rows(".12 .34 567 ..8", &rows);
    ap__token_rows copy;
    assert_ok(ap__token_rows_copy(&copy, &rows, &err), &err);
    assert_rows(".12 .34 567 ..8", &copy);
    ap__token_rows_clear(&copy);
    ap__token_rows_clear(&shorter);
    ap__token_rows_clear(&longer);
    ap__token_rows_clear(&rows);
}

void test_blank(void **state) {
    (void)state;
    ap__token_rows rows = make(2, "..12.345"), none = make(1, "1.2"), all = make(1, "..");
    assert_int_equal(1, ap__token_rows_blank(&rows));
    assert_int_equal(0, ap__token_rows_blank(&none));
    assert_int_equal(2, ap__token_rows_blank(&all));
    ap__token_rows_clear(&rows);
    ap__token_rows_clear(&none);
    ap__token_rows_clear(&all);
}

/* cumsum(mask) - 1, and 1 where the mask is 0, as the reference has it. */
void test_positions(void **state) {
    (void)state;
    ap__token_rows rows = make(2, "..12.345.6");
    int64_t positions[10];
    static const int64_t all[] = {1, 1, 0, 1, 1, 0, 1, 2, 1, 3}, last[] = {1, 1, 1, 3};
    ap__token_rows_positions(positions, &rows, 5);
    assert_memory_equal(all, positions, sizeof all);
    ap__token_rows_positions(positions, &rows, 2);
    assert_memory_equal(last, positions, sizeof last);
    ap__token_rows_clear(&rows);
    /* What is hidden counts. */
    static const uint8_t mask[] = {AP__MASK_OUT, AP__MASK_HIDDEN, AP__MASK_IN, AP__MASK_HIDDEN, AP__MASK_IN};
    static const int64_t tokens[] = {0, 5, 6, 7, 8}, counted[] = {1, 0, 1, 2, 3};
    rows = (ap__token_rows){.n_rows = 1};
    assert_ok(ap__token_rows_append(&rows, tokens, mask, 5, &err), &err);
    ap__token_rows_positions(positions, &rows, 5);
    assert_memory_equal(counted, positions, sizeof counted);
    assert_int_equal(1, ap__token_rows_blank(&rows));
    ap__token_rows_clear(&rows);
}

void test_limit(void **state) {
    (void)state;
    ap__token_rows rows = {.n_rows = (size_t)1 << 40};
    const int64_t token = 1;
    assert_fails(ap__token_rows_append(&rows, &token, NULL, 1, &err), AP_ELIMIT, &err, "over the limit of");
    ap__token_rows_clear(&rows);
}

static ap_status use_rows(void *ctx, ap_error *error) {
    (void)ctx;
    const int64_t tokens[] = {1, 2};
    ap__token_rows rows = {.n_rows = 2}, copy = {0};
    ap_status status = ap__token_rows_append(&rows, tokens, NULL, 1, error);
    if (!status) status = ap__token_rows_copy(&copy, &rows, error);
    if (!status) status = ap__token_rows_join(&rows, &copy, error);
    if (!status) status = ap__token_rows_select(&rows, (const uint32_t[]){3}, 1, error);
    ap__token_rows_clear(&rows);
    ap__token_rows_clear(&copy);
    return status;
}

void test_torture(void **state) {
    (void)state;
    torture(use_rows, NULL);
}

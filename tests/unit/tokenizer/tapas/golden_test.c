/* What transformers gives for tables and texts; tools/golden/make_tapas.py made the files. All of it is
 * compared exactly: it is counted, not computed. */
#include "tokenizer/tapas/numeric.h"
#include "unit/support/check.h"
#include "unit/support/values.h"
#include "unit/tokenizer/tapas/tapas_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

typedef void (*check_line)(const ap_value *line);

/* Calls `check` with every line of a file.   @return how many there are */
static size_t for_each_line(const char *path, check_line check) {
    FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t capacity = 0, n = 0;
    assert_non_null(file);
    while (getline(&text, &capacity, file) > 0) {
        ap_value *line = value_of(text);
        check(line);
        ap_value_destroy(line);
        n++;
    }
    free(text);
    fclose(file);
    return n;
}

static ap__text text_of(const ap_value *value) {
    ap__text text = {0};
    text.ptr = ap_value_get_string(value, &text.len);
    return text;
}

/* -- tables -------------------------------------------------------------------------------------------- */

static void read_table(ap__table *out, ap__text *texts, const ap_value *columns) {
    size_t n_columns = ap_value_len(columns), n_rows = ap_value_len(ap_value_dict_at(columns, 0, NULL));
    *out = (ap__table){n_rows, n_columns, texts, texts + n_columns};
    for (size_t k = 0; k < n_columns; k++) {
        const char *name;
        const ap_value *column = ap_value_dict_at(columns, k, &name);
        texts[k] = (ap__text){name, strlen(name)};
        for (size_t i = 0; i < n_rows; i++)
            texts[n_columns + i * n_columns + k] = text_of(ap_value_list_get(column, i));
    }
}

static void check_encoding(const ap__tapas_encoding *got, const ap_value *line) {
    const ap_value *ids = ap_value_dict_get(line, "ids"), *types = ap_value_dict_get(line, "types");
    assert_int_equal(got->n, ap_value_len(ids));
    for (size_t i = 0; i < got->n; i++) {
        const ap_value *row = ap_value_list_get(types, i);
        assert_int_equal(got->ids[i], ap_value_get_int(ap_value_list_get(ids, i)));
        for (size_t k = 0; k < AP__TAPAS_N_TYPES; k++)
            assert_int_equal(got->types[i][k], ap_value_get_int(ap_value_list_get(row, k)));
    }
}

static void check_table(const ap_value *line) {
    ap_error err = AP_ERROR_INIT;
    ap__text texts[256];
    ap__table table;
    ap__tapas_table *read = NULL;
    ap__tapas_encoding encoding = {0};
    ap__tapas *tapas = tapas_with(ap_value_dict_get(line, "config"));
    read_table(&table, texts, ap_value_dict_get(line, "table"));
    ap_status status = ap__tapas_table_create(&read, tapas, &table, &err);
    if (!status)
        status = ap__tapas_encode(&encoding, read, text_of(ap_value_dict_get(line, "query")),
                                  ap_value_get_bool(ap_value_dict_get(line, "drop_rows")), &err);
    if (ap_value_dict_get(line, "error")) {
        assert_fails(status, AP_EINVAL, &err, "the tokenizer takes fewer than");
    } else {
        assert_ok(status, &err);
        check_encoding(&encoding, line);
    }
    ap__tapas_encoding_clear(&encoding);
    ap__tapas_table_destroy(read);
    ap__tapas_destroy(tapas);
}

void test_tables(void **state) {
    (void)state;
    assert_true(for_each_line(AP_TEST_DATA_DIR "/tapas/tables.jsonl", check_table) >= 100);
}

/* -- values -------------------------------------------------------------------------------------------- */

static void check_value(const ap__numeric *got, const ap_value *expected) {
    if (ap_value_len(expected) == 1) {
        assert_int_equal(got->kind, AP__NUMERIC_NUMBER);
        assert_true(got->number == ap_value_get_float(ap_value_list_get(expected, 0)));
        return;
    }
    assert_int_equal(got->kind, AP__NUMERIC_DATE);
    for (size_t i = 0; i < 3; i++) {
        const ap_value *part = ap_value_list_get(expected, i);
        assert_int_equal(got->parts >> i & 1, ap_value_kind(part) != AP_KIND_NULL);
        if (got->parts >> i & 1) assert_int_equal(got->date[i], ap_value_get_int(part));
    }
}

static void check_values(const ap_value *line) {
    ap_error err = AP_ERROR_INIT;
    ap__numerics got = {0};
    const ap_value *expected = ap_value_dict_get(line, "values");
    ap__text text = text_of(ap_value_dict_get(line, "text"));
    assert_ok(ap__numerics_read(&got, text, &err), &err);
    if (got.n != ap_value_len(expected))
        fail_msg("\"%s\": %zu values, not %zu", text.ptr, got.n, ap_value_len(expected));
    for (size_t i = 0; i < got.n; i++) check_value(&got.ptr[i], ap_value_list_get(expected, i));
    ap__numerics_clear(&got);
}

void test_values(void **state) {
    (void)state;
    assert_true(for_each_line(AP_TEST_DATA_DIR "/tapas/values.jsonl", check_values) >= 500);
}

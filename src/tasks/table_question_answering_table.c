/* Values to tables, as pandas makes data frames of them. Column names and cells have to be text.
 * Source: transformers@v4.55.4 pipelines/table_question_answering.py TableQuestionAnsweringArgumentHandler;
 * pandas@v2.3.3 core/internals/construction.py. */
#include "base/alloc.h"
#include "base/error.h"
#include "tasks/table_question_answering.h"

#include <string.h>

/* Room for a table of that size. */
static ap_status allocate(ap__table *out, void **memory, size_t n_rows, size_t n_columns, ap_error *err) {
    size_t n_cells = 0, n = 0;
    bool fits = ap__mul_size(&n_cells, n_rows, n_columns) && ap__add_size(&n, n_cells, n_columns);
    if (!n_cells && fits) return ap__fail(err, AP_EINVAL, "table is empty");
    if (!fits || n > AP__TAPAS_CELLS_MAX)
        return ap__fail(err, AP_ELIMIT, "the table has more than %zu cells", AP__TAPAS_CELLS_MAX);
    ap__text *texts = *memory = ap__calloc(n, sizeof *texts);
    if (!texts) return ap__fail_nomem(err);
    *out = (ap__table){n_rows, n_columns, texts, texts + n_columns};
    return AP_OK;
}

static ap_status set_text(ap__text *to, const ap_value *cell, size_t i_row, const char *column,
                          ap_error *err) {
    to->ptr = ap_value_get_string(cell, &to->len);
    if (to->ptr) return AP_OK;
    return ap__fail(err, AP_ETYPE, "table: row %zu, column \"%.64s\": cells have to be text, found %s", i_row,
                    column, cell ? ap_kind_name(ap_value_kind(cell)) : "nothing");
}

/* -- a dict of columns --------------------------------------------------------------------------------- */

/* How many rows the lists have; a text beside lists stands in every row. */
static ap_status count_rows(size_t *out, const ap_value *columns, ap_error *err) {
    bool has_list = false;
    for (size_t i = 0; i < ap_value_len(columns); i++) {
        const char *name;
        const ap_value *column = ap_value_dict_at(columns, i, &name);
        if (ap_value_kind(column) == AP_KIND_DICT)
            return ap__fail(err, AP_EINVAL, "table: column \"%.64s\": expected a list, found dict", name);
        if (ap_value_kind(column) != AP_KIND_LIST) continue;
        if (has_list && *out != ap_value_len(column))
            return ap__fail(
                err, AP_EINVAL,
                "table: column \"%.64s\" has %zu cells, those before it have %zu; all have to be of one "
                "length",
                name, ap_value_len(column), *out);
        *out = ap_value_len(column);
        has_list = true;
    }
    if (has_list || !ap_value_len(columns)) return AP_OK;
    return ap__fail(err, AP_EINVAL, "table: no column is a list; a column of one cell is a list of one text");
}

static ap_status read_columns(ap__table *out, void **memory, const ap_value *columns, ap_error *err) {
    size_t n_rows = 0, n_columns = ap_value_len(columns);
    ap_status status = count_rows(&n_rows, columns, err);
    if (!status) status = allocate(out, memory, n_rows, n_columns, err);
    ap__text *header = *memory;
    for (size_t k = 0; k < n_columns && !status; k++) {
        const char *name;
        const ap_value *column = ap_value_dict_at(columns, k, &name);
        header[k] = (ap__text){name, strlen(name)};
        bool is_list = ap_value_kind(column) == AP_KIND_LIST;
        for (size_t i = 0; i < n_rows && !status; i++)
            status = set_text(&header[n_columns + i * n_columns + k],
                              is_list ? ap_value_list_get(column, i) : column, i, name, err);
    }
    return status;
}

/* -- a list of rows ------------------------------------------------------------------------------------ */

/* A row has a cell for each column of the first one, and no other: pandas would put numbers, "nan",
 * elsewhere. */
static ap_status read_row(ap__text *cells, const ap_value *row, const ap__table *table, size_t i_row,
                          ap_error *err) {
    ap_status status = AP_OK;
    if (ap_value_kind(row) != AP_KIND_DICT)
        return ap__fail(err, AP_ETYPE, "table: row %zu: expected a dict of column names and cells, found %s",
                        i_row, ap_kind_name(ap_value_kind(row)));
    for (size_t k = 0; k < table->n_columns && !status; k++) {
        const char *name = table->header[k].ptr;
        status = set_text(&cells[k], ap_value_dict_get(row, name), i_row, name, err);
    }
    if (status || ap_value_len(row) == table->n_columns) return status;
    return ap__fail(err, AP_ETYPE,
                    "table: row %zu has %zu cells, row 0 has %zu; all have to have the same columns", i_row,
                    ap_value_len(row), table->n_columns);
}

static ap_status read_rows(ap__table *out, void **memory, const ap_value *rows, ap_error *err) {
    const ap_value *first = ap_value_list_get(rows, 0);
    bool has_names = !first || ap_value_kind(first) == AP_KIND_DICT;
    size_t n_columns = ap_value_len(first);
    if (!has_names)
        return ap__fail(err, AP_ETYPE, "table: row 0: expected a dict of column names and cells, found %s",
                        ap_kind_name(ap_value_kind(first)));
    ap_status status = allocate(out, memory, ap_value_len(rows), n_columns, err);
    ap__text *texts = *memory;
    for (size_t k = 0; k < n_columns && !status; k++) {
        ap_value_dict_at(first, k, &texts[k].ptr);
        texts[k].len = strlen(texts[k].ptr);
    }
    for (size_t i = 0; !status && i < out->n_rows; i++)
        status = read_row(texts + (i + 1) * n_columns, ap_value_list_get(rows, i), out, i, err);
    return status;
}

ap_status ap__tqa_read_table(ap__table *out, void **memory, const ap_value *value, ap_error *err) {
    *memory = NULL;
    switch (ap_value_kind(value)) {
    case AP_KIND_NULL:
        return ap__fail(err, AP_EINVAL, "table cannot be null");
    case AP_KIND_DICT:
        return read_columns(out, memory, value, err);
    case AP_KIND_LIST:
        return read_rows(out, memory, value, err);
    default:
        return ap__fail(err, AP_EINVAL, "table: expected a dict of columns or a list of rows, found %s",
                        ap_kind_name(ap_value_kind(value)));
    }
}

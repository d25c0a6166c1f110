/* Results of most tasks are dicts with the same keys: one, a list of them, or a list of those for a list of
 * inputs. */
#include "result_table.h"

#include "out.h"
#include "show.h"
#include "table.h"
#include "terminal.h"

#include <string.h>
#include <unistd.h>

enum { BAR_COLUMNS = 20, BARS_FROM_COLUMNS = 80, CELL_COLUMNS = 60, MAX_KEYS = CLI_TABLE_MAX_COLUMNS - 2 };

typedef struct result_shape {
    const char *keys[MAX_KEYS]; /* In the order of their first appearance. */
    bool is_number[MAX_KEYS];   /* Every value there is. */
    size_t n_keys, n_rows;
    bool has_bars; /* There is a "score", all of them in [0, 1]. */
} result_shape;

/* -- the shape ----------------------------------------------------------------------------------------- */

static size_t key_index(const result_shape *shape, const char *key) {
    size_t i = 0;
    while (i < shape->n_keys && strcmp(shape->keys[i], key) != 0) i++;
    return i;
}

static bool add_row(result_shape *shape, const ap_value *row) {
    if (ap_value_kind(row) != AP_KIND_DICT) return false;
    shape->n_rows++;
    for (size_t i = 0; i < ap_value_len(row); i++) {
        const char *key;
        const ap_value *value = ap_value_dict_at(row, i, &key);
        ap_kind kind = ap_value_kind(value);
        bool is_number = kind == AP_KIND_INT || kind == AP_KIND_FLOAT;
        size_t k = key_index(shape, key);
        if (k == MAX_KEYS) return false;
        if (k == shape->n_keys) {
            shape->keys[shape->n_keys++] = key;
            shape->is_number[k] = true;
        }
        shape->is_number[k] &= is_number;
        double number = ap_value_get_float(value);
        if (strcmp(key, "score") == 0 && !(is_number && number >= 0 && number <= 1)) shape->has_bars = false;
    }
    return true;
}

/* The rows of one input: a dict, or a list of them. */
static bool add_rows(result_shape *shape, const ap_value *rows) {
    if (ap_value_kind(rows) != AP_KIND_LIST) return add_row(shape, rows);
    for (size_t i = 0; i < ap_value_len(rows); i++)
        if (!add_row(shape, ap_value_list_get(rows, i))) return false;
    return true;
}

static bool find_shape(result_shape *shape, const ap_value *result, bool is_by_input) {
    *shape = (result_shape){.has_bars = true};
    if (!is_by_input) {
        if (!add_rows(shape, result)) return false;
    } else {
        for (size_t i = 0; i < ap_value_len(result); i++)
            if (!add_rows(shape, ap_value_list_get(result, i))) return false;
    }
    if (key_index(shape, "score") == shape->n_keys) shape->has_bars = false;
    return true;
}

/* -- the table ----------------------------------------------------------------------------------------- */

static void add_value(cli_table *table, const ap_value *value) {
    cli_text text = {0};
    if (value) cli_show_add(&text, value);
    cli_table_add(table, text.ptr ? text.ptr : "", text.len);
    cli_text_clear(&text);
}

static void add_bar(cli_table *table, const ap_value *score) {
    cli_text bar = {0};
    bool is_utf8 = cli_terminal_is_utf8();
    size_t n = (size_t)(ap_value_get_float(score) * (double)BAR_COLUMNS + 0.5);
    while (n--) cli_text_addf(&bar, "%s", is_utf8 ? "\xE2\x96\x88" : "#"); /* U+2588, a full block */
    cli_table_add(table, bar.ptr ? bar.ptr : "", bar.len);
    cli_text_clear(&bar);
}

static void add_cells(cli_table *table, const result_shape *shape, const ap_value *row) {
    for (size_t k = 0; k < shape->n_keys; k++) add_value(table, ap_value_dict_get(row, shape->keys[k]));
    if (shape->has_bars) add_bar(table, ap_value_dict_get(row, "score"));
}

/* The rows of one input; `input` stands in the first of them; NULL: in none, there is no such column. */
static void add_input(cli_table *table, const result_shape *shape, const ap_value *input,
                      const ap_value *rows) {
    bool is_list = ap_value_kind(rows) == AP_KIND_LIST;
    for (size_t i = 0; i < (is_list ? ap_value_len(rows) : 1); i++) {
        if (input && i == 0) add_value(table, input);
        if (input && i > 0) add_value(table, NULL);
        add_cells(table, shape, is_list ? ap_value_list_get(rows, i) : rows);
    }
}

static void add_columns(cli_table *table, const result_shape *shape, bool is_by_input) {
    if (is_by_input) cli_table_add_column(table, "input", CLI_COLUMN_TEXT);
    for (size_t k = 0; k < shape->n_keys; k++)
        cli_table_add_column(table, shape->keys[k],
                             shape->is_number[k] ? CLI_COLUMN_NUMBER : CLI_COLUMN_TEXT);
    if (shape->has_bars) cli_table_add_column(table, NULL, CLI_COLUMN_BAR);
}

bool cli_result_table_print(const ap_value *inputs, const ap_value *result) {
    result_shape shape;
    bool is_by_input = ap_value_kind(inputs) == AP_KIND_LIST && ap_value_kind(result) == AP_KIND_LIST &&
                       ap_value_len(inputs) == ap_value_len(result);
    if (!find_shape(&shape, result, is_by_input)) return false;
    if (!shape.n_rows) return cli_out_text("no results\n") || true;
    if (!cli_terminal_has_style() || cli_terminal_columns() < BARS_FROM_COLUMNS) shape.has_bars = false;
    cli_table table = {.max_cell_columns = CELL_COLUMNS};
    add_columns(&table, &shape, is_by_input);
    for (size_t i = 0; i < (is_by_input ? ap_value_len(inputs) : 1); i++)
        add_input(&table, &shape, is_by_input ? ap_value_list_get(inputs, i) : NULL,
                  is_by_input ? ap_value_list_get(result, i) : result);
    cli_table_print(&table);
    cli_table_clear(&table);
    return true;
}

/* Tables with aligned columns. */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>

enum { CLI_TABLE_MAX_COLUMNS = 16 };

typedef struct cli_cell {
    char *text;
    size_t len, columns;
} cli_cell;

/* All zero is empty. */
typedef struct cli_table {
    size_t n_columns;
    const char *headers[CLI_TABLE_MAX_COLUMNS]; /* Borrowed; of the last column NULL: it has none. */
    bool is_right[CLI_TABLE_MAX_COLUMNS];       /* Numbers are aligned to the right. */
    size_t max_cell_columns;                    /* Longer cells are cut; 0: none. */
    cli_cell *cells;                            /* Row by row. */
    size_t n_cells, capacity;
} cli_table;

/* Adds a column, before any cell. */
void cli_table_add_column(cli_table *table, const char *header, bool is_right);

/* Adds the next cell, from left to right, then from the next row on. */
void cli_table_add(cli_table *table, const char *text, size_t len);
void cli_table_add_text(cli_table *table, const char *text);

/* Prints it to standard output; on a terminal, the widest columns are cut so that a row is a line. */
void cli_table_print(const cli_table *table);

void cli_table_clear(cli_table *table);

/* Prints one line with the rows' style of headers: bold on a terminal. */
void cli_table_print_heading(const char *text);

#endif

/* Tables with aligned columns. */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>

enum { CLI_TABLE_MAX_COLUMNS = 16 };

typedef enum cli_column {
    CLI_COLUMN_TEXT = 0,
    CLI_COLUMN_NUMBER = 1, /* Aligned to the right, and never cut. */
    CLI_COLUMN_BAR = 2     /* Never cut. */
} cli_column;

typedef struct cli_cell {
    char *text;
    size_t len, columns;
} cli_cell;

/* All zero is empty. */
typedef struct cli_table {
    size_t n_columns;
    const char *headers[CLI_TABLE_MAX_COLUMNS]; /* Borrowed; of the last column NULL: it has none. */
    cli_column kinds[CLI_TABLE_MAX_COLUMNS];
    size_t max_cell_columns; /* Longer cells are cut; 0: none. */
    cli_cell *cells;         /* Row by row. */
    size_t n_cells, capacity;
} cli_table;

/* Adds a column, before any cell. */
void cli_table_add_column(cli_table *table, const char *header, cli_column kind);

/* Adds the next cell, from left to right, then from the next row on. */
void cli_table_add(cli_table *table, const char *text, size_t len);
void cli_table_add_text(cli_table *table, const char *text);

/* Prints it to standard output; on a terminal, the widest columns of text are cut so that a row is a line. */
void cli_table_print(const cli_table *table);

void cli_table_clear(cli_table *table);

/* Prints one line with the rows' style of headers: bold on a terminal. */
void cli_table_print_heading(const char *text);

#endif

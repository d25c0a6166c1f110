/* Two blanks between columns; headers are bold where the terminal has style. */
#include "table.h"

#include "memory.h"
#include "out.h"
#include "terminal.h"
#include "text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { GAP = 2, LEAST_CUT = 12 };

void cli_table_add_column(cli_table *table, const char *header, cli_column kind) {
    table->headers[table->n_columns] = header;
    table->kinds[table->n_columns++] = kind;
}

void cli_table_add(cli_table *table, const char *text, size_t len) {
    if (table->n_cells == table->capacity) {
        table->capacity = table->capacity ? table->capacity * 2 : 64;
        table->cells = cli_grow(table->cells, table->capacity, sizeof *table->cells);
    }
    cli_text shown = {0};
    size_t columns =
        cli_text_add_shown(&shown, text, len, table->max_cell_columns ? table->max_cell_columns : SIZE_MAX);
    table->cells[table->n_cells++] = (cli_cell){shown.ptr, shown.len, columns};
}

void cli_table_add_text(cli_table *table, const char *text) { cli_table_add(table, text, strlen(text)); }

void cli_table_clear(cli_table *table) {
    for (size_t i = 0; i < table->n_cells; i++) free(table->cells[i].text);
    free(table->cells);
    *table = (cli_table){0};
}

/* -- widths -------------------------------------------------------------------------------------------- */

static void natural_widths(size_t *widths, const cli_table *table) {
    for (size_t c = 0; c < table->n_columns; c++)
        widths[c] = table->headers[c] ? cli_text_columns(table->headers[c], strlen(table->headers[c])) : 0;
    for (size_t i = 0; i < table->n_cells; i++) {
        size_t *width = &widths[i % table->n_columns];
        if (table->cells[i].columns > *width) *width = table->cells[i].columns;
    }
}

static size_t row_width(const size_t *widths, size_t n) {
    size_t width = (n - 1) * GAP;
    for (size_t c = 0; c < n; c++) width += widths[c];
    return width;
}

/* The widest column of text; `n_columns` when there is none. */
static size_t widest_text(const size_t *widths, const cli_table *table) {
    size_t widest = table->n_columns;
    for (size_t c = 0; c < table->n_columns; c++)
        if (table->kinds[c] == CLI_COLUMN_TEXT && (widest == table->n_columns || widths[c] > widths[widest]))
            widest = c;
    return widest;
}

/* Takes from the widest column of text until a row fits, or none is left to take from. */
static void fit(size_t *widths, const cli_table *table, size_t columns) {
    size_t width;
    while ((width = row_width(widths, table->n_columns)) > columns) {
        size_t widest = widest_text(widths, table);
        if (widest == table->n_columns || widths[widest] <= LEAST_CUT) return;
        size_t excess = width - columns, room = widths[widest] - LEAST_CUT;
        /* Half at a time, so that two wide columns share the loss. */
        widths[widest] -= excess < room ? (excess + 1) / 2 : (room + 1) / 2;
    }
}

/* -- printing ------------------------------------------------------------------------------------------ */

static void add_blanks(cli_text *line, size_t n) {
    while (n--) cli_text_add(line, " ", 1);
}

static void add_cell(cli_text *line, const char *text, size_t len, size_t width, bool is_right,
                     bool is_last) {
    cli_text shown = {0};
    size_t columns = cli_text_add_shown(&shown, text, len, width);
    size_t blanks = columns < width ? width - columns : 0;
    if (is_right) add_blanks(line, blanks);
    if (shown.len) cli_text_add(line, shown.ptr, shown.len);
    if (!is_right && !is_last) add_blanks(line, blanks);
    if (!is_last) add_blanks(line, GAP);
    cli_text_clear(&shown);
}

static void print_line(cli_text *line) {
    while (line->len && line->ptr[line->len - 1] == ' ') line->len--;
    cli_out_line(line->ptr ? line->ptr : "", line->len);
    line->len = 0;
}

void cli_table_print_heading(const char *text) {
    bool has_style = cli_terminal_has_style();
    cli_out_printf("%s%s%s\n", has_style ? "\033[1m" : "", text, has_style ? "\033[0m" : "");
}

static void print_headers(const cli_table *table, const size_t *widths, cli_text *line) {
    for (size_t c = 0; c < table->n_columns; c++) {
        const char *header = table->headers[c] ? table->headers[c] : "";
        add_cell(line, header, strlen(header), widths[c], table->kinds[c] == CLI_COLUMN_NUMBER,
                 c + 1 == table->n_columns);
    }
    while (line->len && line->ptr[line->len - 1] == ' ') line->ptr[--line->len] = '\0';
    cli_table_print_heading(line->ptr ? line->ptr : "");
    line->len = 0;
}

void cli_table_print(const cli_table *table) {
    size_t widths[CLI_TABLE_MAX_COLUMNS];
    cli_text line = {0};
    natural_widths(widths, table);
    if (cli_terminal_is(STDOUT_FILENO)) fit(widths, table, cli_terminal_columns());
    print_headers(table, widths, &line);
    for (size_t i = 0; i < table->n_cells; i++) {
        size_t c = i % table->n_columns;
        const cli_cell *cell = &table->cells[i];
        add_cell(&line, cell->text, cell->len, widths[c], table->kinds[c] == CLI_COLUMN_NUMBER,
                 c + 1 == table->n_columns);
        if (c + 1 == table->n_columns) print_line(&line);
    }
    cli_text_clear(&line);
}

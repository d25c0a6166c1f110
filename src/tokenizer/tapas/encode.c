/* A table and a question to one sequence of tokens.
 * Source: transformers@v4.55.4 models/tapas/tokenization_tapas.py prepare_for_model,
 * _get_truncated_table_rows, _get_table_values, _get_numeric_column_ranks, _get_numeric_relations,
 * _consolidate_numeric_values. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/log.h"
#include "tokenizer/tapas/numeric.h"
#include "tokenizer/tapas/tapas_impl.h"

#include <stdlib.h>
#include <string.h>

/* A token of a cell: it is taken when the first token of its word is among the first so many of the cell. */
typedef struct cell_token {
    uint32_t id;
    int32_t word_start; /* In the cell; -1: there is none. */
} cell_token;

/* The values of a column once it is agreed on what they are. */
typedef struct column {
    ap__numeric_kind kind; /* AP__NUMERIC_NONE: it has no values. */
    unsigned parts;        /* Of dates: what all of them say. */
} column;

/* A value of a row in its column, from 1; 0: none. */
typedef struct rank {
    uint32_t up, down;
} rank;

struct ap__tapas_table {
    const ap__tapas *tapas;
    size_t n_rows, n_columns;
    cell_token *tokens;
    size_t n_tokens, capacity;
    size_t *ends;        /* [1 + n_rows][n_columns] Of the tokens of each cell, the header first. */
    size_t longest;      /* Tokens of the longest cell. */
    column *columns;     /* [n_columns] */
    ap__numeric *values; /* [n_rows][n_columns] */
    rank *ranks;         /* [n_rows][n_columns] */
};

static size_t min(size_t a, size_t b) { return a < b ? a : b; }

/* -- tokens of cells ----------------------------------------------------------------------------------- */

static ap_status add_cell(ap__tapas_table *t, size_t i_cell, const ap__tapas_tokens *tokens, ap_error *err) {
    void *ptr = t->tokens;
    if (!ap__grow(&ptr, &t->capacity, t->n_tokens + tokens->n, sizeof *t->tokens, (size_t)INT32_MAX))
        return ap__fail_nomem(err);
    t->tokens = ptr;
    int32_t word_start = -1;
    for (size_t i = 0; i < tokens->n; i++) {
        if (!tokens->ptr[i].is_inner) word_start = (int32_t)i;
        t->tokens[t->n_tokens++] = (cell_token){tokens->ptr[i].id, word_start};
    }
    t->ends[i_cell] = t->n_tokens;
    if (tokens->n > t->longest) t->longest = tokens->n;
    return AP_OK;
}

static ap_status add_cells(ap__tapas_table *t, const ap__table *table, ap_error *err) {
    ap__tapas_scratch scratch = {0};
    ap__tapas_tokens tokens = {0};
    ap_status status = AP_OK;
    for (size_t i = 0; i < (1 + t->n_rows) * t->n_columns && !status; i++) {
        bool is_header = i < t->n_columns;
        ap__text text = is_header ? table->header[i] : table->cells[i - t->n_columns];
        if (is_header && t->tapas->strip_column_names) text.len = 0;
        tokens.n = 0;
        status =
            ap__tapas_tokenize(&tokens, &scratch, t->tapas, text, is_header ? "column name" : "cell", err);
        if (!status) status = add_cell(t, i, &tokens, err);
    }
    ap__free(tokens.ptr);
    ap__tapas_scratch_clear(&scratch);
    return status;
}

static size_t cell_start(const ap__tapas_table *t, size_t i_cell) { return i_cell ? t->ends[i_cell - 1] : 0; }

/* -- values of columns --------------------------------------------------------------------------------- */

/* The first value of each kind in a text. */
static ap_status read_firsts(ap__numeric firsts[3], ap__text text, ap_error *err) {
    ap__numerics all = {0};
    ap_status status = ap__numerics_read(&all, text, err);
    memset(firsts, 0, 3 * sizeof *firsts);
    for (size_t i = 0; i < all.n && !status; i++)
        if (!firsts[all.ptr[i].kind].kind) firsts[all.ptr[i].kind] = all.ptr[i];
    ap__numerics_clear(&all);
    return status;
}

/* The kind that most cells have, dates before numbers; none when less than 0.7 of the cells have it. */
static ap__numeric_kind consolidate(const size_t counts[3], size_t n_rows) {
    size_t dates = counts[AP__NUMERIC_DATE], numbers = counts[AP__NUMERIC_NUMBER];
    size_t most = dates > numbers ? dates : numbers;
    if (!most || (double)most < (double)n_rows * 0.7) return AP__NUMERIC_NONE;
    return dates == most ? AP__NUMERIC_DATE : AP__NUMERIC_NUMBER;
}

static ap_status read_column(ap__tapas_table *t, const ap__table *table, size_t i_column,
                             ap__numeric (*firsts)[3], ap_error *err) {
    size_t counts[3] = {0};
    column *c = &t->columns[i_column];
    ap_status status = AP_OK;
    for (size_t i = 0; i < t->n_rows && !status; i++) {
        status = read_firsts(firsts[i], table->cells[i * t->n_columns + i_column], err);
        for (size_t k = 1; k < 3 && !status; k++) counts[k] += firsts[i][k].kind != AP__NUMERIC_NONE;
    }
    if (status) return status;
    *c = (column){consolidate(counts, t->n_rows), AP__DATE_ALL};
    for (size_t i = 0; i < t->n_rows; i++) {
        ap__numeric *value = &t->values[i * t->n_columns + i_column];
        if (c->kind) *value = firsts[i][c->kind];
        if (value->kind == AP__NUMERIC_DATE) c->parts &= value->parts;
    }
    return AP_OK;
}

/* Whether values can be ordered: dates have to have something in common. */
static bool is_ordered(ap__numeric_kind kind, unsigned parts) {
    return kind == AP__NUMERIC_NUMBER || (kind && parts);
}

/* A row and its value, for sorting. */
typedef struct sorted {
    const ap__numeric *value;
    size_t i_row;
    unsigned parts;
} sorted;

static int compare_sorted(const void *left, const void *right) {
    const sorted *a = left, *b = right;
    return ap__numeric_compare(a->value, b->value, a->parts);
}

static void rank_column(ap__tapas_table *t, size_t i_column, sorted *rows) {
    const column *c = &t->columns[i_column];
    size_t n = 0;
    uint32_t n_ranks = 0;
    if (!is_ordered(c->kind, c->parts)) return;
    for (size_t i = 0; i < t->n_rows; i++) {
        const ap__numeric *value = &t->values[i * t->n_columns + i_column];
        if (value->kind) rows[n++] = (sorted){value, i, c->parts};
    }
    if (n) qsort(rows, n, sizeof *rows, compare_sorted);
    for (size_t i = 0; i < n; i++) {
        if (!i || compare_sorted(&rows[i - 1], &rows[i]) != 0) n_ranks++;
        t->ranks[rows[i].i_row * t->n_columns + i_column].up = n_ranks;
    }
    for (size_t i = 0; i < n; i++) {
        rank *r = &t->ranks[rows[i].i_row * t->n_columns + i_column];
        r->down = n_ranks - r->up + 1;
    }
}

static ap_status read_columns(ap__tapas_table *t, const ap__table *table, ap_error *err) {
    ap__numeric(*firsts)[3] = ap__calloc(t->n_rows + 1, sizeof *firsts);
    sorted *rows = ap__calloc(t->n_rows + 1, sizeof *rows);
    ap_status status = firsts && rows ? AP_OK : ap__fail_nomem(err);
    for (size_t i = 0; i < t->n_columns && !status; i++) {
        status = read_column(t, table, i, firsts, err);
        if (!status) rank_column(t, i, rows);
    }
    ap__free(rows);
    ap__free(firsts);
    return status;
}

/* -- tables -------------------------------------------------------------------------------------------- */

static ap_status allocate(ap__tapas_table *t, ap_error *err) {
    size_t n_cells = 0, n_all = 0;
    bool fits =
        ap__mul_size(&n_cells, t->n_rows, t->n_columns) && ap__add_size(&n_all, n_cells, t->n_columns);
    if (!fits || n_all > AP__TAPAS_CELLS_MAX)
        return ap__fail(err, AP_ELIMIT, "the table has more than %zu cells", AP__TAPAS_CELLS_MAX);
    t->ends = ap__calloc(n_all + 1, sizeof *t->ends);
    t->columns = ap__calloc(t->n_columns + 1, sizeof *t->columns);
    t->values = ap__calloc(n_cells + 1, sizeof *t->values);
    t->ranks = ap__calloc(n_cells + 1, sizeof *t->ranks);
    return t->ends && t->columns && t->values && t->ranks ? AP_OK : ap__fail_nomem(err);
}

ap_status ap__tapas_table_create(ap__tapas_table **out, const ap__tapas *tapas, const ap__table *table,
                                 ap_error *err) {
    *out = NULL;
    if (table->n_columns >= tapas->max_column_id)
        return ap__fail(err, AP_EINVAL, "the table has %zu columns; the tokenizer takes fewer than %zu",
                        table->n_columns, tapas->max_column_id);
    ap__tapas_table *t = ap__calloc(1, sizeof *t);
    if (!t) return ap__fail_nomem(err);
    t->tapas = tapas;
    t->n_rows = table->n_rows;
    t->n_columns = table->n_columns;
    ap_status status = allocate(t, err);
    if (!status) status = add_cells(t, table, err);
    if (!status) status = read_columns(t, table, err);
    if (status)
        ap__tapas_table_destroy(t);
    else
        *out = t;
    return status;
}

void ap__tapas_table_destroy(ap__tapas_table *table) {
    if (!table) return;
    ap__free(table->tokens);
    ap__free(table->ends);
    ap__free(table->columns);
    ap__free(table->values);
    ap__free(table->ranks);
    ap__free(table);
}

/* -- what fits ----------------------------------------------------------------------------------------- */

/* How much of a table is taken: rows behind the header, and words of a cell by where they begin. */
typedef struct extent {
    size_t n_rows, n_tokens;
} extent;

static bool is_taken(const cell_token *token, size_t n_tokens) {
    return token->word_start < 0 || (size_t)token->word_start < n_tokens;
}

/* Adds (or takes off) the tokens of a row to those that begin at each position of a cell; [0] has those that
 * begin before. */
static void count_row(const ap__tapas_table *t, size_t *counts, size_t i_row, bool is_added) {
    size_t start = cell_start(t, i_row * t->n_columns), end = cell_start(t, (i_row + 1) * t->n_columns);
    for (size_t i = start; i < end; i++) {
        size_t *count = &counts[t->tokens[i].word_start < 0 ? 0 : (size_t)t->tokens[i].word_start];
        *count = is_added ? *count + 1 : *count - 1;
    }
}

/* The most tokens of each cell that fit into the budget.   @return false when the rows do not fit */
static bool fit_tokens(size_t *out, const ap__tapas_table *t, const size_t *counts, int64_t budget) {
    int64_t trim = t->tapas->cell_trim_length;
    size_t most = trim >= 0 && (uint64_t)trim < t->longest ? (size_t)trim : t->longest;
    int64_t cost = 0;
    size_t n = 0;
    for (;; n++) {
        cost += n < t->longest ? (int64_t)counts[n] : 0; /* Of the first n + 1 tokens of each cell. */
        if (cost > budget || n == most) break;
    }
    *out = n;
    return n == most || (trim < 0 && n > 0);
}

/* Leaves out rows at the end until the rest fits. */
static ap_status fit(extent *out, const ap__tapas_table *t, size_t n_question, ap_error *err) {
    size_t limit = t->tapas->config.model_max_length;
    int64_t budget = (int64_t)min(limit, INT64_MAX / 2) - (int64_t)n_question - 2;
    size_t *counts = ap__calloc(t->longest + 1, sizeof *counts);
    if (!counts) return ap__fail_nomem(err);
    for (size_t i = 0; i <= out->n_rows; i++) count_row(t, counts, i, true);
    bool fits = fit_tokens(&out->n_tokens, t, counts, budget);
    while (!fits) {
        if (out->n_rows) count_row(t, counts, out->n_rows, false);
        if (out->n_rows <= 1) {
            out->n_rows = 0;
            out->n_tokens = 1;
            break;
        }
        out->n_rows--;
        fits = fit_tokens(&out->n_tokens, t, counts, budget);
    }
    if (!out->n_tokens) out->n_tokens = 1;
    ap__free(counts);
    return AP_OK;
}

static ap_status find_extent(extent *out, const ap__tapas_table *t, size_t n_question, bool drop_rows,
                             ap_error *err) {
    *out = (extent){t->n_rows, t->longest};
    if (t->n_rows >= t->tapas->max_row_id) {
        if (!drop_rows)
            return ap__fail(
                err, AP_EINVAL,
                "the table has %zu rows; the tokenizer takes fewer than %zu, and truncation is off",
                t->n_rows, t->tapas->max_row_id);
        out->n_rows = t->tapas->max_row_id ? t->tapas->max_row_id - 1 : 0;
    }
    return drop_rows ? fit(out, t, n_question, err) : AP_OK;
}

/* -- relations ----------------------------------------------------------------------------------------- */

/* What a value of the question is to a value of a cell. */
enum { EQUAL = 1, BELOW = 2, ABOVE = 4 };

static uint32_t relation_of(const ap__numeric *value, const column *c, const ap__numeric *cell) {
    unsigned parts = c->parts & value->parts;
    if (cell->kind != value->kind || !is_ordered(value->kind, parts)) return 0;
    int order = ap__numeric_compare(value, cell, parts);
    return order == 0 ? EQUAL : order < 0 ? BELOW : ABOVE;
}

static uint32_t relations_of(const ap__numerics *values, const column *c, const ap__numeric *cell) {
    uint32_t bits = 0;
    for (size_t i = 0; i < values->n && bits != (EQUAL | BELOW | ABOVE); i++)
        bits |= relation_of(&values->ptr[i], c, cell);
    return bits;
}

/* -- the sequence -------------------------------------------------------------------------------------- */

static ap_status allocate_encoding(ap__tapas_encoding *out, size_t n, ap_error *err) {
    size_t size;
    if (!ap__mul_size(&size, n, sizeof *out->ids + sizeof *out->types)) return ap__fail_nomem(err);
    out->memory = ap__calloc(n, sizeof *out->ids + sizeof *out->types);
    if (!out->memory) return ap__fail_nomem(err);
    out->n = n;
    out->types = out->memory;
    out->ids = (uint32_t *)(void *)(out->types + n);
    return AP_OK;
}

static size_t count_taken(const ap__tapas_table *t, const extent *e) {
    size_t n = 0, end = cell_start(t, (e->n_rows + 1) * t->n_columns);
    for (size_t i = 0; i < end; i++) n += is_taken(&t->tokens[i], e->n_tokens);
    return n;
}

/* Writes the tokens of one cell from position `at` on.   @return behind them */
static size_t write_cell(ap__tapas_encoding *out, size_t at, const ap__tapas_table *t, size_t i_cell,
                         const extent *e, uint32_t relation) {
    size_t i_row = i_cell / t->n_columns, i_column = i_cell % t->n_columns;
    rank r = i_row ? t->ranks[i_cell - t->n_columns] : (rank){0, 0};
    for (size_t i = cell_start(t, i_cell); i < t->ends[i_cell]; i++) {
        if (!is_taken(&t->tokens[i], e->n_tokens)) continue;
        const uint32_t types[AP__TAPAS_N_TYPES] = {
            1, (uint32_t)i_column + 1, (uint32_t)i_row, 0, r.up, r.down, relation};
        out->ids[at] = t->tokens[i].id;
        memcpy(out->types[at++], types, sizeof types);
    }
    return at;
}

static void write_table(ap__tapas_encoding *out, size_t at, const ap__tapas_table *t, const extent *e,
                        const ap__numerics *values) {
    for (size_t i = 0; i < (e->n_rows + 1) * t->n_columns; i++) {
        const ap__numeric *cell = i < t->n_columns ? NULL : &t->values[i - t->n_columns];
        uint32_t relation =
            cell && cell->kind ? relations_of(values, &t->columns[i % t->n_columns], cell) : 0;
        at = write_cell(out, at, t, i, e, relation);
    }
}

/* The tokens of the question; one that is too long or too short is left out, with a line in the log. */
static ap_status read_question(ap__tapas_tokens *tokens, ap__numerics *values, const ap__tapas *tapas,
                               ap__text text, ap_error *err) {
    ap__tapas_scratch scratch = {0};
    ap_status status = ap__tapas_tokenize(tokens, &scratch, tapas, text, "query", err);
    ap__tapas_scratch_clear(&scratch);
    if (status) return status;
    bool is_long = tokens->n > tapas->max_question_length;
    if (is_long || tokens->n < tapas->min_question_length) {
        ap__log(AP_LOG_WARNING, "tokenizer: the query is skipped: its %zu tokens are too %s", tokens->n,
                is_long ? "many" : "few");
        tokens->n = 0;
        return AP_OK;
    }
    return ap__numerics_read(values, text, err);
}

static void warn_if_too_long(const ap__tapas *tapas, size_t n) {
    if (n > tapas->config.model_max_length)
        ap__log(AP_LOG_WARNING,
                "tokenizer: the table has %zu tokens, over the model's limit of %zu: running it may fail", n,
                tapas->config.model_max_length);
}

static ap_status write_sequence(ap__tapas_encoding *out, const ap__tapas_table *t,
                                const ap__tapas_tokens *question, const ap__numerics *values, bool drop_rows,
                                ap_error *err) {
    extent e;
    ap_status status = find_extent(&e, t, question->n, drop_rows, err);
    if (!status) status = allocate_encoding(out, question->n + 2 + count_taken(t, &e), err);
    if (status) return status;
    out->ids[0] = t->tapas->config.cls_token_id;
    for (size_t i = 0; i < question->n; i++) out->ids[i + 1] = question->ptr[i].id;
    out->ids[question->n + 1] = t->tapas->config.sep_token_id;
    write_table(out, question->n + 2, t, &e, values);
    warn_if_too_long(t->tapas, out->n);
    return AP_OK;
}

ap_status ap__tapas_encode(ap__tapas_encoding *out, const ap__tapas_table *table, ap__text question,
                           bool drop_rows, ap_error *err) {
    ap__tapas_tokens tokens = {0};
    ap__numerics values = {0};
    *out = (ap__tapas_encoding){0};
    ap_status status = read_question(&tokens, &values, table->tapas, question, err);
    if (!status) status = write_sequence(out, table, &tokens, &values, drop_rows, err);
    ap__numerics_clear(&values);
    ap__free(tokens.ptr);
    return status;
}

void ap__tapas_encoding_clear(ap__tapas_encoding *encoding) {
    ap__free(encoding->memory);
    *encoding = (ap__tapas_encoding){0};
}

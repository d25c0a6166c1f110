/* table-question-answering, from the model on: questions in sequence, and cells from the logits of their
 * tokens. Source: transformers@v4.55.4 pipelines/table_question_answering.py sequential_inference,
 * postprocess; models/tapas/tokenization_tapas.py convert_logits_to_predictions. */
#include "base/alloc.h"
#include "base/buf.h"
#include "base/error.h"
#include "tasks/table_question_answering.h"
#include "tensor/convert.h"
#include "tensor/math.h"
#include "value/params.h"

#include <math.h>
#include <string.h>

/* A cell is an answer from this probability on, the mean of its tokens'. */
static const double THRESHOLD = 0.5;

/* -- cells of one question ----------------------------------------------------------------------------- */

/* The mean probability of every cell. */
typedef struct cells {
    size_t n_rows, n_columns;
    double *sums;     /* [n_rows][n_columns] */
    size_t *n_tokens; /* [n_rows][n_columns] 0: the cell is not in the sequence. */
} cells;

static ap_status cells_create(cells *out, size_t n_rows, size_t n_columns, ap_error *err) {
    size_t n = 0;
    *out = (cells){.n_rows = n_rows, .n_columns = n_columns};
    if (!ap__mul_size(&n, n_rows, n_columns) || n > AP__TAPAS_CELLS_MAX)
        return ap__fail(err, AP_ELIMIT, "the table has more than %zu cells", AP__TAPAS_CELLS_MAX);
    out->sums = ap__calloc(n + 1, sizeof *out->sums);
    out->n_tokens = ap__calloc(n + 1, sizeof *out->n_tokens);
    return out->sums && out->n_tokens ? AP_OK : ap__fail_nomem(err);
}

static void cells_clear(cells *c) {
    ap__free(c->sums);
    ap__free(c->n_tokens);
    *c = (cells){0};
}

/* One question: what its tokens are, and how the model rates them. */
typedef struct question {
    const ap_tensor_view *mask, *types; /* [n_rows, n], [n_rows, n, 7]: integers. */
    size_t i_row, n;
    const float *logits; /* [n] */
} question;

static int64_t type_of(const question *q, size_t i, size_t type) {
    int64_t value = 0;
    (void)ap__element_as_int(&value, q->types, (q->i_row * q->n + i) * AP__TAPAS_N_TYPES + type);
    return value;
}

/* The index of the cell that a token belongs to, SIZE_MAX: none.   @return AP_EINVAL outside of the table */
static ap_status cell_of(size_t *out, const question *q, size_t i, const cells *c, ap_error *err) {
    int64_t row = type_of(q, i, AP__TAPAS_ROW), column = type_of(q, i, AP__TAPAS_COLUMN);
    *out = SIZE_MAX;
    if (type_of(q, i, AP__TAPAS_SEGMENT) != 1 || row < 1 || column < 1) return AP_OK;
    if ((uint64_t)row > c->n_rows || (uint64_t)column > c->n_columns)
        return ap__fail(err, AP_EINVAL,
                        "token_type_ids: row %lld, column %lld of a table of %zu rows and %zu columns",
                        (long long)row, (long long)column, c->n_rows, c->n_columns);
    *out = (size_t)(row - 1) * c->n_columns + (size_t)(column - 1);
    return AP_OK;
}

static ap_status rate_cells(cells *c, const question *q, ap_error *err) {
    ap_status status = AP_OK;
    for (size_t i = 0; i < q->n && !status; i++) {
        size_t cell;
        int64_t mask = 0;
        if ((status = cell_of(&cell, q, i, c, err)) || cell == SIZE_MAX) continue;
        (void)ap__element_as_int(&mask, q->mask, q->i_row * q->n + i);
        float logit = q->logits[i] < -88.7f ? -88.7f : q->logits[i];
        float probability = 1 / (1 + expf(-logit)) * (float)mask;
        c->sums[cell] += (double)probability;
        c->n_tokens[cell]++;
    }
    return status;
}

static bool is_answer(const cells *c, size_t cell) {
    return c->n_tokens[cell] && c->sums[cell] / (double)c->n_tokens[cell] > THRESHOLD;
}

/* -- questions in sequence ----------------------------------------------------------------------------- */

/* A copy of one row of a tensor. */
static ap_status copy_row(ap__tensor **out, ap__tensor *tensor, size_t i_row, ap_error *err) {
    const ap_tensor_view *view = ap__tensor_get_view(tensor);
    int64_t shape[AP_TENSOR_MAX_RANK];
    memcpy(shape, view->shape, sizeof shape);
    shape[0] = 1;
    ap_status status = ap__tensor_create(out, view->dtype, shape, view->rank, err);
    if (status) return status;
    size_t size = ap__tensor_get_view(*out)->size_bytes;
    if (size) memcpy(ap__tensor_data(*out), (const char *)view->data + i_row * size, size);
    return AP_OK;
}

static void set_int(void *data, ap_dtype dtype, size_t at, int64_t value) {
    if (dtype == AP_DTYPE_I32)
        ((int32_t *)data)[at] = (int32_t)value;
    else
        ((int64_t *)data)[at] = value;
}

/* Labels a question's tokens with whether their cells answered the question before it. */
static ap_status set_labels(ap__tensor *types, const question *q, const cells *previous, ap_error *err) {
    ap_dtype dtype = ap__tensor_get_view(types)->dtype;
    ap_status status = AP_OK;
    for (size_t i = 0; i < q->n && !status; i++) {
        size_t cell, at = i * AP__TAPAS_N_TYPES + AP__TAPAS_PREVIOUS_LABEL;
        if ((status = cell_of(&cell, q, i, previous, err))) return status;
        if (cell != SIZE_MAX && !previous->n_tokens[cell])
            return ap__fail(
                err, AP_EKEY,
                "query %zu: row %zu, column %zu was left out of the query before it, whose answers count "
                "here; a shorter table fits both",
                q->i_row, cell / previous->n_columns, cell % previous->n_columns);
        set_int(ap__tensor_data(types), dtype, at, cell != SIZE_MAX && is_answer(previous, cell));
    }
    return status;
}

static ap_status make_inputs(ap_value *dict, const ap_value *inputs, const question *q, const cells *previous,
                             ap_error *err) {
    ap_status status = AP_OK;
    ap__value_set_dict(dict);
    for (size_t i = 0; i < ap_value_len(inputs) && !status; i++) {
        const char *name;
        ap__tensor *row = NULL;
        ap__tensor *tensor = ap__value_tensor(ap_value_dict_at(inputs, i, &name));
        status = copy_row(&row, tensor, q->i_row, err);
        if (!status && previous && strcmp(name, "token_type_ids") == 0)
            status = set_labels(row, q, previous, err);
        if (status)
            ap__tensor_unref(row);
        else
            status = ap__dict_set_tensor_take(dict, name, row, err);
    }
    return status;
}

/* Appends the float elements of an output of one question to those of all. */
static ap_status keep_output(ap_value *out, const ap_value *of_one, const char *name, size_t i_row,
                             size_t n_rows, ap_error *err) {
    ap__tensor *all = ap__value_tensor(ap_value_dict_get(out, name)), *one = ap__value_tensor(of_one);
    const ap_tensor_view *view = ap__tensor_get_view(one);
    if (view->rank != 2 || view->shape[0] != 1)
        return ap__fail(err, AP_EINVAL, "model output %s: expected one row for one query", name);
    size_t n = (size_t)view->shape[1];
    if (!all) {
        const int64_t shape[2] = {(int64_t)n_rows, view->shape[1]};
        ap_status status = ap__tensor_create(&all, AP_DTYPE_F32, shape, 2, err);
        if (!status) status = ap__dict_set_tensor_take(out, name, all, err);
        if (status) return status;
    }
    if (ap__tensor_get_view(all)->shape[1] != view->shape[1])
        return ap__fail(err, AP_EINVAL, "model output %s: its rows differ in length", name);
    ap__elements_as_float((float *)ap__tensor_data(all) + i_row * n, view, 0, n);
    return AP_OK;
}

static ap_status keep_outputs(ap_value *out, const ap_value *of_one, size_t i_row, size_t n_rows,
                              ap_error *err) {
    ap_status status = AP_OK;
    for (size_t i = 0; i < ap_value_len(of_one) && !status; i++) {
        const char *name;
        const ap_value *item = ap_value_dict_at(of_one, i, &name);
        status = keep_output(out, item, name, i_row, n_rows, err);
    }
    return status;
}

static ap_status need_tensor(ap__tensor **out, const ap_value *dict, const char *name, uint32_t rank,
                             const int64_t *shape, ap_error *err) {
    *out = ap__value_tensor(ap_value_dict_get(dict, name));
    if (!*out) return ap__fail(err, AP_EINVAL, "expected a tensor \"%s\", found none", name);
    return ap__expect_shape(*out, name, AP_DTYPE_NONE, rank, shape, err);
}

/* Runs one question; `current` becomes the ratings of its cells. */
static ap_status run_question(ap_value *out, const ap_task_context *ctx, const ap_value *inputs, question *q,
                              size_t n_rows, cells *current, const cells *previous, ap_error *err) {
    ap_value row = {0}, *of_one = NULL;
    ap__tensor *logits = NULL;
    ap_status status = make_inputs(&row, inputs, q, previous, err);
    if (!status) status = ap__context_run_model(&of_one, ctx, &row, err);
    if (!status) status = keep_outputs(out, of_one, q->i_row, n_rows, err);
    const int64_t shape[2] = {(int64_t)n_rows, (int64_t)q->n};
    if (!status) status = need_tensor(&logits, out, "logits", 2, shape, err);
    if (!status) {
        q->logits = (const float *)ap__tensor_get_view(logits)->data + q->i_row * q->n;
        status = rate_cells(current, q, err);
    }
    ap_value_destroy(of_one);
    ap__value_clear(&row);
    return status;
}

/* The extent of the table that the tokens name. */
static void find_extent(size_t *n_rows, size_t *n_columns, const ap_tensor_view *types) {
    size_t n = (size_t)(types->shape[0] * types->shape[1]);
    *n_rows = *n_columns = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t row = 0, column = 0;
        (void)ap__element_as_int(&row, types, i * AP__TAPAS_N_TYPES + AP__TAPAS_ROW);
        (void)ap__element_as_int(&column, types, i * AP__TAPAS_N_TYPES + AP__TAPAS_COLUMN);
        if (row > 0 && (uint64_t)row > *n_rows) *n_rows = (size_t)row;
        if (column > 0 && (uint64_t)column > *n_columns) *n_columns = (size_t)column;
    }
}

static ap_status run_in_sequence(ap_value *out, const ap_task_context *ctx, const ap_value *inputs,
                                 ap_error *err) {
    static const int64_t any[3] = {-1, -1, AP__TAPAS_N_TYPES};
    ap__tensor *mask, *types;
    size_t n_rows, n_columns;
    cells of[2] = {{0}, {0}};
    ap_status status = need_tensor(&mask, inputs, "attention_mask", 2, any, err);
    if (!status) status = need_tensor(&types, inputs, "token_type_ids", 3, any, err);
    if (status) return status;
    const ap_tensor_view *view = ap__tensor_get_view(types);
    if (view->dtype != AP_DTYPE_I64 && view->dtype != AP_DTYPE_I32)
        return ap__fail(err, AP_EUNSUPPORTED, "input token_type_ids: %s is not supported",
                        ap_dtype_name(view->dtype));
    find_extent(&n_rows, &n_columns, view);
    for (size_t i = 0; i < (size_t)view->shape[0] && !status; i++) {
        question q = {ap__tensor_get_view(mask), view, i, (size_t)view->shape[1], NULL};
        cells_clear(&of[i % 2]);
        status = cells_create(&of[i % 2], n_rows, n_columns, err);
        if (!status)
            status = run_question(out, ctx, inputs, &q, (size_t)view->shape[0], &of[i % 2],
                                  i ? &of[(i + 1) % 2] : NULL, err);
    }
    cells_clear(&of[0]);
    cells_clear(&of[1]);
    return status;
}

ap_status ap__tqa_forward(const ap_task_context *ctx, const void *bound, ap_value **out,
                          const ap_value *inputs, ap_error *err) {
    const ap__tqa_opts *o = bound;
    if (!ap__opt_boolean(&o->sequential, false)) return AP_OK;
    ap_status status = ap_value_create_dict(out, err);
    if (!status && (status = run_in_sequence(*out, ctx, inputs, err))) {
        ap_value_destroy(*out);
        *out = NULL;
    }
    return status;
}

/* -- answers ------------------------------------------------------------------------------------------- */

/* What is done with the cells of an answer. */
typedef struct aggregator {
    const char *label; /* NULL: the model does not say. */
    size_t len;
    bool is_shown; /* In the answer: "SUM > ...". */
} aggregator;

/* The state of all questions of one table. */
typedef struct answering {
    const ap_task_context *ctx;
    const ap_value *table; /* A list of rows. */
    ap_value *list;
    aggregator *aggregators; /* Of each question. */
    size_t n_questions, capacity;
    ap__buf text; /* Scratch. */
} answering;

static bool has_aggregation(const ap_task_context *ctx) {
    const ap_value *labels = ap_value_dict_get(ctx->config->json, "aggregation_labels");
    return ap_value_len(labels) &&
           ap_value_get_int(ap_value_dict_get(ctx->config->json, "num_aggregation_labels"));
}

/* config.json: aggregation_labels[index], a dict with ids as keys or a list. */
static const ap_value *label_of(const ap_task_context *ctx, size_t index) {
    const ap_value *labels = ap_value_dict_get(ctx->config->json, "aggregation_labels");
    for (size_t i = 0; ap_value_kind(labels) == AP_KIND_DICT && i < ap_value_len(labels); i++) {
        const char *key;
        const ap_value *label = ap_value_dict_at(labels, i, &key);
        size_t id = 0;
        while (*key >= '0' && *key <= '9' && id < 1000000) id = id * 10 + (size_t)(*key++ - '0');
        if (!*key && id == index) return label;
    }
    return ap_value_list_get(labels, index);
}

static ap_status find_aggregator(aggregator *out, const ap_task_context *ctx, const ap_value *output,
                                 size_t i_row, ap_error *err) {
    static const int64_t any[2] = {-1, -1};
    ap__tensor *logits;
    *out = (aggregator){0};
    if (!has_aggregation(ctx)) return AP_OK;
    ap_status status = need_tensor(&logits, output, "logits_aggregation", 2, any, err);
    if (status) return status;
    const ap_tensor_view *view = ap__tensor_get_view(logits);
    size_t n = (size_t)view->shape[1];
    if (!n || i_row >= (size_t)view->shape[0])
        return ap__fail(err, AP_EINVAL, "logits_aggregation: a row is missing");
    float *row = ap__calloc(n, sizeof *row);
    if (!row) return ap__fail_nomem(err);
    ap__elements_as_float(row, view, i_row * n, n);
    size_t best = ap__argmax(row, n);
    ap__free(row);
    out->label = ap_value_get_string(label_of(ctx, best), &out->len);
    if (!out->label)
        return ap__fail(err, AP_EKEY, "%s: aggregation_labels has no label %zu", ctx->config->source, best);
    const ap_value *none = ap_value_dict_get(ctx->config->json, "no_aggregation_label_index");
    out->is_shown = ap_value_kind(none) != AP_KIND_INT || ap_value_get_int(none) != (int64_t)best;
    return AP_OK;
}

/* -- one answer */

/* {"answer": "SUM > a, b", "coordinates": [[row, column], ...], "cells": [...], "aggregator": "SUM"} */
typedef struct answer {
    ap_value *dict, *coordinates, *cells;
} answer;

static ap_status add_cell(answer *to, ap__buf *text, size_t row, size_t column, const ap_value *cell,
                          ap_error *err) {
    size_t len;
    ap_value *pair, *slot;
    const char *ptr = ap_value_get_string(cell, &len);
    if (!ptr) return ap__fail(err, AP_EINVAL, "model outputs: \"table\" has no cell %zu, %zu", row, column);
    ap_status status = ap_value_len(to->cells) ? ap__buf_puts(text, ", ", err) : AP_OK;
    if (!status) status = ap__buf_append(text, ptr, len, err);
    if (!status) status = ap__list_add_text(to->cells, ptr, len, err);
    if (!status) status = ap__list_add(&pair, to->coordinates, err);
    if (status) return status;
    ap__value_set_list(pair);
    if (!(status = ap__list_add(&slot, pair, err))) ap__value_set_int(slot, (int64_t)row);
    if (!status && !(status = ap__list_add(&slot, pair, err))) ap__value_set_int(slot, (int64_t)column);
    return status;
}

static ap_status add_cells(answer *to, answering *a, const cells *rated, ap_error *err) {
    ap_status status = AP_OK;
    for (size_t i = 0; i < rated->n_rows * rated->n_columns && !status; i++) {
        size_t row = i / rated->n_columns, column = i % rated->n_columns;
        if (!is_answer(rated, i)) continue;
        status = add_cell(to, &a->text, row, column,
                          ap_value_list_get(ap_value_list_get(a->table, row), column), err);
    }
    return status;
}

/* The reference numbers answers by themselves: where a question has no tokens of the table, and so no answer,
 * the aggregators of those behind it move up. */
static ap_status add_answer(answering *a, const cells *rated, ap_error *err) {
    size_t index = ap_value_len(a->list);
    const aggregator *how = &a->aggregators[index];
    answer to = {0};
    ap_value lists[2] = {{0}, {0}}, *slot;
    to.coordinates = &lists[0], to.cells = &lists[1];
    ap__value_set_list(to.coordinates);
    ap__value_set_list(to.cells);
    ap__buf_reset(&a->text);
    ap_status status = ap__list_add(&to.dict, a->list, err);
    if (!status) ap__value_set_dict(to.dict);
    if (!status && how->is_shown) status = ap__buf_append(&a->text, how->label, how->len, err);
    if (!status && how->is_shown) status = ap__buf_puts(&a->text, " > ", err);
    if (!status) status = add_cells(&to, a, rated, err);
    if (!status) status = ap__dict_add(&slot, to.dict, "answer", 6, err);
    if (!status) status = ap__value_set_string(slot, ap__buf_text(&a->text), a->text.len, err);
    static const char *const names[] = {"coordinates", "cells"};
    for (size_t i = 0; i < 2 && !status; i++) {
        if ((status = ap__dict_add(&slot, to.dict, names[i], strlen(names[i]), err))) break;
        *slot = lists[i];
        lists[i] = (ap_value){0};
    }
    if (!status && how->len) status = ap__dict_add(&slot, to.dict, "aggregator", 10, err);
    if (!status && how->len) status = ap__value_set_string(slot, how->label, how->len, err);
    ap__value_clear(&lists[0]);
    ap__value_clear(&lists[1]);
    return status;
}

/* -- all of them */

static bool has_table_tokens(const question *q) {
    for (size_t i = 0; i < q->n; i++)
        if (type_of(q, i, AP__TAPAS_ROW) > 0 || type_of(q, i, AP__TAPAS_COLUMN) > 0) return true;
    return false;
}

static ap_status answer_question(answering *a, const question *q, ap_error *err) {
    cells rated;
    if (!has_table_tokens(q)) return AP_OK;
    size_t n_columns = ap_value_len(ap_value_list_get(a->table, 0));
    ap_status status = cells_create(&rated, ap_value_len(a->table), n_columns, err);
    if (!status) status = rate_cells(&rated, q, err);
    if (!status) status = add_answer(a, &rated, err);
    cells_clear(&rated);
    return status;
}

/* The tensors of one output, and its logits as floats (owned). */
static ap_status read_output(question *q, size_t *n_rows, float **logits, const ap_value *output,
                             ap_error *err) {
    const int64_t any[3] = {-1, -1, AP__TAPAS_N_TYPES};
    ap__tensor *types, *mask, *tensor;
    *logits = NULL;
    ap_status status = need_tensor(&types, output, "token_type_ids", 3, any, err);
    if (status) return status;
    q->types = ap__tensor_get_view(types);
    status = need_tensor(&mask, output, "attention_mask", 2, q->types->shape, err);
    if (!status) status = need_tensor(&tensor, output, "logits", 2, q->types->shape, err);
    if (status) return status;
    q->mask = ap__tensor_get_view(mask);
    q->n = (size_t)q->types->shape[1];
    *n_rows = (size_t)q->types->shape[0];
    *logits = ap__calloc(ap__tensor_n_elements(tensor) + 1, sizeof **logits);
    if (!*logits) return ap__fail_nomem(err);
    ap__elements_as_float(*logits, ap__tensor_get_view(tensor), 0, ap__tensor_n_elements(tensor));
    return AP_OK;
}

static ap_status add_aggregators(answering *a, const ap_value *output, size_t n_rows, ap_error *err) {
    ap_status status = AP_OK;
    for (size_t i = 0; i < n_rows && !status; i++) {
        void *ptr = a->aggregators;
        if (!ap__grow(&ptr, &a->capacity, a->n_questions + 1, sizeof *a->aggregators, SIZE_MAX / 64))
            return ap__fail_nomem(err);
        a->aggregators = ptr;
        status = find_aggregator(&a->aggregators[a->n_questions++], a->ctx, output, i, err);
    }
    return status;
}

static ap_status answer_output(answering *a, const ap_value *output, ap_error *err) {
    question q = {0};
    size_t n_rows = 0;
    float *logits;
    ap_status status = read_output(&q, &n_rows, &logits, output, err);
    if (!status) status = add_aggregators(a, output, n_rows, err);
    for (q.i_row = 0; q.i_row < n_rows && !status; q.i_row++) {
        q.logits = logits + q.i_row * q.n;
        status = answer_question(a, &q, err);
    }
    ap__free(logits);
    return status;
}

/* One answer stands alone, several are a list. */
static ap_status finish(ap_value **out, answering *a, ap_error *err) {
    if (!ap_value_len(a->list))
        return ap__fail(err, AP_EINVAL,
                        "no token of the table fits beside the question; make the question shorter");
    if (ap_value_len(a->list) > 1) {
        *out = a->list;
        a->list = NULL;
        return AP_OK;
    }
    ap_status status = ap_value_create_null(out, err);
    if (status) return status;
    ap_value *only = ap__list_item(a->list, 0);
    **out = *only;
    *only = (ap_value){0};
    return AP_OK;
}

ap_status ap__tqa_postprocess(const ap_task_context *ctx, const void *bound, ap_value **out,
                              ap_value *const *outputs, size_t n_outputs, ap_error *err) {
    answering a = {.ctx = ctx};
    (void)bound;
    *out = NULL;
    a.table = n_outputs ? ap_value_dict_get(outputs[0], "table") : NULL;
    if (ap_value_kind(a.table) != AP_KIND_LIST)
        return ap__fail(err, AP_EINVAL, "model outputs: the first has no \"table\"");
    ap_status status = ap_value_create_list(&a.list, err);
    for (size_t i = 0; i < n_outputs && !status; i++) status = answer_output(&a, outputs[i], err);
    if (!status) status = finish(out, &a, err);
    ap_value_destroy(a.list);
    ap__free(a.aggregators);
    ap__buf_clear(&a.text);
    return status;
}

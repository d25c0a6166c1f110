/* The parts of table-question-answering: inputs (table_question_answering.c), tables of values
 * (table_question_answering_table.c), and answers (table_question_answering_answers.c). */
#ifndef AP_TASKS_TABLE_QUESTION_ANSWERING_H
#define AP_TASKS_TABLE_QUESTION_ANSWERING_H

#include "pipeline/context.h"

typedef struct ap__tqa_opts {
    ap_opt table, query;
    ap_opt padding, truncation, sequential;
} ap__tqa_opts;

/* A table of texts that are borrowed from a value.
 * @param value a dict of columns, or a list of rows that are dicts, as pandas.DataFrame() takes them.
 * @param[out] memory owned: of the arrays; ap__free() it, also after a failure.
 * @return AP_EINVAL no table, or an empty one; AP_ETYPE a cell that is no text; AP_ELIMIT; AP_ENOMEM */
ap_status ap__tqa_read_table(ap__table *out, void **memory, const ap_value *value, ap_error *err);

/* Questions one after the other, each with the answers to the one before it; otherwise *out stays NULL. */
ap_status ap__tqa_forward(const ap_task_context *ctx, const void *bound, ap_value **out,
                          const ap_value *inputs, ap_error *err);

/* Outputs of all questions about one table; the first carries its "table", a list of rows. */
ap_status ap__tqa_postprocess(const ap_task_context *ctx, const void *bound, ap_value **out,
                              ap_value *const *outputs, size_t n_outputs, ap_error *err);

#endif

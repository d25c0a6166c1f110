/* The two halves of question-answering: windows (question_answering.c), and answers
 * (question_answering_answers.c). */
#ifndef AP_TASKS_QUESTION_ANSWERING_H
#define AP_TASKS_QUESTION_ANSWERING_H

#include "pipeline/context.h"

typedef struct ap__qa_opts {
    ap_opt question, context, data, X;
    ap_opt padding, doc_stride, max_seq_len, max_question_len;
    ap_opt top_k, topk, max_answer_len, handle_impossible_answer, align_to_words;
} ap__qa_opts;

/* Adds to a feed what ap__qa_postprocess() has to know of its window: p_mask [1, n] (1: no answer begins or
 * ends there), word_ids and sequence_ids [1, n] (-1: none), offset_mapping [1, n, 2] in characters. */
ap_status ap__qa_carry(ap_value *feed, const ap_task_context *ctx, const ap__encoding *window, ap_error *err);

/* The windows of one text to its answers; the first one has its "context". */
ap_status ap__qa_postprocess(const ap_task_context *ctx, const void *bound, ap_value **out,
                             ap_value *const *outputs, size_t n_outputs, ap_error *err);

#endif

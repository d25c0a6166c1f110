/* Answers in a text: from the logits of where one begins and ends to the best spans.
 * Source: transformers@v4.55.4 pipelines/question_answering.py select_starts_ends, decode_spans. */
#ifndef AP_PIPELINE_ANSWER_SPANS_H
#define AP_PIPELINE_ANSWER_SPANS_H

#include "value/value.h"

/* Tokens [start, end], both included. */
typedef struct ap__answer_span {
    uint32_t start, end;
    float score;
} ap__answer_span;

/* What is asked of one window. */
typedef struct ap__answer_query {
    const uint8_t *is_allowed; /* [n] Tokens that an answer may begin or end with. */
    size_t n;
    int64_t top_k, max_answer_len; /* At least 1 each. */
} ap__answer_query;

typedef struct ap__answer_spans {
    ap__answer_span *ptr; /* Owned: ap__answer_spans_clear(). From the best to the worst. */
    size_t n;
    float null_score; /* Of token 0, which stands for "there is no answer". */
} ap__answer_spans;

/* The top_k best spans, but for those that begin or end where none may. Of equal scores the first in the
 * order of (start, end) is the better one; numpy, which the reference asks, leaves that open.
 * @param start, end [n] logits; overwritten. */
ap_status ap__answer_spans_find(ap__answer_spans *out, float *start, float *end,
                                const ap__answer_query *query, ap_error *err);
void ap__answer_spans_clear(ap__answer_spans *spans);

/* The logits of one window as floats: two arrays [n] in one block, to be freed with ap__free().
 * @param output has the tensors "start_logits" and "end_logits", [1, n].
 * @return AP_EINVAL a tensor is missing or of another shape. */
ap_status ap__answer_logits(float **start, float **end, size_t n, const ap_value *output, ap_error *err);

#endif

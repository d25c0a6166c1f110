/* question-answering, second half: from the windows' logits to answers in the text.
 * Source: transformers@v4.55.4 pipelines/question_answering.py postprocess, get_indices, get_answer;
 * huggingface/tokenizers@v0.21.4 tokenizer/encoding.rs token_to_word, word_to_chars. */
#include "base/alloc.h"
#include "base/char_index.h"
#include "base/error.h"
#include "pipeline/answer_spans.h"
#include "pipeline/tokenize.h"
#include "tasks/question_answering.h"
#include "tokenizer/python_text.h"
#include "value/params.h"

#include <stdlib.h>
#include <string.h>

/* Most answers of one text that are looked at. */
#define ANSWERS_MAX ((size_t)1 << 26)

/* -- what a window carries ----------------------------------------------------------------------------- */

static bool is_left_padded(const ap_task_context *ctx) {
    return ap__tokenizer_get_config(ctx->tokenizer)->padding_side == AP__SIDE_LEFT;
}

/* Answers are in the text; the class token may stand for "none". Where padding stands on the left, the
 * reference leaves everything but padding open. */
static void fill_mask(int64_t *p_mask, const ap_task_context *ctx, const ap__encoding *window) {
    bool is_left = is_left_padded(ctx);
    uint32_t cls = ap__tokenizer_get_config(ctx->tokenizer)->cls_token_id;
    for (size_t i = 0; i < window->n; i++) {
        bool is_open = is_left || window->sequence_ids[i] == 1;
        if (cls != AP__TOKEN_NONE && window->ids[i] == cls) is_open = true;
        p_mask[i] = !is_open || !window->attention_mask[i];
    }
}

static int64_t or_none(uint32_t id) { return id == AP__TOKEN_NONE ? -1 : (int64_t)id; }

ap_status ap__qa_carry(ap_value *feed, const ap_task_context *ctx, const ap__encoding *window,
                       ap_error *err) {
    int64_t *p_mask, *words, *sequences, *offsets;
    size_t n = window->n;
    ap_status status = ap__feed_add_ints(&p_mask, feed, "p_mask", n, 1, err);
    if (!status) status = ap__feed_add_ints(&words, feed, "word_ids", n, 1, err);
    if (!status) status = ap__feed_add_ints(&sequences, feed, "sequence_ids", n, 1, err);
    if (!status) status = ap__feed_add_ints(&offsets, feed, "offset_mapping", n, 2, err);
    if (status) return status;
    fill_mask(p_mask, ctx, window);
    for (size_t i = 0; i < n; i++) {
        words[i] = or_none(window->word_ids[i]);
        sequences[i] = or_none(window->sequence_ids[i]);
        offsets[2 * i] = window->offsets_chars[i].start;
        offsets[2 * i + 1] = window->offsets_chars[i].end;
    }
    return AP_OK;
}

/* -- reading it back ----------------------------------------------------------------------------------- */

typedef struct window {
    size_t n;
    const int64_t *p_mask, *words, *sequences, *offsets;
    int64_t sequence; /* Of the text with the answers. */
    size_t n_pads; /* That the reference takes off positions: the pad tokens, where they stand on the left. */
} window;

/* The int64 elements of a carried tensor [1, n] or [1, n, 2]; the first of them sets n. */
static ap_status get_ints(const int64_t **out, size_t *n, const ap_value *output, const char *name,
                          uint32_t rank, ap_error *err) {
    const int64_t expected[3] = {1, *n == SIZE_MAX ? -1 : (int64_t)*n, 2};
    ap__tensor *tensor = ap__value_tensor(ap_value_dict_get(output, name));
    if (!tensor) return ap__fail(err, AP_EINVAL, "model outputs: expected a tensor \"%s\", found none", name);
    ap_status status = ap__expect_shape(tensor, name, AP_DTYPE_I64, rank, expected, err);
    if (status) return status;
    const ap_tensor_view *view = ap__tensor_get_view(tensor);
    *n = (size_t)view->shape[1];
    *out = view->data;
    return AP_OK;
}

static ap_status count_pads(size_t *out, const ap_task_context *ctx, const ap_value *output, size_t n,
                            ap_error *err) {
    const int64_t *ids = NULL;
    uint32_t pad = ap__tokenizer_get_config(ctx->tokenizer)->pad_token_id;
    ap_status status = get_ints(&ids, &n, output, "input_ids", 2, err);
    for (size_t i = 0; i < n && !status; i++) *out += pad != AP__TOKEN_NONE && ids[i] == (int64_t)pad;
    return status;
}

static ap_status read_window(window *out, const ap_task_context *ctx, const ap_value *output, ap_error *err) {
    *out = (window){.n = SIZE_MAX, .sequence = is_left_padded(ctx) ? 0 : 1};
    ap_status status = get_ints(&out->p_mask, &out->n, output, "p_mask", 2, err);
    if (!status) status = get_ints(&out->words, &out->n, output, "word_ids", 2, err);
    if (!status) status = get_ints(&out->sequences, &out->n, output, "sequence_ids", 2, err);
    if (!status) status = get_ints(&out->offsets, &out->n, output, "offset_mapping", 3, err);
    if (!status && is_left_padded(ctx)) status = count_pads(&out->n_pads, ctx, output, out->n, err);
    return status;
}

/* -- from tokens to characters ------------------------------------------------------------------------- */

/* Characters [start, end) of the text; Python's slice is empty when start is not before end. */
typedef struct char_span {
    int64_t start, end;
} char_span;

/* The characters of a word of the text in this window.   @return false when it has no such word */
static bool word_to_chars(char_span *out, const window *w, int64_t word) {
    bool found = false;
    for (size_t i = 0; i < w->n; i++) {
        if (w->sequences[i] != w->sequence) continue;
        if (w->words[i] > word) break;
        if (w->words[i] != word) continue;
        if (!found) out->start = w->offsets[2 * i];
        out->end = w->offsets[2 * i + 1];
        found = true;
    }
    return found;
}

/* The words around two tokens; false where a token has none. */
static bool align(char_span *out, const window *w, int64_t start, int64_t end) {
    char_span first, last;
    if (start < 0 || end < 0 || w->words[start] < 0 || w->words[end] < 0) return false;
    if (!word_to_chars(&first, w, w->words[start]) || !word_to_chars(&last, w, w->words[end])) return false;
    *out = (char_span){first.start, last.end};
    return true;
}

static char_span span_to_chars(const window *w, const ap__answer_span *span, bool align_to_words) {
    int64_t start = (int64_t)span->start - (int64_t)w->n_pads, end = (int64_t)span->end - (int64_t)w->n_pads;
    char_span chars;
    if (align_to_words && align(&chars, w, start, end)) return chars;
    if (start < 0) start += (int64_t)w->n; /* As Python's lists count. */
    if (end < 0) end += (int64_t)w->n;
    return (char_span){w->offsets[2 * start], w->offsets[2 * end + 1]};
}

/* -- answers ------------------------------------------------------------------------------------------- */

typedef struct answer {
    double score;
    char_span chars;
    size_t order; /* Of finding: equal scores keep it. */
} answer;

typedef struct answers {
    answer *ptr;
    size_t n, capacity;
    ap_value by_text; /* A dict: the lower-case text of each to its index. */
    ap__buf lower;    /* Scratch. */
    ap__char_index text;
} answers;

static ap__text slice(const ap__char_index *text, const char_span *chars) {
    if (chars->end <= chars->start) return (ap__text){"", 0};
    size_t start = ap__char_index_byte(text, (size_t)chars->start),
           end = ap__char_index_byte(text, (size_t)chars->end);
    return (ap__text){text->text + start, end - start};
}

static ap_status append(answers *a, const answer *new, ap_error *err) {
    void *ptr = a->ptr;
    if (!ap__grow(&ptr, &a->capacity, a->n + 1, sizeof *a->ptr, ANSWERS_MAX)) return ap__fail_nomem(err);
    a->ptr = ptr;
    a->ptr[a->n] = *new;
    a->ptr[a->n].order = a->n;
    a->n++;
    return AP_OK;
}

/* An answer whose text is there already, but for case, adds its score to that. */
static ap_status add_answer(answers *a, const answer *new, ap_error *err) {
    ap_value *slot;
    a->lower.len = 0;
    ap_status status = ap__py_lower(&a->lower, slice(&a->text, &new->chars), err);
    if (!status) status = ap__dict_add(&slot, &a->by_text, ap__buf_text(&a->lower), a->lower.len, err);
    if (status) return status;
    if (ap_value_kind(slot) == AP_KIND_INT) {
        a->ptr[ap_value_get_int(slot)].score += new->score;
        return AP_OK;
    }
    ap__value_set_int(slot, (int64_t)a->n);
    return append(a, new, err);
}

static int64_t n_candidates(const ap__qa_opts *o) {
    int64_t top_k = ap__opt_integer(&o->top_k, 1);
    if (top_k > INT32_MAX) top_k = INT32_MAX; /* More than any window has. */
    return ap__opt_boolean(&o->align_to_words, true) ? top_k * 2 + 10 : top_k;
}

static ap_status find_spans(ap__answer_spans *out, const ap__qa_opts *o, const window *w,
                            const ap_value *output, ap_error *err) {
    float *start, *end;
    *out = (ap__answer_spans){0};
    ap_status status = ap__answer_logits(&start, &end, w->n, output, err);
    if (status) return status;
    uint8_t *is_allowed = ap__malloc(w->n);
    if (is_allowed) {
        for (size_t i = 0; i < w->n; i++) is_allowed[i] = w->p_mask[i] == 0;
        ap__answer_query query = {is_allowed, w->n, n_candidates(o), ap__opt_integer(&o->max_answer_len, 15)};
        status = ap__answer_spans_find(out, start, end, &query, err);
    } else {
        status = ap__fail_nomem(err);
    }
    ap__free(is_allowed);
    ap__free(start);
    return status;
}

/* The answers of one window; *null_score becomes the smallest of all windows. */
static ap_status add_window(answers *a, float *null_score, const ap_task_context *ctx, const ap__qa_opts *o,
                            const ap_value *output, ap_error *err) {
    window w;
    ap__answer_spans spans = {0};
    bool align_to_words = ap__opt_boolean(&o->align_to_words, true);
    ap_status status = read_window(&w, ctx, output, err);
    if (!status) status = find_spans(&spans, o, &w, output, err);
    if (!status && spans.null_score < *null_score) *null_score = spans.null_score;
    for (size_t i = 0; i < spans.n && !status; i++) {
        answer found = {(double)spans.ptr[i].score, span_to_chars(&w, &spans.ptr[i], align_to_words), 0};
        status = add_answer(a, &found, err);
    }
    ap__answer_spans_clear(&spans);
    return status;
}

/* -- the result ---------------------------------------------------------------------------------------- */

static int compare(const void *left, const void *right) {
    const answer *a = left, *b = right;
    if (a->score != b->score) return a->score > b->score ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

static ap_status set_answer(ap_value *dict, const answers *a, const answer *from, ap_error *err) {
    ap_value *slot;
    ap__text text = slice(&a->text, &from->chars);
    ap__value_set_dict(dict);
    ap_status status = ap__dict_add(&slot, dict, "score", 5, err);
    if (!status) ap__value_set_float(slot, from->score);
    if (!status) status = ap__dict_set_int(dict, "start", from->chars.start, err);
    if (!status) status = ap__dict_set_int(dict, "end", from->chars.end, err);
    if (!status) status = ap__dict_add(&slot, dict, "answer", 6, err);
    return status ? status : ap__value_set_string(slot, text.ptr, text.len, err);
}

static ap_status set_result(ap_value *out, answers *a, int64_t top_k, ap_error *err) {
    ap_status status = AP_OK;
    if (a->n) qsort(a->ptr, a->n, sizeof *a->ptr, compare);
    size_t n = (uint64_t)top_k < a->n ? (size_t)top_k : a->n;
    if (n == 1) return set_answer(out, a, &a->ptr[0], err);
    ap__value_set_list(out);
    for (size_t i = 0; i < n && !status; i++) {
        ap_value *slot;
        if (!(status = ap__list_add(&slot, out, err))) status = set_answer(slot, a, &a->ptr[i], err);
    }
    return status;
}

static ap_status find_answers(answers *a, const ap_task_context *ctx, const ap__qa_opts *o,
                              ap_value *const *outputs, size_t n_outputs, ap_error *err) {
    size_t len;
    const char *text = n_outputs ? ap_value_get_string(ap_value_dict_get(outputs[0], "context"), &len) : NULL;
    float null_score = 1000000;
    if (!text) return ap__fail(err, AP_EINVAL, "model outputs: the first has no \"context\"");
    ap_status status = ap__char_index_create(&a->text, text, len, err);
    for (size_t i = 0; i < n_outputs && !status; i++)
        status = add_window(a, &null_score, ctx, o, outputs[i], err);
    if (status || !ap__opt_boolean(&o->handle_impossible_answer, false)) return status;
    answer none = {(double)null_score, {0, 0}, 0};
    return append(a, &none, err);
}

ap_status ap__qa_postprocess(const ap_task_context *ctx, const void *bound, ap_value **out,
                             ap_value *const *outputs, size_t n_outputs, ap_error *err) {
    const ap__qa_opts *o = bound;
    answers a = {0};
    ap__value_set_dict(&a.by_text);
    ap_status status = ap_value_create_null(out, err);
    if (!status) status = find_answers(&a, ctx, o, outputs, n_outputs, err);
    if (!status) status = set_result(*out, &a, ap__opt_integer(&o->top_k, 1), err);
    if (status) {
        ap_value_destroy(*out);
        *out = NULL;
    }
    ap__char_index_clear(&a.text);
    ap__buf_clear(&a.lower);
    ap__value_clear(&a.by_text);
    ap__free(a.ptr);
    return status;
}

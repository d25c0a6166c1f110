/* document-question-answering: a question and the words of a page, with the boxes they stand in, to words
 * that answer it. Of models that take words and boxes (LayoutLM); pictures are not decoded, but tesseract may
 * read them. Source: transformers@v4.55.4 pipelines/document_question_answering.py
 * DocumentQuestionAnsweringPipeline. */
#include "base/alloc.h"
#include "base/error.h"
#include "image/picture.h"
#include "pipeline/answer_spans.h"
#include "pipeline/context.h"
#include "pipeline/feeds.h"
#include "pipeline/tokenize.h"
#include "tasks/document_words.h"
#include "tasks/logits.h"
#include "tokenizer/python_text.h"
#include "value/params.h"

#include <stdlib.h>
#include <string.h>

/* Most answers of one document that are looked at. */
#define ANSWERS_MAX ((size_t)1 << 26)

typedef struct opts {
    ap_opt image, question, word_boxes;
    ap_opt padding, doc_stride, max_seq_len, max_question_len, lang, tesseract_config, timeout;
    ap_opt top_k, max_answer_len, handle_impossible_answer;
} opts;

static const ap_param params[] = {
    AP_PARAM(image, VALUE, INPUT, opts, AP_PARAM_NULL_OK, NULL, NULL,
             "The path of a picture, in place of inputs."),
    AP_PARAM(question, VALUE, INPUT, opts, AP_PARAM_NULL_OK, NULL, NULL, "A question about the document."),
    AP_PARAM(word_boxes, VALUE, INPUT, opts, AP_PARAM_NULL_OK, NULL, NULL,
             "Its words: [[word, [left, top, right, bottom]], ...], of 1000; absent: tesseract reads the "
             "picture."),
    AP_PARAM(padding, CHOICE, PREPROCESS, opts, 0, ap__padding_choices, "\"do_not_pad\"",
             "Pad each window to the longest of its document, or to max_seq_len."),
    AP_PARAM(doc_stride, INT, PREPROCESS, opts, 0, NULL, NULL,
             "Tokens that windows share; absent: 256, at most half of max_seq_len."),
    AP_PARAM(max_seq_len, INT, PREPROCESS, opts, 0, NULL, NULL,
             "Tokens of a window with the question; absent: the model's limit."),
    AP_PARAM(max_question_len, INT, PREPROCESS, opts, 0, NULL, NULL, "Refused, as in transformers."),
    AP_PARAM(lang, STRING, PREPROCESS, opts, 0, NULL, NULL, "Languages for tesseract."),
    AP_PARAM(tesseract_config, STRING, PREPROCESS, opts, 0, NULL, "\"\"",
             "Options for tesseract: --psm, --oem, --dpi, -c."),
    AP_PARAM(timeout, FLOAT, PREPROCESS, opts, 0, NULL, NULL, "Accepted; pictures are not fetched."),
    AP_PARAM(top_k, INT, POSTPROCESS, opts, 0, NULL, "1", "How many answers."),
    AP_PARAM(max_answer_len, INT, POSTPROCESS, opts, 0, NULL, "15", "Longest answer, in tokens."),
    AP_PARAM(handle_impossible_answer, BOOL, POSTPROCESS, opts, 0, NULL, "false",
             "Let \"\" be an answer: that there is none."),
    AP_PARAM_END};

/* -- creation and parameters --------------------------------------------------------------------------- */

static ap_status check_model(const ap_task_context *ctx, ap_error *err) {
    const ap__tokenizer_config *config = ap__tokenizer_get_config(ctx->tokenizer);
    if (strcmp(ctx->config->model_type, "layoutlm") != 0)
        return ap__fail(
            err, AP_EUNSUPPORTED,
            "%s: model_type %s: document-question-answering supports layoutlm; models that look at pictures "
            "(layoutlmv2, layoutlmv3, Donut) are not supported by this version",
            ctx->config->source, ctx->config->model_type);
    if (config->padding_side == AP__SIDE_RIGHT) return ap__span_logits_check(ctx, err);
    return ap__fail(err, AP_EINVAL,
                    "document-question-answering needs a tokenizer whose padding_side is \"right\"");
}

static ap_status check_at_least_one(const ap_opt *opt, const char *name, ap_error *err) {
    if (ap__opt_integer(opt, 1) >= 1) return AP_OK;
    return ap__fail(err, AP_EINVAL, "parameter %s: %lld is below 1", name, (long long)opt->as.integer);
}

static ap_status sanitize(const ap_task_context *ctx, void *bound, ap_error *err) {
    const opts *o = bound;
    (void)ctx;
    if (ap__opt_is_set(&o->max_question_len))
        return ap__fail(err, AP_ETYPE,
                        "parameter max_question_len: document-question-answering does not cut questions");
    ap_status status = check_at_least_one(&o->top_k, "top_k", err);
    return status ? status : check_at_least_one(&o->max_answer_len, "max_answer_len", err);
}

/* -- inputs -------------------------------------------------------------------------------------------- */

static const ap_value *given_value(const ap_opt *opt) {
    return opt->origin == AP_ORIGIN_CALL && !opt->is_null ? opt->as.value : NULL;
}

static ap_status set_copy(ap_value *dict, const char *key, const ap_value *value, ap_error *err) {
    ap_value *slot;
    ap_status status = ap__dict_add(&slot, dict, key, strlen(key), err);
    return status || !value ? status : ap__value_assign(slot, value, err);
}

/* The picture is positional or named; a question makes one input of it. */
static ap_status normalize_inputs(const ap_task_context *ctx, const void *bound, ap_value **out,
                                  const ap_value *inputs, ap_error *err) {
    const opts *o = bound;
    const ap_value *question = given_value(&o->question), *boxes = given_value(&o->word_boxes);
    bool is_named = o->image.origin == AP_ORIGIN_CALL;
    const ap_value *image = inputs ? inputs : given_value(&o->image);
    (void)ctx;
    if (inputs && is_named)
        return ap__fail(err, AP_ETYPE,
                        "document-question-answering: inputs and image are both given; give one of them");
    if (!inputs && !is_named)
        return ap__fail(err, AP_ETYPE,
                        "document-question-answering: no image is given; null is fine beside word_boxes");
    if (ap_value_kind(question) != AP_KIND_STRING) {
        if (inputs) return AP_OK;
        return image ? ap_value_copy(out, image, err) : ap_value_create_null(out, err);
    }
    ap_status status = ap_value_create_dict(out, err);
    if (!status) status = set_copy(*out, "question", question, err);
    if (!status) status = set_copy(*out, "image", image, err);
    if (!status && boxes) status = set_copy(*out, "word_boxes", boxes, err);
    if (status) {
        ap_value_destroy(*out);
        *out = NULL;
    }
    return status;
}

/* A picture has to be there and whole, also where only its words count. */
static ap_status check_image(const char **path, const ap_value *image, ap_error *err) {
    size_t len;
    *path = ap_value_get_string(image, &len);
    if (ap_value_kind(image) == AP_KIND_NULL) return AP_OK;
    if (!*path)
        return ap__fail(err, AP_EUNSUPPORTED,
                        "image: expected the path of a file, found %s; this version takes no others",
                        ap_kind_name(ap_value_kind(image)));
    bool is_elsewhere = strncmp(*path, "http://", 7) == 0 || strncmp(*path, "https://", 8) == 0 ||
                        strncmp(*path, "data:image/", 11) == 0;
    if (is_elsewhere)
        return ap__fail(err, AP_EUNSUPPORTED,
                        "image: this version takes the path of a file, no URL and no encoded picture");
    if (strlen(*path) != len || !ap__path_is_file(*path))
        return ap__fail(err, AP_EINVAL, "image: there is no file %.200s", *path);
    ap_status status = ap__picture_check(*path, err);
    return status ? ap__error_wrap(err, status, "image") : AP_OK;
}

static ap_status read_words(ap__document_words *out, const ap_value *input, const opts *o, ap_error *err) {
    const char *path;
    const ap_value *boxes = ap_value_dict_get(input, "word_boxes");
    ap__ocr_options ocr = {ap__opt_string(&o->lang, NULL), ap__opt_string(&o->tesseract_config, NULL)};
    ap_status status = check_image(&path, ap_value_dict_get(input, "image"), err);
    if (status) return status;
    if (boxes) return ap__document_words_read(out, boxes, err);
    if (path) return ap__document_words_ocr(out, path, &ocr, err);
    return ap__fail(err, AP_EINVAL,
                    "an image or word_boxes are needed; of an image alone, tesseract reads the words");
}

static ap_status read_question(ap__text *out, const ap_value *input, ap_error *err) {
    const ap_value *question = ap_value_dict_get(input, "question");
    if (ap_value_kind(input) != AP_KIND_DICT)
        return ap__fail(err, AP_EINVAL,
                        "input: expected a dict with \"image\", \"question\" and \"word_boxes\", found %s",
                        ap_kind_name(ap_value_kind(input)));
    if (!question) return ap__fail(err, AP_EKEY, "input: the dict has no \"question\"");
    return ap__text_of_value(out, question, "question", err);
}

/* question.split(), as an array in the arena. */
static ap_status split_question(ap__text **out, size_t *n, ap__text question, ap__arena *arena,
                                ap_error *err) {
    ap__text rest = question, word;
    *n = 0;
    while (ap__py_next_word(&word, &rest)) ++*n;
    *out = ap__arena_calloc(arena, *n + 1, sizeof **out);
    if (!*out) return ap__fail_nomem(err);
    rest = question;
    for (size_t i = 0; ap__py_next_word(&word, &rest); i++) (*out)[i] = word;
    return AP_OK;
}

/* -- windows ------------------------------------------------------------------------------------------- */

static ap_status resolve(ap__encode_options *out, const ap_task_context *ctx, const opts *o, ap_error *err) {
    size_t limit = ap__tokenizer_get_config(ctx->tokenizer)->model_max_length;
    if (!ap__opt_is_set(&o->max_seq_len) && limit > AP__TEXT_MAX_BYTES)
        return ap__fail(err, AP_EINVAL, "the tokenizer says no model_max_length; give max_seq_len");
    int64_t max_seq_len = ap__opt_integer(&o->max_seq_len, (int64_t)limit);
    int64_t half = max_seq_len / 2;
    ap__tokenizer_opts tokenizer = {.padding = o->padding};
    tokenizer.max_length = (ap_opt){.origin = AP_ORIGIN_CALL, .as.integer = max_seq_len};
    tokenizer.stride = (ap_opt){.origin = AP_ORIGIN_CALL, .as.integer = half < 256 ? half : 256};
    if (ap__opt_is_set(&o->doc_stride)) tokenizer.stride.as.integer = o->doc_stride.as.integer;
    tokenizer.truncation = (ap_opt){.origin = AP_ORIGIN_CALL, .as.integer = AP__TRUNCATION_ONLY_SECOND};
    ap_status status = ap__tokenize_resolve(out, ctx->tokenizer, &tokenizer, err);
    out->is_pretokenized = true;
    return status;
}

/* The model looks up left, top, right, bottom, and width and height. */
static ap_status check_box(const int64_t *box, const ap__text *word, const ap_task_context *ctx,
                           ap_error *err) {
    const ap_value *limit = ap_value_dict_get(ctx->config->json, "max_2d_position_embeddings");
    int64_t n = ap_value_kind(limit) == AP_KIND_INT ? ap_value_get_int(limit) : 1024;
    bool is_inside = box[2] >= box[0] && box[3] >= box[1];
    for (size_t i = 0; i < 4; i++) is_inside = is_inside && box[i] >= 0 && box[i] < n;
    if (is_inside) return AP_OK;
    return ap__fail(
        err, AP_EINVAL,
        "word_boxes: word \"%.*s\": its box [%lld, %lld, %lld, %lld] has to be left, top, right, bottom, "
        "from 0 to 1000",
        (int)(word->len > 64 ? 64 : word->len), word->ptr, (long long)box[0], (long long)box[1],
        (long long)box[2], (long long)box[3]);
}

/* The box of a token: its word's; all of the page for separators, nothing for the question. */
static ap_status get_box(int64_t *to, const ap__encoding *window, size_t i, const ap__document_words *words,
                         const ap_task_context *ctx, ap_error *err) {
    uint32_t sep = ap__tokenizer_get_config(ctx->tokenizer)->sep_token_id, word = window->word_ids[i];
    bool is_word = window->sequence_ids[i] == 1 && word < words->n;
    int64_t edge = sep != AP__TOKEN_NONE && window->ids[i] == sep ? 1000 : 0;
    for (size_t k = 0; k < 4; k++) to[k] = is_word ? words->boxes[word][k] : edge;
    return is_word ? check_box(to, &words->texts[word], ctx, err) : AP_OK;
}

static ap_status add_window(const ap_task_context *ctx, const ap__encoding *window,
                            const ap__document_words *words, ap_feeds *feeds, ap_error *err) {
    ap__tokenizer_opts o = {.return_token_type_ids = {.origin = AP_ORIGIN_CALL, .as.boolean = 1}};
    uint32_t cls = ap__tokenizer_get_config(ctx->tokenizer)->cls_token_id;
    int64_t *boxes, *p_mask, *word_ids;
    ap_value *feed;
    ap_status status = ap__feeds_add(&feed, feeds, err);
    if (!status) status = ap__feed_add_encoding(feed, window, ctx->tokenizer, &o, err);
    if (!status) status = ap__feed_add_ints(&boxes, feed, "bbox", window->n, 4, err);
    if (!status) status = ap__feed_add_ints(&p_mask, feed, "p_mask", window->n, 1, err);
    if (!status) status = ap__feed_add_ints(&word_ids, feed, "word_ids", window->n, 1, err);
    for (size_t i = 0; !status && i < window->n; i++) {
        bool is_class = cls != AP__TOKEN_NONE && window->ids[i] == cls;
        p_mask[i] = (window->sequence_ids[i] != 1 && !is_class) || !window->attention_mask[i];
        word_ids[i] = window->word_ids[i] == AP__TOKEN_NONE ? -1 : (int64_t)window->word_ids[i];
        status = get_box(boxes + 4 * i, window, i, words, ctx, err);
    }
    return status;
}

static ap_status carry_words(ap_value *feed, const ap__document_words *words, ap_error *err) {
    ap_value *list;
    ap_status status = ap__dict_set_list(&list, feed, "words", err);
    for (size_t i = 0; i < words->n && !status; i++)
        status = ap__list_add_text(list, words->texts[i].ptr, words->texts[i].len, err);
    return status;
}

static ap_status add_windows(const ap_task_context *ctx, const ap__encoding *encoding,
                             const ap__document_words *words, ap_feeds *feeds, ap_error *err) {
    ap_status status = add_window(ctx, encoding, words, feeds, err);
    for (size_t i = 0; i < encoding->n_overflowing && !status; i++)
        status = add_window(ctx, &encoding->overflowing[i], words, feeds, err);
    return status ? status : carry_words(ap__list_item(feeds->list, 0), words, err);
}

static ap_status preprocess(const ap_task_context *ctx, const void *bound, const ap_value *input,
                            ap_feeds *feeds, ap_error *err) {
    ap__text question, *parts;
    ap__document_words words = {0};
    ap__encode_options options;
    ap__encoding encoding = {0};
    size_t n = 0;
    ap_status status = read_question(&question, input, err);
    if (!status) status = resolve(&options, ctx, bound, err);
    if (!status) status = read_words(&words, input, bound, err);
    if (!status) status = split_question(&parts, &n, question, &words.arena, err);
    if (!status)
        status = ap__tokenizer_encode_words(&encoding, ctx->tokenizer, parts, n, words.n ? words.texts : NULL,
                                            words.n, &options, err);
    if (!status) status = add_windows(ctx, &encoding, &words, feeds, err);
    ap__encoding_clear(&encoding);
    ap__document_words_clear(&words);
    return status;
}

/* -- postprocess --------------------------------------------------------------------------------------- */

typedef struct answer {
    double score;
    int64_t start, end; /* Words; start -1: there is no answer. */
    size_t order;       /* Of finding: equal scores keep it. */
} answer;

typedef struct answers {
    answer *ptr;
    size_t n, capacity;
} answers;

static ap_status append(answers *a, answer new, ap_error *err) {
    void *ptr = a->ptr;
    if (!ap__grow(&ptr, &a->capacity, a->n + 1, sizeof *a->ptr, ANSWERS_MAX)) return ap__fail_nomem(err);
    a->ptr = ptr;
    new.order = a->n;
    a->ptr[a->n++] = new;
    return AP_OK;
}

static ap_status get_ints(const int64_t **out, size_t *n, const ap_value *output, const char *name,
                          ap_error *err) {
    const int64_t expected[2] = {1, *n == SIZE_MAX ? -1 : (int64_t)*n};
    ap__tensor *tensor = ap__value_tensor(ap_value_dict_get(output, name));
    if (!tensor) return ap__fail(err, AP_EINVAL, "model outputs: expected a tensor \"%s\", found none", name);
    ap_status status = ap__expect_shape(tensor, name, AP_DTYPE_I64, 2, expected, err);
    if (status) return status;
    *n = (size_t)ap__tensor_get_view(tensor)->shape[1];
    *out = ap__tensor_get_view(tensor)->data;
    return AP_OK;
}

static ap_status find_spans(ap__answer_spans *out, const int64_t **word_ids, const opts *o,
                            const ap_value *output, ap_error *err) {
    const int64_t *p_mask;
    size_t n = SIZE_MAX;
    float *start, *end;
    ap_status status = get_ints(&p_mask, &n, output, "p_mask", err);
    if (!status) status = get_ints(word_ids, &n, output, "word_ids", err);
    if (!status) status = ap__answer_logits(&start, &end, n, output, err);
    if (status) return status;
    uint8_t *is_allowed = ap__malloc(n);
    if (is_allowed) {
        for (size_t i = 0; i < n; i++) is_allowed[i] = p_mask[i] == 0;
        ap__answer_query query = {is_allowed, n, ap__opt_integer(&o->top_k, 1),
                                  ap__opt_integer(&o->max_answer_len, 15)};
        status = ap__answer_spans_find(out, start, end, &query, err);
    } else {
        status = ap__fail_nomem(err);
    }
    ap__free(is_allowed);
    ap__free(start);
    return status;
}

static ap_status add_answers(answers *a, float *null_score, const opts *o, const ap_value *output,
                             ap_error *err) {
    const int64_t *word_ids = NULL;
    ap__answer_spans spans = {0};
    ap_status status = find_spans(&spans, &word_ids, o, output, err);
    if (!status && spans.null_score < *null_score) *null_score = spans.null_score;
    for (size_t i = 0; i < spans.n && !status; i++) {
        const ap__answer_span *span = &spans.ptr[i];
        int64_t start = word_ids[span->start], end = word_ids[span->end];
        if (start >= 0 && end >= 0) status = append(a, (answer){(double)span->score, start, end, 0}, err);
    }
    ap__answer_spans_clear(&spans);
    return status;
}

static int compare(const void *left, const void *right) {
    const answer *a = left, *b = right;
    if (a->score != b->score) return a->score > b->score ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

/* " ".join(words[start : end + 1]) */
static ap_status set_text(ap_value *slot, const answer *from, const ap_value *words, ap_error *err) {
    ap__buf text = {0};
    ap_status status = AP_OK;
    for (int64_t i = from->start; i >= 0 && i <= from->end && !status; i++) {
        size_t len = 0;
        const char *word = ap_value_get_string(ap_value_list_get(words, (size_t)i), &len);
        if (i > from->start) status = ap__buf_puts(&text, " ", err);
        if (!status && len) status = ap__buf_append(&text, word, len, err);
    }
    if (!status) status = ap__value_set_string(slot, ap__buf_text(&text), text.len, err);
    ap__buf_clear(&text);
    return status;
}

static ap_status add_result(ap_value *list, const answer *from, const ap_value *words, ap_error *err) {
    ap_value *dict, *slot;
    ap_status status = ap__list_add(&dict, list, err);
    if (status) return status;
    ap__value_set_dict(dict);
    if (!(status = ap__dict_add(&slot, dict, "score", 5, err))) ap__value_set_float(slot, from->score);
    if (!status) status = ap__dict_add(&slot, dict, "answer", 6, err);
    if (!status) status = set_text(slot, from, words, err);
    if (!status) status = ap__dict_set_int(dict, "start", from->start < 0 ? 0 : from->start, err);
    return status ? status : ap__dict_set_int(dict, "end", from->end, err);
}

static ap_status collect(ap_value *list, answers *a, const opts *o, ap_value *const *outputs,
                         size_t n_outputs, ap_error *err) {
    float null_score = 1000000;
    int64_t top_k = ap__opt_integer(&o->top_k, 1);
    const ap_value *words = n_outputs ? ap_value_dict_get(outputs[0], "words") : NULL;
    if (ap_value_kind(words) != AP_KIND_LIST)
        return ap__fail(err, AP_EINVAL, "model outputs: the first has no \"words\"");
    ap_status status = AP_OK;
    for (size_t i = 0; i < n_outputs && !status; i++)
        status = add_answers(a, &null_score, o, outputs[i], err);
    if (!status && ap__opt_boolean(&o->handle_impossible_answer, false))
        status = append(a, (answer){(double)null_score, -1, 0, 0}, err);
    if (a->n) qsort(a->ptr, a->n, sizeof *a->ptr, compare);
    for (size_t i = 0; i < a->n && (uint64_t)top_k > i && !status; i++)
        status = add_result(list, &a->ptr[i], words, err);
    return status;
}

static ap_status postprocess(const ap_task_context *ctx, const void *bound, ap_value **out,
                             ap_value *const *outputs, size_t n_outputs, ap_error *err) {
    answers a = {0};
    (void)ctx;
    ap_status status = ap_value_create_list(out, err);
    if (!status) status = collect(*out, &a, bound, outputs, n_outputs, err);
    if (status) {
        ap_value_destroy(*out);
        *out = NULL;
    }
    ap__free(a.ptr);
    return status;
}

const ap_task ap__task_document_question_answering = {
    .abi = AP_TASK_ABI,
    .size = sizeof(ap_task),
    .name = "document-question-answering",
    .doc = "Answers a question about a page with words of it.",
    .input = AP_INPUT_TEXT,
    .components = AP_COMPONENT_TOKENIZER,
    .model_kind = AP_MODEL_SINGLE_GRAPH,
    .architectures = "LayoutLMForQuestionAnswering",
    .outputs = "start_logits end_logits",
    .token_outputs = "start_logits end_logits",
    .params = params,
    .opts_size = sizeof(opts),
    .check_model = check_model,
    .sanitize = sanitize,
    .preprocess = preprocess,
    .postprocess = postprocess,
    .normalize_inputs = normalize_inputs,
};

/* question-answering: a question and a text to the part of the text that answers it. A text that is too long
 * for the model is cut into windows that overlap. Source: transformers@v4.55.4
 * pipelines/question_answering.py QuestionAnsweringPipeline. */
#include "tasks/question_answering.h"
#include "base/alloc.h"
#include "base/error.h"
#include "base/log.h"
#include "pipeline/context.h"
#include "pipeline/feeds.h"
#include "pipeline/tokenize.h"
#include "tasks/logits.h"
#include "value/params.h"

#include <string.h>

typedef ap__qa_opts opts;

static const ap_param params[] = {
    AP_PARAM(question, VALUE, INPUT, opts, AP_PARAM_NULL_OK, NULL, NULL,
             "A question, or a list of them, in place of inputs."),
    AP_PARAM(context, VALUE, INPUT, opts, AP_PARAM_NULL_OK, NULL, NULL,
             "The text that has the answer: one for all questions, or a list of as many."),
    AP_PARAM(data, VALUE, INPUT, opts, AP_PARAM_NULL_OK, NULL, NULL, "Deprecated: inputs."),
    AP_PARAM(X, VALUE, INPUT, opts, AP_PARAM_NULL_OK, NULL, NULL, "Deprecated: inputs."),
    AP_PARAM(padding, CHOICE, PREPROCESS, opts, 0, ap__padding_choices, "\"do_not_pad\"",
             "Pad each window to the longest of its text, or to max_seq_len."),
    AP_PARAM(doc_stride, INT, PREPROCESS, opts, 0, NULL, NULL,
             "Tokens that windows share; absent: 128, at most half of max_seq_len."),
    AP_PARAM(max_seq_len, INT, PREPROCESS, opts, 0, NULL, NULL,
             "Tokens of a window with the question; absent: 384, at most the model's limit."),
    AP_PARAM(max_question_len, INT, PREPROCESS, opts, 0, NULL, "64",
             "Accepted; fast tokenizers, which all of ours are, do not cut questions."),
    AP_PARAM(top_k, INT, POSTPROCESS, opts, 0, NULL, "1",
             "How many answers; one is a bare dict, more are a list."),
    AP_PARAM(topk, INT, POSTPROCESS, opts, 0, NULL, NULL, "Deprecated: top_k."),
    AP_PARAM(max_answer_len, INT, POSTPROCESS, opts, 0, NULL, "15", "Longest answer, in tokens."),
    AP_PARAM(handle_impossible_answer, BOOL, POSTPROCESS, opts, 0, NULL, "false",
             "Let \"\" be an answer: that there is none."),
    AP_PARAM(align_to_words, BOOL, POSTPROCESS, opts, 0, NULL, "true",
             "Let answers begin and end with whole words."),
    AP_PARAM_END};

/* -- parameters ---------------------------------------------------------------------------------------- */

static ap_status check_at_least_one(const ap_opt *opt, const char *name, ap_error *err) {
    if (ap__opt_integer(opt, 1) >= 1) return AP_OK;
    return ap__fail(err, AP_EINVAL, "parameter %s: %lld is below 1", name, (long long)opt->as.integer);
}

static ap_status sanitize(const ap_task_context *ctx, void *bound, ap_error *err) {
    opts *o = bound;
    (void)ctx;
    if (ap__opt_is_set(&o->topk) && o->top_k.origin < o->topk.origin) {
        ap__log(AP_LOG_WARNING, "question-answering: topk is deprecated: use top_k");
        o->top_k = o->topk;
    }
    o->topk = (ap_opt){0};
    ap_status status = check_at_least_one(&o->top_k, "top_k", err);
    return status ? status : check_at_least_one(&o->max_answer_len, "max_answer_len", err);
}

/* -- inputs -------------------------------------------------------------------------------------------- */

static bool is_given(const ap_opt *opt) { return opt->origin == AP_ORIGIN_CALL; }

static const ap_value *given_value(const ap_opt *opt) {
    return is_given(opt) && !opt->is_null ? opt->as.value : NULL;
}

static ap_status add_copy(ap_value *dict, const char *key, const ap_value *value, ap_error *err) {
    ap_value *slot;
    ap_status status = ap__dict_add(&slot, dict, key, strlen(key), err);
    return status || !value ? status : ap__value_assign(slot, value, err);
}

/* {"question": ...[, "context": ...]}; without a context, that of the parameters counts. */
static ap_status set_pair(ap_value *dict, const ap_value *question, const ap_value *context, ap_error *err) {
    ap__value_set_dict(dict);
    ap_status status = add_copy(dict, "question", question, err);
    return status || !context ? status : add_copy(dict, "context", context, err);
}

/* One character of a text: what Python's zip() takes from it. */
static ap_status pair_with_character(ap_value *dict, const ap_value *question, const char **text,
                                     ap_error *err) {
    ap_value character = {0};
    size_t n = 1;
    while (((unsigned char)(*text)[n] & 0xC0) == 0x80) n++;
    ap_status status = ap__value_set_string(&character, *text, n, err);
    if (!status) status = set_pair(dict, question, &character, err);
    ap__value_clear(&character);
    *text += n;
    return status;
}

/* zip() of a list of questions and of contexts, or the characters of one, as a list of pairs. */
static ap_status zip(ap_value **out, const ap_value *questions, const ap_value *contexts, ap_error *err) {
    size_t len = 0;
    const char *text = ap_value_get_string(contexts, &len), *end = text ? text + len : NULL;
    ap_status status = ap_value_create_list(out, err);
    for (size_t i = 0; i < ap_value_len(questions) && !status; i++) {
        ap_value *slot;
        const ap_value *question = ap_value_list_get(questions, i);
        if (text ? text == end : i == ap_value_len(contexts)) break;
        if ((status = ap__list_add(&slot, *out, err))) break;
        status = text ? pair_with_character(slot, question, &text, err)
                      : set_pair(slot, question, ap_value_list_get(contexts, i), err);
    }
    return status;
}

static ap_status pairs_of_keywords(ap_value **out, const opts *o, ap_error *err) {
    const ap_value *question = given_value(&o->question), *context = given_value(&o->context);
    ap_kind q = ap_value_kind(question), c = ap_value_kind(context);
    ap_status status;
    if (!is_given(&o->question) || !is_given(&o->context))
        return ap__fail(err, AP_EINVAL,
                        "question-answering: inputs, or question and context, have to be given");
    if (q == AP_KIND_LIST && c == AP_KIND_LIST) {
        if (ap_value_len(question) != ap_value_len(context))
            return ap__fail(err, AP_EINVAL, "there are %zu questions and %zu contexts; give as many of both",
                            ap_value_len(question), ap_value_len(context));
        return zip(out, question, context, err);
    }
    if (c != AP_KIND_STRING || (q != AP_KIND_STRING && q != AP_KIND_LIST))
        return ap__fail(
            err, AP_EINVAL,
            "question and context: expected text and text, a list and text, or two lists; found %s and %s",
            ap_kind_name(q), ap_kind_name(c));
    if (q == AP_KIND_STRING) {
        status = ap_value_create_dict(out, err);
        return status ? status : add_copy(*out, "question", question, err);
    }
    status = ap_value_create_list(out, err);
    for (size_t i = 0; i < ap_value_len(question) && !status; i++) {
        ap_value *slot;
        if (!(status = ap__list_add(&slot, *out, err)))
            status = set_pair(slot, ap_value_list_get(question, i), NULL, err);
    }
    return status;
}

/* A dict whose question is a list stands for as many pairs. */
static bool is_several(const ap_value *pair) {
    ap_kind contexts = ap_value_kind(ap_value_dict_get(pair, "context"));
    return ap_value_kind(ap_value_dict_get(pair, "question")) == AP_KIND_LIST &&
           (contexts == AP_KIND_LIST || contexts == AP_KIND_STRING) && ap_value_len(pair) == 2;
}

/* A list of one pair is that pair. */
static ap_status unwrap(ap_value **out, const ap_value *inputs, ap_error *err) {
    size_t len;
    const char *text = ap_value_get_string(inputs, &len);
    bool is_list = ap_value_kind(inputs) == AP_KIND_LIST;
    const ap_value *pair = is_list ? ap_value_list_get(inputs, 0) : inputs;
    if (text && !len) return ap_value_create_list(out, err); /* Text is a list of its characters. */
    if (is_list && ap_value_len(inputs) != 1) return AP_OK;
    if (is_several(pair))
        return zip(out, ap_value_dict_get(pair, "question"), ap_value_dict_get(pair, "context"), err);
    return is_list ? ap_value_copy(out, pair, err) : AP_OK;
}

static ap_status normalize(ap_value **out, const opts *o, const ap_value *inputs, ap_error *err) {
    const ap_opt *old = is_given(&o->X) ? &o->X : &o->data;
    if (!inputs && !is_given(old)) {
        ap_status status = pairs_of_keywords(out, o, err);
        bool is_one = !status && ap_value_kind(*out) == AP_KIND_LIST && ap_value_len(*out) == 1;
        if (!is_one) return status;
        ap_value *list = *out;
        *out = NULL;
        status = ap_value_copy(out, ap_value_list_get(list, 0), err);
        ap_value_destroy(list);
        return status;
    }
    if (!inputs) {
        ap__log(AP_LOG_WARNING, "question-answering: %s is deprecated: use question and context",
                old == &o->X ? "X" : "data");
        inputs = given_value(old);
    }
    ap_status status = unwrap(out, inputs, err);
    if (status || *out || !is_given(old)) return status;
    return inputs ? ap_value_copy(out, inputs, err) : ap_value_create_null(out, err);
}

static ap_status normalize_inputs(const ap_task_context *ctx, const void *bound, ap_value **out,
                                  const ap_value *inputs, ap_error *err) {
    (void)ctx;
    ap_status status = normalize(out, bound, inputs, err);
    if (status) {
        ap_value_destroy(*out);
        *out = NULL;
    }
    return status;
}

static ap_status get_text(ap__text *out, const ap_value *pair, const char *key, const ap_opt *otherwise,
                          ap_error *err) {
    char what[24];
    const ap_value *value = ap_value_dict_get(pair, key);
    if (!value && otherwise && is_given(otherwise)) value = given_value(otherwise);
    if (!value)
        return ap__fail(err, AP_EKEY, "a dict with \"question\" and \"context\" is needed; it has no \"%s\"",
                        key);
    if (ap_value_kind(value) == AP_KIND_NULL) return ap__fail(err, AP_EINVAL, "%s: it cannot be null", key);
    memcpy(what, key, strlen(key) + 1);
    ap_status status = ap__text_of_value(out, value, what, err);
    if (status || out->len) return status;
    return ap__fail(err, AP_EINVAL, "%s: it cannot be empty", key);
}

static ap_status read_pair(ap__text *question, ap__text *context, const ap_value *input, const opts *o,
                           ap_error *err) {
    if (ap_value_kind(input) != AP_KIND_DICT)
        return ap__fail(err, AP_EINVAL,
                        "input: expected a dict {\"question\": ..., \"context\": ...}, found %s",
                        ap_kind_name(ap_value_kind(input)));
    ap_status status = get_text(question, input, "question", NULL, err);
    if (!status)
        status = get_text(context, input, "context", is_given(&o->question) ? &o->context : NULL, err);
    for (size_t i = 0; i < ap_value_len(input) && !status; i++) {
        const char *key;
        ap_value_dict_at(input, i, &key);
        if (strcmp(key, "question") != 0 && strcmp(key, "context") != 0)
            status = ap__fail(err, AP_ETYPE, "input: \"%.64s\" is neither question nor context", key);
    }
    return status;
}

/* -- preprocess ---------------------------------------------------------------------------------------- */

static ap_opt number(size_t value) {
    return (ap_opt){.origin = AP_ORIGIN_CALL, .as.integer = (int64_t)value};
}

/* How windows are cut. The question stands first unless padding does. */
static ap_status resolve(ap__encode_options *out, const ap_task_context *ctx, const opts *o, ap_error *err) {
    const ap__tokenizer_config *config = ap__tokenizer_get_config(ctx->tokenizer);
    bool is_question_first = config->padding_side == AP__SIDE_RIGHT;
    int64_t limit = config->model_max_length < 384 ? (int64_t)config->model_max_length : 384;
    int64_t max_seq_len = ap__opt_integer(&o->max_seq_len, limit);
    int64_t half = max_seq_len / 2 - (max_seq_len % 2 < 0);
    int64_t doc_stride = ap__opt_integer(&o->doc_stride, half < 128 ? half : 128);
    if (doc_stride > max_seq_len)
        return ap__fail(err, AP_EINVAL, "parameter doc_stride: %lld is larger than max_seq_len %lld",
                        (long long)doc_stride, (long long)max_seq_len);
    if (doc_stride < 0)
        return ap__fail(err, AP_EINVAL, "parameter doc_stride: %lld is negative", (long long)doc_stride);
    ap__tokenizer_opts tokenizer = {
        .padding = o->padding, .max_length = number(0), .stride = number((size_t)doc_stride)};
    tokenizer.max_length.as.integer = max_seq_len;
    tokenizer.truncation = number(is_question_first ? AP__TRUNCATION_ONLY_SECOND : AP__TRUNCATION_ONLY_FIRST);
    return ap__tokenize_resolve(out, ctx->tokenizer, &tokenizer, err);
}

static ap_status add_window(const ap_task_context *ctx, const ap__encoding *window, ap_feeds *feeds,
                            ap_error *err) {
    static const ap__tokenizer_opts defaults;
    ap_value *feed;
    ap_status status = ap__feeds_add(&feed, feeds, err);
    if (!status) status = ap__feed_add_encoding(feed, window, ctx->tokenizer, &defaults, err);
    return status ? status : ap__qa_carry(feed, ctx, window, err);
}

static ap_status add_windows(const ap_task_context *ctx, const ap__encoding *encoding,
                             const ap__text *context, ap_feeds *feeds, ap_error *err) {
    ap_value *slot;
    ap_status status = add_window(ctx, encoding, feeds, err);
    for (size_t i = 0; i < encoding->n_overflowing && !status; i++)
        status = add_window(ctx, &encoding->overflowing[i], feeds, err);
    if (!status) status = ap__dict_add(&slot, ap__list_item(feeds->list, 0), "context", 7, err);
    return status ? status : ap__value_set_string(slot, context->ptr, context->len, err);
}

static ap_status preprocess(const ap_task_context *ctx, const void *bound, const ap_value *input,
                            ap_feeds *feeds, ap_error *err) {
    const opts *o = bound;
    ap__text question, context;
    ap__encode_options options;
    ap__encoding encoding = {0};
    ap_status status = resolve(&options, ctx, o, err);
    if (!status) status = read_pair(&question, &context, input, o, err);
    if (status) return status;
    bool is_question_first = options.truncation == AP__TRUNCATION_ONLY_SECOND;
    ap__text first = is_question_first ? question : context, second = is_question_first ? context : question;
    status = ap__tokenizer_encode(&encoding, ctx->tokenizer, first, &second, &options, err);
    if (!status) status = add_windows(ctx, &encoding, &context, feeds, err);
    ap__encoding_clear(&encoding);
    return status;
}

const ap_task ap__task_question_answering = {
    .abi = AP_TASK_ABI,
    .size = sizeof(ap_task),
    .name = "question-answering",
    .doc = "Answers a question with a part of a text.",
    .input = AP_INPUT_TEXT,
    .components = AP_COMPONENT_TOKENIZER,
    .model_kind = AP_MODEL_SINGLE_GRAPH,
    .architectures = "ForQuestionAnswering ForQuestionAnsweringSimple",
    .outputs = "start_logits end_logits",
    .token_outputs = "start_logits end_logits",
    .kept_inputs = "input_ids",
    .params = params,
    .opts_size = sizeof(opts),
    .check_model = ap__span_logits_check,
    .sanitize = sanitize,
    .preprocess = preprocess,
    .postprocess = ap__qa_postprocess,
    .normalize_inputs = normalize_inputs,
};

/* token-classification: a text, or its words, to labelled tokens or entities. Long texts go in windows.
 * Source: transformers@v4.55.4 pipelines/token_classification.py TokenClassificationPipeline. */
#include "tasks/token_classification.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "base/utf8.h"
#include "pipeline/context.h"
#include "pipeline/feeds.h"
#include "pipeline/tokenize.h"
#include "tasks/logits.h"
#include "value/params.h"
#include "value/value.h"

#include <string.h>

typedef struct opts {
    ap_opt ignore_labels, grouped_entities, ignore_subwords, aggregation_strategy, offset_mapping,
        is_split_into_words, stride, delimiter;
    ap__aggregation aggregation; /* What the four come to. */
    bool has_windows;            /* A stride was given. */
    bool is_created;             /* Parameters of the creation are in these already. */
} opts;

static const ap_param_choice AGGREGATIONS[] = {
    {"none", AP__AGGREGATION_NONE, 0},   {"simple", AP__AGGREGATION_SIMPLE, 0},
    {"first", AP__AGGREGATION_FIRST, 0}, {"average", AP__AGGREGATION_AVERAGE, 0},
    {"max", AP__AGGREGATION_MAX, 0},     {NULL, 0, 0}};

static const ap_param params[] = {
    AP_PARAM(
        aggregation_strategy, CHOICE, POSTPROCESS, opts, AP_PARAM_ANY_CASE | AP_PARAM_KEY, AGGREGATIONS,
        "\"none\"",
        "Tokens as they are, neighbours with one tag (simple), or whole words with the label of their first "
        "token, of the average of their scores, or of their largest score."),
    AP_PARAM(ignore_labels, VALUE, POSTPROCESS, opts, 0, NULL, "[\"O\"]",
             "Labels that are left out of results."),
    AP_PARAM(stride, INT, PREPROCESS, opts, 0, NULL, NULL,
             "Cut long texts into windows that share this many tokens; absent: cut them off."),
    AP_PARAM(is_split_into_words, BOOL, PREPROCESS, opts, 0, NULL, "false",
             "Inputs are lists of words. Counts in a call, not at creation."),
    AP_PARAM(delimiter, STRING, PREPROCESS, opts, 0, NULL, "\" \"",
             "Stands between words in the text that start and end refer to."),
    AP_PARAM(offset_mapping, VALUE, PREPROCESS, opts, 0, NULL, NULL,
             "Start and end of each token in characters, in place of the tokenizer's."),
    AP_PARAM(grouped_entities, BOOL, POSTPROCESS, opts, 0, NULL, NULL,
             "Deprecated: aggregation_strategy=\"simple\"."),
    AP_PARAM(ignore_subwords, BOOL, POSTPROCESS, opts, 0, NULL, NULL,
             "Deprecated: with grouped_entities, aggregation_strategy=\"first\"."),
    AP_PARAM_END};

static ap_status check_model(const ap_task_context *ctx, ap_error *err) {
    return ap__logits_check(ctx, 3, "[batch_size, sequence_length, num_labels]", ctx->config->n_labels, err);
}

/* -- parameters ---------------------------------------------------------------------------------------- */

/* The strategy that parameters of one origin give.   @return whether they give any */
static bool find_aggregation(ap__aggregation *out, const opts *o, ap_origin origin) {
    bool is_old = o->grouped_entities.origin == origin || o->ignore_subwords.origin == origin;
    bool is_grouped = o->grouped_entities.origin == origin && o->grouped_entities.as.boolean;
    bool skips_subwords = o->ignore_subwords.origin == origin && o->ignore_subwords.as.boolean;
    if (is_old) {
        *out = !is_grouped      ? AP__AGGREGATION_NONE
               : skips_subwords ? AP__AGGREGATION_FIRST
                                : AP__AGGREGATION_SIMPLE;
        ap__log(AP_LOG_WARNING,
                "token-classification: grouped_entities and ignore_subwords are deprecated: use "
                "aggregation_strategy=\"%s\"",
                AGGREGATIONS[*out].name);
        return true;
    }
    if (o->aggregation_strategy.origin == origin) *out = (ap__aggregation)o->aggregation_strategy.as.integer;
    return o->aggregation_strategy.origin == origin;
}

static ap_status check_stride(const ap__tokenizer_config *config, int64_t stride, bool is_none,
                              ap_error *err) {
    if (stride < 0) return ap__fail(err, AP_EINVAL, "parameter stride: %lld is negative", (long long)stride);
    if ((uint64_t)stride >= config->model_max_length)
        return ap__fail(
            err, AP_EINVAL,
            "parameter stride: %lld must be less than the tokenizer's model_max_length of %zu (or even "
            "lower if it adds special tokens)",
            (long long)stride, config->model_max_length);
    if (is_none)
        return ap__fail(
            err, AP_EINVAL,
            "parameter stride: windows need an aggregation_strategy other than \"none\"; choose one of "
            "simple, first, average, max");
    return AP_OK;
}

static ap_status sanitize_origin(const ap_task_context *ctx, opts *o, ap_origin origin, ap_error *err) {
    ap__aggregation aggregation = AP__AGGREGATION_NONE;
    bool is_given = find_aggregation(&aggregation, o, origin);
    if (is_given) o->aggregation = aggregation;
    if (aggregation >= AP__AGGREGATION_FIRST && !ap__tokenizer_marks_subwords(ctx->tokenizer))
        ap__log(AP_LOG_WARNING, "token-classification: the tokenizer does not tell words: tokens that no "
                                "blank parts are taken for "
                                "one");
    if (o->stride.origin != origin) return AP_OK;
    o->has_windows = true;
    return check_stride(ap__tokenizer_get_config(ctx->tokenizer), o->stride.as.integer,
                        is_given && aggregation == AP__AGGREGATION_NONE, err);
}

static ap_status sanitize(const ap_task_context *ctx, void *bound, ap_error *err) {
    opts *o = bound;
    ap_kind ignored = ap_value_kind(ap__opt_is_set(&o->ignore_labels) ? o->ignore_labels.as.value : NULL);
    if (ignored != AP_KIND_LIST && ignored != AP_KIND_NULL)
        return ap__fail(err, AP_ETYPE, "parameter ignore_labels: expected a list of labels, found %s",
                        ap_kind_name(ignored));
    ap_status status = o->is_created ? AP_OK : sanitize_origin(ctx, o, AP_ORIGIN_INIT, err);
    o->is_created = true;
    return status ? status : sanitize_origin(ctx, o, AP_ORIGIN_CALL, err);
}

/* The reference sets it anew for every call, so one of the creation does not count. */
static bool takes_words(const opts *o) {
    return o->is_split_into_words.origin == AP_ORIGIN_CALL && o->is_split_into_words.as.boolean;
}

/* -- inputs -------------------------------------------------------------------------------------------- */

/* Whether it is a pair [start, end], and not a list of pairs. */
static bool is_pair(const ap_value *value) {
    return ap_value_kind(value) == AP_KIND_LIST && ap_value_kind(ap_value_list_get(value, 0)) == AP_KIND_INT;
}

/* The mapping that counts: the first, for all inputs, as in the reference. NULL: the tokenizer's. */
static const ap_value *find_mapping(size_t *n_mappings, const opts *o) {
    const ap_value *given = ap__opt_is_set(&o->offset_mapping) ? o->offset_mapping.as.value : NULL;
    const ap_value *first = ap_value_list_get(given, 0);
    *n_mappings = is_pair(first) ? 1 : ap_value_len(given);
    return is_pair(first) ? given : first;
}

static bool has_only_lists(const ap_value *list) {
    for (size_t i = 0; i < ap_value_len(list); i++)
        if (ap_value_kind(ap_value_list_get(list, i)) != AP_KIND_LIST) return false;
    return true;
}

/* There has to be an input; a list of words, where words are due, is one. */
static ap_status normalize_inputs(const ap_task_context *ctx, const void *bound, ap_value **out,
                                  const ap_value *inputs, ap_error *err) {
    ap_value *words = NULL;
    size_t n_mappings, n = ap_value_kind(inputs) == AP_KIND_STRING ? 1 : ap_value_len(inputs);
    (void)ctx;
    bool is_input = ap_value_kind(inputs) == AP_KIND_STRING || (ap_value_kind(inputs) == AP_KIND_LIST && n);
    if (!is_input)
        return ap__fail(
            err, AP_EINVAL, "at least one input is required: a text or a list of texts, found %s%s",
            ap_value_kind(inputs) == AP_KIND_LIST ? "an empty " : "", ap_kind_name(ap_value_kind(inputs)));
    if (find_mapping(&n_mappings, bound) && n_mappings != n)
        return ap__fail(err, AP_EINVAL, "parameter offset_mapping: %zu mappings for %zu inputs", n_mappings,
                        n);
    if (!takes_words(bound) || ap_value_kind(inputs) == AP_KIND_STRING || has_only_lists(inputs))
        return AP_OK;
    ap_status status = ap_value_create_list(out, err);
    if (!status) status = ap_value_copy(&words, inputs, err);
    return status ? status : ap_value_list_append_take(*out, words, err);
}

/* -- preprocess ---------------------------------------------------------------------------------------- */

/* One input: its text, and where its words begin in it. */
typedef struct sentence {
    ap__text text;
    ap__buf joined; /* The text of words. */
    ap__text *words;
    int64_t *starts; /* [n_words] in characters. */
    size_t n_words;
    bool is_words;
} sentence;

static void sentence_clear(sentence *s) {
    ap__buf_clear(&s->joined);
    ap__free(s->words);
    ap__free(s->starts);
}

static ap_status join_words(sentence *s, const ap_value *input, const char *delimiter, ap_error *err) {
    size_t n_chars = 0, delimiter_chars = ap__utf8_count(delimiter, strlen(delimiter));
    ap_status status = AP_OK;
    s->is_words = true;
    s->n_words = ap_value_len(input);
    s->words = ap__calloc(s->n_words, sizeof *s->words);
    s->starts = ap__calloc(s->n_words, sizeof *s->starts);
    if (!s->words || !s->starts) return ap__fail_nomem(err);
    for (size_t i = 0; !status && i < s->n_words; i++) {
        ap__text *word = &s->words[i];
        status = ap__text_of_value(word, ap_value_list_get(input, i), "word", err);
        if (!status && i) status = ap__buf_puts(&s->joined, delimiter, err);
        if (!status) status = ap__buf_append(&s->joined, word->ptr, word->len, err);
        if (status) break;
        s->starts[i] = (int64_t)n_chars;
        n_chars += ap__utf8_count(word->ptr, word->len) + delimiter_chars;
    }
    s->text = (ap__text){ap__buf_text(&s->joined), s->joined.len};
    return status;
}

static ap_status read_input(sentence *s, const ap_task_context *ctx, const opts *o, const ap_value *input,
                            ap_error *err) {
    if (!takes_words(o))
        return ap__text_of_value(&s->text, input, "text input (is_split_into_words is not set)", err);
    if (ap_value_kind(input) != AP_KIND_LIST)
        return ap__fail(err, AP_EINVAL, "with is_split_into_words an input is a list of words, found %s",
                        ap_kind_name(ap_value_kind(input)));
    if (ap__tokenizer_get_config(ctx->tokenizer)->refuses_words)
        return ap__fail(
            err, AP_EINVAL,
            "is_split_into_words: a tokenizer of this class takes words only with add_prefix_space=true; "
            "set it in tokenizer_config.json");
    bool is_own = o->delimiter.origin == AP_ORIGIN_CALL;
    return join_words(s, input, is_own ? o->delimiter.as.string : " ", err);
}

static ap_status encode(ap__encoding *out, const ap_task_context *ctx, const opts *o, const sentence *s,
                        ap_error *err) {
    ap__encode_options options;
    ap__tokenizer_opts as_called = {.truncation = {.origin = AP_ORIGIN_CALL},
                                    .padding = {.origin = AP_ORIGIN_CALL},
                                    .stride = {.origin = AP_ORIGIN_CALL},
                                    .verbose = {.origin = AP_ORIGIN_CALL}};
    as_called.truncation.as.integer = AP__TRUNCATION_LONGEST_FIRST;
    as_called.padding.as.integer = o->has_windows ? AP__PADDING_LONGEST : AP__PADDING_OFF;
    as_called.stride.as.integer = o->has_windows ? o->stride.as.integer : 0;
    ap_status status = ap__tokenize_resolve(&options, ctx->tokenizer, &as_called, err);
    if (status) return status;
    options.skip_overflowing = !o->has_windows;
    if (!s->is_words) return ap__tokenizer_encode(out, ctx->tokenizer, s->text, NULL, &options, err);
    return ap__tokenizer_encode_words(out, ctx->tokenizer, s->words, s->n_words, NULL, 0, &options, err);
}

/* No text is longer. */
static const int64_t POSITION_MAX = (int64_t)1 << 40;

/* Where token i is in the text by the caller's own mapping. */
static ap_status read_pair(int64_t *pair, const ap_value *mapping, size_t i, ap_error *err) {
    const ap_value *given = ap_value_list_get(mapping, i);
    for (size_t k = 0; k < 2; k++) {
        const ap_value *number = ap_value_list_get(given, k);
        if (ap_value_kind(number) != AP_KIND_INT)
            return ap__fail(err, AP_EINVAL,
                            "parameter offset_mapping: token %zu: expected [start, end], found %s", i,
                            given ? ap_kind_name(ap_value_kind(given)) : "nothing");
        pair[k] = ap_value_get_int(number);
        if (pair[k] < -POSITION_MAX || pair[k] > POSITION_MAX)
            return ap__fail(err, AP_EINVAL, "parameter offset_mapping: token %zu: %lld is out of range", i,
                            (long long)pair[k]);
    }
    return AP_OK;
}

static ap_status add_offsets(ap_value *feed, const ap__encoding *e, const sentence *s,
                             const ap_value *mapping, ap_error *err) {
    int64_t *to = NULL;
    ap_status status = ap__feed_add_ints(&to, feed, "offset_mapping", e->n, 2, err);
    for (size_t i = 0; !status && i < e->n; i++, to += 2) {
        to[0] = e->offsets_chars[i].start;
        to[1] = e->offsets_chars[i].end;
        if (mapping && !e->special_tokens_mask[i]) status = read_pair(to, mapping, i, err);
        int64_t start = s->is_words && e->word_ids[i] < s->n_words ? s->starts[e->word_ids[i]] : 0;
        to[0] += start;
        to[1] += start;
    }
    return status;
}

/* One window. */
static ap_status add_feed(ap_value *feed, const ap_task_context *ctx, const ap__encoding *e,
                          const sentence *s, const ap_value *mapping, ap_error *err) {
    static const ap__tokenizer_opts defaults;
    ap_status status = ap__feed_add_encoding(feed, e, ctx->tokenizer, &defaults, err);
    if (!status) status = ap__feed_add_mask(feed, "special_tokens_mask", e->special_tokens_mask, e->n, err);
    return status ? status : add_offsets(feed, e, s, mapping, err);
}

static ap_status add_feeds(ap_feeds *feeds, const ap_task_context *ctx, const ap__encoding *e,
                           const sentence *s, const ap_value *mapping, ap_error *err) {
    ap_status status = AP_OK;
    for (size_t i = 0; !status && i <= e->n_overflowing; i++) {
        ap_value *feed, *slot;
        if ((status = ap__feeds_add(&feed, feeds, err))) break;
        status = add_feed(feed, ctx, i ? &e->overflowing[i - 1] : e, s, mapping, err);
        if (status || i) continue;
        if (!(status = ap__dict_add(&slot, feed, "sentence", 8, err)))
            status = ap__value_set_string(slot, s->text.ptr, s->text.len, err);
    }
    return status;
}

static ap_status preprocess(const ap_task_context *ctx, const void *bound, const ap_value *input,
                            ap_feeds *feeds, ap_error *err) {
    const opts *o = bound;
    sentence s = {0};
    ap__encoding encoding = {0};
    size_t n_mappings;
    const ap_value *mapping = find_mapping(&n_mappings, o);
    ap_status status = read_input(&s, ctx, o, input, err);
    if (!status) status = encode(&encoding, ctx, o, &s, err);
    if (!status) status = add_feeds(feeds, ctx, &encoding, &s, mapping, err);
    ap__encoding_clear(&encoding);
    sentence_clear(&s);
    return status;
}

static ap_status postprocess(const ap_task_context *ctx, const void *bound, ap_value **out,
                             ap_value *const *outputs, size_t n_outputs, ap_error *err) {
    const opts *o = bound;
    return ap__entities_create(out, ctx, o->aggregation,
                               ap__opt_is_set(&o->ignore_labels) ? o->ignore_labels.as.value : NULL, outputs,
                               n_outputs, err);
}

const ap_task ap__task_token_classification = {
    .abi = AP_TASK_ABI,
    .size = sizeof(ap_task),
    .name = "token-classification",
    .aliases = "ner",
    .doc = "Finds entities in a text, or labels each of its tokens.",
    .input = AP_INPUT_TEXT,
    .components = AP_COMPONENT_TOKENIZER,
    .model_kind = AP_MODEL_SINGLE_GRAPH,
    .architectures = "ForTokenClassification",
    .outputs = "logits",
    .params = params,
    .opts_size = sizeof(opts),
    .check_model = check_model,
    .sanitize = sanitize,
    .normalize_inputs = normalize_inputs,
    .preprocess = preprocess,
    .postprocess = postprocess,
    .token_outputs = "logits",
    .kept_inputs = "input_ids",
};

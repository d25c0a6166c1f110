/* table-question-answering: a table and questions about it to cells, and to what is to be done with them.
 * Source: transformers@v4.55.4 pipelines/table_question_answering.py TableQuestionAnsweringPipeline. */
#include "tasks/table_question_answering.h"
#include "base/alloc.h"
#include "base/error.h"
#include "pipeline/feeds.h"
#include "pipeline/tokenize.h"
#include "tasks/logits.h"
#include "value/params.h"

#include <string.h>

typedef ap__tqa_opts opts;

static const ap_param_choice TRUNCATIONS[] = {
    {"true", 1, 1}, {"false", 0, 1}, {"drop_rows_to_fit", 1, 0}, {"do_not_truncate", 0, 0}, {NULL, 0, 0}};

static const ap_param params[] = {
    AP_PARAM(table, VALUE, INPUT, opts, AP_PARAM_NULL_OK, NULL, NULL,
             "A dict of columns or a list of rows, in place of inputs."),
    AP_PARAM(query, VALUE, INPUT, opts, AP_PARAM_NULL_OK, NULL, NULL,
             "A question, or a list of them, about the table."),
    AP_PARAM(sequential, BOOL, FORWARD, opts, 0, NULL, "false",
             "Ask one question after the other, each with the answers to the one before it."),
    AP_PARAM(padding, CHOICE, PREPROCESS, opts, 0, ap__padding_choices, "true",
             "Pad the questions of a table to the longest, or to the model's limit."),
    AP_PARAM(truncation, CHOICE, PREPROCESS, opts, 0, TRUNCATIONS, "\"drop_rows_to_fit\"",
             "Leave out rows, and cut cells, until the table fits into the model."),
    AP_PARAM_END};

static ap_status check_model(const ap_task_context *ctx, ap_error *err) {
    if (strcmp(ctx->config->model_type, "tapas") == 0)
        return ap__logits_check(ctx, 2, "[batch_size, sequence_length]", 0, err);
    return ap__fail(
        err, AP_EUNSUPPORTED,
        "%s: model_type %s: table-question-answering supports tapas; models that write their answers are "
        "not supported by this version",
        ctx->config->source, ctx->config->model_type);
}

/* -- inputs -------------------------------------------------------------------------------------------- */

static bool is_there(const ap_value *value) { return ap_value_kind(value) != AP_KIND_NULL; }

static bool has_both(const ap_value *item) {
    return is_there(ap_value_dict_get(item, "query")) && is_there(ap_value_dict_get(item, "table"));
}

/* Inputs without a query of their own: {"table": ..., "query": ...}, or a list of these. */
static ap_status check_items(const ap_value *inputs, ap_error *err) {
    ap_kind kind = ap_value_kind(inputs);
    bool is_list = kind == AP_KIND_LIST && ap_value_len(inputs);
    for (size_t i = 0; is_list && i < ap_value_len(inputs); i++) {
        ap_kind item = ap_value_kind(ap_value_list_get(inputs, i));
        if (item != AP_KIND_DICT)
            return ap__fail(err, AP_EINVAL,
                            "inputs: item %zu: expected a dict with \"table\" and \"query\", found %s", i,
                            ap_kind_name(item));
    }
    if (has_both(is_list ? ap_value_list_get(inputs, 0) : inputs)) return AP_OK;
    return ap__fail(err, AP_EINVAL,
                    "inputs: expected a dict with \"table\" and \"query\", or a list of these, found %s",
                    kind == AP_KIND_DICT || is_list ? "one that lacks one of them" : ap_kind_name(kind));
}

static const ap_value *given_value(const ap_opt *opt) {
    return opt->origin == AP_ORIGIN_CALL && !opt->is_null ? opt->as.value : NULL;
}

static ap_status set_copy(ap_value *dict, const char *key, const ap_value *value, ap_error *err) {
    ap_value *slot;
    ap_status status = ap__dict_add(&slot, dict, key, strlen(key), err);
    return status ? status : ap__value_assign(slot, value, err);
}

/* The table is positional or named; a query makes one input of it. */
static ap_status normalize_inputs(const ap_task_context *ctx, const void *bound, ap_value **out,
                                  const ap_value *inputs, ap_error *err) {
    const opts *o = bound;
    const ap_value *query = given_value(&o->query), *table = inputs ? inputs : given_value(&o->table);
    (void)ctx;
    if (inputs && o->table.origin == AP_ORIGIN_CALL)
        return ap__fail(err, AP_ETYPE,
                        "table-question-answering: inputs and table are both given; give one of them");
    if (!is_there(table))
        return ap__fail(err, AP_EINVAL, "table-question-answering: the table cannot be null");
    if (!query) {
        ap_status status = check_items(table, err);
        return status || inputs ? status : ap_value_copy(out, table, err);
    }
    ap_status status = ap_value_create_dict(out, err);
    if (!status) status = set_copy(*out, "table", table, err);
    if (!status) status = set_copy(*out, "query", query, err);
    if (status) {
        ap_value_destroy(*out);
        *out = NULL;
    }
    return status;
}

/* -- preprocess ---------------------------------------------------------------------------------------- */

/* The questions of one input and their encodings. */
typedef struct batch {
    const ap_value *query;
    size_t n;
    bool is_list;
    ap__tapas_encoding *encodings; /* [n] */
    size_t longest;
} batch;

static ap_status read_query(batch *b, const ap_value *query, ap_error *err) {
    size_t len = 1;
    ap_kind kind = ap_value_kind(query);
    ap_value_get_string(query, &len);
    if (kind == AP_KIND_NULL || (kind == AP_KIND_STRING && !len))
        return ap__fail(err, AP_EINVAL, "query is empty");
    *b = (batch){
        .query = query, .n = kind == AP_KIND_LIST ? ap_value_len(query) : 1, .is_list = kind == AP_KIND_LIST};
    if (!b->n) return ap__fail(err, AP_EINVAL, "query: the list is empty");
    b->encodings = ap__calloc(b->n, sizeof *b->encodings);
    return b->encodings ? AP_OK : ap__fail_nomem(err);
}

static ap_status encode(batch *b, const ap_task_context *ctx, const opts *o, const ap__table *table,
                        ap_error *err) {
    ap__tapas_table *read = NULL;
    bool drop_rows = ap__opt_integer(&o->truncation, 1) != 0;
    ap_status status = ap__tapas_table_create(&read, ctx->tapas, table, err);
    for (size_t i = 0; i < b->n && !status; i++) {
        ap__text text;
        status =
            ap__text_of_value(&text, b->is_list ? ap_value_list_get(b->query, i) : b->query, "query", err);
        if (!status) status = ap__tapas_encode(&b->encodings[i], read, text, drop_rows, err);
        if (!status && b->encodings[i].n > b->longest) b->longest = b->encodings[i].n;
    }
    ap__tapas_table_destroy(read);
    return status;
}

/* The length of the rows: questions that run together need one. */
static ap_status find_length(size_t *out, const batch *b, const ap_task_context *ctx, const opts *o,
                             ap_error *err) {
    ap__padding padding = (ap__padding)ap__opt_integer(&o->padding, AP__PADDING_LONGEST);
    size_t limit = ap__tapas_get_config(ctx->tapas)->model_max_length;
    *out = b->longest;
    if (padding == AP__PADDING_FIXED && limit <= AP__TEXT_MAX_BYTES && limit > *out) *out = limit;
    for (size_t i = 0; padding == AP__PADDING_OFF && i < b->n; i++)
        if (b->encodings[i].n != b->longest)
            return ap__fail(
                err, AP_EINVAL,
                "the questions of a table become one tensor, but have %zu and %zu tokens with it; "
                "padding=true makes them equal",
                b->longest, b->encodings[i].n);
    return AP_OK;
}

/* The model has an embedding for so many columns, rows and ranks; not every runtime notices that there is
 * none. */
static ap_status check_types(const batch *b, const ap_task_context *ctx, ap_error *err) {
    const ap_value *sizes = ap_value_dict_get(ctx->config->json, "type_vocab_sizes");
    for (size_t k = 0; k < AP__TAPAS_N_TYPES && k < ap_value_len(sizes); k++) {
        int64_t size = ap_value_get_int(ap_value_list_get(sizes, k));
        for (size_t r = 0; r < b->n; r++)
            for (size_t i = 0; i < b->encodings[r].n; i++)
                if (b->encodings[r].types[i][k] >= size)
                    return ap__fail(err, AP_EINVAL,
                                    "the table is too large for the model: a token has %u as type %zu, and "
                                    "type_vocab_sizes of its config.json allows less than %lld; leave rows "
                                    "or columns out",
                                    b->encodings[r].types[i][k], k, (long long)size);
    }
    return AP_OK;
}

/* Adds a tensor [n_rows, length] or [n_rows, length, 7] of padding. */
static ap_status add_tensor(int64_t **out, ap_value *feed, const char *name, size_t n_rows, size_t length,
                            uint32_t rank, ap_error *err) {
    ap__tensor *tensor;
    const int64_t shape[3] = {(int64_t)n_rows, (int64_t)length, AP__TAPAS_N_TYPES};
    ap_status status = ap__tensor_create(&tensor, AP_DTYPE_I64, shape, rank, err);
    if (status) return status;
    *out = ap__tensor_data(tensor);
    memset(*out, 0, ap__tensor_n_elements(tensor) * sizeof **out);
    return ap__dict_set_tensor_take(feed, name, tensor, err);
}

/* The questions as rows, padded on the tokenizer's side. */
static ap_status fill_feed(ap_value *feed, const ap_task_context *ctx, const batch *b, size_t length,
                           ap_error *err) {
    const ap__tokenizer_config *config = ap__tapas_get_config(ctx->tapas);
    int64_t *ids, *mask, *types;
    ap_status status = add_tensor(&ids, feed, "input_ids", b->n, length, 2, err);
    if (!status) status = add_tensor(&mask, feed, "attention_mask", b->n, length, 2, err);
    if (!status) status = add_tensor(&types, feed, "token_type_ids", b->n, length, 3, err);
    for (size_t r = 0; r < b->n && !status; r++) {
        const ap__tapas_encoding *e = &b->encodings[r];
        size_t at = r * length + (config->padding_side == AP__SIDE_LEFT ? length - e->n : 0);
        for (size_t i = 0; i < length; i++) ids[r * length + i] = config->pad_token_id;
        for (size_t i = 0; i < e->n; i++) {
            ids[at + i] = e->ids[i];
            mask[at + i] = 1;
            for (size_t k = 0; k < AP__TAPAS_N_TYPES; k++)
                types[(at + i) * AP__TAPAS_N_TYPES + k] = e->types[i][k];
        }
    }
    return status;
}

/* The cells, which postprocess() looks answers up in. */
static ap_status carry_table(ap_value *feed, const ap__table *table, ap_error *err) {
    ap_value *rows;
    ap_status status = ap__dict_set_list(&rows, feed, "table", err);
    for (size_t i = 0; i < table->n_rows && !status; i++) {
        ap_value *row;
        if ((status = ap__list_add(&row, rows, err))) return status;
        ap__value_set_list(row);
        for (size_t k = 0; k < table->n_columns && !status; k++) {
            const ap__text *cell = &table->cells[i * table->n_columns + k];
            status = ap__list_add_text(row, cell->ptr, cell->len, err);
        }
    }
    return status;
}

/* All questions about a table are rows of one feed. They run together and with no other: TAPAS counts the
 * places in a cell from where the cell begins in the first row of the batch, whatever the others are. */
static ap_status add_feed(ap_feeds *feeds, const batch *b, const ap_task_context *ctx, const opts *o,
                          const ap__table *table, ap_error *err) {
    size_t length = 0;
    ap_value *feed;
    ap_status status = check_types(b, ctx, err);
    if (!status) status = find_length(&length, b, ctx, o, err);
    if (!status) status = ap__feeds_add(&feed, feeds, err);
    if (!status) status = fill_feed(feed, ctx, b, length, err);
    return status ? status : carry_table(feed, table, err);
}

static ap_status preprocess(const ap_task_context *ctx, const void *bound, const ap_value *input,
                            ap_feeds *feeds, ap_error *err) {
    void *memory = NULL;
    ap__table table;
    batch b = {0};
    const ap_value *query = ap_value_dict_get(input, "query"), *given = ap_value_dict_get(input, "table");
    if (ap_value_kind(input) != AP_KIND_DICT)
        return ap__fail(err, AP_EINVAL, "input: expected a dict with \"table\" and \"query\", found %s",
                        ap_kind_name(ap_value_kind(input)));
    if (!query || !given)
        return ap__fail(err, AP_EKEY, "input: the dict has no \"%s\"", given ? "query" : "table");
    ap_status status = ap__tqa_read_table(&table, &memory, given, err);
    if (!status) status = read_query(&b, query, err);
    if (!status) status = encode(&b, ctx, bound, &table, err);
    if (!status) status = add_feed(feeds, &b, ctx, bound, &table, err);
    for (size_t i = 0; b.encodings && i < b.n; i++) ap__tapas_encoding_clear(&b.encodings[i]);
    ap__free(b.encodings);
    ap__free(memory);
    return status;
}

/* A list of one input gives its result alone. */
static ap_status shape_result(const ap_task_context *ctx, const void *bound, const ap_value *inputs,
                              ap_value **result, ap_error *err) {
    (void)ctx, (void)bound;
    bool is_one = ap_value_kind(inputs) == AP_KIND_LIST && ap_value_len(*result) == 1;
    return is_one ? ap__list_unwrap(result, err) : AP_OK;
}

const ap_task ap__task_table_question_answering = {
    .abi = AP_TASK_ABI,
    .size = sizeof(ap_task),
    .name = "table-question-answering",
    .doc = "Answers questions about a table with cells of it.",
    .input = AP_INPUT_TEXT,
    .components = AP_COMPONENT_TABLE_TOKENIZER,
    .model_kind = AP_MODEL_SINGLE_GRAPH,
    .architectures = "TapasForQuestionAnswering",
    .outputs = "logits logits_aggregation",
    .kept_inputs = "attention_mask token_type_ids",
    .params = params,
    .opts_size = sizeof(opts),
    .check_model = check_model,
    .preprocess = preprocess,
    .forward = ap__tqa_forward,
    .postprocess = ap__tqa_postprocess,
    .shape_result = shape_result,
    .normalize_inputs = normalize_inputs,
    .flags = AP_TASK_RUNS_ALONE,
};

/* Forms of tables and questions, parameters and errors of table-question-answering. The numbers are checked
 * by the parity cases. */
#include "unit/support/check.h"
#include "unit/support/pipelines.h"
#include "unit/support/random.h"
#include "unit/support/torture.h"

#include <stdio.h>
#include <string.h>

#define TASK "\"task\": \"table-question-answering\""
#define COLUMNS "{\"City\": [\"Berlin\", \"Rome\"], \"People\": [\"3600000\", \"2800000\"]}"
#define ROWS                                                                                                 \
    "[{\"City\": \"Berlin\", \"People\": \"3600000\"}, {\"City\": \"Rome\", \"People\": \"2800000\"}]"
#define OTHER "{\"Lake\": [\"Garda\", \"Como\", \"Iseo\"]}"
#define ITEM "{\"table\": " COLUMNS ", \"query\": \"Which city?\"}"

int group_setup(void **state) {
    (void)state;
    support_use_build_plugins();
    return 0;
}

static ap_pipeline *pipeline(const char *more) {
    char json[1024];
    snprintf(json, sizeof json, "{" TASK "%s%s}", more ? ", " : "", more ? more : "");
    return support_pipeline("tapas-wtq", json);
}

static ap_value *call_by_keyword(const ap_pipeline *pipe, const char *inputs, const char *params) {
    ap_error err = AP_ERROR_INIT;
    ap_value *more = support_json(params), *in = inputs ? support_json(inputs) : NULL, *out = NULL;
    assert_ok(ap_pipeline_call(&out, pipe, in, more, &err), &err);
    ap_value_destroy(in);
    ap_value_destroy(more);
    return out;
}

static void expect_equal(ap_value *a, ap_value *b) {
    assert_true(support_difference(a, b) < 1e-6);
    ap_value_destroy(a);
    ap_value_destroy(b);
}

void test_forms_of_one_table(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline(NULL);
    ap_value *plain = support_call(pipe, ITEM, NULL);
    const char *key, *const keys[] = {"answer", "coordinates", "cells", "aggregator"};
    assert_int_equal(ap_value_len(plain), 4);
    for (size_t i = 0; i < 4; i++) {
        ap_value_dict_at(plain, i, &key);
        assert_string_equal(key, keys[i]);
    }
    ap_value_destroy(plain);
    expect_equal(support_call(pipe, "[" ITEM "]", NULL), support_call(pipe, ITEM, NULL));
    expect_equal(support_call(pipe, "{\"table\": " ROWS ", \"query\": \"Which city?\"}", NULL),
                 support_call(pipe, ITEM, NULL));
    expect_equal(call_by_keyword(pipe, NULL, "{\"table\": " COLUMNS ", \"query\": \"Which city?\"}"),
                 support_call(pipe, ITEM, NULL));
    expect_equal(call_by_keyword(pipe, COLUMNS, "{\"query\": \"Which city?\"}"),
                 support_call(pipe, ITEM, NULL));
    expect_equal(call_by_keyword(pipe, ROWS, "{\"query\": \"Which city?\"}"), support_call(pipe, ITEM, NULL));
    expect_equal(call_by_keyword(pipe, NULL, "{\"table\": " ITEM "}"), support_call(pipe, ITEM, NULL));
    ap_pipeline_destroy(pipe);
}

/* A text beside lists stands in every row. */
void test_a_column_that_is_text(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline(NULL);
    expect_equal(
        support_call(pipe, "{\"table\": {\"a\": [\"1\", \"2\"], \"b\": \"x\"}, \"query\": \"q\"}", NULL),
        support_call(pipe, "{\"table\": {\"a\": [\"1\", \"2\"], \"b\": [\"x\", \"x\"]}, \"query\": \"q\"}",
                     NULL));
    ap_pipeline_destroy(pipe);
}

void test_several_questions(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline(NULL);
    const char *several =
        "{\"table\": " COLUMNS ", \"query\": [\"Which city?\", \"How many people live there?\"]}";
    ap_value *batch = support_call(pipe, several, NULL),
             *sequence = support_call(pipe, several, "{\"sequential\": true}");
    assert_int_equal(ap_value_len(batch), 2);
    assert_int_equal(ap_value_len(sequence), 2);
    /* The first question has none before it. */
    expect_equal(support_call(pipe, ITEM, "{\"sequential\": true}"), support_call(pipe, ITEM, NULL));
    ap_value *one = support_call(pipe, "{\"table\": " COLUMNS ", \"query\": [\"Which city?\"]}", NULL);
    assert_int_equal(ap_value_kind(one), AP_KIND_DICT);
    ap_value_destroy(one);
    ap_value_destroy(batch);
    ap_value_destroy(sequence);
    ap_pipeline_destroy(pipe);
}

void test_padding_and_truncation(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline(NULL);
    expect_equal(support_call(pipe, ITEM, "{\"padding\": \"max_length\"}"), support_call(pipe, ITEM, NULL));
    expect_equal(support_call(pipe, ITEM, "{\"padding\": false, \"truncation\": true}"),
                 support_call(pipe, ITEM, NULL));
    expect_equal(support_call(pipe, ITEM, "{\"truncation\": \"do_not_truncate\", \"padding\": null}"),
                 support_call(pipe, ITEM, NULL));
    support_call_fails(pipe,
                       "{\"table\": " COLUMNS ", \"query\": [\"Which city?\", \"Which of all these?\"]}",
                       "{\"padding\": false}", AP_EINVAL, "padding=true makes them equal");
    support_call_fails(pipe, ITEM, "{\"truncation\": \"longest_first\"}", AP_EINVAL,
                       "expected one of true, false, drop_rows_to_fit");
    support_call_fails(pipe, ITEM, "{\"sequental\": true}", AP_EINVAL, "did you mean \"sequential\"?");
    ap_pipeline_destroy(pipe);
}

void test_inputs_that_cannot_be(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline(NULL);
    support_call_fails(pipe, "{\"table\": " COLUMNS "}", NULL, AP_EINVAL, "one that lacks one of them");
    support_call_fails(pipe, "{\"query\": \"x\"}", NULL, AP_EINVAL, "one that lacks one of them");
    support_call_fails(pipe, "{\"table\": null, \"query\": \"x\"}", NULL, AP_EINVAL,
                       "one that lacks one of them");
    support_call_fails(pipe, "\"text\"", NULL, AP_EINVAL, "found string");
    support_call_fails(pipe, "[]", NULL, AP_EINVAL, "found list");
    support_call_fails(pipe, "null", NULL, AP_EINVAL, "the table cannot be null");
    support_call_fails(pipe, "[" ITEM ", 7]", NULL, AP_EINVAL, "item 1: expected a dict");
    support_call_fails(pipe, "[" ITEM ", {\"table\": " COLUMNS "}]", NULL, AP_EKEY,
                       "input 1: input: the dict has no \"query\"");
    support_call_fails(pipe, "[" ITEM ", {\"table\": null, \"query\": \"x\"}]", NULL, AP_EINVAL,
                       "table cannot be null");
    support_call_fails(pipe, NULL, "{\"query\": \"x\"}", AP_EINVAL, "the table cannot be null");
    support_call_fails(pipe, COLUMNS, "{\"table\": " COLUMNS "}", AP_ETYPE, "both given");
    ap_pipeline_destroy(pipe);
}

void test_queries_that_cannot_be(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline(NULL);
    support_call_fails(pipe, "{\"table\": " COLUMNS ", \"query\": \"\"}", NULL, AP_EINVAL, "query is empty");
    support_call_fails(pipe, "{\"table\": " COLUMNS ", \"query\": []}", NULL, AP_EINVAL,
                       "query: the list is empty");
    support_call_fails(pipe, "{\"table\": " COLUMNS ", \"query\": 7}", NULL, AP_EINVAL,
                       "query: expected a string, found int");
    support_call_fails(pipe, "{\"table\": " COLUMNS ", \"query\": [\"a\", 7]}", NULL, AP_EINVAL,
                       "query: expected a string");
    ap_pipeline_destroy(pipe);
}

static void table_fails(const ap_pipeline *pipe, const char *table, ap_status status, const char *message) {
    char input[1024];
    snprintf(input, sizeof input, "{\"table\": %s, \"query\": \"x\"}", table);
    support_call_fails(pipe, input, NULL, status, message);
}

void test_tables_that_cannot_be(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline(NULL);
    table_fails(pipe, "{}", AP_EINVAL, "table is empty");
    table_fails(pipe, "[]", AP_EINVAL, "table is empty");
    table_fails(pipe, "{\"a\": []}", AP_EINVAL, "table is empty");
    table_fails(pipe, "\"text\"", AP_EINVAL, "found string");
    table_fails(pipe, "{\"a\": [1, 2]}", AP_ETYPE, "row 0, column \"a\": cells have to be text, found int");
    table_fails(pipe, "{\"a\": [\"1\", null]}", AP_ETYPE,
                "row 1, column \"a\": cells have to be text, found null");
    table_fails(pipe, "{\"a\": [\"1\"], \"b\": [\"1\", \"2\"]}", AP_EINVAL,
                "column \"b\" has 2 cells, those before it have 1");
    table_fails(pipe, "{\"a\": \"1\"}", AP_EINVAL, "no column is a list");
    table_fails(pipe, "{\"a\": {\"0\": \"1\"}}", AP_EINVAL, "expected a list, found dict");
    table_fails(pipe, "[[\"a\"]]", AP_ETYPE, "row 0: expected a dict");
    table_fails(pipe, "[{\"a\": \"1\"}, 7]", AP_ETYPE, "row 1: expected a dict");
    table_fails(pipe, "[{\"a\": \"1\"}, {\"b\": \"1\"}]", AP_ETYPE,
                "row 1, column \"a\": cells have to be text, found nothing");
    table_fails(pipe, "[{\"a\": \"1\"}, {\"a\": \"1\", \"b\": \"1\"}]", AP_ETYPE,
                "row 1 has 2 cells, row 0 has 1");
    ap_pipeline_destroy(pipe);
}

/* The model has 32 row embeddings: a header and 31 rows. */
void test_a_table_with_more_rows_than_the_model_knows(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline(NULL);
    char json[2048] = "{\"query\": \"How many?\", \"table\": {\"n\": [\"0\"";
    for (int i = 1; i < 32; i++) snprintf(json + strlen(json), sizeof json - strlen(json), ", \"%d\"", i);
    strcat(json, "]}}");
    support_call_fails(pipe, json, NULL, AP_EINVAL, "a token has 32 as type 2, and type_vocab_sizes");
    ap_pipeline_destroy(pipe);
}

void test_models_that_cannot_be(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT, other = AP_ERROR_INIT;
    assert_int_equal(support_pipeline_fails("bert-squad", "{" TASK "}", &err), AP_ENOTFOUND);
    assert_says(&err, "no vocab.txt");
    assert_int_equal(
        support_pipeline_fails("tapas-wtq", "{" TASK ", \"config\": {\"model_type\": \"bart\"}}", &other),
        AP_EUNSUPPORTED);
    assert_says(&other, "model_type bart: table-question-answering supports tapas");
}

/* Without labels for them, the model's aggregations are not said. */
void test_aggregation_labels(void **state) {
    (void)state;
    ap_pipeline *none = pipeline("\"config\": {\"model_type\": \"tapas\"}");
    ap_pipeline *list =
        pipeline("\"config\": {\"model_type\": \"tapas\", \"num_aggregation_labels\": 4, "
                 "\"no_aggregation_label_index\": 1, \"aggregation_labels\": [\"a\", \"b\", \"c\", \"d\"]}");
    ap_pipeline *few = pipeline("\"config\": {\"model_type\": \"tapas\", \"num_aggregation_labels\": 4, "
                                "\"aggregation_labels\": {\"0\": \"a\"}}");
    ap_value *plain = support_call(none, ITEM, NULL), *labelled = support_call(list, ITEM, NULL);
    assert_int_equal(ap_value_len(plain), 3);
    assert_string_equal(ap_value_get_string(ap_value_dict_get(labelled, "aggregator"), NULL), "b");
    assert_null(strstr(ap_value_get_string(ap_value_dict_get(labelled, "answer"), NULL), " > "));
    support_call_fails(few, ITEM, NULL, AP_EKEY, "aggregation_labels has no label 1");
    ap_value_destroy(plain);
    ap_value_destroy(labelled);
    ap_pipeline_destroy(few);
    ap_pipeline_destroy(list);
    ap_pipeline_destroy(none);
}

void test_phases_give_the_same(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline(NULL);
    ap_error err = AP_ERROR_INIT;
    ap_value *one = support_json(ITEM),
             *other = support_json("{\"table\": " OTHER ", \"query\": \"Which lake?\"}");
    ap_value *feeds = NULL, *more = NULL, *outputs = NULL, *result = NULL, *second = NULL;
    assert_ok(ap_pipeline_preprocess(&feeds, pipe, one, NULL, &err), &err);
    assert_ok(ap_pipeline_preprocess(&more, pipe, other, NULL, &err), &err);
    ap_value *copy = NULL;
    assert_ok(ap_value_copy(&copy, ap_value_list_get(more, 0), &err), &err);
    assert_ok(ap_value_list_append_take(feeds, copy, &err), &err);
    assert_ok(ap_pipeline_forward(&outputs, pipe, feeds, NULL, &err),
              &err); /* Two feeds, which run one by one. */
    ap_value *first = support_json("[]"), *rest = support_json("[]");
    for (size_t i = 0; i < 2; i++) {
        copy = NULL;
        assert_ok(ap_value_copy(&copy, ap_value_list_get(outputs, i), &err), &err);
        assert_ok(ap_value_list_append_take(i ? rest : first, copy, &err), &err);
    }
    assert_ok(ap_pipeline_postprocess(&result, pipe, first, NULL, &err), &err);
    assert_ok(ap_pipeline_postprocess(&second, pipe, rest, NULL, &err), &err);
    expect_equal(support_call(pipe, ITEM, NULL), result);
    expect_equal(support_call(pipe, "{\"table\": " OTHER ", \"query\": \"Which lake?\"}", NULL), second);
    ap_value *none = support_json("[]"), *nothing = support_json("[{\"table\": []}]"), *out = NULL;
    assert_fails(ap_pipeline_postprocess(&out, pipe, none, NULL, &err), AP_EINVAL, &err, "no \"table\"");
    assert_fails(ap_pipeline_postprocess(&out, pipe, nothing, NULL, &err), AP_EINVAL, &err,
                 "expected a tensor");
    ap_value_destroy(none);
    ap_value_destroy(nothing);
    ap_value_destroy(first);
    ap_value_destroy(rest);
    ap_value_destroy(outputs);
    ap_value_destroy(more);
    ap_value_destroy(feeds);
    ap_value_destroy(other);
    ap_value_destroy(one);
    ap_pipeline_destroy(pipe);
}

/* TAPAS sees all rows of a batch at once, so tables must not share one: whatever the batch size, a list gives
 * what each of its tables gives alone. */
void test_batches_equal_singles(void **state) {
    (void)state;
    static const char *const tables[] = {COLUMNS, OTHER, ROWS,
                                         "{\"n\": [\"1\", \"2\", \"3\", \"4\", \"5\"], \"x\": \"y\"}"};
    static const char *const queries[] = {"\"Which city?\"", "\"How many?\"",
                                          "[\"More than 0?\", \"a b c d e f g\"]", "\"?\""};
    ap_pipeline *pipe = pipeline(NULL);
    uint64_t seed = 9;
    for (size_t round = 0; round < 24; round++) {
        ap_value *list = support_json("[]");
        char params[96];
        for (size_t i = 0, n = 2 + random_below(&seed, 4); i < n; i++) {
            char item[512];
            snprintf(item, sizeof item, "{\"table\": %s, \"query\": %s}", tables[random_below(&seed, 4)],
                     queries[random_below(&seed, 4)]);
            ap_value_list_append_take(list, support_json(item), NULL);
        }
        const char *sequential = round % 2 ? "true" : "false";
        char single[64];
        snprintf(single, sizeof single, "{\"sequential\": %s}", sequential);
        snprintf(params, sizeof params, "{\"sequential\": %s, \"batch_size\": %d}", sequential,
                 1 + (int)random_below(&seed, 5));
        support_check_batches(pipe, list, params, single);
        ap_value_destroy(list);
    }
    ap_pipeline_destroy(pipe);
}

static ap_status call_in_torture(void *pipe, ap_error *err) {
    static const char inputs[] = "[" ITEM ", {\"table\": " ROWS ", \"query\": [\"a\", \"more than 2\"]}]";
    ap_status status = support_try_call(pipe, inputs, NULL, err);
    return status ? status : support_try_call(pipe, inputs, "{\"sequential\": true}", err);
}

void test_torture(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline("\"num_threads\": 1");
    torture_graceful(call_in_torture, pipe);
    ap_pipeline_destroy(pipe);
}

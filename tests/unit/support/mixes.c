/* Inputs are dicts or texts whose result is the same alone and in a list. */
#include "unit/support/mixes.h"

#include "unit/support/check.h"
#include "unit/support/pipelines.h"
#include "unit/support/random.h"

#include <stdio.h>
#include <string.h>

/* -- inputs -------------------------------------------------------------------------------------------- */

static void write_text(char *out, size_t size, unsigned seed) {
    char text[512];
    support_sentence(text, sizeof text, seed, seed % 13);
    snprintf(out, size, "\"%s\"", text);
}

static void write_some_text(char *out, size_t size, unsigned seed) {
    char text[512];
    support_sentence(text, sizeof text, seed, 1 + seed % 12);
    snprintf(out, size, "\"%s\"", text);
}

static void write_pair(char *out, size_t size, unsigned seed) {
    char text[1024];
    write_text(text, sizeof text, seed);
    snprintf(out, size, "{\"text\": %s, \"text_pair\": %s}", text, seed % 2 ? "null" : "\"the end\"");
}

static void write_masked(char *out, size_t size, unsigned seed) {
    char text[512];
    support_sentence(text, sizeof text, seed, seed % 9);
    snprintf(out, size, "\"%s[MASK] %s\"", seed % 3 ? "" : "[MASK] ", text);
}

static void write_long(char *out, size_t size, unsigned seed) {
    char text[1024];
    support_sentence(text, sizeof text, seed, seed % 5 ? seed % 13 : 60 + seed % 40);
    snprintf(out, size, "\"%s\"", text);
}

/* A text and up to three others, by the keys of the task. */
static void write_group(char *out, size_t size, unsigned seed, const char *head, const char *list) {
    char text[512];
    support_sentence(text, sizeof text, seed, seed % 5 + 1);
    size_t at = (size_t)snprintf(out, size, "{\"%s\": \"%s\", \"%s\": [", head, text, list);
    for (unsigned i = 0; i < seed % 4; i++) {
        support_sentence(text, sizeof text, seed + i + 1, (seed + 3 * i) % 11);
        at += (size_t)snprintf(out + at, size - at, "%s\"%s\"", i ? ", " : "", text);
    }
    snprintf(out + at, size - at, "]}");
}

static void write_query(char *out, size_t size, unsigned seed) {
    write_group(out, size, seed, "query", "documents");
}

static void write_sentences(char *out, size_t size, unsigned seed) {
    write_group(out, size, seed, "source_sentence", "sentences");
}

/* Some contexts make several windows. */
static void write_question(char *out, size_t size, unsigned seed) {
    char question[128], context[1024];
    support_sentence(question, sizeof question, seed + 1, 1 + seed % 4);
    support_sentence(context, sizeof context, seed, seed % 4 ? 1 + seed % 20 : 40 + seed % 50);
    snprintf(out, size, "{\"question\": \"%s\", \"context\": \"%s\"}", question, context);
}

static void write_table(char *out, size_t size, unsigned seed) {
    static const char *const queries[] = {"\"Which city?\"", "\"How many?\"", "\"?\"",
                                          "[\"More than 0?\", \"a b c d e f g\"]"};
    size_t at = (size_t)snprintf(out, size, "{\"table\": {\"City\": [");
    unsigned n = 1 + seed % 5;
    for (unsigned i = 0; i < n; i++) {
        char name[64];
        support_sentence(name, sizeof name, seed + i, 1);
        at += (size_t)snprintf(out + at, size - at, "%s\"%s\"", i ? ", " : "", name);
    }
    at += (size_t)snprintf(out + at, size - at, "], \"People\": [");
    for (unsigned i = 0; i < n; i++)
        at += (size_t)snprintf(out + at, size - at, "%s\"%u\"", i ? ", " : "", seed * (i + 1) % 1000);
    snprintf(out + at, size - at, "]}, \"query\": %s}", queries[seed / 5 % 4]);
}

/* A page of words in a row. */
static void write_page(char *out, size_t size, unsigned seed) {
    size_t n = 1 + seed % 40, at;
    at = (size_t)snprintf(out, size, "{\"image\": null, \"question\": \"What is it?\", \"word_boxes\": [");
    for (size_t i = 0; i < n; i++) {
        char word[64];
        support_sentence(word, sizeof word, seed + (unsigned)i, 1);
        at += (size_t)snprintf(out + at, size - at, "%s[\"%s\", [%zu, 10, %zu, 20]]", i ? ", " : "", word,
                               10 * i, 10 * i + 9);
    }
    snprintf(out + at, size - at, "]}");
}

const mix_kind mix_kinds[] = {
    {"text-classification", "bert-sst2", "\"top_k\": null", write_pair, true},
    {"feature-extraction", "minilm-embed", "\"pooling\": \"none\"", write_text, false},
    {"feature-extraction", "minilm-embed", "\"pooling\": \"mean\"", write_text, true},
    {"feature-extraction", "mpnet-embed", "\"pooling\": \"max\"", write_text, true},
    {"fill-mask", "bert-mlm", "\"top_k\": 2", write_masked, true},
    {"token-classification", "bert-ner", "\"aggregation_strategy\": \"average\", \"stride\": 7", write_long,
     true},
    {"token-classification", "distilbert-pos", "\"aggregation_strategy\": \"none\"", write_text, true},
    {"text-ranking", "electra-pairs", "\"return_documents\": true", write_query, true},
    {"sentence-similarity", "minilm-embed", "\"similarity\": \"cosine\"", write_sentences, true},
    {"question-answering", "bert-squad", "\"max_seq_len\": 40, \"doc_stride\": 8, \"top_k\": 2",
     write_question, true},
    {"question-answering", "roberta-squad2", "\"handle_impossible_answer\": true, \"max_seq_len\": 48",
     write_question, true},
    {"zero-shot-classification", "bert-mnli", "\"candidate_labels\": [\"rain\", \"the old men\", \"a film\"]",
     write_some_text, true},
    {"zero-shot-classification", "deberta-nli-cls",
     "\"candidate_labels\": \"rain, men\", \"multi_label\": true", write_some_text, true},
    {"table-question-answering", "tapas-wtq", "\"sequential\": false", write_table, true},
    {"table-question-answering", "tapas-wtq", "\"sequential\": true", write_table, true},
    {"document-question-answering", "layoutlm-docvqa", "\"max_seq_len\": 40, \"doc_stride\": 3, \"top_k\": 2",
     write_page, true},
    {NULL, NULL, NULL, NULL, false}};

/* -- pools --------------------------------------------------------------------------------------------- */

void mix_pool_create(mix_pool *pool, const mix_kind *kind, const char *more) {
    char init[1024], json[8192];
    ap_error err = AP_ERROR_INIT;
    /* On one thread: these models are too small for two. */
    snprintf(init, sizeof init, "{\"task\": \"%s\", \"num_threads\": 1, %s%s%s}", kind->task, kind->init,
             more ? ", " : "", more ? more : "");
    pool->kind = kind;
    pool->pipe = support_pipeline(kind->model, init);
    for (unsigned i = 0; i < MIX_N_INPUTS; i++) {
        kind->write_input(json, sizeof json, i * 7919u + 11u);
        pool->inputs[i] = support_json(json);
        if (ap_pipeline_call(&pool->results[i], pool->pipe, pool->inputs[i], NULL, &err))
            fail_msg("%s, %s: %s", kind->task, json, err.message);
    }
}

void mix_pool_destroy(mix_pool *pool) {
    for (size_t i = 0; i < MIX_N_INPUTS; i++) {
        ap_value_destroy(pool->inputs[i]);
        ap_value_destroy(pool->results[i]);
    }
    ap_pipeline_destroy(pool->pipe);
}

void mix_check(const mix_pool *pool, uint64_t *seed) {
    size_t chosen[MIX_MAX], n = 2 + random_below(seed, MIX_MAX - 1), batch_size = random_below(seed, 9);
    char params[64] = "{}";
    ap_error err = AP_ERROR_INIT;
    ap_value *list, *copy, *out;
    assert_ok(ap_value_create_list(&list, &err), &err);
    for (size_t i = 0; i < n; i++) {
        chosen[i] = random_below(seed, MIX_N_INPUTS);
        assert_ok(ap_value_copy(&copy, pool->inputs[chosen[i]], &err), &err);
        assert_ok(ap_value_list_append_take(list, copy, &err), &err);
    }
    if (pool->kind->has_sizes && batch_size)
        snprintf(params, sizeof params, "{\"batch_size\": %zu}", batch_size);
    ap_value *more = support_json(params);
    assert_ok(ap_pipeline_call(&out, pool->pipe, list, more, &err), &err);
    assert_int_equal(ap_value_len(out), n);
    for (size_t i = 0; i < n; i++) {
        double difference = support_difference(pool->results[chosen[i]], ap_value_list_get(out, i));
        if (difference > 1e-4)
            fail_msg("%s: input %zu, %zu of %zu, %s: %g", pool->kind->task, chosen[i], i, n, params,
                     difference);
    }
    ap_value_destroy(more);
    ap_value_destroy(out);
    ap_value_destroy(list);
}

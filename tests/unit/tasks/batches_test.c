/* Whatever the mix of lengths, the order and the batch_size: every result of a list is that of its input
 * alone. */
#include "unit/support/check.h"
#include "unit/support/pipelines.h"
#include "unit/support/random.h"
#include "unit/support/tempdir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { N_MIXES = 40 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { N_MIXES = 40 };
#else
enum { N_MIXES = 1000 };
#endif
#else
enum { N_MIXES = 1000 };
#endif

enum { N_INPUTS = 48, MIX_MAX = 12 };

int group_setup(void **state) {
    (void)state;
    support_use_build_plugins();
    return 0;
}

/* Inputs, and the result of each alone. */
typedef struct pool {
    ap_pipeline *pipe;
    ap_value *inputs[N_INPUTS], *results[N_INPUTS];
} pool;

/* Writes one input as JSON. */
typedef void (*write_input)(char *out, size_t size, unsigned seed);

static void write_text(char *out, size_t size, unsigned seed) {
    char text[512];
    support_sentence(text, sizeof text, seed, seed % 13);
    snprintf(out, size, "\"%s\"", text);
}

/* As a dict, whose result is the same alone and in a list. */
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

/* On one thread: these models are too small for two. */
static void pool_create(pool *p, const char *model, const char *more, write_input write) {
    ap_error err = AP_ERROR_INIT;
    ap_value *init = support_init(model, more), *one;
    assert_ok(ap_value_create_int(&one, 1, &err), &err);
    assert_ok(ap_value_dict_set_take(init, "num_threads", one, &err), &err);
    assert_ok(ap_pipeline_create_from_value(&p->pipe, init, &err), &err);
    ap_value_destroy(init);
    for (unsigned i = 0; i < N_INPUTS; i++) {
        char json[4096];
        write(json, sizeof json, i * 7919u + 11u);
        p->inputs[i] = support_json(json);
        assert_ok(ap_pipeline_call(&p->results[i], p->pipe, p->inputs[i], NULL, &err), &err);
    }
}

static void pool_destroy(pool *p) {
    for (size_t i = 0; i < N_INPUTS; i++) {
        ap_value_destroy(p->inputs[i]);
        ap_value_destroy(p->results[i]);
    }
    ap_pipeline_destroy(p->pipe);
}

/* Some inputs in any order, as one call. */
static void check_mix(const pool *p, uint64_t *seed, bool can_choose_size) {
    size_t chosen[MIX_MAX], n = 2 + random_below(seed, MIX_MAX - 1), batch_size = random_below(seed, 9);
    char params[64] = "{}";
    ap_error err = AP_ERROR_INIT;
    ap_value *list, *copy, *out;
    assert_ok(ap_value_create_list(&list, &err), &err);
    for (size_t i = 0; i < n; i++) {
        chosen[i] = random_below(seed, N_INPUTS);
        assert_ok(ap_value_copy(&copy, p->inputs[chosen[i]], &err), &err);
        assert_ok(ap_value_list_append_take(list, copy, &err), &err);
    }
    if (can_choose_size && batch_size) snprintf(params, sizeof params, "{\"batch_size\": %zu}", batch_size);
    ap_value *more = support_json(params);
    assert_ok(ap_pipeline_call(&out, p->pipe, list, more, &err), &err);
    assert_int_equal(ap_value_len(out), n);
    for (size_t i = 0; i < n; i++) {
        double difference = support_difference(p->results[chosen[i]], ap_value_list_get(out, i));
        if (difference > 1e-4) fail_msg("input %zu of %zu, batch size %s: %g", i, n, params, difference);
    }
    ap_value_destroy(more);
    ap_value_destroy(out);
    ap_value_destroy(list);
}

static void check_batches(const char *model, const char *init, write_input write, bool can_choose_size) {
    pool p;
    uint64_t seed = 42;
    pool_create(&p, model, init, write);
    for (int i = 0; i < N_MIXES; i++) check_mix(&p, &seed, can_choose_size);
    pool_destroy(&p);
}

void test_text_classification(void **state) {
    (void)state;
    check_batches("bert-sst2", "{\"top_k\": null}", write_pair, true);
}

/* A batch_size leaves padding in the vectors of tokens, and only there. */
void test_feature_extraction(void **state) {
    (void)state;
    check_batches("minilm-embed", "{\"task\": \"feature-extraction\"}", write_text, false);
    check_batches("minilm-embed", "{\"task\": \"feature-extraction\", \"pooling\": \"mean\"}", write_text,
                  true);
    check_batches("mpnet-embed", "{\"task\": \"feature-extraction\", \"pooling\": \"max\"}", write_text,
                  true);
}

void test_fill_mask(void **state) {
    (void)state;
    check_batches("bert-mlm", "{\"task\": \"fill-mask\", \"top_k\": 2}", write_masked, true);
}

void test_token_classification(void **state) {
    (void)state;
    check_batches(
        "bert-ner",
        "{\"task\": \"token-classification\", \"aggregation_strategy\": \"average\", \"stride\": 7}",
        write_long, true);
    check_batches("distilbert-pos", "{\"task\": \"token-classification\"}", write_text, true);
}

void test_text_ranking(void **state) {
    (void)state;
    check_batches("electra-pairs", "{\"task\": \"text-ranking\"}", write_query, true);
}

void test_sentence_similarity(void **state) {
    (void)state;
    check_batches("minilm-embed", "{\"task\": \"sentence-similarity\"}", write_sentences, true);
}

/* -- padding on the left ------------------------------------------------------------------------------- */

static void copy_file(const ap__path *folder, const char *model, const char *name) {
    char path[AP__PATH_MAX], *bytes = malloc(1 << 22);
    snprintf(path, sizeof path, "%s/parity/models/%s/%s", AP_TEST_DATA_DIR, model, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(bytes);
    assert_non_null(file);
    tempdir_write(folder, name, bytes, fread(bytes, 1, 1 << 22, file));
    fclose(file);
    free(bytes);
}

/* The same models with a tokenizer that pads in front: MPNet and RoBERTa count positions from the first token
 * that is none, so that padding changes nothing. */
void test_padding_on_the_left(void **state) {
    static const char *const cases[][2] = {
        {"mpnet-embed", "\"task\": \"feature-extraction\""},
        {"mpnet-embed", "\"task\": \"sentence-similarity\""},
        {"roberta-ner", "\"task\": \"token-classification\", \"aggregation_strategy\": \"simple\""}};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        ap__path folder;
        char init[AP__PATH_MAX + 160];
        tempdir_create(&folder);
        copy_file(&folder, cases[i][0], "tokenizer.json");
        tempdir_write_text(
            &folder, "tokenizer_config.json",
            "{\"padding_side\": \"left\", \"pad_token\": \"<pad>\", \"model_max_length\": 64}");
        snprintf(init, sizeof init, "{%s, \"tokenizer\": \"%s\"}", cases[i][1], folder.text);
        check_batches(cases[i][0], init, i == 1 ? write_sentences : write_text, i > 0);
        tempdir_remove(&folder);
    }
}

/* Whatever the mix of lengths, the order and the batch_size: every result of a list is that of its input
 * alone. */
#include "unit/support/check.h"
#include "unit/support/mixes.h"
#include "unit/support/pipelines.h"
#include "unit/support/tempdir.h"

#include <accelpipe/task.h>
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

int group_setup(void **state) {
    (void)state;
    support_use_build_plugins();
    return 0;
}

static void check_kind(const mix_kind *kind, const char *more) {
    mix_pool pool;
    uint64_t seed = 42;
    mix_pool_create(&pool, kind, more);
    for (int i = 0; i < N_MIXES; i++) mix_check(&pool, &seed);
    mix_pool_destroy(&pool);
}

/* Has to check something. */
static void check_task(const char *task) {
    size_t n = 0;
    for (const mix_kind *kind = mix_kinds; kind->task; kind++) {
        if (strcmp(kind->task, task) != 0) continue;
        check_kind(kind, NULL);
        n++;
    }
    assert_true(n > 0);
}

void test_text_classification(void **state) {
    (void)state;
    check_task("text-classification");
}

void test_feature_extraction(void **state) {
    (void)state;
    check_task("feature-extraction");
}

void test_fill_mask(void **state) {
    (void)state;
    check_task("fill-mask");
}

void test_token_classification(void **state) {
    (void)state;
    check_task("token-classification");
}

void test_text_ranking(void **state) {
    (void)state;
    check_task("text-ranking");
}

void test_sentence_similarity(void **state) {
    (void)state;
    check_task("sentence-similarity");
}

void test_question_answering(void **state) {
    (void)state;
    check_task("question-answering");
}

void test_zero_shot_classification(void **state) {
    (void)state;
    check_task("zero-shot-classification");
}

void test_table_question_answering(void **state) {
    (void)state;
    check_task("table-question-answering");
}

void test_document_question_answering(void **state) {
    (void)state;
    check_task("document-question-answering");
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
    (void)state;
    static const char *const cases[][3] = {
        {"feature-extraction", "mpnet-embed", "\"pooling\": \"none\""},
        {"sentence-similarity", "mpnet-embed", "\"similarity\": \"dot\""},
        {"token-classification", "roberta-ner", "\"aggregation_strategy\": \"simple\""}};
    for (size_t i = 0; i < 3; i++) {
        ap__path folder;
        char more[AP__PATH_MAX + 32];
        const mix_kind *row = mix_kinds;
        while (strcmp(row->task, cases[i][0]) != 0) row++;
        mix_kind kind = *row;
        kind.model = cases[i][1];
        kind.init = cases[i][2];
        tempdir_create(&folder);
        copy_file(&folder, kind.model, "tokenizer.json");
        tempdir_write_text(
            &folder, "tokenizer_config.json",
            "{\"padding_side\": \"left\", \"pad_token\": \"<pad>\", \"model_max_length\": 64}");
        snprintf(more, sizeof more, "\"tokenizer\": \"%s\"", folder.text);
        check_kind(&kind, more);
        tempdir_remove(&folder);
    }
}

/* -- completeness -------------------------------------------------------------------------------------- */

/* Tasks whose batches have tests of another kind: what they give depends on more than their input. */
static const char *const ELSEWHERE[] = {"text-generation", "text2text-generation", "summarization",
                                        "translation"};

static bool is_checked(const char *task) {
    for (size_t i = 0; i < sizeof ELSEWHERE / sizeof *ELSEWHERE; i++)
        if (strcmp(ELSEWHERE[i], task) == 0) return true;
    for (const mix_kind *kind = mix_kinds; kind->task; kind++)
        if (strcmp(kind->task, task) == 0) return true;
    return false;
}

void test_every_task_is_here(void **state) {
    (void)state;
    ap_value *tasks;
    assert_int_equal(ap_tasks_describe(&tasks, NULL), AP_OK);
    for (size_t i = 0; i < ap_value_len(tasks); i++) {
        const char *name = ap_value_get_string(ap_value_dict_get(ap_value_list_get(tasks, i), "name"), NULL);
        if (!is_checked(name)) fail_msg("%s is not among the kinds of support/mixes.c", name);
    }
    ap_value_destroy(tasks);
}

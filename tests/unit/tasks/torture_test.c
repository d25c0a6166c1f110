/* Every allocation of a pipeline's life fails in turn, for each task: no crash, no leak, nothing half made.
 */
#include "unit/support/check.h"
#include "unit/support/pipelines.h"
#include "unit/support/torture.h"

#include <stdio.h>

int group_setup(void **state) {
    (void)state;
    support_use_build_plugins();
    return 0;
}

/* What a pipeline is asked. */
typedef struct life {
    const ap_pipeline *pipe;
    const char *calls[8][2]; /* Inputs and parameters. */
} life;

static ap_status call(const ap_pipeline *pipe, const char *inputs, const char *params, ap_error *err) {
    ap_value *in = NULL, *more = NULL, *out = NULL;
    ap_status status = ap_value_from_json(&in, inputs, AP_NUL_TERMINATED, err);
    if (!status && params) status = ap_value_from_json(&more, params, AP_NUL_TERMINATED, err);
    if (!status && (status = ap_pipeline_call(&out, pipe, in, more, err))) assert_null(out);
    ap_value_destroy(out);
    ap_value_destroy(more);
    ap_value_destroy(in);
    return status;
}

static ap_status call_all(void *ctx, ap_error *err) {
    const life *l = ctx;
    ap_status status = AP_OK;
    for (size_t i = 0; !status && l->calls[i][0]; i++)
        status = call(l->pipe, l->calls[i][0], l->calls[i][1], err);
    return status;
}

/* Graceful, because a batch that fails is tried again one feed at a time. */
static void torture_calls(const char *model, const char *init, life l) {
    ap_pipeline *pipe = support_pipeline(model, init);
    l.pipe = pipe;
    torture_graceful(call_all, &l);
    ap_pipeline_destroy(pipe);
}

void test_feature_extraction(void **state) {
    (void)state;
    torture_calls(
        "minilm-embed", "{\"task\": \"feature-extraction\"}",
        (life){.calls = {{"\"a b\"", NULL},
                         {"[\"a\", \"b c\", [\"d\", \"e\"]]", "{\"return_tensors\": true}"},
                         {"[\"a\", [\"b\", \"c\"]]", "{\"pooling\": \"mean\", \"normalize\": true}"}}});
}

void test_fill_mask(void **state) {
    (void)state;
    torture_calls("bert-mlm", "{\"task\": \"fill-mask\", \"targets\": [\"red\", \"zzqx\"]}",
                  (life){.calls = {{"\"a [MASK]\"", NULL},
                                   {"[\"a [MASK] [MASK]\", \"[MASK]\"]", "{\"targets\": \"blue\"}"},
                                   {"[\"[MASK]\"]", "{\"top_k\": 1}"}}});
}

void test_token_classification(void **state) {
    (void)state;
    torture_calls("bert-ner", "{\"task\": \"ner\", \"aggregation_strategy\": \"first\", \"stride\": 2}",
                  (life){.calls = {{"\"Anna Schmidt of Z\\u00fcrich\"", NULL},
                                   {"[\"a b c d e f g h i j k l m n o p q r s t u v w x y z a b c d e f g h "
                                    "i j k l m n o p q r s t u v "
                                    "w x y z a b c d e f g h i j k l m n o p q r s t u v w x y z\", \"b\"]",
                                    "{\"aggregation_strategy\": \"max\"}"},
                                   {"[\"Anna\", \"b\"]",
                                    "{\"is_split_into_words\": true, \"aggregation_strategy\": \"none\"}"}}});
}

void test_text_ranking(void **state) {
    (void)state;
    torture_calls("electra-pairs", "{\"task\": \"text-ranking\"}",
                  (life){.calls = {{"{\"query\": \"a\", \"documents\": [\"b\", \"c d\"]}",
                                    "{\"return_documents\": true}"}}});
}

void test_sentence_similarity(void **state) {
    (void)state;
    torture_calls("minilm-embed", "{\"task\": \"sentence-similarity\"}",
                  (life){.calls = {{"{\"source_sentence\": \"a\", \"sentences\": [\"b\", \"c d\"]}", NULL}}});
}

/* -- creation ------------------------------------------------------------------------------------------ */

static ap_status create(void *init, ap_error *err) {
    ap_pipeline *pipe = NULL;
    ap_status status = ap_pipeline_create_from_value(&pipe, init, err);
    if (status) assert_null(pipe);
    ap_pipeline_destroy(pipe);
    return status;
}

/* What sanitize() keeps of the creation is freed with the pipeline. */
void test_creation(void **state) {
    (void)state;
    ap_value *init =
        support_init("bert-mlm", "{\"task\": \"fill-mask\", \"cache\": false, \"num_threads\": 1, "
                                 "\"targets\": [\"red\", \"zzqx\"], \"tokenizer_kwargs\": {\"truncation\": "
                                 "true}}");
    torture_graceful(create, init);
    ap_value_destroy(init);
}

void test_text_generation(void **state) {
    (void)state;
    torture_calls(
        "qwen2-chat", "{\"task\": \"text-generation\", \"max_new_tokens\": 2, \"stop_sequence\": \"x\"}",
        (life){
            .calls = {{"\"a\"", "{\"seed\": 1}"},
                      {"[{\"role\": \"user\", \"content\": \"a\"}]", "{\"num_beams\": 2}"},
                      {"\"a\"", "{\"generation_config\": {\"max_new_tokens\": 2, \"guidance_scale\": 2.0}, "
                                "\"negative_prompt_ids\": [[3, 4]]}"}}});
}

void test_an_assistant(void **state) {
    char init[1024];
    (void)state;
    snprintf(init, sizeof init,
             "{\"task\": \"text-generation\", \"max_new_tokens\": 4, "
             "\"assistant_model\": \"%s/parity/models/qwen2-chat\"}",
             AP_TEST_DATA_DIR);
    torture_calls("qwen2-chat", init, (life){.calls = {{"\"a\"", "{\"do_sample\": false}"}}});
}

void test_translation(void **state) {
    (void)state;
    torture_calls("t5-mini", "{\"task\": \"translation_en_to_de\", \"max_new_tokens\": 2, \"num_beams\": 1}",
                  (life){.calls = {{"\"a\"", NULL}}});
}

/* The errors of each task, as their authors meet them: of a model, of parameters, of inputs. */
#include "unit/support/check.h"
#include "unit/support/pipelines.h"
#include "unit/support/tempdir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int group_setup(void **state) {
    (void)state;
    support_use_build_plugins();
    return 0;
}

/* A call that fails. */
typedef struct bad_call {
    const char *inputs, *params; /* JSON; NULL: none. */
    ap_status status;
    const char *message;
} bad_call;

static void check_calls(const char *task, const char *model, const bad_call *calls, size_t n) {
    char init[96];
    snprintf(init, sizeof init, "{\"task\": \"%s\"}", task);
    ap_pipeline *pipe = support_pipeline(model, init);
    for (size_t i = 0; i < n; i++)
        support_call_fails(pipe, calls[i].inputs, calls[i].params, calls[i].status, calls[i].message);
    ap_pipeline_destroy(pipe);
}

#define CHECK_CALLS(task, model, calls) check_calls(task, model, calls, sizeof(calls) / sizeof *(calls))

/* -- models -------------------------------------------------------------------------------------------- */

/* A model of another head is refused when it is loaded. */
void test_models_of_another_head(void **state) {
    (void)state;
    static const struct {
        const char *task, *model, *message;
    } cases[] = {
        {"text-classification", "bert-mlm", "has rank 3, text-classification needs [batch_size, num_labels]"},
        {"text-classification", "bert-squad", "no output \"logits\"; it is no model for text-classification"},
        {"token-classification", "bert-sst2",
         "has rank 2, token-classification needs [batch_size, sequence_length"},
        {"token-classification", "bert-mlm", "id2label has 2 entries, logits have 1200 columns"},
        {"token-classification", "bert-squad", "no output \"logits\""},
        {"fill-mask", "bert-sst2", "has rank 2, fill-mask needs [batch_size, sequence_length, vocab_size]"},
        {"fill-mask", "bert-ner", "output logits has 9 columns, fill-mask needs one for each of 1200 tokens"},
        {"fill-mask", "bert-squad", "no output \"logits\""},
        {"question-answering", "bert-sst2",
         "no output \"start_logits\"; it is no model for question-answering"},
        {"question-answering", "bert-ner", "no output \"start_logits\""},
        {"question-answering", "minilm-embed", "no output \"start_logits\""},
        {"zero-shot-classification", "bert-ner", "has rank 3, zero-shot-classification needs"},
        {"zero-shot-classification", "bert-squad", "no output \"logits\""},
        {"text-ranking", "minilm-embed", "has rank 3, text-ranking needs"},
        {"feature-extraction", "bert-sst2", "gives logits and no last_hidden_state"},
        {"feature-extraction", "bert-squad", "gives start_logits and no last_hidden_state"},
        {"sentence-similarity", "bert-mlm", "gives logits and no last_hidden_state"},
        {"document-question-answering", "bert-squad",
         "model_type bert: document-question-answering supports layoutlm"},
        {"table-question-answering", "bert-squad", "no vocab.txt, which the tokenizer of TAPAS is made from"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char init[96];
        ap_error err = AP_ERROR_INIT;
        snprintf(init, sizeof init, "{\"task\": \"%s\"}", cases[i].task);
        ap_status status = support_pipeline_fails(cases[i].model, init, &err);
        if (!strstr(err.message, cases[i].message))
            fail_msg("%s on %s: %s: %s", cases[i].task, cases[i].model, ap_status_name(status), err.message);
    }
}

/* LayoutLM that classifies, TAPAS that classifies: config.json says one thing, the graph another. */
void test_graphs_that_their_config_does_not_describe(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    support_pipeline_fails(
        "bert-sst2",
        "{\"task\": \"document-question-answering\", \"config\": {\"model_type\": \"layoutlm\"}}", &err);
    assert_says(&err, "no output \"start_logits\"; it is no model for document-question-answering");
    char init[2048];
    snprintf(
        init, sizeof init,
        "{\"task\": \"table-question-answering\", \"config\": {\"model_type\": \"tapas\"}, \"tokenizer\": "
        "\"%s/parity/models/tapas-wtq\"}",
        AP_TEST_DATA_DIR);
    support_pipeline_fails("bert-mlm", init, &err);
    assert_says(&err, "has rank 3, table-question-answering needs [batch_size, sequence_length]");
}

/* -- texts --------------------------------------------------------------------------------------------- */

#define NO_TEXT "text input: expected a string, found "

void test_text_classification(void **state) {
    (void)state;
    static const bad_call calls[] = {
        {"42", NULL, AP_EINVAL, NO_TEXT "int"},
        {"null", NULL, AP_EINVAL, NO_TEXT "null"},
        {"[\"a\", 1.5]", NULL, AP_EINVAL, "input 1: " NO_TEXT "float"},
        {"[[\"a\", \"b\"], \"c\"]", NULL, AP_EINVAL, "found a list in a list; a pair of texts is a dict"},
        {"{\"text_pair\": \"b\"}", NULL, AP_EINVAL, "the dict has no \"text\""},
        {"{\"text\": 1}", NULL, AP_EINVAL, "text input \"text\": expected a string, found int"},
        {"{\"text\": \"a\", \"txt\": \"b\"}", NULL, AP_EINVAL,
         "\"txt\" is not one of text, text_pair and the"},
        {"\"a\"", "{\"function_to_apply\": \"tanh\"}", AP_EKEY,
         "expected one of none, softmax, sigmoid, found \"tanh\""},
        {"\"a\"", "{\"max_length\": -1}", AP_EINVAL, "parameter max_length: -1 is negative"},
        {"\"a\"", "{\"padding\": \"max_length\", \"max_length\": 1000000000}", AP_ELIMIT,
         "padding to 1000000000 tokens"},
        {"\"a\"", "{\"batch_size\": 0}", AP_EINVAL, "parameter batch_size: 0 is below 1"},
        {"\"a\"", "{\"top_q\": 1}", AP_EINVAL, "has no parameter \"top_q\"; did you mean \"top_k\"?"},
    };
    CHECK_CALLS("text-classification", "bert-sst2", calls);
}

void test_token_classification(void **state) {
    (void)state;
    static const bad_call calls[] = {
        {"[]", NULL, AP_EINVAL,
         "at least one input is required: a text or a list of texts, found an empty list"},
        {"42", NULL, AP_EINVAL, "a text or a list of texts, found int"},
        {"\"a\"", "{\"aggregation_strategy\": \"middle\"}", AP_EKEY,
         "expected one of none, simple, first, average, max, found \"middle\""},
        {"\"a\"", "{\"stride\": 4, \"aggregation_strategy\": \"none\"}", AP_EINVAL,
         "parameter stride: windows need an aggregation_strategy"},
        {"\"a\"", "{\"stride\": 10000, \"aggregation_strategy\": \"simple\"}", AP_EINVAL,
         "must be less than the tokenizer's model_max_length of 64"},
        {"[\"a\", 7]", "{\"is_split_into_words\": true}", AP_EINVAL, "word: expected a string, found int"},
    };
    CHECK_CALLS("token-classification", "bert-ner", calls);
}

void test_feature_extraction(void **state) {
    (void)state;
    static const bad_call calls[] = {
        {"3", NULL, AP_EINVAL, NO_TEXT "int"},
        {"[\"a\", []]", NULL, AP_EINVAL, "input 1: text input: the list in the list is empty"},
        {"[[\"a\", \"b c d e\"]]", NULL, AP_EINVAL, "padding=true and truncation=true make them equal"},
        {"\"a\"", "{\"pooling\": \"median\"}", AP_EINVAL,
         "expected one of none, mean, cls, max, found \"median\""},
        {"\"a\"", "{\"truncation\": true, \"tokenize_kwargs\": {\"truncation\": false}}", AP_EINVAL,
         "truncation is given twice: as a parameter and in tokenize_kwargs"},
        {"\"a\"", "{\"tokenize_kwargs\": {\"paddin\": true}}", AP_EINVAL, "has no parameter \"paddin\""},
    };
    CHECK_CALLS("feature-extraction", "minilm-embed", calls);
}

void test_fill_mask(void **state) {
    (void)state;
    static const bad_call calls[] = {
        {"\"no mask\"", NULL, AP_EINVAL, "no mask_token ([MASK]) found in the input"},
        {"\"\"", NULL, AP_EINVAL, "no mask_token ([MASK]) found in the input"},
        {"7", NULL, AP_EINVAL, NO_TEXT "int"},
        {"\"a [MASK]\"", "{\"targets\": []}", AP_EINVAL, "parameter targets: at least one target is needed"},
        {"\"a [MASK]\"", "{\"targets\": 3}", AP_ETYPE,
         "parameter targets: expected a string or a list of strings, found int"},
        {"\"a [MASK]\"", "{\"tokenizer_kwargs\": 3}", AP_ETYPE,
         "tokenizer_kwargs: expected a dict, found int"},
    };
    CHECK_CALLS("fill-mask", "bert-mlm", calls);
}

/* -- questions ----------------------------------------------------------------------------------------- */

#define QUESTION "{\"question\": \"Who?\", \"context\": \"Anna went to Oslo.\"}"

void test_question_answering(void **state) {
    (void)state;
    static const bad_call calls[] = {
        {"{\"question\": \"\", \"context\": \"b\"}", NULL, AP_EINVAL, "question: it cannot be empty"},
        {"{\"question\": \"a\", \"context\": \"\"}", NULL, AP_EINVAL, "context: it cannot be empty"},
        {"{\"question\": null, \"context\": \"b\"}", NULL, AP_EINVAL, "question: it cannot be null"},
        {"{\"question\": 1, \"context\": \"b\"}", NULL, AP_EINVAL, "question: expected a string, found int"},
        {"{\"question\": \"a\"}", NULL, AP_EKEY, "it has no \"context\""},
        {"{\"question\": \"a\", \"context\": \"b\", \"answer\": \"c\"}", NULL, AP_ETYPE,
         "\"answer\" is neither question nor context"},
        {"3", NULL, AP_EINVAL, "expected a dict {\"question\": ..., \"context\": ...}, found int"},
        {NULL, "{\"question\": \"a\"}", AP_EINVAL, "inputs, or question and context, have to be given"},
        {NULL, NULL, AP_EINVAL, "have to be given"},
        {NULL, "{\"question\": \"a\", \"context\": [\"b\"]}", AP_EINVAL, "two lists; found string and list"},
        {NULL, "{\"question\": [\"a\", \"b\"], \"context\": [\"c\"]}", AP_EINVAL,
         "there are 2 questions and 1 contexts"},
        {QUESTION, "{\"max_answer_len\": 0}", AP_EINVAL, "parameter max_answer_len: 0 is below 1"},
        {QUESTION, "{\"max_answer_len\": -3}", AP_EINVAL, "parameter max_answer_len: -3 is below 1"},
        {QUESTION, "{\"top_k\": 0}", AP_EINVAL, "parameter top_k: 0 is below 1"},
        {QUESTION, "{\"doc_stride\": 500, \"max_seq_len\": 60}", AP_EINVAL,
         "parameter doc_stride: 500 is larger than max_seq_len 60"},
        {QUESTION, "{\"doc_stride\": -1}", AP_EINVAL, "parameter doc_stride: -1 is negative"},
        {QUESTION, "{\"padding\": \"most\"}", AP_EINVAL, "parameter padding: expected one of"},
        /* No room for the context: the windows would never end. */
        {QUESTION, "{\"max_seq_len\": 4, \"doc_stride\": 1}", AP_EINVAL,
         "truncation \"only_second\": the second text has "},
    };
    CHECK_CALLS("question-answering", "bert-squad", calls);
}

/* A context that is shorter than its question is as good as any other. */
void test_a_context_shorter_than_its_question(void **state) {
    (void)state;
    ap_pipeline *pipe = support_pipeline("bert-squad", "{\"task\": \"question-answering\"}");
    ap_value *answer = support_call(
        pipe,
        "{\"question\": \"Who was it that never spoke of the rain again until now?\", \"context\": \"Anna\"}",
        "{\"max_seq_len\": 64, \"doc_stride\": 2}");
    assert_string_equal(ap_value_get_string(ap_value_dict_get(answer, "answer"), NULL), "Anna");
    ap_value_destroy(answer);
    ap_pipeline_destroy(pipe);
}

#define TABLE "{\"a\": [\"1\", \"2\"], \"b\": [\"3\", \"4\"]}"

void test_table_question_answering(void **state) {
    (void)state;
    static const bad_call calls[] = {
        {"{\"table\": {\"a\": [1, 2]}, \"query\": \"a?\"}", NULL, AP_ETYPE,
         "row 0, column \"a\": cells have to be text, found int"},
        {"{\"table\": {\"a\": [\"1\", null]}, \"query\": \"a?\"}", NULL, AP_ETYPE,
         "row 1, column \"a\": cells have to be text, found null"},
        {"{\"table\": [{\"a\": 1}], \"query\": \"a?\"}", NULL, AP_ETYPE,
         "row 0, column \"a\": cells have to be text, found int"},
        {"{\"table\": [{\"a\": \"1\"}, 3], \"query\": \"a?\"}", NULL, AP_ETYPE,
         "row 1: expected a dict of column names"},
        {"{\"table\": [3], \"query\": \"a?\"}", NULL, AP_ETYPE, "row 0: expected a dict of column names"},
        {"{\"table\": 3, \"query\": \"a?\"}", NULL, AP_EINVAL,
         "expected a dict of columns or a list of rows, found int"},
        {"{\"table\": {\"a\": \"x\"}, \"query\": \"a?\"}", NULL, AP_EINVAL, "no column is a list"},
        {"{\"table\": {\"a\": [\"1\"], \"b\": [\"1\", \"2\"]}, \"query\": \"a?\"}", NULL, AP_EINVAL,
         "column \"b\" has 2 cells, those before it have 1"},
        {"{\"table\": " TABLE "}", NULL, AP_EINVAL, "\"query\""},
        {"{\"table\": " TABLE ", \"query\": 3}", NULL, AP_EINVAL, "query: expected a string, found int"},
        {"3", NULL, AP_EINVAL, "expected a dict with \"table\" and \"query\""},
        {"[3]", NULL, AP_EINVAL, "item 0: expected a dict with \"table\" and \"query\""},
        {TABLE, "{\"table\": " TABLE ", \"query\": \"a?\"}", AP_ETYPE, "inputs and table are both given"},
        {"{\"table\": " TABLE ", \"query\": \"a?\"}", "{\"truncation\": \"longest_first\"}", AP_EINVAL,
         "parameter truncation"},
    };
    CHECK_CALLS("table-question-answering", "tapas-wtq", calls);
}

#define PAGE "{\"image\": null, \"question\": \"a?\", \"word_boxes\": [[\"b\", [1, 2, 3, 4]]]}"

void test_document_question_answering(void **state) {
    (void)state;
    static const bad_call calls[] = {
        {"3", NULL, AP_EINVAL, "expected a dict with \"image\", \"question\" and \"word_boxes\", found int"},
        {"{\"image\": null, \"word_boxes\": [[\"b\", [1, 2, 3, 4]]]}", NULL, AP_EKEY,
         "the dict has no \"question\""},
        {"{\"image\": null, \"question\": \"a?\", \"word_boxes\": 3}", NULL, AP_ETYPE,
         "word_boxes: expected a list"},
        {"{\"image\": null, \"question\": \"a?\", \"word_boxes\": [3]}", NULL, AP_ETYPE,
         "word_boxes: item 0: expected a pair"},
        {"{\"image\": null, \"question\": \"a?\", \"word_boxes\": [[\"b\", [1, 2]]]}", NULL, AP_ETYPE,
         "word 0: its box has to be four whole numbers"},
        {"{\"image\": \"http://x/y.png\", \"question\": \"a?\"}", NULL, AP_EUNSUPPORTED,
         "no URL and no encoded picture"},
        {"{\"image\": 5, \"question\": \"a?\"}", NULL, AP_EUNSUPPORTED,
         "image: expected the path of a file, found int"},
        {PAGE, "{\"max_question_len\": 5}", AP_ETYPE, "document-question-answering does not cut questions"},
        {PAGE, "{\"max_answer_len\": 0}", AP_EINVAL, "parameter max_answer_len: 0 is below 1"},
        {PAGE, "{\"top_k\": 0}", AP_EINVAL, "parameter top_k: 0 is below 1"},
        {PAGE, "{\"image\": null, \"question\": \"b?\"}", AP_ETYPE, "inputs and image are both given"},
        {NULL, "{\"question\": \"b?\"}", AP_ETYPE, "no image is given"},
    };
    CHECK_CALLS("document-question-answering", "layoutlm-docvqa", calls);
}

/* -- labels and lists ---------------------------------------------------------------------------------- */

void test_zero_shot_classification(void **state) {
    (void)state;
    static const bad_call calls[] = {
        {"\"\"", "{\"candidate_labels\": [\"a\"]}", AP_EINVAL, "the sequence is empty"},
        {"[\"a\", \"\"]", "{\"candidate_labels\": [\"a\"]}", AP_EINVAL,
         "input 1: there has to be at least one label"},
        {"3", "{\"candidate_labels\": [\"a\"]}", AP_ETYPE, "sequence: expected a string, found int"},
        {"\"a\"", NULL, AP_ETYPE, "parameter candidate_labels: expected a list or text, found null"},
        {"\"a\"", "{\"candidate_labels\": 3}", AP_ETYPE,
         "parameter candidate_labels: expected a list or text, found int"},
        {"\"a\"", "{\"candidate_labels\": []}", AP_EINVAL, "candidate_labels is empty"},
        {"\"a\"", "{\"candidate_labels\": \" , \"}", AP_EINVAL, "candidate_labels is empty"},
        {"\"a\"", "{\"candidate_labels\": [\"a\"], \"hypothesis_template\": \"plain\"}", AP_EINVAL,
         "\"plain\" stays the same with a label in it"},
        {"\"a\"", "{\"candidate_labels\": [\"a\"], \"hypothesis_template\": \"{\"}", AP_EINVAL,
         "parameter hypothesis_template"},
        {"\"a\"", "{\"candidate_labels\": [\"a\"], \"hypothesis_template\": null}", AP_ETYPE,
         "expected string, found null"},
        {NULL, "{\"candidate_labels\": [\"a\"]}", AP_ETYPE, "no sequences are given"},
        {"\"a\"", "{\"sequences\": \"b\", \"candidate_labels\": [\"a\"]}", AP_ETYPE,
         "inputs and sequences are both given"},
    };
    CHECK_CALLS("zero-shot-classification", "bert-mnli", calls);
}

/* Without a label that begins with "entail" the last column counts, as in the reference, which says so; a
 * label2id that names a column that is not there is refused. */
void test_no_entailment_label(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    (void)support_warnings();
    ap_pipeline *pipe = support_pipeline("distilbert-noentail", "{\"task\": \"zero-shot-classification\"}");
    assert_non_null(strstr(support_warnings(), "no label of label2id begins with \"entail\""));
    ap_value_destroy(support_call(pipe, "\"a\"", "{\"candidate_labels\": [\"a\", \"b\"]}"));
    ap_pipeline_destroy(pipe);
    support_pipeline_fails(
        "bert-mnli",
        "{\"task\": \"zero-shot-classification\", \"config\": {\"id2label\": {\"0\": \"x\"}, "
        "\"label2id\": {\"entailment\": 7}}}",
        &err);
    assert_says(&err, "the entailment label has the id 7, but the logits have 3 columns");
    support_pipeline_fails(
        "bert-mnli",
        "{\"task\": \"zero-shot-classification\", \"config\": {\"id2label\": {\"0\": \"x\"}, "
        "\"label2id\": [1]}}",
        &err);
    assert_says(&err, "label2id: expected a dict of labels to ids, found list");
}

void test_text_ranking(void **state) {
    (void)state;
    static const bad_call calls[] = {
        {"3", NULL, AP_EINVAL, "expected a dict {\"query\": ..., \"documents\": [...]}, found int"},
        {"{\"query\": \"a\"}", NULL, AP_EINVAL, "\"documents\": expected a list of strings, found null"},
        {"{\"query\": 3, \"documents\": [\"b\"]}", NULL, AP_EINVAL, "query: expected a string, found int"},
        {"{\"query\": \"a\", \"documents\": \"b\"}", NULL, AP_EINVAL,
         "\"documents\": expected a list of strings, found string"},
        {"{\"query\": \"a\", \"documents\": [3]}", NULL, AP_EINVAL,
         "item 0: documents: expected a string, found int"},
        {"{\"query\": \"a\", \"documents\": [\"b\"]}", "{\"top_k\": -1}", AP_EINVAL,
         "parameter top_k: -1 is negative"},
        {"{\"query\": \"a\", \"documents\": [\"b\"]}", "{\"label\": \"none such\"}", AP_EKEY,
         "has no label \"none such\""},
    };
    CHECK_CALLS("text-ranking", "electra-pairs", calls);
}

void test_sentence_similarity(void **state) {
    (void)state;
    static const bad_call calls[] = {
        {"3", NULL, AP_EINVAL, "expected a dict {\"source_sentence\": ..., \"sentences\": [...]}, found int"},
        {"{\"source_sentence\": \"a\"}", NULL, AP_EINVAL,
         "\"sentences\": expected a list of strings, found null"},
        {"{\"source_sentence\": \"a\", \"sentences\": [null]}", NULL, AP_EINVAL,
         "item 0: sentences: expected a string, found null"},
        {"{\"source_sentence\": \"a\", \"sentences\": [\"b\"]}", "{\"similarity\": \"hamming\"}", AP_EINVAL,
         "expected one of cosine, dot, euclidean, manhattan, found \"hamming\""},
    };
    CHECK_CALLS("sentence-similarity", "minilm-embed", calls);
}

/* -- tokenizers ---------------------------------------------------------------------------------------- */

/* A tokenizer of words that has no token to pad with and none for a mask. */
void test_tokenizers_that_lack_a_token(void **state) {
    (void)state;
    ap__path folder;
    char init[AP__PATH_MAX + 128];
    ap_error err = AP_ERROR_INIT;
    tempdir_create(&folder);
    tempdir_write_text(
        &folder, "tokenizer.json",
        "{\"version\": \"1.0\", \"added_tokens\": [], \"normalizer\": null, \"pre_tokenizer\": "
        "{\"type\": \"Whitespace\"}, \"post_processor\": null, \"decoder\": null, \"model\": {\"type\": "
        "\"WordLevel\", \"vocab\": {\"a\": 5, \"b\": 6, \"x\": 7}, \"unk_token\": \"x\"}}");
    tempdir_write_text(&folder, "tokenizer_config.json",
                       "{\"tokenizer_class\": \"PreTrainedTokenizerFast\"}");
    snprintf(init, sizeof init, "{\"tokenizer\": \"%s\"}", folder.text);
    ap_pipeline *pipe = support_pipeline("bert-sst2", init);
    support_call_fails(
        pipe, "\"a b\"", "{\"padding\": true}", AP_EINVAL,
        "parameter padding: the tokenizer has no pad token; name one in tokenizer_config.json");
    ap_pipeline_destroy(pipe);
    snprintf(init, sizeof init, "{\"task\": \"fill-mask\", \"tokenizer\": \"%s\"}", folder.text);
    assert_int_equal(support_pipeline_fails("bert-mlm", init, &err), AP_EINVAL);
    assert_says(&err, "fill-mask: the tokenizer does not define a mask_token");
    tempdir_remove(&folder);
}

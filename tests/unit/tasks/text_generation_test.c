/* text-generation: inputs and shapes of results, text in pieces, batches, and what it refuses. The texts
 * themselves are compared with the reference's by the parity cases. */
#include "unit/support/check.h"
#include "unit/support/pipelines.h"
#include "unit/support/values.h"

#include <stdio.h>
#include <string.h>

int group_setup(void **state) {
    (void)state;
    support_use_build_plugins();
    return 0;
}

static ap_pipeline *pipeline(const char *model, const char *more) {
    char text[512];
    snprintf(text, sizeof text, "{\"task\": \"text-generation\", \"max_new_tokens\": 6%s%s}",
             more ? ", " : "", more ? more : "");
    return support_pipeline(model, text);
}

static const char *text_of(const ap_value *result, size_t i) {
    return ap_value_get_string(ap_value_dict_get(ap_value_list_get(result, i), "generated_text"), NULL);
}

/* Both are records of one sequence. */
static void assert_same_text(const ap_value *a, const ap_value *b) {
    assert_string_equal(text_of(a, 0), text_of(b, 0));
}

void test_shapes_of_results(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline("gpt2-lm", "\"do_sample\": false");
    ap_value *one = support_call(pipe, "\"The capital\"", NULL),
             *list = support_call(pipe, "[\"The capital\"]", NULL);
    assert_int_equal(1, ap_value_len(one));
    assert_int_equal(0, strncmp("The capital", text_of(one, 0), 11));
    assert_same_text(one, ap_value_list_get(list, 0));
    ap_value *new_text = support_call(pipe, "\"The capital\"", "{\"return_full_text\": false}");
    assert_string_equal(text_of(one, 0) + 11, text_of(new_text, 0));
    ap_value *ids =
        support_call(pipe, "\"The capital\"", "{\"return_tensors\": false}"); /* As the reference has it. */
    assert_non_null(ap_value_dict_get(ap_value_list_get(ids, 0), "generated_token_ids"));
    ap_value *beams = support_call(pipe, "[\"a\"]", "{\"num_beams\": 3, \"num_return_sequences\": 2}");
    assert_int_equal(2, ap_value_len(ap_value_list_get(beams, 0)));
    ap_value_destroy(one);
    ap_value_destroy(list);
    ap_value_destroy(new_text);
    ap_value_destroy(ids);
    ap_value_destroy(beams);
    ap_pipeline_destroy(pipe);
}

/* A chat is one input, a list of chats is a list. */
void test_chats(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline("qwen2-chat", "\"do_sample\": false");
    const char *chat = "[{\"role\": \"user\", \"content\": \"Hi\"}]";
    ap_value *one = support_call(pipe, chat, NULL);
    ap_value *list = support_call(pipe, "[[{\"role\": \"user\", \"content\": \"Hi\"}]]", NULL);
    const ap_value *messages = ap_value_dict_get(ap_value_list_get(one, 0), "generated_text");
    assert_int_equal(2, ap_value_len(messages));
    const ap_value *answer = ap_value_list_get(messages, 1);
    assert_string_equal("assistant", ap_value_get_string(ap_value_dict_get(answer, "role"), NULL));
    char *a = json_of(one), *b = json_of(ap_value_list_get(list, 0));
    assert_string_equal(a, b);
    ap_value *begun =
        support_call(pipe,
                     "[{\"role\": \"user\", \"content\": \"Hi\"}, {\"role\": \"assistant\", \"content\": "
                     "\"It is\"}]",
                     NULL);
    messages = ap_value_dict_get(ap_value_list_get(begun, 0), "generated_text");
    assert_int_equal(2, ap_value_len(messages));
    const char *content =
        ap_value_get_string(ap_value_dict_get(ap_value_list_get(messages, 1), "content"), NULL);
    assert_int_equal(0, strncmp("It is", content, 5));
    ap_string_destroy(a);
    ap_string_destroy(b);
    ap_value_destroy(one);
    ap_value_destroy(list);
    ap_value_destroy(begun);
    ap_pipeline_destroy(pipe);
}

/* -- pieces -------------------------------------------------------------------------------------------- */

typedef struct pieces {
    char text[4][1024];
    size_t len[4], n_pieces, n_ends;
} pieces;

static void take_piece(size_t input, size_t sequence, const char *text, size_t len, void *ctx) {
    pieces *p = ctx;
    size_t i = input * 2 + sequence;
    assert_true(i < 4 && p->len[i] + len < sizeof p->text[i]);
    if (len) memcpy(p->text[i] + p->len[i], text, len);
    p->len[i] += len;
    p->n_pieces += len > 0;
    p->n_ends += !len;
}

static void check_pieces(const ap_pipeline *pipe, const char *inputs, const char *params,
                         size_t n_sequences) {
    pieces p = {.n_pieces = 0};
    ap_error err = AP_ERROR_INIT;
    ap_call_options options = AP_CALL_OPTIONS_INIT;
    ap_value *in = value_of(inputs), *call = value_of(params), *result = NULL;
    options.piece = take_piece;
    options.piece_ctx = &p;
    assert_ok(ap_pipeline_call_with(&result, pipe, in, call, &options, &err), &err);
    for (size_t i = 0; i < ap_value_len(result); i++)
        for (size_t k = 0; k < n_sequences; k++)
            assert_string_equal(text_of(ap_value_list_get(result, i), k), p.text[2 * i + k]);
    assert_int_equal(ap_value_len(result) * n_sequences, p.n_ends);
    assert_true(p.n_pieces > p.n_ends);
    ap_value_destroy(in);
    ap_value_destroy(call);
    ap_value_destroy(result);
}

/* All pieces together are the new text; half characters are held back. */
void test_pieces_are_the_new_text(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline("qwen2-chat", "\"return_full_text\": false");
    check_pieces(pipe, "[\"The capital of France is\", \"a\"]",
                 "{\"do_sample\": false, \"max_new_tokens\": 40}", 1);
    check_pieces(pipe, "[\"The capital\", \"Der Zug nach M\\u00fcnchen\"]",
                 "{\"seed\": 5, \"num_return_sequences\": 2, \"max_new_tokens\": 20}", 2);
    check_pieces(
        pipe, "[\"The capital\", \"a\"]",
        "{\"do_sample\": false, \"num_beams\": 2, \"num_return_sequences\": 2, \"max_new_tokens\": 3}", 2);
    check_pieces(pipe, "[\"The cat the cat\", \"a\"]",
                 "{\"do_sample\": false, \"prompt_lookup_num_tokens\": 3, \"max_new_tokens\": 20}", 1);
    ap_pipeline_destroy(pipe);
}

/* -- company ------------------------------------------------------------------------------------------- */

static void check_company(const char *model, const char *params) {
    ap_pipeline *pipe = pipeline(model, NULL);
    const char *inputs[] = {"\"The capital of France is\"",
                            "\"Light\"",
                            "\"Der Zug nach M\\u00fcnchen\"",
                            "\"def main():\\n    return\"",
                            "\"a b c d e f g\"",
                            "\"x\"",
                            "\"The\"",
                            "\"Go on\"",
                            "\"one two\"",
                            "\"the end of it all\""};
    size_t n = sizeof inputs / sizeof *inputs;
    char list[512] = "[";
    for (size_t i = 0; i < n; i++) {
        strcat(list, i ? ", " : "");
        strcat(list, inputs[i]);
    }
    strcat(list, "]");
    ap_value *together = support_call(pipe, list, params);
    for (size_t i = 0; i < n; i++) {
        ap_value *alone = support_call(pipe, inputs[i], params);
        assert_same_text(alone, ap_value_list_get(together, i));
        ap_value_destroy(alone);
    }
    ap_value_destroy(together);
    ap_pipeline_destroy(pipe);
}

/* More prompts than run at once, of different lengths: others in the loop change nothing. */
void test_company_changes_nothing(void **state) {
    (void)state;
    check_company("opt-lm", "{\"do_sample\": false, \"max_new_tokens\": 10}");
    check_company("qwen2-chat",
                  "{\"do_sample\": false, \"eos_token_id\": [2, 300, 310, 320, 330, 340, 350]}");
    check_company("gpt2-lm", "{\"do_sample\": false, \"num_beams\": 3}");
}

/* Guesses from the prompt change nothing. */
void test_lookup(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline("gpt2-lm", "\"do_sample\": false, \"max_new_tokens\": 40");
    ap_value *plain = support_call(pipe, "\"the cat and the cat and the\"", NULL);
    ap_value *guessed =
        support_call(pipe, "\"the cat and the cat and the\"", "{\"prompt_lookup_num_tokens\": 4}");
    assert_same_text(plain, guessed);
    ap_value_destroy(plain);
    ap_value_destroy(guessed);
    ap_pipeline_destroy(pipe);
}

/* A text ends behind the first token that completes one of the strings, wherever in the token it ends. */
void test_stop_strings(void **state) {
    (void)state;
    ap_pipeline *pipe =
        pipeline("gpt2-lm", "\"do_sample\": false, \"max_new_tokens\": 30, \"return_full_text\": false");
    ap_value *all = support_call(pipe, "\"Light passes through the prism and\"", NULL);
    const char *stop = strstr(text_of(all, 0), "outside");
    assert_non_null(stop);
    ap_value *cut = support_call(pipe, "\"Light passes through the prism and\"",
                                 "{\"stop_strings\": [\"zzq\", \"utsid\"]}");
    assert_int_equal((size_t)(stop - text_of(all, 0)) + 7, strlen(text_of(cut, 0)));
    ap_value *at_once =
        support_call(pipe, "\"Light passes through the prism and\"", "{\"stop_strings\": \" except\"}");
    assert_string_equal(" except", text_of(at_once, 0));
    ap_value_destroy(all);
    ap_value_destroy(cut);
    ap_value_destroy(at_once);
    ap_pipeline_destroy(pipe);
}

/* The three phases one by one come to what a call does. */
void test_phases(void **state) {
    ap_value *input = value_of("\"The capital\""), *params = value_of("{\"do_sample\": false}");
    ap_value *feeds = NULL, *outputs = NULL, *result = NULL;
    ap_error err = AP_ERROR_INIT;
    (void)state;
    ap_pipeline *pipe = pipeline("gpt2-lm", NULL);
    ap_value *whole = support_call(pipe, "\"The capital\"", "{\"do_sample\": false}");
    assert_ok(ap_pipeline_preprocess(&feeds, pipe, input, params, &err), &err);
    assert_ok(ap_pipeline_forward(&outputs, pipe, feeds, params, &err), &err);
    assert_ok(ap_pipeline_postprocess(&result, pipe, outputs, params, &err), &err);
    assert_same_text(whole, result);
    ap_value_destroy(input);
    ap_value_destroy(params);
    ap_value_destroy(feeds);
    ap_value_destroy(outputs);
    ap_value_destroy(result);
    ap_value_destroy(whole);
    ap_pipeline_destroy(pipe);
}

/* Tasks are inferred from the architecture. */
void test_inference(void **state) {
    static const char *const models[][2] = {
        {"gpt2-lm", "text-generation"}, {"marian-en-de", "text2text-generation"}, {"bert-mlm", "fill-mask"}};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        ap_value *about = NULL;
        ap_error err = AP_ERROR_INIT;
        ap_pipeline *pipe = support_pipeline(models[i][0], "{\"task\": null}");
        assert_ok(ap_pipeline_describe(&about, pipe, &err), &err);
        assert_string_equal(models[i][1], ap_value_get_string(ap_value_dict_get(about, "task"), NULL));
        ap_value_destroy(about);
        ap_pipeline_destroy(pipe);
    }
}

/* -- failures ------------------------------------------------------------------------------------------ */

void test_failures(void **state) {
    (void)state;
    ap_pipeline *pipe = pipeline("gpt2-lm", NULL);
    support_call_fails(pipe, "5", NULL, AP_ETYPE, "prompt: expected a string, found int");
    support_call_fails(pipe, "[]", NULL, AP_EINVAL, "the list of inputs is empty");
    support_call_fails(pipe, "[{\"role\": \"user\"}]", NULL, AP_EINVAL,
                       "message 0: expected a dict with \"role\"");
    support_call_fails(pipe, "[{\"role\": \"user\", \"content\": \"a\"}]", NULL, AP_EINVAL, "chat template");
    support_call_fails(pipe, "\"a\"", "{\"return_full_text\": true, \"return_tensors\": true}", AP_EINVAL,
                       "return_full_text and return_tensors exclude each other");
    support_call_fails(pipe, "\"a\"", "{\"max_new_tokens\": 200, \"handle_long_generation\": \"hole\"}",
                       AP_EINVAL, "leaves no room for a prompt");
    support_call_fails(pipe, "\"a\"", "{\"penalty_alpha\": 0.5}", AP_EUNSUPPORTED, "contrastive search");
    support_call_fails(pipe, "\"a\"", "{\"max_new_tokenss\": 5}", AP_EINVAL, "max_new_tokens");
    support_call_fails(pipe, "\"a b c\"",
                       "{\"do_sample\": false, \"max_new_tokens\": 200, \"eos_token_id\": null}", AP_EINVAL,
                       "positions");
    ap_pipeline_destroy(pipe);
    ap_error err = AP_ERROR_INIT;
    ap_status status = support_pipeline_fails("bert-mlm", "{\"task\": \"summarization\"}", &err);
    assert_true(status && err.message[0]);
}

/* What stops a generation before it begins is said in one line, with the numbers and names that it is about.
 * (That a cache has no output is said when the model is opened: decoder_test.c.) */
void test_what_cannot_be_generated(void **state) {
    (void)state;
    char longest[2048] = "\"";
    for (size_t i = 0; i < 300; i++) strcat(longest, "cat ");
    strcat(longest, "\"");
    ap_pipeline *pipe = pipeline("llama-chat", "\"do_sample\": false");
    support_call_fails(pipe, "\"a b c d e f g h\"", "{\"max_length\": 3, \"max_new_tokens\": null}",
                       AP_EINVAL,
                       "tokens already, and max_length is 3; give a larger max_length, or max_new_tokens");
    support_call_fails(pipe, "[{\"role\": \"judge\", \"content\": \"a\"}]", NULL, AP_EINVAL,
                       "chat template: line 1, column 329: Conversation roles must alternate");
    support_call_fails(pipe, "\"a\"", "{\"num_beams\": 2, \"num_return_sequences\": 3}", AP_EINVAL,
                       "num_return_sequences");
    ap_pipeline_destroy(pipe);
    pipe = pipeline("gpt2-lm", "\"do_sample\": false");
    support_call_fails(pipe, longest, NULL, AP_EINVAL, "positions; truncation=true, a shorter prompt");
    ap_pipeline_destroy(pipe);
}

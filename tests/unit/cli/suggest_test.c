/* The nearest name. */
#include "suggest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char *nearest(const char *name) {
    static const char *const names[] = {"top_k", "truncation", "model", "model_kwargs", "return_all_scores"};
    cli_suggestion suggestion = {0};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) cli_suggest(&suggestion, name, names[i]);
    return suggestion.best ? suggestion.best : "nothing";
}

void test_typing_mistakes(void **state) {
    (void)state;
    assert_string_equal(nearest("topk"), "top_k");
    assert_string_equal(nearest("top-k"), "top_k");
    assert_string_equal(nearest("Top_K"), "top_k");
    assert_string_equal(nearest("modle"), "model");
    assert_string_equal(nearest("truncate"), "truncation");
    assert_string_equal(nearest("return_all_score"), "return_all_scores");
}

void test_beginnings(void **state) {
    (void)state;
    assert_string_equal(nearest("return"), "return_all_scores");
    assert_string_equal(nearest("mod"), "model");
}

void test_nothing_is_near(void **state) {
    (void)state;
    assert_string_equal(nearest("frobnicate"), "nothing");
    assert_string_equal(nearest(""), "nothing");
    assert_string_equal(nearest("x"), "nothing");
    assert_string_equal(nearest("top_ktop_ktop_ktop_ktop_ktop_ktop_ktop_ktop_ktop_k"), "nothing");
}

void test_text_behind_a_message(void **state) {
    char buf[64], small[8];
    cli_suggestion suggestion = {.best = "top_k"}, none = {0};
    (void)state;
    assert_string_equal(cli_suggestion_text(&suggestion, "--", "!", buf, sizeof buf),
                        "; did you mean --top-k?");
    assert_string_equal(cli_suggestion_text(&none, "--", "!", buf, sizeof buf), "!");
    assert_string_equal(cli_suggestion_text(&suggestion, "--", "!", small, sizeof small), "!");
}

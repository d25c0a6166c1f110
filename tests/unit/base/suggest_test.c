#include "base/suggest.h"

#include "unit/support/check.h"

#include <string.h>

static const char *nearest(const char *name, const char *const *candidates) {
    ap__suggestion suggestion = {0};
    for (; *candidates; candidates++) ap__suggest(&suggestion, name, *candidates);
    return suggestion.best;
}

static const char *const NAMES[] = {"top_k", "truncation", "max_length", "function_to_apply", NULL};

static void assert_nearest(const char *expected, const char *name) {
    const char *found = nearest(name, NAMES);
    if (!expected)
        assert_null(found);
    else
        assert_string_equal(expected, found ? found : "(none)");
}

void test_typing_mistakes(void **state) {
    (void)state;
    assert_nearest("top_k", "topk");
    assert_nearest("top_k", "top_kk");
    assert_nearest("top_k", "tpo_k"); /* swapped */
    assert_nearest("top_k", "TOP-K"); /* case and hyphen do not count */
    assert_nearest("truncation", "truncaton");
    assert_nearest("max_length", "maxlength");
    assert_nearest("max_length", "max_lenght");
    assert_nearest("function_to_apply", "funtion_to_aply");
}

void test_prefixes(void **state) {
    (void)state;
    assert_nearest("function_to_apply", "function");
    assert_nearest("truncation", "tru");
    assert_nearest(NULL, "tr"); /* Too short to mean anything. */
}

void test_nothing_near(void **state) {
    (void)state;
    assert_nearest(NULL, "aggregation_strategy");
    assert_nearest(NULL, "x");
    assert_nearest(NULL, "");
    assert_null(nearest("anything", (const char *const[]){NULL}));
    assert_null(nearest("anything", (const char *const[]){"", NULL}));
}

void test_the_nearest_wins_and_the_first_of_equals(void **state) {
    (void)state;
    assert_string_equal("label", nearest("labe", (const char *const[]){"labels", "label", NULL}));
    assert_string_equal("abcd", nearest("abc", (const char *const[]){"abcd", "abce", NULL}));
}

/* Longer names than any of ours are not compared, and nothing is written beyond the table. */
void test_long_names(void **state) {
    (void)state;
    char name[200];
    for (size_t len = 60; len < 70; len++) {
        memset(name, 'a', len);
        name[len] = '\0';
        const char *found = nearest(name, (const char *const[]){name, NULL});
        assert_int_equal(len <= 64, found != NULL);
    }
    assert_null(nearest(name, NAMES));
}

void test_text(void **state) {
    (void)state;
    char buf[64];
    ap__suggestion none = {0}, some = {.best = "top_k"};
    assert_string_equal("", ap__suggestion_text(&none, buf, sizeof buf));
    assert_string_equal("; did you mean \"top_k\"?", ap__suggestion_text(&some, buf, sizeof buf));
    assert_string_equal("", ap__suggestion_text(&some, buf, 0));
    assert_string_equal("; did", ap__suggestion_text(&some, buf, 6));
}

/* Cleaning decoded text, against what transformers@4.55.4 gives. */
#include "tokenizer/clean_up.h"

#include "unit/support/check.h"

#include <string.h>

static void assert_cleaned(const char *expected, const char *text) {
    char buf[128];
    size_t len = strlen(text);
    memcpy(buf, text, len + 1);
    size_t cleaned = ap__clean_up_tokenization_spaces(buf, len);
    buf[cleaned] = '\0';
    assert_string_equal(expected, buf);
    assert_int_equal(strlen(expected), cleaned);
}

void test_every_rule(void **state) {
    (void)state;
    assert_cleaned("a.b?c!d,e", "a .b ?c !d ,e");
    assert_cleaned("rock'n", "rock ' n");
    assert_cleaned("don't I'm it's we've you're", "do n't I 'm it 's we 've you 're");
}

void test_rules_come_one_after_the_other(void **state) {
    (void)state;
    assert_cleaned("a  .", "a   .");
    assert_cleaned("a..", "a . .");
    assert_cleaned("a '.", "a ' .");
    assert_cleaned(" ..", "  . ."); /* From left to right, once. */
    assert_cleaned(" do not", " do not");
}

void test_what_is_left_alone(void **state) {
    (void)state;
    assert_cleaned("", "");
    assert_cleaned(" ", " ");
    assert_cleaned("a ", "a ");
    assert_cleaned("caf\xC3\xA9 n 't", "caf\xC3\xA9 n 't");
}

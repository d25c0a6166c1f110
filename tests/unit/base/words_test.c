/* Lists of names as text. */
#include "base/words.h"

#include "unit/support/check.h"

#include <string.h>

void test_next(void **state) {
    const char *word, *rest = "  one two  three ";
    (void)state;
    assert_int_equal(ap__words_next(&word, &rest), 3);
    assert_memory_equal(word, "one", 3);
    assert_int_equal(ap__words_next(&word, &rest), 3);
    assert_memory_equal(word, "two", 3);
    assert_int_equal(ap__words_next(&word, &rest), 5);
    assert_int_equal(ap__words_next(&word, &rest), 0);
    assert_int_equal(ap__words_next(&word, &rest), 0);
}

void test_have(void **state) {
    (void)state;
    assert_true(ap__words_have("logits last_hidden_state", "logits"));
    assert_true(ap__words_have("logits last_hidden_state", "last_hidden_state"));
    assert_false(ap__words_have("logits last_hidden_state", "last"));
    assert_false(ap__words_have("logits last_hidden_state", "hidden_state"));
    assert_false(ap__words_have("logits", ""));
    assert_false(ap__words_have("", "logits"));
    assert_false(ap__words_have(NULL, "logits"));
}

#include "base/ascii.h"

#include "unit/support/check.h"

#include <locale.h>

void test_beginnings_without_case(void **state) {
    (void)state;
    assert_true(ap__ascii_begins_any_case("ENTAILMENT", "entail"));
    assert_true(ap__ascii_begins_any_case("entail", "entail"));
    assert_true(ap__ascii_begins_any_case("a", ""));
    assert_false(ap__ascii_begins_any_case("entai", "entail"));
    assert_false(ap__ascii_begins_any_case("not entailed", "entail"));
}

void test_lower(void **state) {
    (void)state;
    for (int c = 0; c < 256; c++) {
        bool is_upper = c >= 'A' && c <= 'Z';
        assert_int_equal((char)(is_upper ? c + 32 : c), ap__ascii_lower((char)c));
    }
}

void test_equal_any_case(void **state) {
    (void)state;
    assert_true(ap__ascii_equal_any_case("", ""));
    assert_true(ap__ascii_equal_any_case("Sigmoid", "sIGMOID"));
    assert_false(ap__ascii_equal_any_case("a", ""));
    assert_false(ap__ascii_equal_any_case("", "a"));
    assert_false(ap__ascii_equal_any_case("ab", "a"));
    assert_false(ap__ascii_equal_any_case("a", "ab"));
    assert_false(ap__ascii_equal_any_case("a_", "a-"));
    assert_false(ap__ascii_equal_any_case("@", "`")); /* 32 apart, and no letters */
    assert_false(ap__ascii_equal_any_case("\xC3\x89", "\xC3\xA9"));
}

/* Where the locale is there, strcasecmp() fails this. */
void test_the_locale_does_not_count(void **state) {
    (void)state;
    if (!setlocale(LC_ALL, "tr_TR") && !setlocale(LC_ALL, "tr_TR.UTF-8")) skip();
    assert_true(ap__ascii_equal_any_case("SIGMOID", "sigmoid"));
    setlocale(LC_ALL, "C");
}

/* Canonical forms of code points: pairs of the Unicode Standard, and long runs of marks. */
#include "tokenizer/tapas/codes.h"

#include "unit/support/check.h"

#include <string.h>

static void expect(const char *text, bool is_composed, const uint32_t *expected, size_t n) {
    ap_error err = AP_ERROR_INIT;
    ap__codes given = {0}, out = {0};
    assert_ok(ap__codes_of_text(&given, (ap__text){text, strlen(text)}, &err), &err);
    assert_ok(ap__codes_decompose(&out, given.ptr, given.n, &err), &err);
    if (is_composed) ap__codes_compose(&out);
    assert_int_equal(out.n, n);
    for (size_t i = 0; i < n; i++) assert_int_equal(out.ptr[i], expected[i]);
    ap__codes_clear(&given);
    ap__codes_clear(&out);
}

#define EXPECT(text, is_composed, ...)                                                                       \
    do {                                                                                                     \
        const uint32_t codes[] = {__VA_ARGS__};                                                              \
        expect((text), (is_composed), codes, sizeof codes / sizeof *codes);                                  \
    } while (0)

void test_forms(void **state) {
    (void)state;
    EXPECT("\xC3\xA9", false, 'e', 0x301);
    EXPECT("e\xCC\x81", true, 0xE9);
    EXPECT("\xEA\xB0\x81", false, 0x1100, 0x1161, 0x11A8); /* Hangul is by arithmetic. */
    EXPECT("\xEA\xB0\x81", true, 0xAC01);
    EXPECT("q\xCC\x87\xCC\xA3", false, 'q', 0x323, 0x307); /* Marks come in the order of their classes. */
    EXPECT("\xE1\xB8\x8B\xCC\xA3", true, 0x1E0D, 0x307);   /* d with dot above, dot below */
    EXPECT("\xCC\x81"
           "e",
           true, 0x301, 'e'); /* A mark at the beginning joins nothing. */
    EXPECT("a\xCC\x81\xCC\x81", true, 0xE1, 0x301);
}

void test_a_long_run_of_marks(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap__codes given = {0}, out = {0};
    ap__codes_push(&given, 'a', &err);
    for (size_t i = 0; i < 100000; i++) ap__codes_push(&given, i % 2 ? 0x323 : 0x301, &err);
    assert_ok(ap__codes_decompose(&out, given.ptr, given.n, &err), &err);
    assert_int_equal(out.n, given.n);
    assert_int_equal(out.ptr[1], 0x323);
    assert_int_equal(out.ptr[50000], 0x323);
    assert_int_equal(out.ptr[50001], 0x301);
    ap__codes_clear(&given);
    ap__codes_clear(&out);
}

void test_lower_case(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap__codes out = {0};
    assert_ok(ap__codes_push_lower(&out, 'A', &err), &err);
    assert_ok(ap__codes_push_lower(&out, 0x130, &err), &err);
    assert_int_equal(out.n, 3);
    assert_int_equal(out.ptr[0], 'a');
    assert_int_equal(out.ptr[2], 0x307);
    ap__codes_clear(&out);
}

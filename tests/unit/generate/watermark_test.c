/* Which tokens are marked, as in the reference (tests/data/generate/watermarks.json). */
#include "generate/watermark.h"

#include "unit/support/check.h"
#include "value/json.h"
#include "value/value.h"

#include <stdio.h>

enum { N_TOKENS = 64 };

static void check_case(const ap_value *test, size_t i_case) {
    ap_error err = AP_ERROR_INIT;
    ap__arena arena = {0};
    ap__watermark *mark;
    ap__scratch scratch;
    float scores[N_TOKENS];
    int64_t tokens[16];
    const ap_value *list = ap_value_dict_get(test, "tokens"), *expected = ap_value_dict_get(test, "expect");
    size_t n_tokens = ap_value_len(list), n_marked = 0;
    for (size_t i = 0; i < n_tokens; i++) tokens[i] = ap_value_get_int(ap_value_list_get(list, i));
    for (size_t k = 0; k < N_TOKENS; k++) scores[k] = (float)((37 * k + 11 * i_case) % 64) / 8;
    assert_ok(ap__watermark_read(&mark, &arena, ap_value_dict_get(test, "config"), &err), &err);
    assert_ok(ap__scratch_create(&scratch, N_TOKENS, &err), &err);
    ap__watermark_apply(mark, scores, tokens, n_tokens, &scratch);
    for (size_t k = 0; k < N_TOKENS; k++) {
        float before = (float)((37 * k + 11 * i_case) % 64) / 8;
        if (scores[k] == before) continue;
        assert_float_equal(before + 2, scores[k], 0);
        assert_int_equal(ap_value_get_int(ap_value_list_get(expected, n_marked++)), k);
    }
    assert_int_equal(ap_value_len(expected), n_marked);
    ap__scratch_clear(&scratch);
    ap__arena_clear(&arena);
}

void test_marks_as_the_reference(void **state) {
    ap_value *cases = NULL;
    char path[512];
    ap_error err = AP_ERROR_INIT;
    (void)state;
    snprintf(path, sizeof path, "%s/generate/watermarks.json", AP_TEST_DATA_DIR);
    assert_ok(ap__value_from_json_file(&cases, path, (size_t)1 << 20, &err), &err);
    assert_int_equal(40, ap_value_len(cases));
    for (size_t i = 0; i < ap_value_len(cases); i++) check_case(ap_value_list_get(cases, i), i);
    ap_value_destroy(cases);
}

#include "backend/cpu.h"

#include "unit/support/check.h"

#include <string.h>

void test_is_one_line_and_always_the_same(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap__buf first = {0}, again = {0};
    assert_ok(ap__cpu_describe(&first, &err), &err);
    for (int i = 0; i < 100; i++) {
        ap__buf_reset(&again);
        assert_ok(ap__cpu_describe(&again, &err), &err);
        assert_string_equal(ap__buf_text(&first), ap__buf_text(&again));
    }
    assert_true(first.len > 8);
    assert_ptr_equal(strchr(first.ptr, '\n'), first.ptr + first.len - 1);
    ap__buf_clear(&first);
    ap__buf_clear(&again);
}

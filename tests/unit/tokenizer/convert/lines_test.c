#include "tokenizer/convert/lines.h"

#include "unit/support/check.h"

#include <string.h>

static void check_lines(const char *text, size_t n, const char *const *expected, bool is_last_ended) {
    ap__lines lines = {text, text + strlen(text), 0};
    ap__text line;
    bool is_ended = false;
    for (size_t i = 0; i < n; i++) {
        assert_true(ap__lines_next(&lines, &line, &is_ended));
        assert_int_equal(lines.number, i + 1);
        assert_int_equal(line.len, strlen(expected[i]));
        assert_memory_equal(line.ptr, expected[i], line.len);
    }
    assert_int_equal(is_ended, is_last_ended);
    assert_false(ap__lines_next(&lines, &line, NULL));
}

void test_lines_end_in_three_ways(void **state) {
    (void)state;
    check_lines("", 0, NULL, false);
    check_lines("\n", 1, (const char *const[]){""}, true);
    check_lines("a", 1, (const char *const[]){"a"}, false);
    check_lines("a\nb\r\nc\rd", 4, (const char *const[]){"a", "b", "c", "d"}, false);
    check_lines("a\n\r\n\rb\n", 4, (const char *const[]){"a", "", "", "b"}, true);
    check_lines("a\xC2\x85"
                "b\xE2\x80\xA8"
                "c\x0B\x0C\n",
                1,
                (const char *const[]){"a\xC2\x85"
                                      "b\xE2\x80\xA8"
                                      "c\x0B\x0C"},
                true);
}

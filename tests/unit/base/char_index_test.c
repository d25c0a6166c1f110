/* Characters and bytes. */
#include "base/char_index.h"

#include "unit/support/check.h"
#include "unit/support/torture.h"

#include <stdlib.h>
#include <string.h>

/* Every character's position, against a walk over the text. */
static void check_all(const char *text, size_t len) {
    ap_error err = AP_ERROR_INIT;
    ap__char_index index;
    size_t n = 0;
    assert_ok(ap__char_index_create(&index, text, len, &err), &err);
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)text[i] & 0xC0) != 0x80) assert_int_equal(ap__char_index_byte(&index, n++), i);
    assert_int_equal(index.len_chars, n);
    assert_int_equal(ap__char_index_byte(&index, n), len);
    assert_int_equal(ap__char_index_byte(&index, n + 1000), len);
    ap__char_index_clear(&index);
}

void test_short_texts(void **state) {
    (void)state;
    check_all("", 0);
    check_all("a", 1);
    check_all("\xC3\xA9", 2);
    check_all("a\xC3\xA9 \xE4\xB8\xAD\xF0\x9F\x98\x80z", 11);
}

void test_long_texts(void **state) {
    (void)state;
    static const char *const units[] = {"a", "\xC3\xA9", "\xE4\xB8\xAD", "\xF0\x9F\x98\x80"};
    for (size_t n_chars = 120; n_chars < 520; n_chars += 7) {
        char text[4 * 520];
        size_t len = 0;
        for (size_t i = 0; i < n_chars; i++) {
            const char *unit = units[(i * 2654435761u >> 3) % 4];
            memcpy(text + len, unit, strlen(unit));
            len += strlen(unit);
        }
        check_all(text, len);
    }
}

static ap_status create(void *text, ap_error *err) {
    ap__char_index index;
    ap_status status = ap__char_index_create(&index, text, strlen(text), err);
    ap__char_index_clear(&index);
    return status;
}

void test_torture(void **state) {
    (void)state;
    char text[] = "caf\xC3\xA9";
    torture(create, text);
}

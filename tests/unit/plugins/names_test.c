/* The plugins' table of names. The source itself is included: a plugin exports nothing. */
#include "../../../plugins/common/names.c"

#include "backend/host.h"
#include "base/error.h"
#include "unit/support/check.h"
#include "unit/support/torture.h"

#include <stdio.h>

enum { N_NAMES = 3000, NAME_BYTES = 16 };

/* "0", "1", ...; `text` holds them. */
static onnx_text make_name(char *text, size_t i) {
    return (onnx_text){text, (size_t)snprintf(text, NAME_BYTES, "%zu", i)};
}

/* Each name twice, so that the second finds the first through every growth of the table. */
static ap_status fill(void *ctx, ap_error *err) {
    static char texts[N_NAMES][NAME_BYTES];
    onnx_names names = {.host = ap__host_get()};
    ap_status status = AP_OK;
    (void)ctx;
    for (size_t i = 0; !status && i < N_NAMES; i++) {
        char again[NAME_BYTES];
        uint32_t number = onnx_names_add(&names, make_name(texts[i], i));
        if (number == ONNX_NO_NAME) {
            assert_int_equal(i, names.n);
            status = ap__fail_nomem(err);
            continue;
        }
        assert_int_equal(i, number);
        assert_int_equal(i, onnx_names_find(&names, make_name(again, i)));
    }
    for (size_t i = 0; i < names.n; i++) {
        char again[NAME_BYTES];
        assert_int_equal(i, onnx_names_find(&names, make_name(again, i)));
        assert_ptr_equal(texts[i], names.of[i].ptr);
    }
    onnx_names_clear(&names);
    return status;
}

void test_numbers_are_those_of_the_order(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    assert_ok(fill(NULL, &err), &err);
}

void test_a_name_is_there_once(void **state) {
    (void)state;
    onnx_names names = {.host = ap__host_get()};
    const onnx_text a = {"ab", 1}, ab = {"ab", 2}, empty = {NULL, 0};
    assert_int_equal(0, onnx_names_add(&names, a));
    assert_int_equal(ONNX_NO_NAME, onnx_names_find(&names, ab));
    assert_int_equal(1, onnx_names_add(&names, ab));
    assert_int_equal(2, onnx_names_add(&names, empty));
    assert_int_equal(0, onnx_names_add(&names, (onnx_text){"a", 1}));
    assert_int_equal(2, onnx_names_add(&names, (onnx_text){"", 0}));
    assert_int_equal(3, names.n);
    onnx_names_clear(&names);
}

void test_an_empty_table_has_no_name(void **state) {
    (void)state;
    onnx_names names = {.host = ap__host_get()};
    assert_int_equal(ONNX_NO_NAME, onnx_names_find(&names, (onnx_text){"a", 1}));
    onnx_names_clear(&names);
    assert_int_equal(ONNX_NO_NAME, onnx_names_find(&names, (onnx_text){"a", 1}));
}

void test_torture(void **state) {
    (void)state;
    assert_true(torture(fill, NULL) > 4);
}

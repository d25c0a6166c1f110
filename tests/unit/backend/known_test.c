#include "backend/known.h"

#include "unit/support/check.h"

#include <string.h>

void test_rows_are_in_the_order_of_detection(void **state) {
    (void)state;
    static const char *const order[] = {"ov", "ort", "ipex"};
    size_t n = 0;
    for (size_t i = 0; i < AP__N_KNOWN_BACKENDS; i++) {
        if (!ap__known_backends[i].is_listed) continue;
        assert_true(n < 3);
        assert_string_equal(order[n++], ap__known_backends[i].name);
    }
    assert_int_equal(3, n);
}

void test_rows_are_whole(void **state) {
    (void)state;
    for (size_t i = 0; i < AP__N_KNOWN_BACKENDS; i++) {
        const ap__known_backend *row = &ap__known_backends[i];
        if (!row->is_listed) continue;
        assert_non_null(row->runtime);
        assert_int_equal(0, strncmp(row->variable, "ACCELPIPE_", 10));
        assert_non_null(strstr(row->library, ".so"));
        assert_true(row->sonames[0] && row->wheel_dir[0] && row->install[0]);
        assert_true(ap__known_backend_lists(row->reads, "onnx"));
    }
}

void test_finds_by_name(void **state) {
    (void)state;
    assert_string_equal("replay", ap__known_backend_find("replay")->name);
    assert_null(ap__known_backend_find("ORT"));
    assert_null(ap__known_backend_find(""));
}

void test_lists_of_names(void **state) {
    (void)state;
    assert_true(ap__known_backend_lists("xml onnx", "xml"));
    assert_true(ap__known_backend_lists("xml onnx", "onnx"));
    assert_false(ap__known_backend_lists("xml onnx", "onn"));
    assert_false(ap__known_backend_lists("xmlonnx", "onnx"));
    assert_false(ap__known_backend_lists("", ""));
}

void test_names_for_messages(void **state) {
    (void)state;
    char text[128], small[8];
    assert_string_equal("\"ov\", \"ort\" or \"ipex\"", ap__known_backends_text(text, sizeof text));
    assert_true(strlen(ap__known_backends_text(small, sizeof small)) < sizeof small);
    assert_string_equal("", ap__known_backends_text(small, 0));
}

#include "tokenizer/convert/base64.h"

#include "unit/support/check.h"

#include <string.h>

/* RFC 4648, section 10. */
static const char *const PAIRS[][2] = {{"", ""},
                                       {"f", "Zg=="},
                                       {"fo", "Zm8="},
                                       {"foo", "Zm9v"},
                                       {"foob", "Zm9vYg=="},
                                       {"fooba", "Zm9vYmE="},
                                       {"foobar", "Zm9vYmFy"}};

void test_the_examples_of_the_rfc(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof PAIRS / sizeof *PAIRS; i++) {
        char text[16] = {0}, bytes[16] = {0};
        size_t len = strlen(PAIRS[i][0]), n;
        assert_int_equal(ap__base64_len(len), strlen(PAIRS[i][1]));
        ap__base64_encode(text, PAIRS[i][0], len);
        assert_string_equal(text, PAIRS[i][1]);
        assert_true(ap__base64_decode(bytes, &n, text, strlen(text)));
        assert_int_equal(n, len);
        assert_memory_equal(bytes, PAIRS[i][0], len);
    }
}

void test_every_byte_comes_back(void **state) {
    (void)state;
    unsigned char in[256], out[260];
    char text[400];
    size_t n;
    for (size_t i = 0; i < sizeof in; i++) in[i] = (unsigned char)i;
    for (size_t len = 253; len <= sizeof in; len++) {
        ap__base64_encode(text, in, len);
        assert_true(ap__base64_decode(out, &n, text, ap__base64_len(len)));
        assert_int_equal(n, len);
        assert_memory_equal(out, in, len);
    }
}

void test_what_is_not_base64(void **state) {
    (void)state;
    static const char *const WRONG[] = {
        "Z", "Zg", "Zg=", "Zg===", "=Zg=", "Z===", "====", "Zm 9", "Zm9v\n", "Zm9-", "Zm=v"};
    char out[16];
    size_t n;
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
        if (ap__base64_decode(out, &n, WRONG[i], strlen(WRONG[i]))) fail_msg("\"%s\" is decoded", WRONG[i]);
        assert_int_equal(n, 0);
    }
}

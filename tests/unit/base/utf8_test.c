#include "base/utf8.h"

#include "unit/support/check.h"

#include <string.h>

static ap_error err;

static int is_character(uint32_t code) { return code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF); }

void test_every_character_there_and_back(void **state) {
    (void)state;
    for (uint32_t code = 0; code < 0x120000; code++) {
        char text[5] = {0};
        uint32_t decoded = 0xFFFFFFFF;
        size_t n = ap__utf8_encode(text, code);
        if (!is_character(code)) {
            assert_int_equal(0, n);
            continue;
        }
        assert_in_range(n, 1, 4);
        assert_int_equal(n, ap__utf8_decode(&decoded, text, 4));
        assert_int_equal(code, decoded);
        assert_int_equal(n, ap__utf8_next(&decoded, text));
        assert_int_equal(code, decoded);
        if (n > 1) assert_int_equal(0, ap__utf8_decode(&decoded, text, n - 1)); /* cut */
    }
    assert_int_equal(0, ap__utf8_encode((char[4]){0}, 0xFFFFFFFF));
}

/* Source: RFC 3629 section 4, UTF8-octets, written down as it stands there. */
static size_t reference_decode(const unsigned char *p) {
#define TAIL(i) (p[i] >= 0x80 && p[i] <= 0xBF)
#define IN(i, low, high) (p[i] >= (low) && p[i] <= (high))
    if (p[0] <= 0x7F) return 1;
    if (IN(0, 0xC2, 0xDF) && TAIL(1)) return 2;
    if (p[0] == 0xE0 && IN(1, 0xA0, 0xBF) && TAIL(2)) return 3;
    if (IN(0, 0xE1, 0xEC) && TAIL(1) && TAIL(2)) return 3;
    if (p[0] == 0xED && IN(1, 0x80, 0x9F) && TAIL(2)) return 3;
    if (IN(0, 0xEE, 0xEF) && TAIL(1) && TAIL(2)) return 3;
    if (p[0] == 0xF0 && IN(1, 0x90, 0xBF) && TAIL(2) && TAIL(3)) return 4;
    if (IN(0, 0xF1, 0xF3) && TAIL(1) && TAIL(2) && TAIL(3)) return 4;
    if (p[0] == 0xF4 && IN(1, 0x80, 0x8F) && TAIL(2) && TAIL(3)) return 4;
    return 0;
#undef TAIL
#undef IN
}

/* All pairs of first bytes, followed by bytes from every class. */
void test_every_sequence_as_rfc_3629(void **state) {
    (void)state;
    static const unsigned char ends[] = {0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF};
    for (unsigned first = 0; first < 256; first++)
        for (unsigned second = 0; second < 256; second++)
            for (size_t i = 0; i < sizeof ends; i++)
                for (size_t j = 0; j < sizeof ends; j++) {
                    const unsigned char bytes[] = {(unsigned char)first, (unsigned char)second, ends[i],
                                                   ends[j]};
                    uint32_t code;
                    size_t n = ap__utf8_decode(&code, (const char *)bytes, 4);
                    if (n != reference_decode(bytes)) fail_msg("%02x %02x", first, second);
                }
}

/* The valid prefix by the decoder alone. */
static size_t decoded_len(const char *text, size_t len) {
    uint32_t code;
    size_t at = 0;
    for (size_t n; at < len && (n = ap__utf8_decode(&code, text + at, len - at)); at += n) {
    }
    return at;
}

void test_valid_len_is_what_decodes(void **state) {
    (void)state;
    static const unsigned char edges[] = {0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2,
                                          0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF4, 0xF5, 0xFF};
    const size_t n = sizeof edges;
    for (size_t i = 0; i < n * n * n * n; i++) {
        char text[5] = {(char)edges[i % n], (char)edges[i / n % n], (char)edges[i / (n * n) % n],
                        (char)edges[i / (n * n * n)], 'a'};
        for (size_t len = 1; len <= sizeof text; len++)
            assert_int_equal(decoded_len(text, len), ap__utf8_valid_len(text, len));
    }
}

void test_valid_len(void **state) {
    (void)state;
    assert_int_equal(0, ap__utf8_valid_len("", 0));
    assert_int_equal(3, ap__utf8_valid_len("a\0b", 3));
    assert_int_equal(0, ap__utf8_valid_len("\x80", 1));
    assert_int_equal(1, ap__utf8_valid_len("a\xC3", 2));
    /* A fault at every place, in every alignment to the eight bytes that are read at once. */
    char text[40];
    for (size_t at = 0; at < sizeof text; at++) {
        memset(text, 'x', sizeof text);
        text[at] = '\xFF';
        assert_int_equal(at, ap__utf8_valid_len(text, sizeof text));
        assert_int_equal(at, ap__utf8_valid_len(text, at));
    }
    for (size_t at = 0; at + 4 <= sizeof text; at++) {
        memset(text, 'x', sizeof text);
        memcpy(text + at, "\xF0\x9F\x98\x80", 4);
        assert_int_equal(sizeof text, ap__utf8_valid_len(text, sizeof text));
        for (size_t cut = 1; cut < 4; cut++) assert_int_equal(at, ap__utf8_valid_len(text, at + cut));
    }
}

void test_check_names_the_place(void **state) {
    (void)state;
    assert_ok(ap__utf8_check("caf\xC3\xA9", 5, "text", &err), &err);
    assert_fails(ap__utf8_check("caf\xE9!", 5, "input 3", &err), AP_EUTF8, &err,
                 "input 3 is not UTF-8: byte 0xe9 at offset 3");
    assert_says(&err, "convert it to UTF-8 first");
}

void test_count(void **state) {
    (void)state;
    assert_int_equal(0, ap__utf8_count("", 0));
    assert_int_equal(5, ap__utf8_count("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\0", 11));
}

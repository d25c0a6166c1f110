/* Character classes of Python by way of the tables of unicode.h. */
#include "tokenizer/python_text.h"

#include "base/utf8.h"
#include "tokenizer/unicode.h"

/* The zeros of all scripts that have digits (Nd, Unicode 14.0, which Python 3.11 knows); the nine behind each
 * are 1 to 9. Made with Python's unicodedata.decimal(). */
static const uint32_t ZEROS[] = {
    0x30,    0x660,   0x6F0,   0x7C0,   0x966,   0x9E6,   0xA66,   0xAE6,   0xB66,   0xBE6,   0xC66,
    0xCE6,   0xD66,   0xDE6,   0xE50,   0xED0,   0xF20,   0x1040,  0x1090,  0x17E0,  0x1810,  0x1946,
    0x19D0,  0x1A80,  0x1A90,  0x1B50,  0x1BB0,  0x1C40,  0x1C50,  0xA620,  0xA8D0,  0xA900,  0xA9D0,
    0xA9F0,  0xAA50,  0xABF0,  0xFF10,  0x104A0, 0x10D30, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0,
    0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50, 0x11D50, 0x11DA0, 0x16A60,
    0x16AC0, 0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E950, 0x1FBF0};

bool ap__py_is_space(uint32_t code) {
    /* The separators of files, groups, records and units count as space in Python alone. */
    return (code >= 0x1C && code <= 0x1F) || ap__unicode_is(code, AP__UNICODE_WHITESPACE);
}

bool ap__py_is_alnum(uint32_t code) { return ap__unicode_is(code, AP__UNICODE_LETTER | AP__UNICODE_NUMBER); }

int ap__py_digit(uint32_t code) {
    if (code < 0x80) return code >= '0' && code <= '9' ? (int)(code - '0') : -1;
    size_t low = 0, high = sizeof ZEROS / sizeof *ZEROS; /* The last zero at or below the code. */
    while (high - low > 1) {
        size_t mid = (low + high) / 2;
        if (ZEROS[mid] <= code)
            low = mid;
        else
            high = mid;
    }
    return code - ZEROS[low] < 10 ? (int)(code - ZEROS[low]) : -1;
}

/* The length of the white space at the beginning, or of what is none. */
static size_t span(ap__text text, bool is_space) {
    size_t at = 0;
    while (at < text.len) {
        uint32_t code;
        size_t n = ap__utf8_next(&code, text.ptr + at);
        if (ap__py_is_space(code) != is_space) break;
        at += n;
    }
    return at;
}

static ap__text skip(ap__text text, size_t n) { return n ? (ap__text){text.ptr + n, text.len - n} : text; }

ap__text ap__py_strip(ap__text text) {
    text = skip(text, span(text, true));
    ap__text rest = text;
    size_t end = 0;
    while (rest.len) {
        rest = skip(rest, span(rest, false));
        end = text.len - rest.len;
        rest = skip(rest, span(rest, true));
    }
    text.len = end;
    return text;
}

bool ap__py_next_word(ap__text *word, ap__text *rest) {
    *rest = skip(*rest, span(*rest, true));
    *word = (ap__text){rest->ptr, span(*rest, false)};
    *rest = skip(*rest, word->len);
    return word->len > 0;
}

ap_status ap__py_lower(ap__buf *out, ap__text text, ap_error *err) {
    ap_status status = AP_OK;
    for (size_t at = 0; at < text.len && !status;) {
        uint32_t code, lower[2];
        char bytes[8];
        size_t len = 0;
        at += ap__utf8_next(&code, text.ptr + at);
        size_t n = ap__unicode_lower(lower, code);
        for (size_t i = 0; i < n; i++) len += ap__utf8_encode(bytes + len, lower[i]);
        status = ap__buf_append(out, bytes, len, err);
    }
    return status;
}

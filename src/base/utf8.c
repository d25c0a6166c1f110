/* UTF-8 decoding and checking. Source: RFC 3629 section 4, the table of well-formed byte sequences. */
#include "base/utf8.h"

#include "base/error.h"

#include <stdbool.h>
#include <string.h>

static bool is_continuation(unsigned char byte) { return (byte & 0xC0) == 0x80; }

size_t ap__utf8_decode(uint32_t *code, const char *text, size_t len) {
    const unsigned char *p = (const unsigned char *)text;
    size_t need = p[0] < 0x80 ? 1 : p[0] < 0xC2 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : p[0] < 0xF5 ? 4 : 0;
    if (need == 0 || need > len) return 0;
    for (size_t i = 1; i < need; i++)
        if (!is_continuation(p[i])) return 0;
    uint32_t c;
    ap__utf8_next(&c, text);
    if (need == 3 && (c < 0x800 || (c >= 0xD800 && c <= 0xDFFF))) return 0;
    if (need == 4 && (c < 0x10000 || c > 0x10FFFF)) return 0;
    *code = c;
    return need;
}

size_t ap__utf8_encode(char *out, uint32_t code) {
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code >= 0xD800 && code <= 0xDFFF) return 0;
    if (code < 0x10000) {
        out[0] = (char)(0xE0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3F));
        out[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    if (code > 0x10FFFF) return 0;
    out[0] = (char)(0xF0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3F));
    out[2] = (char)(0x80 | (code >> 6 & 0x3F));
    out[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

/* Bytes of the character at the start of a text that is not empty; 0 when there is none. */
static size_t valid_char(const unsigned char *p, size_t len) {
    if (p[0] < 0x80) return 1;
    if (p[0] >= 0xF0) {
        uint32_t code;
        return ap__utf8_decode(&code, (const char *)p, len);
    }
    if (p[0] < 0xE0) return p[0] >= 0xC2 && len >= 2 && is_continuation(p[1]) ? 2 : 0;
    if (len < 3 || !is_continuation(p[1]) || !is_continuation(p[2])) return 0;
    bool is_overlong = p[0] == 0xE0 && p[1] < 0xA0, is_surrogate = p[0] == 0xED && p[1] >= 0xA0;
    return is_overlong || is_surrogate ? 0 : 3;
}

/* -- checking many bytes without a branch -------------------------------------------------------------- */

/* What is due next, as the place of six bits in a row. A row is a kind of byte: what is due behind it. The
 * automaton is that of bjoern.hoehrmann.de/utf-8/decoder/dfa, in the form of shifts that Per Vognsen gave it.
 */
enum {
    CHAR = 0,
    NOTHING = 6,
    ONE = 12,
    TWO = 18,
    THREE = 24,
    OF_E0 = 30,
    OF_ED = 36,
    OF_F0 = 42,
    OF_F4 = 48
};

#define ROW(at_char, one, two, three, e0, ed, f0, f4)                                                        \
    ((uint64_t)(at_char) << CHAR | (uint64_t)NOTHING << NOTHING | (uint64_t)(one) << ONE |                   \
     (uint64_t)(two) << TWO | (uint64_t)(three) << THREE | (uint64_t)(e0) << OF_E0 |                         \
     (uint64_t)(ed) << OF_ED | (uint64_t)(f0) << OF_F0 | (uint64_t)(f4) << OF_F4)
#define LEAD(due) ROW(due, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING)

enum { IS_ASCII, IS_80, IS_90, IS_A0, IS_NONE, IS_C2, IS_E0, IS_E1, IS_ED, IS_F0, IS_F1, IS_F4 };

static const uint64_t ROWS[] = {
    [IS_ASCII] = LEAD(CHAR),
    [IS_80] = ROW(NOTHING, CHAR, ONE, TWO, NOTHING, ONE, NOTHING, TWO),
    [IS_90] = ROW(NOTHING, CHAR, ONE, TWO, NOTHING, ONE, TWO, NOTHING),
    [IS_A0] = ROW(NOTHING, CHAR, ONE, TWO, ONE, NOTHING, TWO, NOTHING),
    [IS_NONE] = LEAD(NOTHING),
    [IS_C2] = LEAD(ONE),
    [IS_E0] = LEAD(OF_E0),
    [IS_E1] = LEAD(TWO),
    [IS_ED] = LEAD(OF_ED),
    [IS_F0] = LEAD(OF_F0),
    [IS_F1] = LEAD(THREE),
    [IS_F4] = LEAD(OF_F4),
};

/* Of bytes; those below 0x80 are the first kind. */
static const uint8_t KINDS[256] = {
    [0x80] =
#define FOUR(kind) kind, kind, kind, kind
#define SIXTEEN(kind) FOUR(kind), FOUR(kind), FOUR(kind), FOUR(kind)
        SIXTEEN(IS_80),
    SIXTEEN(IS_90),
    SIXTEEN(IS_A0),
    SIXTEEN(IS_A0),
    IS_NONE,
    IS_NONE,
    IS_C2,
    IS_C2,
    FOUR(IS_C2),
    FOUR(IS_C2),
    FOUR(IS_C2),
    SIXTEEN(IS_C2),
    IS_E0,
    IS_E1,
    IS_E1,
    IS_E1,
    FOUR(IS_E1),
    FOUR(IS_E1),
    IS_E1,
    IS_ED,
    IS_E1,
    IS_E1,
    IS_F0,
    IS_F1,
    IS_F1,
    IS_F1,
    IS_F4,
    IS_NONE,
    IS_NONE,
    IS_NONE,
    FOUR(IS_NONE),
    FOUR(IS_NONE),
#undef FOUR
#undef SIXTEEN
};

/* What is due behind the byte. */
static inline uint64_t step(uint64_t due, unsigned char byte) { return ROWS[KINDS[byte]] >> (due & 63); }

/* Whether all of it is valid. */
static bool is_valid(const unsigned char *p, size_t len) {
    uint64_t due = CHAR, word;
    size_t at = 0;
    for (; len - at >= sizeof word; at += sizeof word) {
        memcpy(&word, p + at, sizeof word);
        if (!((due & 63) | (word & 0x8080808080808080u))) continue; /* Most text is ASCII. */
        for (size_t i = 0; i < sizeof word; i += 4)
            due = step(step(step(step(due, p[at + i]), p[at + i + 1]), p[at + i + 2]), p[at + i + 3]);
    }
    for (; at < len; at++) due = step(due, p[at]);
    return (due & 63) == CHAR;
}

size_t ap__utf8_valid_len(const char *text, size_t len) {
    const unsigned char *p = (const unsigned char *)text;
    if (is_valid(p, len)) return len;
    for (size_t at = 0, n;; at += n)
        if (at == len || !(n = valid_char(p + at, len - at))) return at;
}

void ap__utf8_clean(char *text) {
    size_t len = strlen(text);
    for (size_t at; (at = ap__utf8_valid_len(text, len)) < len;) text[at] = '?';
}

ap_status ap__utf8_check(const char *text, size_t len, const char *what, ap_error *err) {
    size_t valid = ap__utf8_valid_len(text, len);
    if (valid == len) return AP_OK;
    return ap__fail(err, AP_EUTF8, "%s is not UTF-8: byte 0x%02x at offset %zu; convert it to UTF-8 first",
                    what, (unsigned)(unsigned char)text[valid], valid);
}

size_t ap__utf8_count(const char *text, size_t len) {
    size_t n = 0;
    for (size_t i = 0; i < len; i++) n += !is_continuation((unsigned char)text[i]);
    return n;
}

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

size_t ap__utf8_valid_len(const char *text, size_t len) {
    size_t at = 0;
    while (at < len) {
        uint64_t word;
        if (len - at >= sizeof word) { /* Eight ASCII bytes at a time: most text is ASCII. */
            memcpy(&word, text + at, sizeof word);
            if (!(word & 0x8080808080808080u)) {
                at += sizeof word;
                continue;
            }
        }
        size_t n = valid_char((const unsigned char *)text + at, len - at);
        if (!n) return at;
        at += n;
    }
    return at;
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

/* UTF-8 as RFC 3629 has it: no surrogates, no overlong forms, nothing above U+10FFFF. */
#ifndef AP_BASE_UTF8_H
#define AP_BASE_UTF8_H

#include <accelpipe/status.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the character at `text` (1 to 4), 0 when it is not one. `len` is at least 1. */
size_t ap__utf8_decode(uint32_t *code, const char *text, size_t len);

/* Bytes written to `out` (room for 4), 0 when `code` is no character. */
size_t ap__utf8_encode(char *out, uint32_t code);

/* The length of the longest valid prefix: `len` when all of it is valid. */
size_t ap__utf8_valid_len(const char *text, size_t len);

/* Bytes that are not UTF-8 become question marks, in place: for showing paths and messages. */
void ap__utf8_clean(char *text);

/* @return AP_EUTF8 with the byte offset; `what` names the text in the message. */
ap_status ap__utf8_check(const char *text, size_t len, const char *what, ap_error *err);

/* Characters of valid text. */
size_t ap__utf8_count(const char *text, size_t len);

/* Decoding of text that is known to be valid: no checks. Gives the bytes used. */
static inline size_t ap__utf8_next(uint32_t *code, const char *text) {
    const unsigned char *p = (const unsigned char *)text;
    if (p[0] < 0x80) {
        *code = p[0];
        return 1;
    }
    if (p[0] < 0xE0) {
        *code = (uint32_t)(p[0] & 0x1F) << 6 | (p[1] & 0x3F);
        return 2;
    }
    if (p[0] < 0xF0) {
        *code = (uint32_t)(p[0] & 0x0F) << 12 | (uint32_t)(p[1] & 0x3F) << 6 | (p[2] & 0x3F);
        return 3;
    }
    *code = (uint32_t)(p[0] & 0x07) << 18 | (uint32_t)(p[1] & 0x3F) << 12 | (uint32_t)(p[2] & 0x3F) << 6 |
            (p[3] & 0x3F);
    return 4;
}

#endif

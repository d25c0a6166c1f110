/* Base64, RFC 4648 section 4. */
#include "tokenizer/convert/base64.h"

#include <stdint.h>

static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t ap__base64_len(size_t len) { return (len + 2) / 3 * 4; }

void ap__base64_encode(char *out, const void *bytes, size_t len) {
    const unsigned char *in = bytes;
    for (size_t i = 0; i < len; i += 3, out += 4) {
        size_t n = len - i < 3 ? len - i : 3;
        uint32_t bits = (uint32_t)in[i] << 16;
        if (n > 1) bits |= (uint32_t)in[i + 1] << 8;
        if (n > 2) bits |= in[i + 2];
        out[0] = ALPHABET[bits >> 18];
        out[1] = ALPHABET[bits >> 12 & 63];
        out[2] = n > 1 ? ALPHABET[bits >> 6 & 63] : '=';
        out[3] = n > 2 ? ALPHABET[bits & 63] : '=';
    }
}

/* The value of a character; -1 when it is none of the alphabet. */
static int value_of(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool ap__base64_decode(void *out, size_t *out_len, const char *text, size_t len) {
    unsigned char *bytes = out;
    size_t n = 0, n_padding = 0;
    *out_len = 0;
    if (len % 4) return false;
    while (n_padding < 2 && n_padding < len && text[len - 1 - n_padding] == '=') n_padding++;
    uint32_t bits = 0;
    for (size_t i = 0; i < len; i++) {
        int value = i + n_padding >= len ? 0 : value_of(text[i]);
        if (value < 0) return false;
        bits = bits << 6 | (uint32_t)value;
        if (i % 4 != 3) continue;
        size_t n_bytes = i + 1 == len ? 3 - n_padding : 3;
        for (size_t k = 0; k < n_bytes; k++) bytes[n++] = (unsigned char)(bits >> (16 - 8 * k) & 255);
    }
    *out_len = n;
    return true;
}

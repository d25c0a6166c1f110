/* Replacing a byte: 64 at a time are compared with it, and what lies between its places is copied 16 at a
 * time.
 */
#include "tokenizer/replace_byte.h"

#include <string.h>

/* Bytes that are compared at once, and that are copied at once. */
enum { BLOCK = 64, STRIDE = AP__REPLACE_SLACK };

/* Times a word that has the bits 0, 8, ... 56: gathers them, that of the first byte in memory lowest, in the
 * highest byte. */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define GATHER UINT64_C(0x8040201008040201)
#else
#define GATHER UINT64_C(0x0102040810204080)
#endif

#define EVERY_BYTE UINT64_C(0x0101010101010101)

bool ap__replacement_make(ap__replacement *out, ap__text what, ap__text by) {
    *out = (ap__replacement){.len = by.len};
    if (what.len != 1 || by.len > sizeof out->bytes) return false;
    out->byte = (unsigned char)what.ptr[0];
    if (by.len) memcpy(out->bytes, by.ptr, by.len);
    return true;
}

/* A bit for each of eight bytes that is the one. */
static inline uint64_t places_in_word(const char *text, uint64_t pattern) {
    const uint64_t low = UINT64_C(0x7F7F7F7F7F7F7F7F);
    uint64_t word;
    memcpy(&word, text, sizeof word);
    word ^= pattern;
    uint64_t others = ((word & low) + low) | word | low; /* The highest bit of each that is not. */
    return (~others >> 7) * GATHER >> 56;
}

static inline uint64_t places_in_block(const char *text, uint64_t pattern) {
    uint64_t places = 0;
    for (unsigned i = 0; i < BLOCK / 8; i++) places |= places_in_word(text + 8 * i, pattern) << 8 * i;
    return places;
}

size_t ap__replaced_len(const ap__replacement *replacement, const char *text, size_t len) {
    size_t n = 0, at = 0;
    for (; len - at >= BLOCK; at += BLOCK)
        n += (size_t)__builtin_popcountll(places_in_block(text + at, EVERY_BYTE * replacement->byte));
    for (; at < len; at++) n += (unsigned char)text[at] == replacement->byte;
    return len - n + n * replacement->len;
}

/* Reads and writes up to STRIDE - 1 bytes behind. */
static inline char *copy_run(char *to, const char *from, size_t n) {
    for (size_t i = 0; i < n; i += STRIDE) memcpy(to + i, from + i, STRIDE);
    return to + n;
}

/* Reads up to BLOCK + STRIDE - 1 bytes behind the text, and writes up to STRIDE - 1 behind the result.
 * @return the end of the result */
static char *replace(char *to, const char *text, size_t len, const ap__replacement *r) {
    size_t from = 0;
    uint64_t pattern = EVERY_BYTE * r->byte;
    for (size_t at = 0; at < len; at += BLOCK) {
        uint64_t places = places_in_block(text + at, pattern);
        if (len - at < BLOCK) places &= ((uint64_t)1 << (len - at)) - 1;
        for (; places; places &= places - 1) {
            size_t place = at + (size_t)__builtin_ctzll(places);
            to = copy_run(to, text + from, place - from);
            memcpy(to, r->bytes, sizeof r->bytes);
            to += r->len;
            from = place + 1;
        }
    }
    return copy_run(to, text + from, len - from);
}

/* The last bytes are copied to where there are some behind them. */
char *ap__replace_byte(char *to, const ap__replacement *replacement, const char *text, size_t len) {
    char rest[2 * BLOCK + STRIDE] = {0};
    size_t n_first = len < STRIDE ? 0 : (len - STRIDE) / BLOCK * BLOCK;
    to = replace(to, text, n_first, replacement);
    if (len) memcpy(rest, text + n_first, len - n_first);
    return replace(to, rest, len - n_first, replacement);
}

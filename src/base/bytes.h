/* Numbers that are read from bytes at any place. */
#ifndef AP_BASE_BYTES_H
#define AP_BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Of 1 to 8 bytes, the first of which is the lowest. */
static inline uint64_t ap__read_bytes(const void *bytes, size_t n) {
    uint64_t word = 0;
    memcpy(&word, bytes, n);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

#endif

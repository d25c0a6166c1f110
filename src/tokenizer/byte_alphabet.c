/* The byte-level alphabet.
 * Source: openai/gpt-2@master src/encoder.py bytes_to_unicode; huggingface/tokenizers@v0.21.4
 * pre_tokenizers/byte_level.rs bytes_char. Printable Latin-1 characters stand for themselves; the others, in
 * order, get the characters from U+0100 on. */
#include "tokenizer/byte_alphabet.h"

#include <stdbool.h>

enum { FIRST_SPARE = 0x100, N_LOW = 0x21, N_HIGH = 0xA1 - 0x7F, SOFT_HYPHEN = 0xAD };

static bool stands_for_itself(uint32_t byte) {
    return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xFF && byte != SOFT_HYPHEN);
}

uint32_t ap__byte_to_char(unsigned char byte) {
    if (stands_for_itself(byte)) return byte;
    if (byte < N_LOW) return FIRST_SPARE + byte;
    if (byte == SOFT_HYPHEN) return FIRST_SPARE + N_LOW + N_HIGH;
    return FIRST_SPARE + N_LOW + (byte - 0x7Fu);
}

_Static_assert(AP__ALPHABET_END == FIRST_SPARE + N_LOW + N_HIGH + 1, "the last stands for the soft hyphen");

const int16_t ap__alphabet_bytes[AP__ALPHABET_END] = {
    -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,
    -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  33,  34,  35,  36,  37,  38,  39,  40,  41,
    42,  43,  44,  45,  46,  47,  48,  49,  50,  51,  52,  53,  54,  55,  56,  57,  58,  59,  60,  61,  62,
    63,  64,  65,  66,  67,  68,  69,  70,  71,  72,  73,  74,  75,  76,  77,  78,  79,  80,  81,  82,  83,
    84,  85,  86,  87,  88,  89,  90,  91,  92,  93,  94,  95,  96,  97,  98,  99,  100, 101, 102, 103, 104,
    105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125,
    126, -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,
    -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  161, 162, 163, 164, 165, 166, 167,
    168, 169, 170, 171, 172, -1,  174, 175, 176, 177, 178, 179, 180, 181, 182, 183, 184, 185, 186, 187, 188,
    189, 190, 191, 192, 193, 194, 195, 196, 197, 198, 199, 200, 201, 202, 203, 204, 205, 206, 207, 208, 209,
    210, 211, 212, 213, 214, 215, 216, 217, 218, 219, 220, 221, 222, 223, 224, 225, 226, 227, 228, 229, 230,
    231, 232, 233, 234, 235, 236, 237, 238, 239, 240, 241, 242, 243, 244, 245, 246, 247, 248, 249, 250, 251,
    252, 253, 254, 255, 0,   1,   2,   3,   4,   5,   6,   7,   8,   9,   10,  11,  12,  13,  14,  15,  16,
    17,  18,  19,  20,  21,  22,  23,  24,  25,  26,  27,  28,  29,  30,  31,  32,  127, 128, 129, 130, 131,
    132, 133, 134, 135, 136, 137, 138, 139, 140, 141, 142, 143, 144, 145, 146, 147, 148, 149, 150, 151, 152,
    153, 154, 155, 156, 157, 158, 159, 160, 173,
};

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

int ap__char_to_byte(uint32_t code) {
    if (code <= 0xFF) return stands_for_itself(code) ? (int)code : -1;
    if (code > FIRST_SPARE + N_LOW + N_HIGH) return -1;
    uint32_t i = code - FIRST_SPARE;
    if (i < N_LOW) return (int)i;
    return i < N_LOW + N_HIGH ? (int)(0x7F + (i - N_LOW)) : SOFT_HYPHEN;
}

/* GPT-2's alphabet: one printable character for each byte, so that any text is words of characters. */
#ifndef AP_TOKENIZER_BYTE_ALPHABET_H
#define AP_TOKENIZER_BYTE_ALPHABET_H

#include <stdint.h>

/* The character that stands for a byte: below U+0144. */
uint32_t ap__byte_to_char(unsigned char byte);

/* The byte that a character stands for; -1 for a character outside the alphabet. */
int ap__char_to_byte(uint32_t code);

#endif

/* GPT-2's alphabet: one printable character for each byte, so that any text is words of characters. */
#ifndef AP_TOKENIZER_BYTE_ALPHABET_H
#define AP_TOKENIZER_BYTE_ALPHABET_H

#include <stdint.h>

/* Behind the last character of the alphabet. */
enum { AP__ALPHABET_END = 0x144 };

/* The bytes of the characters below; -1 for those that stand for none. */
extern const int16_t ap__alphabet_bytes[AP__ALPHABET_END];

/* The character that stands for a byte: below U+0144. */
uint32_t ap__byte_to_char(unsigned char byte);

/* The byte that a character stands for; -1 for a character outside the alphabet. */
static inline int ap__char_to_byte(uint32_t code) {
    return code < AP__ALPHABET_END ? ap__alphabet_bytes[code] : -1;
}

#endif

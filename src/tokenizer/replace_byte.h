/* A byte of a text in whose places others are written: what SentencePiece models do to spaces. */
#ifndef AP_TOKENIZER_REPLACE_BYTE_H
#define AP_TOKENIZER_REPLACE_BYTE_H

#include "tokenizer/tokenizer.h"

enum { AP__REPLACEMENT_MAX_BYTES = 8 };

typedef struct ap__replacement {
    unsigned char byte;
    char bytes[AP__REPLACEMENT_MAX_BYTES]; /* What takes its place, */
    size_t len;                            /* so many of them. */
} ap__replacement;

/* False when it does not fit: what is replaced is no single byte, or what takes its place too long. */
bool ap__replacement_make(ap__replacement *out, ap__text what, ap__text by);

/* The length of the text when the byte is replaced. */
size_t ap__replaced_len(const ap__replacement *replacement, const char *text, size_t len);

/* Bytes behind the result that may be written to as well. */
enum { AP__REPLACE_SLACK = 16 };

/* Writes the text with the byte replaced.   @return the end of the result */
char *ap__replace_byte(char *to, const ap__replacement *replacement, const char *text, size_t len);

#endif

/* clean_up_tokenization_spaces of transformers: spaces that tokenization left in front of punctuation. */
#ifndef AP_TOKENIZER_CLEAN_UP_H
#define AP_TOKENIZER_CLEAN_UP_H

#include <stddef.h>

/* Cleans a text in place; gives its new length. */
size_t ap__clean_up_tokenization_spaces(char *text, size_t len);

/* The length of the longest prefix whose cleaned form is a prefix of that of every longer text. */
size_t ap__clean_up_certain(const char *text, size_t len);

#endif

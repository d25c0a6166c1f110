/* Cleaning decoded text. */
#ifndef AP_TOKENIZER_CLEAN_UP_H
#define AP_TOKENIZER_CLEAN_UP_H

#include <stddef.h>

/* Takes spaces before punctuation and English contractions out of NUL-terminated text, in place. Gives its
 * new length. */
size_t ap__clean_up_tokenization(char *text, size_t len);

#endif

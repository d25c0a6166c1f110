/* Extended grapheme clusters: what a reader takes for one character. */
#ifndef AP_TOKENIZER_GRAPHEME_H
#define AP_TOKENIZER_GRAPHEME_H

#include <stdint.h>

/* The end of the cluster that starts at `at`, where one ends or the text starts. `at` is below `len`. */
uint32_t ap__grapheme_end(const char *text, uint32_t len, uint32_t at);

#endif

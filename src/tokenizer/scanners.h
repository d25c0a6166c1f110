/* Hand-written matchers for the split patterns that many tokenizers share. Each gives the end of the match
 * that starts at `at`; the patterns match at every place, so that the matches cover the text. */
#ifndef AP_TOKENIZER_SCANNERS_H
#define AP_TOKENIZER_SCANNERS_H

#include <stdint.h>

/* `at` is below `len`; the result is above `at` and at most `len`. */
typedef uint32_t ap__scan_fn(const char *text, uint32_t len, uint32_t at);

/* 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+ */
ap__scan_fn ap__scan_gpt2;

#endif

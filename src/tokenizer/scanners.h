/* Hand-written matchers for the split patterns that many tokenizers share. */
#ifndef AP_TOKENIZER_SCANNERS_H
#define AP_TOKENIZER_SCANNERS_H

#include "tokenizer/tokenizer.h"

/* The first match in text[at .. len), which is never empty; false when there is none. `at` is below `len`. */
typedef bool ap__scan_fn(const char *text, uint32_t len, uint32_t at, ap__span *match);

/* 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+ */
ap__scan_fn ap__scan_gpt2;

/* The scanner of a regular expression; NULL when there is none. */
ap__scan_fn *ap__scanner_find(ap__text pattern);

#endif

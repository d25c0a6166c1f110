/* A tokenizer small enough to work out by hand: WordPiece, lowercase, [CLS] and [SEP] around. */
#ifndef AP_TESTS_UNIT_SUPPORT_TOKENIZERS_H
#define AP_TESTS_UNIT_SUPPORT_TOKENIZERS_H

#include <accelpipe/tokenizer.h>

/* Its vocabulary, ids counted from 0. */
#define SUPPORT_TOKENS "[PAD] [UNK] [CLS] [SEP] i love it ##d . caf\xC3\xA9 do n ' t <x>"

enum { PAD, UNK, CLS, SEP, I, LOVE, IT, D, DOT, CAFE, DO, N, QUOTE, T, ADDED };

/* Its tokenizer.json, with stored truncation and padding if wanted. Static storage. */
const char *support_tokenizer_json(int has_stored_options);

/* Made from it; destroy it. Failures fail the test. */
ap_tokenizer *support_tokenizer(void);

#endif

/* Small tokenizers for tests, from their parts as JSON text. */
#ifndef AP_TESTS_TOKENIZER_TOY_H
#define AP_TESTS_TOKENIZER_TOY_H

#include "tokenizer/tokenizer.h"

/* Words: "<unk>" 0, "a" 1, "b" 2, "ab" 3, "hello" 4, "world" 5, "," 6, "[CLS]" 7, "[SEP]" 8. */
extern const char TOY_WORD_LEVEL[];
/* Letters a to e and the merges a b, ab c, d e. */
extern const char TOY_BPE[];
/* SentencePiece's way: "<unk>" 0, U+2581 1, "a" 2, "b" 3, "ab" 4, U+2581 "a" 5, byte tokens from 6 on. */
extern const char TOY_UNIGRAM[];

/* A tokenizer.json of a model and `more` members ("" or members, each with a comma behind it). */
ap_status toy_try(ap__tokenizer **out, const char *model, const char *more, ap_error *err);

/* The same; the test fails when it cannot be made. */
ap__tokenizer *toy_make(const char *model, const char *more);

/* The ids of a text as text: "1 2 3". In static memory. */
const char *toy_ids(const ap__tokenizer *tokenizer, const char *text);

/* The same with the tokens' places in characters: "1:0-1 2:1-3". */
const char *toy_spans(const ap__tokenizer *tokenizer, const char *text, const ap__encode_options *options);

ap__text toy_text(const char *text);

#endif

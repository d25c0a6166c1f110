/* Vocabularies of byte strings with ranks, as tiktoken has them: the strings in GPT-2's alphabet, and their
 * merges. */
#ifndef AP_TOKENIZER_CONVERT_RANKS_H
#define AP_TOKENIZER_CONVERT_RANKS_H

#include "tokenizer/convert/converter.h"

typedef struct ap__ranked {
    ap__text text; /* In the byte-level alphabet. */
    uint32_t rank, id;
} ap__ranked;

/* The text of a token that is given as base64; in the arena. Empty when it is not base64. */
ap_status ap__ranked_text(ap__converter *c, const char *base64, size_t len, ap__text *out);

/* Puts model, pre-tokenizer, decoder and post-processor. Tokens are in the order of the file; `names` are
 * further entries of the vocabulary, which no merge makes. */
ap_status ap__put_ranks(ap__converter *c, const ap__ranked *tokens, size_t n, const ap__slow_token *names,
                        size_t n_names, const char *pattern);

#endif

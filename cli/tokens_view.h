/* Encodings for people: every token over its id, tinted in turn where the terminal has style. */
#ifndef CLI_TOKENS_VIEW_H
#define CLI_TOKENS_VIEW_H

#include <accelpipe/tokenizer.h>

/* Prints the encoding, and what overflowed from it. */
void cli_tokens_view_print(const ap_encoding *encoding);

/* Prints text as it may be shown on a terminal, with its lines. */
void cli_tokens_view_print_text(const char *text, size_t len);

#endif

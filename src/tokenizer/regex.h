/* Regular expressions with Oniguruma, as the reference has them (Ruby's syntax, UTF-8), with limits.
 *
 * Threading: a compiled expression is immutable; a scratch belongs to one thread at a time. */
#ifndef AP_TOKENIZER_REGEX_H
#define AP_TOKENIZER_REGEX_H

#include "tokenizer/component.h"

typedef struct ap__regex ap__regex;

/* What a search needs beside the expression; made when first needed and used again. */
typedef struct ap__regex_scratch ap__regex_scratch;

/* Compiles; the tokenizer owns the result.
 * @return AP_EFORMAT with Oniguruma's reason; AP_ELIMIT when the patterns of the file are absurdly long;
 * AP_ENOMEM. */
ap_status ap__regex_create(const ap__regex **out, ap__loader *loader, const char *key, ap__text pattern);

/* Looks for the first match in text[from .. len); *is_found says whether there is one at [*start, *end).
 * Anchors and look-behind see all of the text.
 * @return AP_ELIMIT when the search backtracks without end; AP_ENOMEM. */
ap_status ap__regex_search(const ap__regex *regex, ap__regex_scratch **scratch, ap__text text, uint32_t from,
                           ap__span *match, bool *is_found, ap_error *err);

/* NULL is fine. */
void ap__regex_scratch_destroy(ap__regex_scratch *scratch);

#endif

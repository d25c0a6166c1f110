/* Dates in the forms that TAPAS knows.
 * Source: transformers@v4.55.4 models/tapas/tokenization_tapas.py _DATE_PATTERNS, _parse_date; cpython@v3.11
 * Lib/_strptime.py. */
#ifndef AP_TOKENIZER_TAPAS_DATE_H
#define AP_TOKENIZER_TAPAS_DATE_H

#include "tokenizer/tapas/numeric.h"

/* Whether all of a lower-case text is a date from 1700 to 2016; *out is set then. */
bool ap__date_read(ap__numeric *out, const uint32_t *text, size_t len);

#endif

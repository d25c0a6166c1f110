/* Numbers of tokenizer.json, to the bit what the reference makes of them. */
#ifndef AP_TOKENIZER_NUMBERS_H
#define AP_TOKENIZER_NUMBERS_H

#include <yyjson.h>

/* Makes numbers of all raw ones of a document (ap__json_parse_raw_numbers()). */
void ap__numbers_read(yyjson_doc *doc);

#endif

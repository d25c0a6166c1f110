/* Special and added tokens as the files beside tokenizer.json have them. */
#ifndef AP_TOKENIZER_SPECIAL_TOKENS_H
#define AP_TOKENIZER_SPECIAL_TOKENS_H

#include "tokenizer/component.h"
#include "tokenizer/tokenizer_class.h"

/* The roots of the files; NULL where one is missing. */
typedef struct ap__special_sources {
    yyjson_val *config; /* tokenizer_config.json */
    yyjson_val *special_tokens_map, *added_tokens;
} ap__special_sources;

/* Adds to the tokenizer what the files know beyond tokenizer.json, and fills the special tokens of its
 * config. */
ap_status ap__special_tokens_apply(ap__loader *loader, const ap__special_sources *sources,
                                   const ap__tokenizer_class *class_);

#endif

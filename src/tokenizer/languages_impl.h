/* Languages as the tokenizer's other files see them. */
#ifndef AP_TOKENIZER_LANGUAGES_IMPL_H
#define AP_TOKENIZER_LANGUAGES_IMPL_H

#include "base/arena.h"
#include "tokenizer/component.h"
#include "tokenizer/languages.h"
#include "tokenizer/tokenizer_class.h"

struct ap__source_language {
    ap__arena arena;
    ap__processor processor; /* In the place of the tokenizer's. */
};

/* The codes that M2M100 has tokens for, ended by NULL: those of `language_codes` in its
 * tokenizer_config.json. NULL when there is no such list. */
const char *const *ap__m2m_codes(yyjson_val *config);

/* The same of PLBart, whose languages are those of programs. */
const char *const *ap__plbart_codes(yyjson_val *config);

/* The post-processor of the folder's own source language. */
ap_status ap__languages_apply(ap__loader *loader, yyjson_val *config, const ap__tokenizer_class *class_);

#endif

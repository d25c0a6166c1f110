/* Metaspace, which is a pre-tokenizer and a decoder. */
#ifndef AP_TOKENIZER_METASPACE_H
#define AP_TOKENIZER_METASPACE_H

#include "tokenizer/component.h"
#include "tokenizer/replace_byte.h"

/* Which pieces get the character in front. */
typedef enum ap__metaspace_scheme {
    AP__METASPACE_FIRST, /* The one at the start of the text. */
    AP__METASPACE_NEVER,
    AP__METASPACE_ALWAYS
} ap__metaspace_scheme;

typedef struct ap__metaspace {
    uint32_t code; /* What stands for a space, usually U+2581. */
    char bytes[4]; /* The same in UTF-8. */
    size_t len;
    ap__replacement spaces; /* It in the place of a space. */
    ap__metaspace_scheme scheme;
    bool split;
} ap__metaspace;

ap_status ap__metaspace_read(ap__metaspace *out, ap__loader *loader, yyjson_val *json);

#endif

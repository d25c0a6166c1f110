/* The tokens that are one character, by that character: what a text that is not cut into bytes starts from.
 */
#ifndef AP_TOKENIZER_MODELS_BPE_CHARS_H
#define AP_TOKENIZER_MODELS_BPE_CHARS_H

#include "tokenizer/vocab.h"

enum { AP__CHARS_PAGE = 256, AP__CHARS_N_PAGES = 0x110000 / AP__CHARS_PAGE };

/* Pages of characters in a row; those of which none is a token share the first. */
typedef struct ap__chars {
    uint16_t page_of[AP__CHARS_N_PAGES];
    uint32_t (*pages)[AP__CHARS_PAGE];
} ap__chars;

/* @return AP_ENOMEM */
ap_status ap__chars_create(ap__chars **out, ap__arena *arena, const ap__vocab *vocab, ap_error *err);

/* AP__TOKEN_NONE when the character is no token. */
static inline uint32_t ap__chars_find(const ap__chars *chars, uint32_t code) {
    return chars->pages[chars->page_of[code / AP__CHARS_PAGE]][code % AP__CHARS_PAGE];
}

#endif

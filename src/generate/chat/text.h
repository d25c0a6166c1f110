/* Texts as Python counts them: by characters. */
#ifndef AP_GENERATE_CHAT_TEXT_H
#define AP_GENERATE_CHAT_TEXT_H

#include "tokenizer/tokenizer.h"

#include <stdbool.h>

/* The byte at which the character `i_char` begins; `len` when there are fewer. */
size_t ap__jtext_offset(ap__text text, size_t i_char);

/* The first place at or behind `from` (bytes) where `part` stands; SIZE_MAX: nowhere. */
size_t ap__jtext_find(ap__text text, ap__text part, size_t from);

/* The last one, in time that grows with the product of both lengths. */
size_t ap__jtext_find_last(ap__text text, ap__text part);

static inline ap__text ap__jtext_part(ap__text text, size_t start, size_t end) {
    return (ap__text){text.ptr + start, end - start};
}

/* str.strip() and its kin. `chars` NULL: white space. */
ap__text ap__jtext_strip(ap__text text, const ap__text *chars, bool at_start, bool at_end);

/* The end of the line that begins at `start`, and, in *next, the start of the next one, as str.splitlines()
 * has it. */
size_t ap__jtext_line(ap__text text, size_t start, size_t *next);

#endif

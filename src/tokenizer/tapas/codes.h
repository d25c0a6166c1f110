/* Text as code points, which is how the TAPAS tokenizer of transformers, a Python program, sees it. */
#ifndef AP_TOKENIZER_TAPAS_CODES_H
#define AP_TOKENIZER_TAPAS_CODES_H

#include "tokenizer/tokenizer.h"

/* All zero is empty. */
typedef struct ap__codes {
    uint32_t *ptr;
    size_t n, capacity;
} ap__codes;

/* @return AP_ENOMEM; AP_ELIMIT over AP__TEXT_MAX_BYTES characters. */
ap_status ap__codes_push(ap__codes *codes, uint32_t code, ap_error *err);
ap_status ap__codes_append(ap__codes *codes, const uint32_t *from, size_t n, ap_error *err);
void ap__codes_clear(ap__codes *codes);

/* Appends the characters of valid UTF-8. */
ap_status ap__codes_of_text(ap__codes *codes, ap__text text, ap_error *err);

/* Appends str.lower() of every character by itself. */
ap_status ap__codes_push_lower(ap__codes *codes, uint32_t code, ap_error *err);

/* Appends the canonical decomposition of `n` characters, in canonical order.
 * Source: the Unicode Standard, section 3.11. */
ap_status ap__codes_decompose(ap__codes *codes, const uint32_t *from, size_t n, ap_error *err);

/* Composes decomposed characters, in place. */
void ap__codes_compose(ap__codes *codes);

#endif

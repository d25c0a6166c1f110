/* A list of strings that decoders rewrite one after the other. */
#ifndef AP_TOKENIZER_STRINGS_H
#define AP_TOKENIZER_STRINGS_H

#include "base/arena.h"
#include "tokenizer/tokenizer.h"

typedef struct ap__strings {
    ap__arena *arena; /* Where new strings live. */
    ap__text *ptr;
    size_t n, capacity;
    struct ap__regex_scratch **regex; /* Of the call; for decoders that search. */
    ap_error *err;
} ap__strings;

/* A list with room for `capacity` strings.   @return AP_ENOMEM */
ap_status ap__strings_create(ap__strings *out, ap__arena *arena, size_t capacity, ap_error *err);

/* Appends a borrowed string. */
ap_status ap__strings_push(ap__strings *strings, const char *text, size_t len);

/* Memory for a new string in the arena.   @return AP_ENOMEM, AP_ELIMIT */
ap_status ap__strings_alloc(char **out, ap__strings *strings, size_t len);

/* The string with every `from` replaced by `to`, searched from left to right. An empty `from` is before,
 * between and behind all characters, as in Rust's str::replace. */
ap_status ap__strings_replace(ap__strings *strings, ap__text *string, ap__text from, ap__text to);

/* Joins all into one, with `separator` (or NULL) between them. */
ap_status ap__strings_join(ap__text *out, ap__strings *strings, const char *separator);

/* Decoded text longer than this is AP_ELIMIT. */
#define AP__DECODED_MAX_BYTES ((size_t)1 << 30)

#endif

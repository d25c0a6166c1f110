/* SentencePiece's character map: a trie of strings and the strings that replace them.
 * Source: google/sentencepiece@v0.2.0 src/normalizer.cc DecodePrecompiledCharsMap,
 * third_party/darts_clone/darts.h (the units of the trie); huggingface/spm_precompiled src/lib.rs. */
#ifndef AP_TOKENIZER_NORMALIZERS_CHARSMAP_H
#define AP_TOKENIZER_NORMALIZERS_CHARSMAP_H

#include "tokenizer/component.h"

typedef struct ap__charsmap {
    uint32_t *units; /* Of a double-array trie. */
    size_t n_units;
    const char *strings; /* Replacements, each ended by NUL. */
    size_t strings_len;
} ap__charsmap;

/* Reads the base64 of the JSON member `precompiled_charsmap`.   @return AP_EFORMAT, AP_ENOMEM */
ap_status ap__charsmap_read(ap__charsmap *out, ap__loader *loader, yyjson_val *json);

/* What replaces the text: that of the shortest entry that it begins with; a NULL text when there is none.
 * Entries that point outside, where the reference panics, are none. */
ap__text ap__charsmap_shortest(const ap__charsmap *map, const char *text, size_t len);

/* Whether an entry may begin so: the text begins with one, or one with the text. */
bool ap__charsmap_may_begin(const ap__charsmap *map, const char *text, size_t len);

/* As ap__charsmap_shortest() of the longest entry; *n_bytes is its length. */
ap__text ap__charsmap_longest(const ap__charsmap *map, const char *text, size_t len, size_t *n_bytes);

#endif

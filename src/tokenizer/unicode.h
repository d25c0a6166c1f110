/* Character properties, case and normalization data exactly as the reference has them.
 *
 * The reference takes them from Rust's standard library, three crates and Oniguruma, each with its own
 * Unicode version, so no library has all of them: the tables are made from its answers (tools/unicode/). */
#ifndef AP_TOKENIZER_UNICODE_H
#define AP_TOKENIZER_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bits of ap__unicode_flags(), in the order of tools/unicode/make_tables.py. */
enum {
    AP__UNICODE_WHITESPACE = 1 << 0,         /* char::is_whitespace; the same as \s of both regex engines. */
    AP__UNICODE_NUMERIC = 1 << 1,            /* char::is_numeric: Nd, Nl, No. */
    AP__UNICODE_PUNCTUATION = 1 << 2,        /* P* of an old Unicode, and ASCII punctuation. */
    AP__UNICODE_WORD = 1 << 3,               /* \w of the regex crate. */
    AP__UNICODE_COMBINING = 1 << 4,          /* M*: what StripAccents removes. */
    AP__UNICODE_NONSPACING = 1 << 5,         /* Mn: what BertNormalizer removes. */
    AP__UNICODE_BERT_REMOVED = 1 << 6,       /* Controls and the like: what clean_text removes. */
    AP__UNICODE_LETTER = 1 << 7,             /* \p{L} of Oniguruma. */
    AP__UNICODE_NUMBER = 1 << 8,             /* \p{N} of Oniguruma. */
    AP__UNICODE_UPPER_OR_TITLE = 1 << 9,     /* From here on of Oniguruma too: Lu, Lt; */
    AP__UNICODE_LOWER = 1 << 10,             /* Ll; */
    AP__UNICODE_MODIFIER_OR_OTHER = 1 << 11, /* Lm, Lo; */
    AP__UNICODE_MARK = 1 << 12,              /* M*; */
    AP__UNICODE_ONIG_PUNCTUATION = 1 << 13,  /* P*; */
    AP__UNICODE_ONIG_SYMBOL = 1 << 14,       /* S*. */
    AP__UNICODE_HAS_LOWER = 1 << 15,
    AP__UNICODE_HAS_NFD = 1 << 16, /* The character alone changes in that form. */
    AP__UNICODE_HAS_NFKD = 1 << 17,
    AP__UNICODE_HAS_NFC = 1 << 18,
    AP__UNICODE_HAS_NFKC = 1 << 19,
    AP__UNICODE_HAS_CLASS = 1 << 20, /* The canonical combining class is not 0. */
    AP__UNICODE_JOINS = 1 << 21, /* It, or its decomposition, may join or reorder with what is before it. */
    /* Bits 22 to 25: ap__grapheme_class. */
    AP__UNICODE_INCB_EXTEND = 1 << 26, /* Indic_Conjunct_Break=Extend */
    AP__UNICODE_INCB_LINKER = 1 << 27
};

/* Classes of the grapheme cluster rules, unicode-segmentation's. */
typedef enum ap__grapheme_class {
    AP__GRAPHEME_ANY,
    AP__GRAPHEME_CR,
    AP__GRAPHEME_LF,
    AP__GRAPHEME_CONTROL,
    AP__GRAPHEME_EXTEND,
    AP__GRAPHEME_ZWJ,
    AP__GRAPHEME_PICTOGRAPH,
    AP__GRAPHEME_INCB_CONSONANT,
    AP__GRAPHEME_L,
    AP__GRAPHEME_V,
    AP__GRAPHEME_T,
    AP__GRAPHEME_LV,
    AP__GRAPHEME_LVT,
    AP__GRAPHEME_PREPEND,
    AP__GRAPHEME_REGIONAL,
    AP__GRAPHEME_SPACING_MARK
} ap__grapheme_class;

extern const uint32_t ap__unicode_flag_sets[];
extern const uint16_t ap__unicode_blocks[];
extern const uint8_t ap__unicode_sets[];

/* `code` is at most U+10FFFF. */
static inline uint32_t ap__unicode_flags(uint32_t code) {
    return ap__unicode_flag_sets[ap__unicode_sets[ap__unicode_blocks[code >> 7] * 128u + (code & 127)]];
}

static inline bool ap__unicode_is(uint32_t code, uint32_t flags) {
    return (ap__unicode_flags(code) & flags) != 0;
}

static inline ap__grapheme_class ap__unicode_grapheme_class(uint32_t code) {
    return (ap__grapheme_class)(ap__unicode_flags(code) >> 22 & 15);
}

/* The script as UnicodeScripts sees it; 0: none. */
uint32_t ap__unicode_script(uint32_t code);

/* char::to_lowercase: one character, but two for U+0130. Returns how many were written. */
size_t ap__unicode_lower(uint32_t out[2], uint32_t code);

/* Longest decomposition of one character: U+FDFA. */
#define AP__UNICODE_DECOMPOSITION_MAX 18

/* The full decomposition, canonical or compatible; `code` itself when there is none. Returns the length. */
size_t ap__unicode_decompose(uint32_t out[AP__UNICODE_DECOMPOSITION_MAX], uint32_t code, bool is_compatible);

/* The canonical combining class. */
uint8_t ap__unicode_class(uint32_t code);

/* The primary composite of two characters; 0 when there is none. */
uint32_t ap__unicode_compose(uint32_t first, uint32_t second);

#endif

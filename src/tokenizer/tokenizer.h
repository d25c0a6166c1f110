/* A tokenizer as tokenizer.json describes it, with what tokenizer_config.json adds: text to ids and back.
 *
 * Threading: a loaded tokenizer is immutable; any number of threads may use it at once. An encoding belongs
 * to one thread.
 *
 * Source: huggingface/tokenizers@v0.21.4 tokenizers/src/tokenizer/mod.rs; where versions differ, what
 * transformers@v4.55.4 does with it. */
#ifndef AP_TOKENIZER_TOKENIZER_H
#define AP_TOKENIZER_TOKENIZER_H

#include <accelpipe/tokenizer.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ap__tokenizer ap__tokenizer;

/* Longest text, in bytes; longer is AP_ELIMIT. */
#define AP__TEXT_MAX_BYTES AP_TEXT_MAX_BYTES
/* Largest tokenizer.json. */
#define AP__TOKENIZER_MAX_BYTES ((size_t)256 << 20)
/* In place of an id, a word or a sequence: there is none. */
#define AP__TOKEN_NONE AP_TOKEN_NONE

/* Reads tokenizer.json, tokenizer_config.json, special_tokens_map.json and added_tokens.json of a folder, as
 * transformers' fast tokenizers do.
 * @return AP_ENOTFOUND no tokenizer.json; AP_EFORMAT (file, key, expected against found); AP_EUNSUPPORTED a
 * component is not known (named); AP_ELIMIT; AP_ENOMEM. */
ap_status ap__tokenizer_load(ap__tokenizer **out, const char *folder, ap_error *err);

/* From the text of a tokenizer.json alone. `name` stands in messages. */
ap_status ap__tokenizer_from_json(ap__tokenizer **out, const char *json, size_t len, const char *name,
                                  ap_error *err);

/* From the file of a tokenizer.json alone.   @return also AP_ENOTFOUND, AP_EIO. */
ap_status ap__tokenizer_from_file(ap__tokenizer **out, const char *path, ap_error *err);

void ap__tokenizer_destroy(ap__tokenizer *tokenizer);

/* -- encoding ------------------------------------------------------------------------------------------ */

typedef enum ap__side { AP__SIDE_RIGHT = 0, AP__SIDE_LEFT = 1 } ap__side;

typedef enum ap__truncation {
    AP__TRUNCATION_OFF = 0,
    AP__TRUNCATION_LONGEST_FIRST = 1,
    AP__TRUNCATION_ONLY_FIRST = 2,
    AP__TRUNCATION_ONLY_SECOND = 3
} ap__truncation;

typedef enum ap__padding { AP__PADDING_OFF = 0, AP__PADDING_LONGEST = 1, AP__PADDING_FIXED = 2 } ap__padding;

/* How to encode. All zero: no special tokens, no truncation, no padding. */
typedef struct ap__encode_options {
    bool add_special_tokens;
    bool is_pretokenized; /* The text is a list of words, see ap__tokenizer_encode_words(). */
    ap__truncation truncation;
    ap__side truncation_side;
    size_t max_length; /* In tokens, special tokens included. */
    size_t stride;     /* Tokens that an overflowing part shares with the one before it. */
    ap__padding padding;
    ap__side padding_side;
    size_t pad_length;         /* Of AP__PADDING_FIXED. */
    size_t pad_to_multiple_of; /* 0: any length. */
    uint32_t pad_id, pad_type_id;
    const char *pad_token; /* Borrowed; NULL: "[PAD]". */
    bool skip_overflowing; /* What truncation cuts off is dropped (return_overflowing_tokens=False). */
    bool with_tokens;      /* Fill `tokens` of the encoding. */
    const struct ap__source_language *source_language; /* Borrowed; NULL: the folder's own (languages.h). */
    bool skip_offsets;                                 /* Leave all offsets [0, 0). */
} ap__encode_options;

/* A span of the original text: [start, end). */
typedef ap_span ap__span;

/* UTF-8 text and its length in bytes. */
typedef struct ap__text {
    const char *ptr;
    size_t len;
} ap__text;

/* One encoded text or pair. Every array has `n` entries and is owned by the encoding. */
typedef struct ap_encoding {
    size_t n;
    uint32_t *ids;
    uint32_t *type_ids;
    uint32_t *word_ids;      /* Index of the pre-token (or given word); AP__TOKEN_NONE of special tokens. */
    uint32_t *sequence_ids;  /* 0 or 1; AP__TOKEN_NONE of special tokens. */
    ap__span *offsets_bytes; /* Into the text of its sequence; of given words: into the word. */
    ap__span *offsets_chars; /* The same in characters (code points), as Python users see them. */
    uint8_t *special_tokens_mask;
    uint8_t *attention_mask;
    struct ap_encoding *overflowing; /* `n_overflowing` of them, as the reference orders them. */
    size_t n_overflowing;
    ap__text *tokens;         /* Strings of the tokens, with `with_tokens`; else NULL. Of an unknown word, the
                               * reference gives the text in some models and the unknown token in others. */
    void *memory;             /* Of the arrays; for ap__encoding_clear(). */
    uint32_t pad_sequence_id; /* Of padding: AP__TOKEN_NONE, but where nothing says which tokens make up a
                               * sequence, everything does. */
    uint32_t known_sequences; /* Bit i: something says which tokens make up sequence i, be it none. */
} ap__encoding;

/* Encodes a text, or a pair when `pair` is not NULL.
 * @param[out] out overwritten; ap__encoding_clear() it, also after a failure.
 * @return AP_EUTF8 (byte offset), AP_ELIMIT, AP_EINVAL (truncation that cannot be, as in the reference),
 * AP_ENOMEM. */
ap_status ap__tokenizer_encode(ap__encoding *out, const ap__tokenizer *tokenizer, ap__text text,
                               const ap__text *pair, const ap__encode_options *options, ap_error *err);

/* The same of texts that are split into words already (is_split_into_words). */
ap_status ap__tokenizer_encode_words(ap__encoding *out, const ap__tokenizer *tokenizer, const ap__text *words,
                                     size_t n_words, const ap__text *pair_words, size_t n_pair_words,
                                     const ap__encode_options *options, ap_error *err);

/* Pads encodings (and what overflows from them) together, as `padding` says. */
ap_status ap__encodings_pad(ap__encoding *encodings, size_t n_encodings, const ap__encode_options *options,
                            ap_error *err);

/* Frees what the encoding owns; all zero afterwards. */
void ap__encoding_clear(ap__encoding *encoding);

/* -- from characters to tokens and back ---------------------------------------------------------------- */

/* As the methods of BatchEncoding of those names. Positions are characters of the text (or of the word),
 * `sequence` is 0 or 1. False, and AP__TOKEN_NONE, where there is none. */
uint32_t ap__encoding_char_to_token(const ap__encoding *encoding, uint32_t pos_chars, uint32_t sequence);
uint32_t ap__encoding_char_to_word(const ap__encoding *encoding, uint32_t pos_chars, uint32_t sequence);
bool ap__encoding_token_to_chars(const ap__encoding *encoding, uint32_t token, ap__span *chars);
bool ap__encoding_word_to_tokens(const ap__encoding *encoding, uint32_t word, uint32_t sequence,
                                 ap__span *tokens);
bool ap__encoding_word_to_chars(const ap__encoding *encoding, uint32_t word, uint32_t sequence,
                                ap__span *chars);

/* The token over a position in `offsets`, which are the encoding's own, in characters or in bytes. */
uint32_t ap__encoding_token_at(const ap__encoding *encoding, const ap__span *offsets, size_t position,
                               uint32_t sequence);

/* -- decoding and look-up ------------------------------------------------------------------------------ */

/* @param[out] out owned: ap__free(). NUL-terminated UTF-8. */
ap_status ap__tokenizer_decode(char **out, size_t *len, const ap__tokenizer *tokenizer, const uint32_t *ids,
                               size_t n_ids, bool skip_special_tokens, ap_error *err);

/* The same of the strings of tokens: transformers' convert_tokens_to_string(). */
ap_status ap__tokenizer_join(char **out, size_t *len, const ap__tokenizer *tokenizer, const ap__text *tokens,
                             size_t n_tokens, ap_error *err);

/* Whether tokens inside of a word begin with a prefix of their own (WordPiece's "##"). */
bool ap__tokenizer_marks_subwords(const ap__tokenizer *tokenizer);

/* NULL when there is no such id. Borrowed from the tokenizer. */
const char *ap__tokenizer_id_to_token(const ap__tokenizer *tokenizer, uint32_t id, size_t *len);

/* AP__TOKEN_NONE when there is no such token. */
uint32_t ap__tokenizer_token_to_id(const ap__tokenizer *tokenizer, const char *token, size_t len);

/* Number of tokens with the added ones. */
size_t ap__tokenizer_get_vocab_size(const ap__tokenizer *tokenizer);

/* Special tokens that an encoding of a text (or of a pair) gets. */
size_t ap__tokenizer_n_special_added(const ap__tokenizer *tokenizer, bool is_pair);

/* The truncation and padding that tokenizer.json itself stores. */
void ap__tokenizer_get_stored_options(const ap__tokenizer *tokenizer, ap__encode_options *out);

/* -- tokenizer_config.json ----------------------------------------------------------------------------- */

/* Names as in tokenizer_config.json; strings are borrowed from the tokenizer. */
typedef struct ap__tokenizer_config {
    size_t model_max_length; /* SIZE_MAX: none, as transformers' VERY_LARGE_INTEGER. */
    ap__side padding_side, truncation_side;
    uint32_t pad_token_id; /* AP__TOKEN_NONE: there is no pad token. */
    uint32_t pad_token_type_id;
    uint32_t unk_token_id, cls_token_id, sep_token_id, mask_token_id, bos_token_id, eos_token_id;
    const char *pad_token, *unk_token, *cls_token, *sep_token, *mask_token, *bos_token,
        *eos_token; /* Or NULL. */
    bool clean_up_tokenization_spaces;
    const char *tokenizer_class; /* Without "Fast"; "" when the file does not say. */
    /* What the tokenizer's class returns, of the known classes: input_ids always. */
    bool has_token_type_ids, has_attention_mask;
    bool refuses_words; /* The class takes words only with add_prefix_space, which is off. */
} ap__tokenizer_config;

const ap__tokenizer_config *ap__tokenizer_get_config(const ap__tokenizer *tokenizer);

#endif

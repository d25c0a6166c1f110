/**
 * @file
 * Tokenizers alone, without a model or a backend: text to ids and back, as the fast tokenizers of Hugging
 * Face.
 *
 *     #include <accelpipe/accelpipe.h>
 *     #include <stdio.h>
 *     int main(void) {
 *         ap_error err = AP_ERROR_INIT;
 *         ap_tokenizer *tokenizer = NULL;
 *         ap_encoding *encoding = NULL;
 *         size_t n = 0;
 *         if (!ap_tokenizer_create(&tokenizer, "my-model", &err) &&
 *             !ap_tokenizer_encode(&encoding, tokenizer, "I loved it.", AP_NUL_TERMINATED, NULL, &err)) {
 *             const uint32_t *ids = ap_encoding_get_ids(encoding, &n);
 *             for (size_t i = 0; i < n; i++)
 *                 printf("%u %s\n", (unsigned)ids[i], ap_encoding_get_token(encoding, i, NULL));
 *         } else {
 *             fprintf(stderr, "%s\n", err.message);
 *         }
 *         ap_encoding_destroy(encoding);
 *         ap_tokenizer_destroy(tokenizer);
 *         return err.status != AP_OK;
 *     }
 *
 * Ownership: `create`, encodings and decoded text are the caller's to destroy. `get` lends, until its source
 * is destroyed; an encoding does not need its tokenizer any more. Texts and options are borrowed for the call
 * only.
 *
 * Threading: a created tokenizer is immutable and may be used by many threads at once. A finished encoding is
 * read-only and may be read by many. A decode stream belongs to one thread at a time.
 *
 * Source: huggingface/tokenizers@v0.21.4 tokenizer/mod.rs, tokenizer/encoding.rs; transformers@v4.55.4
 * tokenization_utils_fast.py for the options and their defaults.
 */
#ifndef ACCELPIPE_TOKENIZER_H
#define ACCELPIPE_TOKENIZER_H

#include <accelpipe/status.h>
#include <accelpipe/value.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ap_tokenizer ap_tokenizer;

/** What a text was encoded to. */
typedef struct ap_encoding ap_encoding;

/** In place of an id, a word or a sequence: there is none. */
#define AP_TOKEN_NONE UINT32_MAX

/** The longest text in bytes (256 MiB); longer is AP_ELIMIT. */
#define AP_TEXT_MAX_BYTES ((size_t)256 << 20)

/** UTF-8 text. */
typedef struct ap_text {
    const char *ptr;  /**< May be NULL when `len_bytes` is 0. */
    size_t len_bytes; /**< Or AP_NUL_TERMINATED. */
} ap_text;

/** A piece of a text, or of a list of tokens: [start, end). */
typedef struct ap_span {
    uint32_t start, end;
} ap_span;

/* -- tokenizers ---------------------------------------------------------------------------------------- */

/** Loads a tokenizer.
 * @param[out] out Owned: ap_tokenizer_destroy(). NULL on failure.
 * @param path A model folder, with what its tokenizer_config.json and the files beside it say, also one whose
 * vocabulary is in the older files (vocab.txt and the like); or a tokenizer.json, and that file alone.
 * @return AP_ENOTFOUND no such folder or file; AP_EFORMAT file, key, expected against found; AP_EUNSUPPORTED
 * a component that is not known, by its name; AP_EIO; AP_ELIMIT; AP_ENOMEM. Since 0.1. */
AP_API ap_status ap_tokenizer_create(ap_tokenizer **out, const char *path, ap_error *err);

/** The same from the text of a tokenizer.json. Since 0.1. */
AP_API ap_status ap_tokenizer_create_from_json(ap_tokenizer **out, const char *json, size_t len_bytes,
                                               ap_error *err);

/** Frees the tokenizer; NULL is fine. No call with it may be running, no decode stream of it be in use. */
AP_API void ap_tokenizer_destroy(ap_tokenizer *tokenizer);

/** {"name", "tokenizer_class", "vocab_size", "model_max_length", "padding_side", "truncation_side",
 * "clean_up_tokenization_spaces", "model_input_names", "special_tokens": {"pad_token": {"token", "id"}, ...},
 * "truncation", "padding"}; the last two are what tokenizer.json stores, or null. Owned by the caller.
 * Since 0.1. */
AP_API ap_status ap_tokenizer_describe(ap_value **out, const ap_tokenizer *tokenizer, ap_error *err);

/* -- the vocabulary ------------------------------------------------------------------------------------ */

/** How many tokens there are, the added ones with them. Since 0.1. */
AP_API size_t ap_tokenizer_get_vocab_size(const ap_tokenizer *tokenizer);

/** The id of a token, AP_TOKEN_NONE when there is no such token.
 * @param len_bytes or AP_NUL_TERMINATED. Since 0.1. */
AP_API uint32_t ap_tokenizer_token_to_id(const ap_tokenizer *tokenizer, const char *token, size_t len_bytes);

/** The token of an id, NULL when there is no such id. Borrowed from the tokenizer; NUL-terminated.
 * @param[out] len_bytes may be NULL. Since 0.1. */
AP_API const char *ap_tokenizer_id_to_token(const ap_tokenizer *tokenizer, uint32_t id, size_t *len_bytes);

/** The special tokens that have a name, as in transformers. */
typedef enum ap_special_token {
    AP_SPECIAL_TOKEN_BOS = 0,
    AP_SPECIAL_TOKEN_EOS = 1,
    AP_SPECIAL_TOKEN_UNK = 2,
    AP_SPECIAL_TOKEN_SEP = 3,
    AP_SPECIAL_TOKEN_PAD = 4,
    AP_SPECIAL_TOKEN_CLS = 5,
    AP_SPECIAL_TOKEN_MASK = 6
} ap_special_token;

/** The id of a special token (pad_token_id and the like), AP_TOKEN_NONE when the tokenizer has no such one: a
 * tokenizer.json alone does not name them. Since 0.1. */
AP_API uint32_t ap_tokenizer_get_special_id(const ap_tokenizer *tokenizer, ap_special_token which);

/** How many special tokens an encoding gets (num_special_tokens_to_add). Since 0.1. */
AP_API size_t ap_tokenizer_get_n_special_added(const ap_tokenizer *tokenizer, int is_pair);

/* -- encoding ------------------------------------------------------------------------------------------ */

typedef enum ap_truncation {
    /** Off; but with max_length and without padding, as AP_TRUNCATION_LONGEST_FIRST. */
    AP_TRUNCATION_DEFAULT = 0,
    AP_TRUNCATION_DO_NOT_TRUNCATE = 1,
    AP_TRUNCATION_LONGEST_FIRST = 2, /**< "truncation=True" in Python. */
    AP_TRUNCATION_ONLY_FIRST = 3,
    AP_TRUNCATION_ONLY_SECOND = 4
} ap_truncation;

typedef enum ap_padding {
    AP_PADDING_DO_NOT_PAD = 0,
    AP_PADDING_LONGEST = 1,   /**< "padding=True" in Python: to the longest of the batch. */
    AP_PADDING_MAX_LENGTH = 2 /**< To pad_length, or else max_length. */
} ap_padding;

/** Where is cut or padded. */
typedef enum ap_side {
    AP_SIDE_DEFAULT = 0, /**< As the tokenizer has it; "right" where it does not say. */
    AP_SIDE_RIGHT = 1,
    AP_SIDE_LEFT = 2
} ap_side;

/** As max_length: no token at all, which 0 cannot say. */
#define AP_LENGTH_ZERO (-1)

/** How to encode; names and defaults are those of a call of a tokenizer in transformers. Zero or NULL means
 * "not given". A new member is only ever appended. */
typedef struct ap_encode_options {
    size_t struct_size;           /**< sizeof(ap_encode_options), set by AP_ENCODE_OPTIONS_INIT. */
    ap_switch add_special_tokens; /**< On by default. */
    ap_truncation truncation;
    int64_t max_length; /**< In tokens, special ones included; absent: the tokenizer's model_max_length. */
    size_t stride;      /**< Tokens that an overflowing part shares with the one before it. */
    ap_side truncation_side;
    ap_padding padding;
    ap_side padding_side;
    size_t pad_length; /**< Of AP_PADDING_MAX_LENGTH, where it is another than max_length. */
    size_t pad_to_multiple_of;
    const char *pad_token;               /**< With pad_id and pad_type_id; NULL: the tokenizer's own. */
    uint32_t pad_id, pad_type_id;        /**< Of pad_token. */
    ap_switch stored_options;            /**< On: truncate and pad as the tokenizer.json itself stores. */
    ap_switch return_overflowing_tokens; /**< On: keep what truncation cuts off. */
    ap_switch return_tokens; /**< On by default: ap_encoding_get_token(); off saves memory and time. */
    int64_t n_threads; /**< Of a batch: 0 and 1 the caller's alone, -1 all that affinity and quota allow. */
    /** On by default: where each token is in the text; off saves time, and all offsets are [0, 0). */
    ap_switch return_offsets;
} ap_encode_options;

#define AP_ENCODE_OPTIONS_INIT AP_STRUCT_INIT(ap_encode_options)

/** Encodes one text.
 * @param[out] out Owned: ap_encoding_destroy(). NULL on failure.
 * @param len_bytes or AP_NUL_TERMINATED.   @param options NULL: the defaults.
 * @return AP_EUTF8 with the byte offset; AP_EINVAL for options that conflict, and for a truncation that
 * cannot be, as in the reference; AP_ELIMIT; AP_ENOMEM. Since 0.1. */
AP_API ap_status ap_tokenizer_encode(ap_encoding **out, const ap_tokenizer *tokenizer, const char *text,
                                     size_t len_bytes, const ap_encode_options *options, ap_error *err);

/** Encodes two texts as a pair (text, text_pair). Since 0.1. */
AP_API ap_status ap_tokenizer_encode_pair(ap_encoding **out, const ap_tokenizer *tokenizer,
                                          const ap_text *text, const ap_text *pair,
                                          const ap_encode_options *options, ap_error *err);

/** Encodes a text that is split into words already (is_split_into_words). Word ids are then indices of
 * `words`, offsets are inside of each word. Since 0.1. */
AP_API ap_status ap_tokenizer_encode_words(ap_encoding **out, const ap_tokenizer *tokenizer,
                                           const ap_text *words, size_t n_words,
                                           const ap_encode_options *options, ap_error *err);

/** One input: a text or a pair of texts, or the same as lists of words. Its layout will not change. */
typedef struct ap_encode_input {
    const ap_text *texts; /**< One text, or `n_texts` words. */
    size_t n_texts;       /**< Ignored where it is one text. */
    const ap_text *pairs; /**< The second text or its words; NULL: there is none. */
    size_t n_pairs;
    int is_split_into_words;
} ap_encode_input;

/** Encodes one input of any form. Since 0.1. */
AP_API ap_status ap_tokenizer_encode_input(ap_encoding **out, const ap_tokenizer *tokenizer,
                                           const ap_encode_input *input, const ap_encode_options *options,
                                           ap_error *err);

/** The encodings of a batch, in the order of its inputs. */
typedef struct ap_encodings ap_encodings;

/** Encodes many inputs, on several threads if `n_threads` says so, and pads them together.
 * @param[out] out Owned: ap_encodings_destroy(). NULL on failure.
 * @return as ap_tokenizer_encode(), of the first input that fails; the message names its index. Since 0.1. */
AP_API ap_status ap_tokenizer_encode_batch(ap_encodings **out, const ap_tokenizer *tokenizer,
                                           const ap_encode_input *inputs, size_t n_inputs,
                                           const ap_encode_options *options, ap_error *err);

AP_API size_t ap_encodings_get_n(const ap_encodings *encodings);

/** Borrowed from the batch; NULL when there is no such index. Since 0.1. */
AP_API const ap_encoding *ap_encodings_get(const ap_encodings *encodings, size_t index);

/** Frees all of them; NULL is fine. */
AP_API void ap_encodings_destroy(ap_encodings *encodings);

/* -- what an encoding holds ---------------------------------------------------------------------------- */

/** Frees the encoding and what overflowed from it; NULL is fine. Not for one that was lent. */
AP_API void ap_encoding_destroy(ap_encoding *encoding);

/** How many tokens it has: every array below has that many entries. Since 0.1. */
AP_API size_t ap_encoding_get_n(const ap_encoding *encoding);

/** The arrays, borrowed until the encoding is destroyed.
 * @param[out] n how many entries; may be NULL. Since 0.1. */
AP_API const uint32_t *ap_encoding_get_ids(const ap_encoding *encoding, size_t *n);
AP_API const uint32_t *ap_encoding_get_type_ids(const ap_encoding *encoding, size_t *n);

/** 1 for special tokens and padding, else 0. */
AP_API const uint8_t *ap_encoding_get_special_tokens_mask(const ap_encoding *encoding, size_t *n);

/** 0 for padding, else 1. */
AP_API const uint8_t *ap_encoding_get_attention_mask(const ap_encoding *encoding, size_t *n);

/** Where the text of each token is, in characters (code points) as Python counts, and in bytes of the UTF-8.
 * Of words, inside the word. Special tokens have [0, 0). */
AP_API const ap_span *ap_encoding_get_offsets_chars(const ap_encoding *encoding, size_t *n);
AP_API const ap_span *ap_encoding_get_offsets_bytes(const ap_encoding *encoding, size_t *n);

/** The pre-token (or given word) that each token is of; AP_TOKEN_NONE of special tokens. */
AP_API const uint32_t *ap_encoding_get_word_ids(const ap_encoding *encoding, size_t *n);

/** 0 or 1, the text of a pair that each token is of; AP_TOKEN_NONE of special tokens. */
AP_API const uint32_t *ap_encoding_get_sequence_ids(const ap_encoding *encoding, size_t *n);

/** The string of a token; NULL when there is no such index, or with `return_tokens` off. Mostly that of its
 * id; of an unknown word, some models give the word. NUL-terminated. @param[out] len_bytes may be NULL. */
AP_API const char *ap_encoding_get_token(const ap_encoding *encoding, size_t index, size_t *len_bytes);

/** The parts that truncation cut off, in the order of the reference; none without return_overflowing_tokens.
 * Borrowed from the encoding. */
AP_API size_t ap_encoding_get_n_overflowing(const ap_encoding *encoding);
AP_API const ap_encoding *ap_encoding_get_overflowing(const ap_encoding *encoding, size_t index);

/* -- from text to tokens and back ---------------------------------------------------------------------- */

/** Positions of `sequence` (0, or 1 for the second text of a pair). What is not there is 0 as a return value
 * and AP_TOKEN_NONE as a token or word; *out is then not set. Since 0.1. */

/** The token that holds the character (or byte) at `position`. */
AP_API uint32_t ap_encoding_char_to_token(const ap_encoding *encoding, size_t position, uint32_t sequence);
AP_API uint32_t ap_encoding_byte_to_token(const ap_encoding *encoding, size_t position, uint32_t sequence);

/** The word that holds the character (or byte) at `position`. */
AP_API uint32_t ap_encoding_char_to_word(const ap_encoding *encoding, size_t position, uint32_t sequence);
AP_API uint32_t ap_encoding_byte_to_word(const ap_encoding *encoding, size_t position, uint32_t sequence);

/** Where the text of a token is; not there for special tokens. */
AP_API int ap_encoding_token_to_chars(const ap_encoding *encoding, size_t token, ap_span *out);
AP_API int ap_encoding_token_to_bytes(const ap_encoding *encoding, size_t token, ap_span *out);

/** The tokens of a word, and where the text of a word is. */
AP_API int ap_encoding_word_to_tokens(const ap_encoding *encoding, uint32_t word, uint32_t sequence,
                                      ap_span *out);
AP_API int ap_encoding_word_to_chars(const ap_encoding *encoding, uint32_t word, uint32_t sequence,
                                     ap_span *out);
AP_API int ap_encoding_word_to_bytes(const ap_encoding *encoding, uint32_t word, uint32_t sequence,
                                     ap_span *out);

/* -- decoding ------------------------------------------------------------------------------------------ */

/** A list of ids. */
typedef struct ap_token_ids {
    const uint32_t *ids;
    size_t n;
} ap_token_ids;

/** How to decode. Zero means "not given". A new member is only ever appended. */
typedef struct ap_decode_options {
    size_t struct_size;            /**< sizeof(ap_decode_options), set by AP_DECODE_OPTIONS_INIT. */
    ap_switch skip_special_tokens; /**< Off by default. */
    /** Takes the spaces before punctuation and English contractions out; by default as tokenizer_config.json
     * says, which is off where it does not. */
    ap_switch clean_up_tokenization_spaces;
} ap_decode_options;

#define AP_DECODE_OPTIONS_INIT AP_STRUCT_INIT(ap_decode_options)

/** Ids to text. Ids that are not known are left out, as in the reference.
 * @param[out] out UTF-8, NUL-terminated; owned: ap_string_destroy(). NULL on failure.
 * @param[out] len_bytes may be NULL.   @param options NULL: the defaults.
 * @return AP_EINVAL where a decoder of the reference refuses; AP_ELIMIT; AP_ENOMEM. Since 0.1. */
AP_API ap_status ap_tokenizer_decode(char **out, size_t *len_bytes, const ap_tokenizer *tokenizer,
                                     const ap_token_ids *ids, const ap_decode_options *options,
                                     ap_error *err);

/** Many lists of ids to a list of strings. Owned by the caller.
 * @return as ap_tokenizer_decode(), of the first list that fails; the message names its index. Since 0.1. */
AP_API ap_status ap_tokenizer_decode_batch(ap_value **out, const ap_tokenizer *tokenizer,
                                           const ap_token_ids *lists, size_t n_lists,
                                           const ap_decode_options *options, ap_error *err);

/* -- conversations ------------------------------------------------------------------------------------- */

/** How to write a conversation; names and defaults are those of apply_chat_template() in transformers. Zero
 * or NULL means "not given". A new member is only ever appended. */
typedef struct ap_chat_options {
    size_t struct_size;              /**< sizeof(ap_chat_options), set by AP_CHAT_OPTIONS_INIT. */
    const ap_value *tools;           /**< A list of dicts: JSON schemas of functions. */
    const ap_value *documents;       /**< A list of dicts, such as {"title", "text"}. */
    const char *chat_template;       /**< The name of one of several templates of the model, or a template. */
    ap_switch add_generation_prompt; /**< On: what begins the model's answer stands at the end. */
    ap_switch continue_final_message; /**< On: the text ends with the last message, to be gone on with. */
    const ap_value *variables;        /**< A dict of further variables of the template. */
} ap_chat_options;

#define AP_CHAT_OPTIONS_INIT AP_STRUCT_INIT(ap_chat_options)

/** Writes a conversation as the model was taught, by the chat template of the tokenizer's folder
 * (chat_template.jinja, additional_chat_templates/, or "chat_template" in tokenizer_config.json). The text
 * has the special tokens in it: encode it with `add_special_tokens` off. Templates are rendered as jinja2
 * renders them, in bounded time and memory, and reach nothing of the system but its time of day.
 * @param[out] out UTF-8, NUL-terminated; owned: ap_string_destroy(). NULL on failure.
 * @param[out] len_bytes may be NULL.   @param messages A list of dicts, mostly {"role", "content"}.
 * @param options NULL: the defaults.
 * @return AP_EINVAL options that conflict, no template, and what a template raises; AP_ETYPE; AP_EFORMAT and
 * AP_EUNSUPPORTED a template with an error or an unknown construct, with line and column; AP_EKEY an
 * attribute of what is not there; AP_ELIMIT; AP_ENOMEM. Since 0.1. */
AP_API ap_status ap_tokenizer_apply_chat_template(char **out, size_t *len_bytes,
                                                  const ap_tokenizer *tokenizer, const ap_value *messages,
                                                  const ap_chat_options *options, ap_error *err);

/* -- decoding as ids come ------------------------------------------------------------------------------ */

/** Decodes ids that come one by one, as a model generates them. */
typedef struct ap_decode_stream ap_decode_stream;

/** @param[out] out Owned: ap_decode_stream_destroy(). NULL on failure.   @param tokenizer Borrowed until
 * then.
 * @param options as of ap_tokenizer_decode(), for all ids. Since 0.1. */
AP_API ap_status ap_decode_stream_create(ap_decode_stream **out, const ap_tokenizer *tokenizer,
                                         const ap_decode_options *options, ap_error *err);

/** Takes the next id and gives the text that no later id can change and that was not given yet, often none:
 * whole characters only. All that the steps and the flush give is what ap_tokenizer_decode() gives for all
 * ids at once.
 * @param[out] text borrowed until the next call with the stream; never NULL after AP_OK. NUL-terminated only
 * where it ends what was decoded: use `len_bytes`.
 * @return AP_ELIMIT for more than 16,777,216 ids; AP_ENOMEM. Since 0.1. */
AP_API ap_status ap_decode_stream_step(ap_decode_stream *stream, uint32_t id, const char **text,
                                       size_t *len_bytes, ap_error *err);

/** Gives the rest, at the end of the ids. @return also what ap_tokenizer_decode() fails with. Since 0.1. */
AP_API ap_status ap_decode_stream_flush(ap_decode_stream *stream, const char **text, size_t *len_bytes,
                                        ap_error *err);

/** NULL is fine. */
AP_API void ap_decode_stream_destroy(ap_decode_stream *stream);

#ifdef __cplusplus
}
#endif
#endif

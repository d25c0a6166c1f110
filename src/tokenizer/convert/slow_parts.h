/* What the documents of classes that transformers runs in Python alone are made of: the class's own tokens,
 * its added ones with the ids that Python gives them, and what decoding keeps apart. For the converters only.
 */
#ifndef AP_TOKENIZER_CONVERT_SLOW_PARTS_H
#define AP_TOKENIZER_CONVERT_SLOW_PARTS_H

#include "tokenizer/convert/converter.h"
#include "tokenizer/convert/recipes.h"

typedef struct ap__slow_parts {
    ap__converter *c;
    const ap__slow_token *hidden; /* Tokens whose ids have another name. */
    size_t n_hidden;
    ap__slow_token *tokens; /* The class's own, in the order of ids; then what else has an id. */
    size_t n_own, n, capacity;
    size_t vocab_size;    /* As the class says it; ids from there on are of added tokens. */
    bool are_long_added;  /* Own tokens of several characters are added tokens that take in whitespace. */
    bool are_all_cut_out; /* Own tokens are looked for in texts as added tokens are. */
    bool is_cut_late;     /* Added tokens are looked for in normalized text, as they are. */
} ap__slow_parts;

/* Makes room for `n` own tokens, `n_more` others, and the added ones.   @return AP_ELIMIT, AP_ENOMEM */
ap_status ap__slow_reserve(ap__slow_parts *parts, size_t n, size_t n_more);

/* Appends an own token; the text is borrowed. There must be room. */
void ap__slow_push(ap__slow_parts *parts, ap__text text, uint32_t id);

/* The own tokens are those of {"token": id, ...}; of a token that is listed twice the last id counts. */
ap_status ap__slow_read_ids(ap__slow_parts *parts, yyjson_val *root, size_t n_more);

/* The own tokens are those of a Python dict: tokens in their order, each with its last id. There must be
 * room. */
void ap__slow_push_ids(ap__slow_parts *parts, const ap__vocab *ids);

/* The own tokens are those of a text file. */
ap_status ap__slow_read_dict(ap__slow_parts *parts, const ap__slow_dict *dict, size_t n_more);

/* Checks what the LUKE family needs beside its vocabulary, and that nothing asks for entities. */
ap_status ap__slow_check_entities(ap__converter *c);

/* Refuses flags (words) of tokenizer_config.json that are on. */
ap_status ap__slow_refuse_flags(const ap__converter *c, const char *flags);

/* Special tokens by the letters of templates, and p for pad, m for mask. */
ap__text ap__slow_special_of(const ap__converter *c, char letter);

/* Parses a file of the folder, which has to be an object. *out is the caller's, also on failure. */
ap_status ap__slow_read_json(ap__converter *c, const char *file, yyjson_doc **out);

/* Appends the added tokens, which the slow tokenizer (ap__slow_create()) has, and puts them in the document.
 */
ap_status ap__slow_put_added(ap__slow_parts *parts);

/* Puts "vocab", "aliases" (of tokens that have several ids, those that do not count) and "n_listed" in the
 * model. */
ap_status ap__slow_put_vocab(ap__slow_parts *parts, yyjson_mut_val *model);

/* Puts a post-processor that ends texts with eos where they do not. */
ap_status ap__slow_put_eos(ap__slow_parts *parts);

/* A normalizer that lowers all but special tokens and added ones that are normalized, or (`lowers` false)
 * does nothing. Source: tokenization_utils.py tokenize (do_lower_case). */
yyjson_mut_val *ap__slow_new_lower(const ap__slow_parts *parts, bool lowers);

/* Puts the decoder `Characters` with that way of joining. */
void ap__slow_put_joining(ap__slow_parts *parts, const char *joining);

/* Lists for a decoder: all that is special, and the added tokens that stand apart in decoded text. */
yyjson_mut_val *ap__slow_new_special(const ap__slow_parts *parts);
yyjson_mut_val *ap__slow_new_apart(const ap__slow_parts *parts);

#endif

/* What the converters share: the document under construction, and the ids that the slow tokenizer would give.
 * For the files of this folder only. */
#ifndef AP_TOKENIZER_CONVERT_CONVERTER_H
#define AP_TOKENIZER_CONVERT_CONVERTER_H

#include "base/file.h"
#include "tokenizer/convert/convert.h"

/* A token and its id. */
typedef struct ap__slow_token {
    ap__text text;
    uint32_t id;
} ap__slow_token;

typedef struct ap__converter {
    const ap__convert_request *request;
    ap__arena arena;
    ap_error *err;
    ap__path path;   /* The file that is read, for messages. */
    ap__bytes bytes; /* Of that file; the document may refer to them. */
    yyjson_mut_doc *doc;
    yyjson_mut_val *root;
    ap__vocab slow, slow_added; /* The slow tokenizer's own tokens, and the added ones. */
    ap__slow_token
        *slow_listed; /* Added tokens by id as the files have them: a token may have several ids. */
    size_t n_slow_listed;
    size_t n_slow;     /* len(tokenizer) */
    uint32_t fallback; /* What it gives for any other; AP__TOKEN_NONE: nothing. */
    bool is_out_of_memory;
} ap__converter;

/* A converter for one kind of files: fills the document from the folder. */
typedef ap_status ap__convert_fn(ap__converter *c);

/* Files of one recipe, at most. */
enum { AP__RECIPE_FILES = 3 };

/* A row of recipes.def. */
typedef struct ap__recipe {
    const char *class_name;
    const char *files[AP__RECIPE_FILES]; /* What it needs; NULL: no more. */
    ap__convert_fn *convert;
    const void *shape; /* Of the converter's own type. */
    bool is_slow;      /* transformers runs the class in Python alone. */
} ap__recipe;

/* NULL when the class has none. */
const ap__recipe *ap__recipe_find(const char *class_name);

/* Writes "FILE: ..." and returns `status`. */
ap_status ap__converter_fail(ap__converter *c, ap_status status, const char *fmt, ...) AP_PRINTF(3, 4);

bool ap__has_file(const char *folder, const char *name);

/* Reads a file of the folder into c->bytes, and its path into c->path. */
ap_status ap__converter_read(ap__converter *c, const char *name);

/* -- the document (document.c) ------------------------------------------------------------------------- */

/* Members are added through these; a failure is kept in is_out_of_memory. Texts are borrowed. */
void ap__put(ap__converter *c, yyjson_mut_val *object, const char *key, yyjson_mut_val *value);
void ap__put_text(ap__converter *c, yyjson_mut_val *object, const char *key, ap__text text);
void ap__put_bool(ap__converter *c, yyjson_mut_val *object, const char *key, bool value);
void ap__push(ap__converter *c, yyjson_mut_val *list, yyjson_mut_val *value);
yyjson_mut_val *ap__new_text(ap__converter *c, ap__text text);

/* A component written as JSON in the source: {"type":"NFC"}. */
yyjson_mut_val *ap__new_json(ap__converter *c, const char *json);

/* base64 of bytes.   @return NULL when out of memory; it is noted. */
yyjson_mut_val *ap__new_base64(ap__converter *c, ap__text bytes);

/* {"type": type} */
yyjson_mut_val *ap__new_typed(ap__converter *c, const char *type);

/* {"token": id, ...} in c->doc. Of the same token, the last id counts, as in a Python dict. */
ap_status ap__new_vocab(ap__converter *c, yyjson_mut_val **out, const ap__slow_token *tokens, size_t n);

/* A model with the members that every BPE has. */
yyjson_mut_val *ap__new_bpe(ap__converter *c, yyjson_mut_val *vocab, yyjson_mut_val *merges);

/* An entry of "added_tokens" that is not looked for in normalized text. */
void ap__put_added(ap__converter *c, ap__text content, uint32_t id, bool is_special);

/* The post-processor TemplateProcessing. `single`, `pair` and `specials` are words: "$A:0", "<s>", "%c:1" for
 * a special token of the tokenizer (%b bos, %e eos, %s sep, %c cls). */
ap_status ap__put_template(ap__converter *c, const char *single, const char *pair, const char *specials);

/* [token, id] of a special token, as BertProcessing and RobertaProcessing have them. */
ap_status ap__put_token_pair(ap__converter *c, yyjson_mut_val *object, const char *key, int which);

/* -- the slow tokenizer (slow.c) ----------------------------------------------------------------------- */

/* What a slow tokenizer begins with. */
typedef struct ap__slow_base {
    const ap__slow_token *tokens; /* Its vocabulary, in the order of ids. */
    size_t n;
    bool is_named_by_id; /* get_vocab() asks for the name of each id, and added tokens have names, too. */
    bool is_vocab_last;  /* get_vocab() has the vocabulary's ids of tokens that are added ones, too. */
    const ap__slow_token *own; /* Added tokens of the class. */
    size_t n_own;
    bool is_own_last;    /* They replace those of the files; else it is the other way round. */
    bool has_characters; /* All code points are tokens, beside those that are listed. */
    bool are_long_added; /* Own tokens of several characters are added tokens. */
} ap__slow_base;

/* Added tokens that a class may have of its own. */
enum { AP__SLOW_MAX_OWN = 8 };

/* Works out the ids of the added and special tokens. */
ap_status ap__slow_create(ap__converter *c, const ap__slow_base *base);

/* convert_tokens_to_ids(); AP__TOKEN_NONE for None. */
uint32_t ap__slow_id(const ap__converter *c, ap__text token);

/* convert_ids_to_tokens(); no text for None. */
ap__text ap__slow_text(const ap__converter *c, uint32_t id);

/* The special token, or no text. */
ap__text ap__special_text(const ap__converter *c, int which);

/* A flag of tokenizer_config.json: null is false.   @return AP_EFORMAT */
ap_status ap__config_flag(ap__converter *c, const char *key, bool standard, bool *out);

/* -- the formats --------------------------------------------------------------------------------------- */

ap__convert_fn ap__convert_bert_vocab, ap__convert_bpe_files, ap__convert_sentencepiece, ap__convert_slow_bpe,
    ap__convert_slow_characters, ap__convert_slow_sentencepiece, ap__convert_tiktoken, ap__convert_encoding,
    ap__convert_tekken;

/* The i-th file name of tiktoken's own encodings; NULL behind the last. */
const char *ap__tiktoken_file(size_t i);

/* Whether the bytes begin as a file of ranks does: base64, a space, a number. */
bool ap__is_tiktoken(const char *bytes, size_t len);

#endif

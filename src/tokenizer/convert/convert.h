/* Tokenizers of folders without tokenizer.json: vocabulary files become the tokenizer.json that transformers
 * makes of them, in memory.
 * Source: transformers@v4.55.4 convert_slow_tokenizer.py. */
#ifndef AP_TOKENIZER_CONVERT_CONVERT_H
#define AP_TOKENIZER_CONVERT_CONVERT_H

#include "base/path.h"
#include "tokenizer/special_tokens.h"

/* Largest vocabulary file. */
#define AP__CONVERT_MAX_BYTES ((size_t)256 << 20)

typedef struct ap__convert_request {
    const char *folder;
    const ap__tokenizer_class *class_;
    const char *class_name;           /* As the files have it; "" when they do not say. */
    const ap__slow_class *slow;       /* NULL: the class starts from no vocabulary file. */
    yyjson_val *config;               /* tokenizer_config.json, or NULL. */
    const ap__special_tokens *tokens; /* Read with `slow`. */
    bool is_inner;                    /* As in ap__special_sources. */
} ap__convert_request;

/* What a folder holds besides tokenizer.json. */
typedef enum ap__convert_format {
    AP__CONVERT_NOTHING,
    AP__CONVERT_CLASS,    /* The vocabulary files of its class. */
    AP__CONVERT_TIKTOKEN, /* tokenizer.model with ranks of byte strings. */
    AP__CONVERT_TEKKEN,   /* tekken.json */
    AP__CONVERT_ENCODING  /* cl100k_base.tiktoken, or another encoding of tiktoken's own. */
} ap__convert_format;

/* What the folder is to be converted from. */
ap_status ap__convert_choose(ap__convert_format *out, const char *folder, const char *class_name,
                             ap_error *err);

/* Whether the folder has all files that the class is converted from. */
bool ap__convert_is_complete(const char *folder, const char *class_name);

/* Whether the class runs in Python alone: its added tokens are those of the document. */
bool ap__convert_is_slow(const char *class_name);

/* Makes the document; `name` gets the file that it was made of, for messages.
 * @return AP_ENOTFOUND (what was looked for, what is there), AP_EFORMAT, AP_EUNSUPPORTED, AP_ELIMIT,
 * AP_ENOMEM. Free with yyjson_doc_free(). */
ap_status ap__convert_folder(yyjson_doc **out, ap__path *name, ap__convert_format format,
                             const ap__convert_request *request, ap_error *err);

#endif

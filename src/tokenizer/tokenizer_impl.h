/* What a tokenizer is made of. For the files of this folder only. */
#ifndef AP_TOKENIZER_TOKENIZER_IMPL_H
#define AP_TOKENIZER_TOKENIZER_IMPL_H

#include "base/arena.h"
#include "tokenizer/added.h"
#include "tokenizer/component.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/vocab.h"

#include <stdatomic.h>

/* What has to be called when the tokenizer is destroyed. */
typedef struct ap__cleanup {
    void (*fn)(void *ptr);
    void *ptr;
    struct ap__cleanup *next;
} ap__cleanup;

/* Work memory that is kept between calls, at most: one for each thread that encodes at once. */
enum { AP__MAX_IDLE_WORKS = 16 };

/* Taken and put back by atomic exchange: there is no lock. The only part of a tokenizer that changes. */
typedef struct ap__work_pool {
    _Atomic(ap__work *) idle[AP__MAX_IDLE_WORKS];
    _Atomic uint64_t n_steps; /* Of all calls so far, for tests of growth. */
} ap__work_pool;

/* How a class that translates between many languages names them and where it puts them. */
typedef struct ap__language_rules {
    bool is_known;            /* The class has languages. */
    bool is_behind;           /* The source language comes behind the text and eos; else before the text. */
    bool are_underlined;      /* The token of "eng" is "__eng__". */
    bool takes_tokens;        /* Such a token is a name of the language, too. */
    const char *const *codes; /* Those that it takes, ended by NULL; NULL: any. */
    uint32_t first_id;        /* Of the first of these; the others' are the next. */
} ap__language_rules;

struct ap__tokenizer {
    ap__arena arena;
    ap__normalizer normalizer;
    ap__pretokenizer pretokenizer;
    ap__model model;
    ap__processor processor;
    ap__decoder decoder;
    ap__vocab vocab; /* Of the model. */
    ap__added added;
    ap__text word_end; /* Becomes a space in decoded text, of which then both ends are stripped; no length:
                          nothing does. */
    ap__encode_options stored;
    ap__tokenizer_config config;
    ap__language_rules languages;
    bool keeps_strings;  /* An id that is not special is decoded, also where it has the string of one that is.
                          */
    bool counts_strings; /* The size of the vocabulary is that of a dict: what is listed twice counts once. */
    ap__text unknown;    /* What an id that is nowhere is decoded to; no text: nothing. */
    ap__cleanup *cleanups;
    ap__work_pool *works;
};

/* Reads a tokenizer.json that is parsed already, or that a converter made. `name` stands in messages. */
ap_status ap__tokenizer_from_doc(ap__tokenizer **out, yyjson_val *root, const char *name, bool is_converted,
                                 ap_error *err);

/* The string of an id that decoders see; NULL when the id is unknown or is left out. */
const char *ap__tokenizer_decoded_string(const ap__tokenizer *tokenizer, uint32_t id,
                                         bool skip_special_tokens, size_t *len);

/* The tokenizer.json that a folder's vocabulary files are converted to; NULL when the folder has its own. */
ap_status ap__tokenizer_convert(yyjson_doc **out, const char *folder, ap_error *err);

/* Work memory for one call; NULL when out of memory. */
ap__work *ap__work_take(const ap__tokenizer *tokenizer, ap_error *err);
void ap__work_put_back(const ap__tokenizer *tokenizer, ap__work *work);

#endif

/* Special and added tokens as the files beside tokenizer.json have them. */
#ifndef AP_TOKENIZER_SPECIAL_TOKENS_H
#define AP_TOKENIZER_SPECIAL_TOKENS_H

#include "tokenizer/added.h"
#include "tokenizer/component.h"
#include "tokenizer/tokenizer_class.h"

/* The roots of the files; NULL where one is missing. */
typedef struct ap__special_sources {
    yyjson_val *config; /* tokenizer_config.json */
    yyjson_val *special_tokens_map, *added_tokens;
    yyjson_val *stored_tokens;  /* "added_tokens" of a tokenizer.json that a conversion passes over. */
    const ap__slow_class *slow; /* What the class makes of tokens where it starts from a vocabulary file. */
    bool is_converted;          /* The tokenizer is not that of the folder's tokenizer.json. */
    bool is_slow;               /* It has its added tokens already. */
    bool is_inner; /* The constructor of the fast class makes the slow one, and hands it its defaults. */
} ap__special_sources;

/* A token as Python has it: a string, or an AddedToken, which compares differently. */
typedef struct ap__special_token {
    ap__added_token flags; /* content, and the flags of an AddedToken. */
    bool is_string;
    bool is_additional; /* Of `all`: it is one of additional_special_tokens, whatever else it is. */
    int normalized;     /* -1: not said, so that it follows from `special`. */
    uint64_t number;    /* Of the entries of added_tokens_decoder: their key. */
} ap__special_token;

/* Tokens, and their contents: of equal ones, the index knows the last. */
typedef struct ap__special_list {
    ap__special_token *ptr;
    size_t n;
    ap__vocab index;
} ap__special_list;

typedef struct ap__special_tokens {
    ap__special_token by_key[AP__N_SPECIAL_TOKENS]; /* Without content: there is none. */
    ap__special_list decoder;                       /* added_tokens_decoder, or added_tokens.json. */
    ap__special_list all;                           /* All that are called special, in order. */
    const ap__special_token *additional;            /* additional_special_tokens, as the class has them. */
    size_t n_additional;
    bool has_late_sentinels; /* <extra_id_...> of the class are behind given tokens: to T5's slow class they
                                are added tokens without ids of their own. */
} ap__special_tokens;

/* NULL when there is none of that content. */
const ap__special_token *ap__special_list_find(const ap__special_list *list, const char *content, size_t len);

/* What the files and the class say. Only the loader's arena, file and place are used where `loader` has no
 * tokenizer. */
ap_status ap__special_tokens_read(ap__special_tokens *out, ap__loader *loader,
                                  const ap__special_sources *sources, const ap__tokenizer_class *class_);

/* Adds to the tokenizer what the files know beyond tokenizer.json, and fills the special tokens of its
 * config. */
ap_status ap__special_tokens_apply(ap__loader *loader, const ap__special_sources *sources,
                                   const ap__tokenizer_class *class_);

#endif

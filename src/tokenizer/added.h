/* Added tokens: strings that are cut out of a text before anything else sees it.
 * Source: huggingface/tokenizers@v0.21.4 tokenizer/added_vocabulary.rs. */
#ifndef AP_TOKENIZER_ADDED_H
#define AP_TOKENIZER_ADDED_H

#include "tokenizer/component.h"
#include "tokenizer/vocab.h"

typedef struct ap__added_token {
    ap__text content;
    ap__text
        decoded; /* What decoding gives: the normalized content of a `normalized` token, else the content. */
    uint32_t id;
    bool single_word;    /* Only between characters that are not \w. */
    bool lstrip, rstrip; /* Takes in the whitespace on that side. */
    bool normalized;     /* Is looked for in the normalized text. */
    bool special;
    bool was_special; /* Now or before: it stands in the list of special tokens. */
} ap__added_token;

/* A string to look for. */
typedef struct ap__pattern {
    ap__text text;
    uint32_t token; /* Index of the added token. */
} ap__pattern;

/* Strings in order, so that those which begin with the same bytes are neighbours. */
typedef struct ap__patterns {
    ap__pattern *ptr;
    uint32_t n;
    uint32_t first[257]; /* Those that begin with byte b are first[b] .. first[b + 1]. */
    int only_lead;       /* The byte that all begin with; -1 when they differ. */
} ap__patterns;

/* One entry of the reference's two lists of tokens, which also hold what a later token of that string
 * replaced. */
typedef struct ap__added_entry {
    uint32_t token;
    uint32_t id;
    bool normalized;
} ap__added_entry;

/* Which token has an id: the last that got it. */
typedef struct ap__added_id {
    uint32_t id, token;
} ap__added_id;

typedef struct ap__added {
    ap__added_token *tokens; /* One for each content, in the order they came. */
    size_t n, capacity;
    ap__vocab index;                    /* Content to index in `tokens`. */
    ap__added_entry *special, *classic; /* In the order they came. */
    size_t n_special, n_classic;
    ap__added_id *by_id; /* In order. */
    size_t n_ids;
    uint32_t max_id;
    ap__patterns plain, normalized;
    bool splits_special; /* Special tokens are not cut out (split_special_tokens). */
    /* Of a class that runs in Python: whitespace beside tokens is what Python takes for it, and tokens are
     * looked for as they are in normalized text, too. */
    bool is_python;
} ap__added;

/* Makes room for `n` more tokens with `n_bytes` of content.   @return AP_ENOMEM, AP_ELIMIT */
ap_status ap__added_reserve(ap__added *added, ap__arena *arena, size_t n, size_t n_bytes, ap_error *err);

/* Adds a token, or changes the flags of the one with that content; `id` is not looked at: the vocabulary or
 * the next free id gives it. There must be room. Contents are borrowed: they live in the arena. */
void ap__added_add(ap__added *added, const ap__vocab *vocab, const ap__added_token *token);

/* Makes what matching and look-up need, after tokens were added. */
ap_status ap__added_finish(ap__added *added, const ap__normalizer *normalizer, ap__loader *loader);

/* From then on all tokens are decoded to their contents, as before 0.22: so it is with transformers 4.55. */
void ap__added_decode_contents(ap__added *added);

/* Whether both have the same flags. */
bool ap__added_is_same(const ap__added_token *a, const ap__added_token *b);

/* NULL when there is none. */
const ap__added_token *ap__added_find(const ap__added *added, const char *content, size_t len);
const ap__added_token *ap__added_find_id(const ap__added *added, uint32_t id);

/* One search through a text. All zero but `added`, `patterns`, `text` and `len` to start. */
typedef struct ap__added_scan {
    const ap__added *added;
    const ap__patterns *patterns;
    const char *text;
    uint32_t len;
    uint32_t at;                     /* Where the search goes on. */
    uint32_t cut;                    /* End of the stretches that were given out. */
    uint32_t space_start, space_end; /* Whitespace that rstrip went over: it is not gone over again. */
} ap__added_scan;

/* The next added token and its stretch [start, end), whitespace included; NULL when there is none. What lies
 * between the `cut` before the call and `start` is no added token. */
const ap__added_token *ap__added_next(ap__added_scan *scan, uint32_t *start, uint32_t *end);

#endif

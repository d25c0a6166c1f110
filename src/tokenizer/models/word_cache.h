/* The tokens of short pieces that a model had before, kept with the work memory: what a model makes of a
 * piece follows from its text alone, and the same few words make up most of a text. There are so many places
 * and no more, so that memory and time stay bounded whatever comes. Not used where the strings of tokens are
 * asked for. */
#ifndef AP_TOKENIZER_MODELS_WORD_CACHE_H
#define AP_TOKENIZER_MODELS_WORD_CACHE_H

#include "tokenizer/work.h"

enum { AP__CACHED_BYTES = 32, AP__CACHED_TOKENS = 5 };

/* One piece; 64 bytes. */
typedef struct ap__cached_word {
    char text[AP__CACHED_BYTES];
    uint32_t ids[AP__CACHED_TOKENS];
    uint8_t ends[AP__CACHED_TOKENS]; /* Of the tokens, in the text. */
    uint8_t len, n;                  /* No length: the place is free. */
    uint8_t last;                    /* Of the first place of a row: which was wanted last. */
    uint8_t unused[4];
} ap__cached_word;

/* A power of two of rows; 1 MiB in all. Two pieces with the same hash share a row; the one that was wanted
 * last stays, so that a rare word does not drive out a frequent one. */
enum { AP__CACHE_ROWS = 8192, AP__CACHE_PLACES = 2, AP__CACHE_LINE = 64 };

typedef struct ap__word_cache {
    void *memory;
    ap__cached_word (*rows)[AP__CACHE_PLACES]; /* In `memory`, at the start of a cache line. */
    const char *next_text; /* The piece whose row is on its way from memory, and its hash. */
    uint64_t next_hash;
} ap__word_cache;

void ap__word_cache_destroy(ap__word_cache *cache);

/* Pushes the tokens of a piece that is there: true. Else *place is where ap__word_cache_keep() may put it;
 * NULL when it is none to keep. */
bool ap__word_cache_push(ap__cached_word **place, ap__work *work, const ap__piece *piece, ap_status *status);

/* Keeps the tokens from `first` on, which were pushed for the piece. `origin` of a token is not looked at:
 * ends are the caller's. */
void ap__word_cache_keep(ap__cached_word *place, const ap__piece *piece, const ap__work *work, size_t first,
                         const uint32_t *ends);

#endif

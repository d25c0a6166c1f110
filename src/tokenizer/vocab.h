/* Token strings and their ids, both ways. Filled while a model is loaded, then read-only. */
#ifndef AP_TOKENIZER_VOCAB_H
#define AP_TOKENIZER_VOCAB_H

#include "base/arena.h"
#include "tokenizer/tokenizer.h"

/* A token: `len` bytes at `offset` of the pool. */
typedef struct ap__vocab_entry {
    uint32_t offset, len, id;
} ap__vocab_entry;

/* One place of the hash table; `entry` counts from 1, 0 is a free place. */
typedef struct ap__vocab_slot {
    uint32_t hash, entry;
} ap__vocab_slot;

typedef struct ap__vocab {
    char *pool;
    ap__vocab_entry *entries;
    ap__vocab_slot *slots;
    uint32_t *by_id; /* Of each id below n_ids: its entry, from 1. */
    size_t n, n_ids;
    size_t n_listed; /* Tokens as the model counts them: `n`, but in Unigram those that are listed twice,
                        twice. */
    size_t slot_mask;
    size_t pool_len, pool_capacity, capacity;
    uint32_t longest;    /* Bytes of the longest token. */
    bool has_shared_ids; /* Two tokens have the same id. */
    uint64_t seed;
    bool has_characters;    /* Every character that is no token has its number for an id; */
    const char *characters; /* the names of these, AP__CHARACTER_BYTES each. NULL: they are not asked for. */
} ap__vocab;

/* Code points, and the bytes of one with its end. */
enum { AP__N_CODE_POINTS = 0x110000, AP__CHARACTER_BYTES = 5 };

/* Makes room for `n` tokens of `n_bytes` in all, in the arena.   @return AP_ENOMEM, AP_ELIMIT */
ap_status ap__vocab_create(ap__vocab *vocab, ap__arena *arena, size_t n, size_t n_bytes, ap_error *err);

/* Adds a token; the same string once more gets the new id, as in a Python dict. There must be room. */
void ap__vocab_add(ap__vocab *vocab, const char *token, size_t len, uint32_t id);

/* Makes the table of ids; none is added from then on.
 * @return AP_ELIMIT when the ids are so sparse that a table of them would be absurd. */
ap_status ap__vocab_finish(ap__vocab *vocab, ap__arena *arena, const char *what, ap_error *err);

/* Lets every character have its number for an id. Surrogates are named U+FFFD.   @return AP_ENOMEM */
ap_status ap__vocab_add_characters(ap__vocab *vocab, ap__arena *arena, ap_error *err);

/* Makes room for ids up to `last` in the table of ids.   @return AP_ENOMEM, AP_ELIMIT as above */
ap_status ap__vocab_reserve_ids(ap__vocab *vocab, ap__arena *arena, uint32_t last, ap_error *err);

/* Lets another id, below n_ids, stand for a token that is there. */
void ap__vocab_set_alias(ap__vocab *vocab, uint32_t id, const char *token, size_t len);

/* AP__TOKEN_NONE when there is no such token. */
uint32_t ap__vocab_find(const ap__vocab *vocab, const char *token, size_t len);

/* Many tokens, at most AP__VOCAB_BATCH, that are looked up in steps: what the next step of each reads is on
 * its way while those of the others are taken, where one after the other would wait for memory each time. */
enum { AP__VOCAB_BATCH = 128 };

typedef struct ap__vocab_search {
    const ap__text *tokens; /* The caller's, until the last step. */
    size_t n;
    uint64_t hashes[AP__VOCAB_BATCH];
    uint32_t entries[AP__VOCAB_BATCH]; /* The first that may be the token's, from 1; 0: there is none. */
} ap__vocab_search;

/* The steps, to be taken in this order, with other work between them where there is some. */
void ap__vocab_search_begin(ap__vocab_search *search, const ap__vocab *vocab, const ap__text *tokens,
                            size_t n);
void ap__vocab_search_slots(ap__vocab_search *search, const ap__vocab *vocab);
void ap__vocab_search_entries(const ap__vocab_search *search, const ap__vocab *vocab);
void ap__vocab_search_finish(const ap__vocab_search *search, const ap__vocab *vocab, uint32_t *ids);

/* All of them. */
void ap__vocab_find_batch(const ap__vocab *vocab, const ap__text *tokens, size_t n, uint32_t *ids);

/* Whether the token of that id, which may be any, is `prefix` followed by `rest`. */
bool ap__vocab_is_token(const ap__vocab *vocab, uint32_t id, ap__text prefix, ap__text rest);

/* NULL when there is no such id. NUL-terminated. */
const char *ap__vocab_token(const ap__vocab *vocab, uint32_t id, size_t *len);

/* The hash grows byte by byte, so that all prefixes of a text are hashed in one pass. */
static inline uint64_t ap__vocab_hash_step(uint64_t state, char byte) {
    state = (state + (unsigned char)byte + 1) * 0x9E3779B97F4A7C15u;
    return state ^ state >> 32;
}

static inline uint64_t ap__vocab_hash(uint64_t state, const char *bytes, size_t len) {
    for (size_t i = 0; i < len; i++) state = ap__vocab_hash_step(state, bytes[i]);
    return state;
}

/* The token that is `prefix` followed by `rest`, whose hash is `hash`. */
uint32_t ap__vocab_find_parts(const ap__vocab *vocab, uint64_t hash, const char *prefix, size_t prefix_len,
                              const char *rest, size_t rest_len);

#endif

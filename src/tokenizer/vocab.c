/* Vocabulary: a string pool, an open-addressing table over it, and a table by id. */
#include "tokenizer/vocab.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/utf8.h"

#include <string.h>

/* More tokens than any model has; keeps entries and pool positions within 32 bits. */
#define VOCAB_MAX_TOKENS ((size_t)1 << 26)

/* A table by id may be this much larger than the number of tokens. */
enum { ID_SLACK_FACTOR = 8, ID_SLACK = 1 << 20 };

static size_t power_of_two_above(size_t n) {
    size_t power = 16;
    while (power < n) power *= 2;
    return power;
}

ap_status ap__vocab_create(ap__vocab *vocab, ap__arena *arena, size_t n, size_t n_bytes, ap_error *err) {
    *vocab = (ap__vocab){0};
    if (n > VOCAB_MAX_TOKENS || n_bytes > UINT32_MAX - n)
        return ap__fail(err, AP_ELIMIT, "vocabulary of %zu tokens: at most %zu are supported", n,
                        VOCAB_MAX_TOKENS);
    size_t n_slots = power_of_two_above(n * 2); /* At most half full. */
    vocab->pool = ap__arena_alloc(arena, n_bytes + n);
    vocab->entries = ap__arena_calloc(arena, n, sizeof *vocab->entries);
    void *slots = ap__arena_alloc(arena, ap__table_room(n_slots * sizeof *vocab->slots));
    if (!vocab->pool || !vocab->entries || !slots) return ap__fail_nomem(err);
    vocab->slots = ap__table_place(slots, n_slots * sizeof *vocab->slots);
    memset(vocab->slots, 0, n_slots * sizeof *vocab->slots);
    vocab->pool_capacity = n_bytes + n;
    vocab->capacity = n;
    vocab->slot_mask = n_slots - 1;
    vocab->seed = ap__hash("vocabulary", 10);
    return AP_OK;
}

/* The slot of the token, or the free one where it would go. */
static size_t slot_of(const ap__vocab *vocab, uint64_t hash, const char *prefix, size_t prefix_len,
                      const char *rest, size_t rest_len) {
    size_t at = (size_t)(hash >> 7) & vocab->slot_mask;
    for (;; at = (at + 1) & vocab->slot_mask) {
        const ap__vocab_slot *slot = &vocab->slots[at];
        if (!slot->entry) return at;
        if (slot->hash != (uint32_t)hash) continue;
        const ap__vocab_entry *entry = &vocab->entries[slot->entry - 1];
        const char *token = vocab->pool + entry->offset;
        if (entry->len == prefix_len + rest_len && !memcmp(token, prefix, prefix_len) &&
            !memcmp(token + prefix_len, rest, rest_len))
            return at;
    }
}

void ap__vocab_add(ap__vocab *vocab, const char *token, size_t len, uint32_t id) {
    uint64_t hash = ap__vocab_hash(vocab->seed, token, len);
    ap__vocab_slot *slot = &vocab->slots[slot_of(vocab, hash, token, 0, token, len)];
    if (slot->entry) {
        vocab->entries[slot->entry - 1].id = id;
        return;
    }
    if (vocab->n == vocab->capacity || vocab->pool_capacity - vocab->pool_len < len + 1) return;
    vocab->entries[vocab->n] = (ap__vocab_entry){(uint32_t)vocab->pool_len, (uint32_t)len, id};
    memcpy(vocab->pool + vocab->pool_len, token, len);
    vocab->pool[vocab->pool_len + len] = '\0';
    vocab->pool_len += len + 1;
    *slot = (ap__vocab_slot){(uint32_t)hash, (uint32_t)++vocab->n};
    if (len > vocab->longest) vocab->longest = (uint32_t)len;
}

static bool is_absurd(const ap__vocab *vocab, uint32_t last) {
    size_t n = vocab->n + (vocab->has_characters ? AP__N_CODE_POINTS : 0);
    return last / ID_SLACK_FACTOR > n + ID_SLACK / ID_SLACK_FACTOR;
}

ap_status ap__vocab_reserve_ids(ap__vocab *vocab, ap__arena *arena, uint32_t last, ap_error *err) {
    if (last < vocab->n_ids) return AP_OK;
    if (is_absurd(vocab, last)) return ap__fail(err, AP_ELIMIT, "a token has the id %u", last);
    uint32_t *by_id = ap__arena_calloc(arena, (size_t)last + 1, sizeof *by_id);
    if (!by_id) return ap__fail_nomem(err);
    if (vocab->n_ids) memcpy(by_id, vocab->by_id, vocab->n_ids * sizeof *by_id);
    vocab->by_id = by_id;
    vocab->n_ids = (size_t)last + 1;
    return AP_OK;
}

ap_status ap__vocab_finish(ap__vocab *vocab, ap__arena *arena, const char *what, ap_error *err) {
    uint32_t last = 0;
    for (size_t i = 0; i < vocab->n; i++)
        if (vocab->entries[i].id > last) last = vocab->entries[i].id;
    if (is_absurd(vocab, last))
        return ap__fail(err, AP_ELIMIT, "%s: a token has the id %u, but there are only %zu tokens", what,
                        last, vocab->n);
    vocab->n_ids = vocab->n ? (size_t)last + 1 : 0;
    vocab->n_listed = vocab->n;
    vocab->by_id = ap__arena_calloc(arena, vocab->n_ids, sizeof *vocab->by_id);
    if (!vocab->by_id) return ap__fail_nomem(err);
    for (size_t i = 0; i < vocab->n; i++) {
        uint32_t *place = &vocab->by_id[vocab->entries[i].id];
        vocab->has_shared_ids |= *place != 0;
        *place = (uint32_t)i + 1;
    }
    return AP_OK;
}

void ap__vocab_set_alias(ap__vocab *vocab, uint32_t id, const char *token, size_t len) {
    uint64_t hash = ap__vocab_hash(vocab->seed, token, len);
    vocab->by_id[id] = vocab->slots[slot_of(vocab, hash, token, 0, token, len)].entry;
}

uint32_t ap__vocab_find_parts(const ap__vocab *vocab, uint64_t hash, const char *prefix, size_t prefix_len,
                              const char *rest, size_t rest_len) {
    if (!vocab->slots) return AP__TOKEN_NONE;
    const ap__vocab_slot *slot = &vocab->slots[slot_of(vocab, hash, prefix, prefix_len, rest, rest_len)];
    return slot->entry ? vocab->entries[slot->entry - 1].id : AP__TOKEN_NONE;
}

uint32_t ap__vocab_find(const ap__vocab *vocab, const char *token, size_t len) {
    uint32_t code,
        id = ap__vocab_find_parts(vocab, ap__vocab_hash(vocab->seed, token, len), token, 0, token, len);
    if (id != AP__TOKEN_NONE || !vocab->has_characters || !len || len > 4) return id;
    return ap__utf8_next(&code, token) == len ? code : AP__TOKEN_NONE;
}

/* The first entry from the hash's place on that may be the token's, from 1; 0: there is none. */
static uint32_t candidate_of(const ap__vocab *vocab, uint64_t hash) {
    size_t at = (size_t)(hash >> 7) & vocab->slot_mask;
    while (vocab->slots[at].entry && vocab->slots[at].hash != (uint32_t)hash)
        at = (at + 1) & vocab->slot_mask;
    return vocab->slots[at].entry;
}

static bool is_entry(const ap__vocab *vocab, const ap__vocab_entry *entry, const ap__text *token) {
    return entry->len == token->len && !memcmp(vocab->pool + entry->offset, token->ptr, token->len);
}

void ap__vocab_search_begin(ap__vocab_search *search, const ap__vocab *vocab, const ap__text *tokens,
                            size_t n) {
    search->tokens = tokens;
    search->n = n;
    for (size_t i = 0; i < n; i++) {
        search->hashes[i] = ap__vocab_hash(vocab->seed, tokens[i].ptr, tokens[i].len);
        if (vocab->slots) __builtin_prefetch(&vocab->slots[search->hashes[i] >> 7 & vocab->slot_mask]);
    }
}

void ap__vocab_search_slots(ap__vocab_search *search, const ap__vocab *vocab) {
    for (size_t i = 0; i < search->n; i++) {
        search->entries[i] = vocab->slots ? candidate_of(vocab, search->hashes[i]) : 0;
        if (search->entries[i]) __builtin_prefetch(&vocab->entries[search->entries[i] - 1]);
    }
}

void ap__vocab_search_entries(const ap__vocab_search *search, const ap__vocab *vocab) {
    for (size_t i = 0; i < search->n; i++)
        if (search->entries[i])
            __builtin_prefetch(vocab->pool + vocab->entries[search->entries[i] - 1].offset);
}

void ap__vocab_search_finish(const ap__vocab_search *search, const ap__vocab *vocab, uint32_t *ids) {
    for (size_t i = 0; i < search->n; i++) {
        const ap__text *token = &search->tokens[i];
        ids[i] = AP__TOKEN_NONE;
        if (!search->entries[i]) continue;
        const ap__vocab_entry *entry = &vocab->entries[search->entries[i] - 1];
        ids[i] = is_entry(vocab, entry, token)
                     ? entry->id
                     : ap__vocab_find_parts(vocab, search->hashes[i], token->ptr, 0, token->ptr, token->len);
    }
}

void ap__vocab_find_batch(const ap__vocab *vocab, const ap__text *tokens, size_t n, uint32_t *ids) {
    ap__vocab_search search;
    ap__vocab_search_begin(&search, vocab, tokens, n);
    ap__vocab_search_slots(&search, vocab);
    ap__vocab_search_entries(&search, vocab);
    ap__vocab_search_finish(&search, vocab, ids);
}

bool ap__vocab_is_token(const ap__vocab *vocab, uint32_t id, ap__text prefix, ap__text rest) {
    size_t len;
    const char *token = ap__vocab_token(vocab, id, &len);
    return token && len == prefix.len + rest.len && !memcmp(token, prefix.ptr, prefix.len) &&
           !memcmp(token + prefix.len, rest.ptr, rest.len);
}

ap_status ap__vocab_add_characters(ap__vocab *vocab, ap__arena *arena, ap_error *err) {
    char *names = ap__arena_calloc(arena, AP__N_CODE_POINTS, AP__CHARACTER_BYTES);
    if (!names) return ap__fail_nomem(err);
    for (uint32_t code = 0; code < AP__N_CODE_POINTS; code++) {
        bool is_surrogate = code >= 0xD800 && code < 0xE000;
        ap__utf8_encode(names + (size_t)code * AP__CHARACTER_BYTES, is_surrogate ? 0xFFFD : code);
    }
    vocab->has_characters = true;
    vocab->characters = names;
    return AP_OK;
}

/* The name of an id that no token has. */
static const char *character_of(const ap__vocab *vocab, uint32_t id, size_t *len) {
    if (!vocab->characters || id >= AP__N_CODE_POINTS) return NULL;
    const char *name = vocab->characters + (size_t)id * AP__CHARACTER_BYTES;
    if (len) *len = id ? strlen(name) : 1;
    return name;
}

const char *ap__vocab_token(const ap__vocab *vocab, uint32_t id, size_t *len) {
    if (id >= vocab->n_ids || !vocab->by_id[id]) return character_of(vocab, id, len);
    const ap__vocab_entry *entry = &vocab->entries[vocab->by_id[id] - 1];
    if (len) *len = entry->len;
    return vocab->pool + entry->offset;
}

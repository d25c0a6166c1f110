/* What one call of encode works with: the pieces of the text, the tokens found so far, and scratch memory. It
 * is kept by the tokenizer between calls, so that a steady run does not allocate. Belongs to one thread at a
 * time. */
#ifndef AP_TOKENIZER_WORK_H
#define AP_TOKENIZER_WORK_H

#include "base/arena.h"
#include "tokenizer/models/piece_cache.h"
#include "tokenizer/ntext.h"

/* A stretch of text that goes to the model as a whole: a pre-token. */
typedef struct ap__piece {
    ap__ntext text;
    /* The text stands for its image in the byte-level alphabet, which only a model without byte tables, or a
     * pre-tokenizer that comes after, needs to have written out: ap__piece_write_bytes(). */
    bool is_bytes;
    uint32_t n_readable; /* Bytes from the text's start on that may be read, or less. */
} ap__piece;

typedef struct ap__pieces {
    ap__piece *ptr;
    size_t n, capacity;
} ap__pieces;

/* One token of a text. Post-processors see it before it is spread over the arrays of the encoding. */
typedef struct ap__token {
    uint32_t id;
    uint32_t word; /* AP__TOKEN_NONE of special tokens. */
    ap__span bytes, chars;
    const char *text; /* Where the token's string is not that of its id; else NULL. */
    uint32_t text_len;
} ap__token;

typedef struct ap__tokens {
    ap__token *ptr;
    size_t n, capacity;
} ap__tokens;

typedef struct ap__work {
    const struct ap__tokenizer *tokenizer;
    ap_error *err;      /* Of the call. */
    ap__arena arena;    /* Freed after the call. */
    ap__textbufs texts; /* Of normalizers. */
    ap__textbuf spare;  /* Of pre-tokenizers. */
    ap__pieces pieces, next_pieces;
    ap__tokens tokens;
    struct ap__regex_scratch *regex; /* Made by the first component that searches with one. */
    ap__piece_cache piece_cache;     /* Of the model; stays from call to call. */
    uint32_t word;                   /* Index of the piece that is being encoded, or of the given word. */
    uint64_t n_steps; /* Of this call: candidates, nodes and bytes that models looked at; tokens decoded. */
    bool is_word_given;
    bool has_texts;     /* Somebody will ask for the strings of tokens. */
    bool skips_offsets; /* Nobody will ask where they are. */
} ap__work;

void ap__work_clear(ap__work *work);

/* Frees what grows with a text, but not what was learnt of it. */
void ap__work_shrink(ap__work *work);

/* Starts to rewrite a text into the normalizers' free buffer; its first `n_removed` characters vanish. */
void ap__work_begin(ap__transform *t, ap__work *work, const ap__ntext *text, size_t n_removed);

/* Ends it; *text, which may be the input, becomes the result. */
ap_status ap__work_finish(ap__transform *t, ap__work *work, ap__ntext *text);

/* -- pieces -------------------------------------------------------------------------------------------- */

/* Pre-tokenizers read `pieces`, push into `next_pieces` and swap the two. Empty pieces vanish. */
ap_status ap__work_push_piece(ap__work *work, const ap__ntext *text);
ap_status ap__work_push_slice(ap__work *work, const ap__ntext *text, uint32_t start, uint32_t end);
void ap__work_swap_pieces(ap__work *work);

/* Writes out the byte-level image of the piece, in the arena. */
ap_status ap__piece_write_bytes(ap__work *work, ap__piece *piece);

/* The same of every piece that stands for its image. */
ap_status ap__work_write_bytes(ap__work *work);

/* -- splitting ----------------------------------------------------------------------------------------- */

/* What becomes of the matches of a pattern. Source: normalizer.rs SplitDelimiterBehavior. */
typedef enum ap__split_behavior {
    AP__SPLIT_REMOVED,
    AP__SPLIT_ISOLATED,
    AP__SPLIT_MERGED_WITH_PREVIOUS,
    AP__SPLIT_MERGED_WITH_NEXT,
    AP__SPLIT_CONTIGUOUS
} ap__split_behavior;

/* Takes matching and other stretches in text order and pushes pieces. */
typedef struct ap__splitter {
    ap__work *work;
    const ap__ntext *text;
    ap__split_behavior behavior;
    bool has_pending, is_pending_match, was_match;
    uint32_t pending_start, pending_end;
    ap_status status;
} ap__splitter;

void ap__splitter_begin(ap__splitter *s, ap__work *work, const ap__ntext *text, ap__split_behavior behavior);
void ap__splitter_add(ap__splitter *s, uint32_t start, uint32_t end, bool is_match);
ap_status ap__splitter_finish(ap__splitter *s);

/* Splits every piece at the characters that have one of the flags (unicode.h). */
ap_status ap__work_split_at_flags(ap__work *work, uint32_t flags, ap__split_behavior behavior);

/* Splits every piece at one character. */
ap_status ap__work_split_at_char(ap__work *work, uint32_t code, ap__split_behavior behavior);

/* -- tokens -------------------------------------------------------------------------------------------- */

/* Makes room for n more tokens.   @return AP_ENOMEM */
ap_status ap__work_grow_tokens(ap__work *work, size_t n);

/* A token whose place is outside of its piece's text: the reference takes what was meant to count from the
 * start of the piece for a place in the original. */
static inline ap_status ap__work_push_outside(ap__work *work, uint32_t id, uint32_t start, uint32_t end) {
    ap__tokens *list = &work->tokens;
    ap_status status = list->n == list->capacity ? ap__work_grow_tokens(work, 1) : AP_OK;
    if (status) return status;
    ap__token *token = &list->ptr[list->n++];
    token->id = id;
    token->word = work->word;
    /* Not as spans: they would be written in halves and read back as a whole, which processors wait for. */
    token->bytes.start = token->chars.start = start;
    token->bytes.end = token->chars.end = end;
    token->text = NULL;
    token->text_len = 0;
    return AP_OK;
}

/* A token over bytes [start, end) of the piece's text. */
static inline ap_status ap__work_push_token(ap__work *work, const ap__piece *piece, uint32_t id,
                                            uint32_t start, uint32_t end) {
    ap__span origin = {0, 0};
    if (!work->skips_offsets) origin = ap__ntext_origin_of(&piece->text, start, end);
    return ap__work_push_outside(work, id, origin.start, origin.end);
}

/* ap__work_push_token() where the token's string is that text and not the string of its id. */
ap_status ap__work_push_text_token(ap__work *work, const ap__piece *piece, uint32_t id, uint32_t start,
                                   uint32_t end);

/* -- pieces that came before --------------------------------------------------------------------------- */

/* What a model made of the piece before; NULL when that is not known, or when strings of tokens are asked
 * for.
 * @param[out] key for ap__work_remember(). */
const ap__cached_piece *ap__work_find_cached(ap__piece_key *key, const ap__work *work,
                                             const ap__piece *piece);

/* Keeps the tokens from `first` on for the piece of that key, if they fit.
 * @param ends where in the piece each of the first AP__CACHED_MAX_TOKENS ends. */
ap_status ap__work_remember(ap__work *work, const ap__piece_key *key, size_t first, const uint32_t *ends);

/* The n tokens of a part of the piece that begins at `start`. Bit i of `ends`: one ends behind byte i of it.
 */
ap_status ap__work_place_ids(ap__work *work, const ap__piece *piece, uint32_t start, const uint32_t *ids,
                             uint32_t n, uint32_t ends);

/* The same, where nobody may ask for offsets. How many there are, no processor foresees: a few are always
 * written.
 * @param ids AP__IDS_READ of them may be read, whatever those behind the n are. */
static inline ap_status ap__work_push_ids(ap__work *work, const ap__piece *piece, uint32_t start,
                                          const uint32_t *ids, uint32_t n, uint32_t ends) {
    ap__tokens *list = &work->tokens;
    if (!work->skips_offsets) return ap__work_place_ids(work, piece, start, ids, n, ends);
    ap_status status =
        list->capacity - list->n < n + AP__IDS_READ ? ap__work_grow_tokens(work, n + AP__IDS_READ) : AP_OK;
    if (status) return status;
    ap__token *tokens = list->ptr + list->n, token = {.word = work->word};
    list->n += n;
    for (uint32_t i = 0; i < AP__IDS_READ; i++) {
        token.id = ids[i];
        tokens[i] = token;
    }
    for (uint32_t i = AP__IDS_READ; i < n; i++) {
        token.id = ids[i];
        tokens[i] = token;
    }
    return AP_OK;
}

/* The tokens of a cached part of the piece, which begins at `start`. */
static inline ap_status ap__work_push_cached(ap__work *work, const ap__piece *piece, uint32_t start,
                                             const ap__cached_piece *cached) {
    return ap__work_push_ids(work, piece, start, cached->ids, cached->n, cached->ends);
}

#endif

/* Looking into encodings.
 * Source: huggingface/tokenizers@v0.21.4 tokenizer/encoding.rs (char_to_token and the like). */
#include "base/alloc.h"
#include "tokenizer/tokenizer.h"

void ap_encoding_destroy(ap_encoding *encoding) {
    if (!encoding) return;
    ap__encoding_clear(encoding);
    ap__free(encoding);
}

/* -- arrays -------------------------------------------------------------------------------------------- */

size_t ap_encoding_get_n(const ap_encoding *encoding) { return encoding ? encoding->n : 0; }

#define GETTER(NAME, TYPE)                                                                                   \
    const TYPE *ap_encoding_get_##NAME(const ap_encoding *encoding, size_t *n) {                             \
        if (n) *n = ap_encoding_get_n(encoding);                                                             \
        return encoding ? encoding->NAME : NULL;                                                             \
    }

GETTER(ids, uint32_t)
GETTER(type_ids, uint32_t)
GETTER(word_ids, uint32_t)
GETTER(sequence_ids, uint32_t)
GETTER(special_tokens_mask, uint8_t)
GETTER(attention_mask, uint8_t)
GETTER(offsets_chars, ap_span)
GETTER(offsets_bytes, ap_span)

#undef GETTER

const char *ap_encoding_get_token(const ap_encoding *encoding, size_t index, size_t *len_bytes) {
    bool is_there = index < ap_encoding_get_n(encoding) && encoding->tokens;
    if (len_bytes) *len_bytes = is_there ? encoding->tokens[index].len : 0;
    return is_there ? encoding->tokens[index].ptr : NULL;
}

size_t ap_encoding_get_n_overflowing(const ap_encoding *encoding) {
    return encoding ? encoding->n_overflowing : 0;
}

const ap_encoding *ap_encoding_get_overflowing(const ap_encoding *encoding, size_t index) {
    return index < ap_encoding_get_n_overflowing(encoding) ? &encoding->overflowing[index] : NULL;
}

/* -- positions ----------------------------------------------------------------------------------------- */

/* The tokens of a sequence; all of them when it has none, as in encoding.rs sequence_range. */
static ap_span range_of(const ap_encoding *encoding, uint32_t sequence) {
    uint32_t start = 0, end = (uint32_t)ap_encoding_get_n(encoding);
    while (start < end && encoding->sequence_ids[start] != sequence) start++;
    while (end > start && encoding->sequence_ids[end - 1] != sequence) end--;
    if (start == end) return (ap_span){0, (uint32_t)ap_encoding_get_n(encoding)};
    return (ap_span){start, end};
}

static uint32_t token_at(const ap_encoding *encoding, const ap_span *offsets, size_t position,
                         uint32_t sequence) {
    ap_span range = range_of(encoding, sequence);
    for (uint32_t i = range.start; i < range.end; i++)
        if (position >= offsets[i].start && position < offsets[i].end) return i;
    return AP_TOKEN_NONE;
}

uint32_t ap_encoding_char_to_token(const ap_encoding *encoding, size_t position, uint32_t sequence) {
    return token_at(encoding, ap_encoding_get_offsets_chars(encoding, NULL), position, sequence);
}

uint32_t ap_encoding_byte_to_token(const ap_encoding *encoding, size_t position, uint32_t sequence) {
    return token_at(encoding, ap_encoding_get_offsets_bytes(encoding, NULL), position, sequence);
}

static uint32_t word_of(const ap_encoding *encoding, uint32_t token) {
    return token == AP_TOKEN_NONE ? AP_TOKEN_NONE : encoding->word_ids[token];
}

uint32_t ap_encoding_char_to_word(const ap_encoding *encoding, size_t position, uint32_t sequence) {
    return word_of(encoding, ap_encoding_char_to_token(encoding, position, sequence));
}

uint32_t ap_encoding_byte_to_word(const ap_encoding *encoding, size_t position, uint32_t sequence) {
    return word_of(encoding, ap_encoding_byte_to_token(encoding, position, sequence));
}

static int token_to(const ap_encoding *encoding, const ap_span *offsets, size_t token, ap_span *out) {
    if (token >= ap_encoding_get_n(encoding) || encoding->sequence_ids[token] == AP_TOKEN_NONE) return 0;
    *out = offsets[token];
    return 1;
}

int ap_encoding_token_to_chars(const ap_encoding *encoding, size_t token, ap_span *out) {
    return token_to(encoding, ap_encoding_get_offsets_chars(encoding, NULL), token, out);
}

int ap_encoding_token_to_bytes(const ap_encoding *encoding, size_t token, ap_span *out) {
    return token_to(encoding, ap_encoding_get_offsets_bytes(encoding, NULL), token, out);
}

int ap_encoding_word_to_tokens(const ap_encoding *encoding, uint32_t word, uint32_t sequence, ap_span *out) {
    ap_span range = range_of(encoding, sequence), found = {0, 0};
    if (word == AP_TOKEN_NONE) return 0;
    for (uint32_t i = range.start; i < range.end; i++) {
        uint32_t at = encoding->word_ids[i];
        if (at != AP_TOKEN_NONE && at > word) break; /* Words come in order. */
        if (at != word) continue;
        if (!found.end) found.start = i;
        found.end = i + 1;
    }
    if (found.end) *out = found;
    return found.end != 0;
}

static int word_to(const ap_encoding *encoding, const ap_span *offsets, uint32_t word, uint32_t sequence,
                   ap_span *out) {
    ap_span tokens;
    if (!ap_encoding_word_to_tokens(encoding, word, sequence, &tokens)) return 0;
    *out = (ap_span){offsets[tokens.start].start, offsets[tokens.end - 1].end};
    return 1;
}

int ap_encoding_word_to_chars(const ap_encoding *encoding, uint32_t word, uint32_t sequence, ap_span *out) {
    return word_to(encoding, ap_encoding_get_offsets_chars(encoding, NULL), word, sequence, out);
}

int ap_encoding_word_to_bytes(const ap_encoding *encoding, uint32_t word, uint32_t sequence, ap_span *out) {
    return word_to(encoding, ap_encoding_get_offsets_bytes(encoding, NULL), word, sequence, out);
}

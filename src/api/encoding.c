/* Looking into encodings. */
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

uint32_t ap_encoding_char_to_token(const ap_encoding *encoding, size_t position, uint32_t sequence) {
    return encoding ? ap__encoding_token_at(encoding, encoding->offsets_chars, position, sequence)
                    : AP_TOKEN_NONE;
}

uint32_t ap_encoding_byte_to_token(const ap_encoding *encoding, size_t position, uint32_t sequence) {
    return encoding ? ap__encoding_token_at(encoding, encoding->offsets_bytes, position, sequence)
                    : AP_TOKEN_NONE;
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
    return encoding && word != AP_TOKEN_NONE && ap__encoding_word_to_tokens(encoding, word, sequence, out);
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

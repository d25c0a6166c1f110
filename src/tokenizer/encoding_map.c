/* From characters to tokens and back. Source: huggingface/tokenizers@v0.21.4 tokenizer/encoding.rs. */
#include "tokenizer/tokenizer.h"

/* The tokens of a sequence; all of them when nothing says which, as in encoding.rs sequence_range. */
static ap__span range_of(const ap__encoding *encoding, uint32_t sequence) {
    uint32_t start = 0, end = (uint32_t)encoding->n;
    if (sequence >= 32 || !(encoding->known_sequences >> sequence & 1)) return (ap__span){start, end};
    while (start < end && encoding->sequence_ids[start] != sequence) start++;
    while (end > start && encoding->sequence_ids[end - 1] != sequence) end--;
    return (ap__span){start, end};
}

uint32_t ap__encoding_token_at(const ap__encoding *encoding, const ap__span *offsets, size_t position,
                               uint32_t sequence) {
    ap__span range = range_of(encoding, sequence);
    for (uint32_t i = range.start; i < range.end; i++)
        if (position >= offsets[i].start && position < offsets[i].end) return i;
    return AP__TOKEN_NONE;
}

uint32_t ap__encoding_char_to_token(const ap__encoding *encoding, uint32_t pos_chars, uint32_t sequence) {
    return ap__encoding_token_at(encoding, encoding->offsets_chars, pos_chars, sequence);
}

uint32_t ap__encoding_char_to_word(const ap__encoding *encoding, uint32_t pos_chars, uint32_t sequence) {
    uint32_t token = ap__encoding_char_to_token(encoding, pos_chars, sequence);
    return token == AP__TOKEN_NONE ? AP__TOKEN_NONE : encoding->word_ids[token];
}

bool ap__encoding_token_to_chars(const ap__encoding *encoding, uint32_t token, ap__span *chars) {
    if (token >= encoding->n || encoding->sequence_ids[token] == AP__TOKEN_NONE) return false;
    *chars = encoding->offsets_chars[token];
    return true;
}

bool ap__encoding_word_to_tokens(const ap__encoding *encoding, uint32_t word, uint32_t sequence,
                                 ap__span *tokens) {
    ap__span range = range_of(encoding, sequence);
    bool is_found = false;
    for (uint32_t i = range.start; i < range.end; i++) {
        uint32_t of_token = encoding->word_ids[i];
        if (of_token == AP__TOKEN_NONE) continue;
        if (of_token > word) break;
        if (of_token != word) continue;
        if (!is_found) tokens->start = i;
        tokens->end = i + 1;
        is_found = true;
    }
    return is_found;
}

bool ap__encoding_word_to_chars(const ap__encoding *encoding, uint32_t word, uint32_t sequence,
                                ap__span *chars) {
    ap__span tokens;
    if (!ap__encoding_word_to_tokens(encoding, word, sequence, &tokens)) return false;
    *chars =
        (ap__span){encoding->offsets_chars[tokens.start].start, encoding->offsets_chars[tokens.end - 1].end};
    return true;
}

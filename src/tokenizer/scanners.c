/* Scanners of well-known split patterns.
 * Source: openai/gpt-2@master src/encoder.py Encoder.pat; huggingface/tokenizers@v0.21.4
 * pre_tokenizers/byte_level.rs. */
#include "tokenizer/scanners.h"

#include "base/utf8.h"
#include "tokenizer/unicode.h"

#include <string.h>

/* What a character is to the patterns. */
typedef enum char_class { CLASS_SPACE, CLASS_LETTER, CLASS_NUMBER, CLASS_OTHER } char_class;

static const uint8_t ASCII_CLASSES[128] = {
#define S CLASS_SPACE
#define L CLASS_LETTER
#define N CLASS_NUMBER
#define O CLASS_OTHER
    O, O, O, O, O, O, O, O, O, S, S, S, S, S, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O,
    S, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, N, N, N, N, N, N, N, N, N, N, O, O, O, O, O, O,
    O, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, O, O, O, O, O,
    O, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, O, O, O, O, O,
#undef S
#undef L
#undef N
#undef O
};

/* The class of the character at `at`; *end is behind it. */
static inline char_class class_at(const char *text, uint32_t at, uint32_t *end) {
    unsigned char byte = (unsigned char)text[at];
    if (byte < 128) {
        *end = at + 1;
        return (char_class)ASCII_CLASSES[byte];
    }
    uint32_t code;
    *end = at + (uint32_t)ap__utf8_next(&code, text + at);
    uint32_t flags = ap__unicode_flags(code);
    if (flags & AP__UNICODE_LETTER) return CLASS_LETTER;
    if (flags & AP__UNICODE_NUMBER) return CLASS_NUMBER;
    return flags & AP__UNICODE_WHITESPACE ? CLASS_SPACE : CLASS_OTHER;
}

/* The end of the run of that class. */
static uint32_t run_end(const char *text, uint32_t len, uint32_t at, char_class wanted) {
    uint32_t end;
    while (at < len && class_at(text, at, &end) == wanted) at = end;
    return at;
}

/* The end of 's, 't, 're, 've, 'm, 'll or 'd; `at` when there is none. */
static uint32_t contraction_end(const char *text, uint32_t len, uint32_t at) {
    if (text[at] != '\'' || at + 1 >= len) return at;
    char c = text[at + 1];
    if (c == 's' || c == 't' || c == 'm' || c == 'd') return at + 2;
    if (at + 2 >= len) return at;
    char next = text[at + 2];
    bool is_two = (next == 'e' && (c == 'r' || c == 'v')) || (next == 'l' && c == 'l');
    return is_two ? at + 3 : at;
}

/* \s+(?!\S)|\s+ : all of the run but its last character, which belongs to the word that follows, if one does.
 */
static uint32_t spaces_end(const char *text, uint32_t len, uint32_t at) {
    uint32_t last = at, end = at, next;
    while (end < len && class_at(text, end, &next) == CLASS_SPACE) {
        last = end;
        end = next;
    }
    return end == len || last == at ? end : last;
}

uint32_t ap__scan_gpt2(const char *text, uint32_t len, uint32_t at) {
    uint32_t end = contraction_end(text, len, at), next;
    if (end > at) return end;
    char_class first = class_at(text, at, &next);
    if (first != CLASS_SPACE) return run_end(text, len, next, first);
    if (text[at] == ' ' && next < len) {
        char_class second = class_at(text, next, &end);
        if (second != CLASS_SPACE) return run_end(text, len, end, second);
    }
    return spaces_end(text, len, at);
}

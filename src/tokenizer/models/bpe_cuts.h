/* Where a text may be cut before it is merged: between characters that no merge brings together.
 *
 * Any merge across such a place has a left token that ends with the character before it, or with the end of
 * that one's bytes, and a right token that begins with the one behind it, or with the start of its bytes. If
 * there is no merge of such tokens, the parts are merged each for itself: a text without spaces falls into
 * parts that come again, and are short. */
#ifndef AP_TOKENIZER_MODELS_BPE_CUTS_H
#define AP_TOKENIZER_MODELS_BPE_CUTS_H

#include "tokenizer/tokenizer.h"

enum { AP__CUTS_BITS = 18 };

/* Most of a text is ASCII and, behind it in number, what SentencePiece models have for a space: U+2581. */
enum { AP__NEAR_SPACE = 128, AP__N_NEAR };

#define AP__NEAR_SPACE_BYTES "\xE2\x96\x81"
enum { AP__NEAR_SPACE_LEN = 3 };

/* The number of such a character; -1 for all others. */
static inline int ap__near_number(uint32_t code) {
    if (code < AP__NEAR_SPACE) return (int)code;
    return code == 0x2581 ? AP__NEAR_SPACE : -1;
}

static inline bool ap__is_near_space(const char *character) {
    return character[0] == AP__NEAR_SPACE_BYTES[0] && character[1] == AP__NEAR_SPACE_BYTES[1] &&
           character[2] == AP__NEAR_SPACE_BYTES[2];
}

/* What merges bring together. A pair of which there is none may share a bit with one that there is: it is
 * then not cut at, which changes the time alone. */
typedef struct ap__cuts {
    uint64_t near[AP__N_NEAR][4]; /* Of the character before, those behind. */
    uint64_t others[1 << (AP__CUTS_BITS - 6)];
    /* Merges of tokens that hold only some bytes of a character: of its last byte, the first bytes behind. */
    uint64_t bytes[256][4];
    bool are_bytes; /* Tokens are spelled in the byte alphabet. */
} ap__cuts;

/* Says that there is a merge of these tokens. */
void ap__cuts_add(ap__cuts *cuts, ap__text left, ap__text right);

/* The end of the first part of text[at .. len), which is not empty. */
uint32_t ap__cuts_next(const ap__cuts *cuts, const char *text, uint32_t len, uint32_t at);

#endif

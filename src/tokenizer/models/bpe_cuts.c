/* Pairs of characters that merges bring together. */
#include "tokenizer/models/bpe_cuts.h"

#include "base/utf8.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/ntext.h"

/* A character has a number: first those that are near, then the others. Behind them: a first byte of one, of
 * which the rest does not matter. */
enum { FIRST_BYTE = 0x110001 };

static inline uint32_t number_of(const ap__cuts *cuts, uint32_t code) {
    int near = ap__near_number(code);
    /* Of bytes there is more to look at than what characters are merged, but in ASCII. */
    return near < 0 || (near == AP__NEAR_SPACE && cuts->are_bytes) ? code + 1 : (uint32_t)near;
}

static inline bool are_near(uint32_t before, uint32_t behind) {
    return before < AP__N_NEAR && behind < AP__N_NEAR;
}

static inline size_t place_of(uint32_t before, uint32_t behind) {
    uint64_t hash = ((uint64_t)before << 32 | behind) * 0x9E3779B97F4A7C15u;
    return (size_t)((hash ^ hash >> 32) * 0xC2B2AE3D27D4EB4Fu >> (64 - AP__CUTS_BITS));
}

static void add_pair(ap__cuts *cuts, uint32_t before, uint32_t behind) {
    size_t at = place_of(before, behind);
    if (are_near(before, behind))
        cuts->near[before][behind >> 6] |= 1ull << (behind & 63);
    else
        cuts->others[at >> 6] |= 1ull << (at & 63);
}

/* The end or the start of a token: a character, or as many of its bytes as the token has. */
typedef struct edge {
    uint32_t code;
    bool is_whole, is_none; /* None: no token that text is made of, or not where a character ends. */
    unsigned char outer;    /* The byte at the edge. */
} edge;

static uint32_t char_before(ap__text token, size_t *at) {
    uint32_t code;
    do (*at)--;
    while (*at > 0 && ap__is_continuation(token.ptr[*at]));
    ap__utf8_next(&code, token.ptr + *at);
    return code;
}

/* Decodes the bytes of a character if all of them are there. */
static edge edge_of(const char *bytes, size_t n) {
    edge e = {.is_whole = n > 0 && ap__utf8_len(bytes[0]) == n && !ap__is_continuation(bytes[0])};
    if (e.is_whole) ap__utf8_next(&e.code, bytes);
    return e;
}

static edge end_of_bytes(ap__text token) {
    char bytes[4];
    size_t n = 0, at = token.len;
    for (bool is_open = true; at > 0 && n < 4 && is_open; n++) {
        int byte = ap__char_to_byte(char_before(token, &at));
        if (byte < 0) return (edge){.is_none = true};
        for (size_t i = n; i > 0; i--) bytes[i] = bytes[i - 1];
        bytes[0] = (char)byte;
        is_open = ap__is_continuation(bytes[0]);
    }
    edge e = edge_of(bytes, n);
    e.is_none = n == 0 || (!e.is_whole && !ap__is_continuation(bytes[0]));
    e.outer = n ? (unsigned char)bytes[n - 1] : 0;
    return e;
}

static edge start_of_bytes(ap__text token) {
    char bytes[4];
    size_t n = 0, need = 1;
    for (size_t at = 0; at < token.len && n < need;) {
        uint32_t code;
        at += ap__utf8_next(&code, token.ptr + at);
        int byte = ap__char_to_byte(code);
        if (byte < 0) return (edge){.is_none = true};
        bytes[n++] = (char)byte;
        need = ap__utf8_len(bytes[0]);
    }
    edge e = edge_of(bytes, n);
    e.is_none = n == 0 || ap__is_continuation(bytes[0]);
    e.outer = n ? (unsigned char)bytes[0] : 0;
    return e;
}

static void add_bytes(ap__cuts *cuts, ap__text left, ap__text right) {
    edge start = start_of_bytes(right);
    if (start.is_none) return;
    edge end = end_of_bytes(left);
    if (end.is_none) return;
    if (!end.is_whole)
        cuts->bytes[end.outer][start.outer >> 6] |= 1ull << (start.outer & 63);
    else
        add_pair(cuts, number_of(cuts, end.code),
                 start.is_whole ? number_of(cuts, start.code) : FIRST_BYTE + (uint32_t)start.outer);
}

void ap__cuts_add(ap__cuts *cuts, ap__text left, ap__text right) {
    if (!left.len || !right.len) return; /* No text is made of such a token. */
    size_t at = left.len;
    uint32_t behind;
    if (cuts->are_bytes) {
        add_bytes(cuts, left, right);
    } else {
        ap__utf8_next(&behind, right.ptr);
        add_pair(cuts, number_of(cuts, char_before(left, &at)), number_of(cuts, behind));
    }
}

static inline bool has_pair(const ap__cuts *cuts, uint32_t before, uint32_t behind) {
    size_t at = place_of(before, behind);
    return cuts->others[at >> 6] >> (at & 63) & 1;
}

/* Whether a merge may reach across `at`, where one of the characters around is not ASCII. */
static bool may_join(const ap__cuts *cuts, const char *text, uint32_t at, uint32_t before, uint32_t behind) {
    unsigned char last = (unsigned char)text[at - 1], first = (unsigned char)text[at];
    if (has_pair(cuts, before, behind)) return true;
    if (!cuts->are_bytes) return false;
    return cuts->bytes[last][first >> 6] >> (first & 63) & 1 ||
           has_pair(cuts, before, FIRST_BYTE + (uint32_t)first);
}

/* The number of the character at `text` and, in *n, its bytes. */
static inline uint32_t next_number(const ap__cuts *cuts, const char *text, uint32_t *n) {
    uint32_t code = (unsigned char)text[0];
    *n = 1;
    if (code < AP__NEAR_SPACE) return code;
    if (ap__is_near_space(text) && !cuts->are_bytes) {
        *n = AP__NEAR_SPACE_LEN;
        return AP__NEAR_SPACE;
    }
    *n = (uint32_t)ap__utf8_next(&code, text);
    return code + 1;
}

static inline bool is_near_pair(const ap__cuts *cuts, uint32_t before, uint32_t behind) {
    return cuts->near[before][behind >> 6] >> (behind & 63) & 1;
}

uint32_t ap__cuts_next(const ap__cuts *cuts, const char *text, uint32_t len, uint32_t at) {
    const char *end = text + len, *p = text + at;
    uint32_t n, behind, before = next_number(cuts, p, &n);
    for (p += n; p < end; p += n) {
        while (before < AP__N_NEAR && (behind = (unsigned char)*p) < AP__NEAR_SPACE) {
            if (!is_near_pair(cuts, before, behind) || ++p == end) return (uint32_t)(p - text);
            before = behind;
        }
        behind = next_number(cuts, p, &n);
        if (are_near(before, behind) ? !is_near_pair(cuts, before, behind)
                                     : !may_join(cuts, text, (uint32_t)(p - text), before, behind))
            break;
        before = behind;
    }
    return (uint32_t)(p - text);
}

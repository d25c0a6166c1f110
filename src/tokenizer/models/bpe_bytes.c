/* Tables of merges that take single bytes. */
#include "tokenizer/models/bpe_bytes.h"

#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/models/bpe_cuts.h"
#include "tokenizer/ntext.h"

ap_status ap__byte_merges_create(ap__byte_merges **out, ap__arena *arena, const uint32_t *ids,
                                 ap_error *err) {
    ap__byte_merges *bytes = ap__arena_alloc(arena, sizeof *bytes);
    *out = bytes;
    if (!bytes) return ap__fail_nomem(err);
    memset(bytes, 0xFF, sizeof *bytes); /* No rank, and no token. */
    memcpy(bytes->ids, ids, sizeof bytes->ids);
    bytes->are_near = false;
    return AP_OK;
}

/* Of pairs there are no more than those of such numbers: the rest is left as it is, and takes no memory. */
ap_status ap__near_merges_create(ap__byte_merges **out, ap__arena *arena, const uint32_t *ids,
                                 ap_error *err) {
    ap__byte_merges *near = ap__arena_alloc(arena, sizeof *near);
    *out = near;
    if (!near) return ap__fail_nomem(err);
    memset(near->pairs, 0xFF, AP__N_NEAR * sizeof *near->pairs * 256);
    memcpy(near->ids, ids, sizeof near->ids);
    near->are_near = true;
    return AP_OK;
}

static int byte_at(const ap__byte_merges *bytes, const char *character) {
    uint32_t code;
    ap__utf8_next(&code, character);
    return bytes->are_near ? ap__near_number(code) : ap__char_to_byte(code);
}

static int last_byte(const ap__byte_merges *bytes, ap__text token) {
    size_t at = token.len - 1;
    while (at > 0 && ap__is_continuation(token.ptr[at])) at--;
    return byte_at(bytes, token.ptr + at);
}

static void lower(uint32_t *place, uint32_t rank) {
    if (rank < *place) *place = rank;
}

/* Whether the token is two bytes, the first of which is that of a character of three. */
static bool get_two(const ap__byte_merges *bytes, unsigned char *two, ap__text token) {
    if (token.len < 3 || token.len > 4 || (token.ptr[0] & 0xFF) != 0xC3) return false;
    if (2 + ap__utf8_len(token.ptr[2]) != token.len) return false;
    int first = byte_at(bytes, token.ptr), second = byte_at(bytes, token.ptr + 2);
    two[0] = (unsigned char)first;
    two[1] = (unsigned char)second;
    return first >= 0 && second >= 0 && ap__is_lead_of_three(two[0]) && ap__is_inner_byte(two[1]);
}

static void add_triple(ap__byte_merges *bytes, ap__text left, int third, ap__byte_triple triple) {
    unsigned char two[2];
    if (third < 0 || !ap__is_inner_byte((unsigned char)third) || !get_two(bytes, two, left)) return;
    bytes->triples[ap__byte_two_of(two) << 6 | ((unsigned)third & 63u)] = triple;
}

static void add_before_two(ap__byte_merges *bytes, ap__text left, ap__text right, uint32_t rank) {
    unsigned char two[2];
    if (!get_two(bytes, two, right)) return;
    int last = last_byte(bytes, left);
    if (last < 0) return;
    bool is_inner = ap__is_inner_byte((unsigned char)last);
    lower(&bytes->before_two[ap__byte_two_of(two)][is_inner ? last & 63 : 64], rank);
}

void ap__byte_merges_add(ap__byte_merges *bytes, ap__text left, ap__text right, uint32_t rank,
                         uint32_t merged, bool is_used) {
    if (!left.len || !right.len) return; /* No text is made of such a token. */
    bool is_left_one = ap__utf8_len(left.ptr[0]) == left.len,
         is_right_one = ap__utf8_len(right.ptr[0]) == right.len;
    add_before_two(bytes, left, right, rank);
    if (!is_left_one && !is_right_one) return;
    int first = last_byte(bytes, left), second = byte_at(bytes, right.ptr);
    if (first < 0 || second < 0) return;
    ap__byte_pair *pair = &bytes->pairs[(size_t)first << 8 | (size_t)second];
    uint32_t kept = is_used ? AP__TOKEN_NONE : merged;
    if (is_right_one) lower(&pair->before, rank);
    if (is_left_one) lower(&pair->behind, rank);
    if (is_right_one) add_triple(bytes, left, second, (ap__byte_triple){rank, kept});
    if (!is_left_one || !is_right_one) return;
    pair->rank = rank;
    pair->merged = kept;
}

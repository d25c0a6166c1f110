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

void ap__byte_merges_add(ap__byte_merges *bytes, ap__text left, ap__text right, uint32_t rank,
                         uint32_t merged, bool is_used) {
    if (!left.len || !right.len) return; /* No text is made of such a token. */
    bool is_left_one = ap__utf8_len(left.ptr[0]) == left.len,
         is_right_one = ap__utf8_len(right.ptr[0]) == right.len;
    if (!is_left_one && !is_right_one) return;
    int first = last_byte(bytes, left), second = byte_at(bytes, right.ptr);
    if (first < 0 || second < 0) return;
    ap__byte_pair *pair = &bytes->pairs[(size_t)first << 8 | (size_t)second];
    if (is_right_one) lower(&pair->before, rank);
    if (is_left_one) lower(&pair->behind, rank);
    if (!is_left_one || !is_right_one) return;
    pair->rank = rank;
    pair->merged = is_used ? AP__TOKEN_NONE : merged;
}

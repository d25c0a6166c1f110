/* Pairs of characters that merges bring together. */
#include "tokenizer/models/bpe_cuts.h"

#include "base/utf8.h"
#include "tokenizer/ntext.h"

void ap__cuts_add(ap__cuts *cuts, ap__text left, ap__text right) {
    uint32_t before, behind;
    size_t at = left.len - 1;
    while (at > 0 && ap__is_continuation(left.ptr[at])) at--;
    ap__utf8_next(&before, left.ptr + at);
    ap__utf8_next(&behind, right.ptr);
    if ((before | behind) < 128) {
        cuts->ascii[before][behind >> 6] |= 1ull << (behind & 63);
        return;
    }
    uint64_t hash = ap__cuts_hash(before, behind);
    cuts->others[hash >> 6] |= 1ull << (hash & 63);
}

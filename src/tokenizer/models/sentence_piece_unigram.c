/* Unigram as the SentencePiece library computes it: scores are added as floats, in the order of the text, and
 * the first of equal ways stays. Source: google/sentencepiece@v0.2.1 src/unigram_model.cc EncodeOptimized. */
#include "base/alloc.h"
#include "base/error.h"
#include "tokenizer/models/sentence_piece.h"

/* What a character that is no piece costs below the worst one. */
#define UNKNOWN_PENALTY 10.0f

/* The best way to a place of the text. */
typedef struct arrival {
    float score;
    uint32_t start; /* Of the last piece; NOT_REACHED: there is no way. */
    uint32_t piece;
} arrival;

#define NOT_REACHED UINT32_MAX

/* The sum is compared before it is rounded to a float, as in the library. */
static void arrive(arrival *to, double score, uint32_t start, uint32_t piece) {
    if (to->start != NOT_REACHED && !(score > (double)to->score)) return;
    *to = (arrival){(float)score, start, piece};
}

/* User-defined pieces cost next to nothing, so that they are always chosen. */
static double score_of(const ap__sentence_piece *self, const ap__sp_piece *piece, uint32_t len) {
    float bonus = (float)len * self->max_score;
    return piece->type == AP__SP_USER_DEFINED ? (double)bonus - 0.1 : (double)piece->score;
}

static void find_way(const ap__sentence_piece *self, const ap__ntext *text, arrival *arrivals,
                     ap__work *work) {
    float unknown = self->min_score - UNKNOWN_PENALTY;
    for (uint32_t i = 1; i <= text->len; i++) arrivals[i].start = NOT_REACHED;
    arrivals[0] = (arrival){0};
    for (uint32_t at = 0, n; at < text->len; at += n) {
        float score = arrivals[at].score;
        bool has_single = false;
        uint32_t place;
        n = ap__utf8_len(text->ptr[at]);
        ap__trie_walk walk = {.text = text->ptr + at, .len = text->len - at};
        while (ap__trie_next(&self->trie, &walk, &place)) {
            uint32_t entry = self->trie.entries[place];
            const ap__sp_piece *piece = &self->infos[entry];
            if (piece->type == AP__SP_UNUSED) continue;
            arrive(&arrivals[at + walk.at], score_of(self, piece, walk.at) + (double)score, at, entry);
            has_single = has_single || walk.at == n;
        }
        work->n_steps += walk.at + 1;
        float sum = unknown + score;
        if (!has_single) arrive(&arrivals[at + n], (double)sum, at, AP__TOKEN_NONE);
    }
}

ap_status ap__sp_cut_unigram(const ap__sentence_piece *self, ap__work *work, const ap__ntext *text,
                             ap__sp_stretches *out) {
    size_t size, n = 0;
    if (!ap__mul_size(&size, (size_t)text->len + 1, sizeof(arrival))) return ap__fail_nomem(work->err);
    arrival *arrivals = ap__arena_alloc(&work->arena, size);
    if (!arrivals) return ap__fail_nomem(work->err);
    find_way(self, text, arrivals, work);
    for (uint32_t end = text->len; end; end = arrivals[end].start) n++;
    out->ptr = ap__arena_calloc(&work->arena, n, sizeof *out->ptr);
    if (!out->ptr) return ap__fail_nomem(work->err);
    out->n = n;
    for (uint32_t end = text->len; end; end = arrivals[end].start)
        out->ptr[--n] = (ap__sp_stretch){arrivals[end].start, end, arrivals[end].piece};
    return AP_OK;
}

/* BPE as the SentencePiece library computes it: of all neighbours whose text together is a piece, the pair
 * with the best score is merged, then the leftmost; what a piece is made of does not matter. Source:
 * google/sentencepiece@v0.2.1 src/bpe_model.cc SampleEncode. */
#include "base/alloc.h"
#include "base/error.h"
#include "tokenizer/models/sentence_piece.h"

#define NOBODY UINT32_MAX

/* A stretch of the text; those that are merged away have no length. */
typedef struct symbol {
    uint32_t start, len, prev, next;
    bool is_frozen; /* A user-defined piece. */
} symbol;

/* Two neighbours that make a piece. */
typedef struct pair {
    float score;
    uint32_t left, right, len;
} pair;

typedef struct bpe {
    const ap__sentence_piece *self;
    ap__work *work;
    const ap__ntext *text;
    symbol *symbols;
    uint32_t n;
    pair *heap;
    size_t n_pairs;
    uint32_t *splits; /* Of each piece that is not to be used: the length of its left part as it came last; 0:
                         it did not come. */
    ap__sp_stretches *out;
} bpe;

/* -- the heap ------------------------------------------------------------------------------------------ */

static bool is_better(const pair *a, const pair *b) {
    return a->score > b->score || (a->score == b->score && a->left < b->left);
}

static void push(bpe *b, pair added) {
    size_t at = b->n_pairs++;
    for (; at && is_better(&added, &b->heap[(at - 1) / 2]); at = (at - 1) / 2)
        b->heap[at] = b->heap[(at - 1) / 2];
    b->heap[at] = added;
}

static pair pop(bpe *b) {
    pair top = b->heap[0], last = b->heap[--b->n_pairs];
    size_t at = 0;
    for (size_t child = 1; child < b->n_pairs; child = 2 * at + 1) {
        if (child + 1 < b->n_pairs && is_better(&b->heap[child + 1], &b->heap[child])) child++;
        if (!is_better(&b->heap[child], &last)) break;
        b->heap[at] = b->heap[child];
        at = child;
    }
    b->heap[at] = last;
    return top;
}

/* -- merging ------------------------------------------------------------------------------------------- */

static void look_at(bpe *b, uint32_t left, uint32_t right) {
    if (left == NOBODY || right == NOBODY) return;
    const symbol *l = &b->symbols[left], *r = &b->symbols[right];
    uint32_t len = l->len + r->len;
    if (l->is_frozen || r->is_frozen || len > b->self->pieces.longest) return;
    b->work->n_steps += len;
    uint32_t piece = ap__vocab_find(&b->self->pieces, b->text->ptr + l->start, len);
    if (piece == AP__TOKEN_NONE) return;
    push(b, (pair){b->self->infos[piece].score, left, right, len});
    if (b->splits && b->self->infos[piece].type == AP__SP_UNUSED) b->splits[piece] = l->len;
}

static void merge(bpe *b, const pair *p) {
    symbol *left = &b->symbols[p->left], *right = &b->symbols[p->right];
    if (!left->len || !right->len || left->len + right->len != p->len)
        return; /* One of them is another now. */
    left->len = p->len;
    left->next = right->next;
    if (right->next != NOBODY) b->symbols[right->next].prev = p->left;
    right->len = 0;
    look_at(b, left->prev, p->left);
    look_at(b, p->left, left->next);
}

static void list_symbols(bpe *b) {
    for (uint32_t at = 0, len; at < b->text->len; at += len) {
        const char *text = b->text->ptr + at;
        len = ap__sp_symbol_len(b->self, text, b->text->len - at);
        bool is_frozen = len != 0;
        if (!len) len = ap__utf8_len(text[0]);
        b->symbols[b->n] = (symbol){at, len, b->n ? b->n - 1 : NOBODY, b->n + 1, is_frozen};
        b->n++;
    }
    b->symbols[b->n - 1].next = NOBODY;
}

/* -- what comes out ------------------------------------------------------------------------------------ */

static void put(bpe *b, uint32_t start, uint32_t len, uint32_t piece) {
    b->out->ptr[b->out->n++] = (ap__sp_stretch){start, start + len, piece};
}

/* A piece that is not to be used falls apart again, into the parts that it was last made of. `open` has room
 * for as many lengths as the symbol has bytes. */
static void put_symbol(bpe *b, const symbol *s, uint32_t *open) {
    uint32_t n = 0, start = s->start;
    open[n++] = s->len;
    while (n) {
        uint32_t len = open[--n];
        uint32_t piece = ap__vocab_find(&b->self->pieces, b->text->ptr + start, len);
        uint32_t left = b->splits && piece != AP__TOKEN_NONE ? b->splits[piece] : 0;
        if (left && left < len) {
            open[n++] = len - left;
            open[n++] = left;
            continue;
        }
        put(b, start, len, piece);
        start += len;
    }
}

static ap_status allocate(bpe *b) {
    ap__arena *arena = &b->work->arena;
    size_t n = b->text->len;
    b->symbols = ap__arena_calloc(arena, n, sizeof *b->symbols);
    b->heap = ap__arena_calloc(arena, n, 3 * sizeof *b->heap); /* A merge makes two pairs at most. */
    b->out->ptr = ap__arena_calloc(arena, n, sizeof *b->out->ptr);
    if (b->self->has_unused) b->splits = ap__arena_calloc(arena, b->self->pieces.n, sizeof *b->splits);
    bool is_done = b->symbols && b->heap && b->out->ptr && (b->splits || !b->self->has_unused);
    return is_done ? AP_OK : ap__fail_nomem(b->work->err);
}

ap_status ap__sp_cut_bpe(const ap__sentence_piece *self, ap__work *work, const ap__ntext *text,
                         ap__sp_stretches *out) {
    bpe b = {.self = self, .work = work, .text = text, .out = out};
    *out = (ap__sp_stretches){0};
    ap_status status = allocate(&b);
    if (status) return status;
    list_symbols(&b);
    for (uint32_t i = 1; i < b.n; i++) look_at(&b, i - 1, i);
    while (b.n_pairs) {
        pair top = pop(&b);
        merge(&b, &top);
    }
    uint32_t *open = ap__arena_calloc(&work->arena, text->len, sizeof *open);
    if (!open) return ap__fail_nomem(work->err);
    for (uint32_t i = 0; i != NOBODY; i = b.symbols[i].next) put_symbol(&b, &b.symbols[i], open);
    return AP_OK;
}

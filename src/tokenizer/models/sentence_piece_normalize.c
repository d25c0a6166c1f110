/* SentencePiece's normalization: the character map, runs of spaces, the mark that stands for a space. Source:
 * google/sentencepiece@v0.2.1 src/normalizer.cc Normalize, NormalizePrefix. */
#include "tokenizer/models/sentence_piece.h"

#include <string.h>

#define MARK "\xE2\x96\x81" /* U+2581 */
enum { MARK_LEN = 3 };

typedef struct pass {
    const ap__sentence_piece *self;
    const ap__ntext *in;
    ap__transform t;
    uint32_t at;
} pass;

uint32_t ap__sp_symbol_len(const ap__sentence_piece *self, const char *text, uint32_t len) {
    uint32_t place, found = 0;
    if (!self->symbols.n) return 0;
    ap__trie_walk walk = {.text = text, .len = len};
    while (ap__trie_next(&self->symbol_trie, &walk, &place)) found = walk.at;
    return found;
}

/* What the next `*n` bytes become. */
static ap__text next_prefix(const pass *p, uint32_t *n) {
    const char *text = p->in->ptr + p->at;
    uint32_t len = p->in->len - p->at;
    size_t longest = 0;
    if ((*n = ap__sp_symbol_len(p->self, text, len))) return (ap__text){text, *n};
    ap__text replaced = ap__charsmap_longest(&p->self->map, text, len, &longest);
    *n = replaced.ptr ? (uint32_t)longest : ap__utf8_len(text[0]);
    return replaced.ptr ? replaced : (ap__text){text, *n};
}

static ap__text space_of(const ap__sentence_piece *self) {
    return self->escape_whitespaces ? (ap__text){MARK, MARK_LEN} : (ap__text){" ", 1};
}

static void put(pass *p, ap__text text, ap__span origin) {
    ap__text space = space_of(p->self);
    while (text.len) {
        const char *found = memchr(text.ptr, ' ', text.len);
        size_t n = found ? (size_t)(found - text.ptr) : text.len;
        ap__transform_insert(&p->t, text.ptr, n, origin);
        if (found) ap__transform_insert(&p->t, space.ptr, space.len, origin);
        n += found != NULL;
        text = (ap__text){text.ptr + n, text.len - n};
    }
}

/* The mark that is in front of, or behind, every text. */
static void put_mark(pass *p) {
    uint32_t place = p->in->origin.start + p->at;
    ap__text space = space_of(p->self);
    ap__transform_insert(&p->t, space.ptr, space.len, (ap__span){place, place});
}

static void skip_spaces(pass *p) {
    while (p->at < p->in->len) {
        uint32_t n;
        ap__text next = next_prefix(p, &n);
        if (next.len != 1 || next.ptr[0] != ' ') break;
        p->at += n;
    }
}

static void put_all(pass *p) {
    bool removes = p->self->remove_extra_whitespaces, is_space = removes;
    while (p->at < p->in->len && !p->t.status) {
        uint32_t n;
        ap__text next = next_prefix(p, &n);
        ap__span origin = ap__ntext_origin_of(p->in, p->at, p->at + n);
        for (; is_space && next.len && next.ptr[0] == ' '; next.len--) next.ptr++;
        if (next.len) {
            put(p, next, origin);
            is_space = removes && next.ptr[next.len - 1] == ' ';
        }
        p->at += n;
    }
}

static void remove_last_spaces(pass *p) {
    ap__text space = space_of(p->self);
    while (p->t.len >= space.len && !memcmp(p->t.out->ptr + p->t.len - space.len, space.ptr, space.len))
        p->t.len -= space.len;
}

ap_status ap__sp_normalize(const ap__sentence_piece *self, ap__work *work, ap__ntext *text) {
    pass p = {.self = self, .in = text};
    if (self->remove_extra_whitespaces) skip_spaces(&p);
    if (p.at == text->len) {
        text->len = 0;
        return AP_OK;
    }
    ap__work_begin(&p.t, work, text, 0);
    if (self->add_dummy_prefix && !self->treat_whitespace_as_suffix) put_mark(&p);
    put_all(&p);
    if (self->remove_extra_whitespaces && !p.t.status) remove_last_spaces(&p);
    if (self->add_dummy_prefix && self->treat_whitespace_as_suffix) put_mark(&p);
    return ap__work_finish(&p.t, work, text);
}

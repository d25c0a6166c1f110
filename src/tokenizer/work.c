/* The lists of one call of encode. */
#include "tokenizer/work.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/regex.h"
#include "tokenizer/unicode.h"

#include <string.h>

#define WORK_MAX_ITEMS ((size_t)1 << 30)

void ap__work_clear(ap__work *work) {
    ap__arena_clear(&work->arena);
    for (int i = 0; i < 2; i++) ap__textbuf_clear(&work->texts.buf[i]);
    ap__textbuf_clear(&work->spare);
    ap__free(work->pieces.ptr);
    ap__free(work->next_pieces.ptr);
    ap__free(work->tokens.ptr);
    ap__regex_scratch_destroy(work->regex);
    ap__piece_cache_clear(&work->piece_cache);
    *work = (ap__work){0};
}

void ap__work_shrink(ap__work *work) {
    ap__piece_cache cache = work->piece_cache;
    work->piece_cache = (ap__piece_cache){0};
    ap__work_clear(work);
    work->piece_cache = cache;
}

void ap__work_begin(ap__transform *t, ap__work *work, const ap__ntext *text, size_t n_removed) {
    ap__transform_begin(t, &work->texts.buf[work->texts.next], text, n_removed, work->err);
}

ap_status ap__work_finish(ap__transform *t, ap__work *work, ap__ntext *text) {
    work->texts.next ^= 1;
    return ap__transform_finish(t, text);
}

/* -- pieces -------------------------------------------------------------------------------------------- */

/* The next place of the list; NULL when out of memory. */
static ap__piece *add_piece(ap__work *work) {
    ap__pieces *list = &work->next_pieces;
    if (list->n == list->capacity) {
        void *ptr = list->ptr;
        if (!ap__grow(&ptr, &list->capacity, list->n + 1, sizeof *list->ptr, WORK_MAX_ITEMS)) {
            ap__fail_nomem(work->err);
            return NULL;
        }
        list->ptr = ptr;
    }
    return &list->ptr[list->n++];
}

ap_status ap__work_push_piece(ap__work *work, const ap__ntext *text) {
    if (!text->len) return AP_OK;
    ap__piece *piece = add_piece(work);
    if (!piece) return AP_ENOMEM;
    *piece = (ap__piece){.text = *text, .n_readable = text->len};
    return AP_OK;
}

ap_status ap__work_push_slice(ap__work *work, const ap__ntext *text, uint32_t start, uint32_t end) {
    if (start == end) return AP_OK;
    ap__piece *piece = add_piece(work);
    if (!piece) return AP_ENOMEM;
    piece->text.ptr = text->ptr + start;
    piece->text.len = end - start;
    piece->n_readable = text->len - start;
    piece->text.align = text->align ? text->align + start : NULL;
    piece->text.is_loose = text->is_loose;
    piece->is_bytes = false;
    if (text->align) /* As ap__ntext_origin_of() of a stretch that is not empty. */
        piece->text.origin = (ap__span){text->align[start].start, text->align[end - 1].end};
    else
        piece->text.origin = ap__ntext_origin_of(text, start, end);
    return AP_OK;
}

void ap__work_swap_pieces(ap__work *work) {
    ap__pieces done = work->pieces;
    work->pieces = work->next_pieces;
    work->next_pieces = done;
    work->next_pieces.n = 0;
}

ap_status ap__piece_write_bytes(ap__work *work, ap__piece *piece) {
    ap__transform t;
    ap__transform_begin(&t, &work->spare, &piece->text, 0, work->err);
    ap__transform_put_bytes(&t, &piece->text);
    ap_status status = ap__transform_finish(&t, &piece->text);
    if (!status) status = ap__ntext_keep(&piece->text, &work->arena, work->err);
    piece->is_bytes = false;
    piece->n_readable = piece->text.len;
    return status;
}

ap_status ap__work_write_bytes(ap__work *work) {
    for (size_t i = 0; i < work->pieces.n; i++) {
        ap__piece *piece = &work->pieces.ptr[i];
        ap_status status = piece->is_bytes ? ap__piece_write_bytes(work, piece) : AP_OK;
        if (status) return status;
    }
    return AP_OK;
}

/* -- splitting ----------------------------------------------------------------------------------------- */

void ap__splitter_begin(ap__splitter *s, ap__work *work, const ap__ntext *text, ap__split_behavior behavior) {
    *s = (ap__splitter){.work = work, .text = text, .behavior = behavior};
}

static void push_pending(ap__splitter *s) {
    if (s->has_pending && !s->status)
        s->status = ap__work_push_slice(s->work, s->text, s->pending_start, s->pending_end);
    s->has_pending = false;
}

/* Whether the stretch joins the pending one. */
static bool joins(const ap__splitter *s, bool is_match) {
    if (!s->has_pending) return false;
    switch (s->behavior) {
    case AP__SPLIT_CONTIGUOUS:
        return is_match == s->was_match;
    case AP__SPLIT_MERGED_WITH_PREVIOUS:
        return is_match && !s->was_match;
    case AP__SPLIT_MERGED_WITH_NEXT:
        return !is_match && s->is_pending_match;
    default:
        return false;
    }
}

void ap__splitter_add(ap__splitter *s, uint32_t start, uint32_t end, bool is_match) {
    bool is_removed = s->behavior == AP__SPLIT_REMOVED && is_match;
    if (joins(s, is_match)) {
        s->pending_end = end;
        s->is_pending_match = false;
    } else if (!is_removed) {
        push_pending(s);
        s->has_pending = true;
        s->is_pending_match = is_match;
        s->pending_start = start;
        s->pending_end = end;
    }
    s->was_match = is_match;
}

ap_status ap__splitter_finish(ap__splitter *s) {
    push_pending(s);
    return s->status;
}

/* Splits at the characters for which (their flags & flags) or code is equal; every such character is a match
 * of its own, as in the reference (pattern.rs, Pattern for F). */
static ap_status split_piece(ap__work *work, const ap__ntext *text, uint32_t flags, uint32_t code,
                             ap__split_behavior behavior) {
    ap__splitter s;
    ap__splitter_begin(&s, work, text, behavior);
    uint32_t last = 0, at = 0;
    while (at < text->len && !s.status) {
        uint32_t c;
        uint32_t n = (uint32_t)ap__utf8_next(&c, text->ptr + at);
        if (flags ? ap__unicode_is(c, flags) : c == code) {
            if (last < at) ap__splitter_add(&s, last, at, false);
            ap__splitter_add(&s, at, at + n, true);
            last = at + n;
        }
        at += n;
    }
    if (last < at) ap__splitter_add(&s, last, at, false);
    return ap__splitter_finish(&s);
}

static ap_status split_all(ap__work *work, uint32_t flags, uint32_t code, ap__split_behavior behavior) {
    ap_status status = ap__work_write_bytes(work);
    for (size_t i = 0; i < work->pieces.n && !status; i++)
        status = split_piece(work, &work->pieces.ptr[i].text, flags, code, behavior);
    ap__work_swap_pieces(work);
    return status;
}

ap_status ap__work_split_at_flags(ap__work *work, uint32_t flags, ap__split_behavior behavior) {
    return split_all(work, flags, 0, behavior);
}

ap_status ap__work_split_at_char(ap__work *work, uint32_t code, ap__split_behavior behavior) {
    return split_all(work, 0, code, behavior);
}

/* -- tokens -------------------------------------------------------------------------------------------- */

ap_status ap__work_grow_tokens(ap__work *work, size_t n) {
    ap__tokens *list = &work->tokens;
    void *ptr = list->ptr;
    if (!ap__grow(&ptr, &list->capacity, list->n + n, sizeof *list->ptr, WORK_MAX_ITEMS))
        return ap__fail_nomem(work->err);
    list->ptr = ptr;
    return AP_OK;
}

ap_status ap__work_push_text_token(ap__work *work, const ap__piece *piece, uint32_t id, uint32_t start,
                                   uint32_t end) {
    ap_status status = ap__work_push_token(work, piece, id, start, end);
    if (status || !work->has_texts) return status;
    ap__token *token = &work->tokens.ptr[work->tokens.n - 1];
    token->text = ap__arena_strndup(&work->arena, piece->text.ptr + start, end - start);
    if (!token->text) return ap__fail_nomem(work->err);
    token->text_len = end - start;
    return AP_OK;
}

ap_status ap__work_place_ids(ap__work *work, const ap__piece *piece, uint32_t start, const uint32_t *ids,
                             uint32_t n, uint32_t ends) {
    ap__tokens *list = &work->tokens;
    uint32_t at = start;
    ap_status status = list->capacity - list->n < n ? ap__work_grow_tokens(work, n) : AP_OK;
    if (status) return status;
    for (uint32_t i = 0; i < n; i++, ends &= ends - 1) {
        uint32_t end = start + (uint32_t)__builtin_ctz(ends) + 1;
        ap__span origin = ap__ntext_origin_of(&piece->text, at, end);
        list->ptr[list->n++] =
            (ap__token){.id = ids[i], .word = work->word, .bytes = origin, .chars = origin};
        at = end;
    }
    return AP_OK;
}

/* -- pieces that came before --------------------------------------------------------------------------- */

const ap__cached_piece *ap__work_find_cached(ap__piece_key *key, const ap__work *work,
                                             const ap__piece *piece) {
    key->len = 0;
    if (work->has_texts || !piece->text.len || piece->text.len > AP__CACHED_MAX_BYTES) return NULL;
    ap__piece_key_of(key, piece->text.ptr, piece->text.len, piece->n_readable, 0);
    return ap__piece_cache_find(&work->piece_cache, key);
}

ap_status ap__work_remember(ap__work *work, const ap__piece_key *key, size_t first, const uint32_t *ends) {
    ap__cached_piece *cached;
    size_t n = work->tokens.n - first;
    uint32_t set = 0;
    if (!key->len || n > AP__CACHED_MAX_TOKENS) return AP_OK;
    for (size_t i = 0; i < n; i++) {
        if (ends[i] <= (i ? ends[i - 1] : 0)) return AP_OK;
        set |= 1u << (ends[i] - 1);
    }
    ap_status status = ap__piece_cache_put(&cached, &work->piece_cache, key, n, work->err);
    if (status) return status;
    cached->ends = set;
    for (size_t i = 0; i < n; i++) cached->ids[i] = work->tokens.ptr[first + i].id;
    return AP_OK;
}

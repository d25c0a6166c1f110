/* Precompiled: SentencePiece's character map: a trie of strings and the strings that replace them.
 * Source: huggingface/tokenizers@v0.21.4 normalizers/precompiled.rs, huggingface/spm_precompiled src/lib.rs.
 */
#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/grapheme.h"
#include "tokenizer/normalizers/charsmap.h"

#include <string.h>

/* A cluster of this many bytes or more is never looked up as a whole. */
enum { CLUSTER_MAX_BYTES = 6 };

typedef struct precompiled {
    ap__charsmap map;
    bool keeps[128]; /* ASCII characters that are not replaced. */
} precompiled;

/* -- reading ------------------------------------------------------------------------------------------- */

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    precompiled *self;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (!status) status = ap__charsmap_read(&self->map, loader, json);
    if (status) return status;
    *out = self;
    for (unsigned c = 0; c < 128; c++) {
        char byte = (char)c;
        self->keeps[c] = !ap__charsmap_shortest(&self->map, &byte, 1).ptr;
    }
    return AP_OK;
}

/* -- applying ------------------------------------------------------------------------------------------ */

/* The character put last waits, because what follows may change what it did: a replacement by nothing lets it
 * swallow what was there. Source: precompiled.rs replace. */
typedef struct pass {
    const precompiled *self;
    ap__transform t;
    uint32_t code;
    long change;
    bool has_waiting, is_modified;
} pass;

static void flush(pass *p) {
    if (p->has_waiting) ap__transform_put(&p->t, p->code, p->change);
    p->has_waiting = false;
}

static void emit(pass *p, uint32_t code, long change) {
    flush(p);
    p->code = code;
    p->change = change;
    p->has_waiting = true;
}

/* Puts `to` in the place of `n_old` characters: what there is more of is added, what there is less of the
 * last one swallows; at the start of a text nothing does. */
static void replace(pass *p, ap__text to, size_t n_old) {
    size_t n_new = ap__utf8_count(to.ptr, to.len), i = 0;
    p->is_modified = true;
    for (size_t at = 0; at < to.len; i++) {
        uint32_t code;
        at += ap__utf8_next(&code, to.ptr + at);
        emit(p, code, i >= n_old);
    }
    if (n_new < n_old) p->change -= (long)(n_old - n_new);
}

static void put_cluster(pass *p, const char *text, uint32_t len) {
    ap__text whole =
        len < CLUSTER_MAX_BYTES ? ap__charsmap_shortest(&p->self->map, text, len) : (ap__text){0};
    if (whole.ptr) {
        replace(p, whole, ap__utf8_count(text, len));
        return;
    }
    for (uint32_t at = 0; at < len;) {
        uint32_t code;
        uint32_t n = (uint32_t)ap__utf8_next(&code, text + at);
        ap__text one = ap__charsmap_shortest(&p->self->map, text + at, n);
        if (one.ptr)
            replace(p, one, 1);
        else
            emit(p, code, 0);
        at += n;
    }
}

/* The number of printable ASCII characters that stay; the last is left to its cluster when more than ASCII
 * follows. */
static uint32_t plain_run(const precompiled *self, const char *text, uint32_t len) {
    uint32_t n = 0;
    while (n < len && text[n] >= ' ' && text[n] < 0x7F && self->keeps[(unsigned char)text[n]]) n++;
    return n && n < len && (unsigned char)text[n] >= 0x80 ? n - 1 : n;
}

static ap_status apply(const void *ptr, ap__work *work, ap__ntext *text) {
    pass p = {.self = ptr};
    bool is_plain = ap__ntext_is_plain(text);
    if (plain_run(p.self, text->ptr, text->len) == text->len) return AP_OK;
    ap__work_begin(&p.t, work, text, 0);
    for (uint32_t at = 0; at < text->len && !p.t.status;) {
        uint32_t n = is_plain ? plain_run(p.self, text->ptr + at, text->len - at) : 0;
        if (n) flush(&p);
        /* Characters that nothing was put for are behind, as in the reference; then there is no copying. */
        if (n && p.t.at == at) {
            ap__transform_copy(&p.t, n - 1);
            at += n;
            emit(&p, (unsigned char)text->ptr[at - 1], 0);
            continue;
        }
        uint32_t end = ap__grapheme_end(text->ptr, text->len, at);
        put_cluster(&p, text->ptr + at, end - at);
        at = end;
    }
    flush(&p);
    return p.is_modified ? ap__work_finish(&p.t, work, text) : p.t.status;
}

const ap__normalizer_class ap__normalizer_precompiled = {.create = create, .apply = apply};

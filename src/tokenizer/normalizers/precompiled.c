/* Precompiled: SentencePiece's character map: a trie of strings and the strings that replace them.
 * Source: huggingface/tokenizers@v0.21.4 normalizers/precompiled.rs, huggingface/spm_precompiled src/lib.rs.
 */
#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/grapheme.h"
#include "tokenizer/normalizers/charsmap.h"
#include "tokenizer/unicode.h"

#include <string.h>

/* A cluster of this many bytes or more is never looked up as a whole. */
enum { CLUSTER_MAX_BYTES = 6 };

typedef struct precompiled {
    ap__charsmap map;
    bool is_plain[256];  /* Bytes that are printable ASCII characters and are not replaced. */
    uint64_t *may_begin; /* A bit for each character of the first plane: an entry may begin with it. */
} precompiled;

/* Characters of a word of that, which differ in their last byte alone. */
enum { PLANE = 0x10000, BLOCK = 64 };

/* -- reading ------------------------------------------------------------------------------------------- */

static void set_may_begin(precompiled *self, uint32_t first) {
    char bytes[4];
    size_t len = ap__utf8_encode(bytes, first);
    if (len > 1 && !ap__charsmap_may_begin(&self->map, bytes, len - 1)) return;
    for (uint32_t i = 0; i < BLOCK; i++) {
        len = ap__utf8_encode(bytes, first + i);
        if (ap__charsmap_may_begin(&self->map, bytes, len))
            self->may_begin[first / BLOCK] |= UINT64_C(1) << i;
    }
}

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    precompiled *self;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (!status) status = ap__charsmap_read(&self->map, loader, json);
    if (!status) status = ap__loader_alloc(loader, &self->may_begin, PLANE / BLOCK, sizeof *self->may_begin);
    if (status) return status;
    *out = self;
    for (unsigned c = ' '; c < 0x7F; c++) {
        char byte = (char)c;
        self->is_plain[c] = !ap__charsmap_shortest(&self->map, &byte, 1).ptr;
    }
    for (uint32_t first = 0; first < PLANE; first += BLOCK) set_may_begin(self, first);
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

static bool may_begin(const precompiled *self, uint32_t code) {
    return code >= PLANE || self->may_begin[code / BLOCK] >> code % BLOCK & 1;
}

/* Behind the printable ASCII from `at` on that stays. Its last character is looked at when the next one may
 * belong to the same cluster. */
static uint32_t pass_plain(const precompiled *self, const ap__ntext *text, uint32_t at) {
    uint32_t start = at;
    while (at < text->len && self->is_plain[(unsigned char)text->ptr[at]]) at++;
    return at > start && at < text->len && (unsigned char)text->ptr[at] >= 0x80 ? at - 1 : at;
}

/* The next place where an entry of the map begins; the end of the text when there is none. */
static uint32_t next_entry(const precompiled *self, const ap__ntext *text, uint32_t at) {
    while ((at = pass_plain(self, text, at)) < text->len) {
        uint32_t code, n = (uint32_t)ap__utf8_next(&code, text->ptr + at);
        if (may_begin(self, code) && ap__charsmap_shortest(&self->map, text->ptr + at, text->len - at).ptr)
            return at;
        at += n;
    }
    return at;
}

/* The cluster over `place`: its start, and in *end its end. `at` is where a cluster starts. It is looked for
 * from the last place before where one starts whatever came earlier (rule GB999, and not GB9b). */
static uint32_t cluster_over(const ap__ntext *text, uint32_t at, uint32_t place, uint32_t *end) {
    uint32_t start = place, code, before;
    ap__utf8_next(&code, text->ptr + place);
    while (start > at) {
        uint32_t last = start - 1;
        while (ap__is_continuation(text->ptr[last])) last--;
        ap__utf8_next(&before, text->ptr + last);
        if (ap__unicode_grapheme_class(code) == AP__GRAPHEME_ANY &&
            ap__unicode_grapheme_class(before) != AP__GRAPHEME_PREPEND)
            break;
        start = last;
        code = before;
    }
    while ((*end = ap__grapheme_end(text->ptr, text->len, start)) <= place) start = *end;
    return start;
}

/* Text that no entry begins in. */
static void put_plain(pass *p, const ap__ntext *text, uint32_t at, uint32_t end) {
    uint32_t code, last = end;
    if (at == end) return;
    flush(p);
    do last--;
    while (ap__is_continuation(text->ptr[last]));
    /* Characters that nothing was put for are behind, as in the reference; then there is no copying. */
    if (p->t.at == at) {
        ap__transform_copy(&p->t, last - at);
        at = last;
    }
    while (at < end) {
        at += (uint32_t)ap__utf8_next(&code, text->ptr + at);
        emit(p, code, 0);
    }
}

static ap_status apply(const void *ptr, ap__work *work, ap__ntext *text) {
    pass p = {.self = ptr};
    bool is_plain = ap__ntext_is_plain(text);
    uint32_t place = next_entry(p.self, text, 0);
    if (place == text->len) return AP_OK;
    ap__work_begin(&p.t, work, text, 0);
    for (uint32_t at = 0, start, end = 0; at < text->len && !p.t.status; at = end) {
        if (!is_plain) {
            end = ap__grapheme_end(text->ptr, text->len, at);
            put_cluster(&p, text->ptr + at, end - at);
            continue;
        }
        if (place < at) place = next_entry(p.self, text, at);
        start = end = text->len;
        if (place < text->len) start = cluster_over(text, at, place, &end);
        put_plain(&p, text, at, start);
        if (start < end) put_cluster(&p, text->ptr + start, end - start);
    }
    flush(&p);
    return p.is_modified ? ap__work_finish(&p.t, work, text) : p.t.status;
}

const ap__normalizer_class ap__normalizer_precompiled = {.create = create, .apply = apply};

/* Metaspace: spaces become a visible character, which also begins every word.
 * Source: huggingface/tokenizers@v0.21.4 pre_tokenizers/metaspace.rs. */
#include "tokenizer/metaspace.h"

#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/component.h"

#include <string.h>

ap_status ap__metaspace_read(ap__metaspace *out, ap__loader *loader, yyjson_val *json) {
    static const char *const SCHEMES[] = {"first", "never", "always", NULL};
    int scheme = AP__METASPACE_ALWAYS;
    bool add_prefix_space = true;
    *out = (ap__metaspace){.split = true};
    ap_status status = ap__get_char(loader, json, "replacement", true, &out->code);
    if (!status) status = ap__check_not_null(loader, json, "prepend_scheme");
    if (!status) status = ap__get_enum(loader, json, "prepend_scheme", false, SCHEMES, &scheme);
    if (!status) status = ap__get_bool(loader, json, "add_prefix_space", false, &add_prefix_space);
    if (!status) status = ap__get_bool(loader, json, "split", false, &out->split);
    if (status) return status;
    /* As written before 0.15; today's files say "never". */
    if (!add_prefix_space && scheme != AP__METASPACE_NEVER)
        return ap__loader_fail(loader, AP_EFORMAT, "add_prefix_space",
                               "is false, but prepend_scheme is not \"never\"");
    out->scheme = (ap__metaspace_scheme)scheme;
    out->len = ap__utf8_encode(out->bytes, out->code);
    ap__replacement_make(&out->spaces, (ap__text){" ", 1}, (ap__text){out->bytes, out->len});
    return AP_OK;
}

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    ap__metaspace *self;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (!status) status = ap__metaspace_read(self, loader, json);
    *out = self;
    return status;
}

static bool starts_with(const ap__metaspace *self, const ap__ntext *text, uint32_t at) {
    return text->len - at >= self->len && !memcmp(text->ptr + at, self->bytes, self->len);
}

/* A text while it is written anew, in the arena, and cut where words begin (MergedWithNext). */
typedef struct writer {
    const ap__metaspace *self;
    ap__work *work;
    char *out;
    ap__span *align;
    uint32_t len, start; /* Bytes written; where the last word begins. */
    ap__span origin;     /* Of the whole text. */
    ap_status status;
} writer;

static void end_word(writer *w) {
    ap__ntext text = {w->out, w->align, w->len, w->origin, false};
    if (w->status) return;
    w->status = w->self->split ? ap__work_push_slice(w->work, &text, w->start, w->len)
                               : ap__work_push_piece(w->work, &text);
    w->start = w->len;
}

static void put_mark(writer *w, ap__span origin) {
    if (w->self->split) end_word(w);
    memcpy(w->out + w->len, w->self->bytes, w->self->len);
    for (size_t i = 0; i < w->self->len; i++) w->align[w->len++] = origin;
}

/* Puts the character in the place of every space. Source: normalizer.rs replace. */
static void put_text(writer *w, const ap__ntext *text) {
    ap__span span = {0};
    for (uint32_t at = 0; at < text->len; at++) {
        char byte = text->ptr[at];
        uint32_t start = text->origin.start + at;
        if (text->align)
            span = text->align[at];
        else if (!ap__is_continuation(byte))
            span = (ap__span){start, start + ap__utf8_len(byte)};
        if (byte == ' ') {
            put_mark(w, span);
            continue;
        }
        if (byte == w->self->bytes[0] && w->self->split && starts_with(w->self, text, at)) end_word(w);
        w->out[w->len] = byte;
        w->align[w->len++] = span;
    }
}

static bool is_prepended(const ap__metaspace *self, const ap__ntext *text) {
    bool is_wanted = self->scheme == AP__METASPACE_ALWAYS ||
                     (self->scheme == AP__METASPACE_FIRST && text->origin.start == 0);
    return is_wanted && text->len && text->ptr[0] != ' ' && !starts_with(self, text, 0);
}

/* Pushes the words of a text that is written, which begin with the character. */
static ap_status push_words(const ap__metaspace *self, ap__work *work, const ap__ntext *text) {
    ap_status status = AP_OK;
    for (uint32_t start = 0, at = 1; start < text->len && !status; at++) {
        const char *found = at < text->len ? memchr(text->ptr + at, self->bytes[0], text->len - at) : NULL;
        at = found ? (uint32_t)(found - text->ptr) : text->len;
        if (found && !starts_with(self, text, at)) continue;
        status = ap__work_push_slice(work, text, start, at);
        start = at;
    }
    return status;
}

static ap_status write_loose(const ap__metaspace *self, ap__work *work, const ap__ntext *text, bool is_first,
                             size_t len) {
    char *out = ap__arena_alloc(&work->arena, len + AP__REPLACE_SLACK);
    if (!out) return ap__fail_nomem(work->err);
    if (is_first) memcpy(out, self->bytes, self->len);
    ap__replace_byte(out + is_first * self->len, &self->spaces, text->ptr, text->len);
    ap__ntext written = {out, NULL, (uint32_t)len, text->origin, true};
    return self->split ? push_words(self, work, &written) : ap__work_push_piece(work, &written);
}

/* Puts the character in front as well; there it has the place of the first character. Source: normalizer.rs
 * prepend. */
static ap_status rewrite(const ap__metaspace *self, ap__work *work, const ap__ntext *text) {
    bool is_first = is_prepended(self, text);
    size_t max = ap__ntext_max_len(text);
    size_t len = ap__replaced_len(&self->spaces, text->ptr, text->len) + is_first * self->len;
    if (len > max)
        return ap__fail(work->err, AP_ELIMIT, "normalized text would be longer than %zu bytes", max);
    if (text->is_loose) return write_loose(self, work, text, is_first, len);
    writer w = {.self = self, .work = work, .origin = text->origin};
    w.out = ap__arena_alloc(&work->arena, len);
    w.align = ap__arena_alloc(&work->arena, len * sizeof *w.align); /* At most 2^31 * 8. */
    if (!w.out || !w.align) return ap__fail_nomem(work->err);
    if (is_first) put_mark(&w, ap__ntext_origin_of(text, 0, ap__utf8_len(text->ptr[0])));
    put_text(&w, text);
    end_word(&w);
    return w.status;
}

static ap_status apply(const void *ptr, ap__work *work) {
    ap_status status = ap__work_write_bytes(work);
    for (size_t i = 0; i < work->pieces.n && !status; i++)
        status = rewrite(ptr, work, &work->pieces.ptr[i].text);
    ap__work_swap_pieces(work);
    return status;
}

static bool is_blind(const void *ptr, bool is_first) {
    const ap__metaspace *self = ptr;
    return is_first || self->scheme != AP__METASPACE_FIRST;
}

const ap__pretokenizer_class ap__pretokenizer_metaspace = {
    .create = create, .apply = apply, .is_blind = is_blind};

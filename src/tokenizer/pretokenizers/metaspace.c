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

/* A text while it is written anew, in the arena. */
typedef struct writer {
    const ap__metaspace *self;
    const ap__ntext *text;
    char *out;
    ap__span *align;
    uint32_t len;
} writer;

static void put_mark(writer *w, ap__span origin) {
    memcpy(w->out + w->len, w->self->bytes, w->self->len);
    for (size_t i = 0; i < w->self->len; i++) w->align[w->len++] = origin;
}

/* What stands between spaces. */
static void put_stretch(writer *w, uint32_t start, uint32_t end) {
    const ap__ntext *text = w->text;
    uint32_t base = text->origin.start;
    ap__span *align = w->align + w->len;
    memcpy(w->out + w->len, text->ptr + start, end - start);
    w->len += end - start;
    if (text->align) {
        memcpy(align, text->align + start, (end - start) * sizeof *align);
        return;
    }
    while (start < end) {
        uint32_t n = ap__utf8_len(text->ptr[start]);
        ap__span span = {base + start, base + start + n};
        for (uint32_t k = 0; k < n && start < end; k++, start++) *align++ = span;
    }
}

static bool is_prepended(const ap__metaspace *self, const ap__ntext *text) {
    bool is_wanted = self->scheme == AP__METASPACE_ALWAYS ||
                     (self->scheme == AP__METASPACE_FIRST && text->origin.start == 0);
    return is_wanted && text->len && text->ptr[0] != ' ' && !starts_with(self, text, 0);
}

/* Puts the character in the place of every space, and in front; there it has the place of the first
 * character. Source: normalizer.rs replace, prepend. */
static ap_status rewrite(const ap__metaspace *self, ap__work *work, ap__ntext *text) {
    bool is_first = is_prepended(self, text);
    size_t n_spaces = 0;
    const char *end = text->ptr + text->len, *space, *at = text->ptr;
    for (; at < end && (space = memchr(at, ' ', (size_t)(end - at))); at = space + 1) n_spaces++;
    if (!n_spaces && !is_first) return AP_OK;
    size_t len = text->len - n_spaces + (n_spaces + is_first) * self->len, max = ap__ntext_max_len(text);
    if (len > max)
        return ap__fail(work->err, AP_ELIMIT, "normalized text would be longer than %zu bytes", max);
    writer w = {.self = self, .text = text};
    w.out = ap__arena_alloc(&work->arena, len);
    w.align = ap__arena_alloc(&work->arena, len * sizeof *w.align); /* At most 2^31 * 8. */
    if (!w.out || !w.align) return ap__fail_nomem(work->err);
    if (is_first) put_mark(&w, ap__ntext_origin_of(text, 0, ap__utf8_len(text->ptr[0])));
    for (at = text->ptr; at < end; at = space + 1) {
        space = memchr(at, ' ', (size_t)(end - at));
        uint32_t start = (uint32_t)(at - text->ptr), stop = space ? (uint32_t)(space - text->ptr) : text->len;
        put_stretch(&w, start, stop);
        if (!space) break;
        put_mark(&w, ap__ntext_origin_of(text, stop, stop + 1));
    }
    *text = (ap__ntext){w.out, w.align, w.len, text->origin};
    return AP_OK;
}

/* Every word begins with the character: MergedWithNext. */
static ap_status split(const ap__metaspace *self, ap__work *work, const ap__ntext *text) {
    uint32_t start = 0;
    ap_status status = AP_OK;
    for (uint32_t at = 1; at < text->len && !status; at++) {
        const char *lead = memchr(text->ptr + at, self->bytes[0], text->len - at);
        if (!lead) break;
        at = (uint32_t)(lead - text->ptr);
        if (!starts_with(self, text, at)) continue;
        status = ap__work_push_slice(work, text, start, at);
        start = at;
    }
    return status ? status : ap__work_push_slice(work, text, start, text->len);
}

static ap_status apply(const void *ptr, ap__work *work) {
    const ap__metaspace *self = ptr;
    ap_status status = ap__work_write_bytes(work);
    for (size_t i = 0; i < work->pieces.n && !status; i++) {
        ap__ntext *text = &work->pieces.ptr[i].text;
        status = rewrite(self, work, text);
        if (!status) status = self->split ? split(self, work, text) : ap__work_push_piece(work, text);
    }
    ap__work_swap_pieces(work);
    return status;
}

const ap__pretokenizer_class ap__pretokenizer_metaspace = {.create = create, .apply = apply};

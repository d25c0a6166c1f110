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

/* Puts the character in the place of every space. Source: normalizer.rs replace. */
static ap_status replace_spaces(const ap__metaspace *self, ap__work *work, ap__ntext *text) {
    const char *space = memchr(text->ptr, ' ', text->len);
    if (!space) return AP_OK;
    ap__transform t;
    ap__transform_begin_head(&t, &work->spare, text, text->len, work->err);
    while (space && !t.status) {
        uint32_t at = (uint32_t)(space - text->ptr);
        ap__transform_copy(&t, at - t.at);
        ap__transform_insert(&t, self->bytes, self->len, ap__ntext_origin_of(text, at, at + 1));
        ap__transform_skip(&t, 1);
        space = memchr(space + 1, ' ', text->len - at - 1);
    }
    ap__transform_copy(&t, text->len - t.at);
    ap_status status = ap__transform_finish(&t, text);
    return status ? status : ap__ntext_keep(text, &work->arena, work->err);
}

static ap_status prepend(const ap__metaspace *self, ap__work *work, ap__ntext *text) {
    bool is_wanted = self->scheme == AP__METASPACE_ALWAYS ||
                     (self->scheme == AP__METASPACE_FIRST && text->origin.start == 0);
    if (!is_wanted || starts_with(self, text, 0)) return AP_OK;
    ap_status status = ap__ntext_prepend(&work->spare, text, (ap__text){self->bytes, self->len}, work->err);
    return status ? status : ap__ntext_keep(text, &work->arena, work->err);
}

/* Every word begins with the character: MergedWithNext. */
static ap_status split(const ap__metaspace *self, ap__work *work, const ap__ntext *text) {
    uint32_t start = 0, at = 0;
    ap_status status = AP_OK;
    while (at < text->len && !status) {
        if (at > start && starts_with(self, text, at)) {
            status = ap__work_push_slice(work, text, start, at);
            start = at;
        }
        at += ap__utf8_len(text->ptr[at]);
    }
    return status ? status : ap__work_push_slice(work, text, start, at);
}

static ap_status apply(const void *ptr, ap__work *work) {
    const ap__metaspace *self = ptr;
    ap_status status = ap__work_write_bytes(work);
    for (size_t i = 0; i < work->pieces.n && !status; i++) {
        ap__ntext *text = &work->pieces.ptr[i].text;
        status = replace_spaces(self, work, text);
        if (!status) status = prepend(self, work, text);
        if (!status) status = self->split ? split(self, work, text) : ap__work_push_piece(work, text);
    }
    ap__work_swap_pieces(work);
    return status;
}

const ap__pretokenizer_class ap__pretokenizer_metaspace = {.create = create, .apply = apply};

/* FixedLength: pieces of so many characters.
 * Source: huggingface/tokenizers@v0.21.4 pre_tokenizers/fixed_length.rs. */
#include "tokenizer/component.h"

typedef struct fixed_length {
    size_t length;
} fixed_length;

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    fixed_length *self;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (status) return status;
    self->length = 5;
    *out = self;
    if ((status = ap__check_not_null(loader, json, "length"))) return status;
    status = ap__get_size(loader, json, "length", false, &self->length);
    if (!status && !self->length)
        return ap__loader_fail(loader, AP_EFORMAT, "length", "expected 1 or more, found 0");
    return status;
}

static ap_status split(const fixed_length *self, ap__work *work, const ap__ntext *text) {
    ap_status status = AP_OK;
    for (uint32_t start = 0; start < text->len && !status;) {
        uint32_t end = start;
        for (size_t i = 0; i < self->length && end < text->len; i++) end += ap__utf8_len(text->ptr[end]);
        status = ap__work_push_slice(work, text, start, end);
        start = end;
    }
    return status;
}

static ap_status apply(const void *ptr, ap__work *work) {
    ap_status status = ap__work_write_bytes(work);
    for (size_t i = 0; i < work->pieces.n && !status; i++)
        status = split(ptr, work, &work->pieces.ptr[i].text);
    ap__work_swap_pieces(work);
    return status;
}

const ap__pretokenizer_class ap__pretokenizer_fixed_length = {.create = create, .apply = apply};

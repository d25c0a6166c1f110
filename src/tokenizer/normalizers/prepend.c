/* Prepend: puts a string in front of a text that is not empty.
 * Source: huggingface/tokenizers@v0.21.4 normalizers/prepend.rs. */
#include "base/error.h"
#include "tokenizer/component.h"

typedef struct prepend {
    ap__text string;
} prepend;

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    prepend *self;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (!status) status = ap__get_string(loader, json, "prepend", true, &self->string);
    *out = self;
    return status;
}

static ap_status apply(const void *ptr, ap__work *work, ap__ntext *text) {
    const prepend *self = ptr;
    if (!text->len) return AP_OK;
    ap__textbuf *out = &work->texts.buf[work->texts.next];
    work->texts.next ^= 1;
    return ap__ntext_prepend(out, text, self->string, work->err);
}

const ap__normalizer_class ap__normalizer_prepend = {
    .create = create, .apply = apply, .is_blind = ap__always_blind};

/* Metaspace: its character becomes a space again, but vanishes from the first token.
 * Source: huggingface/tokenizers@v0.21.4 pre_tokenizers/metaspace.rs Decoder. */
#include "tokenizer/metaspace.h"

#include "base/error.h"
#include "tokenizer/strings.h"

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    ap__metaspace *self;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (!status) status = ap__metaspace_read(self, loader, json);
    *out = self;
    return status;
}

static ap_status apply(const void *ptr, ap__strings *strings) {
    const ap__metaspace *self = ptr;
    ap__text from = {self->bytes, self->len};
    ap_status status = AP_OK;
    for (size_t i = 0; i < strings->n && !status; i++) {
        ap__text to = {" ", i > 0 || self->scheme == AP__METASPACE_NEVER};
        status = ap__strings_replace(strings, &strings->ptr[i], from, to);
    }
    return status;
}

const ap__decoder_class ap__decoder_metaspace = {.create = create, .apply = apply};

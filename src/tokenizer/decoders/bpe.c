/* BPEDecoder: the suffix of a word becomes the space behind it.
 * Source: huggingface/tokenizers@v0.21.4 decoders/bpe.rs. */
#include "tokenizer/component.h"
#include "tokenizer/strings.h"

#include <string.h>

typedef struct bpe {
    ap__text suffix;
} bpe;

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    bpe *self;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (!status) status = ap__get_string(loader, json, "suffix", true, &self->suffix);
    *out = self;
    return status;
}

static ap_status apply(const void *ptr, ap__strings *strings) {
    const bpe *self = ptr;
    ap_status status = AP_OK;
    for (size_t i = 0; i < strings->n && !status; i++) {
        ap__text space = {" ", i + 1 < strings->n};
        status = ap__strings_replace(strings, &strings->ptr[i], self->suffix, space);
    }
    return status;
}

/* A suffix inside of the last string becomes a space when another follows; an empty one is everywhere. */
static unsigned tail(const void *ptr, bool is_joined) {
    const bpe *self = ptr;
    bool is_usual = self->suffix.len == strlen(AP__WORD_END) && !strcmp(self->suffix.ptr, AP__WORD_END);
    return is_joined || !is_usual ? AP__TAIL_OPEN : AP__TAIL_WORD;
}

const ap__decoder_class ap__decoder_bpe = {.create = create, .apply = apply, .tail = tail};

/* Fuse: makes one string of all. Source: huggingface/tokenizers@v0.21.4 decoders/fuse.rs. */
#include "base/error.h"
#include "tokenizer/component.h"
#include "tokenizer/strings.h"

static ap_status apply(const void *self, ap__strings *strings) {
    (void)self;
    ap__text joined;
    ap_status status = ap__strings_join(&joined, strings, NULL);
    if (status) return status;
    strings->n = 0;
    return ap__strings_push(strings, joined.ptr, joined.len);
}

static unsigned tail(const void *self, bool is_joined) {
    (void)self;
    (void)is_joined;
    return AP__TAIL_JOINS;
}

const ap__decoder_class ap__decoder_fuse = {.create = ap__create_nothing, .apply = apply, .tail = tail};

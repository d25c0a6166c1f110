/* ByteLevel as a normalizer: the image of the text in the byte-level alphabet.
 * Source: huggingface/tokenizers@v0.21.4 normalizers/byte_level.rs. */
#include "tokenizer/component.h"

static ap_status apply(const void *self, ap__work *work, ap__ntext *text) {
    (void)self;
    if (!text->len) return AP_OK;
    ap__transform t;
    ap__work_begin(&t, work, text, 0);
    ap__transform_put_bytes(&t, text);
    return ap__work_finish(&t, work, text);
}

const ap__normalizer_class ap__normalizer_byte_level = {.create = ap__create_nothing, .apply = apply};

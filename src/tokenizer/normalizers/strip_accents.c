/* StripAccents: drops combining marks; nothing is decomposed first.
 * Source: huggingface/tokenizers@v0.21.4 normalizers/strip.rs StripAccents. */
#include "base/utf8.h"
#include "tokenizer/component.h"
#include "tokenizer/unicode.h"

static ap_status apply(const void *self, ap__work *work, ap__ntext *text) {
    (void)self;
    if (ap__is_ascii(text->ptr, text->len) && ap__ntext_is_plain(text)) return AP_OK;
    ap__transform t;
    ap__work_begin(&t, work, text, 0);
    for (uint32_t at = 0; at < text->len;) {
        uint32_t code;
        at += (uint32_t)ap__utf8_next(&code, text->ptr + at);
        if (ap__unicode_is(code, AP__UNICODE_COMBINING))
            ap__transform_drop(&t);
        else
            ap__transform_put(&t, code, 0);
    }
    return ap__work_finish(&t, work, text);
}

const ap__normalizer_class ap__normalizer_strip_accents = {.create = ap__create_nothing, .apply = apply};

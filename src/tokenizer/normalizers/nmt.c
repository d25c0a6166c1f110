/* Nmt: drops controls, and makes spaces of what machine translation takes for whitespace.
 * Source: huggingface/tokenizers@v0.21.4 normalizers/unicode.rs do_nmt. */
#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/component.h"

static bool is_dropped(uint32_t c) {
    return (c >= 0x01 && c <= 0x08) || c == 0x0B || (c >= 0x0E && c <= 0x1F) || c == 0x7F || c == 0x8F ||
           c == 0x9F;
}

static bool is_space(uint32_t c) {
    switch (c) {
    case 0x09:
    case 0x0A:
    case 0x0C:
    case 0x0D:
    case 0x1680:
    case 0x2028:
    case 0x2029:
    case 0x2581:
    case 0xFEFF:
    case 0xFFFD:
        return true;
    default:
        return c >= 0x200B && c <= 0x200F;
    }
}

/* One pass; which of the two things it does. */
static ap_status pass(ap__work *work, ap__ntext *text, bool drops, bool replaces) {
    ap__transform t;
    ap__work_begin(&t, work, text, 0);
    for (uint32_t at = 0; at < text->len;) {
        uint32_t code;
        at += (uint32_t)ap__utf8_next(&code, text->ptr + at);
        if (drops && is_dropped(code))
            ap__transform_drop(&t);
        else
            ap__transform_put(&t, replaces && is_space(code) ? ' ' : code, 0);
    }
    return ap__work_finish(&t, work, text);
}

/* The reference makes two passes, which is the same unless the text begins with what came from nowhere. */
static ap_status apply(const void *self, ap__work *work, ap__ntext *text) {
    (void)self;
    if (ap__ntext_is_plain(text)) return pass(work, text, true, true);
    ap_status status = pass(work, text, true, false);
    return status ? status : pass(work, text, false, true);
}

const ap__normalizer_class ap__normalizer_nmt = {.create = ap__create_nothing, .apply = apply};

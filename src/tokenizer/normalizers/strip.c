/* Strip: drops whitespace at the ends. Source: huggingface/tokenizers@v0.21.4 normalizers/strip.rs Strip. */
#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/component.h"
#include "tokenizer/unicode.h"

typedef struct strip {
    bool left, right;
} strip;

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    strip *self;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (!status) status = ap__get_bool(loader, json, "strip_left", true, &self->left);
    if (!status) status = ap__get_bool(loader, json, "strip_right", true, &self->right);
    *out = self;
    return status;
}

/* The end of the whitespace at the start; *n counts its characters. */
static uint32_t leading(const ap__ntext *text, size_t *n) {
    uint32_t at = 0;
    for (*n = 0; at < text->len; ++*n) {
        uint32_t code;
        uint32_t size = (uint32_t)ap__utf8_next(&code, text->ptr + at);
        if (!ap__unicode_is(code, AP__UNICODE_WHITESPACE)) break;
        at += size;
    }
    return at;
}

/* The start of the whitespace at the end, not before `start`. */
static uint32_t trailing(const ap__ntext *text, uint32_t start) {
    uint32_t end = text->len;
    while (end > start) {
        uint32_t at = end - 1, code;
        while (ap__is_continuation(text->ptr[at])) at--;
        ap__utf8_next(&code, text->ptr + at);
        if (!ap__unicode_is(code, AP__UNICODE_WHITESPACE)) break;
        end = at;
    }
    return end;
}

static ap_status strip_ends(ap__work *work, ap__ntext *text, bool is_left, bool is_right) {
    size_t n_leading = 0;
    uint32_t start = is_left ? leading(text, &n_leading) : 0;
    uint32_t end = is_right ? trailing(text, start) : text->len;
    if (start == 0 && end == text->len) return AP_OK;
    ap__transform t;
    ap__work_begin(&t, work, text, n_leading);
    for (uint32_t at = start; at < end;) {
        uint32_t code;
        at += (uint32_t)ap__utf8_next(&code, text->ptr + at);
        ap__transform_put(&t, code, 0);
    }
    return ap__work_finish(&t, work, text);
}

static ap_status apply(const void *ptr, ap__work *work, ap__ntext *text) {
    const strip *self = ptr;
    return strip_ends(work, text, self->left, self->right);
}

const ap__normalizer_class ap__normalizer_strip = {.create = create, .apply = apply};

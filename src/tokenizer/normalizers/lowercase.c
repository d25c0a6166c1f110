/* Lowercase. Source: huggingface/tokenizers@v0.21.4 tokenizer/normalizer.rs lowercase: character by
 * character, so a final sigma is one like any other. */
#include "tokenizer/normalizers/lowercase.h"

#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/component.h"
#include "tokenizer/unicode.h"

#include <string.h>

void ap__lowercase_ascii(char *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        text[i] = (char)(c | (c - (unsigned)'A' < 26u) << 5);
    }
}

/* Changes the text in place as long as no character changes its length; how far that went. */
static uint32_t lower_in_place(char *text, uint32_t len) {
    uint32_t at = 0;
    while (at < len) {
        uint32_t code, lower[2];
        uint32_t n = (uint32_t)ap__utf8_next(&code, text + at);
        if (ap__unicode_lower(lower, code) != 1) break;
        if (lower[0] != code) {
            char bytes[4];
            if (ap__utf8_encode(bytes, lower[0]) != n) break;
            memcpy(text + at, bytes, n);
        }
        at += n;
    }
    return at;
}

static ap_status lower_rest(ap__work *work, ap__ntext *text, uint32_t from) {
    ap__transform t;
    ap__work_begin(&t, work, text, 0);
    ap__transform_copy(&t, from);
    for (uint32_t at = from; at < text->len;) {
        uint32_t code, lower[2];
        at += (uint32_t)ap__utf8_next(&code, text->ptr + at);
        size_t n = ap__unicode_lower(lower, code);
        for (size_t i = 0; i < n; i++) ap__transform_put(&t, lower[i], i > 0);
    }
    return ap__work_finish(&t, work, text);
}

ap_status ap__lowercase(ap__work *work, ap__ntext *text) {
    if (!ap__ntext_is_plain(text)) return lower_rest(work, text, 0);
    bool is_ascii = ap__is_ascii(text->ptr, text->len);
    char *own = ap__ntext_own(&work->texts, text);
    if (!own) return ap__fail_nomem(work->err);
    if (is_ascii) {
        ap__lowercase_ascii(own, text->len);
        return AP_OK;
    }
    uint32_t done = lower_in_place(own, text->len);
    return done == text->len ? AP_OK : lower_rest(work, text, done);
}

static ap_status apply(const void *self, ap__work *work, ap__ntext *text) {
    (void)self;
    return ap__lowercase(work, text);
}

const ap__normalizer_class ap__normalizer_lowercase = {.create = ap__create_nothing, .apply = apply};

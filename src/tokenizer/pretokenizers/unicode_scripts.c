/* UnicodeScripts: splits where the script changes. A character without a script, such as a space, joins what
 * is before it; at the start of a text it is dropped. Source: huggingface/tokenizers@v0.21.4
 * pre_tokenizers/unicode_scripts/pre_tokenizer.rs. */
#include "base/utf8.h"
#include "tokenizer/component.h"
#include "tokenizer/unicode.h"

static ap_status split(ap__work *work, const ap__ntext *text) {
    enum { NO_SCRIPT = 0 };
    ap_status status = AP_OK;
    uint32_t last = NO_SCRIPT, start = 0, at = 0;
    while (at < text->len && !status) {
        uint32_t code;
        uint32_t n = (uint32_t)ap__utf8_next(&code, text->ptr + at);
        uint32_t script = ap__unicode_script(code);
        if (script != NO_SCRIPT && script != last) {
            if (last != NO_SCRIPT) status = ap__work_push_slice(work, text, start, at);
            start = at;
            last = script;
        }
        at += n;
    }
    return status || last == NO_SCRIPT ? status : ap__work_push_slice(work, text, start, at);
}

static ap_status apply(const void *self, ap__work *work) {
    (void)self;
    ap_status status = ap__work_write_bytes(work);
    for (size_t i = 0; i < work->pieces.n && !status; i++) status = split(work, &work->pieces.ptr[i].text);
    ap__work_swap_pieces(work);
    return status;
}

const ap__pretokenizer_class ap__pretokenizer_unicode_scripts = {.create = ap__create_nothing,
                                                                 .apply = apply};

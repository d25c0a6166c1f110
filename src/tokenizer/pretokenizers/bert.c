/* BertPreTokenizer: words between whitespace, punctuation by itself.
 * Source: huggingface/tokenizers@v0.21.4 pre_tokenizers/bert.rs: two splits, here in one pass. */
#include "base/utf8.h"
#include "tokenizer/component.h"
#include "tokenizer/unicode.h"

static ap_status split(ap__work *work, const ap__ntext *text) {
    ap_status status = AP_OK;
    uint32_t start = 0, at = 0;
    while (at < text->len && !status) {
        uint32_t code;
        uint32_t end = at + (uint32_t)ap__utf8_next(&code, text->ptr + at);
        uint32_t flags = ap__unicode_flags(code);
        if (flags & (AP__UNICODE_WHITESPACE | AP__UNICODE_PUNCTUATION)) {
            status = ap__work_push_slice(work, text, start, at);
            if (!status && flags & AP__UNICODE_PUNCTUATION) status = ap__work_push_slice(work, text, at, end);
            start = end;
        }
        at = end;
    }
    return status ? status : ap__work_push_slice(work, text, start, at);
}

static ap_status apply(const void *self, ap__work *work) {
    (void)self;
    ap_status status = ap__work_write_bytes(work);
    for (size_t i = 0; i < work->pieces.n && !status; i++) status = split(work, &work->pieces.ptr[i].text);
    ap__work_swap_pieces(work);
    return status;
}

const ap__pretokenizer_class ap__pretokenizer_bert = {.create = ap__create_nothing, .apply = apply};

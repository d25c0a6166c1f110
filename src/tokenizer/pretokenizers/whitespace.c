/* Whitespace: runs of \w and runs of what is neither \w nor whitespace. WhitespaceSplit: what lies between
 * whitespace. Source: huggingface/tokenizers@v0.21.4 pre_tokenizers/whitespace.rs. */
#include "base/utf8.h"
#include "tokenizer/component.h"
#include "tokenizer/unicode.h"

static ap_status split(ap__work *work, const ap__ntext *text) {
    uint32_t start = 0, at = 0, kind = AP__UNICODE_WHITESPACE;
    ap_status status = AP_OK;
    while (at < text->len && !status) {
        uint32_t code;
        uint32_t n = (uint32_t)ap__utf8_next(&code, text->ptr + at);
        uint32_t next_kind = ap__unicode_flags(code) & (AP__UNICODE_WHITESPACE | AP__UNICODE_WORD);
        if (next_kind != kind) {
            if (kind != AP__UNICODE_WHITESPACE) status = ap__work_push_slice(work, text, start, at);
            start = at;
            kind = next_kind;
        }
        at += n;
    }
    if (status || kind == AP__UNICODE_WHITESPACE) return status;
    return ap__work_push_slice(work, text, start, at);
}

static ap_status apply_whitespace(const void *self, ap__work *work) {
    (void)self;
    ap_status status = ap__work_write_bytes(work);
    for (size_t i = 0; i < work->pieces.n && !status; i++) status = split(work, &work->pieces.ptr[i].text);
    ap__work_swap_pieces(work);
    return status;
}

static ap_status apply_whitespace_split(const void *self, ap__work *work) {
    (void)self;
    return ap__work_split_at_flags(work, AP__UNICODE_WHITESPACE, AP__SPLIT_REMOVED);
}

const ap__pretokenizer_class ap__pretokenizer_whitespace = {.create = ap__create_nothing,
                                                            .apply = apply_whitespace};
const ap__pretokenizer_class ap__pretokenizer_whitespace_split = {.create = ap__create_nothing,
                                                                  .apply = apply_whitespace_split};

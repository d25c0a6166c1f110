/* What SigLIP does to a text before its SentencePiece model sees it.
 * Source: transformers@v4.55.4 models/siglip/tokenization_siglip.py canonicalize_text, _tokenize. */
#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/models/sentence_piece.h"
#include "tokenizer/python_text.h"

/* string.punctuation */
static bool is_punctuation(uint32_t code) {
    return (code >= '!' && code <= '/') || (code >= ':' && code <= '@') || (code >= '[' && code <= '`') ||
           (code >= '{' && code <= '~');
}

ap_status ap__sp_canonicalize(const ap__sentence_piece *self, ap__work *work, ap__ntext *text) {
    ap__transform t;
    bool was_space = true; /* None stays in front. */
    ap__work_begin(&t, work, text, 0);
    for (uint32_t at = 0, code; at < text->len && !t.status;) {
        at += (uint32_t)ap__utf8_next(&code, text->ptr + at);
        bool is_space = ap__py_is_space(code);
        if (is_punctuation(code)) {
            ap__transform_drop(&t);
            continue;
        }
        if (is_space && was_space)
            ap__transform_drop(&t);
        else
            ap__transform_put(&t, is_space ? ' ' : code, 0);
        was_space = is_space;
    }
    ap_status status = ap__work_finish(&t, work, text);
    if (status) return status;
    if (text->len && was_space) text->len--;
    if (!text->len) return AP_OK;
    return ap__ntext_prepend(&work->spare, text, self->unk_prefix, work->err);
}

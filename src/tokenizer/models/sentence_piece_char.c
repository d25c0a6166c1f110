/* Character models of the SentencePiece library: every character is a piece, and every user-defined piece
 * that stands there. Source: google/sentencepiece@v0.2.1 src/char_model.cc Encode. */
#include "base/alloc.h"
#include "base/error.h"
#include "tokenizer/models/sentence_piece.h"

ap_status ap__sp_cut_char(const ap__sentence_piece *self, ap__work *work, const ap__ntext *text,
                          ap__sp_stretches *out) {
    out->ptr = ap__arena_calloc(&work->arena, text->len, sizeof *out->ptr);
    if (!out->ptr) return ap__fail_nomem(work->err);
    out->n = 0;
    for (uint32_t at = 0, n; at < text->len; at += n) {
        n = ap__sp_symbol_len(self, text->ptr + at, text->len - at);
        if (!n) n = ap__utf8_len(text->ptr[at]);
        uint32_t piece = ap__vocab_find(&self->pieces, text->ptr + at, n);
        out->ptr[out->n++] = (ap__sp_stretch){at, at + n, piece};
    }
    work->n_steps += text->len;
    return AP_OK;
}

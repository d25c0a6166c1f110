/* WordLevel: a piece is a token or it is unknown.
 * Source: huggingface/tokenizers@v0.21.4 models/wordlevel/mod.rs. */
#include "base/error.h"
#include "tokenizer/component.h"
#include "tokenizer/models/read_vocab.h"

typedef struct word_level {
    const ap__vocab *vocab;
    ap__text unk_token;
    uint32_t unk_id;
} word_level;

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    word_level *self;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (!status) status = ap__get_string(loader, json, "unk_token", true, &self->unk_token);
    if (!status) status = ap__read_vocab(loader, json);
    if (status) return status;
    self->vocab = loader->vocab;
    self->unk_id = ap__vocab_find(self->vocab, self->unk_token.ptr, self->unk_token.len);
    *out = self;
    return AP_OK;
}

static ap_status tokenize(const void *ptr, ap__work *work, ap__piece *piece) {
    const word_level *self = ptr;
    ap_status status = piece->is_bytes ? ap__piece_write_bytes(work, piece) : AP_OK;
    if (status) return status;
    uint32_t id = ap__vocab_find(self->vocab, piece->text.ptr, piece->text.len);
    if (id == AP__TOKEN_NONE) id = self->unk_id;
    if (id == AP__TOKEN_NONE)
        return ap__fail(work->err, AP_EFORMAT,
                        "the text has a word that is not in the vocabulary, nor is the unk_token \"%.60s\"",
                        self->unk_token.ptr);
    return ap__work_push_token(work, piece, id, 0, piece->text.len);
}

const ap__model_class ap__model_word_level = {.create = create, .tokenize = tokenize};

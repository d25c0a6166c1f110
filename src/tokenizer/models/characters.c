/* What the simplest of the classes do that transformers runs in Python alone: a text is cut into characters,
 * bytes or words, and each is looked up in the vocabulary.
 * Source: transformers@v4.55.4 _tokenize and _convert_token_to_id of
 * models/wav2vec2/tokenization_wav2vec2.py, models/vits/tokenization_vits.py,
 * models/byt5/tokenization_byt5.py, models/myt5/tokenization_myt5.py,
 * models/perceiver/tokenization_perceiver.py,
 * models/esm/tokenization_esm.py. */
#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/models/read_vocab.h"
#include "tokenizer/models/rewriter.h"
#include "tokenizer/python_case.h"
#include "tokenizer/python_text.h"
#include "tokenizer/tokenizer_impl.h"

#include <stdio.h>
#include <string.h>

typedef struct characters {
    const ap__vocab *vocab;
    uint32_t unk_id;
    uint32_t blank_id;       /* Stands before, between and behind the tokens; AP__TOKEN_NONE: nothing does. */
    uint32_t byte_ids[256];  /* A byte has the name of the character of its number, or that in hexadecimal. */
    ap__rewriters rewriters; /* Of bytes. */
    bool are_bytes, are_words;
    bool are_spaced;  /* Words that only spaces end. */
    ap__text refusal; /* Why no text can be cut; no text: it can. */
    bool raises;      /* Characters become capitals, */
    ap__text space;   /* and a space this. */
} characters;

static ap_status read_unit(characters *self, ap__loader *loader, yyjson_val *json) {
    static const char *const UNITS[] = {"character", "byte", "word", "spaced", "hex", NULL};
    int unit = 0;
    ap_status status = ap__get_enum(loader, json, "unit", true, UNITS, &unit);
    self->are_bytes = unit == 1 || unit == 4;
    self->are_words = unit == 2;
    self->are_spaced = unit == 3;
    for (uint32_t byte = 0; byte < 256 && !status; byte++) {
        char name[4];
        size_t len = unit == 4 ? (size_t)snprintf(name, sizeof name, "%02x", (unsigned)byte)
                               : ap__utf8_encode(name, byte);
        self->byte_ids[byte] = ap__vocab_find(self->vocab, name, len);
    }
    return status ? status : ap__rewriters_read(&self->rewriters, loader, json);
}

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    characters *self;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (!status) status = ap__read_python_vocab(loader, json);
    if (status) return status;
    self->vocab = loader->vocab;
    self->unk_id = self->blank_id = AP__TOKEN_NONE;
    status = ap__get_u32(loader, json, "unk_id", false, &self->unk_id);
    if (!status) status = ap__get_u32(loader, json, "blank_id", false, &self->blank_id);
    if (!status) status = ap__get_string(loader, json, "unk_token", false, &loader->tokenizer->unknown);
    if (!status) status = read_unit(self, loader, json);
    if (!status) status = ap__get_string(loader, json, "refusal", false, &self->refusal);
    if (!status)
        status = ap__get_bool(loader, json, "keeps_strings", false, &loader->tokenizer->keeps_strings);
    if (!status) status = ap__get_bool(loader, json, "raises", false, &self->raises);
    if (!status) status = ap__get_string(loader, json, "space", self->raises, &self->space);
    *out = self;
    return status;
}

/* In the reference the id is None, with which no model can be called. */
static ap_status fail_unknown(const ap__piece *piece, uint32_t start, uint32_t end, ap_error *err) {
    return ap__fail(err, AP_EFORMAT,
                    "the text has \"%.*s\", which is not in the vocabulary, nor is an unk_token there",
                    (int)(end - start > 60 ? 60 : end - start), piece->text.ptr + start);
}

static ap_status push(const characters *self, ap__work *work, const ap__piece *piece, uint32_t start,
                      uint32_t end) {
    const char *text = piece->text.ptr + start;
    uint32_t id = self->are_bytes ? self->byte_ids[(unsigned char)*text]
                                  : ap__vocab_find(self->vocab, text, end - start);
    if (id != AP__TOKEN_NONE) return ap__work_push_token(work, piece, id, start, end);
    if (self->unk_id == AP__TOKEN_NONE) return fail_unknown(piece, start, end, work->err);
    return ap__work_push_text_token(work, piece, self->unk_id, start, end);
}

static ap_status push_words(const characters *self, ap__work *work, const ap__piece *piece) {
    ap__text word, rest = {piece->text.ptr, piece->text.len};
    ap_status status = AP_OK;
    while (!status && ap__py_next_word(&word, &rest)) {
        uint32_t start = (uint32_t)(word.ptr - piece->text.ptr);
        status = push(self, work, piece, start, start + (uint32_t)word.len);
    }
    return status;
}

/* Of a text that is stripped, what stands between spaces; other whitespace is part of it, if it is not all.
 */
static ap_status push_spaced(const characters *self, ap__work *work, const ap__piece *piece) {
    ap__text rest = ap__py_strip((ap__text){piece->text.ptr, piece->text.len});
    ap_status status = AP_OK;
    while (rest.len && !status) {
        const char *space = memchr(rest.ptr, ' ', rest.len);
        size_t len = space ? (size_t)(space - rest.ptr) : rest.len, n = len + (space != NULL);
        uint32_t start = (uint32_t)(rest.ptr - piece->text.ptr);
        if (ap__py_strip((ap__text){rest.ptr, len}).len)
            status = push(self, work, piece, start, start + (uint32_t)len);
        rest = (ap__text){rest.ptr + n, rest.len - n};
    }
    return status;
}

static ap_status push_blank(const characters *self, ap__work *work, const ap__piece *piece, uint32_t at) {
    if (self->blank_id == AP__TOKEN_NONE) return AP_OK;
    return ap__work_push_token(work, piece, self->blank_id, at, at);
}

/* The characters of an image of the piece's [start, end). */
static ap_status push_image(const characters *self, ap__work *work, const ap__piece *piece, ap__text image,
                            uint32_t start, uint32_t end) {
    ap_status status = AP_OK;
    for (size_t at = 0, n; at < image.len && !status; at += n) {
        n = ap__utf8_len(image.ptr[at]);
        uint32_t id = ap__vocab_find(self->vocab, image.ptr + at, n);
        if (id == AP__TOKEN_NONE) id = self->unk_id;
        if (id == AP__TOKEN_NONE) return fail_unknown(piece, start, end, work->err);
        status = ap__work_push_token(work, piece, id, start, end);
    }
    return status;
}

static ap_status push_raised(const characters *self, ap__work *work, const ap__piece *piece) {
    ap__buf image = {0};
    ap_status status = AP_OK;
    for (uint32_t at = 0, n; at < piece->text.len && !status; at += n) {
        const char *text = piece->text.ptr + at;
        n = ap__utf8_len(*text);
        image.len = 0;
        if (*text == ' ')
            status = push_image(self, work, piece, self->space, at, at + n);
        else
            status = ap__py_convert(&image, (ap__text){text, n}, AP__PY_TO_UPPER, work->err);
        if (!status) status = push_image(self, work, piece, (ap__text){image.ptr, image.len}, at, at + n);
    }
    ap__buf_clear(&image);
    return status;
}

static ap_status push_rewritten(const characters *self, ap__work *work, const ap__piece *piece) {
    size_t n = piece->text.len;
    ap__spanned bytes = {.n = n};
    bytes.bytes = ap__arena_alloc(&work->arena, n);
    bytes.spans = ap__arena_alloc(&work->arena, n * sizeof *bytes.spans);
    if (!bytes.bytes || !bytes.spans) return ap__fail_nomem(work->err);
    if (n) memcpy(bytes.bytes, piece->text.ptr, n);
    for (uint32_t i = 0; i < n; i++) bytes.spans[i] = (ap__span){i, i + 1};
    ap_status status = ap__rewriters_apply(&self->rewriters, &work->arena, &bytes, work->err);
    for (size_t i = 0; i < bytes.n && !status; i++) {
        uint32_t id = self->byte_ids[(unsigned char)bytes.bytes[i]];
        const ap__span *span = &bytes.spans[i];
        if (id == AP__TOKEN_NONE) return fail_unknown(piece, span->start, span->end, work->err);
        status = ap__work_push_token(work, piece, id, span->start, span->end);
    }
    return status;
}

static ap_status tokenize(const void *ptr, ap__work *work, ap__piece *piece) {
    const characters *self = ptr;
    if (self->refusal.ptr) return ap__fail(work->err, AP_EUNSUPPORTED, "%s", self->refusal.ptr);
    if (self->are_words) return push_words(self, work, piece);
    if (self->are_spaced) return push_spaced(self, work, piece);
    if (self->raises) return push_raised(self, work, piece);
    if (self->rewriters.n) return push_rewritten(self, work, piece);
    ap_status status = push_blank(self, work, piece, 0);
    for (uint32_t at = 0, n; at < piece->text.len && !status; at += n) {
        n = self->are_bytes ? 1 : ap__utf8_len(piece->text.ptr[at]);
        status = push(self, work, piece, at, at + n);
        if (!status) status = push_blank(self, work, piece, at + n);
    }
    return status;
}

const ap__model_class ap__model_characters = {.create = create, .tokenize = tokenize};

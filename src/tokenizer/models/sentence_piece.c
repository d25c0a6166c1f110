/* Reading a SentencePiece model that a converter wrote out, and the tokens of a text.
 * Source: google/sentencepiece@v0.2.1 src/sentencepiece_processor.cc PopulateSentencePieceText;
 * transformers@v4.55.4 models/marian/tokenization_marian.py, models/m2m_100/tokenization_m2m_100.py. */
#include "tokenizer/models/sentence_piece.h"

#include "base/error.h"
#include "tokenizer/models/read_vocab.h"
#include "tokenizer/tokenizer_impl.h"

#include <float.h>
#include <stdio.h>
#include <string.h>

/* -- reading ------------------------------------------------------------------------------------------- */

static ap_status fail_piece(ap__loader *loader, size_t i) {
    return ap__loader_fail(loader, AP_EFORMAT, "pieces",
                           "item %zu: expected a text, its score and its type from 1 to 6", i);
}

static ap_status check_pieces(ap__loader *loader, yyjson_val *list, size_t *n_bytes) {
    yyjson_val *item;
    size_t i, max;
    *n_bytes = 0;
    yyjson_arr_foreach(list, i, max, item) {
        yyjson_val *text = yyjson_arr_get(item, 0), *type = yyjson_arr_get(item, 2);
        if (!yyjson_is_str(text) || !yyjson_is_num(yyjson_arr_get(item, 1)) || !yyjson_is_uint(type) ||
            !yyjson_get_uint(type) || yyjson_get_uint(type) > AP__SP_BYTE)
            return fail_piece(loader, i);
        *n_bytes += yyjson_get_len(text);
    }
    return AP_OK;
}

static void add_piece(ap__sentence_piece *self, yyjson_val *item) {
    yyjson_val *text = yyjson_arr_get(item, 0);
    const char *bytes = yyjson_get_str(text);
    size_t len = yyjson_get_len(text);
    float score = (float)yyjson_get_num(yyjson_arr_get(item, 1));
    uint32_t type = (uint32_t)yyjson_get_uint(yyjson_arr_get(item, 2)), i = (uint32_t)self->pieces.n;
    if (type == AP__SP_UNKNOWN || type == AP__SP_CONTROL || type == AP__SP_BYTE) return;
    ap__vocab_add(&self->pieces, bytes, len, i);
    if (self->pieces.n == i) return; /* It stands there twice. */
    self->infos[i] = (ap__sp_piece){score, type, ap__vocab_find(self->ids, bytes, len)};
    self->has_unused = self->has_unused || type == AP__SP_UNUSED;
    if (type == AP__SP_USER_DEFINED) ap__vocab_add(&self->symbols, bytes, len, 0);
    if (type != AP__SP_NORMAL) return;
    if (score < self->min_score) self->min_score = score;
    if (score > self->max_score) self->max_score = score;
}

static ap_status read_pieces(ap__sentence_piece *self, ap__loader *loader, yyjson_val *json) {
    yyjson_val *list, *item;
    size_t i, max, n_bytes;
    ap__vocab *lists[] = {&self->pieces, &self->symbols};
    ap_status status = ap__get_array(loader, json, "pieces", &list);
    if (!status) status = check_pieces(loader, list, &n_bytes);
    for (size_t k = 0; k < 2 && !status; k++)
        status = ap__vocab_create(lists[k], loader->arena, yyjson_arr_size(list), n_bytes, loader->err);
    if (!status) status = ap__loader_alloc(loader, &self->infos, yyjson_arr_size(list), sizeof *self->infos);
    if (status) return status;
    self->min_score = FLT_MAX;
    self->max_score = FLT_MIN; /* As in the library: above every score that is negative. */
    yyjson_arr_foreach(list, i, max, item) add_piece(self, item);
    if (!self->is_bpe) status = ap__trie_create(&self->trie, &self->pieces, loader->arena, loader->err);
    if (status || !self->symbols.n) return status;
    return ap__trie_create(&self->symbol_trie, &self->symbols, loader->arena, loader->err);
}

static ap_status read_flags(ap__sentence_piece *self, ap__loader *loader, yyjson_val *json) {
    const struct {
        const char *key;
        bool *place;
    } FLAGS[] = {{"is_bpe", &self->is_bpe},
                 {"is_char", &self->is_char},
                 {"byte_fallback", &self->byte_fallback},
                 {"has_language_codes", &self->has_language_codes},
                 {"add_dummy_prefix", &self->add_dummy_prefix},
                 {"remove_extra_whitespaces", &self->remove_extra_whitespaces},
                 {"escape_whitespaces", &self->escape_whitespaces},
                 {"treat_whitespace_as_suffix", &self->treat_whitespace_as_suffix}};
    ap_status status = AP_OK;
    for (size_t i = 0; i < sizeof FLAGS / sizeof *FLAGS && !status; i++)
        status = ap__get_bool(loader, json, FLAGS[i].key, true, FLAGS[i].place);
    if (!status && yyjson_obj_get(json, "precompiled_charsmap"))
        status = ap__charsmap_read(&self->map, loader, json);
    return status;
}

/* Ids that are nowhere become the unknown token, in both directions. */
static ap_status read_unknown(ap__sentence_piece *self, ap__loader *loader, yyjson_val *json) {
    ap__text *unknown = &loader->tokenizer->unknown;
    ap_status status = ap__get_string(loader, json, "unk_token", true, unknown);
    if (status) return status;
    self->unk_id = ap__vocab_find(self->ids, unknown->ptr, unknown->len);
    if (self->unk_id != AP__TOKEN_NONE) return AP_OK;
    return ap__loader_fail(loader, AP_EFORMAT, "unk_token", "\"%.60s\" is not in the vocabulary",
                           unknown->ptr);
}

/* -- tokens -------------------------------------------------------------------------------------------- */

/* A token whose string is that of the text, whatever its id. */
static ap_status push_text(const ap__sentence_piece *self, ap__work *work, const ap__piece *piece,
                           uint32_t start, uint32_t end) {
    uint32_t id = ap__vocab_find(self->ids, piece->text.ptr + start, end - start);
    return ap__work_push_text_token(work, piece, id == AP__TOKEN_NONE ? self->unk_id : id, start, end);
}

static ap_status push_bytes(const ap__sentence_piece *self, ap__work *work, const ap__piece *piece,
                            const ap__sp_stretch *s) {
    ap_status status = AP_OK;
    for (uint32_t i = s->start; i < s->end && !status; i++) {
        uint32_t id = self->byte_ids[(unsigned char)piece->text.ptr[i]];
        status = ap__work_push_token(work, piece, id == AP__TOKEN_NONE ? self->unk_id : id, s->start, s->end);
    }
    return status;
}

/* Neighbouring unknown stretches are one token. */
static ap_status push_all(const ap__sentence_piece *self, ap__work *work, const ap__piece *piece,
                          const ap__sp_stretches *found) {
    ap_status status = AP_OK;
    for (size_t i = 0; i < found->n && !status; i++) {
        ap__sp_stretch s = found->ptr[i];
        bool is_unknown = s.piece == AP__TOKEN_NONE;
        if (is_unknown && self->byte_fallback) {
            status = push_bytes(self, work, piece, &s);
            continue;
        }
        while (is_unknown && i + 1 < found->n && found->ptr[i + 1].piece == AP__TOKEN_NONE)
            s.end = found->ptr[++i].end;
        uint32_t id = s.piece == AP__TOKEN_NONE ? AP__TOKEN_NONE : self->infos[s.piece].id;
        status = id == AP__TOKEN_NONE ? push_text(self, work, piece, s.start, s.end)
                                      : ap__work_push_token(work, piece, id, s.start, s.end);
    }
    return status;
}

/* Bytes of the language code in front of the text: ">>" up to the first "<<". */
static uint32_t code_len(const ap__ntext *text) {
    if (text->len < 4 || memcmp(text->ptr, ">>", 2) != 0) return 0;
    for (uint32_t at = 2; at + 2 <= text->len; at++)
        if (text->ptr[at] == '<' && text->ptr[at + 1] == '<') return at + 2;
    return 0;
}

static ap_status push_pieces(const ap__sentence_piece *self, ap__work *work, ap__piece *piece) {
    ap__sp_stretches found = {0};
    ap_status status = ap__sp_normalize(self, work, &piece->text);
    if (status || !piece->text.len) return status;
    status = self->is_bpe    ? ap__sp_cut_bpe(self, work, &piece->text, &found)
             : self->is_char ? ap__sp_cut_char(self, work, &piece->text, &found)
                             : ap__sp_cut_unigram(self, work, &piece->text, &found);
    return status ? status : push_all(self, work, piece, &found);
}

/* Of fewer tokens than the prefix has by itself, all stay. */
static ap_status push_behind_unk(const ap__sentence_piece *self, ap__work *work, ap__piece *piece) {
    size_t first = work->tokens.n;
    unsigned next = work->texts.next; /* The other buffer has the text of the parts to come. */
    ap_status status = ap__sp_canonicalize(self, work, &piece->text);
    work->texts.next = next;
    if (status || !piece->text.len) return status;
    status = push_pieces(self, work, piece);
    work->texts.next = next;
    size_t n = work->tokens.n - first;
    if (status || n < self->n_unk_prefix) return status;
    ap__token *tokens = work->tokens.ptr + first;
    n -= self->n_unk_prefix;
    if (n) memmove(tokens, tokens + self->n_unk_prefix, n * sizeof *tokens);
    work->tokens.n = first + n;
    return AP_OK;
}

static ap_status tokenize(const void *ptr, ap__work *work, ap__piece *piece) {
    const ap__sentence_piece *self = ptr;
    uint32_t n = self->has_language_codes ? code_len(&piece->text) : 0;
    ap_status status = n ? push_text(self, work, piece, 0, n) : AP_OK;
    if (status || n == piece->text.len) return status;
    ap__piece rest = {.text = ap__ntext_slice(&piece->text, n, piece->text.len)};
    return self->unk_prefix.len ? push_behind_unk(self, work, &rest) : push_pieces(self, work, &rest);
}

/* -- reading all of it --------------------------------------------------------------------------------- */

static ap_status count_prefix(ap__sentence_piece *self, ap__loader *loader) {
    uint32_t len = (uint32_t)self->unk_prefix.len;
    ap__work work = {.tokenizer = loader->tokenizer, .err = loader->err};
    ap__piece piece = {.text = {self->unk_prefix.ptr, NULL, len, {0, len}, false}};
    ap_status status = len ? push_pieces(self, &work, &piece) : AP_OK;
    self->n_unk_prefix = work.tokens.n;
    ap__work_clear(&work);
    return status;
}

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    ap__sentence_piece *self;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (!status) status = read_flags(self, loader, json);
    if (!status) status = ap__read_python_vocab(loader, json);
    if (status) return status;
    self->ids = loader->vocab;
    status = ap__get_u32(loader, json, "first_language_id", false, &loader->tokenizer->languages.first_id);
    if (!status) status = read_unknown(self, loader, json);
    if (!status) status = read_pieces(self, loader, json);
    if (!status) status = ap__get_string(loader, json, "unk_prefix", false, &self->unk_prefix);
    if (status) return status;
    for (unsigned byte = 0; byte < 256; byte++) {
        char name[8];
        int len = snprintf(name, sizeof name, "<0x%02X>", byte);
        self->byte_ids[byte] = ap__vocab_find(self->ids, name, (size_t)len);
    }
    *out = self;
    return count_prefix(self, loader);
}
const ap__model_class ap__model_sentence_piece = {.create = create, .tokenize = tokenize};

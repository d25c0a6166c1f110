/* What the slow tokenizers of SentencePiece models make of tokens: pieces are decoded by the model, special
 * tokens stay between them, and added tokens that are not special stand apart.
 * Source: transformers@v4.55.4 tokenization_utils.py _decode, convert_tokens_to_string of
 * models/marian/tokenization_marian.py and models/m2m_100/tokenization_m2m_100.py;
 * google/sentencepiece@v0.2.1 src/sentencepiece_processor.cc Decode. */
#include "tokenizer/models/sentence_piece.h"
#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/decoders/apart.h"
#include "tokenizer/python_text.h"
#include "tokenizer/strings.h"

#include <string.h>

#define MARK "\xE2\x96\x81" /* U+2581 */
enum { MARK_LEN = 3 };

typedef struct sentence_piece {
    ap__vocab types; /* Of each piece its type. */
    ap__vocab special, apart;
    ap__text unk_surface;
    ap__text special_end;  /* Behind each special token. */
    bool has_space_before; /* Before the pieces that one comes behind. */
    bool strips_marks;     /* The model puts a mark in front of texts, or takes spaces off. */
    bool strips_all_marks; /* All marks in front; else the first. */
    bool keeps_ends;       /* Whitespace at both ends stays. */
    bool leaves_no_marks;  /* Also marks of what is no piece become spaces. */
} sentence_piece;

/* -- reading ------------------------------------------------------------------------------------------- */

/* Of each piece its type. */
static ap_status read_types(ap__vocab *out, ap__loader *loader, yyjson_val *json) {
    yyjson_val *list, *item;
    size_t i, max, n_bytes = 0;
    ap_status status = ap__get_array(loader, json, "pieces", &list);
    if (status) return status;
    yyjson_arr_foreach(list, i, max, item) {
        if (!yyjson_is_str(yyjson_arr_get(item, 0)))
            return ap__loader_fail(loader, AP_EFORMAT, "pieces", "item %zu: expected a text first", i);
        n_bytes += yyjson_get_len(yyjson_arr_get(item, 0));
    }
    status = ap__vocab_create(out, loader->arena, yyjson_arr_size(list), n_bytes, loader->err);
    if (status) return status;
    yyjson_arr_foreach(list, i, max, item) {
        yyjson_val *text = yyjson_arr_get(item, 0);
        uint64_t type = yyjson_get_uint(yyjson_arr_get(item, 2));
        bool is_usual = type == AP__SP_NORMAL || type == AP__SP_USER_DEFINED || type == AP__SP_UNUSED;
        const char *bytes = yyjson_get_str(text);
        size_t len = yyjson_get_len(text);
        /* A piece that is listed as usual and otherwise is the other one. */
        if (!is_usual || ap__vocab_find(out, bytes, len) == AP__TOKEN_NONE)
            ap__vocab_add(out, bytes, len, (uint32_t)type);
    }
    return AP_OK;
}

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    sentence_piece *self;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (!status) status = read_types(&self->types, loader, json);
    if (!status) status = ap__get_strings(loader, json, "special", 0, &self->special);
    if (!status) status = ap__get_strings(loader, json, "apart", 0, &self->apart);
    if (!status) status = ap__get_string(loader, json, "unk_surface", true, &self->unk_surface);
    if (!status) status = ap__get_string(loader, json, "special_end", true, &self->special_end);
    if (!status) status = ap__get_bool(loader, json, "has_space_before", true, &self->has_space_before);
    if (!status) status = ap__get_bool(loader, json, "strips_marks", true, &self->strips_marks);
    if (!status) status = ap__get_bool(loader, json, "strips_all_marks", true, &self->strips_all_marks);
    if (!status) status = ap__get_bool(loader, json, "leaves_no_marks", true, &self->leaves_no_marks);
    if (!status) status = ap__get_bool(loader, json, "keeps_ends", true, &self->keeps_ends);
    *out = self;
    return status;
}

/* -- pieces -------------------------------------------------------------------------------------------- */

/* A run of pieces while it is decoded; `parts` gets the text. */
typedef struct run {
    const sentence_piece *self;
    ap__strings *parts;
    char *bytes; /* Of byte pieces that wait; room for one each. */
    size_t n_bytes;
    bool is_begun;  /* There is text. */
    bool is_marked; /* The mark that stands in front of a text was taken off. */
} run;

static ap_status put(run *r, const char *text, size_t len) {
    if (!len) return AP_OK;
    r->is_begun = true;
    return ap__strings_push(r->parts, text, len);
}

/* Characters of the bytes that wait; one U+FFFD for each byte that begins none. */
static ap_status put_bytes(run *r) {
    ap_status status = AP_OK;
    for (size_t at = 0, n; at < r->n_bytes && !status; at += n) {
        uint32_t code;
        size_t left = r->n_bytes - at, need = ap__utf8_len(r->bytes[at]);
        n = need <= left && ap__utf8_valid_len(r->bytes + at, need) == need
                ? ap__utf8_next(&code, r->bytes + at)
                : 0;
        status = n ? put(r, r->bytes + at, n) : put(r, "\xEF\xBF\xBD", 3);
        n += !n;
    }
    r->bytes += r->n_bytes; /* The text refers to them. */
    r->n_bytes = 0;
    return status;
}

static int hex_value(char c) { return c >= '0' && c <= '9' ? c - '0' : c - 'A' + 10; }

static ap_status put_piece(run *r, ap__text piece) {
    const sentence_piece *self = r->self;
    uint32_t type = ap__vocab_find(&self->types, piece.ptr, piece.len);
    if (type == AP__SP_BYTE && piece.len == 6) {
        r->bytes[r->n_bytes++] = (char)(hex_value(piece.ptr[3]) * 16 + hex_value(piece.ptr[4]));
        return AP_OK;
    }
    ap_status status = put_bytes(r);
    if (status || type == AP__SP_CONTROL) return status;
    bool is_first = !r->is_marked && !r->is_begun;
    r->is_marked = false;
    if (type == AP__SP_UNKNOWN) return put(r, self->unk_surface.ptr, self->unk_surface.len);
    if (type == AP__TOKEN_NONE) return put(r, piece.ptr, piece.len);
    if (is_first && self->strips_marks && piece.len >= MARK_LEN && !memcmp(piece.ptr, MARK, MARK_LEN)) {
        piece = (ap__text){piece.ptr + MARK_LEN, piece.len - MARK_LEN};
        r->is_marked = !self->strips_all_marks;
    }
    status = ap__strings_replace(r->parts, &piece, (ap__text){MARK, MARK_LEN}, (ap__text){" ", 1});
    return status ? status : put(r, piece.ptr, piece.len);
}

/* -- all of it ----------------------------------------------------------------------------------------- */

/* Behind the last special token of the strings [start, end); `start` when there is none. */
static size_t last_special(const sentence_piece *self, const ap__strings *strings, size_t start, size_t end) {
    while (end > start && !ap__has_string(&self->special, &strings->ptr[end - 1])) end--;
    return end;
}

/* convert_tokens_to_string(): each run between special tokens by itself. */
static ap_status convert(const void *ptr, ap__strings *strings, size_t start, size_t end, ap__text *out) {
    const sentence_piece *self = ptr;
    ap__strings parts;
    ap_status status = ap__strings_create(&parts, strings->arena, end - start + 1, strings->err);
    size_t specials_end = self->has_space_before ? last_special(self, strings, start, end) : start;
    bool is_new = true; /* No special token is just before. */
    run r = {.self = self, .parts = &parts};
    if (!status) status = ap__strings_alloc(&r.bytes, strings, end - start);
    for (size_t i = start; i < end && !status; i++) {
        const ap__text *token = &strings->ptr[i];
        bool is_special = ap__has_string(&self->special, token);
        if (is_new && i < specials_end) status = ap__strings_push(&parts, " ", 1);
        is_new = is_special && i + 1 < end && !ap__has_string(&self->special, token + 1);
        if (!is_special && !status) {
            status = put_piece(&r, *token);
            continue;
        }
        if (!status) status = put_bytes(&r);
        if (!status) status = ap__strings_push(&parts, token->ptr, token->len);
        if (!status) status = ap__strings_push(&parts, self->special_end.ptr, self->special_end.len);
        r.is_begun = r.is_marked = false;
    }
    if (!status) status = put_bytes(&r);
    if (!status) status = ap__strings_join(out, &parts, NULL);
    if (!status && self->leaves_no_marks)
        status = ap__strings_replace(strings, out, (ap__text){MARK, MARK_LEN}, (ap__text){" ", 1});
    if (!self->keeps_ends) *out = ap__py_strip(*out);
    return status;
}

static ap_status apply(const void *ptr, ap__strings *strings) {
    const sentence_piece *self = ptr;
    return ap__decode_apart(strings, &self->apart, convert, self);
}

/* Both ends are stripped. */
static unsigned tail(const void *self, bool is_joined) {
    (void)self;
    (void)is_joined;
    return AP__TAIL_OPEN | AP__TAIL_JOINS;
}

const ap__decoder_class ap__decoder_sentence_piece = {.create = create, .apply = apply, .tail = tail};

/* CTC as Wav2Vec2CTCTokenizer and Wav2Vec2PhonemeCTCTokenizer have it: neighbours that are the same are one,
 * blanks vanish, and a token stands between words. Other than the CTC of tokenizer.json it compares whole
 * tokens and strips the text. Source: transformers@v4.55.4 convert_tokens_to_string of
 * models/wav2vec2/tokenization_wav2vec2.py and models/wav2vec2_phoneme/tokenization_wav2vec2_phoneme.py. */
#include "base/error.h"
#include "tokenizer/ctc.h"
#include "tokenizer/python_case.h"
#include "tokenizer/python_text.h"
#include "tokenizer/strings.h"
#include "tokenizer/tokenizer_impl.h"

#include <string.h>

typedef struct python_ctc {
    ap__text pad_token; /* No text: there is none. */
    ap__text word_delimiter_token, replacement;
    bool lowers;
    bool are_phonemes; /* With spaces between them, without words. */
} python_ctc;

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    python_ctc *self;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (!status) status = ap__get_string(loader, json, "pad_token", false, &self->pad_token);
    if (!status)
        status = ap__get_string(loader, json, "word_delimiter_token", false, &self->word_delimiter_token);
    if (!status) status = ap__get_string(loader, json, "replacement", true, &self->replacement);
    if (!status) status = ap__get_bool(loader, json, "lowers", true, &self->lowers);
    if (!status) status = ap__get_bool(loader, json, "are_phonemes", true, &self->are_phonemes);
    *out = self;
    return status;
}

static bool is_same(ap__text a, ap__text b) {
    return a.ptr && b.ptr && a.len == b.len && !memcmp(a.ptr, b.ptr, a.len);
}

/* Characters of the tokens: runs of the same one, without blanks.   @return how many */
static size_t find_chars(const python_ctc *self, const ap__text *tokens, size_t n, bool keeps_repeats,
                         ap__ctc_span *out) {
    size_t n_chars = 0;
    for (size_t start = 0, end; start < n; start = end) {
        ap__text token = tokens[start];
        for (end = start + 1; end < n && !keeps_repeats && is_same(tokens[end], token);) end++;
        if (is_same(token, self->pad_token)) continue;
        bool is_delimiter = is_same(token, self->word_delimiter_token);
        if (is_delimiter && self->are_phonemes) continue;
        if (is_delimiter) token = self->replacement;
        out[n_chars++] = (ap__ctc_span){token, start, end};
    }
    return n_chars;
}

static ap_status join(ap__text *out, ap__arena *arena, const ap__ctc_span *chars, size_t n,
                      const char *separator, ap_error *err) {
    ap__strings parts;
    ap_status status = ap__strings_create(&parts, arena, n, err);
    for (size_t i = 0; i < n && !status; i++)
        status = ap__strings_push(&parts, chars[i].text.ptr, chars[i].text.len);
    return status ? status : ap__strings_join(out, &parts, separator);
}

/* The whole text, stripped and where the class asks for it in lower case. */
static ap_status finish(const python_ctc *self, ap__text *text, ap__arena *arena, ap_error *err) {
    *text = ap__py_strip(*text);
    if (!self->lowers) return AP_OK;
    ap__buf lowered = {0};
    ap_status status = ap__py_convert(&lowered, *text, AP__PY_TO_LOWER, err);
    char *copy = status ? NULL : ap__arena_strndup(arena, ap__buf_text(&lowered), lowered.len);
    if (!status && !copy) status = ap__fail_nomem(err);
    if (!status) *text = (ap__text){copy, lowered.len};
    ap__buf_clear(&lowered);
    return status;
}

static ap_status apply(const void *ptr, ap__strings *strings) {
    const python_ctc *self = ptr;
    ap__ctc_span *chars = ap__arena_calloc(strings->arena, strings->n, sizeof *chars);
    ap__text text;
    if (!chars) return ap__fail_nomem(strings->err);
    size_t n = find_chars(self, strings->ptr, strings->n, false, chars);
    ap_status status = join(&text, strings->arena, chars, n, self->are_phonemes ? " " : NULL, strings->err);
    if (!status) status = finish(self, &text, strings->arena, strings->err);
    if (status) return status;
    strings->n = 0;
    return ap__strings_push(strings, text.ptr, text.len);
}

static unsigned tail(const void *self, bool is_joined) {
    (void)self;
    (void)is_joined;
    return AP__TAIL_OPEN | AP__TAIL_JOINS;
}

const ap__decoder_class ap__decoder_python_ctc = {.create = create, .apply = apply, .tail = tail};

/* -- with places --------------------------------------------------------------------------------------- */

/* Source: _get_word_offsets. */
static ap_status find_words(ap__ctc_text *out, const python_ctc *self, ap_error *err) {
    ap_status status = AP_OK;
    for (size_t start = 0, end; start < out->n_chars && !status; start = end) {
        end = start + 1;
        if (is_same(out->chars[start].text, self->replacement)) continue;
        while (end < out->n_chars && !is_same(out->chars[end].text, self->replacement)) end++;
        ap__ctc_span *word = &out->words[out->n_words++];
        *word = (ap__ctc_span){{0}, out->chars[start].start, out->chars[end - 1].end};
        status = join(&word->text, &out->memory, out->chars + start, end - start, NULL, err);
    }
    return status;
}

static ap_status decode(ap__ctc_text *out, const python_ctc *self, const ap__text *tokens, size_t n,
                        const ap__ctc_options *options, ap_error *err) {
    const char *separator = options->spaces_between_special_tokens || self->are_phonemes ? " " : NULL;
    out->chars = ap__arena_calloc(&out->memory, n, sizeof *out->chars);
    out->words = ap__arena_calloc(&out->memory, n, sizeof *out->words);
    if (!out->chars || !out->words) return ap__fail_nomem(err);
    out->n_chars = find_chars(self, tokens, n, options->keeps_repeats, out->chars);
    ap_status status = join(&out->text, &out->memory, out->chars, out->n_chars, separator, err);
    if (!status) status = finish(self, &out->text, &out->memory, err);
    return status || self->are_phonemes ? status : find_words(out, self, err);
}

ap_status ap__ctc_decode(ap__ctc_text *out, const ap__tokenizer *tokenizer, const uint32_t *ids, size_t n_ids,
                         const ap__ctc_options *options, ap_error *err) {
    const ap__decoder *decoder = &tokenizer->decoder;
    *out = (ap__ctc_text){0};
    if (decoder->class_ != &ap__decoder_python_ctc)
        return ap__fail(
            err, AP_EUNSUPPORTED,
            "only a Wav2Vec2CTCTokenizer and the like knows the frames of characters; this is a %s",
            tokenizer->config.tokenizer_class ? tokenizer->config.tokenizer_class : "tokenizer");
    ap__text *tokens = ap__arena_calloc(&out->memory, n_ids, sizeof *tokens);
    size_t n = 0;
    if (!tokens) return ap__fail_nomem(err);
    for (size_t i = 0; i < n_ids; i++) {
        size_t len;
        const char *text =
            ap__tokenizer_decoded_string(tokenizer, ids[i], options->skip_special_tokens, &len);
        if (text) tokens[n++] = (ap__text){text, len};
    }
    return decode(out, decoder->self, tokens, n, options, err);
}

void ap__ctc_clear(ap__ctc_text *text) {
    ap__arena_clear(&text->memory);
    *text = (ap__ctc_text){0};
}

/* CTC as Wav2Vec2CTCTokenizer has it: neighbours that are the same are one, blanks vanish, and a token stands
 * between words. Other than the CTC of tokenizer.json it compares whole tokens and strips the text.
 * Source: transformers@v4.55.4 models/wav2vec2/tokenization_wav2vec2.py convert_tokens_to_string. */
#include "base/error.h"
#include "tokenizer/component.h"
#include "tokenizer/python_text.h"
#include "tokenizer/strings.h"

#include <string.h>

typedef struct python_ctc {
    ap__text pad_token; /* No text: there is none. */
    ap__text word_delimiter_token, replacement;
} python_ctc;

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    python_ctc *self;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (!status) status = ap__get_string(loader, json, "pad_token", false, &self->pad_token);
    if (!status)
        status = ap__get_string(loader, json, "word_delimiter_token", true, &self->word_delimiter_token);
    if (!status) status = ap__get_string(loader, json, "replacement", true, &self->replacement);
    *out = self;
    return status;
}

static bool is_same(ap__text a, ap__text b) {
    return a.ptr && b.ptr && a.len == b.len && !memcmp(a.ptr, b.ptr, a.len);
}

static ap_status apply(const void *ptr, ap__strings *strings) {
    const python_ctc *self = ptr;
    ap__text last = {0}, text;
    size_t n = 0;
    for (size_t i = 0; i < strings->n; i++) {
        ap__text string = strings->ptr[i];
        bool is_dropped = is_same(string, last) || is_same(string, self->pad_token);
        last = string;
        if (is_dropped) continue;
        strings->ptr[n++] = is_same(string, self->word_delimiter_token) ? self->replacement : string;
    }
    strings->n = n;
    ap_status status = ap__strings_join(&text, strings, NULL);
    strings->n = 0;
    text = ap__py_strip(text);
    return status ? status : ap__strings_push(strings, text.ptr, text.len);
}

static unsigned tail(const void *self, bool is_joined) {
    (void)self;
    (void)is_joined;
    return AP__TAIL_OPEN | AP__TAIL_JOINS;
}

const ap__decoder_class ap__decoder_python_ctc = {.create = create, .apply = apply, .tail = tail};

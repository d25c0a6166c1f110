/* CTC: drops repeated tokens and the padding between them.
 * Source: huggingface/tokenizers@v0.21.4 decoders/ctc.rs. */
#include "base/error.h"
#include "tokenizer/component.h"
#include "tokenizer/decoders/word_piece.h"
#include "tokenizer/strings.h"

#include <string.h>

typedef struct ctc {
    ap__text pad_token, word_delimiter_token;
    bool cleanup;
} ctc;

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    ctc *self;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (!status) status = ap__get_string(loader, json, "pad_token", true, &self->pad_token);
    if (!status)
        status = ap__get_string(loader, json, "word_delimiter_token", true, &self->word_delimiter_token);
    if (!status) status = ap__get_bool(loader, json, "cleanup", true, &self->cleanup);
    *out = self;
    return status;
}

static ap_status apply(const void *ptr, ap__strings *strings) {
    const ctc *self = ptr;
    ap_status status = AP_OK;
    ap__text last = {0};
    size_t n = 0;
    for (size_t i = 0; i < strings->n && !status; i++) {
        ap__text string = strings->ptr[i];
        bool is_repeated = i > 0 && string.len == last.len && !memcmp(string.ptr, last.ptr, last.len);
        last = string;
        if (is_repeated) continue;
        status = ap__strings_replace(strings, &string, self->pad_token, (ap__text){"", 0});
        if (!status && self->cleanup) status = ap__clean_up_english(strings, &string);
        if (!status && self->cleanup)
            status = ap__strings_replace(strings, &string, self->word_delimiter_token, (ap__text){" ", 1});
        if (string.len) strings->ptr[n++] = string;
    }
    strings->n = n;
    return status;
}

static unsigned tail(const void *self, bool is_joined) {
    (void)self;
    return is_joined ? AP__TAIL_OPEN : 0;
}

const ap__decoder_class ap__decoder_ctc = {.create = create, .apply = apply, .tail = tail};

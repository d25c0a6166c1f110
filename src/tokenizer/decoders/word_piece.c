/* WordPiece: joins the parts of words, puts spaces between words.
 * Source: huggingface/tokenizers@v0.21.4 decoders/wordpiece.rs. */
#include "tokenizer/decoders/word_piece.h"

#include "base/error.h"
#include "tokenizer/component.h"

#include <string.h>

typedef struct word_piece {
    ap__text prefix;
    bool cleanup;
} word_piece;

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    word_piece *self;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (!status) status = ap__get_string(loader, json, "prefix", true, &self->prefix);
    if (!status) status = ap__get_bool(loader, json, "cleanup", true, &self->cleanup);
    *out = self;
    return status;
}

ap_status ap__clean_up_english(ap__strings *strings, ap__text *string) {
    static const struct {
        const char *from, *to;
    } RULES[] = {{" .", "."},   {" ?", "?"},     {" !", "!"},    {" ,", ","},
                 {" ' ", "'"},  {" n't", "n't"}, {" 'm", "'m"},  {" do not", " don't"},
                 {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
    ap_status status = AP_OK;
    for (size_t i = 0; i < sizeof RULES / sizeof *RULES && !status; i++)
        status = ap__strings_replace(strings, string, (ap__text){RULES[i].from, strlen(RULES[i].from)},
                                     (ap__text){RULES[i].to, strlen(RULES[i].to)});
    return status;
}

static ap_status put_space(ap__strings *strings, ap__text *string) {
    char *spaced;
    ap_status status = ap__strings_alloc(&spaced, strings, string->len + 1);
    if (status) return status;
    spaced[0] = ' ';
    if (string->len) memcpy(spaced + 1, string->ptr, string->len);
    *string = (ap__text){spaced, string->len + 1};
    return AP_OK;
}

static ap_status apply(const void *ptr, ap__strings *strings) {
    const word_piece *self = ptr;
    ap_status status = AP_OK;
    for (size_t i = 0; i < strings->n && !status; i++) {
        ap__text *string = &strings->ptr[i];
        bool is_part =
            string->len >= self->prefix.len && !memcmp(string->ptr, self->prefix.ptr, self->prefix.len);
        if (i > 0 && is_part)
            *string = (ap__text){string->ptr + self->prefix.len, string->len - self->prefix.len};
        else if (i > 0)
            status = put_space(strings, string);
        if (!status && self->cleanup) status = ap__clean_up_english(strings, string);
    }
    return status;
}

static unsigned tail(const void *self, bool is_joined) {
    (void)self;
    return is_joined ? AP__TAIL_OPEN : 0;
}

const ap__decoder_class ap__decoder_word_piece = {.create = create, .apply = apply, .tail = tail};

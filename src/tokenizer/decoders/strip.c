/* Strip: takes a character off both ends of each string, so many times at most.
 * Source: huggingface/tokenizers@v0.21.4 decoders/strip.rs; where that panics, this is an error. */
#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/component.h"
#include "tokenizer/ntext.h"
#include "tokenizer/strings.h"

typedef struct strip {
    uint32_t content;
    size_t start, stop;
} strip;

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    strip *self;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (!status) status = ap__get_char(loader, json, "content", true, &self->content);
    if (!status) status = ap__get_size(loader, json, "start", true, &self->start);
    if (!status) status = ap__get_size(loader, json, "stop", true, &self->stop);
    *out = self;
    return status;
}

static ap_status strip_one(const strip *self, ap__text *string, ap_error *err) {
    size_t start = 0, stop = string->len;
    uint32_t code;
    for (size_t i = 0; i < self->start && start < string->len; i++) {
        size_t n = ap__utf8_next(&code, string->ptr + start);
        if (code != self->content) break;
        start += n;
    }
    for (size_t i = 0; i < self->stop; i++) {
        size_t at = stop;
        if (at == 0)
            return ap__fail(err, AP_EINVAL, "the Strip decoder takes off more characters than a token has");
        do at--;
        while (at > 0 && ap__is_continuation(string->ptr[at]));
        ap__utf8_next(&code, string->ptr + at);
        if (code != self->content) break;
        stop = at;
    }
    if (start > stop)
        return ap__fail(err, AP_EINVAL,
                        "the Strip decoder takes characters off a token twice, from both ends");
    *string = (ap__text){string->ptr + start, stop - start};
    return AP_OK;
}

static ap_status apply(const void *ptr, ap__strings *strings) {
    const strip *self = ptr;
    ap_status status = AP_OK;
    for (size_t i = 0; i < strings->n && !status; i++)
        status = strip_one(self, &strings->ptr[i], strings->err);
    return status;
}

static unsigned tail(const void *self, bool is_joined) {
    (void)self;
    return is_joined ? AP__TAIL_START : 0;
}

const ap__decoder_class ap__decoder_strip = {.create = create, .apply = apply, .tail = tail};

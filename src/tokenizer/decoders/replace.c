/* Replace: every occurrence of a string becomes another one.
 * Source: huggingface/tokenizers@v0.21.4 normalizers/replace.rs Decoder. */
#include "base/error.h"
#include "tokenizer/component.h"
#include "tokenizer/strings.h"

typedef struct replace {
    ap__text from, to;
} replace;

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    replace *self;
    yyjson_val *pattern;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (!status) status = ap__get_string(loader, json, "content", true, &self->to);
    if (!status) status = ap__get_object(loader, json, "pattern", &pattern);
    if (status) return status;
    *out = self;
    if (yyjson_obj_get(pattern, "Regex"))
        return ap__loader_fail(loader, AP_EUNSUPPORTED, "pattern.Regex",
                               "regular expressions are not supported yet");
    return ap__get_string(loader, pattern, "String", true, &self->from);
}

static ap_status apply(const void *ptr, ap__strings *strings) {
    const replace *self = ptr;
    ap_status status = AP_OK;
    for (size_t i = 0; i < strings->n && !status; i++)
        if (strings->ptr[i].len)
            status = ap__strings_replace(strings, &strings->ptr[i], self->from, self->to);
    return status;
}

const ap__decoder_class ap__decoder_replace = {.create = create, .apply = apply};

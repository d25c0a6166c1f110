/* Digits: cuts out numbers, or every digit of them.
 * Source: huggingface/tokenizers@v0.21.4 pre_tokenizers/digits.rs. */
#include "tokenizer/component.h"
#include "tokenizer/unicode.h"

typedef struct digits {
    bool individual_digits;
} digits;

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    digits *self;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (status) return status;
    *out = self;
    return ap__get_bool(loader, json, "individual_digits", true, &self->individual_digits);
}

static ap_status apply(const void *ptr, ap__work *work) {
    const digits *self = ptr;
    ap__split_behavior behavior = self->individual_digits ? AP__SPLIT_ISOLATED : AP__SPLIT_CONTIGUOUS;
    return ap__work_split_at_flags(work, AP__UNICODE_NUMERIC, behavior);
}

const ap__pretokenizer_class ap__pretokenizer_digits = {.create = create, .apply = apply};

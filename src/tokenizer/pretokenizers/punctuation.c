/* Punctuation: splits at punctuation characters.
 * Source: huggingface/tokenizers@v0.21.4 pre_tokenizers/punctuation.rs. */
#include "tokenizer/component.h"
#include "tokenizer/unicode.h"

typedef struct punctuation {
    ap__split_behavior behavior;
} punctuation;

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    punctuation *self;
    int behavior = AP__SPLIT_ISOLATED;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (status) return status;
    *out = self;
    if ((status = ap__check_not_null(loader, json, "behavior"))) return status;
    status = ap__get_enum(loader, json, "behavior", false, ap__split_behavior_names, &behavior);
    self->behavior = (ap__split_behavior)behavior;
    return status;
}

static ap_status apply(const void *ptr, ap__work *work) {
    const punctuation *self = ptr;
    return ap__work_split_at_flags(work, AP__UNICODE_PUNCTUATION, self->behavior);
}

const ap__pretokenizer_class ap__pretokenizer_punctuation = {.create = create, .apply = apply};

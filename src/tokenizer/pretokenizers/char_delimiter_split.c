/* CharDelimiterSplit: splits at one character, which is dropped.
 * Source: huggingface/tokenizers@v0.21.4 pre_tokenizers/delimiter.rs. */
#include "tokenizer/component.h"

typedef struct delimiter {
    uint32_t code;
} delimiter;

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    delimiter *self;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (!status) status = ap__get_char(loader, json, "delimiter", true, &self->code);
    *out = self;
    return status;
}

static ap_status apply(const void *ptr, ap__work *work) {
    const delimiter *self = ptr;
    return ap__work_split_at_char(work, self->code, AP__SPLIT_REMOVED);
}

const ap__pretokenizer_class ap__pretokenizer_char_delimiter_split = {.create = create, .apply = apply};

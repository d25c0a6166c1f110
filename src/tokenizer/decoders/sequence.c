/* Several decoders, one after the other. Source: huggingface/tokenizers@v0.21.4 decoders/sequence.rs. */
#include "base/error.h"
#include "tokenizer/component.h"
#include "tokenizer/strings.h"

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    return ap__decoder_create_list(out, loader, json, "decoders");
}

static ap_status apply(const void *ptr, ap__strings *strings) {
    const ap__decoder_list *self = ptr;
    ap_status status = AP_OK;
    for (size_t i = 0; i < self->n && !status; i++)
        if (self->items[i].class_) status = self->items[i].class_->apply(self->items[i].self, strings);
    return status;
}

static unsigned tail(const void *ptr, bool is_joined) {
    const ap__decoder_list *self = ptr;
    unsigned flags = is_joined ? AP__TAIL_JOINS : 0;
    for (size_t i = 0; i < self->n; i++) {
        const ap__decoder *item = &self->items[i];
        if (item->class_ && item->class_->tail)
            flags |= item->class_->tail(item->self, flags & AP__TAIL_JOINS);
    }
    return flags;
}

const ap__decoder_class ap__decoder_sequence = {.create = create, .apply = apply, .tail = tail};

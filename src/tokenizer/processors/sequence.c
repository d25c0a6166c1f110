/* Several post-processors, one after the other.
 * Source: huggingface/tokenizers@v0.21.4 processors/sequence.rs. */
#include "base/error.h"
#include "tokenizer/component.h"

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    return ap__processor_create_list(out, loader, json, "processors");
}

static ap_status apply(const void *ptr, struct ap__encs *encs, bool add_special_tokens) {
    const ap__processor_list *self = ptr;
    ap_status status = AP_OK;
    for (size_t i = 0; i < self->n && !status; i++)
        if (self->items[i].class_)
            status = self->items[i].class_->apply(self->items[i].self, encs, add_special_tokens);
    return status;
}

static size_t n_added(const void *ptr, bool is_pair) {
    const ap__processor_list *self = ptr;
    size_t n = 0;
    for (size_t i = 0; i < self->n; i++) n += ap__processor_n_added(&self->items[i], is_pair);
    return n;
}

static bool needs_texts(const void *ptr) {
    const ap__processor_list *self = ptr;
    for (size_t i = 0; i < self->n; i++)
        if (ap__processor_needs_texts(&self->items[i])) return true;
    return false;
}

const ap__processor_class ap__processor_sequence = {
    .create = create, .apply = apply, .n_added = n_added, .needs_texts = needs_texts};

/* Several post-processors, one after the other.
 * Source: huggingface/tokenizers@v0.21.4 processors/sequence.rs. */
#include "base/error.h"
#include "tokenizer/component.h"

typedef struct sequence {
    ap__processor *items;
    size_t n;
} sequence;

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    yyjson_val *list, *item;
    sequence *self;
    size_t i, max;
    ap_status status = ap__get_array(loader, json, "processors", &list);
    if (!status) status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (status) return status;
    *out = self;
    if ((status = ap__loader_alloc(loader, &self->items, yyjson_arr_size(list), sizeof *self->items)))
        return status;
    size_t outer = ap__loader_enter(loader, "processors", 0);
    yyjson_arr_foreach(list, i, max, item) {
        size_t mark = ap__loader_enter(loader, NULL, i);
        if ((status = ap__processor_create(&self->items[self->n++], loader, item))) return status;
        ap__loader_leave(loader, mark);
    }
    ap__loader_leave(loader, outer);
    return AP_OK;
}

static ap_status apply(const void *ptr, struct ap__encs *encs, bool add_special_tokens) {
    const sequence *self = ptr;
    ap_status status = AP_OK;
    for (size_t i = 0; i < self->n && !status; i++)
        if (self->items[i].class_)
            status = self->items[i].class_->apply(self->items[i].self, encs, add_special_tokens);
    return status;
}

static size_t n_added(const void *ptr, bool is_pair) {
    const sequence *self = ptr;
    size_t n = 0;
    for (size_t i = 0; i < self->n; i++) n += ap__processor_n_added(&self->items[i], is_pair);
    return n;
}

static bool needs_texts(const void *ptr) {
    const sequence *self = ptr;
    for (size_t i = 0; i < self->n; i++)
        if (ap__processor_needs_texts(&self->items[i])) return true;
    return false;
}

const ap__processor_class ap__processor_sequence = {
    .create = create, .apply = apply, .n_added = n_added, .needs_texts = needs_texts};

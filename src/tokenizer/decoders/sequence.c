/* Several decoders, one after the other. Source: huggingface/tokenizers@v0.21.4 decoders/sequence.rs. */
#include "base/error.h"
#include "tokenizer/component.h"
#include "tokenizer/strings.h"

typedef struct sequence {
    ap__decoder *items;
    size_t n;
} sequence;

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    yyjson_val *list, *item;
    sequence *self;
    size_t i, max;
    ap_status status = ap__get_array(loader, json, "decoders", &list);
    if (!status) status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (status) return status;
    *out = self;
    if ((status = ap__loader_alloc(loader, &self->items, yyjson_arr_size(list), sizeof *self->items)))
        return status;
    size_t outer = ap__loader_enter(loader, "decoders", 0);
    yyjson_arr_foreach(list, i, max, item) {
        size_t mark = ap__loader_enter(loader, NULL, i);
        if ((status = ap__decoder_create(&self->items[self->n++], loader, item))) return status;
        ap__loader_leave(loader, mark);
    }
    ap__loader_leave(loader, outer);
    return AP_OK;
}

static ap_status apply(const void *ptr, ap__strings *strings) {
    const sequence *self = ptr;
    ap_status status = AP_OK;
    for (size_t i = 0; i < self->n && !status; i++)
        if (self->items[i].class_) status = self->items[i].class_->apply(self->items[i].self, strings);
    return status;
}

static unsigned tail(const void *ptr, bool is_joined) {
    const sequence *self = ptr;
    unsigned flags = is_joined ? AP__TAIL_JOINS : 0;
    for (size_t i = 0; i < self->n; i++) {
        const ap__decoder *item = &self->items[i];
        if (item->class_ && item->class_->tail)
            flags |= item->class_->tail(item->self, flags & AP__TAIL_JOINS);
    }
    return flags;
}

const ap__decoder_class ap__decoder_sequence = {.create = create, .apply = apply, .tail = tail};
